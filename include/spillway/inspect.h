/*
 * inspect.h - do these certificates and keys belong together, now?
 *
 * A file whose certificates are all those of CAs is a set of authorities; any
 * other file with certificates is a chain, whose first certificate is the
 * server's.  Every chain must be linked and, when authorities are given, lead
 * to one of them; every key must fit the first certificate of a chain, or an
 * authority.
 */
#ifndef SPILLWAY_INSPECT_H
#define SPILLWAY_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "spillway/arena.h"
#include "spillway/error.h"
#include "spillway/pem.h"

/* One file; the path is borrowed, *pem belongs to the caller. */
struct inspect_file {
    const char *path;
    mode_t mode; /* its permissions; 0 when they do not matter */
    struct pem pem;
};

enum inspect_verdict {
    INSPECT_OK,
    INSPECT_NOTE,    /* worth knowing; the answer is still yes */
    INSPECT_PROBLEM, /* expired, not yet valid, mismatched or unchained */
};

struct inspect_finding {
    enum inspect_verdict verdict;
    const char *text;
    struct inspect_finding *next;
};

/* Findings in the order in which they are told; all memory is in `arena`. */
struct inspect_findings {
    struct arena arena;
    struct inspect_finding *first, *last;
    size_t problems;
    bool failed; /* memory ran out */
};

/* Look at the files together.  SYSTEM when memory is short.  The caller
 * releases *findings with inspect_done(), also after a failure. */
bool inspect_files(const struct inspect_file *files, size_t count, time_t now,
                   struct inspect_findings *findings,
                   struct error *err) must_check;

void inspect_done(struct inspect_findings *findings);

#define auto_inspect __attribute__((cleanup(inspect_done)))

#endif
