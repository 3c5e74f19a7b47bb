/*
 * scalar.h - what a plain YAML scalar means: `yes`, `0x10`, `~`, `1_000`.
 *
 * The tables are those of YAML 1.1 as kubectl reads them (go-yaml v2, below
 * sigs.k8s.io/yaml): the reader asks what to make of a word, the writer which
 * words must be quoted.
 */
#ifndef SPILLWAY_SCALAR_H
#define SPILLWAY_SCALAR_H

#include <stdbool.h>

#include "spillway/text.h"

struct buf;

enum scalar_kind {
    SCALAR_STRING,
    SCALAR_NULL,
    SCALAR_BOOL,
    SCALAR_INTEGER,
    SCALAR_FLOAT,
    SCALAR_NOT_FINITE, /* .nan, .inf: nothing that JSON could say */
    SCALAR_MERGE,      /* << */
};

/*
 * What the plain scalar `text` resolves to.  For a number, the JSON literal is
 * appended to *number: the text itself when it is one already, so that nothing
 * is lost; other bases and underscores are converted.  Integers beyond 64 bits
 * keep their digits and are a FLOAT.  *truth is set for a BOOL.
 */
enum scalar_kind scalar_resolve(struct text text, bool *truth,
                                struct buf *number);

/*
 * True when the string `text` needs no quotes to stay a string, as far as its
 * meaning goes: it resolves to nothing else, here or for readers that know
 * timestamps and base 60.
 */
bool scalar_is_plain_string(struct text text);

enum { SCALAR_KEY_SIZE = 32 };

/*
 * How a number that is used as a key is written, from its JSON literal: an
 * integer as it is, anything else as Go formats a float32.
 */
void scalar_format_key(const char *literal, char out[SCALAR_KEY_SIZE]);

#endif
