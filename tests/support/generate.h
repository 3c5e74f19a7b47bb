/*
 * generate.h - random pods, policies and nodes from a small vocabulary, so that
 * terms meet, repeat and contradict one another.
 *
 * The same seed gives the same texts.
 */
#ifndef SPILLWAY_TESTS_GENERATE_H
#define SPILLWAY_TESTS_GENERATE_H

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/policy.h"

struct buf;

struct generator {
    uint64_t state;
    struct arena *arena; /* where texts go; may be changed between calls */
};

/* A number below `limit`; true once in `times`. */
unsigned generate_below(struct generator *generator, unsigned limit);
bool generate_once_in(struct generator *generator, unsigned times);

/* A policy file with one policy, for pods with app=gw in namespace edge. */
const char *generate_policy(struct generator *generator);

/* Append a comma and a pod's member topologySpreadConstraints, or nothing. */
void generate_spread(struct generator *generator, struct buf *out);

/* A policy file with one to three policies of which some scale in first, in
 * namespaces edge and other, by globs on n1, n2 and vk-1. */
const char *generate_scale_in_policies(struct generator *generator);

/* A Binding (JSON, single quotes) to one of these nodes; `twins` as below. */
const char *generate_binding(struct generator *generator, bool twins);

/*
 * A pod (JSON, single quotes) that such a policy applies to.  Some of its terms
 * are made of the policy's.  `twins` lets keys off the paths come twice.
 */
const char *generate_pod(struct generator *generator,
                         const struct policy *policy, bool twins);

enum { GENERATE_KEYS = 4 };

struct node {
    const char *name;
    struct {
        const char *key, *value; /* NULL: the node has no such label */
    } labels[GENERATE_KEYS];
};

struct node generate_node(struct generator *generator);

#endif
