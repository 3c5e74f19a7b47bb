/*
 * platform.h - how the platforms mark their virtual nodes: the label that
 * affinity asks for, and the taint that keeps other pods away.
 */
#ifndef SPILLWAY_PLATFORM_H
#define SPILLWAY_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/text.h"

struct json;
struct term;

/* One kind of virtual node.  The strings are static. */
struct platform {
    const char *name; /* "ACK virtual node (ECI)" */
    const char *label_key, *label_value;
    const char *taint_key;
    const char *taint_value; /* NULL: any, or none */
    const char *taint_effect;
};

size_t platform_count(void);
const struct platform *platform_at(size_t i);

/* The first platform whose virtual nodes have one of these labels (an object,
 * or NULL); NULL when none has. */
const struct platform *platform_of_labels(const struct json *labels);

/* True when some requirement of the term can only be met by the label of a
 * virtual node: In, with one of its values. */
bool platform_is_asked_for(const struct term *term);

#endif
