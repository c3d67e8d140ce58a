#include "cfg_program.h"

#include "nx_log.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void print_help(const struct cfg_program *program)
{
    printf("%s: %s\n"
           "\n"
           "  %s [--config FILE] [--check-config]\n"
           "\n"
           "Options\n"
           "  --config FILE   read the configuration from a YAML file\n"
           "  --check-config  only say whether %s is right\n"
           "  --version       print the version\n"
           "  --help          print this\n"
           "\n"
           "SIGTERM or SIGINT finishes what is under way, then stops; a second one stops at once.\n"
           "\n"
           "Configuration\n",
           program->name, program->summary, program->name, program->checks);
    cfg_print_help(program->keys, program->key_count, stdout);
}

static _Noreturn void refuse(const struct cfg_program *program, const char *word)
{
    if (word)
        fprintf(stderr, "%s: what is \"%s\"?\n", program->name, word);
    fprintf(stderr, "Try: %s --help\n", program->name);
    exit(2);
}

struct cfg_command_line cfg_program_parse(const struct cfg_program *program, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct cfg_command_line line = {.file = NULL};
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            line.file = optarg;
            break;
        case 'k':
            line.only_check = true;
            break;
        case 'v':
            printf("%s %s\n", program->name, program->version);
            exit(EXIT_SUCCESS);
        case 'h':
            print_help(program);
            exit(EXIT_SUCCESS);
        default:
            refuse(program, NULL);
        }
    }
    if (optind < argc)
        refuse(program, argv[optind]);
    return line;
}

int cfg_program_fail(const struct cfg_program *program, nx_status status)
{
    fprintf(stderr, "%s: %s\n", program->name, nx_status_message(status));
    return EXIT_FAILURE;
}

static sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

void cfg_program_block_signals(void)
{
    sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void cfg_program_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        nx_log(NX_LOG_WARN, "the limit of open files cannot be raised", NULL);
}

void cfg_program_wait(void)
{
    sigset_t signals = stop_signals();
    int received;
    sigwait(&signals, &received);
    nx_log(NX_LOG_INFO, "stopping", "signal", strsignal(received), NULL);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}
