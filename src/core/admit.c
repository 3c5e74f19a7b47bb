/* admit.c - see admit.h for the contract. */
#include "spillway/admit.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/change.h"
#include "spillway/policy.h"
#include "spillway/review.h"
#include "spillway/select.h"
#include "spillway/warn.h"

/* Decide for an object that a policy applies to. */
static bool decide(const struct policy *policy, const struct json *object,
                   bool tolerations_only, struct arena *arena,
                   struct admission *result, struct change *change,
                   struct error *err)
{
    bool good =
        result->is_binding
            ? change_binding(object, arena, change, err)
            : change_pod(policy, object, tolerations_only, arena, change, err);

    if (!good)
        return false;
    if (!change->proven) {
        result->decision = DECISION_ERROR;
        result->reason = REASON_SELF_CHECK_FAILED;
        return true;
    }
    result->reason = tolerations_only ? REASON_DAEMONSET : change->reason;
    if (change->n_operations == 0) {
        result->decision = DECISION_UNCHANGED;
    } else if (policy->shadow) {
        result->decision = DECISION_SHADOWED;
    } else {
        result->decision = DECISION_MUTATED;
        result->patch = change->patch;
        result->n_operations = change->n_operations;
    }
    return result->is_binding || tolerations_only ||
           warn_about(policy, object, &change->merge, arena, result->warnings,
                      &result->n_warnings, err);
}

/* Write the answer.  What is unchanged says neither decision nor reason: a
 * second call for the same pod must not contradict the first. */
static bool answer(const struct policy_set *set, const struct review *review,
                   struct text encoded_patch, struct arena *arena,
                   struct admission *result, struct error *err)
{
    struct buf out = { .arena = arena };
    bool shown = result->decision != DECISION_SHADOWED;
    struct review_answer answer = {
        .patch = result->patch,
        .encoded_patch = encoded_patch,
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
    struct change change = { 0 };
    bool tolerations_only;
    const struct json *object;
    struct review review;
    struct verdict verdict;

    *result = (struct admission){ .decision = DECISION_SKIPPED };
    if (!review_decode(body, policy_set_shape(set), arena, &review, err))
        return false;
    result->is_binding = review.is_binding && policy_set_scales_in_first(set);
    if (result->is_binding && !review_decode_binding(body, arena, &review, err))
        return false;
    if (!select_policy(set, &review, arena, &verdict, err))
        return false;
    object = result->is_binding ? review.binding : review.pod;
    result->reason = verdict.reason;
    result->policy = verdict.policy;
    result->uid = review.uid;
    result->name_space = review.name_space;
    result->name = name_of(object);
    tolerations_only = verdict.reason == REASON_DAEMONSET;
    if ((verdict.reason == REASON_APPLIED || tolerations_only) &&
        !decide(verdict.policy, object, tolerations_only, arena, result,
                &change, err))
        return false;
    return answer(set, &review, change.encoded, arena, result, err);
}
