/*
 * words.h - scheduling rules, said in words.
 *
 * What comes from outside is printed without control characters, so that a
 * hostile name cannot play with the terminal.
 */
#ifndef SPILLWAY_WORDS_H
#define SPILLWAY_WORDS_H

#include <stdbool.h>

#include "spillway/json.h"
#include "spillway/text.h"

struct buf;

/* Of lists that are longer (by more than one), the rest is "N more". */
enum { WORDS_LIST_MAX = 4 };

/* Append a name or value from outside, clipped and made harmless. */
void words_outside(struct buf *out, struct text text);

/* Append "key=value:Effect", and the like, for one toleration. */
void words_toleration(struct buf *out, const struct json *toleration);

/* Append "zone in (a, b) and arch=amd64", and the like, for a term. */
void words_term(struct buf *out, const struct json *term);

/* True for a term that requires nothing, and so matches no node. */
bool words_is_empty_term(const struct json *term);

#endif
