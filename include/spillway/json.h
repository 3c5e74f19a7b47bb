/*
 * json.h - JSON as it comes from outside: a strict reader, a tree, a writer.
 *
 * The reader makes one linear pass over the bytes.  It validates all of them
 * (RFC 8259, and stricter: UTF-8, no lone surrogates, no number beyond a
 * double, at most JSON_MAX_DEPTH levels) and builds a tree only for what a
 * `struct json_shape` asks for.  Whatever the shape does not name is validated
 * and skipped.  On the paths that the shape names, duplicate keys, values of
 * another type and U+0000 are refused; elsewhere they are the sender's
 * business, as they are for Go's decoder.
 *
 * Values remember the bytes they came from, so that what we do not understand
 * is repeated exactly: numbers are never converted, unknown members are kept.
 * Keys are compared case-sensitively, as Kubernetes does.
 */
#ifndef SPILLWAY_JSON_H
#define SPILLWAY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/error.h"
#include "spillway/text.h"

struct arena;
struct buf;

enum {
    JSON_MAX_DEPTH = 100,    /* braces and brackets open at once */
    JSON_MAX_VALUES = 65536, /* values in the subtrees that are read */
};

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/*
 * One value.  All memory belongs to the arena it was read into, or to the
 * input text.  `next` links the members of an object and the elements of an
 * array; a value is in one list only (json_copy() makes another).
 */
struct json {
    enum json_type type;
    bool truth;         /* JSON_BOOL */
    bool opaque;        /* members or elements were not read: only raw */
    uint32_t line;      /* 1-based line in the source; 0 when not known */
    struct text key;    /* the member's name, decoded; absent in arrays */
    struct text string; /* STRING: decoded; NUMBER: the literal; BOOL in YAML:
                           the word, as written */
    struct text raw;    /* the value's bytes in JSON input, else absent */
    struct json *child; /* first member or element */
    struct json *next;
};

/* What to read of a value. */
enum json_shape_kind {
    SHAPE_ANY,    /* the whole subtree, whatever it is; unchecked */
    SHAPE_OPAQUE, /* type and raw bytes only */
    SHAPE_STRING, /* a string; null reads as the empty string in a MAP, LIST
                     or where the field says so */
    SHAPE_BOOL,
    SHAPE_INTEGER,  /* a number without fraction or exponent */
    SHAPE_QUANTITY, /* a number or a string: resource.Quantity */
    SHAPE_LIST,     /* an array whose elements have the shape `element` */
    SHAPE_MAP,      /* an object, every member read as `element` */
    SHAPE_OBJECT,   /* an object, of which `fields` are read */
};

struct json_field;

struct json_shape {
    enum json_shape_kind kind;
    bool keep;  /* OBJECT: other members are kept, opaque */
    bool defer; /* a violation in here is reported apart (json_document) */
    bool null_is_empty; /* STRING: null is the empty string, not an absence */
    const struct json_shape *element;
    const struct json_field *fields;
    size_t n_fields;
};

struct json_field {
    struct text key;
    const struct json_shape *shape;
};

extern const struct json_shape json_any;

struct json_document {
    struct json *root;
    /* The first violation of a shape inside a deferred subtree, which is then
     * absent from the tree; kind is ERROR_NONE when there is none. */
    struct error deferred;
};

/*
 * Read one JSON text that fills `in` but for white space.  `in` must outlive
 * the tree.  Fails with INVALID ("byte N: ..." with a path where the shape was
 * violated) or SYSTEM.  `max_values` bounds the values built (65,536 for what
 * comes from the network).
 */
bool json_read(struct text in, const struct json_shape *shape,
               size_t max_values, struct arena *arena,
               struct json_document *doc, struct error *err) must_check;

/*
 * Read the first JSON text of a stream, whole, and move *in behind it and the
 * white space that follows.  Lines are counted from 1 at `start`, the
 * beginning of the stream.
 */
struct json *json_read_next(struct text *in, const char *start,
                            size_t max_values, struct arena *arena,
                            struct error *err) must_check;

/* True when the first byte that is not white space is '{' or '['. */
bool json_looks_like(struct text in);

/* --- asking ------------------------------------------------------------ */

