#include "store_order.h"

#include "store_filter_internal.h"

#include <limits.h>
#include <string.h>

struct reader {
    struct nx_arena *arena;
    const struct store_fields *fields;
    const struct store_attributes *declared;
    struct store_order *order;
};

/* --- Reading --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Take a word off the front of a text, and the blanks around it. */
static struct nx_str take_word(struct nx_str *text)
{
    size_t at = 0;
    while (at < text->len && is_space(text->ptr[at]))
        at++;
    size_t from = at;
    while (at < text->len && !is_space(text->ptr[at]))
        at++;
    struct nx_str word = {text->ptr + from, at - from};
    while (at < text->len && is_space(text->ptr[at]))
        at++;
    *text = (struct nx_str){text->ptr + at, text->len - at};
    return word;
}

/* Take what is before a mark; the text goes on behind it. False: there was nothing left. */
static bool take_until(struct nx_str *text, char mark, bool *is_over, struct nx_str *ret)
{
    if (*is_over)
        return false;
    const char *end = text->len > 0 ? memchr(text->ptr, mark, text->len) : NULL;
    *is_over = !end;
    ret->ptr = text->ptr;
    ret->len = end ? (size_t)(end - text->ptr) : text->len;
    if (end)
        *text = (struct nx_str){end + 1, text->len - ret->len - 1};
    return true;
}

static nx_status fail_field(const struct reader *reader, struct nx_str name, const char *what)
{
    return nx_fail_field(reader->arena, "order_by", "%s: %s", what,
                         store_filter_quote(reader->arena, name));
}

static const struct store_attribute *find_declared(const struct reader *reader, struct nx_str key)
{
    for (unsigned i = 0; reader->declared && i < reader->declared->count; i++) {
        if (nx_str_equal(reader->declared->list[i].key, key))
            return &reader->declared->list[i];
    }
    return NULL;
}

/* A key of a JSON field: by the function that its index is of. */
static nx_status read_attribute(const struct reader *reader, const struct store_field *field,
                                struct nx_str name, const struct nx_str *path, unsigned length,
                                struct store_order_key *key)
{
    size_t before = (size_t)(path[0].ptr - name.ptr);
    const struct store_attribute *declared =
        find_declared(reader, (struct nx_str){path[0].ptr, name.len - before});
    if (!declared)
        return fail_field(reader, name,
                          "lists are ordered by attributes that are declared (nexusctl "
                          "index-attribute), not by");
    struct nx_str *copy = nx_arena_calloc(reader->arena, length, sizeof *copy);
    if (!copy)
        return nx_fail_memory();
    memcpy(copy, path, length * sizeof *copy);
    key->path = copy;
    key->path_length = length;
    key->type = declared->type->type;
    key->json = declared->type;
    key->sql = field->sql;
    return NX_STATUS_OK;
}

static nx_status read_field(const struct reader *reader, struct nx_str name,
                            struct store_order_key *key)
{
    struct nx_str path[STORE_FILTER_MAX_PATH];
    unsigned length = 0;
    unsigned used;
    struct nx_str rest = name;
    bool is_over = false;
    for (struct nx_str part; take_until(&rest, '.', &is_over, &part);) {
        if (length == STORE_FILTER_MAX_PATH)
            return fail_field(reader, name, "the path is too long");
        path[length++] = part;
    }
    const struct store_field *field = store_field_find(reader->fields, path, length, &used);
    key->field = field;
    if (field && used < length)
        return read_attribute(reader, field, name, path + used, length - used, key);
    if (!field || !field->order)
        return fail_field(reader, name,
                          field ? "lists are not ordered by" : "there is no such field");
    key->sql = field->order;
    key->type = field->sort_type;
    return NX_STATUS_OK;
}

static bool is_same(const struct store_order_key *a, const struct store_order_key *b)
{
    if (a->field != b->field || a->path_length != b->path_length)
        return false;
    for (unsigned i = 0; i < a->path_length; i++) {
        if (!nx_str_equal(a->path[i], b->path[i]))
            return false;
    }
    return true;
}

/* One item: a field and perhaps a direction. */
static nx_status read_item(const struct reader *reader, struct nx_str item)
{
    struct store_order *order = reader->order;
    struct store_order_key key = {.sql = NULL};
    struct nx_str name = take_word(&item);
    struct nx_str direction = take_word(&item);
    if (name.len == 0)
        return nx_fail_field(reader->arena, "order_by", "a field is expected at each comma");
    key.is_descending = nx_str_equal(direction, NX_STR("desc"));
    if (item.len > 0 ||
        (direction.len > 0 && !key.is_descending && !nx_str_equal(direction, NX_STR("asc"))))
        return fail_field(reader, name, "only \"asc\" or \"desc\" may stand behind a field");
    NX_TRY(read_field(reader, name, &key));
    for (unsigned i = 0; i < order->count; i++) {
        if (is_same(&order->keys[i], &key))
            return fail_field(reader, name, "a field is given twice");
    }
    if (order->count == STORE_ORDER_MAX_FIELDS)
        return nx_fail_field(reader->arena, "order_by", "has more than %d fields",
                             STORE_ORDER_MAX_FIELDS);
    order->keys[order->count++] = key;
    return NX_STATUS_OK;
}

