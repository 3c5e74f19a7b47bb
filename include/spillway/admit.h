/*
 * admit.h - the engine: from an AdmissionReview and a policy to the answer.
 *
 * A pure function from bytes to bytes: no file, clock, thread, log or global.
 * The server, the offline commands and the tests all call admit(), so that
 * what was tried offline is what happens in the cluster.
 */
#ifndef SPILLWAY_ADMIT_H
#define SPILLWAY_ADMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/text.h"

struct arena;
struct json;
struct policy;
struct policy_set;

/* What was decided, and the answer that says so.  Texts and trees live in the
 * arena, in the body or in the policy set. */
struct admission {
    enum decision decision;
    enum reason reason;
    const struct policy *policy; /* NULL when none matched */

    bool is_binding;        /* the object is a Binding that was looked at */
    struct text uid;        /* request.uid */
    struct text name_space; /* request.namespace */
    struct text name;       /* the object's name, or generateName */

    struct warning warnings[WARNING_KINDS]; /* also those of shadow mode, */
    size_t n_warnings;                      /* which are not sent */

    struct text patch;    /* RFC 6902 as sent; absent when none is sent */
    size_t n_operations;  /* in `patch` */
    struct text response; /* the AdmissionReview to send, newline included */
};

/*
 * Decide one AdmissionReview (admission.k8s.io/v1 or v1beta1).  `body` must
 * outlive the result.  Fails with INVALID when the review cannot be decoded
 * (the server answers 400) or SYSTEM (500); whatever can be decoded gets a
 * well-formed answer.
 */
bool admit(const struct policy_set *set, struct text body, struct arena *arena,
           struct admission *result, struct error *err) must_check;

#endif
