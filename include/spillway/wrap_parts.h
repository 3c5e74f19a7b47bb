/*
 * wrap_parts.h - the parts of `spillway wrap`: what a user has becomes cases of
 * `spillway test`.
 */
#ifndef SPILLWAY_WRAP_PARTS_H
#define SPILLWAY_WRAP_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/document.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/progress.h"
#include "spillway/record_store.h"
#include "spillway/text.h"
#include "spillway/wrap_lines.h"

struct buf;
struct policy_set;

/* --- what became of the objects (wrap_tally.c) -------------------------- */

enum {
    WRAP_KINDS = 64, /* kinds that are counted by name */
    WRAP_KIND_SIZE = 64,
};

struct wrap_kind {
    char name[WRAP_KIND_SIZE]; /* cut, and without control characters */
    size_t count;
};

struct wrap_tally {
    size_t written, folded;
    size_t controlled; /* ReplicaSets and Jobs of a Deployment or CronJob */
    size_t unselected;
    size_t unfaithful;
    struct error first_unfaithful; /* which it is, and why */
    size_t others;                 /* of other kinds, in all */
    struct wrap_kind kinds[WRAP_KINDS];
    size_t n_kinds;
};

/* Count an object that is left out because of its kind. */
void wrap_tally_kind(struct wrap_tally *tally, struct text kind);

/* Append "12 cases written to DIR, 30 folded (same shape), ...", without a
 * newline.  Sorts the kinds. */
void wrap_tally_format(struct wrap_tally *tally, const char *directory,
                       struct buf *out);

/* --- one run ------------------------------------------------------------ */

struct wrap {
    const struct policy_set *set; /* borrowed */
    struct text name_space;       /* for objects that name none */
    bool only_selected;
    struct record_store store;
    struct wrap_tally tally;
    struct progress progress;
    struct arena scratch;   /* for one object */
    uint64_t *taken_audits; /* see wrap_audit.c; owned */
};

/*
 * Make a case of one object (a whole tree, not a List): print its line, or
 * count why there is none.  `name_space` stands in where the object names none.
 * Fails with INVALID, the place in front, when the object cannot be read;
 * SYSTEM when memory or the disk is short.
 */
bool wrap_object(struct wrap *wrap, struct json *root,
                 const struct document_place *place, struct text name_space,
                 struct arena *arena, struct error *err) must_check;

/*
 * The pod or workload as it would be created again, in the arena: a pod that
 * exists loses its status, its node and what the API server gave it.  NULL when
 * memory is short.
 */
struct json *wrap_again(const struct json *root, struct arena *arena);

/* True for a ReplicaSet of a Deployment and a Job of a CronJob. */
bool wrap_is_controlled(const struct json *root);

/* --- audit logs (wrap_audit.c) ------------------------------------------ */

/* Lines or events of one file that say nothing, for one reason. */
struct wrap_flaw {
    size_t count;
    unsigned long line; /* of the first; 0 when not known */
    char detail[200];   /* what is wrong with the first, or "" */
};

enum wrap_flaw_kind {
    WRAP_NO_JSON,
    WRAP_NO_EVENT,
    WRAP_TOO_LONG,
    WRAP_CUT_OFF,
    WRAP_BAD_OBJECT,
    WRAP_FLAWS
};

/* What is read from one file. */
struct wrap_audit {
    struct wrap *wrap;
    const char *file; /* for messages */
    size_t others;    /* events of other verbs or resources */
    size_t stages;    /* other stages of requests */
    size_t metadata;  /* without requestObject because of their level */
    size_t bare;      /* without requestObject for another reason */
    struct wrap_flaw flaws[WRAP_FLAWS];
};

/* True when the line is one complete Event or EventList of audit.k8s.io. */
bool wrap_audit_is_line(struct text line, struct arena *arena);

/* True for the tree of an Event or EventList of audit.k8s.io. */
bool wrap_audit_is(const struct json *root);

/* Make cases of what is in such a tree, which stands in line `line`.  Fails
 * only with SYSTEM; what is wrong is counted. */
bool wrap_audit_tree(struct wrap_audit *audit, const struct json *root,
                     unsigned long line, struct error *err) must_check;

/* Make cases of a log, line by line.  Fails only with SYSTEM. */
bool wrap_audit_log(struct wrap_audit *audit, struct wrap_lines *lines,
                    struct error *err) must_check;

/* Append what was left out and why, a line for each reason; nothing when there
 * is nothing to say. */
void wrap_audit_format(const struct wrap_audit *audit, struct buf *out);

#endif
