/*
 * record_case.h - what makes a redacted review a case of `spillway test`: that
 * it is decided as the original was, and what is expected of it.
 */
#ifndef SPILLWAY_RECORD_CASE_H
#define SPILLWAY_RECORD_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/text.h"

struct arena;
struct buf;
struct policy;
struct policy_set;

/* What is kept of an admission.  Only the policy is borrowed, from its set. */
struct record_decision {
    const struct policy *policy; /* NULL when none matched */
    enum decision decision;
    enum reason reason;
    struct warning warnings[WARNING_KINDS];
    size_t n_warnings;
};

struct record_decision record_decision_of(const struct admission *admission);

/*
 * True when the redacted review is decided as `decision` says, by the set that
 * decided.  Else false, with INVALID, or SYSTEM when memory is short.
 */
bool record_case_is_faithful(const struct record_decision *decision,
                             const struct policy_set *set, struct text redacted,
                             struct arena *arena, struct error *err) must_check;

/*
 * Append expect.yaml, as `spillway test` reads it.  With `is_shadow` nothing is
 * expected of `decision` and `warnings`.  Fails with SYSTEM.
 */
bool record_case_expect(const struct record_decision *decision, bool is_shadow,
                        struct arena *arena, struct buf *out,
                        struct error *err) must_check;

#endif
