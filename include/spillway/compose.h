/*
 * compose.h - the AdmissionReview that kube-apiserver would send for an
 * object, and the pod that a workload's controller would create.
 */
#ifndef SPILLWAY_COMPOSE_H
#define SPILLWAY_COMPOSE_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/text.h"

struct arena;

/*
 * The pod of a workload with that namespace and pod template: generateName
 * NAME-, the template's labels, annotations and spec, and the controller as
 * its owner.  `owner_kind` is the controller's kind, "ReplicaSet" for a
 * Deployment.  NULL when memory is short.
 */
struct json *compose_pod(struct arena *arena, const struct json *workload,
                         const struct json *pod_template,
                         const char *owner_kind, struct text name_space);

/*
 * Set *review to the bytes of a request that creates `object`: compact, with a
 * uid that is derived from the object and so the same every time.  Fails with
 * SYSTEM.
 */
bool compose_review(struct arena *arena, const struct json *object,
                    struct text name_space, struct text *review,
                    struct error *err) must_check;

/* True for a v1 Binding, which is created as a subresource of the pod that it
 * names. */
bool compose_is_binding(const struct json *object);

/* metadata.name, or generateName with *generated set; absent when there is
 * neither. */
struct text compose_name(const struct json *object, bool *generated);

#endif
