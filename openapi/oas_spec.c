/* The file is loaded by a libcyaml schema into structs that mirror it, then turned into the form
 * that routers and generators want: one rule for one way to call, each with its line. */
#include "oas_spec.h"

#include <cyaml/cyaml.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_file.h"
#include "cfg_yaml.h"
#include "oas_template.h"

/* All of a file of the greatest size, as text, structs and tree. */
#define SPEC_ARENA_BYTES (64 * OAS_MAX_SPEC_BYTES)
#define VERB_COUNT 5
#define DECODE_KEY "fully_decode_reserved_expansion"

struct spec_handle {
    struct oas_spec spec; /* first: what the caller holds */
    struct nx_arena *arena;
};

struct file_redirect {
    char *parameter;
    char *from;
};

struct file_custom {
    char *kind;
    char *path;
};

struct file_stream {
    char *id;
    char *last_event_id;
    char *bytes;
    char **types;
    unsigned types_count;
};

struct file_binding {
    char *verbs[VERB_COUNT]; /* by enum oas_verb; the path template, or NULL */
    struct file_custom *custom;
    char *body;
    char *response_body;
    struct file_redirect *redirect;
    struct file_stream *stream;
};

struct file_rule {
    char *selector;
    struct file_binding binding;
    struct file_binding *additional_bindings;
    unsigned additional_bindings_count;
};

struct file_license {
    char *name;
    char *identifier;
};

struct file_info {
    char *title;
    char *version;
    char *summary;
    char *description;
    struct file_license license;
};

struct file_server {
    char *url;
    char *description;
};

struct file_tag {
    char *name;
    char *description;
    char *path_prefix;
};

struct file_http {
    struct file_rule *rules;
    unsigned rules_count;
    char *fully_decode; /* libcyaml's bool takes any word that it does not know for true */
};

struct file_example {
    char *selector;
    char *request;
};

struct file_top {
    struct file_info *info; /* NULL: the file only routes */
    struct file_server *servers;
    unsigned servers_count;
    struct file_tag *tags;
    unsigned tags_count;
    struct file_http http;
    struct file_example *examples;
    unsigned examples_count;
};

#define TEXT(key, type, member)                                                                    \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 0, CYAML_UNLIMITED)
#define OPTIONAL_TEXT(key, type, member)                                                           \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 0,         \
                           CYAML_UNLIMITED)
#define OPTIONAL_LIST(key, type, member, entry)                                                    \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, entry, 0,    \
                         CYAML_UNLIMITED)

/* The keys of a binding, in a struct that has one at `prefix`. */
#define BINDING_FIELDS(type, prefix)                                                               \
    OPTIONAL_TEXT("get", type, prefix verbs[OAS_GET]),                                             \
        OPTIONAL_TEXT("put", type, prefix verbs[OAS_PUT]),                                         \
        OPTIONAL_TEXT("post", type, prefix verbs[OAS_POST]),                                       \
        OPTIONAL_TEXT("patch", type, prefix verbs[OAS_PATCH]),                                     \
        OPTIONAL_TEXT("delete", type, prefix verbs[OAS_DELETE]),                                   \
        CYAML_FIELD_MAPPING_PTR("custom", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type,          \
                                prefix custom, custom_fields),                                     \
        OPTIONAL_TEXT("body", type, prefix body),                                                  \
        OPTIONAL_TEXT("response_body", type, prefix response_body),                                \
        CYAML_FIELD_MAPPING_PTR("redirect", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type,        \
                                prefix redirect, redirect_fields),                                 \
        CYAML_FIELD_MAPPING_PTR("stream", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type,          \
                                prefix stream, stream_fields)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};
