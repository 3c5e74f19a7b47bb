/* patch.c - JSON Patch; see patch.h for the contract. */
#include "spillway/patch.h"

#include <stdio.h>

#include "spillway/arena.h"
#include "spillway/macros.h"

/* --- building ---------------------------------------------------------- */

/* A patch under construction. */
struct builder {
    struct arena *arena;
    struct buf *out, *path; /* the latter of what is being compared */
    size_t *count;
};

enum operation_kind { ADD, REPLACE };

static void write_operation(const struct builder *builder,
                            enum operation_kind kind, const struct json *value)
{
    struct buf *out = builder->out;

    if ((*builder->count)++ > 0)
        buf_add_char(out, ',');
    buf_add_string(out, kind == ADD ? "{\"op\":\"add\",\"path\":"
                                    : "{\"op\":\"replace\",\"path\":");
    json_write_string(out, buf_text(builder->path));
    buf_add_string(out, ",\"value\":");
    json_write(out, value);
    buf_add_char(out, '}');
}

/* Append "/KEY", with '~' and '/' escaped (RFC 6901, section 3).  Returns the
 * length to go back to with leave(). */
static size_t enter(const struct builder *builder, struct text key)
{
    struct buf *path = builder->path;
    size_t before = path->len, from = 0;

    buf_add_char(path, '/');
    for (size_t i = 0; i < key.len; i++) {
        if (key.data[i] != '~' && key.data[i] != '/')
            continue;
        buf_add(path, key.data + from, i - from);
        buf_add_string(path, key.data[i] == '~' ? "~0" : "~1");
        from = i + 1;
    }
    buf_add(path, key.data + from, key.len - from);
    builder->out->failed |= path->failed;
    return before;
}

static void leave(const struct builder *builder, size_t before)
{
    if (!builder->path->failed)
        builder->path->len = before;
}

static void build(const struct builder *builder, const struct json *before,
                  const struct json *after);

/* Element by element, then what was added at the end. */
static void build_elements(const struct builder *builder,
                           const struct json *before, const struct json *after)
{
    const struct json *a = after->child;
    size_t i = 0, back;

    for (const struct json *b = before->child; b; b = b->next, a = a->next) {
        char index[24];

        (void)snprintf(index, sizeof(index), "%zu", i++);
        back = enter(builder, text_of(index));
        build(builder, b, a);
        leave(builder, back);
    }
    back = enter(builder, text_of("-"));
    for (; a; a = a->next)
        write_operation(builder, ADD, a);
    leave(builder, back);
}

/* A list is changed in place or replaced as a whole, whichever is shorter. */
static void build_array(const struct builder *builder,
                        const struct json *before, const struct json *after)
{
    struct buf part = { .arena = builder->arena }, whole = part;
    size_t part_count = *builder->count, whole_count = part_count;
    struct builder in_place = *builder, replaced = *builder;
    bool shorter = false;

    in_place.out = &part;
    in_place.count = &part_count;
    replaced.out = &whole;
    replaced.count = &whole_count;
    write_operation(&replaced, REPLACE, after);
    if (before->child && json_count(before) <= json_count(after)) {
        build_elements(&in_place, before, after);
        shorter = part.len < whole.len;
    }
    builder->out->failed |= part.failed || whole.failed;
    *builder->count = shorter ? part_count : whole_count;
    buf_add_text(builder->out, buf_text(shorter ? &part : &whole));
}

/* The member with the key of `like`, null or not.  Two objects have most
 * members in the same order, so the one at *next is tried first. */
static const struct json *counterpart(const struct json *object,
                                      const struct json **next,
                                      const struct json *like)
{
    const struct json *m = *next;

    if (!m || !text_equal(m->key, like->key)) {
        m = object->child;
        while (m && !text_equal(m->key, like->key))
            m = m->next;
    }
    if (m)
        *next = m->next;
    return m;
}

