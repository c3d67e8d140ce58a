/* nexusctl: what an operator does to a catalog. */
#include "ctl.h"
#include "nx_log.h"
#include "svc_config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)

static const struct command {
    const char *name;
    int (*run)(struct ctl *ctl);
    const char *help;
} commands[] = {
    {"migrate", ctl_migrate,
     "migrate up            apply the migrations that are missing\n"
     "  migrate down [N]      revert the last N (1); their data are lost\n"
     "  migrate status        list the migrations"},
    {"purge", ctl_purge,
     "purge [--dry-run]     remove for good what was deleted and is past its purge_time; or count "
     "it"},
    {"seed", ctl_seed,
     "seed [--count N]      add the sample catalog: a shop of 13 categories and N products (150);\n"
     "                        more than 150 are those of a large shop with 426 categories more.\n"
     "                        An empty database of the role's own is filled without its indexes,\n"
     "                        which are made at the end: a million take about a minute, and calls\n"
     "                        wait, or are slow, meanwhile. Ctrl-C leaves the database as it was,\n"
     "                        or, once all rows are there, some indexes for index-build"},
    {"index-attribute", ctl_index_attribute,
     "index-attribute KEY TYPE\n"
     "                        let lists be ordered by attributes.KEY, and find ranges of it fast;\n"
     "                        TYPE is text, number or boolean: values of others count as absent.\n"
     "                        Built beside the running service\n"
     "  index-attribute --drop KEY\n"
     "  index-attribute --list"},
    {"index-order", ctl_index_order,
     "index-order ORDER     read pages of lists by several fields, \"brand, title\", from an "
     "index\n"
     "                        of them, also where many products are equal in the first. Built\n"
     "                        beside the running service\n"
     "  index-order --drop ORDER\n"
     "  index-order --list"},
    {"index-build", ctl_index_build,
     "index-build           make the indexes that an interrupted seed has left out; writers wait"},
    {"status", ctl_status,
     "status                what the database holds, and whether it is current"},
};

int ctl_fail(nx_status status)
{
    fprintf(stderr, "nexusctl: %s\n", nx_status_message(status));
    return EXIT_FAILURE;
}

int ctl_usage(const char *command, const char *what)
{
    fprintf(stderr, "nexusctl %s: %s\nTry: nexusctl --help\n", command, what);
    return 2;
}

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
    (void)number;
    is_interrupted = 1;
}

void ctl_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool ctl_is_interrupted(void)
{
    return is_interrupted;
}

bool ctl_number(const char *text, long long most, long long *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > most)
        return false;
    *ret_number = number;
    return true;
}

static int print_help(void)
{
    puts("nexusctl: care for a product catalog\n"
         "\n"
         "  nexusctl [--config FILE] COMMAND\n"
         "\n"
         "Commands");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  %s\n", commands[i].help);
    puts("\n"
         "All may be repeated: what is done already is left alone. The database is DATABASE_URL, "
         "or\n"
         "POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD, or libpq's PG* variables; migrations "
         "need a\n"
         "role that owns it. Exit code: 0 done, 1 failed, 2 wrong usage.");
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv, const char *file)
{
    const struct command *command = NULL;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[0], commands[i].name) == 0)
            command = &commands[i];
    }
    if (!command)
        return ctl_usage(argv[0], "there is no such command");
    struct ctl ctl = {.arena = nx_arena_new(ARENA_BYTES), .argc = argc, .argv = argv};
    if (!ctl.arena)
        return ctl_fail(nx_fail_memory());
    struct svc_config config;
    nx_status status = svc_config_load(file, ctl.arena, &config, &ctl.conninfo);
    nx_log_set_level(NX_LOG_WARN); /* a command speaks for itself */
    int exit_code = status.code == NX_OK ? command->run(&ctl) : ctl_fail(status);
    nx_arena_destroy(ctl.arena);
    return exit_code;
}

int main(int argc, char **argv)
{
    const char *file = NULL;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--config") == 0) {
        file = argv[2];
        first = 3;
    }
    if (first >= argc || strcmp(argv[first], "--help") == 0 || strcmp(argv[first], "-h") == 0) {
        print_help();
        return first >= argc ? 2 : EXIT_SUCCESS;
    }
    if (strcmp(argv[first], "--version") == 0) {
        puts("nexusctl " NEXUS_VERSION);
        return EXIT_SUCCESS;
    }
    return run(argc - first, argv + first, file);
}