static const cyaml_schema_field_t stream_fields[] = {
    OPTIONAL_TEXT("id", struct file_stream, id),
    OPTIONAL_TEXT("last_event_id", struct file_stream, last_event_id),
    OPTIONAL_TEXT("bytes", struct file_stream, bytes),
    OPTIONAL_LIST("types", struct file_stream, types, &text_schema),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t redirect_fields[] = {
    TEXT("parameter", struct file_redirect, parameter),
    TEXT("from", struct file_redirect, from),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t custom_fields[] = {
    TEXT("kind", struct file_custom, kind),
    TEXT("path", struct file_custom, path),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t binding_fields[] = {
    BINDING_FIELDS(struct file_binding, ),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t binding_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_binding, binding_fields),
};
static const cyaml_schema_field_t rule_fields[] = {
    TEXT("selector", struct file_rule, selector),
    BINDING_FIELDS(struct file_rule, binding.),
    OPTIONAL_LIST("additional_bindings", struct file_rule, additional_bindings, &binding_schema),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_rule, rule_fields),
};
static const cyaml_schema_field_t http_fields[] = {
    CYAML_FIELD_SEQUENCE("rules", CYAML_FLAG_POINTER, struct file_http, rules, &rule_schema, 0,
                         CYAML_UNLIMITED),
    OPTIONAL_TEXT(DECODE_KEY, struct file_http, fully_decode),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t license_fields[] = {
    TEXT("name", struct file_license, name),
    OPTIONAL_TEXT("identifier", struct file_license, identifier),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t info_fields[] = {
    TEXT("title", struct file_info, title),
    TEXT("version", struct file_info, version),
    OPTIONAL_TEXT("summary", struct file_info, summary),
    OPTIONAL_TEXT("description", struct file_info, description),
    CYAML_FIELD_MAPPING("license", CYAML_FLAG_OPTIONAL, struct file_info, license, license_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t server_fields[] = {
    TEXT("url", struct file_server, url),
    OPTIONAL_TEXT("description", struct file_server, description),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t server_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_server, server_fields),
};
static const cyaml_schema_field_t tag_fields[] = {
    TEXT("name", struct file_tag, name),
    OPTIONAL_TEXT("description", struct file_tag, description),
    OPTIONAL_TEXT("path_prefix", struct file_tag, path_prefix),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t tag_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_tag, tag_fields),
};
static const cyaml_schema_field_t example_fields[] = {
    TEXT("selector", struct file_example, selector),
    TEXT("request", struct file_example, request),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t example_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_example, example_fields),
};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_MAPPING_PTR("info", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct file_top, info,
                            info_fields),
    OPTIONAL_LIST("servers", struct file_top, servers, &server_schema),
    OPTIONAL_LIST("tags", struct file_top, tags, &tag_schema),
    CYAML_FIELD_MAPPING("http", CYAML_FLAG_DEFAULT, struct file_top, http, http_fields),
    OPTIONAL_LIST("examples", struct file_top, examples, &example_schema),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t top_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file_top, top_fields),
};

static const char *const verb_names[VERB_COUNT] = {
    [OAS_GET] = "get",     [OAS_PUT] = "put",       [OAS_POST] = "post",
    [OAS_PATCH] = "patch", [OAS_DELETE] = "delete",
};

const char *oas_verb_name(enum oas_verb verb)
{
    return verb_names[verb];
}

enum oas_verb oas_spec_verb(const struct oas_spec *spec, const char *method)
{
    static const char *const methods[VERB_COUNT] = {
        [OAS_GET] = "GET",     [OAS_PUT] = "PUT",       [OAS_POST] = "POST",
        [OAS_PATCH] = "PATCH", [OAS_DELETE] = "DELETE",
    };
    for (unsigned i = 0; i < VERB_COUNT; i++) {
        if (strcmp(methods[i], method) == 0)
            return (enum oas_verb)i;
    }
    for (size_t i = 0; i < spec->custom_method_count; i++) {
        if (strcmp(spec->custom_methods[i], method) == 0)
            return (enum oas_verb)(OAS_CUSTOM + i);
    }
    return OAS_ANY;
}

/* What turning the file into a spec needs to know. */
struct build {
    const struct cfg_yaml *yaml;
    const char *name;
    struct nx_arena *arena;
    struct oas_spec *spec;
};

