#include "svc_search_facet.h"

#include <stdio.h>

#include "google/type/money.pb-c.h"
#include "nx_buf.h"

#define MAX_FILTER_BYTES 16384
#define ATTRIBUTE_PREFIX "attributes."

typedef Nexus__Catalog__V1__Facet Facet;
typedef Nexus__Catalog__V1__Facet__Bucket Bucket;

static const struct {
    const char *name;
    enum svc_facet_kind kind;
} plain_facets[] = {
    {"category", SVC_FACET_CATEGORY},
    {"brand", SVC_FACET_BRAND},
    {"price", SVC_FACET_PRICE},
};

static bool parse_one(const char *name, struct svc_facet *ret_facet)
{
    for (size_t i = 0; i < sizeof plain_facets / sizeof *plain_facets; i++) {
        if (strcmp(name, plain_facets[i].name) == 0) {
            *ret_facet = (struct svc_facet){.name = name, .kind = plain_facets[i].kind};
            return true;
        }
    }
    struct nx_str prefix = NX_STR(ATTRIBUTE_PREFIX);
    struct nx_str text = nx_str_from(name);
    if (!nx_str_starts_with(text, prefix) || text.len == prefix.len)
        return false;
    *ret_facet = (struct svc_facet){
        .name = name,
        .kind = SVC_FACET_ATTRIBUTE,
        .key = {text.ptr + prefix.len, text.len - prefix.len},
    };
    return true;
}

nx_status svc_facets_parse(char *const *names, size_t count, struct nx_arena *arena,
                           struct svc_facets *ret_facets)
{
    struct svc_facets facets = {.count = 0};
    const char *lines = "";
    if (count > SVC_MAX_FACETS)
        return nx_fail_field(arena, "facets", "must be at most %d", SVC_MAX_FACETS);
    for (size_t i = 0; i < count; i++) {
        struct svc_facet *facet = &facets.list[facets.count++];
        if (!parse_one(names[i], facet))
            return nx_fail_field(arena, "facets",
                                 "\"%s\" cannot be counted; there are category, brand, price, and "
                                 "attributes.KEY for a key that is declared",
                                 names[i]);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(names[i], names[j]) == 0)
                return nx_fail_field(arena, "facets", "\"%s\" is there twice", names[i]);
        }
        facets.needs_declared = facets.needs_declared || facet->kind == SVC_FACET_ATTRIBUTE;
        lines = nx_arena_printf(arena, i == 0 ? "%s%s" : "%s\n%s", lines, names[i]);
        if (!lines)
            return nx_fail_memory();
    }
    facets.names = nx_str_from(lines);
    *ret_facets = facets;
    return NX_STATUS_OK;
}

nx_status svc_facets_check(const struct svc_facets *facets, const struct store_attributes *declared,
                           struct nx_arena *arena)
{
    for (unsigned i = 0; i < facets->count; i++) {
        bool known = facets->list[i].kind != SVC_FACET_ATTRIBUTE;
        for (unsigned j = 0; !known && j < declared->count; j++)
            known = nx_str_equal(facets->list[i].key, declared->list[j].key);
        if (!known)
            return nx_fail_field(arena, "facets",
                                 "\"%s\" is not declared; see nexusctl index-attribute",
                                 facets->list[i].name);
    }
    return NX_STATUS_OK;
}

/* --- Filters that select a bucket --- */

/* Append a string of the filter language. */
static void put_quoted(struct nx_buf *buf, struct nx_str text)
{
    static const char special[] = "\\\"*";
    nx_buf_append_char(buf, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (strchr(special, c))
            nx_buf_append_char(buf, '\\');
        nx_buf_append_char(buf, c);
    }
    nx_buf_append_char(buf, '"');
}

/* Append the path of an attribute: each of its keys as a string, which may have any character. */
static void put_attribute(struct nx_buf *buf, struct nx_str key)
{
    nx_buf_append_str(buf, NX_STR("attributes"));
    size_t begin = 0;
    for (size_t i = 0; i <= key.len; i++) {
        if (i < key.len && key.ptr[i] != '.')
            continue;
        nx_buf_append_char(buf, '.');
        put_quoted(buf, (struct nx_str){key.ptr + begin, i - begin});
        begin = i + 1;
    }
}

static void put_amount(struct nx_buf *buf, const Google__Type__Money *money)
{
    nx_buf_append_i64(buf, money->units);
    if (money->nanos == 0)
        return;
    char nanos[16];
    int len = snprintf(nanos, sizeof nanos, ".%09d", (int)money->nanos);
    while (len > 0 && nanos[len - 1] == '0')
        len--;
    nx_buf_append(buf, nanos, (size_t)len);
}

static void put_category(struct nx_buf *buf, const struct svc_facet *facet, const Bucket *bucket)
{
    (void)facet;
    nx_buf_append_str(buf, NX_STR("category = "));
    put_quoted(buf, nx_str_from(bucket->value));
}

static void put_brand(struct nx_buf *buf, const struct svc_facet *facet, const Bucket *bucket)
{
    (void)facet;
    nx_buf_append_str(buf, NX_STR("brand = "));
    put_quoted(buf, nx_str_from(bucket->value));
}

