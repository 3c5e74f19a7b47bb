/* pods.c - see pods.h for the contract. */
#include "pods.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

static char *exchange(char *text, char from, char to)
{
    for (char *at = text; *at; at++) {
        if (*at == from)
            *at = to;
    }
    return text;
}

char *pods_text(struct arena *arena, const char *quoted)
{
    char *text = arena_string(arena, text_of(quoted));

    assert_non_null(text);
    return exchange(text, '\'', '"');
}

static struct json *read_any(struct arena *arena, const char *text)
{
    struct json_document document;
    struct error err = { 0 };

    if (!json_read(text_of(text), &json_any, SIZE_MAX, arena, &document, &err))
        fail_msg("%s in %s", err.text, text);
    return document.root;
}

struct json *pods_json(struct arena *arena, const char *quoted)
{
    return read_any(arena, pods_text(arena, quoted));
}

const char *pods_print(struct arena *arena, const struct json *value)
{
    struct buf out = { .arena = arena };
    struct error err = { 0 };

    json_write(&out, value);
    assert_true(buf_ok(&out, &err));
    return exchange(out.data, '"', '\'');
}

struct policy_set *pods_policy(const char *yaml)
{
    const struct policy_source source = { "policy.yaml", text_of(yaml) };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set = policy_set_parse(&source, 1, &mistakes, &err);

    if (!set)
        fail_msg("%s%s in\n%s", err.text, mistakes.data ? mistakes.data : "",
                 yaml);
    return set;
}

static struct text review_of(struct arena *arena, const char *kind,
                             const char *rest, const char *object)
{
    struct buf out = { .arena = arena };
    struct error err = { 0 };

    buf_printf(&out,
               "{\"kind\":\"AdmissionReview\","
               "\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
               "\"uid\":\"u-1\",\"kind\":{\"group\":\"\",\"version\":\"v1\","
               "\"kind\":\"%s\"},\"namespace\":\"edge\",%s"
               "\"operation\":\"CREATE\",\"object\":%s}}",
               kind, rest, object);
    assert_true(buf_ok(&out, &err));
    return buf_text(&out);
}

struct text pods_review(struct arena *arena, const char *pod)
{
    return review_of(arena, "Pod", "", pod);
}

struct text pods_binding_review(struct arena *arena, const char *binding)
{
    return review_of(arena, "Binding", "\"subResource\":\"binding\",", binding);
}

void pods_admit(const struct policy_set *set, const char *pod,
                struct arena *arena, struct admission *result)
{
    struct text review = pods_review(arena, pods_text(arena, pod));
    struct error err = { 0 };

    if (!admit(set, review, arena, result, &err))
        fail_msg("%s for %s", err.text, pod);
}

const char *pods_mutate(const struct policy_set *set, const char *pod,
                        struct arena *arena)
{
    struct json *object = pods_json(arena, pod);
    struct admission result;
    const char *patch;

    pods_admit(set, pod, arena, &result);
    patch = arena_string(arena, result.patch);
    if (result.patch.data && !pods_apply(object, read_any(arena, patch), arena))
        fail_msg("%s does not apply to %s", patch, pod);
    return pods_print(arena, object);
}

void pods_last_wins(struct json *value)
{
    struct json **link = &value->child;

    value->raw = (struct text){ 0 };
    while (*link) {
        const struct json *later = (*link)->next;

        pods_last_wins(*link);
        while (value->type == JSON_OBJECT && later &&
               !text_equal(later->key, (*link)->key))
            later = later->next;
        if (value->type == JSON_OBJECT && later)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
}

/* --- JSON Patch -------------------------------------------------------- */

/* The next token of a pointer, unescaped; *at moves behind it. */
static struct text pointer_token(const char **at, struct arena *arena)
{
    const char *from = *at + 1;
    size_t len = strcspn(from, "/"), out = 0;
    char *token = arena_alloc(arena, len + 1);

    assert_non_null(token);
    *at = from + len;
    for (size_t i = 0; i < len; i++) {
        token[out] = from[i];
        if (from[i] == '~') {
            i++;
            assert_true(from[i] == '0' || from[i] == '1');
            token[out] = from[i] == '0' ? '~' : '/';
        }
        out++;
    }
    return (struct text){ token, out };
}

/* The link at a token; *link is NULL where something could be added. */
static struct json **find_child(struct json *parent, struct text token)
{
    struct json **link = &parent->child;
    char *end;
    unsigned long index;

    if (parent->type == JSON_OBJECT) {
        while (*link && !text_equal((*link)->key, token))
            link = &(*link)->next;
        return link;
    }
    if (parent->type != JSON_ARRAY)
        return NULL;
    if (text_is(token, "-")) {
        while (*link)
            link = &(*link)->next;
        return link;
    }
    index = strtoul(token.data, &end, 10);
    if (token.len == 0 || *end)
        return NULL;
    for (; *link && index; index--)
        link = &(*link)->next;
    return index ? NULL : link;
}

static bool apply_operation(struct json *root, const struct json *operation,
                            struct arena *arena)
{
    const char *path = arena_string(arena, json_string(operation, "path"));
    bool add = text_is(json_string(operation, "op"), "add");
    const struct json *given = operation->child; /* null, too, is a value */
    struct json *value, *parent = root, **link = NULL;
    struct text token = { 0 };

    while (given && !text_is(given->key, "value"))
        given = given->next;
    if (*path != '/' || !given ||
        (!add && !text_is(json_string(operation, "op"), "replace")))
        return false;
    while (*path) {
        parent->raw = (struct text){ 0 };
        token = pointer_token(&path, arena);
        link = find_child(parent, token);
        if (!link || (*path && !*link))
            return false;
        parent = *path ? *link : parent;
    }
    if (!add && !*link)
        return false;
    value = json_clone(arena, given);
    value->key = parent->type == JSON_OBJECT ? token : (struct text){ 0 };
    value->next = *link;
    if (*link && (!add || parent->type == JSON_OBJECT))
        value->next = (*link)->next;
    *link = value;
    return true;
}

bool pods_apply(struct json *root, const struct json *patch,
                struct arena *arena)
{
    for (const struct json *e = patch->child; e; e = e->next) {
        if (!apply_operation(root, e, arena))
            return false;
    }
    return true;
}
