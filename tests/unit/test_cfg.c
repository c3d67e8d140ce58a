/* Configuration: defaults, file, environment; and that whatever is wrong is named by its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfg_load.h"

struct config {
    const char *listen;
    uint64_t threads;
    bool tls;
    const char *url;
};

static const struct cfg_key keys[] = {
    {"http", "listen", CFG_STRING, offsetof(struct config, listen), "127.0.0.1:8080", 1, 64,
     "address and port"},
    {"database", "url", CFG_STRING, offsetof(struct config, url), NULL, 0, 0, "where it is"},
    {"http", "threads", CFG_UINT, offsetof(struct config, threads), "2", 1, 16, "of the pool"},
    {"http", "tls", CFG_BOOL, offsetof(struct config, tls), NULL, 0, 0, NULL},
};
#define KEY_COUNT (sizeof keys / sizeof keys[0])

struct fixture {
    struct nx_arena *arena;
    char file[64];
};

static const char *const variables[] = {
    "NEXUS_HTTP_LISTEN",  "NEXUS_HTTP_THREADS",      "NEXUS_HTTP_TLS",    "NEXUS_DATABASE_URL",
    "DATABASE_URL",       "NEXUS_DATABASE_URL_FILE", "POSTGRES_HOST",     "POSTGRES_PORT",
    "POSTGRES_DB",        "POSTGRES_USER",           "POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE",
    "NEXUS_HTTP_TLS_FILE"};

static void clear_environment(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->arena = nx_arena_new((size_t)8 * 1024 * 1024);
    assert_non_null(fixture->arena);
    snprintf(fixture->file, sizeof fixture->file, "test_cfg_XXXXXX");
    int fd = mkstemp(fixture->file);
    assert_true(fd >= 0);
    close(fd);
    clear_environment();
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->file);
    nx_arena_destroy(fixture->arena);
    free(fixture);
    return 0;
}

static void write_file(const struct fixture *fixture, struct nx_str text)
{
    FILE *out = fopen(fixture->file, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text.ptr, 1, text.len, out), text.len);
    assert_int_equal(fclose(out), 0);
}

static nx_status load(const struct fixture *fixture, struct nx_str text, struct config *ret_config)
{
    write_file(fixture, text);
    return cfg_load(keys, KEY_COUNT, fixture->file, fixture->arena, ret_config);
}

static void test_cfg__defaults_without_a_file(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    assert_int_equal(cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config).code, NX_OK);
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_int_equal(config.threads, 2);
    assert_false(config.tls);
    assert_string_equal(config.url, "");
}

static void test_cfg__file_then_environment_win(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    setenv("NEXUS_HTTP_THREADS", "7", 1);
    setenv("NEXUS_HTTP_TLS", "", 1);
    nx_status status = load(fixture,
                            NX_STR("# what a comment says\n"
                                   "http:\n  threads: 5\n  listen: \"[::1]:1\"\n  tls: true\n"
                                   "database:\n  # all commented out\n"),
                            &config);
    assert_string_equal(nx_status_message(status), "");
    assert_string_equal(config.listen, "[::1]:1");
    assert_int_equal(config.threads, 7);
    assert_true(config.tls); /* an empty variable counts as not set */
    assert_string_equal(config.url, "");
}

static void test_cfg__empty_file_is_all_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    assert_int_equal(load(fixture, NX_STR(""), &config).code, NX_OK);
    assert_int_equal(load(fixture, NX_STR("# nothing\n"), &config).code, NX_OK);
    assert_int_equal(config.threads, 2);
}

