/*
 * pods.h - pods, policies and reviews for tests, given as text.
 *
 * JSON is written with single quotes in place of double ones, so that it can
 * be read in C.  What cannot be read fails the running test.  Results live in
 * the arena, unless something else is said.
 */
#ifndef SPILLWAY_TESTS_PODS_H
#define SPILLWAY_TESTS_PODS_H

#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/json.h"
#include "spillway/policy.h"

/* The text with every single quote made a double one. */
char *pods_text(struct arena *arena, const char *quoted);

/* The same, read whole, whatever it is. */
struct json *pods_json(struct arena *arena, const char *quoted);

/* The value as compact JSON with single quotes. */
const char *pods_print(struct arena *arena, const struct json *value);

/* A policy set from YAML; the caller releases it. */
struct policy_set *pods_policy(const char *yaml);

/* Head of a policy file with one policy for pods with the label app=gw in
 * namespace edge: what follows are its `tolerations` and `affinity`. */
#define PODS_POLICY_HEAD                                                       \
    "apiVersion: spillway.dev/v1\n"                                            \
    "kind: Policy\n"                                                           \
    "policies:\n"                                                              \
    "- name: gw\n"                                                             \
    "  match:\n"                                                               \
    "    namespaces: [edge]\n"                                                 \
    "    selectors:\n"                                                         \
    "    - matchLabels: {app: gw}\n"

/* A v1 review, uid u-1: CREATE of the pod (JSON, double quotes) in namespace
 * edge. */
struct text pods_review(struct arena *arena, const char *pod);

/* The same of a Binding (JSON, double quotes), CREATE of pods/binding. */
struct text pods_binding_review(struct arena *arena, const char *binding);

/* Admit such a review, of a pod with single quotes. */
void pods_admit(const struct policy_set *set, const char *pod,
                struct arena *arena, struct admission *result);

/* The pod (single quotes) as it is after that, printed with single quotes. */
const char *pods_mutate(const struct policy_set *set, const char *pod,
                        struct arena *arena);

/* Members of the same name: all but the last are dropped, everywhere, which is
 * how Go decodes them. */
void pods_last_wins(struct json *value);

/*
 * JSON Patch as the API server applies it, written apart from the engine's:
 * `add` and `replace` only, parents must be there, "-" only adds.  The tree is
 * changed in place.  False when an operation does not apply.
 */
bool pods_apply(struct json *root, const struct json *patch,
                struct arena *arena);

#endif
