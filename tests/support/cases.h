/*
 * cases.h - directories of cases for `spillway test`, and the command run on
 * them.
 */
#ifndef SPILLWAY_TESTS_CASES_H
#define SPILLWAY_TESTS_CASES_H

#include <stddef.h>

#include "run.h"
#include "scratch.h"

#define POD                                                                    \
    "apiVersion: v1\nkind: Pod\n"                                              \
    "metadata: {name: gw, namespace: istio-system, labels: {app: gw}}\n"
#define REVIEW(spec)                                                           \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","    \
    "\"request\":{\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":\"v1\","  \
    "\"kind\":\"Pod\"},\"operation\":\"CREATE\",\"namespace\":"                \
    "\"istio-system\",\"object\":{\"metadata\":{\"labels\":{\"app\":\"gw\"}}," \
    "\"spec\":{" spec "}}}}"
#define POLICY(key)                                                            \
    "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n- name: p\n"        \
    "  match: {namespaces: [istio-system], selectors: [{matchLabels: {app: "   \
    "gw}}]}\n  tolerations: [{key: " key ", operator: Exists}]\n"
#define MUTATED "decision: mutated\nreason: applied\npolicy: p\n"
#define PATCH(key)                                                             \
    "[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{"        \
    "\"operator\":\"Exists\",\"key\":\"" key "\"}]}}]"
#define OBJECT(key)                                                            \
    POD "spec:\n  tolerations:\n  - {key: " key ", operator: Exists}\n"

/* A file below a scratch directory. */
struct case_file {
    const char *name, *content;
};

/* Write a file, making its directories. */
void cases_put(const struct scratch *scratch, const struct case_file *file);

/* Write files up to the first without a name, at most `count`. */
void cases_put_all(const struct scratch *scratch, const struct case_file *files,
                   size_t count);

/* Run `spillway test --policy FILE OPTIONS PATH` with POLICY("k"); OPTIONS are
 * words parted by single blanks, or "". */
void cases_run(struct run *run, const struct scratch *scratch,
               const char *options, const char *path);

/* It ended with that status, printed something with `out` in it, and on stderr
 * something with `err` in it, or nothing when that is NULL. */
void cases_check(const struct run *run, int status, const char *out,
                 const char *err);

#endif
