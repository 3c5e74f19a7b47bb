/*
 * change.c - see change.h for the contract.
 *
 * What may change is picked out of the object, the policy merged into it, and
 * the difference is the patch.
 */
#include "spillway/change.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/patch.h"

/* A change in the making. */
struct attempt {
    const struct policy *policy; /* NULL for a Binding */
    bool tolerations_only;
    struct arena *arena;
    const struct json *before; /* the part of the object that may change */
    const struct json *after;
    struct change *change;
};

static const struct text key_spec = TEXT("spec");
static const struct text key_metadata = TEXT("metadata");

/* { OUTER: { NAMES } } of the object, as far as it has them. */
static struct json *pick(const struct json *object, struct text outer,
                         const struct text *names, size_t count,
                         struct arena *arena)
{
    const struct json *from = json_get_text(object, outer);
    struct json *part = json_object(arena), *inner = json_object(arena);

    if (!part || !inner)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct json *value = json_get_text(from, names[i]);

        if (value && !json_set(inner, names[i], json_copy(arena, value)))
            return NULL;
    }
    if (from && !json_set(part, outer, inner))
        return NULL;
    return part;
}

/* The part of the object that a patch may touch. */
static struct json *patchable_part(const struct attempt *attempt,
                                   const struct json *object)
{
    static const struct text of_binding[] = { TEXT("annotations") };
    static const struct text of_pod[] = { TEXT("tolerations"), TEXT("affinity"),
                                          TEXT("topologySpreadConstraints") };

    if (!attempt->policy)
        return pick(object, key_metadata, of_binding, 1, attempt->arena);
    return pick(object, key_spec, of_pod, attempt->policy->fill_first ? 3 : 2,
                attempt->arena);
}

/* What the policy asks for, merged into such a part. */
static bool merge_part(const struct attempt *attempt, const struct json *part,
                       struct merge *merge, const struct json **merged,
                       struct error *err)
{
    struct text outer = attempt->policy ? key_spec : key_metadata;
    const struct json *inner = json_get_text(part, outer), *after;
    struct json *whole = json_edit(attempt->arena, part, JSON_OBJECT);

    if (!whole)
        return error_no_memory(err);
    if (attempt->policy) {
        if (!merge_policy(attempt->policy, inner, attempt->tolerations_only,
                          attempt->arena, merge, err))
            return false;
        after = merge->after;
    } else if (!merge_deletion_cost(inner, attempt->arena, &after, err)) {
        return false;
    }
    *merged = whole;
    /* Nothing to say and nothing there: not even an empty spec is added. */
    if (!after->child && !inner)
        return true;
    return json_set(whole, outer, json_copy(attempt->arena, after)) ||
           error_no_memory(err);
}

static bool build_patch(const struct attempt *attempt, struct error *err)
{
    struct buf out = { .arena = attempt->arena };

    buf_add_char(&out, '[');
    if (!patch_build(attempt->before, attempt->after, "", attempt->arena, &out,
                     &attempt->change->n_operations, err))
        return false;
    buf_add_char(&out, ']');
    attempt->change->patch = buf_text(&out);
    return buf_ok(&out, err);
}

/*
 * A patch that does not apply would reject the user's pod.  So it is applied to
 * our own copy first, and merging again must then find nothing to do.  Fails
 * only when memory is short.
 */
static bool prove(const struct attempt *attempt, struct error *err)
{
    const struct json *again = NULL;
    struct change *change = attempt->change;
    struct merge merge;

    if (!patch_prove(attempt->before, attempt->after, change->patch,
                     attempt->arena, &change->proven, err))
        return false;
    if (!change->proven)
        return true;
    if (!merge_part(attempt, attempt->after, &merge, &again, err))
        return false;
    change->proven = json_equal(attempt->after, again, attempt->arena);
    return true;
}

static enum reason reason_of(const struct attempt *attempt)
{
    const struct change *change = attempt->change;

    if (attempt->policy && change->merge.reason != REASON_APPLIED)
        return change->merge.reason;
    return change->n_operations ? REASON_APPLIED : REASON_ALREADY_SATISFIED;
}