static void put_price(struct nx_buf *buf, const struct svc_facet *facet, const Bucket *bucket)
{
    (void)facet;
    nx_buf_append_str(buf, NX_STR("price.currency_code = "));
    put_quoted(buf, nx_str_from(bucket->min_price->currency_code));
    nx_buf_append_str(buf, NX_STR(" AND price >= "));
    put_amount(buf, bucket->min_price);
    if (bucket->max_price) {
        nx_buf_append_str(buf, NX_STR(" AND price < "));
        put_amount(buf, bucket->max_price);
    }
}

/* The value is JSON still. */
static void put_attribute_value(struct nx_buf *buf, const struct svc_facet *facet,
                                const Bucket *bucket)
{
    put_attribute(buf, facet->key);
    nx_buf_append_str(buf, NX_STR(" = "));
    if (*bucket->value == '"')
        put_quoted(buf, nx_str_from(bucket->title));
    else
        nx_buf_append_str(buf, nx_str_from(bucket->value));
}

static void (*const put_filter[])(struct nx_buf *, const struct svc_facet *, const Bucket *) = {
    [SVC_FACET_CATEGORY] = put_category,
    [SVC_FACET_BRAND] = put_brand,
    [SVC_FACET_PRICE] = put_price,
    [SVC_FACET_ATTRIBUTE] = put_attribute_value,
};

static char *make_filter(const struct svc_facet *facet, const Bucket *bucket,
                         struct nx_arena *arena)
{
    struct nx_buf buf;
    nx_buf_init(&buf, MAX_FILTER_BYTES);
    put_filter[facet->kind](&buf, facet, bucket);
    char *filter = buf.failed ? NULL : nx_arena_strdup(arena, nx_buf_str(&buf));
    nx_buf_cleanup(&buf);
    return filter;
}

/* --- Rows into buckets --- */

static bool read_price(const struct store_rows *rows, int row, int column, struct nx_arena *arena,
                       Google__Type__Money **ret_money)
{
    if (store_is_null(rows, row, column))
        return true;
    Google__Type__Money *money = nx_arena_alloc(arena, sizeof *money);
    if (!money)
        return false;
    google__type__money__init(money);
    money->currency_code = nx_arena_strdup(arena, store_text(rows, row, STORE_FACET_CURRENCY));
    *ret_money = money;
    return money->currency_code && store_numeric(rows, row, column, &money->units, &money->nanos);
}

/* Text of a row that outlives it. */
static char *keep(const struct store_rows *rows, int row, int column, struct nx_arena *arena)
{
    return nx_arena_strdup(arena, store_text(rows, row, column));
}

static Bucket *read_bucket(const struct svc_facet *facet, const struct store_rows *rows, int row,
                           struct nx_arena *arena)
{
    Bucket *bucket = nx_arena_alloc(arena, sizeof *bucket);
    if (!bucket)
        return NULL;
    nexus__catalog__v1__facet__bucket__init(bucket);
    bucket->count = store_int8(rows, row, STORE_FACET_COUNT);
    bucket->value = keep(rows, row, STORE_FACET_VALUE, arena);
    bucket->title = keep(rows, row, STORE_FACET_TITLE, arena);
    if (!bucket->value || !bucket->title ||
        !read_price(rows, row, STORE_FACET_MIN, arena, &bucket->min_price) ||
        !read_price(rows, row, STORE_FACET_MAX, arena, &bucket->max_price))
        return NULL;
    bucket->filter = make_filter(facet, bucket, arena);
    if (facet->kind == SVC_FACET_ATTRIBUTE)
        bucket->value = bucket->title;
    return bucket->filter ? bucket : NULL;
}

static Facet *make_facet(const char *name, int most_buckets, struct nx_arena *arena)
{
    Facet *facet = nx_arena_alloc(arena, sizeof *facet);
    if (!facet)
        return NULL;
    nexus__catalog__v1__facet__init(facet);
    facet->field = (char *)name;
    facet->buckets = nx_arena_calloc(arena, (size_t)most_buckets, sizeof(Bucket *));
    return facet->buckets ? facet : NULL;
}

bool svc_facets_read(const struct svc_facets *facets, const struct store_rows *rows,
                     struct nx_arena *arena, Facet ***ret_facets, int64_t *ret_seen)
{
    Facet **made = nx_arena_calloc(arena, facets->count, sizeof *made);
    if (!made)
        return false;
    for (unsigned i = 0; i < facets->count; i++) {
        made[i] = make_facet(facets->list[i].name, rows->count, arena);
        if (!made[i])
            return false;
    }
    for (int row = 0; row < rows->count; row++) {
        if (store_is_null(rows, row, STORE_FACET_INDEX)) {
            *ret_seen = store_int8(rows, row, STORE_FACET_COUNT);
            continue;
        }
        int index = store_int4(rows, row, STORE_FACET_INDEX);
        Bucket *bucket = read_bucket(&facets->list[index], rows, row, arena);
        if (!bucket)
            return false;
        made[index]->buckets[made[index]->n_buckets++] = bucket;
    }
    *ret_facets = made;
    return true;
}

void svc_facets_scale(Facet **facets, unsigned count, int64_t seen, int64_t total)
{
    double factor = seen > 0 && total > seen ? (double)total / (double)seen : 1;
    for (unsigned i = 0; i < count; i++) {
        facets[i]->is_estimate = true;
        for (size_t j = 0; j < facets[i]->n_buckets; j++)
            facets[i]->buckets[j]->count =
                (int64_t)((double)facets[i]->buckets[j]->count * factor + 0.5);
    }
}
