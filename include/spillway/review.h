/*
 * review.h - the AdmissionReview on the wire: request in, response out
 * (admission.k8s.io/v1 and v1beta1, which have the same fields).
 */
#ifndef SPILLWAY_REVIEW_H
#define SPILLWAY_REVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/text.h"

/* A decoded request.  Everything points into the body or the arena. */
struct review {
    struct text api_version; /* echoed in the response */
    struct text uid, name_space, operation, sub_resource;
    bool is_pod;                /* request.kind is core/v1 Pod */
    bool is_binding;            /* request.kind is core/v1 Binding */
    const struct json *pod;     /* NULL when it is no Pod or there is none */
    const struct json *binding; /* see review_decode_binding() */
};

/*
 * Decode a body.  `shape` is policy_set_shape().  INVALID: no strict JSON, not
 * an AdmissionReview, no request, no uid, an operation that Kubernetes does not
 * have, a Pod that is created without an object, or one that has a wrong type,
 * a duplicate key or U+0000 on a path that is read.
 */
bool review_decode(struct text body, const struct json_shape *shape,
                   struct arena *arena, struct review *review,
                   struct error *err) must_check;

/*
 * Read the object of a review that was decoded and is one of a Binding:
 * review->binding, NULL when there is none.  Without this call it may hold
 * anything, like that of any other kind.  INVALID as above.
 */
bool review_decode_binding(struct text body, struct arena *arena,
                           struct review *review, struct error *err) must_check;

/* What an answer says besides `allowed: true`. */
struct review_answer {
    struct text patch;         /* RFC 6902; absent for none */
    struct text encoded_patch; /* the same in base64, if known; else absent */
    const struct warning *warnings;
    size_t n_warnings;
    /* Audit annotations; an absent text is left out. */
    struct text policy, policy_digest, decision, reason;
};

/* Append the AdmissionReview that answers, and a newline. */
void review_encode(const struct review *review,
                   const struct review_answer *answer, struct buf *out);

#endif
