/* Makes C out of the SQL files:  store_embed SQL_FOLDER MIGRATIONS_FOLDER OUT_FOLDER
 *
 *   store_sql.h         enum store_sql: one constant for each SQL_FOLDER/NAME.sql; and a literal
 *                       STORE_FRAGMENT_NAME for each SQL_FOLDER/fragments/NAME.sql
 *   store_sql.c         their texts, without the lines that are comments, and with @NAME@
 *                       replaced by SQL_FOLDER/fragments/NAME.sql
 *   store_migrations.c  the pairs NNN_name.up.sql and NNN_name.down.sql, as they are
 *
 * A file whose contents would not change is not written, so that a build stays small. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nx_buf.h"
#include "nx_str.h"

#define MAX_TEXT_BYTES ((size_t)16 << 20)
#define MAX_FRAGMENT_DEPTH 8
#define MAX_PATH_BYTES 4096

/* Writes the C text of one output; false once it has said what is wrong. */
typedef bool (*emitter)(const char *folder, struct nx_buf *out);

static bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("store_embed: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return false;
}

static bool join_path(char path[MAX_PATH_BYTES], const char *folder, const char *file,
                      const char *suffix)
{
    int len = snprintf(path, MAX_PATH_BYTES, "%s/%s%s", folder, file, suffix);
    return (len > 0 && len < MAX_PATH_BYTES) ||
           complain("%s/%s: the path is too long", folder, file);
}

/* Append a file to the buffer. Missing is an error only to the caller: errno is kept. */
static bool read_file(const char *path, struct nx_buf *out)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char chunk[8192];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        nx_buf_append(out, chunk, got);
    bool good = !ferror(file) && !out->failed;
    (void)fclose(file);
    if (good && out->len > 0 && memchr(out->ptr, '\0', out->len))
        return complain("%s: has a NUL byte", path);
    return good;
}

static bool read_text(const char *path, struct nx_buf *out)
{
    return read_file(path, out) || complain("%s: cannot be read", path);
}

/* --- C text --- */

static void put_char(struct nx_buf *out, unsigned char c)
{
    if (c == '"' || c == '\\' || c == '?') { /* "?": no trigraphs */
        nx_buf_append_char(out, '\\');
        nx_buf_append_char(out, (char)c);
    } else if (c >= 0x20 && c < 0x7f) {
        nx_buf_append_char(out, (char)c);
    } else {
        nx_buf_printf(out, "\\%03o", c);
    }
}

static void put_literal(struct nx_buf *out, struct nx_str text)
{
    nx_buf_append_str(out, NX_STR("\n        \""));
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\n') {
            put_char(out, (unsigned char)text.ptr[i]);
        } else {
            nx_buf_append_str(out, NX_STR("\\n"));
            if (i + 1 < text.len)
                nx_buf_append_str(out, NX_STR("\"\n        \""));
        }
    }
    nx_buf_append_char(out, '"');
}

/* A literal on the line that has been begun. */
static void put_line(struct nx_buf *out, struct nx_str text)
{
    nx_buf_append_str(out, NX_STR(" \""));
    for (size_t i = 0; i < text.len; i++)
        put_char(out, (unsigned char)text.ptr[i]);
    nx_buf_append_char(out, '"');
}

static struct nx_str trimmed(struct nx_str text)
{
    while (text.len > 0 && isspace((unsigned char)text.ptr[text.len - 1]))
        text.len--;
    while (text.len > 0 && isspace((unsigned char)*text.ptr)) {
        text.ptr++;
        text.len--;
    }
    return text;
}

/* --- Fragments --- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name between two @ at the start of the text; empty when it is not a reference. */
static struct nx_str reference_name(struct nx_str text)
{
    size_t len = 0;
    while (1 + len < text.len && is_name_char(text.ptr[1 + len]))
        len++;
    bool closed = 1 + len < text.len && text.ptr[1 + len] == '@';
    return (struct nx_str){text.ptr + 1, closed ? len : 0};
}

static bool expand(const char *folder, const char *path, unsigned depth, struct nx_buf *out);

static bool expand_reference(const char *folder, const char *path, struct nx_str name,
                             unsigned depth, struct nx_buf *out)
{
    char file[MAX_PATH_BYTES];
    char fragment[MAX_PATH_BYTES];
    if (depth == MAX_FRAGMENT_DEPTH)
        return complain("%s: @%.*s@ is nested too deep", path, (int)name.len, name.ptr);
    int len = snprintf(file, sizeof file, "fragments/%.*s", (int)name.len, name.ptr);
    if (len < 0 || (size_t)len >= sizeof file || !join_path(fragment, folder, file, ".sql"))
        return false;
    return expand(folder, fragment, depth + 1, out) ||
           complain("%s: @%.*s@ cannot be included", path, (int)name.len, name.ptr);
}

