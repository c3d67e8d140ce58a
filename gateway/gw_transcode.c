/* Four sources fill one message, in this order: the body, the path, the query, the headers. A field
 * has one source: the path wins nothing over the body, it must agree; the query may name neither's
 * fields; headers only fill what is empty. */
#include "gw_transcode.h"

#include "google/protobuf/field_mask.pb-c.h"
#include "google/protobuf/struct.pb-c.h"
#include "gw_url.h"
#include "nx_utf8.h"
#include "pbj.h"

#include <string.h>

/* Of a client's words in a message; what is longer is cut. */
#define MAX_QUOTED_BYTES 100

/* A request message in the making. */
struct draft {
    const struct gw_match *match;
    const struct gw_route *route;
    const struct gw_input *input;
    struct nx_arena *arena;
    ProtobufCMessage *request;
    ProtobufCMessage *resource; /* the body field's message; NULL for none */
    const char **paths;         /* of the fields that the body has, relative to it */
    size_t path_count;
};

/* --- Body --- */

/* A field's path as seen from the request. */
static const char *from_request(const struct draft *draft, const char *path)
{
    if (!draft->route->body)
        return path;
    const char *body = draft->route->body->name;
    return *path ? nx_arena_printf(draft->arena, "%s.%s", body, path) : body;
}

/* Blame the fields of the request for what was found in the body. */
static nx_status relocate(const struct draft *draft, nx_status status)
{
    if (status.code != NX_INVALID_ARGUMENT || !draft->route->body || !status.error->violations)
        return status;
    const struct nx_violation *first = NULL;
    const struct nx_violation **tail = &first;
    for (const struct nx_violation *from = status.error->violations; from; from = from->next) {
        struct nx_violation *to = nx_arena_calloc(draft->arena, 1, sizeof *to);
        if (!to)
            return nx_fail_memory();
        to->field = from_request(draft, from->field);
        to->description = from->description;
        if (!to->field)
            return nx_fail_memory();
        *tail = to;
        tail = &to->next;
    }
    return nx_fail_violations(draft->arena, status.code, status.error->reason, first);
}

/* The body is the value of one field that is no message. */
static nx_status read_value(struct draft *draft, const struct pbj_read_options *options)
{
    const ProtobufCFieldDescriptor *field = draft->route->value;
    struct nx_str body = draft->input->body;
    if (body.len == 0)
        return nx_fail_field(draft->arena, field->name, "the request has no body");
    draft->request = pbj_new_message(draft->arena, draft->route->method->request);
    return draft->request ? pbj_read_field(draft->request, field, body, options, draft->arena)
                          : nx_fail_memory();
}

static nx_status read_body(struct draft *draft)
{
    const struct gw_route *route = draft->route;
    if (draft->input->is_raw) {
        draft->request = pbj_new_message(draft->arena, route->method->request);
        return draft->request ? NX_STATUS_OK : nx_fail_memory();
    }
    struct nx_str body = draft->input->body;
    const struct pbj_read_options options = {.max_depth = draft->input->max_depth,
                                             .resolve = pbj_types_find,
                                             .resolve_context = route->types};
    if (route->value)
        return read_value(draft, &options);
    if (!route->body && !route->whole_body && body.len > 0)
        return nx_fail_field(draft->arena, "", "this method takes no body");
    if (route->body && body.len == 0)
        return nx_fail_field(draft->arena, route->body->name, "the request has no body");
    ProtobufCMessage *read = NULL;
    if (body.len > 0) {
        const ProtobufCMessageDescriptor *type =
            route->body ? route->body->descriptor : route->method->request;
        NX_TRY(relocate(draft, pbj_read_with_paths(type, body, &options, draft->arena, &read,
                                                   &draft->paths, &draft->path_count)));
    }
    if (route->body)
        draft->resource = read;
    else
        draft->request = read;
    if (!draft->request)
        draft->request = pbj_new_message(draft->arena, route->method->request);
    if (!draft->request)
        return nx_fail_memory();
    if (draft->resource)
        gw_field_put(draft->request, route->body, draft->resource);
    return NX_STATUS_OK;
}

/* --- Path --- */

/* The body's path as seen from the request is that of the variable. */
static bool body_has(const struct draft *draft, const char *variable)
{
    if (draft->route->body) {
        size_t len = strlen(draft->route->body->name);
        if (strncmp(variable, draft->route->body->name, len) != 0 || variable[len] != '.')
            return false;
        variable += len + 1;
    }
    for (size_t i = 0; i < draft->path_count; i++) {
        if (strcmp(draft->paths[i], variable) == 0)
            return true;
    }
    return false;
}

