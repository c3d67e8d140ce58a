#include "gen_child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 65536

extern char **environ;

/* The input goes through a file: with two pipes, each side could wait for the other to read. */
static FILE *file_with(struct nx_str input)
{
    FILE *file = tmpfile();
    if (!file)
        return NULL;
    if (fwrite(input.ptr, 1, input.len, file) == input.len && fflush(file) == 0 &&
        fseek(file, 0, SEEK_SET) == 0)
        return file;
    (void)fclose(file);
    return NULL;
}

/* Returns 0 or an errno. */
static int spawn(const char *program, int input, int output, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    char *const argv[] = {(char *)program, NULL};
    error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(ret_pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void read_all(int from, struct nx_buf *output)
{
    for (;;) {
        char *to = nx_buf_reserve(output, READ_BYTES);
        if (!to)
            return;
        ssize_t got = read(from, to, READ_BYTES);
        if (got > 0)
            output->len += (size_t)got;
        else if (got == 0 || errno != EINTR)
            return;
    }
}

static nx_status wait_for(const char *program, pid_t pid, struct nx_arena *arena)
{
    int how = 0;
    while (waitpid(pid, &how, 0) < 0) {
        if (errno != EINTR)
            return nx_fail(arena, NX_INTERNAL, "%s: %s", program, strerror(errno));
    }
    if (WIFSIGNALED(how))
        return nx_fail(arena, NX_INTERNAL, "%s was ended by signal %d", program, WTERMSIG(how));
    if (WEXITSTATUS(how) != 0)
        return nx_fail(arena, NX_INTERNAL, "%s failed with exit code %d", program,
                       WEXITSTATUS(how));
    return NX_STATUS_OK;
}

static nx_status run_on(const char *program, int input, struct nx_arena *arena,
                        struct nx_buf *output)
{
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return nx_fail(arena, NX_INTERNAL, "no pipe: %s", strerror(errno));
    int error = spawn(program, input, ends[1], &pid);
    (void)close(ends[1]);
    if (error == 0)
        read_all(ends[0], output);
    (void)close(ends[0]);
    if (error != 0)
        return nx_fail(arena, NX_UNAVAILABLE,
                       "%s cannot be run: %s; it is protobuf-c's compiler, which option messages "
                       "needs in PATH, or by messages=PROGRAM",
                       program, strerror(error));
    nx_status status = wait_for(program, pid, arena);
    return output->failed ? nx_fail_memory() : status;
}

nx_status gen_child_run(const char *program, struct nx_str input, struct nx_arena *arena,
                        struct nx_buf *output)
{
    FILE *file = file_with(input);
    if (!file)
        return nx_fail(arena, NX_INTERNAL, "no temporary file for %s: %s", program,
                       strerror(errno));
    nx_status status = run_on(program, fileno(file), arena, output);
    (void)fclose(file);
    return status;
}
