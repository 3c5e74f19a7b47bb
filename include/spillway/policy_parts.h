/*
 * policy_parts.h - one policy and its parts, each parsed apart from the others;
 * only policy.c and the parts themselves use them.
 *
 * Each takes a place whose node has the right type, appends what is wrong to
 * the config's mistakes and fills in what is right.
 */
#ifndef SPILLWAY_POLICY_PARTS_H
#define SPILLWAY_POLICY_PARTS_H

#include "spillway/config.h"
#include "spillway/policy.h"

/* One entry of `policies`. */
void policy_parse(struct config *config, struct place at,
                  struct policy *policy);

/* `match`: namespaces and selectors. */
void policy_parse_match(struct config *config, struct place match,
                        struct policy *policy);

/* `tolerations`, as in a PodSpec: checked as kube-apiserver does. */
void policy_parse_tolerations(struct config *config, struct place tolerations,
                              struct policy *policy);

/* `affinity`, as in a PodSpec, with nodeAffinity only. */
void policy_parse_affinity(struct config *config, struct place affinity,
                           struct policy *policy);

/* `spillover`: in which order nodes are filled and emptied. */
void policy_parse_spillover(struct config *config, struct place spillover,
                            struct policy *policy);

/* Fill in what the engine needs beyond what was parsed.  False when memory is
 * short. */
bool policy_prepare(struct policy *policy, struct arena *arena) must_check;

/* Check a string that is a glob.  The same globs make the matchConditions of
 * the webhooks' registration, so those that these could not say are mistakes
 * here already. */
void policy_check_glob(struct config *config, struct place at);

#endif
