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

/*
 * error_set(err, kind, fmt, ...): record a failure.  error_wrap(err, fmt, ...):
 * put context in front of a recorded one, "policy.yaml: <old text>".  Both are
 * always false: `return error_set(err, ...)`.  They are macros so that
 * compilers and analyzers see that.
 */
#define error_set(...) (error_record(__VA_ARGS__), error_false())
#define error_wrap(...) (error_add_context(__VA_ARGS__), error_false())

void error_record(struct error *err, enum error_kind kind, const char *fmt, ...)
    printf_like(3, 4);
void error_add_context(struct error *err, const char *fmt, ...)
    printf_like(2, 3);

static inline bool error_false(void)
{
    return false;
}

/* Record that memory is short (ERROR_SYSTEM).  Always false. */
static inline bool error_no_memory(struct error *err)
{
    return error_set(err, ERROR_SYSTEM, "out of memory");
}

#endif
