/*
 * snapshot.h - what is in force: the policy, the serving certificate, and who
 * may call.
 *
 * A snapshot never changes once it is published; change means a new one.  Who
 * works with one holds a reference, so that nothing is pulled from under a
 * request or a connection, and the last one out releases it.
 */
#ifndef SPILLWAY_SNAPSHOT_H
#define SPILLWAY_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "spillway/macros.h"

struct client_ca;
struct credentials;
struct policy_set;
struct snapshots;

struct snapshot {
    atomic_uint references;
    struct policy_set *policy;
    struct credentials *serving; /* NULL: none is needed, without TLS */
    struct client_ca *client_ca; /* NULL: anyone may call */
};

/* Drop what such a struct in the caller's frame refers to, and empty it. */
void snapshot_drop_parts(struct snapshot *parts);

/* Where the newest snapshot is found; NULL when memory is short.  Released with
 * snapshots_free() when nobody asks any more. */
struct snapshots *snapshots_new(void);
void snapshots_free(struct snapshots *snapshots);

/*
 * Publish a snapshot of these parts, to each of which it takes a reference of
 * its own.  False when memory is short; the one before then stays in force.
 */
bool snapshots_publish(struct snapshots *snapshots,
                       const struct snapshot *parts) must_check;

/* The newest snapshot, NULL before the first was published.  The caller drops
 * it with snapshot_free().  Any thread may do both. */
struct snapshot *snapshots_now(struct snapshots *snapshots) must_check;

/* Drop a reference, and release everything with the last; NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#define auto_snapshot __attribute__((cleanup(snapshot_release)))
#define auto_snapshots __attribute__((cleanup(snapshots_release)))

static inline void snapshots_release(struct snapshots **p)
{
    snapshots_free(*p);
}

static inline void snapshot_release(struct snapshot **p)
{
    snapshot_free(*p);
}

#endif
