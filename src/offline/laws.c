/* laws.c - see laws.h for the contract. */
#include "spillway/laws.h"

#include <limits.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/merge.h"
#include "spillway/patch.h"
#include "spillway/policy.h"
#include "spillway/shape.h"

struct laws {
    const struct policy_set *set;
    struct document *document;
    const struct admission *admission;
    struct arena *arena;
    struct buf *findings;
};

/* Equal, an absent value being equal to none but an absent one. */
static bool same(const struct json *a, const struct json *b,
                 struct arena *arena)
{
    return a && b ? json_equal(a, b, arena) : a == b;
}

/* --- law 3: what is sent is what was meant ----------------------------- */

/* The patch in the response, decoded; absent when there is none. */
static bool emitted_patch(const struct laws *laws, struct text *patch,
                          struct error *err)
{
    struct json_document response;
    struct text base64;
    unsigned char *bytes;
    int len;

    *patch = (struct text){ 0 };
    if (!json_read(laws->admission->response, &json_any, SIZE_MAX, laws->arena,
                   &response, err))
        return false;
    base64 = json_string(json_get(response.root, "response"), "patch");
    if (!base64.len)
        return true;
    bytes = arena_alloc(laws->arena, base64.len);
    if (!bytes || base64.len > INT_MAX)
        return error_no_memory(err);
    len = EVP_DecodeBlock(bytes, (const unsigned char *)base64.data,
                          (int)base64.len);
    if (len < 0)
        return error_set(err, ERROR_INVALID, "the patch is no base64");
    for (size_t i = base64.len; i > 0 && base64.data[i - 1] == '='; i--)
        len--;
    *patch = (struct text){ (char *)bytes, (size_t)len };
    return true;
}

/* The part that the policy wants, computed apart from the patch. */
static bool wanted_part(const struct laws *laws, const struct json *before,
                        const struct json **wanted, struct error *err)
{
    const struct admission *admission = laws->admission;
    struct merge merge;

    *wanted = before;
    if (admission->decision != DECISION_MUTATED)
        return true;
    if (admission->is_binding)
        return merge_deletion_cost(before, laws->arena, wanted, err);
    if (!merge_policy(admission->policy, before,
                      admission->reason == REASON_DAEMONSET, laws->arena,
                      &merge, err))
        return false;
    *wanted = merge.after;
    return true;
}

/* The PodSpec, or a Binding's metadata. */
static const struct json *part_of(const struct laws *laws,
                                  const struct json *object)
{
    return laws->admission->is_binding
               ? json_get(object, "metadata")
               : document_pod_spec(laws->document, object);
}

static bool check_result(const struct laws *laws,
                         const struct laws_objects *objects, struct error *err)
{
    static const char *const keys[] = { "tolerations", "affinity",
                                        "topologySpreadConstraints",
                                        "annotations" };
    const struct json *after = part_of(laws, objects->after), *wanted;

    if (!wanted_part(laws, part_of(laws, objects->before), &wanted, err))
        return false;
    for (size_t i = 0; i < array_len(keys); i++) {
        if (!same(json_get(wanted, keys[i]), json_get(after, keys[i]),
                  laws->arena))
            buf_printf(laws->findings,
                       "law 3: the patch does not give the %s that the policy "
                       "asks for\n",
                       keys[i]);
    }
    return true;
}

/* Apply what was sent to what was received. */
static bool check_patch(const struct laws *laws, struct laws_objects *objects,
                        struct error *err)
{
    struct error found = { 0 };
    const struct json *patch;
    struct text emitted;

    if (!emitted_patch(laws, &emitted, &found)) {
        buf_printf(laws->findings, "law 3: the response: %s\n", found.text);
        return true;
    }
    if (!text_equal(emitted, laws->admission->patch))
        buf_add_string(laws->findings, "law 3: the response holds another "
                                       "patch than was decided on\n");
    patch = document_patch(laws->document, laws->admission, laws->arena, err);
    if (!patch)
        return false;
    if (!document_apply(laws->document, patch, laws->arena, &found)) {
        buf_printf(laws->findings, "law 3: the patch does not apply: %s\n",
                   found.text);
        return true;
    }
    objects->after = laws->document->object;
    return check_result(laws, objects, err);
}

/* --- law 2: a second pass changes nothing ------------------------------ */

