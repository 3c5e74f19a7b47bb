/*
 * explanation.h - why an object is changed as it is, and where it could run:
 * everything that `spillway explain` says, in pieces that can be printed as
 * text or as JSON.
 */
#ifndef SPILLWAY_EXPLANATION_H
#define SPILLWAY_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/document.h"
#include "spillway/merge.h"
#include "spillway/placement.h"
#include "spillway/review.h"
#include "spillway/select.h"
#include "spillway/trace.h"

struct arena;
struct buf;

enum guard_state {
    GUARD_PASSED,
    GUARD_HOLDS,     /* the object is left alone, or not changed in full */
    GUARD_NOT_ASKED, /* behind the one that holds */
};

/* One guard, in the order in which they are asked. */
struct explained_guard {
    enum reason guard;
    enum guard_state state;
    struct text detail; /* what it looked at */
};

/* A toleration of the policy. */
struct explained_toleration {
    const struct json *wanted;
    const struct json *by; /* what covers it already; NULL: it is added */
};

/* A preference of the pod that results; the heaviest comes first. */
struct explained_preference {
    const struct json *term;
    long long weight;
    bool added;
};

/* The nodes that placements are made for; none without --nodes. */
struct explained_nodes {
    struct node *list;
    size_t count;
    size_t replicas; /* to be placed; 0 for none */
};

/* All of it lives in the arena, in the document or in the policy set. */
struct explanation {
    struct document document;
    struct admission admission;
    const struct review *review;
    struct trace trace;
    struct explained_guard guards[SELECT_GUARDS];

    const struct json *before, *after; /* PodSpecs; NULL when it is no pod */
    struct term *own_terms;            /* the required terms of `before` */
    size_t n_own_terms;
    struct merge merge; /* its terms are those of `after` */
    struct explained_toleration *tolerations;
    size_t n_tolerations;
    struct explained_preference *preferences;
    size_t n_preferences;

    const struct explained_nodes *nodes; /* NULL without --nodes */
    struct placement placement;          /* of `after` */
};

/*
 * Explain one document.  `nodes` may be NULL, and is borrowed.  Fails as
 * document_open() and document_admit() do.
 */
bool explanation_make(const struct policy_set *set, struct json *root,
                      const struct document_place *place,
                      struct text name_space,
                      const struct explained_nodes *nodes, struct arena *arena,
                      struct explanation *explanation,
                      struct error *err) must_check;

/* --- pieces in words --------------------------------------------------- */

/* Append what was found in place of what the selector wants: "label istio is
 * egressgateway". */
void explanation_write_failure(struct buf *out,
                               const struct explanation *explanation,
                               const struct selector *selector,
                               const struct trace_selector *traced);

/* Append "disktype=ssd and zone=a": the pod's nodeSelector. */
void explanation_write_node_selector(struct buf *out, const struct json *spec);

/* Append the plugins of kube-scheduler that also have a say about this pod,
 * and why, parted by ", ". */
void explanation_write_plugins(struct buf *out,
                               const struct explanation *explanation);

/* Append "3 nodes feasible: 1 ECS first, 2 virtual when it is full". */
void explanation_write_summary(struct buf *out,
                               const struct explanation *explanation);

/* Append ": 3 taint, 2 affinity": how many nodes fail which predicate. */
void explanation_write_verdicts(struct buf *out,
                                const struct placement *placement);

/* The replica, from 1 on, that is the first on a virtual node; 0 for none. */
size_t explanation_spill(const struct placement *placement);

/* What to do about a warning of that kind. */
const char *explanation_way_out(enum warning_kind kind);

/* --- printing ---------------------------------------------------------- */

/* Append the whole as text. */
bool explanation_write_text(struct buf *out,
                            const struct explanation *explanation, bool colour,
                            struct arena *arena, struct error *err) must_check;

/* Print the whole to stdout, as a JSON document. */
bool explanation_print_json(const struct explanation *explanation,
                            struct arena *arena, struct error *err) must_check;

#endif
