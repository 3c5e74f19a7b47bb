/*
 * admin.h - the plain port beside the webhook: health, readiness, metrics,
 * version, and the policy in force.  Reads only; nothing secret.
 */
#ifndef SPILLWAY_ADMIN_H
#define SPILLWAY_ADMIN_H

#include <stdatomic.h>

struct reload;
struct server_handler;
struct snapshots;

/* The context of admin_handler; everything in it is borrowed. */
struct admin {
    struct snapshots *snapshots;
    struct reload *reload;
    const atomic_bool *draining; /* no more traffic is wanted */
};

extern const struct server_handler admin_handler;

#endif
