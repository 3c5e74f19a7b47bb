/*
 * placement.h - on which of some nodes a pod may run, and which come first.
 *
 * Nodes are scored as kube-scheduler's NodeAffinity plugin does: the weights of
 * the preferences that match are added up and scaled so that the best feasible
 * node has 100.  Other plugins score, too; what is decided by affinity and room
 * alone is all that is claimed here.
 */
#ifndef SPILLWAY_PLACEMENT_H
#define SPILLWAY_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/node.h"

/* One node. */
struct place {
    const struct node *node;
    enum node_verdict verdict;
    struct text cause; /* see node_admits() */
    size_t room;       /* how many fit; SIZE_MAX when that is not known */
    long long weights; /* of the preferences that match */
    unsigned score;    /* 0 to 100 */
    size_t rank;       /* 1 for the best; those with equal scores share one;
                          0 when not feasible */
};

/* Feasible nodes with equal scores.  Which of them gets a pod is decided by
 * other plugins. */
struct place_group {
    size_t first, count;    /* in the list of places */
    size_t n_virtual;       /* of them, virtual nodes */
    size_t room;            /* of all of them; SIZE_MAX when not known */
    size_t replicas_before; /* that went to better groups */
    size_t replicas;        /* that go here */
};

/* All of them: the feasible ones in front, the best first, the others behind,
 * each in the order in which they were given.  The memory is in an arena. */
struct placement {
    struct place *list;
    size_t count, n_feasible;
    struct place_group *groups;
    size_t n_groups;
    size_t pending; /* replicas for which there is no room */
};

/*
 * Judge every node for a pod with that spec, and let `replicas` of it (0 for
 * none) go where affinity and room send them.  Fails only with SYSTEM.
 */
bool placement_make(const struct json *spec, const struct node *nodes,
                    size_t count, size_t replicas, struct arena *arena,
                    struct placement *placement, struct error *err) must_check;

#endif
