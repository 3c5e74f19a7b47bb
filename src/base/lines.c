/* lines.c - see lines.h for the contract. */
#include "spillway/lines.h"

#include <stdint.h>
#include <stdlib.h>

#include "spillway/macros.h"

enum {
    /* Edits sought at once: the trace of all steps takes its square in ints,
     * one megabyte. */
    EDITS_MAX = 512,
};

/* The state of one comparison. */
struct search {
    struct lines_side *a, *b;
    int *furthest; /* by diagonal: how far in `a` one gets */
    int *trace;    /* `furthest` before each step, one after the other */
};

/* --- lines ------------------------------------------------------------- */

/* A line with its newline, if it has one; *text moves behind it. */
static struct text take_line(struct text *text)
{
    const char *end = memchr(text->data, '\n', text->len);
    size_t len = end ? (size_t)(end - text->data) + 1 : text->len;
    struct text line = { text->data, len };

    *text = (struct text){ text->data + len, text->len - len };
    return line;
}

static bool split(struct lines_side *side, struct text text)
{
    struct text rest = text;
    size_t count = 0;

    while (rest.len) {
        (void)take_line(&rest);
        count++;
    }
    side->lines = calloc(count + 1, sizeof(*side->lines));
    side->changed = calloc(count + 1, sizeof(*side->changed));
    if (!side->lines || !side->changed)
        return false;
    while (text.len)
        side->lines[side->count++] = take_line(&text);
    return true;
}

void lines_done(struct lines_diff *diff)
{
    free(diff->a.lines);
    free(diff->a.changed);
    free(diff->b.lines);
    free(diff->b.changed);
    *diff = (struct lines_diff){ 0 };
}

/* --- the script -------------------------------------------------------- */

static bool same(const struct search *search, size_t x, size_t y)
{
    return text_equal(search->a->lines[x], search->b->lines[y]);
}

static void trim(const struct search *search, struct lines_range *range)
{
    while (range->a < range->a_end && range->b < range->b_end &&
           same(search, range->a, range->b)) {
        range->a++;
        range->b++;
    }
    while (range->a < range->a_end && range->b < range->b_end &&
           same(search, range->a_end - 1, range->b_end - 1)) {
        range->a_end--;
        range->b_end--;
    }
}

/* One step of the search: from `steps` edits to the furthest points on the
 * diagonals -steps..steps.  Returns the diagonal that reached the end, or
 * steps + 1 when none did. */
static int advance(struct search *search, const struct lines_range *range,
                   int steps)
{
    int *furthest = search->furthest + EDITS_MAX + 1;
    int width = (int)(range->a_end - range->a);
    int height = (int)(range->b_end - range->b);

    for (int k = -steps; k <= steps; k += 2) {
        bool down =
            k == -steps || (k != steps && furthest[k - 1] < furthest[k + 1]);
        int x = down ? furthest[k + 1] : furthest[k - 1] + 1;

        while (x < width && x - k < height && x - k >= 0 &&
               same(search, range->a + (size_t)x, range->b + (size_t)(x - k)))
            x++;
        furthest[k] = x;
        if (x >= width && x - k >= height)
            return k;
    }
    return steps + 1;
}

/* Where `furthest` was kept after so many steps: 1, 3, 5, ... numbers. */
static int *trace_of(const struct search *search, int steps)
{
    return search->trace + (ptrdiff_t)steps * steps;
}

/* Mark what the script of `steps` edits that ends on diagonal `k` changes. */
static void mark(struct search *search, const struct lines_range *range, int k,
                 int steps)
{
    for (int d = steps; d > 0; d--) {
        const int *furthest = trace_of(search, d - 1) + (d - 1);
        bool down = k == -d || (k != d && furthest[k - 1] < furthest[k + 1]);
        int x;

        k = down ? k + 1 : k - 1;
        x = furthest[k];
        if (down)
            search->b->changed[range->b + (size_t)(x - k)] = true;
        else
            search->a->changed[range->a + (size_t)x] = true;
    }
}

