/* openapi/nexus.yaml in memory: HTTP rules for RPCs, and the words of the documentation.
 *
 * One file decides both what the gateway routes and what the document says, so that they cannot
 * differ. */
#ifndef OAS_SPEC_H
#define OAS_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "nx_arena.h"
#include "nx_status.h"

/* An HTTP method, as a rule has it. OAS_ANY stands for `custom: {kind: "*"}`, and OAS_CUSTOM + i
 * for the spec's custom method i: a spec has few, so that a set of verbs is the bits of an
 * unsigned. */
enum oas_verb { OAS_GET, OAS_PUT, OAS_POST, OAS_PATCH, OAS_DELETE, OAS_ANY, OAS_CUSTOM };

#define OAS_MAX_CUSTOM_METHODS 16
#define OAS_MAX_METHOD_BYTES 32

/* "get" for OAS_GET; of the five that have a key of their own. */
const char *oas_verb_name(enum oas_verb verb);

/* What a rule says of an RPC that streams. NULL: it names no such field. */
struct oas_stream {
    const char *id;            /* field of a response: its id as an event */
    const char *last_event_id; /* field of the request: the id of the last that was read */
    const char *bytes;         /* field of a request: takes the body as it is, in parts */
    const char *const *types;  /* of such a body, beside application/octet-stream */
    size_t type_count;
};

/* One way to call one RPC over HTTP: google/api/http.proto's HttpRule. */
struct oas_rule {
    const char *selector; /* "nexus.catalog.v1.CatalogService.GetProduct" */
    enum oas_verb verb;
    const char *path;          /* template that oas_template_parse() accepts: "/v1/products/{id}" */
    const char *body;          /* "*", a field of the request, or "" for none */
    const char *response_body; /* a field of the response, or "" for all of it */
    unsigned line;             /* in the file, for messages */
    /* A response that has a text in the field `redirect_from` sends the client to the same URL with
     * that as the query's parameter `redirect_parameter`. NULL: none does. */
    const char *redirect_parameter;
    const char *redirect_from;
    const struct oas_stream *stream; /* NULL: the rule says nothing of a stream */
};

/* A group of operations in the document: those whose path begins with the prefix, and with no
 * longer prefix of another tag. */
struct oas_tag {
    const char *name;
    const char *description;
    const char *path_prefix; /* "/v1/products"; "" for no operations */
};

/* What a client could send. */
struct oas_example {
    const char *selector;
    const char *request; /* the HTTP body: JSON text, not yet checked */
    unsigned line;
};

struct oas_server {
    const char *url;
    const char *description;
};

/* All that the file says. Strings are never NULL. */
struct oas_spec {
    const char *title; /* "" in a file without info, of which no document can be made */
    const char *version;
    const char *summary;
    const char *description;
    const char *license_name;
    const char *license_identifier; /* SPDX */
    struct oas_server *servers;
    size_t server_count;
    struct oas_tag *tags;
    size_t tag_count;
    struct oas_rule *rules; /* additional bindings follow their rule as rules of their own; of two
                               with one selector only the last is here, with its bindings */
    size_t rule_count;
    const char *custom_methods[OAS_MAX_CUSTOM_METHODS]; /* "PURGE" */
    size_t custom_method_count;
    /* What a variable of many segments keeps encoded: "%2F" alone, else all that RFC 3986
     * reserves. */
    bool fully_decode_reserved_expansion;
    struct oas_example *examples;
    size_t example_count;
};

/* A larger file is refused. */
#define OAS_MAX_SPEC_BYTES ((size_t)1024 * 1024)

/* Read and check a spec file: its form, and that every rule has one verb and a path template.
 * Whether RPCs and fields exist is checked by those who have their descriptors, with the rule's
 * line.
 * Result: freed with oas_spec_destroy().
 * Fails:  INVALID_ARGUMENT; the message begins with "file:line: " where one is known. */
nx_status oas_spec_load(const char *file, struct nx_arena *arena,
                        struct oas_spec **ret_spec) NX_MUST_USE;

/* As oas_spec_load(), from text in memory; `name` stands for the file in messages. */
nx_status oas_spec_parse(struct nx_str yaml, const char *name, struct nx_arena *arena,
                         struct oas_spec **ret_spec) NX_MUST_USE;

/* The verb of a method as a request has it, "GET". Case matters, as it does in HTTP. OAS_ANY: no
 * rule names the method, so that only those for any method can match. */
enum oas_verb oas_spec_verb(const struct oas_spec *spec, const char *method);

/* Takes NULL. */
void oas_spec_destroy(struct oas_spec *spec);

#endif