static nx_status fail_at(const struct build *build, unsigned line, const char *selector,
                         const char *message)
{
    return nx_fail(build->arena, NX_INVALID_ARGUMENT, "%s:%u: %s: %s", build->name, line, selector,
                   message);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Find the one verb of a binding, but for a custom one. Returns how many there are. */
static unsigned find_verb(const struct file_binding *binding, enum oas_verb *ret_verb)
{
    unsigned found = binding->custom != NULL;
    for (unsigned verb = 0; verb < VERB_COUNT; verb++) {
        if (binding->verbs[verb]) {
            *ret_verb = (enum oas_verb)verb;
            found++;
        }
    }
    return found;
}

/* Fail for one key of a binding: a message about it points at its line. */
static nx_status fail_key(const struct build *build, int position, const char *key,
                          const char *selector, const char *message)
{
    int at = cfg_yaml_member(build->yaml, position, key);
    return fail_at(build, cfg_yaml_line(build->yaml, at), selector, message);
}

/* A method's name is a token of RFC 9110. */
static bool is_method_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= OAS_MAX_METHOD_BYTES &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                        "!#$%&'*+-.^_`|~") == len;
}

/* The verb of `custom: {kind: ...}`; NULL, or what is wrong with the kind. */
static const char *find_custom_verb(struct oas_spec *spec, const char *kind,
                                    enum oas_verb *ret_verb)
{
    if (strcmp(kind, "*") == 0) {
        *ret_verb = OAS_ANY;
        return NULL;
    }
    if (!is_method_name(kind))
        return "the kind is no HTTP method";
    if (strcmp(kind, "OPTIONS") == 0 || strcmp(kind, "CONNECT") == 0)
        return "OPTIONS and CONNECT are not for rules";
    enum oas_verb verb = oas_spec_verb(spec, kind);
    if (verb == OAS_ANY) {
        if (spec->custom_method_count == OAS_MAX_CUSTOM_METHODS)
            return "too many custom methods";
        verb = (enum oas_verb)(OAS_CUSTOM + spec->custom_method_count);
        spec->custom_methods[spec->custom_method_count++] = kind;
    }
    *ret_verb = verb;
    return NULL;
}

/* The verb and the path of a binding that has one verb. */
static nx_status take_path(const struct build *build, const struct file_binding *binding,
                           int position, struct oas_rule *rule)
{
    const char *key = "custom";
    if (binding->custom) {
        const char *problem = find_custom_verb(build->spec, binding->custom->kind, &rule->verb);
        rule->path = binding->custom->path;
        if (problem)
            return fail_key(build, position, key, rule->selector, problem);
    } else {
        rule->path = binding->verbs[rule->verb];
        key = verb_names[rule->verb];
    }
    struct oas_template template;
    nx_status status = oas_template_parse(rule->path, build->arena, &template);
    if (status.code == NX_INVALID_ARGUMENT)
        return fail_key(build, position, key, rule->selector, nx_status_message(status));
    return status;
}

/* Lower case, as types are compared: "image/png". */
static bool is_media_type(const char *type)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
    size_t len = strspn(type, token);
    const char *rest = type + len;
    return len > 0 && *rest == '/' && rest[1] && rest[1 + strspn(rest + 1, token)] == '\0';
}

static nx_status take_stream(const struct build *build, const struct file_stream *stream,
                             int position, struct oas_rule *rule)
{
    if (!stream)
        return NX_STATUS_OK;
    struct oas_stream *copy = nx_arena_calloc(build->arena, 1, sizeof *copy);
    const char **types = nx_arena_calloc(build->arena, stream->types_count, sizeof *types);
    if (!copy || !types)
        return nx_fail_memory();
    *copy = (struct oas_stream){.id = stream->id,
                                .last_event_id = stream->last_event_id,
                                .bytes = stream->bytes,
                                .types = types,
                                .type_count = stream->types_count};
    rule->stream = copy;
    if (stream->types_count > 0 && !stream->bytes)
        return fail_key(build, position, "stream", rule->selector, "types without bytes");
    for (unsigned i = 0; i < stream->types_count; i++) {
        types[i] = stream->types[i];
        if (!is_media_type(stream->types[i]))
            return fail_key(build, position, "stream", rule->selector,
                            "a type is no media type such as image/png");
    }
    return NX_STATUS_OK;
}