static void test_cfg__value_from_a_named_file(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    write_file(fixture, NX_STR("postgresql://u:p@h/d\r\n"));
    setenv("NEXUS_DATABASE_URL_FILE", fixture->file, 1);
    assert_int_equal(cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config).code, NX_OK);
    assert_string_equal(config.url, "postgresql://u:p@h/d");

    setenv("NEXUS_DATABASE_URL", "x", 1);
    nx_status status = cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config);
    assert_string_equal(
        nx_status_message(status),
        "NEXUS_DATABASE_URL_FILE: set beside NEXUS_DATABASE_URL; only one can count");

    unsetenv("NEXUS_DATABASE_URL");
    setenv("NEXUS_DATABASE_URL_FILE", "no/such/file", 1);
    status = cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config);
    assert_string_equal(nx_status_message(status),
                        "NEXUS_DATABASE_URL_FILE: no/such/file: No such file or directory");
}

struct bad_file {
    struct nx_str text;
    const char *message; /* behind the file's name */
};

static const struct bad_file bad_files[] = {
    {NX_STR("http:\n  listen: a\n  colour: red\n"),
     ":3: unknown key 'colour' (known: listen, threads, tls)"},
    {NX_STR("http:\n  tls: true\nftp:\n  x: y\n"), ":3: unknown key 'ftp' (known: http, database)"},
    {NX_STR("http:\n  tls: true\n  tls: true\n"), ":3: 'tls' is there twice"},
    {NX_STR("\nhttp:\n\n  threads: many\n"),
     ":4: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads: 0\n"), ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads: 17\n"), ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads: -1\n"), ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads: 0x3\n"), ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads:\n"), ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  threads: 18446744073709551617\n"),
     ":2: http.threads must be a whole number from 1 to 16"},
    {NX_STR("http:\n  tls: yes\n"), ":2: http.tls must be true or false"},
    {NX_STR("http:\n  listen: ''\n"), ":2: http.listen must be text with a length from 1 to 64"},
    {NX_STR("http:\n  listen: [a]\n"), ":2: listen must be a single value"},
    {NX_STR("http: 5\n"), ":1: http must be a mapping of keys"},
    {NX_STR("- http\n"), ":1: the file must be a mapping of keys"},
    {NX_STR("http:\n  ? [a]\n  : b\n"), ":2: a key must be a word"},
    {NX_STR("http:\n  listen: \"a\\0b\"\n"), ":2: NUL in a value"},
    {NX_STR("http: &x\n  listen: a\ndatabase: *x\n"), ":3: aliases are not supported"},
    {NX_STR("http:\n  listen: a\n---\nhttp: {}\n"), ":3: a second document"},
    {NX_STR("http:\n  listen: {a\n"), ":3: did not find expected ',' or '}'"},
    {NX_STR("http:\n  listen: a\n  tls: \xff\n"), ":3: invalid leading UTF-8 octet"},
};

static void test_cfg__bad_file_names_its_line(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        struct config config = {.threads = 99};
        nx_status status = load(fixture, bad_files[i].text, &config);
        char expected[256];
        snprintf(expected, sizeof expected, "%s%s", fixture->file, bad_files[i].message);
        assert_string_equal(nx_status_message(status), expected);
        assert_int_equal(status.code, NX_INVALID_ARGUMENT);
    }
}

static void test_cfg__nesting_and_size_are_capped(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    size_t len = CFG_MAX_FILE_BYTES + 1;
    char *text = calloc(1, len);
    assert_non_null(text);
    memset(text, '[', len);
    nx_status status = load(fixture, (struct nx_str){text, 200}, &config);
    assert_non_null(strstr(nx_status_message(status), ":1: nested too deeply"));

    memset(text, '#', len);
    assert_int_equal(load(fixture, (struct nx_str){text, len - 1}, &config).code, NX_OK);
    status = load(fixture, (struct nx_str){text, len}, &config);
    assert_non_null(strstr(nx_status_message(status), "larger than 1048576 bytes"));
    free(text);
}

static void test_cfg__missing_file_and_directory(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    nx_status status = cfg_load(keys, KEY_COUNT, "no/such/file", fixture->arena, &config);
    assert_string_equal(nx_status_message(status), "no/such/file: No such file or directory");
    status = cfg_load(keys, KEY_COUNT, ".", fixture->arena, &config);
    assert_string_equal(nx_status_message(status), ".: Is a directory");
}

