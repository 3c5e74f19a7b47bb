/*
 * policy.h - which pods are gateways, and what their scheduling should say.
 *
 * A policy set is parsed as a whole, with every mistake listed, and never
 * changes afterwards; threads share it freely.  Parsing is pure: texts come
 * in, the caller reads the files.
 *
 * Anything that kube-apiserver would refuse in a pod is a mistake here, since
 * a patch that makes a pod invalid would reject it even under
 * failurePolicy: Ignore.
 */
#ifndef SPILLWAY_POLICY_H
#define SPILLWAY_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/selector.h"
#include "spillway/term.h"
#include "spillway/text.h"

/* The patch of a pod that has nothing to merge with; see change.h. */
struct usual_patch {
    struct text patch, encoded; /* in base64; absent when there is none */
    size_t n_operations;
};

struct policy {
    struct text name; /* a DNS label, unique in its set */
    unsigned line;    /* where it begins in its file, from 1 */
    bool shadow;      /* decide and count, but send no patch */
    unsigned percent; /* 0-100, share of workloads it applies to */

    struct text *namespaces; /* exact names; "*" is any */
    size_t n_namespaces;
    struct selector *selectors; /* ORed */
    size_t n_selectors;

    const struct json *tolerations; /* array, or NULL */
    const struct json *required;    /* array of nodeSelectorTerms, or NULL */
    const struct json *preferred;   /* array of weighted terms, or NULL */

    /* The same, compiled, in the order of the text. */
    struct toleration *toleration_list;
    size_t n_tolerations;
    struct term *terms; /* of `required` */
    size_t n_terms;
    struct term *preferences; /* of `preferred` */
    size_t n_preferences;

    bool fill_first;            /* fill the preferred nodes before others */
    bool scale_in_first;        /* on scale-in, virtual nodes' pods go first */
    struct text *virtual_nodes; /* globs on node names, NUL-terminated; some
                                   exactly with scale_in_first */
    size_t n_virtual_nodes;

    const struct json *spread; /* fill_first's topologySpreadConstraints */
    bool tolerates_eci;        /* its pods may land on ECI (see warn.h) */
    struct usual_patch usual;
};

struct policy_set;

/* One policy file: its name for messages, and its bytes. */
struct policy_source {
    const char *name;
    struct text text;
};

/*
 * Parse all sources into one set, in order.  Returns a set that the caller
 * releases with policy_set_free(), or NULL.  NULL with *err untouched means
 * mistakes: `mistakes` then holds one line each, `FILE:LINE: PATH: what is
 * wrong (what would be right)`.  NULL with *err set is SYSTEM.  The sources
 * are only borrowed for the call.
 */
struct policy_set *policy_set_parse(const struct policy_source *sources,
                                    size_t count, struct buf *mistakes,
                                    struct error *err) must_check;

/* The policy that is used when none is given, as YAML text. */
struct text policy_builtin(void);

/* First 12 hex digits of the SHA-256 of the sources' bytes, in order. */
const char *policy_set_digest(const struct policy_set *set);

/* The sources as they were read, as one YAML stream. */
struct text policy_set_text(const struct policy_set *set);

size_t policy_set_count(const struct policy_set *set);
const struct policy *policy_set_at(const struct policy_set *set, size_t i);

/* What to read of an AdmissionReview: labels and annotations only under the
 * keys that some policy looks at. */
const struct json_shape *policy_set_shape(const struct policy_set *set);

/* True when some policy has scale_in_first, so that Bindings are looked at. */
bool policy_set_scales_in_first(const struct policy_set *set);

/* True when the policy applies to that namespace. */
bool policy_has_namespace(const struct policy *policy, struct text name);

/* Put every policy of a set into shadow mode, whatever its text says; before
 * the set is shared. */
void policy_set_shadow(struct policy_set *set);

/* Take one more reference, which is dropped with policy_set_free().  Any thread
 * may do both. */
struct policy_set *policy_set_get(struct policy_set *set) must_check;

/* Drop a reference, and release the set with the last; NULL is fine. */
void policy_set_free(struct policy_set *set);

#define auto_policy_set __attribute__((cleanup(policy_set_release)))

static inline void policy_set_release(struct policy_set **p)
{
    policy_set_free(*p);
}

#endif
