/*
 * record_store.h - the directory of recorded cases.
 *
 * A case is a directory named WORKLOAD-SHAPE.  It is made under a name that
 * begins with a dot, which nobody reads, and renamed when it is complete.
 */
#ifndef SPILLWAY_RECORD_STORE_H
#define SPILLWAY_RECORD_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/redact.h"

struct record_store {
    const char *directory;                      /* borrowed */
    char (*shapes)[2 * REDACT_SHAPE_BYTES + 1]; /* of the cases, sorted */
    size_t count, room;
    size_t bytes; /* of all files of all cases */
};

/* Read the directory, which is made if need be; the caller releases *store with
 * record_store_done(), also after a failure. */
bool record_store_open(struct record_store *store, const char *directory,
                       struct error *err) must_check;

bool record_store_has(const struct record_store *store, const char *shape);

/* Write a case whole, or nothing of it. */
bool record_store_add(struct record_store *store,
                      const struct redacted *redacted, struct text expect,
                      struct error *err) must_check;

void record_store_done(struct record_store *store);

#endif
