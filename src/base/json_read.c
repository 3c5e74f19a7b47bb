/*
 * json_read.c - the reader of json.h: one pass that validates everything and
 * builds what the shape asks for.
 */
#include "spillway/json.h"

#include <stdio.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json_scan.h"

const struct json_shape json_any = { .kind = SHAPE_ANY };

/* One step of the way from the root to the value that is being read. */
struct step {
    struct text key; /* absent in an array */
    size_t index;
};

struct reader {
    struct json_scan scan;
    struct arena *arena;
    size_t values_left;

    struct step *path; /* room for JSON_MAX_DEPTH + 1 */
    unsigned n_steps;

    /* A violation in a deferred subtree is kept here; until the subtree ends
     * nothing more of it is built. */
    struct error *deferred;
    bool deferring, muted;
};

static bool read_value(struct reader *reader, const struct json_shape *shape,
                       struct json **out);

/* --- violations of the shape ------------------------------------------- */

static void write_path(const struct reader *reader, struct buf *out)
{
    for (unsigned i = 0; i < reader->n_steps; i++) {
        const struct step *step = &reader->path[i];

        if (!step->key.data) {
            buf_printf(out, "[%zu]", step->index);
            continue;
        }
        if (i > 0)
            buf_add_char(out, '.');
        buf_add_shown(out, step->key, 64);
    }
    buf_add_string(out, reader->n_steps ? ": " : "");
}

/*
 * The value at `at` is not what the shape says.  False when that ends the
 * reading; true when it was noted and the subtree is to be skipped.
 */
static bool violate(struct reader *reader, const char *at, const char *message)
{
    struct buf path = { .arena = reader->arena };
    struct error found = { 0 };

    write_path(reader, &path);
    if (!buf_ok(&path, reader->scan.err))
        return false;
    error_set(&found, ERROR_INVALID, "byte %td: %s%s", at - reader->scan.start,
              path.data ? path.data : "", message);
    if (!reader->deferring) {
        *reader->scan.err = found;
        return false;
    }
    if (reader->deferred->kind == ERROR_NONE)
        *reader->deferred = found;
    reader->muted = true;
    return true;
}

static bool violate_type(struct reader *reader, const char *expected,
                         enum json_type type)
{
    char message[96];

    (void)snprintf(message, sizeof(message), "expected %s, not %s", expected,
                   json_type_name(type));
    return violate(reader, reader->scan.at, message);
}

/* What the shape wants, when `type` is not that; NULL when it is.  Null is an
 * absence, and fits every shape. */
static const char *type_mismatch(const struct json_shape *shape,
                                 enum json_type type)
{
    static const struct {
        const char *name;
        unsigned types; /* bits; none for any */
    } wanted[] = {
        [SHAPE_STRING] = { "a string", 1u << JSON_STRING },
        [SHAPE_BOOL] = { "true or false", 1u << JSON_BOOL },
        [SHAPE_INTEGER] = { "an integer", 1u << JSON_NUMBER },
        [SHAPE_QUANTITY] = { "a quantity (a number or a string)",
                             1u << JSON_NUMBER | 1u << JSON_STRING },
        [SHAPE_LIST] = { "an array", 1u << JSON_ARRAY },
        [SHAPE_MAP] = { "an object", 1u << JSON_OBJECT },
        [SHAPE_OBJECT] = { "an object", 1u << JSON_OBJECT },
    };
    unsigned types = wanted[shape->kind].types;

    if (type == JSON_NULL || types == 0 || types & 1u << type)
        return NULL;
    return wanted[shape->kind].name;
}

/* --- strings ----------------------------------------------------------- */

/* The string at the cursor, decoded: the input's own bytes when it has no
 * escapes. */
static bool read_any_string(struct reader *reader, struct text *out,
                            bool *has_nul)
{
    struct json_scan_string string;
    char *decoded;

    if (!json_scan_string(&reader->scan, &string))
        return false;
    *has_nul = string.has_nul;
    *out = string.content;
    if (!string.escaped)
        return true;
    /* An escape is never shorter than what it stands for. */
    decoded = arena_alloc(reader->arena, string.content.len);
    if (!decoded)
        return error_no_memory(reader->scan.err);
    *out = (struct text){ decoded, json_scan_decode(string.content, decoded) };
    return true;
}

