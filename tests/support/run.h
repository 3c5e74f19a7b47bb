/*
 * run.h - run the program as a user does, and see what it says.
 *
 * The program is the one that the environment variable SPILLWAY names, or
 * build/spillway.
 */
#ifndef SPILLWAY_TESTS_RUN_H
#define SPILLWAY_TESTS_RUN_H

#include <stddef.h>

/* How it ended, and its output, NUL-terminated and owned. */
struct run {
    int status; /* the exit status; 128 and the signal when it was killed */
    char *out, *err;
    size_t out_len;
};

/*
 * Run it with `args`, which ends in NULL, and `input` as standard input (NULL
 * for none).  It is killed after a minute.  Failing to start it fails the
 * running test.  Release the result with run_done().
 */
void run_args(struct run *run, const char *input, const char *const args[]);

/* The same with one string of arguments, parted by single blanks. */
void run_words(struct run *run, const char *input, const char *words);

void run_done(struct run *run);

#define auto_run __attribute__((cleanup(run_done)))

#endif