/* End with what is unique, and with nothing behind it. */
static void add_tie_break(const struct store_fields *fields, struct store_order *order)
{
    for (unsigned i = 0; i < order->count; i++) {
        if (order->keys[i].field->kind == STORE_FIELD_NAME) {
            order->count = i + 1;
            return;
        }
    }
    bool is_descending = order->count > 0 && order->keys[order->count - 1].is_descending;
    order->keys[order->count++] = (struct store_order_key){
        .sql = fields->id, .type = STORE_TYPE_INT8, .is_descending = is_descending};
}

nx_status store_order_parse(const struct store_fields *fields, struct nx_str order_by,
                            const struct store_attributes *declared, struct nx_arena *arena,
                            struct store_order *ret_order)
{
    struct store_order order = {.count = 0};
    const struct reader reader = {arena, fields, declared, &order};
    struct nx_str rest = order_by;
    struct nx_str blank = order_by;
    bool is_over = take_word(&blank).len == 0;
    if (order_by.len > STORE_ORDER_MAX_BYTES)
        return nx_fail_field(arena, "order_by", "is longer than %d bytes", STORE_ORDER_MAX_BYTES);
    for (struct nx_str item; take_until(&rest, ',', &is_over, &item);)
        NX_TRY(read_item(&reader, item));
    add_tie_break(fields, &order);
    order.is_default = order.count == 1 && !order.keys[0].is_descending;
    *ret_order = order;
    return NX_STATUS_OK;
}

/* --- SQL --- */

static void add_key(struct store_query *query, const struct store_order_key *key)
{
    if (!key->json) {
        store_query_add(query, key->sql);
        return;
    }
    store_query_add(query, key->json->before);
    store_query_add(query, key->sql);
    store_query_add(query, ", ");
    store_query_add_texts(query, key->path, key->path_length);
    store_query_add(query, key->json->behind);
}

static const char *const key_names[STORE_ORDER_MAX_KEYS] = {
    "key_0", "key_1", "key_2", "key_3", "key_4", "key_5", "key_6", "key_7", "key_8"};

void store_order_add_keys(struct store_query *query, const struct store_order *order)
{
    for (unsigned i = 0; i < order->count; i++) {
        store_query_add(query, ", ");
        add_key(query, &order->keys[i]);
        store_query_add(query, " as ");
        store_query_add(query, key_names[i]);
    }
}

void store_order_add_named(struct store_query *query, const struct store_order *order)
{
    for (unsigned i = 0; i < order->count; i++) {
        store_query_add(query, i == 0 ? " order by " : ", ");
        store_query_add(query, key_names[i]);
        if (order->keys[i].is_descending)
            store_query_add(query, " desc");
    }
}

void store_order_add(struct store_query *query, const struct store_order *order)
{
    for (unsigned i = 0; i < order->count; i++) {
        store_query_add(query, i == 0 ? " order by " : ", ");
        add_key(query, &order->keys[i]);
        if (order->keys[i].is_descending)
            store_query_add(query, " desc");
    }
}

static bool has_one_direction(const struct store_order *order)
{
    for (unsigned i = 1; i < order->count; i++) {
        if (order->keys[i].is_descending != order->keys[0].is_descending)
            return false;
    }
    return true;
}

/* (a, b, id) > (...): what an index on them begins to read at. */
static void add_row_bound(struct store_query *query, const struct store_order *order,
                          const struct nx_str *keys)
{
    for (unsigned i = 0; i < order->count; i++) {
        store_query_add(query, i == 0 ? "(" : ", ");
        add_key(query, &order->keys[i]);
    }
    store_query_add(query, order->keys[0].is_descending ? ") < (" : ") > (");
    for (unsigned i = 0; i < order->count; i++) {
        if (i > 0)
            store_query_add(query, ", ");
        store_query_add_cell(query, order->keys[i].type, keys[i]);
    }
    store_query_add(query, ")");
}

/* a >= $1 and (a > $1 or a = $1 and (b < $2 or ...)): the first part is for an index. */
static void add_mixed_bound(struct store_query *query, const struct store_order *order,
                            const struct nx_str *keys)
{
    unsigned params[STORE_ORDER_MAX_KEYS];
    store_query_add(query, "(");
    add_key(query, &order->keys[0]);
    store_query_add(query, order->keys[0].is_descending ? " <= " : " >= ");
    store_query_add_cell(query, order->keys[0].type, keys[0]);
    params[0] = store_query_last_param(query);
    store_query_add(query, " and (");
    for (unsigned i = 0; i < order->count; i++) {
        const struct store_order_key *key = &order->keys[i];
        bool is_last = i + 1 == order->count;
        add_key(query, key);
        store_query_add(query, key->is_descending ? " < " : " > ");
        if (i == 0) {
            store_query_add_param(query, params[0]);
        } else {
            store_query_add_cell(query, key->type, keys[i]);
            params[i] = store_query_last_param(query);
        }
        if (is_last)
            break;
        store_query_add(query, " or ");
        add_key(query, key);
        store_query_add(query, " = ");
        store_query_add_param(query, params[i]);
        store_query_add(query, " and (");
    }
    for (unsigned i = 0; i < order->count; i++)
        store_query_add(query, ")");
    store_query_add(query, ")");
}