static bool read_string(struct reader *reader, const struct json_shape *shape,
                        struct text *out)
{
    const char *at = reader->scan.at;
    bool has_nul;

    if (json_scan_short(&reader->scan, out))
        return true;
    if (!read_any_string(reader, out, &has_nul))
        return false;
    return !has_nul || shape->kind == SHAPE_ANY ||
           shape->kind == SHAPE_OPAQUE ||
           violate(reader, at, "U+0000 is not allowed here");
}

/* --- containers -------------------------------------------------------- */

static const struct json_shape *find_field(const struct json_shape *shape,
                                           struct text *key)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct json_field *field = &shape->fields[i];

        if (field->key.len == key->len &&
            (key->len == 0 || (*field->key.data == *key->data &&
                               text_equal(field->key, *key)))) {
            *key = field->key;
            return field->shape;
        }
    }
    return NULL;
}

/* Read the key at the cursor, and which shape its value has (NULL: skip). */
static bool read_key(struct reader *reader, const struct json_shape *shape,
                     const struct json *object, struct text *key,
                     const struct json_shape **inner)
{
    static const struct json_shape unknown = { .kind = SHAPE_OPAQUE };
    const char *at = reader->scan.at;
    bool has_nul = false;

    *inner = NULL;
    if ((!json_scan_short(&reader->scan, key) &&
         !read_any_string(reader, key, &has_nul)) ||
        !json_scan_colon(&reader->scan))
        return false;
    if (shape->kind == SHAPE_ANY) {
        *inner = &json_any;
        return true;
    }
    if (shape->kind == SHAPE_MAP) {
        *inner = shape->element;
        return !has_nul || violate(reader, at, "U+0000 is not allowed here");
    }
    *inner = find_field(shape, key);
    if (!*inner && shape->keep)
        *inner = &unknown;
    if (!*inner || *inner == &unknown)
        return true;
    for (const struct json *m = object->child; m; m = m->next) {
        if (m->key.data == key->data)
            return violate(reader, at, "the key is there twice");
    }
    return true;
}

/* All keys of a map are read, so none may come twice. */
static bool check_map(struct reader *reader, const struct json *map)
{
    size_t count = json_count(map), i = 0;
    struct text *keys;

    if (count < 2)
        return true;
    keys = arena_array(reader->arena, count, sizeof(*keys));
    if (!keys)
        return error_no_memory(reader->scan.err);
    for (const struct json *m = map->child; m; m = m->next)
        keys[i++] = m->key;
    qsort(keys, count, sizeof(*keys), text_compare_pointers);
    for (i = 1; i < count; i++) {
        if (!text_equal(keys[i - 1], keys[i]))
            continue;
        reader->path[reader->n_steps - 1].key = keys[i];
        return violate(reader, reader->scan.at - 1, "the key is there twice");
    }
    return true;
}

/* Move over a value that nobody asked for. */
static inline bool skip_value(struct reader *reader)
{
    struct text ignored;

    return json_scan_short(&reader->scan, &ignored) ||
           json_scan_value(&reader->scan);
}

/* Read what stands between the braces or brackets. */
static bool read_children(struct reader *reader, const struct json_shape *shape,
                          struct json *container)
{
    bool object = container->type == JSON_OBJECT, more, good = true;
    struct step *step = &reader->path[reader->n_steps++];
    struct json **tail = &container->child;

    *step = (struct step){ .index = 0 };
    if (!json_scan_open(&reader->scan))
        return false;
    for (bool first = true;; first = false, step->index++) {
        const struct json_shape *inner =
            shape->kind == SHAPE_ANY ? &json_any : shape->element;

        if (!json_scan_more(&reader->scan, object ? '}' : ']', first, &more))
            return false;
        if (!more)
            break;
        if (object && !read_key(reader, shape, container, &step->key, &inner))
            return false;
        if (!inner || reader->muted) {
            if (!skip_value(reader))
                return false;
            continue;
        }
        if (!read_value(reader, inner, tail))
            return false;
        if (*tail) {
            (*tail)->key = step->key;
            tail = &(*tail)->next;
        }
    }
    if (shape->kind == SHAPE_MAP && !reader->muted)
        good = check_map(reader, container);
    reader->n_steps--;
    return good;
}