/* The general way. */
static bool make(struct attempt *attempt, const struct json *object,
                 struct error *err)
{
    struct change *change = attempt->change;

    *change = (struct change){ .proven = true };
    attempt->before = patchable_part(attempt, object);
    if (!attempt->before)
        return error_no_memory(err);
    if (!merge_part(attempt, attempt->before, &change->merge, &attempt->after,
                    err) ||
        !build_patch(attempt, err) ||
        (change->n_operations && !prove(attempt, err)))
        return false;
    change->reason = reason_of(attempt);
    return true;
}

/* --- the usual way ----------------------------------------------------- */

/* An operation that adds a toleration is not as much longer than it. */
enum { USUAL_OVERHEAD = 64 };

/* The pod's tolerations cover none of the policy's, and are so long that adding
 * to them is shorter than replacing them; so there are some. */
static bool are_usual(const struct policy *policy,
                      const struct json *tolerations)
{
    if (!tolerations || !json_is_compact(tolerations) ||
        tolerations->raw.len < USUAL_OVERHEAD * policy->n_tolerations)
        return false;
    for (const struct json *t = tolerations->child; t; t = t->next) {
        struct toleration held = toleration_read(t);

        for (size_t i = 0; i < policy->n_tolerations; i++) {
            if (toleration_covers(&held, &policy->toleration_list[i]))
                return false;
        }
    }
    return true;
}

static bool is_usual(const struct policy *policy, const struct json *spec)
{
    return policy->usual.patch.data && !json_get(spec, "affinity") &&
           (!policy->fill_first ||
            !json_get(spec, "topologySpreadConstraints")) &&
           are_usual(policy, json_get(spec, "tolerations"));
}

/* A pod whose patch is the usual one. */
static const struct json *usual_pod(const struct policy *policy,
                                    struct arena *arena, struct error *err)
{
    struct buf text = { .arena = arena };
    struct json_document document;

    buf_add_string(&text, "{\"spec\":{\"tolerations\":[{\"key\":\"");
    for (size_t i = 0; i < USUAL_OVERHEAD * policy->n_tolerations; i++)
        buf_add_char(&text, 'x');
    buf_add_string(&text, "\"}]}}");
    return buf_ok(&text, err) && json_read(buf_text(&text), &json_any, SIZE_MAX,
                                           arena, &document, err)
               ? document.root
               : NULL;
}

bool change_prepare(struct policy *policy, struct arena *arena)
{
    struct buf encoded = { .arena = arena };
    struct change change;
    struct error err = { 0 };
    const struct json *pod;

    if (policy->n_tolerations == 0)
        return true;
    pod = usual_pod(policy, arena, &err);
    if (!pod || !change_pod(policy, pod, false, arena, &change, &err))
        return false;
    if (!change.proven || change.reason != REASON_APPLIED)
        return true;
    buf_add_base64(&encoded, change.patch);
    policy->usual.patch = change.patch;
    policy->usual.encoded = buf_text(&encoded);
    policy->usual.n_operations = change.n_operations;
    return !encoded.failed;
}

/* --- both -------------------------------------------------------------- */

bool change_pod(const struct policy *policy, const struct json *pod,
                bool tolerations_only, struct arena *arena,
                struct change *change, struct error *err)
{
    struct attempt attempt = { .policy = policy,
                               .tolerations_only = tolerations_only,
                               .arena = arena,
                               .change = change };

    if (tolerations_only || !is_usual(policy, json_get(pod, "spec")))
        return make(&attempt, pod, err);
    *change = (struct change){
        .patch = policy->usual.patch,
        .encoded = policy->usual.encoded,
        .n_operations = policy->usual.n_operations,
        .reason = REASON_APPLIED,
        .proven = true,
        .merge = { .reason = REASON_APPLIED },
    };
    if (policy->required) {
        change->merge.terms = policy->terms;
        change->merge.n_terms = policy->n_terms;
    }
    return true;
}

bool change_binding(const struct json *binding, struct arena *arena,
                    struct change *change, struct error *err)
{
    struct attempt attempt = { .arena = arena, .change = change };

    return make(&attempt, binding, err);
}
