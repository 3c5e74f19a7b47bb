/* policy_prepare.c - what the engine needs of a policy beyond its own words. */
#include "spillway/policy_parts.h"

#include "spillway/arena.h"
#include "spillway/change.h"

/*
 * fillFirst's constraint.  A pod with constraints of its own is not subject to
 * kube-scheduler's default ones, which would spread its workload over nodes and
 * zones while preferred nodes have room.  This one has no selector, so it
 * counts no pods and rules out no node that has a host name.
 */
#define SPREAD                                                                 \
    "[{\"maxSkew\":2147483647,\"topologyKey\":\"kubernetes.io/hostname\","     \
    "\"whenUnsatisfiable\":\"DoNotSchedule\"}]"

static struct json *read_json(struct text text, struct arena *arena)
{
    struct json_document document;
    struct error err = { 0 };

    return json_read(text, &json_any, SIZE_MAX, arena, &document, &err)
               ? document.root
               : NULL;
}

/* Where the values stand in the policy's file; both trees are alike. */
static void keep_lines(struct json *value, const struct json *before)
{
    value->line = before->line;
    for (value = value->child, before = before->child; value && before;
         value = value->next, before = before->next)
        keep_lines(value, before);
}

/* The same value as it would be read from compact JSON: a patch repeats its
 * bytes.  NULL stays NULL. */
static bool settle(struct arena *arena, const struct json **value)
{
    struct buf text = { .arena = arena };
    struct json *settled;

    if (!*value)
        return true;
    json_write(&text, *value);
    settled = text.failed ? NULL : read_json(buf_text(&text), arena);
    if (settled)
        keep_lines(settled, *value);
    *value = settled;
    return settled != NULL;
}

static bool compile_tolerations(struct policy *policy, struct arena *arena)
{
    size_t count = json_count(policy->tolerations);

    policy->toleration_list =
        arena_array(arena, count, sizeof(struct toleration));
    if (!policy->toleration_list)
        return false;
    for (const struct json *t = count ? policy->tolerations->child : NULL; t;
         t = t->next)
        policy->toleration_list[policy->n_tolerations++] = toleration_read(t);
    return true;
}

/* True when the policy's tolerations let a pod onto ECI. */
static bool tolerates(const struct policy *policy, const char *taint,
                      struct arena *arena)
{
    const struct json *wanted = read_json(text_of(taint), arena);
    struct toleration eci;

    if (!wanted)
        return false;
    eci = toleration_read(wanted);
    return toleration_is_covered(policy->toleration_list, policy->n_tolerations,
                                 &eci);
}

bool policy_prepare(struct policy *policy, struct arena *arena)
{
    if (!settle(arena, &policy->tolerations) ||
        !settle(arena, &policy->required) ||
        !settle(arena, &policy->preferred) ||
        !compile_tolerations(policy, arena) ||
        !term_compile_all(policy->required, arena, &policy->terms,
                          &policy->n_terms) ||
        !term_compile_preferences(policy->preferred, arena,
                                  &policy->preferences, &policy->n_preferences))
        return false;
    if (policy->fill_first) {
        policy->spread = read_json(text_of(SPREAD), arena);
        if (!policy->spread)
            return false;
    }
    policy->tolerates_eci =
        tolerates(policy,
                  "{\"key\":\"virtual-kubelet.io/provider\",\"value\":"
                  "\"alibabacloud\",\"effect\":\"NoSchedule\"}",
                  arena) ||
        tolerates(policy,
                  "{\"key\":\"k8s.aliyun.com/vnode\",\"value\":\"true\","
                  "\"effect\":\"NoSchedule\"}",
                  arena);
    return change_prepare(policy, arena);
}
