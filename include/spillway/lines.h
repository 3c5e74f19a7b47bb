/*
 * lines.h - which lines two texts have in common.
 *
 * Myers' algorithm (An O(ND) Difference Algorithm, 1986) on what is left when
 * the common head and tail are cut off.  Memory is bounded: where the texts
 * differ in more than a few hundred lines, the shortest script is sought piece
 * by piece.
 */
#ifndef SPILLWAY_LINES_H
#define SPILLWAY_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/text.h"

/* The lines of one text, newlines included, and which of them the other text
 * lacks.  What is left is the same in both, in the same order. */
struct lines_side {
    struct text *lines; /* slices of the text */
    bool *changed;
    size_t count;
};

struct lines_diff {
    struct lines_side a, b;
};

/* A part of both texts, from a line up to another that is not included. */
struct lines_range {
    size_t a, a_end, b, b_end;
};

/*
 * Compare two texts, which must outlive the result.  *diff is zeroed at first,
 * and to be released with lines_done() in any case.  False when memory is
 * short.
 */
bool lines_compare(struct lines_diff *diff, struct text before,
                   struct text after);

void lines_done(struct lines_diff *diff);

#define auto_lines_diff __attribute__((cleanup(lines_done)))

#endif
