/*
 * check_gather.c - what was read, looked up: nodes, objects by name, the
 * policies that matter for a file; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include <string.h>

#include "spillway/file.h"
#include "spillway/words.h"

void check_gather_nodes(struct check *check)
{
    size_t count = 0;

    for (const struct check_object *o = check->objects; o; o = o->next)
        count += text_is(o->kind, "Node");
    check->nodes = arena_array(&check->arena, count, sizeof(*check->nodes));
    check->node_objects =
        arena_array(&check->arena, count, sizeof(*check->node_objects));
    if (!check->nodes || !check->node_objects) {
        check->failed = true;
        return;
    }
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (!text_is(o->kind, "Node"))
            continue;
        check->node_objects[check->n_nodes] = o;
        check->failed |=
            !node_read(o->root, &check->arena, &check->nodes[check->n_nodes]);
        check->n_nodes++;
    }
}

const struct check_object *check_find(const struct check *check,
                                      const char *kind, struct text name_space,
                                      struct text name)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (text_is(o->kind, kind) && text_equal(o->name, name) &&
            text_equal(o->name_space, name_space))
            return o;
    }
    return NULL;
}

/* --- the policies that matter ------------------------------------------ */

/* Up to the last slash: the directory a file stands in. */
static size_t directory_length(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? (size_t)(slash - file) : 0;
}

static bool same_directory(const char *a, const char *b)
{
    size_t len = directory_length(a);

    return len == directory_length(b) && memcmp(a, b, len) == 0;
}

/* How near a policy is to a file: 3 in it, 2 beside it, 1 elsewhere. */
static int nearness(const struct check_policy *policy, const char *file)
{
    if (strcmp(policy->file, file) == 0)
        return 3;
    return same_directory(policy->file, file) ? 2 : 1;
}

/* The nearest policy; NULL when there is none, or several that are equally
 * near. */
static const struct check_policy *nearest(const struct check *check,
                                          const char *file)
{
    const struct check_policy *best = NULL;
    bool several = false;

    for (const struct check_policy *p = check->policies; p; p = p->next) {
        int order;

        if (!p->set)
            continue;
        order = best ? nearness(p, file) - nearness(best, file) : 1;
        several = order > 0 ? false : several || order == 0;
        best = order > 0 ? p : best;
    }
    return several ? NULL : best;
}

static struct policy_set *builtin(struct check *check)
{
    struct buf mistakes = { .arena = &check->arena };
    struct error err = { 0 };

    if (!check->builtin)
        check->builtin = file_load_policy(NULL, &mistakes, &err);
    check->failed |= !check->builtin;
    return check->builtin;
}

const struct policy_set *check_policy_for(struct check *check, const char *file,
                                          const char **label)
{
    const struct check_policy *policy;

    *label = "--policy";
    if (check->given)
        return check->given;
    policy = nearest(check, file);
    *label = policy ? policy->label : "the built-in policy";
    return policy ? policy->set : builtin(check);
}

/* --- words ------------------------------------------------------------- */

const char *check_kept(struct check *check, const struct buf *text)
{
    check->failed |= text->failed;
    return text->data ? text->data : "";
}

const char *check_shown(struct check *check, struct text text)
{
    return check_said(check, words_outside, text);
}

const char *check_quoted(struct check *check, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_./:=@%+,";
    struct buf out = { .arena = &check->arena };

    if (*word && strspn(word, plain) == strlen(word))
        return word;
    buf_add_char(&out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            buf_add_string(&out, "'\\'");
        buf_add_char(&out, *word);
    }
    buf_add_char(&out, '\'');
    return check_kept(check, &out);
}

const char *check_name(struct check *check, const struct check_object *object)
{
    struct buf out = { .arena = &check->arena };

    words_outside(&out, object->kind);
    buf_add_char(&out, ' ');
    words_outside(&out, object->name_space);
    if (object->name_space.len)
        buf_add_char(&out, '/');
    words_outside(&out, object->name.len ? object->name
                                         : text_of("(without a name)"));
    return check_kept(check, &out);
}
