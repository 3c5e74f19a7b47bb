/* yaml_tree.c - see yaml_tree.h for the contract. */
#include "spillway/yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/macros.h"
#include "spillway/scalar.h"

/* `&name`: known from its beginning, usable from its end. */
struct yaml_anchor {
    struct text name;
    const struct json *value; /* NULL while it is still open */
    size_t values, depth;
    struct yaml_anchor *older;
};

static bool fail(struct yaml_tree *tree, uint32_t line, const char *fmt, ...)
    printf_like(3, 4);

static bool fail(struct yaml_tree *tree, uint32_t line, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return error_set(tree->err, ERROR_INVALID, "line %u: %s", line, text);
}

/* --- counting ---------------------------------------------------------- */

static bool take_values(struct yaml_tree *tree, size_t count, uint32_t line)
{
    if (count > tree->values_left)
        return fail(tree, line, "too many values, aliases expanded");
    tree->values_left -= count;
    return true;
}

/* How many values a tree has, and how many levels of containers. */
static size_t measure(const struct json *value, size_t *depth)
{
    size_t count = 1, deepest = 0;

    for (const struct json *e = value->child; e; e = e->next) {
        size_t below = 0;

        count += measure(e, &below);
        deepest = below > deepest ? below : deepest;
    }
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        *depth = deepest + 1;
    return count;
}

size_t yaml_tree_values(const struct json *value)
{
    size_t depth;

    return measure(value, &depth);
}

/* --- anchors ----------------------------------------------------------- */

static struct yaml_anchor *find_anchor(const struct yaml_tree *tree,
                                       const char *name)
{
    struct yaml_anchor *anchor = tree->anchors;

    while (anchor && !text_is(anchor->name, name))
        anchor = anchor->older;
    return anchor;
}

/* Declare an anchor; a later one of the same name hides the earlier one. */
static struct yaml_anchor *add_anchor(struct yaml_tree *tree, const char *name)
{
    struct yaml_anchor *anchor = arena_new(tree->arena, struct yaml_anchor);
    const char *copy = arena_string(tree->arena, text_of(name));

    if (!anchor || !copy)
        return NULL;
    anchor->name = text_of(copy);
    anchor->older = tree->anchors;
    tree->anchors = anchor;
    return anchor;
}

static void close_anchor(struct yaml_anchor *anchor, const struct json *value)
{
    anchor->value = value;
    anchor->depth = 0;
    anchor->values = measure(value, &anchor->depth);
}

/* --- keys -------------------------------------------------------------- */

static bool awaits_key(const struct yaml_tree *tree)
{
    const struct yaml_frame *frame = tree->stack + tree->depth;

    return tree->depth > 0 && frame[-1].value->type == JSON_OBJECT &&
           !frame[-1].has_key;
}

/* What a scalar is called when it is a key; absent when it cannot be one. */
static struct text key_text(struct yaml_tree *tree, const struct json *value)
{
    char number[SCALAR_KEY_SIZE];

    switch (value->type) {
    case JSON_STRING:
        return value->string;
    case JSON_BOOL:
        return text_of(value->truth ? "true" : "false");
    case JSON_NUMBER:
        scalar_format_key(value->string.data, number);
        return text_of(arena_string(tree->arena, text_of(number)));
    default:
        return (struct text){ 0 };
    }
}

