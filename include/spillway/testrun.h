/*
 * testrun.h - runs the cases of `spillway test` on several threads, and
 * reports them in their order.
 */
#ifndef SPILLWAY_TESTRUN_H
#define SPILLWAY_TESTRUN_H

#include <stdbool.h>

#include "spillway/error.h"

struct coverage;
struct policy_set;
struct progress;
struct testlist;
struct testreport;

struct testrun {
    const struct testlist *list;
    const struct policy_set *set; /* for cases without their own; shared */
    struct testreport *report;
    struct coverage *coverage; /* what the cases exercise, or NULL */
    bool update;               /* rewrite the expectations that differ */
    bool fail_fast;            /* end with the first failure, in order */
    unsigned jobs;             /* threads, at least 1 */
    struct progress *progress; /* told of each case, or NULL */
};

/* Run and report; the caller finishes the report.  Fails with SYSTEM. */
bool testrun(const struct testrun *run, struct error *err) must_check;

#endif