/* The member `key` of an object, to be changed, and null too; NULL when absent
 * or `object` is NULL or not an object.  Of duplicates the last, as in Go. */
struct json *json_member(struct json *object, struct text key);

/* The same, to be looked at; NULL when it is null. */
const struct json *json_get_text(const struct json *object, struct text key);

/* What follows is called with literals, whose length the compiler knows. */
#define BY_LITERAL static inline __attribute__((always_inline))

BY_LITERAL const struct json *json_get(const struct json *object,
                                       const char *key)
{
    return json_get_text(object, (struct text){ key, strlen(key) });
}

/* The string under `key`; an absent text when there is none. */
struct text json_string_text(const struct json *object, struct text key);

BY_LITERAL struct text json_string(const struct json *object, const char *key)
{
    return json_string_text(object, (struct text){ key, strlen(key) });
}

/* The boolean under `key`; false when there is none. */
bool json_true_text(const struct json *object, struct text key);

BY_LITERAL bool json_true(const struct json *object, const char *key)
{
    return json_true_text(object, (struct text){ key, strlen(key) });
}

/* The first element or member of the value under `key`, for
 * `for (e = json_first(o, "x"); e; e = e->next)`. */
const struct json *json_first_text(const struct json *object, struct text key);

BY_LITERAL const struct json *json_first(const struct json *object,
                                         const char *key)
{
    return json_first_text(object, (struct text){ key, strlen(key) });
}

/* Number of members or elements; 0 for NULL and scalars. */
size_t json_count(const struct json *value);

/*
 * Equal as JSON values: members in any order, strings decoded, numbers by
 * their text (1 and 1.0 differ).  Opaque values are equal when their bytes are,
 * white space between tokens apart.  `arena` is for sorting and comparing;
 * when memory is short nothing is equal.
 */
bool json_equal(const struct json *a, const struct json *b,
                struct arena *arena);

/*
 * Append the value in one form for all values that are equal: members sorted
 * by key, strings escaped in one way.  Of an opaque value of more than 4 KiB
 * the bytes without white space: nobody writes such a value in two ways, except
 * to cause work.  `arena` is for sorting.
 */
void json_write_canonical(struct buf *out, const struct json *value,
                          struct arena *arena);

/* True when some key of the object comes twice (or memory is short). */
bool json_has_twins(const struct json *object, struct arena *arena);

/* What a type is called in messages: "a string", "an object". */
const char *json_type_name(enum json_type type);

/* --- building (all return NULL when memory is short) ------------------- */

struct json *json_object(struct arena *arena);
struct json *json_array(struct arena *arena);
struct json *json_string_new(struct arena *arena, struct text value);
struct json *json_bool_new(struct arena *arena, bool value);
struct json *json_number_new(struct arena *arena, long long value);

/* A copy of the value that shares its members; key kept, next cleared. */
struct json *json_copy(struct arena *arena, const struct json *value);

/*
 * A container that can be changed without changing `value`: its members or
 * elements are copied, what is below them is shared.  With NULL, null or a
 * scalar: an empty container.  `type` is JSON_ARRAY or JSON_OBJECT.
 */
struct json *json_edit(struct arena *arena, const struct json *value,
                       enum json_type type);

/* A copy of the value and of everything below it. */
struct json *json_clone(struct arena *arena, const struct json *value);

/*
 * Append to an array, or set a member of an object (replacing the one of that
 * name, in its place).  `value` must be in no other list.  The container's raw
 * bytes are dropped.  False when memory is short or `value` is NULL, so that
 * constructors can be nested.
 */
bool json_append(struct json *array, struct json *value);
bool json_set(struct json *object, struct text key, struct json *value);

/* --- writing ----------------------------------------------------------- */

/* Append the value as compact JSON; raw bytes are repeated without the white
 * space between tokens. */
void json_write(struct buf *out, const struct json *value);

/* True when the raw bytes hold no white space at all, and so are written as
 * they are. */
bool json_is_compact(const struct json *value);

/* The same, indented by `indent` spaces a level, without a final newline. */
void json_write_pretty(struct buf *out, const struct json *value, int indent);

/* Append a JSON string with its quotes.  Bytes that are not UTF-8 become
 * U+FFFD. */
void json_write_string(struct buf *out, struct text value);

#endif