static nx_status add_rule(const struct build *build, const char *selector,
                          const struct file_binding *binding, int position)
{
    struct oas_rule rule = {
        .selector = selector,
        .body = or_empty(binding->body),
        .response_body = or_empty(binding->response_body),
        .line = cfg_yaml_line(build->yaml, position),
    };
    unsigned verbs = find_verb(binding, &rule.verb);
    if (verbs != 1)
        return fail_at(build, rule.line, selector,
                       verbs ? "more than one of get, put, post, patch, delete, custom"
                             : "none of get, put, post, patch, delete, custom");
    NX_TRY(take_path(build, binding, position, &rule));
    if (*rule.body && (rule.verb == OAS_GET || rule.verb == OAS_DELETE))
        return fail_key(build, position, "body", selector, "a get or delete has no body");
    if (binding->redirect && rule.verb != OAS_GET)
        return fail_key(build, position, "redirect", selector, "only a get can redirect");
    if (binding->redirect) {
        rule.redirect_parameter = binding->redirect->parameter;
        rule.redirect_from = binding->redirect->from;
    }
    NX_TRY(take_stream(build, binding->stream, position, &rule));
    build->spec->rules[build->spec->rule_count++] = rule;
    return NX_STATUS_OK;
}

/* The last rule for a selector wins: an earlier one goes, with its additional bindings. */
static void drop_earlier(struct oas_spec *spec, const char *selector)
{
    size_t kept = 0;
    for (size_t i = 0; i < spec->rule_count; i++) {
        if (strcmp(spec->rules[i].selector, selector) != 0)
            spec->rules[kept++] = spec->rules[i];
    }
    spec->rule_count = kept;
}

static nx_status build_decoding(const struct build *build, int section, const char *text)
{
    bool is_true = strcmp(text, "true") == 0;
    if (*text && !is_true && strcmp(text, "false") != 0)
        return fail_key(build, section, DECODE_KEY, DECODE_KEY, "must be true or false");
    build->spec->fully_decode_reserved_expansion = is_true;
    return NX_STATUS_OK;
}

static nx_status build_rules(const struct build *build, const struct file_http *http)
{
    size_t count = 0;
    int section = cfg_yaml_member(build->yaml, cfg_yaml_root(build->yaml), "http");
    for (unsigned i = 0; i < http->rules_count; i++)
        count += 1 + (size_t)http->rules[i].additional_bindings_count;
    build->spec->rules = nx_arena_calloc(build->arena, count, sizeof *build->spec->rules);
    if (!build->spec->rules)
        return nx_fail_memory();
    NX_TRY(build_decoding(build, section, or_empty(http->fully_decode)));
    int list = cfg_yaml_member(build->yaml, section, "rules");
    for (unsigned i = 0; i < http->rules_count; i++) {
        const struct file_rule *rule = &http->rules[i];
        int position = cfg_yaml_item(build->yaml, list, i);
        if (!*rule->selector)
            return fail_at(build, cfg_yaml_line(build->yaml, position), "selector",
                           "must not be empty");
        drop_earlier(build->spec, rule->selector);
        NX_TRY(add_rule(build, rule->selector, &rule->binding, position));
        int more = cfg_yaml_member(build->yaml, position, "additional_bindings");
        for (unsigned j = 0; j < rule->additional_bindings_count; j++)
            NX_TRY(add_rule(build, rule->selector, &rule->additional_bindings[j],
                            cfg_yaml_item(build->yaml, more, j)));
    }
    return NX_STATUS_OK;
}

