/* manifest.c - see manifest.h for the contract. */
#include "spillway/manifest.h"

#include <assert.h>

#include <stdio.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

struct json *manifest_template(const char *yaml, struct arena *arena,
                               struct error *err)
{
    struct yaml_documents documents = { 0 };

    if (!yaml_read(text_of(yaml), JSON_MAX_VALUES, arena, &documents, err))
        return NULL;
    return documents.list[0];
}

struct json *manifest_member(struct json *object, const char *key)
{
    struct json *member = json_member(object, text_of(key));

    assert(member);
    return member;
}

bool manifest_set(struct json *object, const char *key, struct text value,
                  struct arena *arena)
{
    const char *copy = arena_string(arena, value);

    return copy &&
           json_set(object, text_of(key),
                    json_string_new(arena, (struct text){ copy, value.len }));
}

bool manifest_set_base64(struct json *object, const char *key,
                         struct text bytes, struct arena *arena)
{
    struct buf encoded = { .arena = arena };

    buf_add_base64(&encoded, bytes);
    return !encoded.failed &&
           json_set(object, text_of(key),
                    json_string_new(arena, buf_text(&encoded)));
}

/* --- namespaces -------------------------------------------------------- */

static bool has_value(const struct json *values, struct text name)
{
    for (const struct json *e = values->child; e; e = e->next) {
        if (text_equal(e->string, name))
            return true;
    }
    return false;
}

/* The union of the policies' namespaces; *any when "*" is among them. */
static bool collect_namespaces(const struct policy_set *set, bool bindings,
                               struct json *values, bool *any,
                               struct arena *arena)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (bindings && !policy->scale_in_first)
            continue;
        for (size_t j = 0; j < policy->n_namespaces; j++) {
            struct text name = policy->namespaces[j];

            *any = *any || text_is(name, "*");
            if (!has_value(values, name) &&
                !json_append(values, json_string_new(arena, name)))
                return false;
        }
    }
    return true;
}

/* Any namespace, but for our own, which must start without us, and that of the
 * cluster's own components. */
static bool set_any_namespace(struct json *expression, struct arena *arena)
{
    struct json *values = json_array(arena);

    return values &&
           json_append(values,
                       json_string_new(arena, text_of("spillway-system"))) &&
           json_append(values,
                       json_string_new(arena, text_of("kube-system"))) &&
           manifest_set(expression, "operator", text_of("NotIn"), arena) &&
           json_set(expression, text_of("values"), values);
}

bool manifest_set_namespaces(struct json *object, const struct policy_set *set,
                             bool bindings, struct arena *arena)
{
    struct json *expression =
        manifest_member(manifest_member(object, "namespaceSelector"),
                        "matchExpressions")
            ->child;
    bool any = false;

    return collect_namespaces(set, bindings,
                              manifest_member(expression, "values"), &any,
                              arena) &&
           (!any || set_any_namespace(expression, arena));
}

/* --- printing ---------------------------------------------------------- */

int manifest_print(const char *comment, const struct json *object)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    buf_add_string(&out, comment);
    if (!yaml_write(&out, object, &err))
        return command_fail(&err);
    (void)fwrite(out.data, 1, out.len, stdout);
    return command_done(STATUS_OK);
}