/* Clients send back what they got, name included: that is fine while it agrees with the path. */
static nx_status check_agreement(struct draft *draft, const struct gw_field_path *field,
                                 struct nx_str value)
{
    ProtobufCMessage *scratch = pbj_new_message(draft->arena, draft->route->method->request);
    if (!scratch)
        return nx_fail_memory();
    NX_TRY(gw_field_set(scratch, field, value, draft->arena));
    if (!gw_field_same(draft->request, scratch, field))
        return nx_fail_field(draft->arena, field->text, "the body has another value than the path");
    return NX_STATUS_OK;
}

static nx_status bind_path(struct draft *draft)
{
    const struct gw_route *route = draft->route;
    for (size_t i = 0; i < route->template.variable_count; i++) {
        const struct gw_field_path *field = &route->variables[i].field;
        struct nx_str value = draft->match->values[i];
        if (body_has(draft, field->text))
            NX_TRY(check_agreement(draft, field, value));
        else
            NX_TRY(gw_field_set(draft->request, field, value, draft->arena));
    }
    return NX_STATUS_OK;
}

/* --- Query --- */

/* A field that the query has set. */
struct seen {
    const char *path;
    const struct seen *next;
};

static nx_status check_source(const struct draft *draft, const struct gw_field_path *field)
{
    const struct gw_route *route = draft->route;
    for (size_t i = 0; i < route->template.variable_count; i++) {
        if (gw_field_overlaps(route->variables[i].field.text, field->text))
            return nx_fail_field(draft->arena, field->text, "the path says it already");
    }
    if (draft->input->is_raw ? field->fields[0] == route->stream_bytes : route->whole_body)
        return nx_fail_field(draft->arena, field->text, "it goes into the body");
    if (draft->input->is_raw)
        return NX_STATUS_OK;
    if (field->fields[0] == route->body || field->fields[0] == route->value)
        return nx_fail_field(draft->arena, field->text, "it goes into the body");
    return NX_STATUS_OK;
}

/* Of messages, those that are one text can be in a query, but no lists of them, which one cannot
 * tell from lists of their parts; nor maps, which are such lists. */
static nx_status check_kind(const struct draft *draft, const struct gw_field_path *field)
{
    const ProtobufCFieldDescriptor *leaf = gw_field_leaf(field);
    if (leaf->label == PROTOBUF_C_LABEL_REPEATED && leaf->type == PROTOBUF_C_TYPE_MESSAGE)
        return nx_fail_field(draft->arena, field->text,
                             "a list of messages or a map cannot be in the query");
    return NX_STATUS_OK;
}

static nx_status check_once(const struct draft *draft, const struct gw_field_path *field,
                            const struct seen **seen)
{
    if (gw_field_leaf(field)->label == PROTOBUF_C_LABEL_REPEATED)
        return NX_STATUS_OK;
    for (const struct seen *it = *seen; it; it = it->next) {
        if (strcmp(it->path, field->text) == 0)
            return nx_fail_field(draft->arena, field->text, "the query gives it twice");
    }
    struct seen *entry = nx_arena_alloc(draft->arena, sizeof *entry);
    if (!entry)
        return nx_fail_memory();
    *entry = (struct seen){field->text, *seen};
    *seen = entry;
    return NX_STATUS_OK;
}

static nx_status fail_unknown(const struct draft *draft, struct nx_str name)
{
    size_t end = 0;
    while (end < name.len && end < MAX_QUOTED_BYTES)
        (void)nx_utf8_next(name, &end);
    const char *copy = nx_arena_strdup(draft->arena, (struct nx_str){name.ptr, end});
    return copy ? nx_fail_field(draft->arena, copy, "no such query parameter") : nx_fail_memory();
}

/* The keys of a Struct have one spelling, unlike fields: put them between backquotes in a mask,
 * where its paths lead into one. */