static void build_members(const struct builder *builder,
                          const struct json *before, const struct json *after)
{
    const struct json *next = before->child;

    for (const struct json *a = after->child; a; a = a->next) {
        const struct json *b = counterpart(before, &next, a);
        size_t back;

        if (b == a || (b && json_equal(b, a, builder->arena)))
            continue;
        back = enter(builder, a->key);
        if (builder->out->failed)
            return;
        if (b && b->type != JSON_NULL)
            build(builder, b, a);
        else
            write_operation(builder, ADD, a);
        leave(builder, back);
    }
}

/* True when going through the members of `after` says all: every member of
 * `before` is in it, and no key comes twice, of which paths know only one. */
static bool keeps_members(const struct json *before, const struct json *after,
                          struct arena *arena)
{
    const struct json *next = after->child;

    for (const struct json *b = before->child; b; b = b->next) {
        if (!counterpart(after, &next, b))
            return false;
    }
    return !json_has_twins(after, arena);
}

static void build(const struct builder *builder, const struct json *before,
                  const struct json *after)
{
    if (json_equal(before, after, builder->arena))
        return;
    if (before->type == JSON_ARRAY && after->type == JSON_ARRAY)
        build_array(builder, before, after);
    else if (before->type == JSON_OBJECT && after->type == JSON_OBJECT &&
             !before->opaque && !after->opaque &&
             keeps_members(before, after, builder->arena))
        build_members(builder, before, after);
    else
        write_operation(builder, REPLACE, after);
}

bool patch_build(const struct json *before, const struct json *after,
                 const char *path, struct arena *arena, struct buf *out,
                 size_t *count, struct error *err)
{
    struct buf at = { .arena = arena };
    struct builder builder = { arena, out, &at, count };

    buf_add_string(&at, path);
    build(&builder, before, after);
    return buf_ok(out, err);
}

/* --- applying ---------------------------------------------------------- */

/* One operation, and how far its path has been followed. */
struct operation {
    struct text op, path;
    const struct json *value; /* NULL for remove */
    struct arena *arena;
    struct error *err;
};

static bool fail(const struct operation *operation, const char *message)
{
    return error_set(operation->err, ERROR_INVALID, "%.*s %.*s: %s",
                     TEXT_ARG(text_clip(operation->op, 20)),
                     TEXT_ARG(text_clip(operation->path, 200)), message);
}

/* Cut the next token off *path, decoded.  A bad escape is INVALID. */
static bool next_token(const struct operation *operation, struct text *path,
                       struct text *token)
{
    const char *at = path->data + 1, *end = path->data + path->len;
    const char *stop = memchr(at, '/', (size_t)(end - at));
    struct buf decoded = { .arena = operation->arena };

    if (!stop)
        stop = end;
    for (; at < stop; at++) {
        if (*at != '~') {
            buf_add_char(&decoded, *at);
        } else if (stop - at > 1 && (at[1] == '0' || at[1] == '1')) {
            buf_add_char(&decoded, at[1] == '0' ? '~' : '/');
            at++;
        } else {
            return fail(operation, "'~' must be followed by 0 or 1");
        }
    }
    *path = (struct text){ stop, (size_t)(end - stop) };
    *token = buf_text(&decoded);
    return buf_ok(&decoded, operation->err);
}

/* The link to the element that the token names; to the end of the list for
 * "-" or the index behind the last.  NULL when there is no such place. */
static struct json **array_link(struct json *array, struct text token)
{
    struct json **link = &array->child;
    bool end = text_is(token, "-");
    long long index = 0;

    if (!end && (token.len == 0 || !text_parse_integer(token, &index) ||
                 index < 0 || token.data[0] == '+' || token.data[0] == '-' ||
                 (token.len > 1 && token.data[0] == '0')))
        return NULL;
    while (*link && (end || index > 0)) {
        link = &(*link)->next;
        index--;
    }
    return end || index == 0 ? link : NULL;
}

static struct json **member_link(struct json *object, struct text token)
{
    struct json **link = &object->child;

    while (*link && !text_equal((*link)->key, token))
        link = &(*link)->next;
    return link;
}

