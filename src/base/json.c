/* json.c - asking, comparing and building trees; see json.h for the contract.
 */
#include "spillway/json.h"

#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/buf.h"

enum { CANONICAL_MAX = 4096 };

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = { "null",     "a boolean", "a number",
                                         "a string", "an array",  "an object" };

    return names[type];
}

/* --- asking ------------------------------------------------------------ */

struct json *json_member(struct json *object, struct text key)
{
    struct json *found = NULL;

    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (struct json *m = object->child; m; m = m->next) {
        if (text_equal(m->key, key))
            found = m;
    }
    return found;
}

const struct json *json_get_text(const struct json *object, struct text key)
{
    /* Looking changes nothing: const is only put aside. */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    struct json *plain = (struct json *)(uintptr_t)object;
    const struct json *found = json_member(plain, key);

    return found && found->type != JSON_NULL ? found : NULL;
}

struct text json_string_text(const struct json *object, struct text key)
{
    const struct json *value = json_get_text(object, key);

    return value && value->type == JSON_STRING ? value->string
                                               : (struct text){ 0 };
}

bool json_true_text(const struct json *object, struct text key)
{
    const struct json *value = json_get_text(object, key);

    return value && value->type == JSON_BOOL && value->truth;
}

const struct json *json_first_text(const struct json *object, struct text key)
{
    const struct json *value = json_get_text(object, key);

    return value ? value->child : NULL;
}

size_t json_count(const struct json *value)
{
    size_t count = 0;

    for (const struct json *e = value ? value->child : NULL; e; e = e->next)
        count++;
    return count;
}

/* --- comparing --------------------------------------------------------- */

static int compare_members(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    int order = text_compare((*x)->key, (*y)->key);

    /* Members that come twice stay in the order of the text. */
    return order ? order
                 : ((*x)->raw.data > (*y)->raw.data) -
                       ((*x)->raw.data < (*y)->raw.data);
}

/* Pointers to the members or elements; members in the order of their keys. */
static const struct json **sorted_children(const struct json *value,
                                           size_t count, struct arena *arena)
{
    const struct json **list = arena_array(arena, count, sizeof(*list));
    size_t i = 0;

    if (!list)
        return NULL;
    for (const struct json *e = value->child; e; e = e->next)
        list[i++] = e;
    if (value->type == JSON_OBJECT && count > 1)
        qsort(list, count, sizeof(*list), compare_members);
    return list;
}

static bool equal_sorted(const struct json *a, const struct json *b,
                         size_t count, struct arena *arena)
{
    const struct json **x = sorted_children(a, count, arena);
    const struct json **y = sorted_children(b, count, arena);

    if (!x || !y)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(x[i]->key, y[i]->key) || !json_equal(x[i], y[i], arena))
            return false;
    }
    return true;
}

static bool equal_children(const struct json *a, const struct json *b,
                           struct arena *arena)
{
    const struct json *x = a->child, *y = b->child;
    size_t count = json_count(a);

    if (count != json_count(b))
        return false;
    /* Most often the members are in the same order, too. */
    while (x && text_equal(x->key, y->key)) {
        x = x->next;
        y = y->next;
    }
    if (x)
        return equal_sorted(a, b, count, arena);
    for (x = a->child, y = b->child; x; x = x->next, y = y->next) {
        if (!json_equal(x, y, arena))
            return false;
    }
    return true;
}

static bool equal_bytes(const struct json *a, const struct json *b,
                        struct arena *arena)
{
    struct buf x = { .arena = arena }, y = { .arena = arena };

    json_write(&x, a);
    json_write(&y, b);
    return !x.failed && !y.failed && text_equal(buf_text(&x), buf_text(&y));
}

/* A null that is read as the empty string is still written as null. */
static enum json_type written_type(const struct json *value)
{
    return text_is(value->raw, "null") ? JSON_NULL : value->type;
}

bool json_equal(const struct json *a, const struct json *b, struct arena *arena)
{
    if (a == b)
        return true;
    if (written_type(a) != written_type(b))
        return false;
    if (a->raw.data && b->raw.data && text_equal(a->raw, b->raw))
        return true;
    switch (written_type(a)) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return a->truth == b->truth;
    case JSON_NUMBER:
    case JSON_STRING:
        return text_equal(a->string, b->string);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return a->opaque || b->opaque ? equal_bytes(a, b, arena)
                                  : equal_children(a, b, arena);
}

