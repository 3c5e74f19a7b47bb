/*
 * testupdate.h - `spillway test --update`: expectations become what is.
 */
#ifndef SPILLWAY_TESTUPDATE_H
#define SPILLWAY_TESTUPDATE_H

#include <stdbool.h>

#include "spillway/error.h"

struct buf;
struct testcase_result;

/*
 * Rewrite the files of a case that differ, all or none, with the permissions
 * that they have; through symbolic links, not over them.  Appends to *out a
 * line for each file, and the diff of its bytes, indented by two.  Fails with
 * SYSTEM.
 */
bool testupdate(const struct testcase_result *result, struct buf *out,
                struct error *err) must_check;

#endif