static nx_status build_info(const struct build *build, const struct file_info *info)
{
    static const struct file_info none = {.title = "", .version = ""};
    struct oas_spec *spec = build->spec;
    bool is_there = info != NULL;
    if (!is_there)
        info = &none;
    spec->title = info->title;
    spec->version = info->version;
    spec->summary = or_empty(info->summary);
    spec->description = or_empty(info->description);
    spec->license_name = or_empty(info->license.name);
    spec->license_identifier = or_empty(info->license.identifier);
    int position = cfg_yaml_member(build->yaml, cfg_yaml_root(build->yaml), "info");
    if (is_there && (!*spec->title || !*spec->version))
        return fail_at(build, cfg_yaml_line(build->yaml, position), "info",
                       "title and version must not be empty");
    return NX_STATUS_OK;
}

static nx_status build_lists(const struct build *build, const struct file_top *top)
{
    struct oas_spec *spec = build->spec;
    spec->servers = nx_arena_calloc(build->arena, top->servers_count, sizeof *spec->servers);
    spec->tags = nx_arena_calloc(build->arena, top->tags_count, sizeof *spec->tags);
    spec->examples = nx_arena_calloc(build->arena, top->examples_count, sizeof *spec->examples);
    if (!spec->servers || !spec->tags || !spec->examples)
        return nx_fail_memory();
    for (unsigned i = 0; i < top->servers_count; i++)
        spec->servers[spec->server_count++] =
            (struct oas_server){top->servers[i].url, or_empty(top->servers[i].description)};
    for (unsigned i = 0; i < top->tags_count; i++)
        spec->tags[spec->tag_count++] =
            (struct oas_tag){top->tags[i].name, or_empty(top->tags[i].description),
                             or_empty(top->tags[i].path_prefix)};
    int list = cfg_yaml_member(build->yaml, cfg_yaml_root(build->yaml), "examples");
    for (unsigned i = 0; i < top->examples_count; i++)
        spec->examples[spec->example_count++] =
            (struct oas_example){top->examples[i].selector, top->examples[i].request,
                                 cfg_yaml_line(build->yaml, cfg_yaml_item(build->yaml, list, i))};
    return NX_STATUS_OK;
}

static nx_status build_all(const struct build *build, const struct file_top *top)
{
    NX_TRY(build_info(build, top->info));
    NX_TRY(build_lists(build, top));
    return build_rules(build, &top->http);
}

static nx_status build_spec(struct nx_str text, const char *name, struct spec_handle *handle)
{
    struct cfg_yaml *yaml;
    NX_TRY(cfg_yaml_load(text, name, &top_schema, handle->arena, &yaml));
    const struct build build = {yaml, name, handle->arena, &handle->spec};
    const struct file_top *top = cfg_yaml_value(yaml);
    nx_status status = top ? build_all(&build, top)
                           : nx_fail(handle->arena, NX_INVALID_ARGUMENT, "%s:1: empty", name);
    cfg_yaml_destroy(yaml);
    return status;
}

nx_status oas_spec_parse(struct nx_str yaml, const char *name, struct nx_arena *arena,
                         struct oas_spec **ret_spec)
{
    struct spec_handle *handle = calloc(1, sizeof *handle);
    if (!handle)
        return nx_fail_memory();
    handle->arena = nx_arena_new(SPEC_ARENA_BYTES);
    nx_status status = handle->arena ? build_spec(yaml, name, handle) : nx_fail_memory();
    if (status.code == NX_OK) {
        *ret_spec = &handle->spec;
        return status;
    }
    status = nx_status_copy(arena, status);
    oas_spec_destroy(&handle->spec);
    return status;
}

nx_status oas_spec_load(const char *file, struct nx_arena *arena, struct oas_spec **ret_spec)
{
    struct nx_str text;
    NX_TRY(cfg_file_read(file, OAS_MAX_SPEC_BYTES, arena, &text));
    return oas_spec_parse(text, file, arena, ret_spec);
}

void oas_spec_destroy(struct oas_spec *spec)
{
    if (!spec)
        return;
    struct spec_handle *handle = (struct spec_handle *)spec;
    nx_arena_destroy(handle->arena);
    free(handle);
}