static void write_opaque(struct buf *out, const struct json *value)
{
    auto_arena struct arena arena = { 0 };
    struct json_document document;
    struct error err = { 0 };

    if (value->raw.len > CANONICAL_MAX)
        json_write(out, value);
    else if (json_read(value->raw, &json_any, SIZE_MAX, &arena, &document,
                       &err))
        json_write_canonical(out, document.root, &arena);
    else
        out->failed = true; /* it was validated: memory is short */
}

static void write_children(struct buf *out, const struct json *value,
                           struct arena *arena)
{
    size_t count = json_count(value);
    const struct json **list = sorted_children(value, count, arena);

    out->failed |= !list;
    for (size_t i = 0; list && i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (value->type == JSON_OBJECT) {
            json_write_string(out, list[i]->key);
            buf_add_char(out, ':');
        }
        json_write_canonical(out, list[i], arena);
    }
}

void json_write_canonical(struct buf *out, const struct json *value,
                          struct arena *arena)
{
    if (value->opaque) {
        write_opaque(out, value);
    } else if (value->type == JSON_STRING) {
        json_write_string(out, value->string);
    } else if (value->type == JSON_OBJECT || value->type == JSON_ARRAY) {
        buf_add_char(out, value->type == JSON_OBJECT ? '{' : '[');
        write_children(out, value, arena);
        buf_add_char(out, value->type == JSON_OBJECT ? '}' : ']');
    } else {
        json_write(out, value);
    }
}

bool json_has_twins(const struct json *object, struct arena *arena)
{
    size_t count = json_count(object);
    const struct json **list;

    if (count < 2)
        return false;
    list = sorted_children(object, count, arena);
    for (size_t i = 1; list && i < count; i++) {
        if (text_equal(list[i - 1]->key, list[i]->key))
            return true;
    }
    return !list;
}

/* --- building ---------------------------------------------------------- */

static struct json *json_new(struct arena *arena, enum json_type type)
{
    struct json *value = arena_new(arena, struct json);

    if (value)
        value->type = type;
    return value;
}

struct json *json_object(struct arena *arena)
{
    return json_new(arena, JSON_OBJECT);
}

struct json *json_array(struct arena *arena)
{
    return json_new(arena, JSON_ARRAY);
}

struct json *json_string_new(struct arena *arena, struct text value)
{
    struct json *string = json_new(arena, JSON_STRING);

    if (string)
        string->string = value;
    return string;
}

struct json *json_bool_new(struct arena *arena, bool value)
{
    struct json *boolean = json_new(arena, JSON_BOOL);

    if (boolean)
        boolean->truth = value;
    return boolean;
}

struct json *json_number_new(struct arena *arena, long long value)
{
    struct json *number = json_new(arena, JSON_NUMBER);
    struct buf text = { .arena = arena };

    buf_printf(&text, "%lld", value);
    if (!number || text.failed)
        return NULL;
    number->string = buf_text(&text);
    return number;
}

struct json *json_copy(struct arena *arena, const struct json *value)
{
    struct json *copy = arena_new(arena, struct json);

    if (!copy)
        return NULL;
    *copy = *value;
    copy->next = NULL;
    return copy;
}

struct json *json_edit(struct arena *arena, const struct json *value,
                       enum json_type type)
{
    struct json *edit = json_new(arena, type);
    struct json **tail = edit ? &edit->child : NULL;

    if (!edit || !value || value->type != type)
        return edit;
    edit->key = value->key;
    for (const struct json *e = value->child; e; e = e->next) {
        *tail = json_copy(arena, e);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    return edit;
}

struct json *json_clone(struct arena *arena, const struct json *value)
{
    struct json *clone = json_copy(arena, value);
    struct json **tail;

    if (!clone)
        return NULL;
    tail = &clone->child;
    for (const struct json *e = value->child; e; e = e->next) {
        *tail = json_clone(arena, e);
        if (!*tail)
            return NULL;
        tail = &(*tail)->next;
    }
    return clone;
}

bool json_append(struct json *array, struct json *value)
{
    struct json **tail = &array->child;

    if (!value)
        return false;
    while (*tail)
        tail = &(*tail)->next;
    *tail = value;
    array->raw = (struct text){ 0 };
    return true;
}

bool json_set(struct json *object, struct text key, struct json *value)
{
    struct json **link = &object->child;

    if (!value)
        return false;
    while (*link && !text_equal((*link)->key, key))
        link = &(*link)->next;
    if (*link)
        value->next = (*link)->next;
    *link = value;
    value->key = key;
    object->raw = (struct text){ 0 };
    return true;
}
