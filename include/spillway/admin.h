/*
 * admin.h - the plain port beside the webhook: health, readiness, metrics,
 * version, and the policy in force.  Reads only; nothing secret.
 */
#ifndef SPILLWAY_ADMIN_H
#define SPILLWAY_ADMIN_H

#include <stdatomic.h>

struct policy_set;
struct server_handler;

/* The context of admin_handler; everything in it is borrowed. */
struct admin {
    const struct policy_set *policy;
    const atomic_bool *draining; /* no more traffic is wanted */
};

extern const struct server_handler admin_handler;

#endif
