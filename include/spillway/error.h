/*
 * error.h - what went wrong, as a value in the caller's frame.
 *
 * A function that can fail returns bool (or a pointer), takes `struct error *`
 * last and never logs.  On success *err is left alone.  Nothing here
 * allocates, so that reporting "out of memory" cannot run out of memory.
 */
#ifndef SPILLWAY_ERROR_H
#define SPILLWAY_ERROR_H

#include <stdbool.h>

#include "spillway/macros.h"

/* What a caller may decide on; everything else belongs in the text. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_INVALID, /* the input breaks a rule: the sender's fault */
    ERROR_TOO_BIG, /* the input exceeds a configured limit */
    ERROR_SYSTEM,  /* the machine refused: memory, files, sockets */
};

struct error {
    enum error_kind kind;
    char text[512]; /* one line, no trailing newline */
};

/* Record a failure.  Always returns false: `return error_set(err, ...)`. */
bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
    printf_like(3, 4);

/* Put context in front of a recorded failure: "policy.yaml: <old text>". */
bool error_wrap(struct error *err, const char *fmt, ...) printf_like(2, 3);

/* Record that memory is short (ERROR_SYSTEM).  Always returns false. */
bool error_no_memory(struct error *err);

#endif
