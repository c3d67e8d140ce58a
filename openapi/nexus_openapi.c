/* nexus-openapi: an OpenAPI 3.1 document of a FileDescriptorSet and a spec of HTTP rules. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_file.h"
#include "oas_document.h"
#include "oas_model.h"
#include "oas_spec.h"

#define MAX_DESCRIPTOR_BYTES ((size_t)32 * 1024 * 1024)
#define MAX_DOCUMENT_BYTES ((size_t)64 * 1024 * 1024)
#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define EXIT_USAGE 2

static const char usage[] =
    "Usage: nexus-openapi --descriptors FILE --spec FILE [--output FILE] [--format json|yaml]\n"
    "\n"
    "Write the OpenAPI 3.1 document of the RPCs that have HTTP rules.\n"
    "\n"
    "  --descriptors FILE  FileDescriptorSet, as protoc --descriptor_set_out writes it with\n"
    "                      --include_imports --include_source_info\n"
    "  --spec FILE         HTTP rules and texts, YAML\n"
    "  --output FILE       where to write; standard output when absent\n"
    "  --format FORMAT     json (default) or yaml\n"
    "  --help              show this text\n";

struct options {
    const char *descriptors;
    const char *spec;
    const char *output;
    enum oas_format format;
};

static int fail_usage(const char *message)
{
    fprintf(stderr, "nexus-openapi: %s\n%s", message, usage);
    return EXIT_USAGE;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option known[] = {
        {"descriptors", required_argument, NULL, 'd'},
        {"spec", required_argument, NULL, 's'},
        {"output", required_argument, NULL, 'o'},
        {"format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'd':
            ret_options->descriptors = optarg;
            break;
        case 's':
            ret_options->spec = optarg;
            break;
        case 'o':
            ret_options->output = optarg;
            break;
        case 'f':
            if (strcmp(optarg, "json") != 0 && strcmp(optarg, "yaml") != 0)
                return fail_usage("--format must be json or yaml");
            ret_options->format = *optarg == 'y' ? OAS_YAML : OAS_JSON;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            return EXIT_USAGE;
        }
    }
    if (optind < argc)
        return fail_usage("there are no arguments besides options");
    if (!ret_options->descriptors || !ret_options->spec)
        return fail_usage("--descriptors and --spec are needed");
    return -1;
}

static nx_status build_document(const struct options *options, const struct oas_spec *spec,
                                struct nx_arena *arena, struct nx_buf *document)
{
    struct nx_str serialized;
    struct oas_model model;
    struct oas_writer writer;
    NX_TRY(cfg_file_read(options->descriptors, MAX_DESCRIPTOR_BYTES, arena, &serialized));
    NX_TRY(oas_model_build(serialized, arena, &model));
    oas_write_init(&writer, document, options->format);
    NX_TRY(oas_document_write(spec, options->spec, &model, arena, &writer));
    return document->failed ? nx_fail_memory() : NX_STATUS_OK;
}

static nx_status write_output(const char *path, struct nx_str text, struct nx_arena *arena)
{
    FILE *out = path ? fopen(path, "wbe") : stdout;
    if (!out)
        return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", path, strerror(errno));
    bool written = fwrite(text.ptr, 1, text.len, out) == text.len && fflush(out) == 0;
    if (path && fclose(out) != 0)
        written = false;
    if (!written)
        return nx_fail(arena, NX_UNAVAILABLE, "%s: cannot write", path ? path : "standard output");
    return NX_STATUS_OK;
}

static nx_status run(const struct options *options, struct nx_arena *arena)
{
    struct oas_spec *spec;
    NX_TRY(oas_spec_load(options->spec, arena, &spec));
    struct nx_buf document;
    nx_buf_init(&document, MAX_DOCUMENT_BYTES);
    nx_status status = build_document(options, spec, arena, &document);
    if (status.code == NX_OK)
        status = write_output(options->output, nx_buf_str(&document), arena);
    nx_buf_cleanup(&document);
    oas_spec_destroy(spec);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {.format = OAS_JSON};
    int exit_status = parse_options(argc, argv, &options);
    if (exit_status >= 0)
        return exit_status;
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    if (!arena) {
        fputs("nexus-openapi: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    nx_status status = run(&options, arena);
    if (status.code != NX_OK)
        fprintf(stderr, "nexus-openapi: %s\n", nx_status_message(status));
    nx_arena_destroy(arena);
    return status.code == NX_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