static nx_status quote_keys(const struct draft *draft, struct nx_str mask, struct nx_str *ret_mask)
{
    const ProtobufCMessageDescriptor *type = draft->route->body->descriptor;
    const ProtobufCMessageDescriptor *above = type;
    char *quoted = nx_arena_alloc(draft->arena, 3 * mask.len + 1);
    size_t len = 0;
    if (!quoted)
        return nx_fail_memory();
    for (size_t at = 0; at < mask.len;) {
        struct nx_str name = {mask.ptr + at, 0};
        bool in_quotes = false;
        for (; at < mask.len && (in_quotes || !strchr(".,", mask.ptr[at])); at++, name.len++)
            in_quotes ^= mask.ptr[at] == '`';
        bool is_key = above == &google__protobuf__struct__descriptor;
        bool is_bare = name.len > 0 && *name.ptr != '`' && !nx_str_equal(name, NX_STR("*"));
        if (is_key && is_bare)
            quoted[len++] = '`';
        memcpy(quoted + len, name.ptr, name.len);
        len += name.len;
        if (is_key && is_bare)
            quoted[len++] = '`';
        if (!is_key) {
            const ProtobufCFieldDescriptor *field = above ? pbj_find_field(above, name) : NULL;
            bool has_parts = field && field->type == PROTOBUF_C_TYPE_MESSAGE;
            above = has_parts ? field->descriptor : NULL;
        }
        if (at < mask.len && mask.ptr[at] == ',')
            above = type;
        if (at < mask.len)
            quoted[len++] = mask.ptr[at++];
    }
    *ret_mask = (struct nx_str){quoted, len};
    return NX_STATUS_OK;
}

static nx_status bind_parameter(struct draft *draft, struct nx_str name, struct nx_str value,
                                const struct seen **seen)
{
    struct gw_field_path field;
    NX_TRY(gw_url_decode(name, GW_URL_QUERY, "the query", draft->arena, &name));
    NX_TRY(gw_url_decode(value, GW_URL_QUERY, "the query", draft->arena, &value));
    NX_TRY(gw_field_find(draft->route->method->request, name, draft->arena, &field));
    if (field.depth == 0)
        return fail_unknown(draft, name);
    NX_TRY(check_source(draft, &field));
    NX_TRY(check_kind(draft, &field));
    NX_TRY(check_once(draft, &field, seen));
    if (field.depth == 1 && field.fields[0] == draft->route->update_mask)
        NX_TRY(quote_keys(draft, value, &value));
    return gw_field_set(draft->request, &field, value, draft->arena);
}

static nx_status bind_query(struct draft *draft)
{
    struct nx_str query = draft->input->query;
    struct nx_str name;
    struct nx_str value;
    const struct seen *seen = NULL;
    while (gw_url_next_parameter(&query, &name, &value))
        NX_TRY(bind_parameter(draft, name, value, &seen));
    return NX_STATUS_OK;
}

/* --- Update mask --- */

/* Whether a field of the body says what to change, rather than which resource and which state of
 * it, or what the server has said of it. */
static bool is_change(const struct draft *draft, const ProtobufCFieldDescriptor *field)
{
    const struct gw_route *route = draft->route;
    const ProtobufCMessageDescriptor *type = route->body->descriptor;
    if (field == route->resource_etag ||
        (route->is_output_only && route->is_output_only[field - type->fields]))
        return false;
    size_t len = strlen(route->body->name);
    for (size_t i = 0; i < route->template.variable_count; i++) {
        const char *variable = route->variables[i].field.text;
        if (strncmp(variable, route->body->name, len) == 0 && variable[len] == '.' &&
            gw_field_overlaps(variable + len + 1, field->name))
            return false;
    }
    return true;
}

/* Whether the body has the field, or a part of it. */
static bool is_present(const struct draft *draft, const ProtobufCFieldDescriptor *field)
{
    size_t len = strlen(field->name);
    for (size_t i = 0; i < draft->path_count; i++) {
        const char *path = draft->paths[i];
        if (strncmp(path, field->name, len) == 0 && (path[len] == '\0' || path[len] == '.'))
            return true;
    }
    return false;
}

/* Without a mask, PATCH changes the fields that are in the body, each as a whole. Without those
 * either, the mask stays absent, and it is for the service to say what that means. */
static nx_status fill_mask(struct draft *draft)
{
    const ProtobufCFieldDescriptor *field = draft->route->update_mask;
    if (!field)
        return NX_STATUS_OK;
    ProtobufCMessage **slot = gw_field_value(draft->request, field);
    if (*slot || draft->path_count == 0)
        return NX_STATUS_OK;
    const ProtobufCMessageDescriptor *type = draft->route->body->descriptor;
    Google__Protobuf__FieldMask *mask = nx_arena_alloc(draft->arena, sizeof *mask);
    char **paths = nx_arena_calloc(draft->arena, type->n_fields, sizeof *paths);
    if (!mask || !paths)
        return nx_fail_memory();
    google__protobuf__field_mask__init(mask);
    mask->paths = paths;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (is_present(draft, &type->fields[i]) && is_change(draft, &type->fields[i]))
            paths[mask->n_paths++] = (char *)type->fields[i].name;
    }
    if (mask->n_paths > 0)
        *slot = &mask->base;
    return NX_STATUS_OK;
}

