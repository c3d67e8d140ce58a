#include "gw_static.h"

#include "nx_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES ((off_t)16 << 20)
#define HASH_BYTES 16

/* Where a file is found. */
enum place { IN_DOCS, IN_ASSETS, DOCUMENT };

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const struct source {
    const char *path;
    const char *content_type; /* NULL: a redirection to `file` */
    enum place place;
    const char *file; /* of the document: what replaces its ".json" */
} sources[] = {
    {"/", NULL, IN_DOCS, "/docs"},
    {"/docs", HTML, IN_DOCS, "index.html"},
    {"/docs/", NULL, IN_DOCS, "/docs"},
    {"/docs/docs.css", CSS, IN_DOCS, "docs.css"},
    {"/docs/docs.js", SCRIPT, IN_DOCS, "docs.js"},
    {"/docs/swagger-ui.css", CSS, IN_ASSETS, "swagger-ui.css"},
    {"/docs/swagger-ui-bundle.js", SCRIPT, IN_ASSETS, "swagger-ui-bundle.js"},
    {"/docs/favicon-16x16.png", "image/png", IN_ASSETS, "favicon-16x16.png"},
    {"/docs/favicon-32x32.png", "image/png", IN_ASSETS, "favicon-32x32.png"},
    {"/openapi.json", "application/json", DOCUMENT, ".json"},
    {"/openapi.yaml", "application/yaml", DOCUMENT, ".yaml"},
};

#define FILE_COUNT (sizeof sources / sizeof *sources)

struct gw_static {
    bool loaded[FILE_COUNT];
    struct gw_static_file files[FILE_COUNT];
};

static const char *file_name(const struct source *source, const struct gw_static_options *options,
                             struct nx_arena *arena)
{
    if (source->place != DOCUMENT)
        return nx_arena_printf(arena, "%s/%s",
                               source->place == IN_DOCS ? options->docs_dir : options->assets_dir,
                               source->file);
    struct nx_str stem = nx_str_from(options->document);
    struct nx_str suffix = NX_STR(".json");
    if (stem.len > suffix.len &&
        memcmp(stem.ptr + stem.len - suffix.len, suffix.ptr, suffix.len) == 0)
        stem.len -= suffix.len;
    return nx_arena_printf(arena, "%.*s%s", (int)stem.len, stem.ptr, source->file);
}

static nx_status read_all(int fd, size_t size, struct nx_arena *arena, struct nx_str *ret_content)
{
    char *content = nx_arena_alloc(arena, size);
    if (!content)
        return nx_fail_memory();
    size_t len = 0;
    while (len < size) {
        ssize_t count = read(fd, content + len, size - len);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        len += (size_t)count;
    }
    *ret_content = (struct nx_str){content, len};
    return NX_STATUS_OK;
}

/* False, with errno: it cannot be read. */
static bool open_file(const char *name, int *ret_fd, size_t *ret_size)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0)
        return false;
    errno = EINVAL;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > MAX_FILE_BYTES) {
        close(fd);
        return false;
    }
    *ret_fd = fd;
    *ret_size = (size_t)info.st_size;
    return true;
}

static const char *etag_of(struct nx_str content, struct nx_arena *arena)
{
    unsigned char hash[HASH_BYTES];
    char hex[2 * HASH_BYTES + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)content.ptr, content.len, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    return nx_arena_printf(arena, "\"%s\"", hex);
}

/* Keep the content in every coding that makes it shorter. */
static nx_status code(struct gw_static_file *file, struct nx_arena *arena)
{
    for (int coding = GW_GZIP; coding < GW_CODING_COUNT; coding++) {
        struct nx_buf coded;
        nx_buf_init(&coded, 2 * MAX_FILE_BYTES);
        bool is_shorter = gw_coding_encode((enum gw_coding)coding, file->content, &coded) &&
                          coded.len < file->content.len;
        char *copy = is_shorter ? nx_arena_alloc(arena, coded.len) : NULL;
        if (copy)
            file->coded[coding] = (struct nx_str){memcpy(copy, coded.ptr, coded.len), coded.len};
        nx_buf_cleanup(&coded);
        if (is_shorter && !copy)
            return nx_fail_memory();
    }
    return NX_STATUS_OK;
}

static nx_status load(struct gw_static *files, size_t index, const char *name,
                      struct nx_arena *arena)
{
    int fd;
    size_t size;
    if (!open_file(name, &fd, &size)) {
        nx_log(NX_LOG_WARN, "not_served", "path", sources[index].path, "file", name, "error",
               strerror(errno), NULL);
        return NX_STATUS_OK;
    }
    struct gw_static_file *file = &files->files[index];
    nx_status status = read_all(fd, size, arena, &file->content);
    close(fd);
    NX_TRY(status);
    file->content_type = sources[index].content_type;
    file->etag = etag_of(file->content, arena);
    NX_TRY(code(file, arena));
    files->loaded[index] = true;
    return file->etag ? NX_STATUS_OK : nx_fail_memory();
}

nx_status gw_static_load(const struct gw_static_options *options, struct nx_arena *arena,
                         struct gw_static **ret_files)
{
    struct gw_static *files = nx_arena_calloc(arena, 1, sizeof *files);
    if (!files)
        return nx_fail_memory();
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (!sources[i].content_type) {
            files->files[i].location = sources[i].file;
            files->loaded[i] = true;
            continue;
        }
        const char *name = file_name(&sources[i], options, arena);
        if (!name)
            return nx_fail_memory();
        NX_TRY(load(files, i, name, arena));
    }
    *ret_files = files;
    return NX_STATUS_OK;
}

const struct gw_static_file *gw_static_find(const struct gw_static *files, struct nx_str path)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (nx_str_equal(nx_str_from(sources[i].path), path))
            return files->loaded[i] ? &files->files[i] : NULL;
    }
    return NULL;
}
