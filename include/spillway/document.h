/*
 * document.h - what a user hands in (an AdmissionReview, a Pod, a workload, any
 * other object), the AdmissionReview that is evaluated for it, and the way
 * back: from the patch of a pod to a patch of what was handed in.
 *
 * A workload is evaluated as the pod that its controller would create.
 */
#ifndef SPILLWAY_DOCUMENT_H
#define SPILLWAY_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/text.h"

struct arena;
struct policy_set;

enum {
    /* Files larger than this are not read. */
    DOCUMENT_MAX_BYTES = 64 * 1024 * 1024,
    /* Values in one file, aliases expanded. */
    DOCUMENT_MAX_VALUES = 4 * 1024 * 1024,
};

enum document_kind {
    DOCUMENT_REVIEW,
    DOCUMENT_POD,
    DOCUMENT_WORKLOAD,
    DOCUMENT_BINDING, /* v1: what puts a pod on its node */
    DOCUMENT_OTHER,   /* evaluated as its own kind, and so skipped */
};

/* Everything points into the arena or into the file's bytes. */
struct document {
    enum document_kind kind;
    struct json *root;   /* as handed in */
    struct json *object; /* what a patch is applied to: `root`, or the object
                            of a review (NULL when it has none) */
    const char *template_path; /* where the pod stands in `object`, as a JSON
                                  Pointer; "" but for a workload */
    struct text review;        /* the bytes that are evaluated */

    struct text kind_name;  /* Pod, Deployment, ... */
    struct text name_space; /* as evaluated; absent when it has none */
    struct text name;
    bool generated; /* `name` is a generateName */
};

/* Where a document stands, for messages. */
struct document_place {
    const char *file;
    struct text bytes; /* the file's content */
    bool is_json;
    bool is_only; /* the only document of its file */
};

/* True for v1 List, whose items are documents of their own. */
bool document_is_list(const struct json *root);

/*
 * Make of one document (a whole tree, not a List) what is evaluated.  A review
 * that was given as JSON is evaluated as the very bytes of its file.
 * `name_space` stands in where an object names none.  Fails with INVALID
 * ("FILE:LINE: ..." or "FILE: byte N: ...") when it is no Kubernetes object,
 * or a workload without a pod template; SYSTEM when memory is short.
 */
bool document_open(struct json *root, const struct document_place *place,
                   struct text name_space, struct arena *arena,
                   struct document *document, struct error *err) must_check;

/*
 * Evaluate: admit() with the place in the message of a failure.  The result
 * lives as long as the arena and the document.
 */
bool document_admit(const struct document *document,
                    const struct document_place *place,
                    const struct policy_set *set, struct arena *arena,
                    struct admission *admission, struct error *err) must_check;

/*
 * The patch of `document->object`: an array of operations, without any when
 * nothing is to be changed.  NULL with SYSTEM.
 */
struct json *document_patch(const struct document *document,
                            const struct admission *admission,
                            struct arena *arena, struct error *err) must_check;

/* Apply such a patch to `document->object`, and so to `root`, in place. */
bool document_apply(struct document *document, const struct json *patch,
                    struct arena *arena, struct error *err) must_check;

/* The PodSpec in an object of this document, which may be NULL; NULL when
 * there is none. */
const struct json *document_pod_spec(const struct document *document,
                                     const struct json *object);

#endif