/* The link that the token names in a container; NULL when it names none. */
static struct json **find_link(struct json *container, struct text token)
{
    if (container->opaque)
        return NULL;
    if (container->type == JSON_OBJECT)
        return member_link(container, token);
    if (container->type == JSON_ARRAY)
        return array_link(container, token);
    return NULL;
}

static bool change(const struct operation *operation, struct json *parent,
                   struct text key, struct json **link)
{
    bool add = text_is(operation->op, "add");
    struct json *value, *old = *link;

    if (!add && !old)
        return fail(operation, "there is nothing at that path");
    if (text_is(operation->op, "remove")) {
        *link = old->next;
        return true;
    }
    if (!operation->value)
        return fail(operation, "the operation has no value");
    value = json_clone(operation->arena, operation->value);
    if (!value)
        return error_no_memory(operation->err);
    value->key = key;
    /* Adding to an array inserts; everything else takes the old one's place. */
    if (add && parent && parent->type == JSON_ARRAY)
        value->next = old;
    else
        value->next = old ? old->next : NULL;
    *link = value;
    return true;
}

static bool apply_one(const struct operation *operation, struct json **root)
{
    struct json *parent = NULL, **link = root;
    struct text path = operation->path, token = { 0 };

    if (path.len > 0 && path.data[0] != '/')
        return fail(operation, "a path begins with '/'");
    while (path.len > 0) {
        if (!next_token(operation, &path, &token))
            return false;
        parent = *link;
        link = parent ? find_link(parent, token) : NULL;
        if (!link || (!*link && path.len > 0))
            return fail(operation, "the path leads nowhere");
        parent->raw = (struct text){ 0 }; /* no longer what it says */
    }
    return change(operation, parent,
                  parent && parent->type == JSON_OBJECT ? token
                                                        : (struct text){ 0 },
                  link);
}

bool patch_apply(struct json **root, const struct json *patch,
                 struct arena *arena, struct error *err)
{
    if (patch->type != JSON_ARRAY)
        return error_set(err, ERROR_INVALID, "a JSON Patch is an array");
    for (const struct json *e = patch->child; e; e = e->next) {
        struct operation operation = { json_string(e, "op"),
                                       json_string(e, "path"), NULL, arena,
                                       err };

        for (const struct json *m = e->child; m; m = m->next) {
            if (text_is(m->key, "value"))
                operation.value = m;
        }
        if (!text_is(operation.op, "add") &&
            !text_is(operation.op, "replace") &&
            !text_is(operation.op, "remove"))
            return fail(&operation, "only add, replace and remove are known");
        if (!json_get(e, "path"))
            return fail(&operation, "the operation has no path");
        if (!apply_one(&operation, root))
            return false;
    }
    return true;
}

/* Values are not descended into: each is whole in the bytes of its own. */
static const struct json_shape proof_string = { .kind = SHAPE_STRING };
static const struct json_shape proof_value = { .kind = SHAPE_OPAQUE };
static const struct json_field proof_fields[] = {
    { TEXT("op"), &proof_string },
    { TEXT("path"), &proof_string },
    { TEXT("value"), &proof_value },
};
static const struct json_shape proof_operation = {
    .kind = SHAPE_OBJECT,
    .fields = proof_fields,
    .n_fields = array_len(proof_fields),
};
static const struct json_shape proof_shape = { .kind = SHAPE_LIST,
                                               .element = &proof_operation };

bool patch_prove(const struct json *before, const struct json *after,
                 struct text patch, struct arena *arena, bool *proven,
                 struct error *err)
{
    struct json *result = json_clone(arena, before);
    struct json_document read;
    struct error found = { 0 };

    *proven = false;
    if (!result)
        return error_no_memory(err);
    if (json_read(patch, &proof_shape, SIZE_MAX, arena, &read, &found) &&
        patch_apply(&result, read.root, arena, &found)) {
        *proven = json_equal(result, after, arena);
        return true;
    }
    if (found.kind == ERROR_SYSTEM)
        *err = found;
    return found.kind != ERROR_SYSTEM;
}
