/* select.c - see select.h for the contract. */
#include "spillway/select.h"

#include <fnmatch.h>

#include <openssl/evp.h>

#include "spillway/arena.h"
#include "spillway/shape.h"

const enum reason select_guards[SELECT_GUARDS] = {
    REASON_NOT_A_POD,     REASON_SUBRESOURCE, REASON_OPERATION,
    REASON_NO_MATCH,      REASON_OPTED_OUT,   REASON_MIRROR_POD,
    REASON_NODE_NAME_SET, REASON_ROLLOUT,     REASON_DAEMONSET,
};

static const struct policy *find_policy(const struct policy_set *set,
                                        const struct review *review,
                                        struct arena *arena)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (!policy_has_namespace(policy, review->name_space))
            continue;
        for (size_t j = 0; j < policy->n_selectors; j++) {
            if (selector_matches(&policy->selectors[j], review->pod, arena))
                return policy;
        }
    }
    return NULL;
}

const struct json *select_controller(const struct json *metadata)
{
    for (const struct json *o = json_first(metadata, "ownerReferences"); o;
         o = o->next) {
        if (json_true(o, "controller"))
            return o;
    }
    return NULL;
}

static struct text without_suffix(struct text name, struct text suffix)
{
    if (suffix.len == 0 || name.len <= suffix.len + 1 ||
        name.data[name.len - suffix.len - 1] != '-' ||
        memcmp(name.data + name.len - suffix.len, suffix.data, suffix.len) != 0)
        return name;
    return (struct text){ name.data, name.len - suffix.len - 1 };
}

struct text select_workload(const struct json *metadata)
{
    const struct json *controller = select_controller(metadata);
    struct text name;

    if (controller)
        return without_suffix(
            json_string(controller, "name"),
            json_string(json_get(metadata, "labels"), LABEL_POD_TEMPLATE_HASH));
    name = json_string(metadata, "name");
    if (name.len > 0)
        return name;
    name = json_string(metadata, "generateName");
    if (name.len > 0 && name.data[name.len - 1] == '-')
        name.len--;
    return name;
}

bool select_bucket(const struct review *review, struct arena *arena,
                   unsigned *bucket, struct error *err)
{
    struct buf input = { .arena = arena };
    unsigned char sum[EVP_MAX_MD_SIZE];

    buf_add_text(&input, review->name_space);
    buf_add_char(&input, '/');
    buf_add_text(&input, select_workload(json_get(review->pod, "metadata")));
    if (!buf_ok(&input, err))
        return false;
    if (EVP_Digest(input.data, input.len, sum, NULL, EVP_sha256(), NULL) != 1)
        return error_no_memory(err);
    *bucket = ((unsigned)sum[0] << 24 | (unsigned)sum[1] << 16 |
               (unsigned)sum[2] << 8 | sum[3]) %
              100;
    return true;
}

/* The guards that look at nothing but the pod. */
static enum reason pod_guard(const struct json *pod)
{
    const struct json *annotations =
        json_get(json_get(pod, "metadata"), "annotations");

    if (text_is(json_string(annotations, ANNOTATION_MUTATE), "false"))
        return REASON_OPTED_OUT;
    if (json_get(annotations, ANNOTATION_MIRROR))
        return REASON_MIRROR_POD;
    if (json_string(json_get(pod, "spec"), "nodeName").len > 0)
        return REASON_NODE_NAME_SET;
    return REASON_APPLIED;
}

static bool is_daemonset_pod(const struct json *pod)
{
    const struct json *controller =
        select_controller(json_get(pod, "metadata"));

    return text_is(json_string(controller, "kind"), "DaemonSet");
}

/* Whether the policy's share of workloads leaves this one out. */
static bool rollout_guard(const struct review *review, struct arena *arena,
                          struct verdict *verdict, struct error *err)
{
    unsigned bucket = 0;

    /* Hashing is only needed in between. */
    if (verdict->policy->percent > 0 && verdict->policy->percent < 100 &&
        !select_bucket(review, arena, &bucket, err))
        return false;
    if (bucket >= verdict->policy->percent)
        verdict->reason = REASON_ROLLOUT;
    return true;
}

/* The first policy that has scaleInFirst, the namespace and the node. */
static bool find_binding_policy(const struct policy_set *set,
                                const struct review *review,
                                struct arena *arena,
                                const struct policy **found, struct error *err)
{
    struct text name = json_string(json_get(review->binding, "target"), "name");
    const char *node = arena_string(arena, name);

    *found = NULL;
    if (!node)
        return error_no_memory(err);
    for (size_t i = 0; i < policy_set_count(set) && name.len && !*found; i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (!policy->scale_in_first ||
            !policy_has_namespace(policy, review->name_space))
            continue;
        for (size_t j = 0; j < policy->n_virtual_nodes && !*found; j++) {
            if (fnmatch(policy->virtual_nodes[j].data, node, 0) == 0)
                *found = policy;
        }
    }
    return true;
}

/* A Binding says where a pod will run; it has neither the pod's labels nor its
 * owner, so the other guards have nothing to look at. */
static bool select_for_binding(const struct policy_set *set,
                               const struct review *review, struct arena *arena,
                               struct verdict *verdict, struct error *err)
{
    if (!text_is(review->sub_resource, "binding"))
        verdict->reason = REASON_SUBRESOURCE;
    else if (!text_is(review->operation, "CREATE"))
        verdict->reason = REASON_OPERATION;
    if (verdict->reason != REASON_APPLIED)
        return true;
    if (!find_binding_policy(set, review, arena, &verdict->policy, err))
        return false;
    if (!verdict->policy)
        verdict->reason = REASON_NO_MATCH;
    return true;
}

bool select_policy(const struct policy_set *set, const struct review *review,
                   struct arena *arena, struct verdict *verdict,
                   struct error *err)
{
    *verdict = (struct verdict){ .reason = REASON_APPLIED };
    if (review->is_binding && policy_set_scales_in_first(set))
        return select_for_binding(set, review, arena, verdict, err);
    if (!review->is_pod)
        verdict->reason = REASON_NOT_A_POD;
    else if (review->sub_resource.len > 0)
        verdict->reason = REASON_SUBRESOURCE;
    else if (!text_is(review->operation, "CREATE"))
        verdict->reason = REASON_OPERATION;
    if (verdict->reason != REASON_APPLIED)
        return true;

    verdict->policy = find_policy(set, review, arena);
    if (!verdict->policy) {
        verdict->reason = REASON_NO_MATCH;
        return true;
    }
    verdict->reason = pod_guard(review->pod);
    if (verdict->reason == REASON_APPLIED &&
        !rollout_guard(review, arena, verdict, err))
        return false;
    if (verdict->reason == REASON_APPLIED && is_daemonset_pod(review->pod))
        verdict->reason = REASON_DAEMONSET;
    return true;
}
