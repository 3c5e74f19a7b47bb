/*
 * redact_shape.h - which reviews are alike; only redact.c uses this.
 */
#ifndef SPILLWAY_REDACT_SHAPE_H
#define SPILLWAY_REDACT_SHAPE_H

#include <stdbool.h>

#include "spillway/redact.h"

struct json;

/* The name of what the request's object belongs to, in lower-case letters,
 * digits, dots and dashes; "review" when there is none. */
void redact_name(const struct json *request, char out[REDACT_NAME_SIZE]);

/* Digest the review without uid, names, hashes and times, of which the tree is
 * cleared.  Fails with SYSTEM. */
bool redact_shape(struct json *review, struct arena *arena,
                  char out[2 * REDACT_SHAPE_BYTES + 1],
                  struct error *err) must_check;

#endif