/* --- Headers --- */

/* Fill a string field. `ret_differs`: it has another value already, and keeps it. */
static nx_status fill_text(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           struct nx_str text, struct nx_arena *arena, bool *ret_differs)
{
    const char *is = gw_field_text(message, field);
    *ret_differs = *is && !nx_str_equal(nx_str_from(is), text);
    if (*is)
        return NX_STATUS_OK;
    char *copy = nx_arena_strdup(arena, text);
    if (!copy)
        return nx_fail_memory();
    *(char **)gw_field_value(message, field) = copy;
    return NX_STATUS_OK;
}

/* A header's value that goes into a message: printable, without the space around it. */
static nx_status trim_header(const char *value, const char *header, struct nx_arena *arena,
                             struct nx_str *ret_text)
{
    struct nx_str text = nx_str_from(value);
    while (text.len > 0 && text.ptr[0] == ' ')
        text = (struct nx_str){text.ptr + 1, text.len - 1};
    while (text.len > 0 && text.ptr[text.len - 1] == ' ')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return nx_fail(arena, NX_INVALID_ARGUMENT,
                           "the header %s has a character that is not printable ASCII", header);
    }
    *ret_text = text;
    return NX_STATUS_OK;
}

static nx_status fill_etag(struct draft *draft)
{
    const struct gw_route *route = draft->route;
    bool in_resource = route->resource_etag != NULL;
    ProtobufCMessage *message = in_resource ? draft->resource : draft->request;
    const ProtobufCFieldDescriptor *field =
        in_resource ? route->resource_etag : route->request_etag;
    if (!draft->input->if_match || !field || !message)
        return NX_STATUS_OK;
    struct nx_str etag = NX_STR("");
    NX_TRY(trim_header(draft->input->if_match, "If-Match", draft->arena, &etag));
    if (nx_str_equal(etag, NX_STR("*"))) /* any state will do, as long as it exists */
        return NX_STATUS_OK;
    if (etag.len < 2 || etag.ptr[0] != '"' ||
        (const char *)memchr(etag.ptr + 1, '"', etag.len - 1) != etag.ptr + etag.len - 1)
        return nx_fail(draft->arena, NX_INVALID_ARGUMENT,
                       "the header If-Match is not one strong entity tag, as in \"1a2b\"");
    bool differs;
    NX_TRY(fill_text(message, field, etag, draft->arena, &differs));
    return differs ? nx_fail(draft->arena, NX_ABORTED,
                             "the header If-Match and the field etag name different states")
                   : NX_STATUS_OK;
}

static nx_status fill_request_id(struct draft *draft)
{
    const ProtobufCFieldDescriptor *field = draft->route->request_id;
    if (!draft->input->idempotency_key || !field)
        return NX_STATUS_OK;
    struct nx_str key = NX_STR("");
    NX_TRY(trim_header(draft->input->idempotency_key, "Idempotency-Key", draft->arena, &key));
    if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
        key = (struct nx_str){key.ptr + 1, key.len - 2}; /* as the draft standard writes it */
    bool differs;
    NX_TRY(fill_text(draft->request, field, key, draft->arena, &differs));
    return differs ? nx_fail_field(draft->arena, field->name,
                                   "the header Idempotency-Key has another value")
                   : NX_STATUS_OK;
}

/* What a browser says when it comes again counts more than the URL, which is still that of the
 * first time. */
static nx_status fill_last_event_id(struct draft *draft)
{
    const struct gw_field_path *field = &draft->route->stream_last_event_id;
    struct nx_str id = NX_STR("");
    if (!draft->input->last_event_id || field->depth == 0)
        return NX_STATUS_OK;
    NX_TRY(trim_header(draft->input->last_event_id, "Last-Event-ID", draft->arena, &id));
    return gw_field_set(draft->request, field, id, draft->arena);
}

nx_status gw_transcode(const struct gw_match *match, const struct gw_input *input,
                       struct nx_arena *arena, ProtobufCMessage **ret_request)
{
    struct draft draft = {.match = match, .route = match->route, .input = input, .arena = arena};
    NX_TRY(read_body(&draft));
    NX_TRY(bind_path(&draft));
    NX_TRY(bind_query(&draft));
    NX_TRY(fill_mask(&draft));
    NX_TRY(fill_etag(&draft));
    NX_TRY(fill_request_id(&draft));
    NX_TRY(fill_last_event_id(&draft));
    *ret_request = draft.request;
    return NX_STATUS_OK;
}