static void test_cfg__bad_variable_is_named_but_not_its_value(void **state)
{
    struct fixture *fixture = *state;
    struct config config;
    setenv("NEXUS_HTTP_THREADS", "hunter2", 1);
    nx_status status = cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config);
    assert_string_equal(nx_status_message(status),
                        "NEXUS_HTTP_THREADS: http.threads must be a whole number from 1 to 16");
    clear_environment();
    setenv("NEXUS_DATABASE_URL", "\xc3(", 1);
    status = cfg_load(keys, KEY_COUNT, NULL, fixture->arena, &config);
    assert_string_equal(nx_status_message(status),
                        "NEXUS_DATABASE_URL: database.url must be valid UTF-8");
}

static void test_cfg__running_out_of_arena_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, NX_STR("http: {threads: 5, listen: a}\ndatabase: {url: b}\n"));
    nx_status status = NX_STATUS_OK;
    for (size_t cap = 0; cap < 65536; cap += 64) {
        struct nx_arena *arena = nx_arena_new(cap);
        assert_non_null(arena);
        struct config config;
        status = cfg_load(keys, KEY_COUNT, fixture->file, arena, &config);
        if (status.code != NX_OK)
            assert_int_equal(status.code, NX_RESOURCE_EXHAUSTED);
        nx_arena_destroy(arena);
    }
    assert_int_equal(status.code, NX_OK);
}

static const char *conninfo(const struct fixture *fixture, const char *configured)
{
    const char *text = NULL;
    nx_status status = cfg_database_conninfo(fixture->arena, configured, &text);
    assert_string_equal(nx_status_message(status), "");
    return text;
}

static void test_cfg__database_sources_in_order(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(conninfo(fixture, NULL), "");
    setenv("POSTGRES_HOST", "db", 1);
    setenv("POSTGRES_PASSWORD", "it's a \\ secret", 1);
    assert_string_equal(conninfo(fixture, ""), "host='db' password='it\\'s a \\\\ secret'");
    setenv("DATABASE_URL", "postgresql:///x", 1);
    assert_string_equal(conninfo(fixture, ""), "postgresql:///x");
    assert_string_equal(conninfo(fixture, "host=y"), "host=y");
}

static void test_cfg__database_password_from_a_file(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture, NX_STR("pass\n"));
    setenv("POSTGRES_PASSWORD_FILE", fixture->file, 1);
    setenv("POSTGRES_USER", "nexus", 1);
    assert_string_equal(conninfo(fixture, NULL), "user='nexus' password='pass'");
}

static void test_cfg__help_lists_every_key(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    cfg_print_help(keys, KEY_COUNT, out);
    fclose(out);
    assert_non_null(
        strstr(text, "  http.threads (default 2)\n      NEXUS_HTTP_THREADS: of the pool\n"));
    assert_non_null(strstr(text, "NEXUS_DATABASE_URL: where it is\n"));
    assert_non_null(strstr(text, "NEXUS_HTTP_TLS\n"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cfg__defaults_without_a_file),
        TEST(test_cfg__file_then_environment_win),
        TEST(test_cfg__empty_file_is_all_defaults),
        TEST(test_cfg__value_from_a_named_file),
        TEST(test_cfg__bad_file_names_its_line),
        TEST(test_cfg__nesting_and_size_are_capped),
        TEST(test_cfg__missing_file_and_directory),
        TEST(test_cfg__bad_variable_is_named_but_not_its_value),
        TEST(test_cfg__running_out_of_arena_is_an_error),
        TEST(test_cfg__database_sources_in_order),
        TEST(test_cfg__database_password_from_a_file),
        TEST(test_cfg__help_lists_every_key),
    };
    return cmocka_run_group_tests_name("cfg", tests, NULL, NULL);
}
