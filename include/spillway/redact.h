/*
 * redact.h - an AdmissionReview that may be kept and shown: what could be
 * secret is taken out, what a decision depends on stays.
 *
 * Taken out of a Pod: the values of environment variables; of arguments and
 * commands (of containers, probes and lifecycle hooks) what follows a `=`, what
 * follows an option without one, and everything in which there is white space,
 * since that is a script; the values of HTTP headers of probes and hooks;
 * annotations of more than 256 bytes; attributes of CSI volumes and options of
 * flexVolumes; managedFields and kubectl's last applied configuration, which
 * repeat all of it.  Of userInfo the `extra`.  Of objects that are neither Pod
 * nor Binding only apiVersion, kind and metadata are left.  Names, labels,
 * images and short annotations stay: a secret has no business there.
 */
#ifndef SPILLWAY_REDACT_H
#define SPILLWAY_REDACT_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/text.h"

struct arena;
struct buf;

enum {
    REDACT_MAX_VALUES = 262144, /* values of a review that is redacted */
    REDACT_SHAPE_BYTES = 6,     /* of the digest that tells shapes apart */
    REDACT_NAME_SIZE = 64,
};

struct redacted {
    struct text review; /* JSON, indented, newline included */
    /* Two reviews have the same shape when they are equal after redaction but
     * for uid, names, hashes and times.  In hexadecimal. */
    char shape[2 * REDACT_SHAPE_BYTES + 1];
    /* What the pod belongs to, fit for a file name: "istio-ingressgateway". */
    char workload[REDACT_NAME_SIZE];
};

/*
 * Redact a review.  Everything is in the arena or in `body`.  INVALID when it
 * is no review, or has too many values; SYSTEM when memory is short.
 */
bool redact(struct text body, struct arena *arena, struct redacted *redacted,
            struct error *err) must_check;

#endif
