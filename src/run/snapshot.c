/* snapshot.c - see snapshot.h for the contract. */
#include "spillway/snapshot.h"

#include <pthread.h>
#include <stdlib.h>

#include "spillway/client_ca.h"
#include "spillway/credentials.h"
#include "spillway/policy.h"

struct snapshots {
    pthread_mutex_t lock; /* held for a few instructions only */
    struct snapshot *now;
};

void snapshot_drop_parts(struct snapshot *parts)
{
    policy_set_free(take(&parts->policy));
    credentials_free(take(&parts->serving));
    client_ca_free(take(&parts->client_ca));
}

struct snapshots *snapshots_new(void)
{
    struct snapshots *snapshots = calloc(1, sizeof(*snapshots));

    if (snapshots)
        (void)pthread_mutex_init(&snapshots->lock, NULL);
    return snapshots;
}

void snapshots_free(struct snapshots *snapshots)
{
    if (!snapshots)
        return;
    snapshot_free(snapshots->now);
    (void)pthread_mutex_destroy(&snapshots->lock);
    free(snapshots);
}

bool snapshots_publish(struct snapshots *snapshots,
                       const struct snapshot *parts)
{
    struct snapshot *fresh = calloc(1, sizeof(*fresh)), *old;

    if (!fresh)
        return false;
    atomic_init(&fresh->references, 1);
    fresh->policy = policy_set_get(parts->policy);
    fresh->serving = parts->serving ? credentials_get(parts->serving) : NULL;
    fresh->client_ca =
        parts->client_ca ? client_ca_get(parts->client_ca) : NULL;
    (void)pthread_mutex_lock(&snapshots->lock);
    old = snapshots->now;
    snapshots->now = fresh;
    (void)pthread_mutex_unlock(&snapshots->lock);
    snapshot_free(old);
    return true;
}

struct snapshot *snapshots_now(struct snapshots *snapshots)
{
    struct snapshot *now;

    (void)pthread_mutex_lock(&snapshots->lock);
    now = snapshots->now;
    if (now)
        atomic_fetch_add_explicit(&now->references, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&snapshots->lock);
    return now;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) > 1)
        return;
    snapshot_drop_parts(snapshot);
    free(snapshot);
}
