/*
 * coverage.h - what of a policy the cases of `spillway test` exercise: its
 * selectors, requirement by requirement, the guards and the warnings.
 *
 * A case counts when it is evaluated under the policy itself, or under a text
 * that is the same.  It is shown to the selectors that could decide it: of all
 * policies with its namespace up to and including the one that decided, whole.
 */
#ifndef SPILLWAY_COVERAGE_H
#define SPILLWAY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/arena.h"
#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/policy.h"

struct cJSON;
struct testcase_result;

/* One requirement of a selector; hasContainer is the last of them. */
struct coverage_requirement {
    size_t held;   /* cases for which it held */
    size_t failed; /* cases for which it was the first that did not */
};

struct coverage_selector {
    const struct selector *selector;
    size_t matched;
    struct coverage_requirement *requirements;
    size_t n_requirements;
};

struct coverage_policy {
    const struct policy *policy;
    size_t decided; /* cases whose policy it is */
    struct coverage_selector *selectors;
    size_t n_selectors;
};

struct coverage {
    const struct policy_set *set; /* borrowed */
    struct coverage_policy *policies;
    size_t n_policies;
    size_t reasons[REASONS];
    size_t warnings[WARNING_KINDS]; /* those of shadow mode, too */
    size_t cases;                   /* that count */
    size_t left_out;                /* evaluated under another policy */
    struct arena arena;
};

/* How much is covered: a requirement that held for a case and was the first to
 * fail for another (or else no case would notice if it were gone); a guard that
 * held. */
struct coverage_sum {
    size_t requirements, all_requirements, guards, all_guards;
};

/* Start with nothing covered.  The caller releases it; fails with SYSTEM. */
bool coverage_init(struct coverage *coverage, const struct policy_set *set,
                   struct error *err) must_check;

/* Count one case that was run; nothing when it could not be evaluated. */
bool coverage_add(struct coverage *coverage,
                  const struct testcase_result *result,
                  struct error *err) must_check;

struct coverage_sum coverage_sum(const struct coverage *coverage);

void coverage_done(struct coverage *coverage);

#define auto_coverage __attribute__((cleanup(coverage_done)))

/* --- how it is told (coverage_print.c) ---------------------------------- */

/* Print it to stdout, with a closing line.  Fails with SYSTEM. */
bool coverage_print(const struct coverage *coverage,
                    struct error *err) must_check;

/* The same as JSON; the caller owns it. */
struct cJSON *coverage_json(const struct coverage *coverage);

#endif
