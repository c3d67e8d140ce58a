/* One table of keys becomes a libcyaml schema, in which every value is text; then each key's text,
 * wherever it came from, passes the same check and is stored. */
#include "cfg_load.h"

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <string.h>

#include "cfg_env.h"
#include "cfg_file.h"
#include "cfg_yaml.h"
#include "nx_utf8.h"

/* A key's text and where it was found. */
struct found {
    const char *text;
    const char *where; /* "file:line" or the variable's name */
};

/* The schema of a whole file. Each section is loaded as an array of texts, one for every key of
 * the table, of which it fills its own. */
struct schema {
    const struct cfg_key *keys;
    size_t count;
    const char **sections; /* distinct names, in the table's order */
    size_t section_count;
    cyaml_schema_value_t top;
};

static size_t section_index(const struct schema *schema, const char *section)
{
    size_t i = 0;
    while (i < schema->section_count && strcmp(schema->sections[i], section) != 0)
        i++;
    return i;
}

static cyaml_schema_field_t text_field(const char *key, size_t index)
{
    return (cyaml_schema_field_t){
        .key = key,
        .data_offset = (uint32_t)(index * sizeof(char *)),
        .value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, char *, 0,
                                     CYAML_UNLIMITED)},
    };
}

static cyaml_schema_field_t section_field(const char *section, size_t index,
                                          const cyaml_schema_field_t *fields, size_t key_count)
{
    return (cyaml_schema_field_t){
        .key = section,
        .data_offset = (uint32_t)(index * sizeof(char **)),
        .value =
            {
                .type = CYAML_MAPPING,
                .flags = CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL,
                .data_size = (uint32_t)(key_count * sizeof(char *)),
                .mapping = {.fields = fields},
            },
    };
}

static nx_status build_schema(struct schema *schema, struct nx_arena *arena)
{
    schema->sections = nx_arena_calloc(arena, schema->count, sizeof *schema->sections);
    if (!schema->sections)
        return nx_fail_memory();
    for (size_t i = 0; i < schema->count; i++) {
        if (section_index(schema, schema->keys[i].section) == schema->section_count)
            schema->sections[schema->section_count++] = schema->keys[i].section;
    }
    cyaml_schema_field_t *top =
        nx_arena_calloc(arena, schema->section_count + 1, sizeof *top); /* ended by a NULL key */
    if (!top)
        return nx_fail_memory();
    for (size_t s = 0; s < schema->section_count; s++) {
        cyaml_schema_field_t *fields = nx_arena_calloc(arena, schema->count + 1, sizeof *fields);
        if (!fields)
            return nx_fail_memory();
        top[s] = section_field(schema->sections[s], s, fields, schema->count);
        for (size_t i = 0; i < schema->count; i++) {
            if (strcmp(schema->keys[i].section, schema->sections[s]) == 0)
                *fields++ = text_field(schema->keys[i].key, i);
        }
    }
    schema->top = (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_POINTER,
        .data_size = (uint32_t)(schema->section_count * sizeof(char **)),
        .mapping = {.fields = top},
    };
    return NX_STATUS_OK;
}

/* Copy what the file says, and where, into found[]. */
static nx_status take_values(const struct schema *schema, const struct cfg_yaml *yaml,
                             const char *file, struct nx_arena *arena, struct found *ret_found)
{
    char ***sections = cfg_yaml_value(yaml);
    for (size_t i = 0; sections && i < schema->count; i++) {
        const struct cfg_key *key = &schema->keys[i];
        char **texts = sections[section_index(schema, key->section)];
        if (!texts || !texts[i])
            continue;
        int section = cfg_yaml_member(yaml, cfg_yaml_root(yaml), key->section);
        unsigned line = cfg_yaml_line(yaml, cfg_yaml_member(yaml, section, key->key));
        ret_found[i].text = texts[i];
        ret_found[i].where = nx_arena_printf(arena, "%s:%u", file, line);
        if (!ret_found[i].where)
            return nx_fail_memory();
    }
    return NX_STATUS_OK;
}

static nx_status read_file(const struct cfg_key *keys, size_t count, const char *file,
                           struct nx_arena *arena, struct found *ret_found)
{
    struct schema schema = {.keys = keys, .count = count};
    struct nx_str text;
    struct cfg_yaml *yaml;
    NX_TRY(build_schema(&schema, arena));
    NX_TRY(cfg_file_read(file, CFG_MAX_FILE_BYTES, arena, &text));
    NX_TRY(cfg_yaml_load(text, file, &schema.top, arena, &yaml));
    nx_status status = take_values(&schema, yaml, file, arena, ret_found);
    cfg_yaml_destroy(yaml);
    return status;
}

