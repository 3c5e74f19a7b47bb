/*
 * webhook.h - the requests of the webhook port: reviews come in, answers go
 * out.
 *
 * Whatever is wrong with a request is answered with a JSON Status; a review
 * that can be decoded is always answered with a review.
 */
#ifndef SPILLWAY_WEBHOOK_H
#define SPILLWAY_WEBHOOK_H

#include <stdatomic.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct recorder;
struct server_handler;
struct snapshots;
struct webhook;

struct webhook_settings {
    struct snapshots *snapshots; /* borrowed; one is published */
    struct recorder *recorder;   /* borrowed; NULL when nothing is recorded */
    const char *path;            /* borrowed; where reviews are posted */
    size_t max_body;
    size_t max_inflight;         /* bytes of bodies held at once */
    long long slow_ms;           /* what takes so long is logged; 0: nothing */
    const atomic_bool *draining; /* borrowed: announce the connection's end */
};

/* The context of webhook_handler; NULL with *err SYSTEM.  Released with
 * webhook_free() when no server uses it any more. */
struct webhook *webhook_new(const struct webhook_settings *settings,
                            struct error *err) must_check;
void webhook_free(struct webhook *webhook);

extern const struct server_handler webhook_handler;

#endif
