/* The few files beside the API: the documentation page, what it is made of, and the document.
 *
 * They are read once, into a fixed table of addresses, so that no address can reach another file.
 */
#ifndef GW_STATIC_H
#define GW_STATIC_H

#include "gw_coding.h"
#include "nx_arena.h"
#include "nx_status.h"
#include "nx_str.h"

struct gw_static;

/* What an address answers with. */
struct gw_static_file {
    const char *content_type;
    const char *etag; /* strong, quoted */
    struct nx_str content;
    struct nx_str coded[GW_CODING_COUNT]; /* the same; empty where that is no shorter */
    const char *location; /* not NULL: a redirection to there, and nothing of the above */
};

struct gw_static_options {
    const char *docs_dir;
    const char *assets_dir;
    const char *document; /* openapi.json; openapi.yaml is beside it */
};

/* Read the files. One that cannot be read is said in the log, and is not served.
 * Result: in the arena, which it takes about 4 MiB of.
 * Fails:  RESOURCE_EXHAUSTED. */
nx_status gw_static_load(const struct gw_static_options *options, struct nx_arena *arena,
                         struct gw_static **ret_files) NX_MUST_USE;

/* What is at a path; NULL for nothing. Thread: any. */
const struct gw_static_file *gw_static_find(const struct gw_static *files, struct nx_str path);

#endif