static nx_status read_environment(const struct cfg_key *key, struct nx_arena *arena,
                                  struct found *ret_found)
{
    const char *variable = cfg_env_name(key->section, key->key, arena);
    if (!variable)
        return nx_fail_memory();
    const char *text = NULL;
    const char *where = NULL;
    NX_TRY(cfg_env_read(variable, arena, &text, &where));
    if (text)
        *ret_found = (struct found){text, where};
    return NX_STATUS_OK;
}

/* The value itself is left out of every message: it may be a secret. */
static nx_status fail_value(const struct cfg_key *key, const char *where, struct nx_arena *arena,
                            const char *expected)
{
    if (!expected)
        return nx_fail_memory();
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s.%s must be %s", where, key->section,
                   key->key, expected);
}

static bool in_range(const struct cfg_key *key, uint64_t value)
{
    return value >= key->min && (key->max == 0 || value <= key->max);
}

static const char *range_text(const struct cfg_key *key, const char *unit, struct nx_arena *arena)
{
    unsigned long long min = key->min;
    unsigned long long max = key->max;
    return max ? nx_arena_printf(arena, "%s from %llu to %llu", unit, min, max)
               : nx_arena_printf(arena, "%s of at least %llu", unit, min);
}

static bool parse_uint(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *ret_value = value;
    return true;
}

static nx_status store_string(const struct cfg_key *key, const struct found *found,
                              struct nx_arena *arena, void *ret_member)
{
    if (!nx_utf8_valid(nx_str_from(found->text)))
        return fail_value(key, found->where, arena, "valid UTF-8");
    if (!in_range(key, strlen(found->text)))
        return fail_value(key, found->where, arena, range_text(key, "text with a length", arena));
    *(const char **)ret_member = found->text;
    return NX_STATUS_OK;
}

static nx_status store_uint(const struct cfg_key *key, const struct found *found,
                            struct nx_arena *arena, void *ret_member)
{
    uint64_t value;
    if (!parse_uint(found->text, &value) || !in_range(key, value))
        return fail_value(key, found->where, arena, range_text(key, "a whole number", arena));
    *(uint64_t *)ret_member = value;
    return NX_STATUS_OK;
}

static nx_status store_bool(const struct cfg_key *key, const struct found *found,
                            struct nx_arena *arena, void *ret_member)
{
    bool value = strcmp(found->text, "true") == 0;
    if (!value && strcmp(found->text, "false") != 0)
        return fail_value(key, found->where, arena, "true or false");
    *(bool *)ret_member = value;
    return NX_STATUS_OK;
}

static const struct cfg_type_info {
    nx_status (*store)(const struct cfg_key *key, const struct found *found, struct nx_arena *arena,
                       void *ret_member);
    const char *empty; /* the default when the table has none */
} types[] = {
    [CFG_STRING] = {store_string, ""},
    [CFG_UINT] = {store_uint, "0"},
    [CFG_BOOL] = {store_bool, "false"},
};

/* A default is exempt from the range: 0 or "" may stand for "not set". */
static nx_status store_key(const struct cfg_key *key, const struct found *found,
                           struct nx_arena *arena, void *ret_config)
{
    const struct cfg_type_info *type = &types[key->type];
    void *member = (char *)ret_config + key->offset;
    if (found->text)
        return type->store(key, found, arena, member);
    struct cfg_key unbounded = *key;
    unbounded.min = 0;
    unbounded.max = 0;
    const struct found fallback = {key->fallback ? key->fallback : type->empty, "default"};
    return type->store(&unbounded, &fallback, arena, member);
}

nx_status cfg_load(const struct cfg_key *keys, size_t count, const char *file,
                   struct nx_arena *arena, void *ret_config)
{
    struct found *found = nx_arena_calloc(arena, count, sizeof *found);
    if (!found)
        return nx_fail_memory();
    if (file)
        NX_TRY(read_file(keys, count, file, arena, found));
    for (size_t i = 0; i < count; i++)
        NX_TRY(read_environment(&keys[i], arena, &found[i]));
    for (size_t i = 0; i < count; i++)
        NX_TRY(store_key(&keys[i], &found[i], arena, ret_config));
    return NX_STATUS_OK;
}
