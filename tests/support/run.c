/* run.c - see run.h for the contract. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum {
    RUN_SECONDS = 60,
    ARGS_MAX = 32,
};

/* The three standard streams of the child are files, so that nobody waits for
 * anybody. */
static void start(FILE *const streams[3], const char *const args[])
{
    const char *program = getenv("SPILLWAY");
    const char *argv[ARGS_MAX + 2] = { program ? program : "build/spillway" };

    for (int i = 0; args[i]; i++)
        argv[i + 1] = args[i];
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(fileno(streams[fd]), fd) < 0)
            _exit(126);
    }
    (void)alarm(RUN_SECONDS);
    (void)execv(argv[0], (char *const *)(uintptr_t)argv);
    perror(argv[0]);
    _exit(127);
}

static char *read_back(FILE *stream, size_t *len)
{
    long size;
    char *text;

    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    size = ftell(stream);
    assert_true(size >= 0);
    rewind(stream);
    text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    *len = fread(text, 1, (size_t)size, stream);
    return text;
}

void run_args(struct run *run, const char *input, const char *const args[])
{
    FILE *streams[3] = { tmpfile(), tmpfile(), tmpfile() };
    size_t err_len;
    int status;
    pid_t pid;

    for (int i = 0; i < 3; i++)
        assert_non_null(streams[i]);
    if (input)
        assert_true(fputs(input, streams[0]) >= 0);
    rewind(streams[0]);
    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        start(streams, args);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    run->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run->out = read_back(streams[1], &run->out_len);
    run->err = read_back(streams[2], &err_len);
    for (int i = 0; i < 3; i++)
        (void)fclose(streams[i]);
    if (run->status == 126 || run->status == 127)
        fail_msg("could not run it: %s", run->err);
}

void run_words(struct run *run, const char *input, const char *words)
{
    const char *args[ARGS_MAX + 1] = { NULL };
    char *copy = strdup(words), *rest = copy, *word;
    int count = 0;

    assert_non_null(copy);
    while ((word = strsep(&rest, " ")) && count < ARGS_MAX)
        args[count++] = word;
    run_args(run, input, args);
    free(copy);
}

void run_done(struct run *run)
{
    free(run->out);
    free(run->err);
    *run = (struct run){ 0 };
}
