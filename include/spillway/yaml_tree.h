/*
 * yaml_tree.h - builds the tree of one YAML document, event by event.
 *
 * What is checked here and not by libyaml: the number of values with aliases
 * expanded, the depth, duplicate keys, keys that are no scalars, anchors that
 * contain themselves.  Knows nothing of libyaml.
 */
#ifndef SPILLWAY_YAML_TREE_H
#define SPILLWAY_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/error.h"
#include "spillway/json.h"

struct arena;
struct yaml_anchor;

/* A container whose end has not come yet. */
struct yaml_frame {
    struct json *value;
    struct json **tail; /* where the next element goes */
    struct text key;    /* of the member that comes next */
    bool has_key;
    struct yaml_anchor *anchor; /* to be filled in at the end */
};

/* Zeroed but for the first three; the tree is in the arena. */
struct yaml_tree {
    struct arena *arena;
    struct error *err;  /* where failures go: "line N: ..." */
    size_t values_left; /* how many values may still come */

    struct json *root;
    struct yaml_frame stack[JSON_MAX_DEPTH];
    size_t depth;
    struct yaml_anchor *anchors; /* newest first */
};

/*
 * The events.  `anchor` is the name given to the value, or NULL; `line` counts
 * from 1.  All fail with INVALID or SYSTEM.  A scalar comes with its type and
 * string set; its line is set here.
 */
bool yaml_tree_scalar(struct yaml_tree *tree, struct json *value,
                      const char *anchor, uint32_t line) must_check;
bool yaml_tree_alias(struct yaml_tree *tree, const char *anchor,
                     uint32_t line) must_check;
bool yaml_tree_open(struct yaml_tree *tree, enum json_type type,
                    const char *anchor, uint32_t line) must_check;
bool yaml_tree_close(struct yaml_tree *tree) must_check;

/* The finished document (NULL when there was none); ready for the next. */
struct json *yaml_tree_take(struct yaml_tree *tree);

/* Number of values in a tree, itself included. */
size_t yaml_tree_values(const struct json *value);

#endif
