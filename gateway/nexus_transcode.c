/* nexus-transcode: what the gateway makes of a request, without a server. */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cfg_file.h"
#include "dyn.h"
#include "gw_error.h"
#include "gw_transcode.h"
#include "gw_url.h"
#include "nexus_descriptors.h"
#include "oas_model.h"
#include "pbj.h"

#define MAX_DESCRIPTOR_BYTES ((size_t)32 * 1024 * 1024)
#define MAX_BODY_BYTES ((size_t)16 * 1024 * 1024)
#define MAX_ANSWER_BYTES ((size_t)256 * 1024 * 1024)
#define ARENA_BYTES ((size_t)2 * 1024 * 1024 * 1024)
#define MAX_DEPTH 100
#define MAX_PATH_BYTES 4096

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

static const char usage[] =
    "Usage: nexus-transcode [OPTION...] METHOD URL [BODY|-]\n"
    "       nexus-transcode [OPTION...] --check\n"
    "\n"
    "Print which RPC the HTTP rules find for a request, and the request message that it gets, as\n"
    "canonical JSON; or the error that the gateway would answer with. Nothing is called.\n"
    "\n"
    "  METHOD              as in HTTP: GET, POST, PATCH, ...; case matters\n"
    "  URL                 path and query, percent-encoded; http://HOST before it is ignored\n"
    "  BODY                JSON text; - reads it from standard input\n"
    "  --descriptors FILE  FileDescriptorSet of any .proto files, as protoc --descriptor_set_out\n"
    "                      writes it with --include_imports; this catalog's when absent\n"
    "  --rules FILE        YAML whose http.rules are HttpRules of google/api/http.proto, as in\n"
    "                      openapi/nexus.yaml, which is taken when absent\n"
    "  --defaults          also print fields that have their default value\n"
    "  --check             only check the rules against the descriptors\n"
    "  --help              show this text\n"
    "\n"
    "The first line of the output is the RPC, the second the message. Headers (If-Match,\n"
    "Idempotency-Key) have no part in it. Of an RPC that takes a stream, BODY is one message.\n"
    "A PATCH without updateMask gets the mask that the gateway makes of the body.\n"
    "\n"
    "Exit status: 0 a rule matched; 1 the request is refused, with the error on standard output;\n"
    "2 wrong usage, or rules or descriptors that cannot be used, with file and line on standard\n"
    "error.\n"
    "\n"
    "Examples:\n"
    "  $ nexus-transcode GET '/v1/products?pageSize=5&filter=brand%3D%22Hearth%22'\n"
    "  nexus.catalog.v1.CatalogService.ListProducts\n"
    "  {\"pageSize\":5,\"filter\":\"brand=\\\"Hearth\\\"\"}\n"
    "\n"
    "  $ nexus-transcode PATCH /v1/products/7 '{\"title\": \"Kettle\"}'\n"
    "  nexus.catalog.v1.CatalogService.UpdateProduct\n"
    "  {\"product\":{\"name\":\"products/7\",\"title\":\"Kettle\"},\"updateMask\":\"title\"}\n"
    "\n"
    "  $ nexus-transcode --descriptors shop.protoset --rules shop.yaml POST /v1/orders - "
    "<order.json\n"
    "\n"
    "A rules file needs no more than this:\n"
    "  http:\n"
    "    rules:\n"
    "      - selector: shop.v1.Orders.CreateOrder\n"
    "        post: /v1/orders\n"
    "        body: order\n";

struct options {
    const char *descriptors;
    const char *rules;
    bool defaults;
    bool only_check;
    const char *method;
    const char *url;
    const char *body;
};

/* What the options name, loaded. */
struct tool {
    struct oas_spec *spec;
    struct dyn_set set;
    struct gw_router *router;
};

/* --- Options --- */

static int fail_usage(const char *message)
{
    fprintf(stderr, "nexus-transcode: %s\nTry 'nexus-transcode --help'.\n", message);
    return EXIT_USAGE;
}

static int take_arguments(int argc, char **argv, struct options *options)
{
    int count = argc - optind;
    if (options->only_check)
        return count == 0 ? -1 : fail_usage("--check takes no request");
    if (count < 2 || count > 3)
        return fail_usage("METHOD and URL are needed, and one BODY at most");
    options->method = argv[optind];
    options->url = argv[optind + 1];
    options->body = count == 3 ? argv[optind + 2] : "";
    return -1;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"descriptors", required_argument, NULL, 'd'},
        {"rules", required_argument, NULL, 'r'},
        {"defaults", no_argument, NULL, 'a'},
        {"check", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'd':
            options->descriptors = optarg;
            break;
        case 'r':
            options->rules = optarg;
            break;
        case 'a':
            options->defaults = true;
            break;
        case 'c':
            options->only_check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            return EXIT_USAGE;
        }
    }
    return take_arguments(argc, argv, options);
}

/* --- Loading --- */

/* The rules that were installed with this program, or else those that it was built with. */
static const char *default_rules(struct nx_arena *arena)
{
    char program[MAX_PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len <= 0)
        return NEXUS_API_SPEC;
    program[len] = '\0';
    const char *installed =
        nx_arena_printf(arena, "%s/../share/nexus/nexus.yaml", dirname(program));
    return installed && access(installed, R_OK) == 0 ? installed : NEXUS_API_SPEC;
}

/* A status of the descriptors, with their file's name before it. */
static nx_status name_file(nx_status status, const char *file, struct nx_arena *arena)
{
    if (status.code != NX_INVALID_ARGUMENT)
        return status;
    return nx_fail(arena, NX_INVALID_ARGUMENT, "%s: %s", file, nx_status_message(status));
}

