/*
 * progress.h - one line on a terminal that says how far long work has come.
 *
 * The line goes to stderr, and only when that is a terminal and the work takes
 * longer than a second; it is rewritten some ten times a second at most.  For
 * one thread.  Nothing is owned, so a struct may be dropped at any time.
 */
#ifndef SPILLWAY_PROGRESS_H
#define SPILLWAY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    const char *what; /* borrowed: "testing" */
    long long (*now_ms)(void);
    long long next_ms; /* the line is not written before */
    int width;         /* of the line on the terminal; 0 for none */
    bool is_terminal;
};

/* `what` is a word of the program, never of its input. */
void progress_start(struct progress *progress, const char *what);

/* The same with another clock, for tests. */
void progress_start_at(struct progress *progress, const char *what,
                       long long (*now_ms)(void));

/* `done` of `total` are done; a total of 0 is not known. */
void progress_tick(struct progress *progress, size_t done, size_t total);

/* Erase the line: at the end, and before anything else is written to the
 * terminal.  A later tick writes it again. */
void progress_end(struct progress *progress);

#endif