static bool check_second_pass(const struct laws *laws, struct error *err)
{
    struct buf bytes = { .arena = laws->arena };
    struct document_place place = { .file = "second pass",
                                    .is_json = true,
                                    .is_only = true };
    struct document document;
    struct admission second;
    struct json_document read;
    struct error found = { 0 };

    json_write(&bytes, laws->document->root);
    if (!buf_ok(&bytes, err))
        return false;
    place.bytes = buf_text(&bytes);
    if (!json_read(place.bytes, &json_any, SIZE_MAX, laws->arena, &read,
                   &found) ||
        !document_open(read.root, &place, laws->document->name_space,
                       laws->arena, &document, &found) ||
        !document_admit(&document, &place, laws->set, laws->arena, &second,
                        &found)) {
        buf_printf(laws->findings, "law 2: %s\n", found.text);
        return true;
    }
    if (second.patch.len)
        buf_printf(laws->findings,
                   "law 2: a second pass yields a patch: %.*s\n",
                   TEXT_ARG(text_clip(second.patch, 2000)));
    else if (laws->admission->decision == DECISION_MUTATED &&
             second.decision != DECISION_UNCHANGED)
        buf_printf(laws->findings,
                   "law 2: a second pass is %s (%s), not "
                   "unchanged\n",
                   decision_name(second.decision), reason_name(second.reason));
    return true;
}

/* --- law 4: nothing else differs --------------------------------------- */

/* Take the member out of an object, if it is there. */
static void drop(struct json *object, const char *key)
{
    struct json **link = object ? &object->child : NULL;

    while (link && *link) {
        if (text_is((*link)->key, key))
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
    if (object)
        object->raw = (struct text){ 0 };
}

/* Take out what may differ; containers that are empty then, with it: a patch
 * may have to make them. */
static void drop_scheduling(struct json *pod, bool spread)
{
    struct json *spec = json_member(pod, text_of("spec"));
    struct json *affinity = json_member(spec, text_of("affinity"));

    pod->raw = (struct text){ 0 };
    drop(spec, "tolerations");
    drop(affinity, "nodeAffinity");
    if (spread)
        drop(spec, "topologySpreadConstraints");
    if (affinity && !affinity->child)
        drop(spec, "affinity");
    if (spec && !spec->child)
        drop(pod, "spec");
}

static void drop_deletion_cost(struct json *binding)
{
    struct json *metadata = json_member(binding, text_of("metadata"));
    struct json *annotations = json_member(metadata, text_of("annotations"));

    binding->raw = (struct text){ 0 };
    drop(annotations, ANNOTATION_DELETION_COST);
    if (annotations && !annotations->child)
        drop(metadata, "annotations");
    if (metadata && !metadata->child)
        drop(binding, "metadata");
}

/* True when constraints may be added: fillFirst, and the object has none. */
static bool may_spread(const struct laws *laws, const struct json *before)
{
    const struct json *spec = document_pod_spec(laws->document, before);

    return laws->admission->policy && laws->admission->policy->fill_first &&
           json_count(json_get(spec, "topologySpreadConstraints")) == 0;
}

/* A copy of the object without what may differ. */
static struct json *stripped(const struct laws *laws, const struct json *object,
                             bool spread)
{
    struct json *copy = json_clone(laws->arena, object), *pod = copy;

    if (!copy)
        return NULL;
    if (laws->admission->is_binding) {
        drop_deletion_cost(copy);
        return copy;
    }
    for (const char *at = laws->document->template_path; *at;) {
        size_t len = strcspn(++at, "/");

        pod->raw = (struct text){ 0 };
        pod = json_member(pod, (struct text){ at, len });
        at += len;
        if (!pod)
            return copy;
    }
    drop_scheduling(pod, spread);
    return copy;
}

static bool check_rest(const struct laws *laws,
                       const struct laws_objects *objects, struct error *err)
{
    const struct json *before, *after;
    bool spread = may_spread(laws, objects->before);

    if (!objects->before || !objects->after)
        return true;
    before = stripped(laws, objects->before, spread);
    after = stripped(laws, objects->after, spread);
    if (!before || !after)
        return error_no_memory(err);
    if (!json_equal(before, after, laws->arena))
        buf_printf(laws->findings, "law 4: something outside %s differs\n",
                   laws->admission->is_binding ? "the deletion cost"
                   : spread ? "tolerations, nodeAffinity and "
                              "topologySpreadConstraints"
                            : "tolerations and nodeAffinity");
    return true;
}

bool laws_check(const struct policy_set *set, struct document *document,
                const struct admission *admission, struct arena *arena,
                struct laws_objects *objects, struct buf *findings,
                struct error *err)
{
    struct laws laws = { set, document, admission, arena, findings };

    *objects = (struct laws_objects){ 0 };
    if (document->object) {
        objects->before = json_clone(arena, document->object);
        if (!objects->before)
            return error_no_memory(err);
        objects->after = document->object;
    }
    return check_patch(&laws, objects, err) && check_second_pass(&laws, err) &&
           check_rest(&laws, objects, err);
}
