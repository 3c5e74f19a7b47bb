/*
 * testfind.h - finds the cases of `spillway test` below a path.
 *
 * A case is a directory with review.json or pod.yaml, or NAME.json beside
 * NAME.expect.yaml.  Names are taken in byte order; symbolic links are
 * followed, but no directory is entered twice; hidden directories are left
 * out.
 */
#ifndef SPILLWAY_TESTFIND_H
#define SPILLWAY_TESTFIND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/testcase.h"

/* What to do with a case.  `findings` holds, one a line, what is wrong with the
 * choice of its files, and grows; without an input there is nothing to run.
 * The strings of the case end with the call.  False stops the search. */
struct testfind_visitor {
    bool (*visit)(void *context, const char *name,
                  const struct testcase *testcase, struct buf *findings,
                  struct error *err);
    void *context;
};

/* A directory that was entered. */
struct testfind_seen {
    dev_t device;
    ino_t inode;
};

/* One search over several paths; zeroed but for the visitor. */
struct testfind {
    struct testfind_visitor visitor;
    struct testfind_seen *seen;
    size_t n_seen;
};

/*
 * Visit all cases at or below `path`, which may also be one of the files of a
 * case.  Cases are named by their paths, from the `name_offset`th byte on.
 * Fails with SYSTEM or INVALID ("PATH: ...") when something cannot be read, or
 * with what the visitor failed with.
 */
bool testfind_run(struct testfind *find, const char *path, size_t name_offset,
                  struct error *err) must_check;

void testfind_done(struct testfind *find);

#endif
