/*
 * capture.h - run a command inside the test, and keep what it printed.
 *
 * Standard output and error are put aside for the run; the command sees files,
 * not a terminal.
 */
#ifndef SPILLWAY_TESTS_CAPTURE_H
#define SPILLWAY_TESTS_CAPTURE_H

#include <stddef.h>

struct command;

struct capture {
    int status; /* what the command returned */
    char *out, *err;
};

/*
 * Run `command` with the words up to the first NULL (at most 31), which are
 * copied first, as a command may reorder its argv.
 */
void capture_run(struct capture *capture, const struct command *command,
                 const char *const words[]);

void capture_done(struct capture *capture);

#define auto_capture __attribute__((cleanup(capture_done)))

/* The words of one call, for capture_run(). */
#define WORDS(...)                                                             \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

#endif
