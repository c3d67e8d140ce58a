#include "cfg_yaml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Deeper than any file of ours; libyaml's own cost grows with depth. */
#define MAX_DEPTH 64

struct cfg_yaml {
    const char *name;
    struct nx_arena *arena;
    yaml_document_t document;
    void *value;
};

static nx_status fail_at(const struct cfg_yaml *yaml, size_t line, const char *message)
{
    return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: %s", yaml->name, line, message);
}

/* libyaml gives a mark for everything but bytes that are no text, where it gives an offset. */
static nx_status fail_parser(const struct cfg_yaml *yaml, const yaml_parser_t *parser,
                             struct nx_str text)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return nx_fail_memory();
    const char *problem = parser->problem ? parser->problem : "malformed YAML";
    if (parser->error != YAML_READER_ERROR)
        return fail_at(yaml, parser->problem_mark.line + 1, problem);
    size_t line = 1;
    for (size_t i = 0; i < text.len && i < parser->problem_offset; i++)
        line += text.ptr[i] == '\n';
    return fail_at(yaml, line, problem);
}

static bool parser_init(yaml_parser_t *parser, struct nx_str text)
{
    if (!yaml_parser_initialize(parser))
        return false;
    yaml_parser_set_input_string(parser, (const unsigned char *)text.ptr, text.len);
    return true;
}

struct scan {
    unsigned depth;
    unsigned documents;
};

/* Refuse what no file of ours needs and what would be misread later: libcyaml cuts a scalar at a
 * NUL and ignores a second document; aliases can make a small text huge. */
static const char *scan_event(struct scan *scan, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++scan->documents > 1 ? "a second document" : NULL;
    case YAML_ALIAS_EVENT:
        return "aliases are not supported";
    case YAML_SCALAR_EVENT:
        return memchr(event->data.scalar.value, 0, event->data.scalar.length) ? "NUL in a value"
                                                                              : NULL;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return ++scan->depth > MAX_DEPTH ? "nested too deeply" : NULL;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        scan->depth--;
        return NULL;
    default:
        return NULL;
    }
}

static nx_status scan_text(const struct cfg_yaml *yaml, struct nx_str text)
{
    yaml_parser_t parser;
    if (!parser_init(&parser, text))
        return nx_fail_memory();
    nx_status status = NX_STATUS_OK;
    struct scan scan = {0};
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = fail_parser(yaml, &parser, text);
            break;
        }
        const char *problem = scan_event(&scan, &event);
        if (problem)
            status = fail_at(yaml, event.start_mark.line + 1, problem);
        more = !problem && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

static nx_status build_tree(struct cfg_yaml *yaml, struct nx_str text)
{
    yaml_parser_t parser;
    if (!parser_init(&parser, text))
        return nx_fail_memory();
    nx_status status = NX_STATUS_OK;
    if (!yaml_parser_load(&parser, &yaml->document))
        status = fail_parser(yaml, &parser, text);
    yaml_parser_delete(&parser);
    return status;
}

/* libyaml's accessors want a document they could change. */
static yaml_node_t *node_at(const struct cfg_yaml *yaml, int position)
{
    return position > 0 ? yaml_document_get_node((yaml_document_t *)&yaml->document, position)
                        : NULL;
}

static const char *node_text(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
    }
    return NULL;
}

static nx_status fail_unknown_key(const struct cfg_yaml *yaml, size_t line, const char *key,
                                  const cyaml_schema_field_t *fields)
{
    const char *known = fields->key ? fields->key : "none";
    for (size_t i = 1; known && fields->key && fields[i].key; i++)
        known = nx_arena_printf(yaml->arena, "%s, %s", known, fields[i].key);
    if (!known)
        return nx_fail_memory();
    return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: unknown key '%.64s' (known: %s)",
                   yaml->name, line, key, known);
}

static nx_status check_value(const struct cfg_yaml *yaml, const cyaml_schema_value_t *schema,
                             const yaml_node_t *node, const char *what);

static nx_status check_pair(const struct cfg_yaml *yaml, const cyaml_schema_value_t *schema,
                            const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = node_at(yaml, pair->key);
    const char *text = node_text(key);
    size_t line = key->start_mark.line + 1;
    if (!text)
        return fail_at(yaml, line, "a key must be a word");
    const cyaml_schema_field_t *field = find_field(schema->mapping.fields, text);
    if (!field)
        return fail_unknown_key(yaml, line, text, schema->mapping.fields);
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        if (strcmp(node_text(node_at(yaml, other->key)), text) == 0)
            return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: '%s' is there twice",
                           yaml->name, line, text);
    }
    return check_value(yaml, &field->value, node_at(yaml, pair->value), text);
}

static nx_status check_mapping(const struct cfg_yaml *yaml, const cyaml_schema_value_t *schema,
                               const yaml_node_t *node, const char *what)
{
    size_t line = node->start_mark.line + 1;
    if (node->type != YAML_MAPPING_NODE)
        return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: %s must be a mapping of keys",
                       yaml->name, line, what);
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++)
        NX_TRY(check_pair(yaml, schema, node, pair));
    int position = (int)(node - yaml->document.nodes.start) + 1;
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (!(field->value.flags & CYAML_FLAG_OPTIONAL) &&
            !cfg_yaml_member(yaml, position, field->key))
            return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: '%s' is missing", yaml->name,
                           line, field->key);
    }
    return NX_STATUS_OK;
}