static bool set_key(struct yaml_tree *tree, const struct json *value,
                    uint32_t line)
{
    struct yaml_frame *frame = &tree->stack[tree->depth - 1];

    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        return fail(tree, line, "a mapping or sequence cannot be a key");
    if (value->type == JSON_NULL)
        return fail(tree, line,
                    "null cannot be a key (write \"null\" or \"\" "
                    "in quotes when that is meant)");
    frame->key = key_text(tree, value);
    if (!frame->key.data)
        return error_no_memory(tree->err);
    frame->has_key = true;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    int order = text_compare((*x)->key, (*y)->key);

    if (order != 0)
        return order;
    return (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

/* Sorted, so that a hostile mapping of a million keys stays cheap. */
static bool refuse_duplicates(struct yaml_tree *tree, const struct json *object)
{
    size_t count = json_count(object), i = 0;
    auto_free const struct json **members = calloc(count + 1, sizeof(*members));

    if (!members)
        return error_no_memory(tree->err);
    for (const struct json *m = object->child; m; m = m->next)
        members[i++] = m;
    qsort(members, count, sizeof(*members), compare_keys);
    for (i = 1; i < count; i++) {
        const struct json *first = members[i - 1], *second = members[i];

        if (text_equal(first->key, second->key))
            return fail(tree, second->line,
                        "key '%.*s' is given twice (first at line %u)",
                        TEXT_ARG(text_clip(second->key, 100)), first->line);
    }
    return true;
}

/* --- events ------------------------------------------------------------ */

/* Put a value, finished or just opened, where it belongs. */
static void place(struct yaml_tree *tree, struct json *value)
{
    struct yaml_frame *frame;

    if (tree->depth == 0) {
        tree->root = value;
        return;
    }
    frame = &tree->stack[tree->depth - 1];
    value->key = frame->key;
    frame->key = (struct text){ 0 };
    frame->has_key = false;
    *frame->tail = value;
    frame->tail = &value->next;
}

bool yaml_tree_scalar(struct yaml_tree *tree, struct json *value,
                      const char *anchor, uint32_t line)
{
    if (!take_values(tree, 1, line))
        return false;
    value->line = line;
    if (anchor) {
        struct yaml_anchor *declared = add_anchor(tree, anchor);

        if (!declared)
            return error_no_memory(tree->err);
        close_anchor(declared, value);
    }
    if (awaits_key(tree))
        return set_key(tree, value, line);
    place(tree, value);
    return true;
}

bool yaml_tree_alias(struct yaml_tree *tree, const char *anchor, uint32_t line)
{
    const struct yaml_anchor *found = find_anchor(tree, anchor);
    struct json *clone;

    if (!found)
        return fail(tree, line, "no anchor '&%s' before this alias", anchor);
    if (!found->value)
        return fail(tree, line, "anchor '&%s' contains itself", anchor);
    if (tree->depth + found->depth > JSON_MAX_DEPTH)
        return fail(tree, line, "more than %d levels deep", JSON_MAX_DEPTH);
    if (!take_values(tree, found->values, line))
        return false;
    if (awaits_key(tree))
        return set_key(tree, found->value, line);
    clone = json_clone(tree->arena, found->value);
    if (!clone)
        return error_no_memory(tree->err);
    clone->line = line;
    place(tree, clone);
    return true;
}

bool yaml_tree_open(struct yaml_tree *tree, enum json_type type,
                    const char *anchor, uint32_t line)
{
    struct json *value =
        type == JSON_ARRAY ? json_array(tree->arena) : json_object(tree->arena);
    struct yaml_frame *frame;

    if (!value)
        return error_no_memory(tree->err);
    if (awaits_key(tree))
        return fail(tree, line, "a mapping or sequence cannot be a key");
    if (tree->depth == JSON_MAX_DEPTH)
        return fail(tree, line, "more than %d levels deep", JSON_MAX_DEPTH);
    if (!take_values(tree, 1, line))
        return false;
    value->line = line;
    place(tree, value);
    frame = &tree->stack[tree->depth++];
    *frame = (struct yaml_frame){ .value = value, .tail = &value->child };
    if (!anchor)
        return true;
    frame->anchor = add_anchor(tree, anchor);
    return frame->anchor || error_no_memory(tree->err);
}

bool yaml_tree_close(struct yaml_tree *tree)
{
    struct yaml_frame *frame = &tree->stack[--tree->depth];

    if (frame->anchor)
        close_anchor(frame->anchor, frame->value);
    return frame->value->type != JSON_OBJECT ||
           refuse_duplicates(tree, frame->value);
}

struct json *yaml_tree_take(struct yaml_tree *tree)
{
    tree->anchors = NULL;
    tree->depth = 0;
    return take(&tree->root);
}
