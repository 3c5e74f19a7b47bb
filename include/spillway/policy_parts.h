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

#endif