/* --- values ------------------------------------------------------------ */

static bool read_scalar(struct reader *reader, const struct json_shape *shape,
                        struct json *value)
{
    const char *at = reader->scan.at;

    if (value->type == JSON_STRING)
        return read_string(reader, shape, &value->string);
    if (!json_scan_value(&reader->scan))
        return false;
    value->truth = *at == 't';
    if (value->type != JSON_NUMBER)
        return true;
    value->string = (struct text){ at, (size_t)(reader->scan.at - at) };
    if (shape->kind == SHAPE_INTEGER) {
        for (size_t i = 0; i < value->string.len; i++) {
            if (at[i] == '.' || (at[i] | 0x20) == 'e')
                return violate(reader, at, "expected an integer");
        }
    }
    return true;
}

static bool read_content(struct reader *reader, const struct json_shape *shape,
                         struct json *value)
{
    if (value->type != JSON_OBJECT && value->type != JSON_ARRAY)
        return read_scalar(reader, shape, value);
    if (shape->kind == SHAPE_OPAQUE) {
        value->opaque = true;
        return json_scan_value(&reader->scan);
    }
    return read_children(reader, shape, value);
}

/* Read the value at the cursor as `shape` says; it has the right type. */
static bool build_value(struct reader *reader, const struct json_shape *shape,
                        enum json_type type, struct json **out)
{
    struct json *value = arena_new(reader->arena, struct json);
    const char *at = reader->scan.at;

    if (!value)
        return error_no_memory(reader->scan.err);
    reader->values_left--;
    value->type = type;
    if (!read_content(reader, shape, value))
        return false;
    value->raw = (struct text){ at, (size_t)(reader->scan.at - at) };
    if (type == JSON_NULL && shape->null_is_empty)
        value->type = JSON_STRING;
    *out = reader->muted ? NULL : value;
    return true;
}

static bool read_plain(struct reader *reader, const struct json_shape *shape,
                       struct json **out)
{
    const char *expected;
    enum json_type type;

    *out = NULL;
    if (!json_scan_type(&reader->scan, &type))
        return false;
    expected = type_mismatch(shape, type);
    if (expected) {
        /* What is no JSON at all is a matter of syntax, not of type. */
        if (type == JSON_NUMBER && !strchr("-0123456789", *reader->scan.at))
            return json_scan_value(&reader->scan);
        return violate_type(reader, expected, type) &&
               json_scan_value(&reader->scan);
    }
    if (reader->values_left == 0)
        return violate(reader, reader->scan.at, "too many values") &&
               json_scan_value(&reader->scan);
    return build_value(reader, shape, type, out);
}

static bool read_value(struct reader *reader, const struct json_shape *shape,
                       struct json **out)
{
    unsigned n_steps = reader->n_steps;
    bool good;

    if (!shape->defer || reader->deferring)
        return read_plain(reader, shape, out);
    reader->deferring = true;
    good = read_plain(reader, shape, out);
    if (reader->muted)
        *out = NULL;
    reader->deferring = reader->muted = false;
    reader->n_steps = n_steps;
    return good;
}

bool json_read(struct text in, const struct json_shape *shape,
               size_t max_values, struct arena *arena,
               struct json_document *doc, struct error *err)
{
    const char *start = in.data ? in.data : "";
    /* Each step is set when it is taken; zeroing them all takes time. */
    __attribute__((uninitialized)) struct step path[JSON_MAX_DEPTH + 1];
    struct reader reader = {
        .scan = { start, start, start + in.len, 0, NULL, err },
        .arena = arena,
        .values_left = max_values,
        .path = path,
        .deferred = &doc->deferred,
    };

    *doc = (struct json_document){ 0 };
    json_scan_space(&reader.scan);
    if (!read_value(&reader, shape, &doc->root))
        return false;
    json_scan_space(&reader.scan);
    if (reader.scan.at != reader.scan.end)
        return json_scan_fail(&reader.scan, reader.scan.at,
                              "more text behind the end of the JSON value");
    return true;
}
