/*
 * yaml.h - YAML in and out of the tree of json.h, as kubectl sees it.
 *
 * Plain scalars resolve as in sigs.k8s.io/yaml (YAML 1.1: `yes` and `on` are
 * booleans, `0x10` is an integer, a timestamp stays a string); keys become
 * strings.  Aliases are expanded within a cap on values; merge keys, unknown
 * tags, .nan, .inf and duplicate keys are refused.
 */
#ifndef SPILLWAY_YAML_H
#define SPILLWAY_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/json.h"

/* The documents of one input, in order. */
struct yaml_documents {
    struct json **list; /* in the arena; an empty document is left out */
    bool *is_json;      /* which of them were written as JSON */
    size_t count;
};

/*
 * Read every document of `in`: a YAML stream, or, when the first byte that is
 * not white space is '{' or '[', a sequence of JSON texts read by json.h's
 * strict pass.  Every value carries its line.  At most `max_values` values in
 * all, aliases expanded.  `in` must outlive the tree.  Fails with INVALID
 * ("line N: ..." for YAML, "byte N: ..." for JSON) or SYSTEM.
 */
bool yaml_read(struct text in, size_t max_values, struct arena *arena,
               struct yaml_documents *documents, struct error *err) must_check;

/*
 * Append `value` as one block-style YAML document in kubectl's layout
 * (two spaces, sequences not indented, strings quoted where they would
 * otherwise resolve to something else), without `---` and ending in a newline.
 * False, with SYSTEM, when memory is short.
 */
bool yaml_write(struct buf *out, const struct json *value,
                struct error *err) must_check;

#endif