static nx_status load_descriptors(const struct options *options, struct nx_arena *arena,
                                  struct dyn_set *set, struct oas_model *model)
{
    struct nx_str bytes = nexus_descriptors();
    const char *file = options->descriptors ? options->descriptors : "the built-in descriptors";
    if (options->descriptors)
        NX_TRY(cfg_file_read(options->descriptors, MAX_DESCRIPTOR_BYTES, arena, &bytes));
    NX_TRY(name_file(dyn_set_build(bytes, arena, set), file, arena));
    return name_file(oas_model_build(bytes, arena, model), file, arena);
}

static nx_status load(const struct options *options, struct nx_arena *arena, struct tool *tool)
{
    struct oas_model model;
    const char *rules = options->rules ? options->rules : default_rules(arena);
    NX_TRY(oas_spec_load(rules, arena, &tool->spec));
    NX_TRY(load_descriptors(options, arena, &tool->set, &model));
    NX_TRY(gw_router_compile(tool->spec, rules, tool->set.services, tool->set.service_count, arena,
                             &tool->router));
    return gw_router_learn(tool->router, &model, arena);
}

static nx_status read_input(struct nx_arena *arena, struct nx_str *ret_body)
{
    char *body = nx_arena_alloc(arena, MAX_BODY_BYTES);
    if (!body)
        return nx_fail_memory();
    size_t len = fread(body, 1, MAX_BODY_BYTES, stdin);
    if (ferror(stdin) || len == MAX_BODY_BYTES)
        return nx_fail(arena, NX_INVALID_ARGUMENT,
                       "the standard input cannot be read, or has 16 MiB or more");
    *ret_body = (struct nx_str){body, len};
    return NX_STATUS_OK;
}

/* --- The request --- */

static const ProtobufCMessageDescriptor *resolve(void *set, struct nx_str full_name)
{
    return dyn_set_message(set, full_name);
}

/* As the gateway routes. `ret_http`: what it would answer, when that is not its code's. */
static nx_status find_route(const struct tool *tool, const struct options *options,
                            struct nx_str path, struct nx_arena *arena, struct gw_match *match,
                            unsigned *ret_http)
{
    NX_TRY(gw_router_match_method(tool->router, options->method, path, arena, match));
    if (match->route)
        return NX_STATUS_OK;
    *ret_http = match->allowed == 0 ? 404 : 405;
    if (match->allowed == 0)
        return nx_fail(arena, NX_NOT_FOUND, "there is nothing at this path");
    return nx_fail(arena, NX_UNIMPLEMENTED, "this path does not have the method %.20s",
                   options->method);
}

static nx_status transcode(const struct tool *tool, const struct options *options,
                           struct nx_str body, struct nx_arena *arena, struct nx_buf *out,
                           unsigned *ret_http)
{
    const struct pbj_write_options form = {
        .omit_defaults = !options->defaults,
        .resolve = resolve,
        .resolve_context = (void *)&tool->set,
    };
    struct gw_input input = {.body = body, .max_depth = MAX_DEPTH};
    struct gw_match match;
    struct nx_str path;
    ProtobufCMessage *message;
    gw_url_split(nx_str_from(options->url), &path, &input.query);
    NX_TRY(find_route(tool, options, path, arena, &match, ret_http));
    NX_TRY(gw_transcode(&match, &input, arena, &message));
    nx_buf_append_str(out, nx_str_from(match.route->rule->selector));
    nx_buf_append_char(out, '\n');
    NX_TRY(pbj_write(message, &form, arena, out));
    nx_buf_append_char(out, '\n');
    return out->failed ? nx_fail_memory() : NX_STATUS_OK;
}

/* Print the RPC and its message, or the error. Returns the exit status. */
static int answer(const struct tool *tool, const struct options *options, struct nx_str body,
                  struct nx_arena *arena)
{
    struct nx_buf out;
    unsigned http = 0;
    unsigned retry_after_s = 0;
    const struct pbj_write_options form = {.omit_defaults = false};
    nx_buf_init(&out, MAX_ANSWER_BYTES);
    nx_status status = transcode(tool, options, body, arena, &out, &http);
    if (status.code != NX_OK) {
        out.len = 0;
        out.failed = false;
        gw_error_write(status, http ? http : gw_error_http_status(status.code), &form, arena, &out,
                       &retry_after_s);
    }
    struct nx_str text = nx_buf_str(&out);
    bool written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    nx_buf_cleanup(&out);
    if (!written)
        return fail_usage("standard output cannot be written");
    return status.code == NX_OK ? EXIT_SUCCESS : EXIT_REFUSED;
}

static int run(const struct options *options, struct nx_arena *arena)
{
    struct tool tool = {.spec = NULL};
    struct nx_str body = nx_str_from(options->body ? options->body : "");
    int exit_status = EXIT_USAGE;
    nx_status status = load(options, arena, &tool);
    if (status.code == NX_OK && nx_str_equal(body, NX_STR("-")))
        status = read_input(arena, &body);
    if (status.code != NX_OK)
        fprintf(stderr, "nexus-transcode: %s\n", nx_status_message(status));
    else if (options->only_check)
        exit_status = printf("the rules are valid\n") > 0 ? EXIT_SUCCESS : EXIT_USAGE;
    else
        exit_status = answer(&tool, options, body, arena);
    oas_spec_destroy(tool.spec);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct options options = {.descriptors = NULL};
    int exit_status = parse_options(argc, argv, &options);
    if (exit_status >= 0)
        return exit_status;
    struct nx_arena *arena = nx_arena_new(ARENA_BYTES);
    if (!arena)
        return fail_usage("out of memory");
    exit_status = run(&options, arena);
    nx_arena_destroy(arena);
    return exit_status;
}