void store_order_add_after(struct store_query *query, const struct store_order *order,
                           const struct nx_str *keys)
{
    store_query_add(query, " and ");
    if (has_one_direction(order))
        add_row_bound(query, order, keys);
    else
        add_mixed_bound(query, order, keys);
}

/* --- Groups --- */

/* The value of what is infinite, which is all that those that live have of it. */
#define INFINITE INT_MAX

/* The values of a field, ascending; NULL: there are many. */
static const struct store_enum_value *values_of(const struct store_order_key *key)
{
    static const struct store_enum_value truths[] = {{"false", 0}, {"true", 1}, {NULL, 0}};
    static const struct store_enum_value never[] = {{"never", INFINITE}, {NULL, 0}};
    if (key->type == STORE_TYPE_BOOL)
        return truths;
    if (!key->field)
        return NULL;
    return key->field->is_of_deletion ? never : key->field->values;
}

/* Of a cell: a boolean, a small number or, if it is a time, whether it is infinite. */
static int value_of(const struct store_order_key *key, struct nx_str cell)
{
    uint64_t value = 0;
    for (size_t i = 0; i < cell.len; i++)
        value = value << 8 | (unsigned char)cell.ptr[i];
    if (key->type != STORE_TYPE_TIMESTAMP)
        return (int)value;
    return value == INT64_MAX ? INFINITE : 0;
}

/* Split each group by the values of one more field. False: it has many. */
static bool split(const struct store_order_key *key, struct store_order_groups *groups)
{
    const struct store_enum_value *values = values_of(key);
    unsigned total = 0;
    while (values && values[total].name)
        total++;
    if (total == 0 || total * groups->count > STORE_ORDER_MAX_GROUPS ||
        groups->leading == STORE_ORDER_MAX_LEADING)
        return false;
    for (unsigned i = total * groups->count; i-- > 0;) {
        unsigned value = i % total;
        memmove(groups->values[i], groups->values[i / total], sizeof *groups->values);
        groups->values[i][groups->leading] =
            values[key->is_descending ? total - 1 - value : value].number;
    }
    groups->count *= total;
    groups->leading++;
    return true;
}

/* Whether a group is before (-1), of (0) or behind (1) a row's keys. */
static int compare_group(const struct store_order *order, const struct store_order_groups *groups,
                         unsigned group, const struct nx_str *keys)
{
    for (unsigned i = 0; i < groups->leading; i++) {
        const struct store_order_key *key = &order->keys[i];
        int ours = groups->values[group][i];
        int theirs = value_of(key, keys[i]);
        if (ours != theirs)
            return (ours < theirs) == key->is_descending ? 1 : -1;
    }
    return 0;
}

bool store_order_groups(const struct store_order *order, const struct nx_str *after,
                        struct store_order_groups *ret_groups)
{
    struct store_order_groups groups = {.count = 1};
    while (groups.leading + 1 < order->count && split(&order->keys[groups.leading], &groups))
        continue;
    unsigned passed = 0;
    while (after && passed < groups.count && compare_group(order, &groups, passed, after) < 0)
        passed++;
    groups.count -= passed;
    memmove(groups.values, groups.values + passed, groups.count * sizeof *groups.values);
    groups.is_begun = after && groups.count > 0 && compare_group(order, &groups, 0, after) == 0;
    *ret_groups = groups;
    return groups.leading > 0;
}

static void add_value(struct store_query *query, const struct store_order_key *key, int value)
{
    store_query_add(query, " and ");
    add_key(query, key);
    store_query_add(query, " = ");
    if (key->type == STORE_TYPE_BOOL)
        store_query_add_bool(query, value != 0);
    else
        store_query_add_int8(query, value);
}

/* An order without its leading keys: its direction stays. */
static struct store_order without_leading(const struct store_order *order, unsigned leading)
{
    struct store_order rest = {.count = order->count - leading};
    memcpy(rest.keys, order->keys + leading, rest.count * sizeof *rest.keys);
    return rest;
}

void store_order_add_group(struct store_query *query, const struct store_order *order,
                           const struct store_order_groups *groups, unsigned group,
                           const struct nx_str *after)
{
    struct store_order rest = without_leading(order, groups->leading);
    for (unsigned i = 0; i < groups->leading; i++) {
        if (groups->values[group][i] != INFINITE) /* else it holds for all that live */
            add_value(query, &order->keys[i], groups->values[group][i]);
    }
    if (after)
        store_order_add_after(query, &rest, after + groups->leading);
    store_order_add(query, &rest);
}

void store_order_read(const struct store_order *order, const struct store_rows *rows, int row,
                      int first_column, struct nx_str *ret_keys)
{
    for (unsigned i = 0; i < order->count; i++)
        ret_keys[i] = store_cell(rows, row, first_column + (int)i);
}
