/* explanation.c - gathers what is explained; see explanation.h. */
#include "spillway/explanation.h"

#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/review.h"
#include "spillway/select.h"
#include "spillway/shape.h"
#include "spillway/words.h"

/* --- guards ------------------------------------------------------------ */

/* What a guard is asked about. */
struct question {
    const struct review *review;
    const struct json *request;
    const struct verdict *verdict;
    struct arena *arena;
};

static void add_or(struct buf *out, struct text value, const char *otherwise)
{
    if (value.len)
        words_outside(out, value);
    else
        buf_add_string(out, otherwise);
}

static void add_annotation(struct buf *out, const struct json *metadata,
                           const char *key)
{
    const struct json *value =
        json_get_text(json_get(metadata, "annotations"), text_of(key));

    if (!value)
        buf_printf(out, "no annotation %s", key);
    else
        buf_printf(out, "annotation %s: ", key);
    words_outside(out, value ? value->string : (struct text){ 0 });
}

static void add_share(struct buf *out, const struct question *q)
{
    const struct policy *policy = q->verdict->policy;
    struct error err = { 0 };
    unsigned bucket;

    if (!policy)
        return;
    if (policy->percent == 100) {
        buf_add_string(out, "applies to 100 percent");
    } else if (!select_bucket(q->review, q->arena, &bucket, &err)) {
        out->failed = true;
    } else {
        buf_printf(out, "bucket %u of ", bucket);
        words_outside(out, q->review->name_space);
        buf_add_char(out, '/');
        words_outside(out,
                      select_workload(json_get(q->review->pod, "metadata")));
        buf_printf(out, ", applies below %u", policy->percent);
    }
}

static void add_controller(struct buf *out, const struct json *metadata)
{
    const struct json *controller = select_controller(metadata);

    if (!controller) {
        buf_add_string(out, "no controller");
        return;
    }
    buf_add_string(out, "controlled by ");
    words_outside(out, json_string(controller, "kind"));
    buf_add_char(out, ' ');
    words_outside(out, json_string(controller, "name"));
}

static void add_detail(struct buf *out, enum reason guard,
                       const struct question *q)
{
    const struct json *metadata = json_get(q->review->pod, "metadata");
    const struct policy *policy = q->verdict->policy;

    switch (guard) {
    case REASON_NOT_A_POD:
        add_or(out, json_string(json_get(q->request, "kind"), "kind"), "none");
        return;
    case REASON_SUBRESOURCE:
        add_or(out, q->review->sub_resource, "none");
        return;
    case REASON_OPERATION:
        words_outside(out, q->review->operation);
        return;
    case REASON_NO_MATCH:
        add_or(out, policy ? policy->name : (struct text){ 0 },
               "no policy selects it");
        return;
    case REASON_OPTED_OUT:
        add_annotation(out, metadata, ANNOTATION_MUTATE);
        return;
    case REASON_MIRROR_POD:
        add_annotation(out, metadata, ANNOTATION_MIRROR);
        return;
    case REASON_NODE_NAME_SET:
        add_or(out, json_string(json_get(q->review->pod, "spec"), "nodeName"),
               "no spec.nodeName");
        return;
    case REASON_ROLLOUT:
        add_share(out, q);
        return;
    default:
        add_controller(out, metadata);
        return;
    }
}

/* A guard that does not hold let the object pass, up to the one that does. */
static bool explain_guards(const struct question *question,
                           struct explanation *explanation)
{
    enum guard_state state = GUARD_PASSED;

    for (size_t i = 0; i < SELECT_GUARDS; i++) {
        struct explained_guard *guard = &explanation->guards[i];
        struct buf detail = { .arena = question->arena };

        if (state == GUARD_HOLDS)
            state = GUARD_NOT_ASKED;
        else if (state == GUARD_PASSED &&
                 select_guards[i] == question->verdict->reason)
            state = GUARD_HOLDS;
        if (state != GUARD_NOT_ASKED)
            add_detail(&detail, select_guards[i], question);
        *guard = (struct explained_guard){ select_guards[i], state,
                                           buf_text(&detail) };
        if (detail.failed)
            return false;
    }
    return true;
}

/* --- the merge --------------------------------------------------------- */

static bool explain_tolerations(const struct policy *policy,
                                struct arena *arena,
                                struct explanation *explanation)
{
    const struct json *own = json_get(explanation->before, "tolerations");
    const struct json *w =
        policy->tolerations ? policy->tolerations->child : NULL;
    size_t i = 0;

    explanation->n_tolerations = policy->n_tolerations;
    explanation->tolerations = arena_array(arena, policy->n_tolerations,
                                           sizeof(*explanation->tolerations));
    if (!explanation->tolerations)
        return false;
    for (; w; w = w->next, i++) {
        struct explained_toleration *out = &explanation->tolerations[i];

        out->wanted = w;
        out->by = toleration_find(own, &policy->toleration_list[i]);
    }
    return true;
}

