/*
 * body.h - bodies that are being received, and the memory they hold together.
 *
 * What is counted is memory that is really held: a length in a head is only a
 * promise, and takes nothing until the bytes come.
 */
#ifndef SPILLWAY_BODY_H
#define SPILLWAY_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"

/* Shared by all bodies of a port. */
struct inflight {
    atomic_size_t held; /* bytes */
    size_t limit;
};

struct body {
    struct buf bytes;
    size_t expected; /* how long it will be at most */
    size_t held;     /* of `inflight` */
};

/* True when there is room for such a body now; see body_begin(). */
bool body_fits(const struct inflight *inflight, size_t expected,
               bool is_chunked);

/* Begin a body of `expected` bytes, or at most so many when it comes in chunks.
 * False when there is no room for so many now. */
bool body_begin(struct body *body, struct inflight *inflight, size_t expected,
                bool is_chunked) must_check;

/* Append a piece.  False when there is no room, now that it has come; the body
 * is then gone.  More than was expected is the caller's to refuse. */
bool body_add(struct body *body, struct inflight *inflight, const char *data,
              size_t size) must_check;

/* Release the body; a zeroed struct is fine. */
void body_done(struct body *body, struct inflight *inflight);

#endif
