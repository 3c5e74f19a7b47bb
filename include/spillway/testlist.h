/*
 * testlist.h - the cases of one run of `spillway test`, found before any runs.
 */
#ifndef SPILLWAY_TESTLIST_H
#define SPILLWAY_TESTLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/arena.h"
#include "spillway/error.h"
#include "spillway/testcase.h"

/* A case by name.  `misfits` holds, one a line, what is wrong with the choice
 * of its files; without testcase.input there is nothing to run. */
struct testlist_case {
    const char *name;
    struct testcase testcase;
    struct text misfits;
};

/* A zeroed list is empty; the list owns every string. */
struct testlist {
    struct testlist_case *cases; /* in the order in which they were found */
    size_t count;
    size_t left_out; /* found, but not of a name that was asked for */
    struct arena arena;
};

/*
 * Find the cases at or below the paths whose names match `glob` (fnmatch(3)
 * without flags; NULL: all).  A name begins behind the path when there is only
 * one.  `fail` is told of each path that cannot be searched (the others are),
 * and the result is then false; so it is when memory is short.
 */
bool testlist_find(struct testlist *list, char *const paths[], size_t count,
                   const char *glob,
                   int (*fail)(const struct error *err)) must_check;

void testlist_done(struct testlist *list);

#define auto_testlist __attribute__((cleanup(testlist_done)))

#endif
