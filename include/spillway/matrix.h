/*
 * matrix.h - `spillway test --matrix OLD NEW`: which cases become something
 * else under another policy.
 */
#ifndef SPILLWAY_MATRIX_H
#define SPILLWAY_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/buf.h"
#include "spillway/error.h"

struct arena;
struct cJSON;
struct json;
struct policy_set;
struct testcase;
struct testlist;

enum matrix_side { MATRIX_OLD, MATRIX_NEW, MATRIX_SIDES };

/* What becomes of a case under one of the policies. */
struct matrix_outcome {
    struct admission admission;
    /* What of the object a policy can change, as it would be without shadow
     * mode: tolerations, affinity and topologySpreadConstraints of the pod's
     * spec, or a Binding's annotations; those that there are. */
    struct json *result;
};

struct matrix_case {
    struct matrix_outcome sides[MATRIX_SIDES];
    bool differs;
    struct buf findings; /* why it could not be evaluated, one a line */
};

/*
 * Evaluate a case under both policies, whatever it expects.  Everything lives
 * in the arena.  Fails with SYSTEM.
 */
bool matrix_evaluate(const struct testcase *testcase,
                     const struct policy_set *const sets[], struct arena *arena,
                     struct matrix_case *result, struct error *err) must_check;

struct matrix {
    const struct testlist *list;
    const char *names[MATRIX_SIDES]; /* of the policies, as in the diff */
    const struct policy_set *sets[MATRIX_SIDES];
    bool json, colour;
    unsigned jobs;
};

struct matrix_count {
    size_t cases, differ, unreadable;
};

/* Evaluate all cases, print those that differ, and count.  What cannot be
 * evaluated is told on stderr.  Fails with SYSTEM. */
bool matrix_run(const struct matrix *matrix, struct matrix_count *count,
                struct error *err) must_check;

/* --- how it is told (matrix_print.c) ------------------------------------ */

/* Append the lines for a case that differs, as testreport_print_lines() prints
 * them. */
bool matrix_write(struct buf *out, const char *name,
                  const struct matrix_case *of, const char *const names[],
                  struct arena *arena, struct error *err) must_check;

/* The same as JSON, which the caller owns; NULL with SYSTEM. */
struct cJSON *matrix_json(const char *name, const struct matrix_case *of,
                          const char *const names[], struct arena *arena,
                          struct error *err) must_check;

#endif
