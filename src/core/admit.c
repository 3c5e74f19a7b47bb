/* admit.c - see admit.h for the contract. */
#include "spillway/admit.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/merge.h"
#include "spillway/patch.h"
#include "spillway/policy.h"
#include "spillway/review.h"
#include "spillway/select.h"
#include "spillway/warn.h"

/* One decision in the making. */
struct attempt {
    const struct policy *policy;
    bool is_binding, tolerations_only;
    struct arena *arena;
    const struct json *before; /* the part of the object that may change */
    const struct json *after;
    struct text patch;
    size_t n_operations;
    struct merge merge; /* of a Pod */
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

    if (attempt->is_binding)
        return pick(object, key_metadata, of_binding, 1, attempt->arena);
    return pick(object, key_spec, of_pod, attempt->policy->fill_first ? 3 : 2,
                attempt->arena);
}

/* What the policy asks for, merged into such a part. */
static bool merge_part(struct attempt *attempt, const struct json *part,
                       struct merge *merge, const struct json **merged,
                       struct error *err)
{
    struct text outer = attempt->is_binding ? key_metadata : key_spec;
    const struct json *inner = json_get_text(part, outer), *after;
    struct json *whole = json_edit(attempt->arena, part, JSON_OBJECT);

    if (!whole)
        return error_no_memory(err);
    if (attempt->is_binding) {
        if (!merge_deletion_cost(inner, attempt->arena, &after, err))
            return false;
    } else {
        if (!merge_policy(attempt->policy, inner, attempt->tolerations_only,
                          attempt->arena, merge, err))
            return false;
        after = merge->after;
    }
    *merged = whole;
    /* Nothing to say and nothing there: not even an empty spec is added. */
    if (!after->child && !inner)
        return true;
    return json_set(whole, outer, json_copy(attempt->arena, after)) ||
           error_no_memory(err);
}

static bool build_patch(struct attempt *attempt, const struct json *before,
                        const struct json *after, struct text *patch,
                        size_t *count, struct error *err)
{
    struct buf out = { .arena = attempt->arena };

    *count = 0;
    buf_add_char(&out, '[');
    if (!patch_build(before, after, "", attempt->arena, &out, count, err))
        return false;
    buf_add_char(&out, ']');
    *patch = buf_text(&out);
    return buf_ok(&out, err);
}

/*
 * A patch that does not apply would reject the user's pod.  So it is applied to
 * our own copy first, and merging again must then find nothing to do.  *proven
 * is false when either fails; false is returned only when memory is short.
 */
static bool prove(struct attempt *attempt, bool *proven, struct error *err)
{
    const struct json *again = NULL;
    struct json *result;
    struct merge merge;
    struct text rest;
    size_t count;

    if (!patch_prove(attempt->before, attempt->after, attempt->patch,
                     attempt->arena, &result, proven, err))
        return false;
    if (!*proven)
        return true;
    if (!merge_part(attempt, result, &merge, &again, err) ||
        !build_patch(attempt, result, again, &rest, &count, err))
        return false;
    *proven = count == 0;
    return true;
}

static enum reason final_reason(const struct attempt *attempt)
{
    if (attempt->tolerations_only)
        return REASON_DAEMONSET;
    if (!attempt->is_binding && attempt->merge.reason != REASON_APPLIED)
        return attempt->merge.reason;
    return attempt->n_operations ? REASON_APPLIED : REASON_ALREADY_SATISFIED;
}

/* Decide for an object that a policy applies to. */
static bool decide(struct attempt *attempt, const struct json *object,
                   struct admission *result, struct error *err)
{
    bool proven = true;

    attempt->before = patchable_part(attempt, object);
    if (!attempt->before)
        return error_no_memory(err);
    if (!merge_part(attempt, attempt->before, &attempt->merge, &attempt->after,
                    err) ||
        !build_patch(attempt, attempt->before, attempt->after, &attempt->patch,
                     &attempt->n_operations, err) ||
        (attempt->n_operations && !prove(attempt, &proven, err)))
        return false;
    if (!proven) {
        result->decision = DECISION_ERROR;
        result->reason = REASON_SELF_CHECK_FAILED;
        return true;
    }
    result->reason = final_reason(attempt);
    if (attempt->n_operations == 0) {
        result->decision = DECISION_UNCHANGED;
    } else if (attempt->policy->shadow) {
        result->decision = DECISION_SHADOWED;
    } else {
        result->decision = DECISION_MUTATED;
        result->patch = attempt->patch;
        result->n_operations = attempt->n_operations;
    }
    return attempt->is_binding || attempt->tolerations_only ||
           warn_about(attempt->policy, object, &attempt->merge, attempt->arena,
                      result->warnings, &result->n_warnings, err);
}

/* Write the answer.  What is unchanged says neither decision nor reason: a
 * second call for the same pod must not contradict the first. */
static bool answer(const struct policy_set *set, const struct review *review,
                   struct arena *arena, struct admission *result,
                   struct error *err)
{
    struct buf out = { .arena = arena };
    bool shown = result->decision != DECISION_SHADOWED;
    struct review_answer answer = {
        .patch = result->patch,
        .warnings = result->warnings,
        .n_warnings = shown ? result->n_warnings : 0,
    };

    if (result->policy) {
        answer.policy = result->policy->name;
        answer.policy_digest = text_of(policy_set_digest(set));
    }
    if (result->decision != DECISION_UNCHANGED) {
        answer.decision = text_of(decision_name(result->decision));
        answer.reason = text_of(reason_name(result->reason));
    }
    review_encode(review, &answer, &out);
    result->response = buf_text(&out);
    return buf_ok(&out, err);
}

static struct text name_of(const struct json *object)
{
    const struct json *metadata = json_get(object, "metadata");
    struct text name = json_string(metadata, "name");

    return name.len ? name : json_string(metadata, "generateName");
}

bool admit(const struct policy_set *set, struct text body, struct arena *arena,
           struct admission *result, struct error *err)
{
    struct attempt attempt = { .arena = arena };
    const struct json *object;
    struct review review;
    struct verdict verdict;

    *result = (struct admission){ .decision = DECISION_SKIPPED };
    if (!review_decode(body, policy_set_shape(set), arena, &review, err))
        return false;
    attempt.is_binding = review.is_binding && policy_set_scales_in_first(set);
    if (attempt.is_binding && !review_decode_binding(body, arena, &review, err))
        return false;
    if (!select_policy(set, &review, arena, &verdict, err))
        return false;
    object = attempt.is_binding ? review.binding : review.pod;
    result->reason = verdict.reason;
    result->policy = attempt.policy = verdict.policy;
    result->is_binding = attempt.is_binding;
    result->uid = review.uid;
    result->name_space = review.name_space;
    result->name = name_of(object);
    attempt.tolerations_only = verdict.reason == REASON_DAEMONSET;
    if ((verdict.reason == REASON_APPLIED || attempt.tolerations_only) &&
        !decide(&attempt, object, result, err))
        return false;
    return answer(set, &review, arena, result, err);
}
