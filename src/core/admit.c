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
    bool tolerations_only;
    struct arena *arena;
    const struct json *before; /* { spec: { tolerations, affinity } } */
    const struct json *after;
    struct text patch;
    size_t n_operations;
    struct merge merge;
};

/* The part of the pod that a patch may touch. */
static struct json *patchable_part(const struct json *pod, struct arena *arena)
{
    static const struct text names[] = { TEXT("tolerations"),
                                         TEXT("affinity") };
    const struct json *spec = json_get(pod, "spec");
    struct json *part = json_object(arena), *inner = json_object(arena);

    if (!part || !inner)
        return NULL;
    for (size_t i = 0; i < array_len(names); i++) {
        const struct json *value = json_get_text(spec, names[i]);

        if (value && !json_set(inner, names[i], json_copy(arena, value)))
            return NULL;
    }
    if (spec && !json_set(part, (struct text)TEXT("spec"), inner))
        return NULL;
    return part;
}

/* The policy merged into such a part. */
static bool merge_part(struct attempt *attempt, const struct json *part,
                       struct merge *merge, const struct json **merged,
                       struct error *err)
{
    struct json *whole = json_edit(attempt->arena, part, JSON_OBJECT);

    if (!whole)
        return error_no_memory(err);
    if (!merge_policy(attempt->policy, json_get(part, "spec"),
                      attempt->tolerations_only, attempt->arena, merge, err))
        return false;
    *merged = whole;
    /* Nothing to say and nothing there: not even an empty spec is added. */
    if (!merge->after->child && !json_get(part, "spec"))
        return true;
    return json_set(whole, (struct text)TEXT("spec"),
                    json_copy(attempt->arena, merge->after)) ||
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
    if (attempt->merge.reason != REASON_APPLIED)
        return attempt->merge.reason;
    return attempt->n_operations ? REASON_APPLIED : REASON_ALREADY_SATISFIED;
}

/* Decide for a pod that a policy applies to. */
static bool decide(struct attempt *attempt, const struct json *pod,
                   struct admission *result, struct error *err)
{
    bool proven = true;

    attempt->before = patchable_part(pod, attempt->arena);
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
    return attempt->tolerations_only ||
           warn_about(attempt->policy, pod, &attempt->merge, attempt->arena,
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

static struct text name_of(const struct json *pod)
{
    const struct json *metadata = json_get(pod, "metadata");
    struct text name = json_string(metadata, "name");

    return name.len ? name : json_string(metadata, "generateName");
}

bool admit(const struct policy_set *set, struct text body, struct arena *arena,
           struct admission *result, struct error *err)
{
    struct attempt attempt = { .arena = arena };
    struct review review;
    struct verdict verdict;

    *result = (struct admission){ .decision = DECISION_SKIPPED };
    if (!review_decode(body, policy_set_shape(set), arena, &review, err) ||
        !select_policy(set, &review, arena, &verdict, err))
        return false;
    result->reason = verdict.reason;
    result->policy = attempt.policy = verdict.policy;
    result->uid = review.uid;
    result->name_space = review.name_space;
    result->name = name_of(review.pod);
    attempt.tolerations_only = verdict.reason == REASON_DAEMONSET;
    if ((verdict.reason == REASON_APPLIED || attempt.tolerations_only) &&
        !decide(&attempt, review.pod, result, err))
        return false;
    return answer(set, &review, arena, result, err);
}