/* The diagonal on which EDITS_MAX edits got furthest within the range. */
static int best_diagonal(const struct search *search,
                         const struct lines_range *range)
{
    const int *furthest = search->furthest + EDITS_MAX + 1;
    int width = (int)(range->a_end - range->a);
    int height = (int)(range->b_end - range->b);
    int best = 0, most = -1;

    for (int k = -EDITS_MAX; k <= EDITS_MAX; k += 2) {
        int x = furthest[k], y = x - k;

        if (x <= width && y <= height && x + y > most) {
            most = x + y;
            best = k;
        }
    }
    return best;
}

/* Mark the changes of a first piece of the range, or of all of it, and move
 * its beginning behind that piece. */
static void find_piece(struct search *search, struct lines_range *range)
{
    int *furthest = search->furthest + EDITS_MAX + 1;
    int k, x;

    furthest[1] = 0;
    for (int steps = 0; steps <= EDITS_MAX; steps++) {
        k = advance(search, range, steps);
        if (k <= steps) {
            mark(search, range, k, steps);
            range->a = range->a_end;
            range->b = range->b_end;
            return;
        }
        if (steps < EDITS_MAX)
            memcpy(trace_of(search, steps), furthest - steps,
                   sizeof(int) * (size_t)(2 * steps + 1));
    }
    k = best_diagonal(search, range);
    x = furthest[k];
    mark(search, range, k, EDITS_MAX);
    range->a += (size_t)x;
    range->b += (size_t)(x - k);
}

static void compare(struct search *search)
{
    struct lines_range range = { 0, search->a->count, 0, search->b->count };

    trim(search, &range);
    while (range.a < range.a_end && range.b < range.b_end)
        find_piece(search, &range);
    while (range.a < range.a_end)
        search->a->changed[range.a++] = true;
    while (range.b < range.b_end)
        search->b->changed[range.b++] = true;
}

/* --- sliding ----------------------------------------------------------- */

static size_t indentation(struct text line)
{
    size_t i = 0;

    while (i < line.len && line.data[i] == ' ')
        i++;
    return i;
}

/*
 * A run of changed lines between equal ones can often slide: what is added
 * behind `- a` may be shown as `b, - a` or as `- a, b`.  The reader wants the
 * one whose first line is indented least; of several the last.
 */
static size_t slide(struct lines_side *side, size_t start, size_t end)
{
    size_t best, least = SIZE_MAX;

    while (start > 0 && !side->changed[start - 1] &&
           text_equal(side->lines[start - 1], side->lines[end - 1])) {
        side->changed[--start] = true;
        side->changed[--end] = false;
    }
    best = start;
    for (size_t at = start, stop = end;; at++, stop++) {
        if (indentation(side->lines[at]) <= least) {
            least = indentation(side->lines[at]);
            best = at;
        }
        if (stop >= side->count || side->changed[stop] ||
            !text_equal(side->lines[at], side->lines[stop]))
            break;
    }
    for (; start < best; start++, end++) {
        side->changed[start] = false;
        side->changed[end] = true;
    }
    return end;
}

static void slide_all(struct lines_side *side)
{
    for (size_t i = 0; i < side->count;) {
        size_t end = i;

        while (end < side->count && side->changed[end])
            end++;
        i = end > i ? slide(side, i, end) : i + 1;
    }
}

bool lines_compare(struct lines_diff *diff, struct text before,
                   struct text after)
{
    auto_free int *furthest = calloc(2 * (EDITS_MAX + 1) + 1, sizeof(int));
    auto_free int *trace = calloc((size_t)EDITS_MAX * EDITS_MAX, sizeof(int));
    struct search search = { &diff->a, &diff->b, furthest, trace };

    if (!furthest || !trace || !split(&diff->a, before) ||
        !split(&diff->b, after))
        return false;
    compare(&search);
    slide_all(&diff->a);
    slide_all(&diff->b);
    return true;
}
