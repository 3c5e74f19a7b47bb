/*
 * text.h - a borrowed slice of bytes: a string with a length and no owner.
 *
 * Slices may hold NUL bytes and need not end in one.  They live as long as
 * the buffer or arena they point into.  An absent text has data == NULL and
 * len == 0, and compares equal to the empty one.
 */
#ifndef SPILLWAY_TEXT_H
#define SPILLWAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
    const char *data;
    size_t len;
};

/* A text over a string literal, usable in static initialisers. */
#define TEXT(literal)                                                          \
    {                                                                          \
        (literal), sizeof(literal) - 1                                         \
    }

/* printf("%.*s", TEXT_ARG(t)): for texts that are known to be short. */
#define TEXT_ARG(t) ((int)(t).len), ((t).data ? (t).data : "")

static inline struct text text_of(const char *string)
{
    return (struct text){ string, string ? strlen(string) : 0 };
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool text_is(struct text a, const char *string)
{
    return text_equal(a, text_of(string));
}

/* Order by bytes, as strcmp does; a prefix comes first. */
int text_compare(struct text a, struct text b);

/* True when `text` begins with `prefix`. */
bool text_has_prefix(struct text text, const char *prefix);

/* True when `text` ends with `suffix` and is longer. */
bool text_has_suffix(struct text text, const char *suffix);

/*
 * Cut the first line off a text of several, without its newline: false when the
 * text is empty.  For `while (text_take_line(&text, &line))`.
 */
bool text_take_line(struct text *text, struct text *line);

/* The order of two texts that are pointed to, for qsort(3). */
int text_compare_pointers(const void *a, const void *b);

/* Parse a decimal integer that fills the whole text; false when it does not
 * (empty, trailing bytes, beyond long long). */
bool text_parse_integer(struct text text, long long *value);

/*
 * The longest prefix of `text` that has at most `limit` bytes and does not cut
 * a UTF-8 sequence in two.
 */
struct text text_clip(struct text text, size_t limit);

/*
 * The length of the UTF-8 sequence (RFC 3629) that `left` bytes at `at` begin
 * with: 1 to 4, or 0 when they begin with none.  `left` is at least 1.
 */
size_t text_utf8_sequence(const char *at, size_t left);

#endif