static bool expand_line(const char *folder, const char *path, struct nx_str line, unsigned depth,
                        struct nx_buf *out)
{
    if (nx_str_starts_with(trimmed(line), NX_STR("--")))
        return true;
    while (line.len > 0) {
        size_t used = 1;
        struct nx_str name = {NULL, 0};
        if (*line.ptr == '@')
            name = reference_name(line);
        if (name.len > 0) {
            if (!expand_reference(folder, path, name, depth, out))
                return false;
            used = name.len + 2;
        } else {
            nx_buf_append_char(out, *line.ptr);
        }
        line.ptr += used;
        line.len -= used;
    }
    return true;
}

/* Append the text of a file with its fragments, without comment lines and outer white space. */
static bool expand(const char *folder, const char *path, unsigned depth, struct nx_buf *out)
{
    struct nx_buf source;
    struct nx_buf text;
    nx_buf_init(&source, MAX_TEXT_BYTES);
    nx_buf_init(&text, MAX_TEXT_BYTES);
    bool good = read_text(path, &source);
    struct nx_str rest = nx_buf_str(&source);
    while (good && rest.len > 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) + 1 : rest.len;
        good = expand_line(folder, path, (struct nx_str){rest.ptr, len}, depth, &text);
        rest.ptr += len;
        rest.len -= len;
    }
    struct nx_str all = trimmed(nx_buf_str(&text));
    if (good && all.len == 0)
        good = complain("%s: is empty", path);
    nx_buf_append_str(out, all);
    nx_buf_cleanup(&source);
    nx_buf_cleanup(&text);
    return good && !out->failed;
}

/* --- Folders --- */

static int is_sql_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

/* Call `each` for every SQL file of the folder, in the order of their names. */
static bool for_each_file(const char *folder, struct nx_buf *out,
                          bool (*each)(const char *folder, const char *file, struct nx_buf *out))
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_sql_file, alphasort);
    bool good = count >= 0 || complain("%s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        good = good && each(folder, entries[i]->d_name, out);
        free(entries[i]);
    }
    free(entries);
    return good;
}

static struct nx_str base_name(const char *file)
{
    return (struct nx_str){file, strlen(file) - strlen(".sql")};
}

/* Append PREFIX_NAME for the file NAME.sql. */
static bool emit_name(const char *prefix, const char *folder, const char *file, struct nx_buf *out)
{
    struct nx_str name = base_name(file);
    nx_buf_append_str(out, nx_str_from(prefix));
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.ptr[i]))
            return complain("%s/%s: a name has only a-z, 0-9 and _", folder, file);
        nx_buf_append_char(out, (char)toupper((unsigned char)name.ptr[i]));
    }
    return true;
}

static bool emit_constant(const char *folder, const char *file, struct nx_buf *out)
{
    bool good = emit_name("    STORE_SQL_", folder, file, out);
    nx_buf_append_str(out, NX_STR(",\n"));
    return good;
}

/* A macro, on one line. The folder is that of the fragments. */
static bool emit_fragment(const char *folder, const char *file, struct nx_buf *out)
{
    char path[MAX_PATH_BYTES];
    char parent[MAX_PATH_BYTES]; /* what the fragment's own references are relative to */
    struct nx_buf text;
    nx_buf_init(&text, MAX_TEXT_BYTES);
    bool good = join_path(path, folder, file, "") && join_path(parent, folder, "..", "") &&
                expand(parent, path, 0, &text) &&
                emit_name("#define STORE_FRAGMENT_", folder, file, out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n')
            text.ptr[i] = ' ';
    }
    if (good)
        put_line(out, nx_buf_str(&text));
    nx_buf_append_char(out, '\n');
    nx_buf_cleanup(&text);
    return good;
}

static bool emit_statement(const char *folder, const char *file, struct nx_buf *out)
{
    char path[MAX_PATH_BYTES];
    struct nx_str name = base_name(file);
    struct nx_buf text;
    nx_buf_init(&text, MAX_TEXT_BYTES);
    bool good = join_path(path, folder, file, "") && expand(folder, path, 0, &text);
    if (good) {
        nx_buf_printf(out, "    {\"%.*s\",", (int)name.len, name.ptr);
        put_literal(out, nx_buf_str(&text));
        nx_buf_append_str(out, NX_STR("},\n"));
    }
    nx_buf_cleanup(&text);
    return good;
}

static bool emit_sql_header(const char *folder, struct nx_buf *out)
{
    nx_buf_append_str(out, NX_STR("/* Generated from the SQL files. */\n"
                                  "#ifndef STORE_SQL_H\n#define STORE_SQL_H\n\n"
                                  "enum store_sql {\n"));
    char fragments[MAX_PATH_BYTES];
    bool good =
        for_each_file(folder, out, emit_constant) && join_path(fragments, folder, "fragments", "");
    nx_buf_append_str(out, NX_STR("    STORE_SQL_COUNT\n};\n\n"
                                  "struct store_sql_text {\n    const char *name;\n"
                                  "    const char *text;\n};\n\n"
                                  "/* Indexed by enum store_sql; a NULL name ends it. */\n"
                                  "extern const struct store_sql_text store_sql_texts[];\n\n"));
    good = good && for_each_file(fragments, out, emit_fragment);
    nx_buf_append_str(out, NX_STR("\n#endif\n"));
    return good;
}

