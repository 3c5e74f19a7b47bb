/*
 * node.h - a node as kube-scheduler sees it, and whether a pod may run there.
 *
 * The predicates are those of the scheduler's plugins NodeUnschedulable,
 * TaintToleration, NodeAffinity (nodeSelector and required terms) and
 * NodeResourcesFit, in the order in which it asks them.  What its other plugins
 * look at (ports, volumes, spreading, other pods' affinity) is not looked at.
 */
#ifndef SPILLWAY_NODE_H
#define SPILLWAY_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/json.h"
#include "spillway/resources.h"
#include "spillway/term.h"
#include "spillway/text.h"

struct arena;
struct buf;
struct platform;

/* A v1.Node.  Everything points into its tree. */
struct node {
    struct text name;
    const struct json *labels, *taints; /* NULL for none */
    bool unschedulable;                 /* cordoned */
    const struct platform *platform;    /* of a virtual node, else NULL */
    bool has_allocatable;
    struct resources allocatable;
    struct resources used; /* by the pods that are known to be there */
};

/* What the scheduler is asked about a pod. */
struct pod_demand {
    const struct json *tolerations; /* array, or NULL */
    struct term selector;           /* its nodeSelector */
    bool has_terms;                 /* it has required terms, even if empty */
    struct term *terms;             /* of which one must match */
    size_t n_terms;
    struct term *preferences; /* and their weights (1 to 100, or 0 for what
                                 is none), in the same order */
    long long *weights;
    size_t n_preferences;
    struct resources requests;
};

enum node_verdict {
    NODE_FEASIBLE,
    NODE_UNSCHEDULABLE,
    NODE_TAINT,
    NODE_SELECTOR,
    NODE_AFFINITY,
    NODE_RESOURCES,
    NODE_VERDICTS
};

/* Read a Node.  False when memory is short. */
bool node_read(const struct json *root, struct arena *arena,
               struct node *node) must_check;

/* Count a pod (its PodSpec) as running on the node. */
bool node_add_pod(struct node *node, const struct json *spec,
                  struct arena *arena) must_check;

/* Compile what a PodSpec asks for. */
bool pod_demand_read(const struct json *spec, struct arena *arena,
                     struct pod_demand *demand) must_check;

/*
 * May the pod run there?  `room` is how many of it fit in the resources that
 * are left; SIZE_MAX when the node does not say what it has.  `cause` is in
 * words what stands against it, in the arena: a taint, a requirement, a
 * resource; absent when it is feasible.
 */
enum node_verdict node_admits(const struct node *node,
                              const struct pod_demand *demand,
                              struct arena *arena, size_t *room,
                              struct text *cause);

/* The sum of the weights of the preferences that match (NodeAffinity's score
 * before it is scaled). */
long long node_preference(const struct node *node,
                          const struct pod_demand *demand);

/* True when the node has what the term asks for; an empty term matches none. */
bool node_matches(const struct node *node, const struct term *term);

/* The first taint with NoSchedule or NoExecute that is not tolerated by the
 * list (an array, or NULL); NULL when there is none. */
const struct json *node_untolerated(const struct node *node,
                                    const struct json *tolerations);

/* The node's first taint, for `for (t = node_first_taint(n); t; t = t->next)`.
 */
static inline const struct json *node_first_taint(const struct node *node)
{
    return node->taints ? node->taints->child : NULL;
}

/* The first taint that this toleration is for; NULL when there is none. */
const struct json *node_taint_for(const struct node *node,
                                  const struct toleration *toleration);

/* True when some of the terms matches; without any term every node does. */
bool node_matches_any(const struct node *node, const struct term *terms,
                      size_t count);

/* "unschedulable", "taint", "nodeSelector": as users and programs see it. */
const char *node_verdict_name(enum node_verdict verdict);

/* Append a taint as kubectl writes it: key=value:Effect. */
void node_write_taint(struct buf *out, const struct json *taint);

#endif
