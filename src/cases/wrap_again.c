/* wrap_again.c - what exists, as it would be created again. */
#include "spillway/macros.h"
#include "spillway/select.h"
#include "spillway/wrap_parts.h"

/* What the API server, the scheduler and kubectl add to a pod.  An ephemeral
 * container is never created with its pod. */
static const char *const own_metadata[] = {
    "creationTimestamp", "deletionGracePeriodSeconds",
    "deletionTimestamp", "generation",
    "managedFields",     "resourceVersion",
    "selfLink",          "uid",
};
static const char *const own_spec[] = { "ephemeralContainers", "nodeName" };

static void drop(struct json *object, const char *key)
{
    struct json **at = &object->child;

    while (*at) {
        if (text_is((*at)->key, key))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

bool wrap_is_controlled(const struct json *root)
{
    struct text kind = json_string(root, "kind");
    struct text version = json_string(root, "apiVersion");
    const struct json *owner = select_controller(json_get(root, "metadata"));
    struct text owner_kind = json_string(owner, "kind");
    struct text owner_version = json_string(owner, "apiVersion");

    if (text_is(kind, "ReplicaSet"))
        return (text_has_prefix(version, "apps/") ||
                text_has_prefix(version, "extensions/")) &&
               text_is(owner_kind, "Deployment") &&
               (text_has_prefix(owner_version, "apps/") ||
                text_has_prefix(owner_version, "extensions/"));
    return text_is(kind, "Job") && text_has_prefix(version, "batch/") &&
           text_is(owner_kind, "CronJob") &&
           text_has_prefix(owner_version, "batch/");
}

/* True for what was read back from an API server; what is only written down may
 * mean the node that it names. */
static bool exists(const struct json *pod)
{
    const struct json *metadata = json_get(pod, "metadata");

    return json_string(metadata, "uid").len > 0 ||
           json_string(metadata, "creationTimestamp").len > 0;
}

static bool again_metadata(struct json *again, const struct json *pod,
                           struct arena *arena)
{
    const struct json *given = json_get(pod, "metadata");
    struct json *metadata = json_edit(arena, given, JSON_OBJECT);

    if (!metadata)
        return false;
    for (size_t i = 0; i < array_len(own_metadata); i++)
        drop(metadata, own_metadata[i]);
    if (select_controller(given) && json_string(given, "generateName").len > 0)
        drop(metadata, "name");
    return json_set(again, text_of("metadata"), metadata);
}

static bool again_spec(struct json *again, const struct json *pod,
                       struct arena *arena)
{
    const struct json *given = json_get(pod, "spec");
    struct json *spec;

    if (!given || given->type != JSON_OBJECT)
        return true;
    spec = json_edit(arena, given, JSON_OBJECT);
    if (!spec)
        return false;
    for (size_t i = 0; i < array_len(own_spec); i++)
        drop(spec, own_spec[i]);
    return json_set(again, text_of("spec"), spec);
}

struct json *wrap_again(const struct json *root, struct arena *arena)
{
    bool is_pod = text_is(json_string(root, "kind"), "Pod") &&
                  text_is(json_string(root, "apiVersion"), "v1");
    struct json *again;

    if (!is_pod || !exists(root))
        return json_copy(arena, root);
    again = json_edit(arena, root, JSON_OBJECT);
    if (!again)
        return NULL;
    again->line = root->line;
    drop(again, "status");
    return again_metadata(again, root, arena) && again_spec(again, root, arena)
               ? again
               : NULL;
}
