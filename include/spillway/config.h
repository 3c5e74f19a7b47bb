/*
 * config.h - walk a configuration tree and list every mistake in it.
 *
 * A mistake is one line, `FILE:LINE: PATH: what is wrong (what would be
 * right)`.  The walk goes on after each, so that a user mends a file once.
 */
#ifndef SPILLWAY_CONFIG_H
#define SPILLWAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"

struct config_note;

struct config {
    const char *file;     /* for messages */
    struct buf *mistakes; /* lines are appended */
    struct arena *arena;  /* for paths */
    size_t n_mistakes;
    /* Of this file, until config_flush(); and the last of them. */
    struct config_note *notes, *last;
    bool no_memory; /* paths or results could not be built */
};

/* A value and where it stands: "policies[0].match".  `node` is NULL for a value
 * that is not there; the line is then that of the object it belongs in. */
struct place {
    const struct json *node;
    const char *path; /* "" at the root */
    unsigned line;
};

/* A member that an object may have. */
struct config_member {
    const char *name;
    enum json_type type;
    bool required;
};

/* Write out the mistakes of this file, in the order of its lines. */
void config_flush(struct config *config);

/* Add a mistake about the value at `place`. */
void config_mistake(struct config *config, struct place place, const char *fmt,
                    ...) printf_like(3, 4);

/*
 * Check an object: its type, members that are not in the table (with a
 * suggestion), members that come twice, are missing or of another type.  False
 * when it is no object, so that there is nothing to look into.
 */
bool config_object(struct config *config, struct place place,
                   const struct config_member *members, size_t count);

/* The member `key`; node is NULL when it is absent, null or not of `type`. */
struct place config_get(struct config *config, struct place object,
                        const char *key, enum json_type type);

/* The i-th element's or the named member's place under `parent`. */
struct place config_element(struct config *config, struct place parent,
                            const struct json *element, size_t i);
struct place config_entry(struct config *config, struct place parent,
                          const struct json *member);

/* A mistake when an earlier member of `object` has the same key. */
bool config_check_unique(struct config *config, struct place object,
                         struct place member);

/* True when the value is a string; otherwise a mistake, which offers the
 * quoted form when a plain YAML scalar was meant as a string. */
bool config_is_string(struct config *config, struct place place);

/* A NUL-terminated copy of a text; NULL sets no_memory. */
const char *config_string(struct config *config, struct text text);

/* `count` zeroed elements; NULL sets no_memory. */
void *config_array(struct config *config, size_t count, size_t size);

#endif
