/*
 * mutate.h - what `spillway mutate` prints, in each of its formats.
 */
#ifndef SPILLWAY_MUTATE_H
#define SPILLWAY_MUTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/buf.h"
#include "spillway/document.h"
#include "spillway/error.h"

/* Where it is printed, and what stands there already. */
struct mutate_output {
    struct buf buf;
    struct buf json; /* objects while all are JSON: without separators */
    bool has_yaml;   /* some object was YAML */
    bool colour;
    size_t width;    /* of the terminal, to break lines at; 0 for none */
    size_t printed;  /* objects printed so far, over all files */
    bool after_diff; /* the last of them had a diff */
};

struct mutate_format {
    const char *name;
    /* Print (or only change) one object.  May change the document. */
    bool (*add)(struct mutate_output *output, struct document *document,
                const struct admission *admission, struct arena *arena,
                struct error *err);
    /* Print a whole document, a List too, when all in it is done; or NULL. */
    bool (*add_root)(struct mutate_output *output, const struct json *root,
                     bool is_json, struct error *err);
    /* What to print in the end, when everything could be read; NULL where each
     * file is printed as it comes. */
    struct text (*finish)(const struct mutate_output *output);
};

/* The format of that name; NULL when there is none. */
const struct mutate_format *mutate_format_find(const char *name);

#endif