static nx_status check_value(const struct cfg_yaml *yaml, const cyaml_schema_value_t *schema,
                             const yaml_node_t *node, const char *what)
{
    const char *text = node_text(node);
    bool nullable = (schema->flags & CYAML_FLAG_POINTER_NULL) == CYAML_FLAG_POINTER_NULL;
    if (nullable && text && !*text)
        return NX_STATUS_OK;
    if (schema->type == CYAML_MAPPING)
        return check_mapping(yaml, schema, node, what);
    if (schema->type != CYAML_SEQUENCE) {
        if (text)
            return NX_STATUS_OK;
        return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: %s must be a single value",
                       yaml->name, node->start_mark.line + 1, what);
    }
    if (node->type != YAML_SEQUENCE_NODE)
        return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s:%zu: %s must be a list", yaml->name,
                       node->start_mark.line + 1, what);
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top; item++)
        NX_TRY(check_value(yaml, schema->sequence.entry, node_at(yaml, *item), what));
    return NX_STATUS_OK;
}

/* What libcyaml allocates, with its size before it. */
union allocation {
    size_t capacity;
    max_align_t align;
};

/* libcyaml grows a list by one entry at a time, and an arena takes nothing back: double. */
static void *arena_memory(void *context, void *memory, size_t size)
{
    union allocation *old = memory ? (union allocation *)memory - 1 : NULL;
    if (size == 0)
        return NULL;
    if (old && size <= old->capacity)
        return memory;
    size_t capacity = old && size < 2 * old->capacity ? 2 * old->capacity : size;
    union allocation *grown = nx_arena_alloc(context, sizeof *grown + capacity);
    if (!grown)
        return NULL;
    if (old)
        memcpy(grown + 1, memory, old->capacity);
    grown->capacity = capacity;
    return grown + 1;
}

static nx_status load_value(struct cfg_yaml *yaml, struct nx_str text,
                            const cyaml_schema_value_t *schema)
{
    const cyaml_config_t config = {
        .mem_fn = arena_memory,
        .mem_ctx = yaml->arena,
        .log_level = CYAML_LOG_ERROR,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_data_t *value = NULL;
    cyaml_err_t error =
        cyaml_load_data((const uint8_t *)text.ptr, text.len, &config, schema, &value, NULL);
    if (error == CYAML_ERR_OOM)
        return nx_fail_memory();
    if (error != CYAML_OK)
        return nx_fail(yaml->arena, NX_INVALID_ARGUMENT, "%s: %s", yaml->name,
                       cyaml_strerror(error));
    yaml->value = value;
    return NX_STATUS_OK;
}

nx_status cfg_yaml_load(struct nx_str text, const char *name, const cyaml_schema_value_t *schema,
                        struct nx_arena *arena, struct cfg_yaml **ret_yaml)
{
    struct cfg_yaml *yaml = calloc(1, sizeof *yaml);
    if (!yaml)
        return nx_fail_memory();
    yaml->name = name;
    yaml->arena = arena;
    nx_status status = scan_text(yaml, text);
    if (status.code == NX_OK)
        status = build_tree(yaml, text);
    const yaml_node_t *root = node_at(yaml, cfg_yaml_root(yaml));
    if (status.code == NX_OK && root)
        status = check_value(yaml, schema, root, "the file");
    if (status.code == NX_OK && root)
        status = load_value(yaml, text, schema);
    if (status.code == NX_OK)
        *ret_yaml = yaml;
    else
        cfg_yaml_destroy(yaml);
    return status;
}

void cfg_yaml_destroy(struct cfg_yaml *yaml)
{
    if (!yaml)
        return;
    yaml_document_delete(&yaml->document);
    free(yaml);
}

void *cfg_yaml_value(const struct cfg_yaml *yaml)
{
    return yaml->value;
}

int cfg_yaml_root(const struct cfg_yaml *yaml)
{
    return yaml_document_get_root_node((yaml_document_t *)&yaml->document) ? 1 : 0;
}

int cfg_yaml_member(const struct cfg_yaml *yaml, int position, const char *key)
{
    const yaml_node_t *node = node_at(yaml, position);
    if (!node || node->type != YAML_MAPPING_NODE)
        return 0;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const char *text = node_text(node_at(yaml, pair->key));
        if (text && strcmp(text, key) == 0)
            return pair->value;
    }
    return 0;
}

int cfg_yaml_item(const struct cfg_yaml *yaml, int position, size_t index)
{
    const yaml_node_t *node = node_at(yaml, position);
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return 0;
    const yaml_node_item_t *item = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - item);
    return index < count ? item[index] : 0;
}

unsigned cfg_yaml_line(const struct cfg_yaml *yaml, int position)
{
    const yaml_node_t *node = node_at(yaml, position);
    return node ? (unsigned)node->start_mark.line + 1 : 0;
}
