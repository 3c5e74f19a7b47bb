/* capture.c - see capture.h for the contract. */
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spillway/cmd.h"

#include "harness.h"

enum { MAX_WORDS = 31 };

/* One of the two streams while it is put aside. */
struct aside {
    int target; /* 1 or 2 */
    int saved;  /* where it pointed */
    int file;   /* where it points now */
};

static struct aside put_aside(int target)
{
    struct aside aside = { target, dup(target), memfd_create("capture", 0) };

    assert_true(aside.saved >= 0 && aside.file >= 0);
    assert_true(dup2(aside.file, target) >= 0);
    return aside;
}

/* Put the stream back.  Returns what was written meanwhile. */
static char *put_back(const struct aside *aside)
{
    off_t len = lseek(aside->file, 0, SEEK_END);
    char *text = calloc(1, (size_t)len + 1);

    (void)dup2(aside->saved, aside->target);
    assert_non_null(text);
    assert_int_equal(pread(aside->file, text, (size_t)len, 0), len);
    (void)close(aside->saved);
    (void)close(aside->file);
    return text;
}

void capture_run(struct capture *capture, const struct command *command,
                 const char *const words[])
{
    char *argv[MAX_WORDS + 1] = { NULL };
    char *copies[MAX_WORDS] = { NULL };
    struct aside out, err;
    int argc = 0;

    for (; words[argc]; argc++) {
        assert_true(argc < MAX_WORDS);
        copies[argc] = argv[argc] = strdup(words[argc]);
        assert_non_null(argv[argc]);
    }
    capture_done(capture);
    (void)fflush(stdout);
    out = put_aside(STDOUT_FILENO);
    err = put_aside(STDERR_FILENO);
    capture->status = command->run(command, argc, argv);
    (void)fflush(stdout);
    capture->out = put_back(&out);
    capture->err = put_back(&err);
    for (int i = 0; i < argc; i++)
        free(copies[i]);
}

void capture_done(struct capture *capture)
{
    free(capture->out);
    free(capture->err);
    *capture = (struct capture){ 0 };
}