static bool emit_sql_source(const char *folder, struct nx_buf *out)
{
    nx_buf_append_str(out, NX_STR("/* Generated from the SQL files. */\n"
                                  "#include \"store_sql.h\"\n\n"
                                  "const struct store_sql_text store_sql_texts[] = {\n"));
    bool good = for_each_file(folder, out, emit_statement);
    nx_buf_append_str(out, NX_STR("    {0, 0},\n};\n"));
    return good;
}

/* --- Migrations --- */

static bool emit_half(const char *folder, struct nx_str base, const char *suffix,
                      struct nx_buf *out)
{
    char file[MAX_PATH_BYTES];
    char path[MAX_PATH_BYTES];
    struct nx_buf text;
    nx_buf_init(&text, MAX_TEXT_BYTES);
    int len = snprintf(file, sizeof file, "%.*s", (int)base.len, base.ptr);
    bool good = len > 0 && (size_t)len < sizeof file && join_path(path, folder, file, suffix) &&
                read_text(path, &text);
    if (good)
        put_literal(out, nx_buf_str(&text));
    nx_buf_cleanup(&text);
    return good;
}

static bool ends_with(struct nx_str text, struct nx_str suffix)
{
    return text.len >= suffix.len &&
           memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

/* Whether it is NNN_name, without what follows. */
static bool is_migration_name(struct nx_str base)
{
    if (base.len < 5 || base.ptr[3] != '_')
        return false;
    for (size_t i = 0; i < base.len; i++) {
        bool is_digit = base.ptr[i] >= '0' && base.ptr[i] <= '9';
        if (i < 3 ? !is_digit : !is_name_char(base.ptr[i]))
            return false;
    }
    return true;
}

/* Either file of a pair must have the other; the pair is written once, for its "up". */
static bool emit_migration(const char *folder, const char *file, struct nx_buf *out)
{
    struct nx_buf pair;
    struct nx_str base = base_name(file);
    bool is_up = ends_with(base, NX_STR(".up"));
    base.len -= is_up ? strlen(".up") : ends_with(base, NX_STR(".down")) ? strlen(".down") : 0;
    if (base.len == strlen(file) - strlen(".sql") || !is_migration_name(base))
        return complain("%s/%s: is not named NNN_name.up.sql or NNN_name.down.sql", folder, file);
    nx_buf_init(&pair, 8 * MAX_TEXT_BYTES);
    nx_buf_printf(&pair, "    {%ld, \"%.*s\",", strtol(file, NULL, 10), (int)(base.len - 4),
                  base.ptr + 4);
    bool good = emit_half(folder, base, ".up.sql", &pair);
    nx_buf_append_char(&pair, ',');
    good = good && emit_half(folder, base, ".down.sql", &pair);
    nx_buf_append_str(&pair, NX_STR("},\n"));
    if (is_up)
        nx_buf_append_str(out, nx_buf_str(&pair));
    nx_buf_cleanup(&pair);
    return good;
}

static bool emit_migrations(const char *folder, struct nx_buf *out)
{
    nx_buf_append_str(out, NX_STR("/* Generated from the migrations. */\n"
                                  "#include \"store_migrate_internal.h\"\n\n"
                                  "const struct store_migration store_migrations[] = {\n"));
    bool good = for_each_file(folder, out, emit_migration);
    nx_buf_append_str(out, NX_STR("    {0, 0, 0, 0},\n};\n"));
    return good;
}

/* --- Outputs --- */

static bool write_file(const char *path, struct nx_str text)
{
    struct nx_buf old;
    nx_buf_init(&old, MAX_TEXT_BYTES);
    bool same = read_file(path, &old) && nx_str_equal(nx_buf_str(&old), text);
    nx_buf_cleanup(&old);
    if (same)
        return true;
    FILE *file = fopen(path, "wb");
    if (!file)
        return complain("%s: %s", path, strerror(errno));
    bool good = fwrite(text.ptr, 1, text.len, file) == text.len;
    return (fclose(file) == 0 && good) || complain("%s: cannot be written", path);
}

static bool produce(const char *folder, const char *out_folder, const char *file, emitter emit)
{
    char path[MAX_PATH_BYTES];
    struct nx_buf out;
    nx_buf_init(&out, 4 * MAX_TEXT_BYTES);
    bool good = join_path(path, out_folder, file, "") && emit(folder, &out);
    if (good && out.failed)
        good = complain("%s: is too large", path);
    good = good && write_file(path, nx_buf_str(&out));
    nx_buf_cleanup(&out);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)complain("usage: store_embed SQL_FOLDER MIGRATIONS_FOLDER OUT_FOLDER");
        return EXIT_FAILURE;
    }
    bool good = produce(argv[1], argv[3], "store_sql.h", emit_sql_header) &&
                produce(argv[1], argv[3], "store_sql.c", emit_sql_source) &&
                produce(argv[2], argv[3], "store_migrations.c", emit_migrations);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