/* Heavier ones first, and else in the order of the pod. */
static int compare_weights(const void *a, const void *b)
{
    const struct explained_preference *x = a, *y = b;

    return (x->weight < y->weight) - (x->weight > y->weight);
}

static void sort_preferences(struct explained_preference *list, size_t count)
{
    /* Insertion keeps the order of equal ones, which qsort() need not. */
    for (size_t i = 1; i < count; i++) {
        struct explained_preference moved = list[i];
        size_t j = i;

        for (; j > 0 && compare_weights(&list[j - 1], &moved) > 0; j--)
            list[j] = list[j - 1];
        list[j] = moved;
    }
}

/* Those of the policy stand behind the pod's own. */
static bool explain_preferences(struct arena *arena,
                                struct explanation *explanation)
{
    const struct json *list =
        term_node_affinity(explanation->after, PREFERRED_AFFINITY);
    size_t own = json_count(
               term_node_affinity(explanation->before, PREFERRED_AFFINITY)),
           i = 0;

    explanation->n_preferences = json_count(list);
    explanation->preferences =
        arena_array(arena, json_count(list), sizeof(*explanation->preferences));
    if (!explanation->preferences)
        return false;
    for (const struct json *e = list ? list->child : NULL; e;
         e = e->next, i++) {
        struct explained_preference *out = &explanation->preferences[i];

        out->term = json_get(e, "preference");
        out->added = i >= own;
        out->weight = term_weight(e);
    }
    sort_preferences(explanation->preferences, explanation->n_preferences);
    return true;
}

static bool compile_terms(const struct json *spec, struct arena *arena,
                          struct term **terms, size_t *count)
{
    return term_compile_all(
        json_get(term_node_affinity(spec, REQUIRED_AFFINITY),
                 "nodeSelectorTerms"),
        arena, terms, count);
}

/* The spec as it comes and as it becomes, in shadow mode too. */
static bool explain_merge(const struct verdict *verdict,
                          const struct json *request, struct arena *arena,
                          struct explanation *explanation, struct error *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    bool daemonset = verdict->reason == REASON_DAEMONSET;
    bool merged = verdict->reason == REASON_APPLIED || daemonset;
    const struct json *spec = json_get(json_get(request, "object"), "spec");

    explanation->before = spec ? spec : &nothing;
    explanation->merge.after = explanation->before;
    if (merged && !merge_policy(verdict->policy, explanation->before, daemonset,
                                arena, &explanation->merge, err))
        return false;
    explanation->after = explanation->merge.after;
    if ((merged && !explain_tolerations(verdict->policy, arena, explanation)) ||
        !explain_preferences(arena, explanation) ||
        !compile_terms(explanation->before, arena, &explanation->own_terms,
                       &explanation->n_own_terms) ||
        !compile_terms(explanation->after, arena, &explanation->merge.terms,
                       &explanation->merge.n_terms))
        return error_no_memory(err);
    return true;
}

/* --- the whole --------------------------------------------------------- */

/* The review again, whole: what a decision does not look at is explained,
 * too. */
static bool explain_review(const struct policy_set *set, struct arena *arena,
                           struct explanation *explanation, struct error *err)
{
    struct json_document whole;
    struct question question = { .arena = arena };
    struct review *review = arena_new(arena, struct review);
    struct verdict verdict;

    if (!review)
        return error_no_memory(err);
    if (!review_decode(explanation->document.review, policy_set_shape(set),
                       arena, review, err) ||
        (explanation->admission.is_binding &&
         !review_decode_binding(explanation->document.review, arena, review,
                                err)) ||
        !select_policy(set, review, arena, &verdict, err) ||
        !json_read(explanation->document.review, &json_any, DOCUMENT_MAX_VALUES,
                   arena, &whole, err))
        return false;
    question.review = review;
    question.request = json_get(whole.root, "request");
    question.verdict = &verdict;
    if (!trace_make(set, review, arena, &explanation->trace) ||
        !explain_guards(&question, explanation))
        return error_no_memory(err);
    explanation->review = review;
    return !review->pod ||
           explain_merge(&verdict, question.request, arena, explanation, err);
}

bool explanation_make(const struct policy_set *set, struct json *root,
                      const struct document_place *place,
                      struct text name_space,
                      const struct explained_nodes *nodes, struct arena *arena,
                      struct explanation *explanation, struct error *err)
{
    *explanation = (struct explanation){ .nodes = nodes };
    if (!document_open(root, place, name_space, arena, &explanation->document,
                       err) ||
        !document_admit(&explanation->document, place, set, arena,
                        &explanation->admission, err) ||
        !explain_review(set, arena, explanation, err))
        return false;
    if (!explanation->after)
        explanation->nodes = NULL; /* it is not placed */
    return !explanation->nodes ||
           placement_make(explanation->after, nodes->list, nodes->count,
                          nodes->replicas, arena, &explanation->placement, err);
}
