/*
 * macros.h - the compiler attributes and tiny idioms of the code base.
 *
 * auto_* variables release what they own when they leave scope; take() moves
 * ownership out of one.  Every header may include this one; it includes
 * nothing of ours.
 */
#ifndef SPILLWAY_MACROS_H
#define SPILLWAY_MACROS_H

#include <stdlib.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define array_len(a) (sizeof(a) / sizeof((a)[0]))

/* Move the pointer out of *pp, so that its auto_* owner releases nothing. */
#define take(pp)                                                               \
    __extension__({                                                            \
        __typeof__(*(pp)) taken_ = *(pp);                                      \
        *(pp) = NULL;                                                          \
        taken_;                                                                \
    })

#define auto_free __attribute__((cleanup(release_free)))

static inline void release_free(void *pp)
{
    void **p = pp;

    free(*p);
    *p = NULL;
}

#endif
