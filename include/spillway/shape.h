/*
 * shape.h - what is read of an AdmissionReview, and of which type it must be.
 *
 * This table is the whole of what Spillway looks at.  Everything else in a
 * review is validated as JSON and passed over.
 */
#ifndef SPILLWAY_SHAPE_H
#define SPILLWAY_SHAPE_H

#include <stddef.h>

#include "spillway/json.h"

/* The parts that depend on the policies: labels and annotations, and the way
 * down to them.  All of it belongs to the struct; it must not move. */
struct review_shape {
    struct json_shape labels, annotations, metadata, pod, request, review;
    struct json_field metadata_fields[5], pod_fields[2], request_fields[6],
        review_fields[3];
};

/*
 * Set up the shape.  `labels` and `annotations` are the keys to be looked up,
 * each with review_value_shape; borrowed for the life of the shape.
 */
void review_shape_init(struct review_shape *shape,
                       const struct json_field *labels, size_t n_labels,
                       const struct json_field *annotations,
                       size_t n_annotations);

/* What is read of an AdmissionReview of a Binding, besides: its object. */
extern const struct json_shape review_binding_shape;

/* A label's or annotation's value: null is the empty string, as in Go. */
extern const struct json_shape review_value_shape;

/* Keys that the engine looks up for itself. */
#define LABEL_POD_TEMPLATE_HASH "pod-template-hash"
#define LABEL_ECI "alibabacloud.com/eci"
#define ANNOTATION_MUTATE "spillway.dev/mutate"
#define ANNOTATION_MIRROR "kubernetes.io/config.mirror"
#define ANNOTATION_BURST "alibabacloud.com/burst-resource"
#define ANNOTATION_DELETION_COST "controller.kubernetes.io/pod-deletion-cost"

/* What scaleInFirst gives a pod on a virtual node; without the annotation the
 * cost is 0, and ReplicaSets remove lower costs first. */
#define DELETION_COST "-100"

#define REQUIRED_AFFINITY "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED_AFFINITY "preferredDuringSchedulingIgnoredDuringExecution"

#endif
