/*
 * diff.h - what changed between two texts, printed as a unified diff.
 */
#ifndef SPILLWAY_DIFF_H
#define SPILLWAY_DIFF_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/text.h"

struct buf;

enum { DIFF_CONTEXT = 3 }; /* unchanged lines around a change */

struct diff_style {
    const char *before, *after; /* names behind --- and +++ */
    bool colour;                /* with the escape sequences of a terminal */
    const char *margin;         /* in front of every line, or NULL */
};

/*
 * Append the unified diff; nothing when the texts are equal.  Fails with
 * SYSTEM when memory is short.
 */
bool diff_write(struct buf *out, struct text before, struct text after,
                const struct diff_style *style, struct error *err) must_check;

#endif
