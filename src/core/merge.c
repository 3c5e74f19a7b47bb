/* merge.c - see merge.h for the contract. */
#include "spillway/merge.h"

#include "spillway/arena.h"
#include "spillway/shape.h"

static const struct text key_tolerations = TEXT("tolerations");
static const struct text key_affinity = TEXT("affinity");
static const struct text key_node_affinity = TEXT("nodeAffinity");
static const struct text key_spread = TEXT("topologySpreadConstraints");
static const struct text key_annotations = TEXT("annotations");
static const struct text key_cost = TEXT(ANNOTATION_DELETION_COST);
static const struct text key_required = TEXT(REQUIRED_AFFINITY);
static const struct text key_preferred = TEXT(PREFERRED_AFFINITY);
static const struct text key_terms = TEXT("nodeSelectorTerms");
static const struct text key_expressions = TEXT("matchExpressions");

/* --- tolerations ------------------------------------------------------- */

/* The pod's tolerations and those of the policy that they do not cover. */
static struct json *merge_tolerations(const struct policy *policy,
                                      const struct json *tolerations,
                                      struct arena *arena)
{
    struct json *merged = json_edit(arena, tolerations, JSON_ARRAY);
    size_t room = json_count(tolerations) + policy->n_tolerations;
    struct toleration *list = arena_array(arena, room, sizeof(*list));
    const struct toleration *wanted = policy->toleration_list;
    size_t count = 0;

    if (!merged || !list)
        return NULL;
    for (const struct json *t = merged->child; t; t = t->next)
        list[count++] = toleration_read(t);
    for (const struct json *w = policy->tolerations->child; w;
         w = w->next, wanted++) {
        if (toleration_is_covered(list, count, wanted))
            continue;
        if (!json_append(merged, json_copy(arena, w)))
            return NULL;
        list[count++] = *wanted;
    }
    return merged;
}

/* --- required terms ---------------------------------------------------- */

/* The terms that are made, and the same compiled. */
struct term_list {
    struct json *array;
    struct term terms[MERGE_MAX_TERMS];
    size_t count, bytes;
    bool overflow;
};

static bool is_duplicate(const struct term *terms, size_t count,
                         const struct term *term)
{
    for (size_t i = 0; i < count; i++) {
        if (term_equal(&terms[i], term))
            return true;
    }
    return false;
}

/* Append a term unless a set-equal one that is not empty is there already. */
static bool add_term(struct term_list *list, const struct term *term,
                     struct arena *arena)
{
    if (!term_is_empty(term) && is_duplicate(list->terms, list->count, term))
        return true;
    if (list->count == MERGE_MAX_TERMS) {
        list->overflow = true;
        return true;
    }
    list->terms[list->count++] = *term;
    return json_append(list->array, json_copy(arena, term->node));
}

/* Was this expression of the policy's term kept when it was compiled? */
static const struct requirement *compiled_from(const struct term *term,
                                               const struct json *node)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        if (term->expressions[i].node == node)
            return &term->expressions[i];
    }
    return NULL;
}

/* q AND p: all of q as it stands, then what p asks beyond it. */
static bool conjoin(const struct term *q, const struct term *p,
                    struct arena *arena, struct term *both)
{
    struct json *node = json_edit(arena, q->node, JSON_OBJECT);
    struct json *expressions =
        json_edit(arena, json_get_text(q->node, key_expressions), JSON_ARRAY);

    if (!node || !expressions)
        return false;
    for (const struct json *e = json_first_text(p->node, key_expressions); e;
         e = e->next) {
        const struct requirement *wanted = compiled_from(p, e);

        if (wanted && !term_holds(q, wanted) &&
            !json_append(expressions, json_copy(arena, e)))
            return false;
    }
    return json_set(node, key_expressions, expressions) &&
           term_compile(node, arena, both);
}

static bool satisfies(const struct policy *policy, const struct term *q)
{
    for (size_t i = 0; i < policy->n_terms; i++) {
        if (term_implies(q, &policy->terms[i]))
            return true;
    }
    return false;
}

/* What becomes of one of the pod's own terms. */
static bool restrict_term(const struct policy *policy, const struct term *q,
                          struct term_list *list, struct arena *arena)
{
    if (term_is_empty(q) || satisfies(policy, q))
        return add_term(list, q, arena);
    for (size_t i = 0; i < policy->n_terms && !list->overflow; i++) {
        struct term both;

        list->bytes += q->node->raw.len;
        if (list->bytes > MERGE_MAX_BYTES) {
            list->overflow = true;
            return true;
        }
        if (!conjoin(q, &policy->terms[i], arena, &both) ||
            !add_term(list, &both, arena))
            return false;
    }
    return true;
}

/* Which of the pod's own terms are there, and do they need anything? */
static void survey(const struct policy *policy, const struct term *own,
                   size_t count, bool *all_empty, bool *all_satisfied)
{
    *all_empty = *all_satisfied = true;
    for (size_t i = 0; i < count; i++) {
        if (term_is_empty(&own[i]))
            continue;
        *all_empty = false;
        if (!satisfies(policy, &own[i]))
            *all_satisfied = false;
    }
}

/*
 * The pod's own terms ANDed with the policy's.  *merged stays NULL when they
 * are to be left as they are; result->reason says whether that was forced.
 */
static bool merge_own_terms(const struct policy *policy, struct json **merged,
                            struct arena *arena, struct merge *result)
{
    struct term_list *list;
    bool all_empty, all_satisfied;

    survey(policy, result->terms, result->n_terms, &all_empty, &all_satisfied);
    if (all_empty)
        result->reason = REASON_NO_FEASIBLE_TERM;
    if (all_empty || all_satisfied)
        return true;
    list = arena_new(arena, struct term_list);
    if (!list || !(list->array = json_array(arena)))
        return false;
    for (size_t i = 0; i < result->n_terms && !list->overflow; i++) {
        /* What became of an equal term is there already. */
        if (!term_is_empty(&result->terms[i]) &&
            is_duplicate(result->terms,
                         i < MERGE_MAX_TERMS ? i : MERGE_MAX_TERMS,
                         &result->terms[i]))
            continue;
        if (!restrict_term(policy, &result->terms[i], list, arena))
            return false;
    }
    if (list->overflow) {
        result->reason = REASON_TOO_MANY_TERMS;
        return true;
    }
    *merged = list->array;
    result->terms = list->terms;
    result->n_terms = list->count;
    return true;
}

static bool merge_required(const struct policy *policy,
                           struct json *node_affinity, struct arena *arena,
                           struct merge *result)
{
    const struct json *required = json_get_text(node_affinity, key_required);
    const struct json *own = json_get_text(required, key_terms);
    struct json *merged = NULL, *outer;

    if (own && policy->required && own->child == policy->required->child) {
        result->terms = policy->terms; /* put there by us */
        result->n_terms = policy->n_terms;
    } else if (!term_compile_all(own, arena, &result->terms,
                                 &result->n_terms)) {
        return false;
    }
    if (!policy->required)
        return true;
    if (result->n_terms > 0) {
        if (!merge_own_terms(policy, &merged, arena, result))
            return false;
    } else {
        merged = json_copy(arena, policy->required);
        result->terms = policy->terms;
        result->n_terms = policy->n_terms;
    }
    if (!merged)
        return true;
    outer = json_edit(arena, required, JSON_OBJECT);
    return outer && json_set(outer, key_terms, merged) &&
           json_set(node_affinity, key_required, outer);
}

/* --- preferred terms --------------------------------------------------- */

static bool merge_preferred(const struct policy *policy,
                            struct json *node_affinity, struct arena *arena)
{
    const struct json *own = json_get_text(node_affinity, key_preferred);
    struct json *merged = json_edit(arena, own, JSON_ARRAY);
    const struct term *wanted = policy->preferences;
    struct term *terms;
    size_t count, added = 0;

    if (!merged || !term_compile_preferences(own, arena, &terms, &count))
        return false;
    for (const struct json *w = policy->preferred->child; w;
         w = w->next, wanted++) {
        if (is_duplicate(terms, count, wanted))
            continue;
        if (!json_append(merged, json_copy(arena, w)))
            return false;
        added++;
    }
    return added == 0 || json_set(node_affinity, key_preferred, merged);
}

/* --- the whole --------------------------------------------------------- */

static bool merge_affinity(const struct policy *policy, struct json *spec,
                           struct arena *arena, struct merge *result)
{
    const struct json *old = json_get_text(spec, key_affinity);
    struct json *affinity = json_edit(arena, old, JSON_OBJECT);
    struct json *node_affinity =
        json_edit(arena, json_get_text(old, key_node_affinity), JSON_OBJECT);

    if (!affinity || !node_affinity ||
        !merge_required(policy, node_affinity, arena, result))
        return false;
    if (result->reason != REASON_APPLIED)
        return true;
    if (policy->preferred && !merge_preferred(policy, node_affinity, arena))
        return false;
    if (!policy->required && !policy->preferred)
        return true;
    return json_set(affinity, key_node_affinity, node_affinity) &&
           json_set(spec, key_affinity, affinity);
}

/* With constraints of its own the pod is not subject to the scheduler's default
 * ones, whatever its own say; they are left alone. */
static bool merge_spread(const struct policy *policy, struct json *spec,
                         struct arena *arena)
{
    return json_count(json_get_text(spec, key_spread)) > 0 ||
           json_set(spec, key_spread, json_copy(arena, policy->spread));
}

bool merge_policy(const struct policy *policy, const struct json *spec,
                  bool tolerations_only, struct arena *arena,
                  struct merge *result, struct error *err)
{
    struct json *after = json_edit(arena, spec, JSON_OBJECT);
    struct json *tolerations;

    *result = (struct merge){ .after = after, .reason = REASON_APPLIED };
    if (!after)
        return error_no_memory(err);
    if (policy->tolerations) {
        tolerations = merge_tolerations(
            policy, json_get_text(after, key_tolerations), arena);
        if (!tolerations || !json_set(after, key_tolerations, tolerations))
            return error_no_memory(err);
    }
    if (tolerations_only)
        return true;
    if (!merge_affinity(policy, after, arena, result) ||
        (policy->fill_first && result->reason == REASON_APPLIED &&
         !merge_spread(policy, after, arena)))
        return error_no_memory(err);
    return true;
}

bool merge_deletion_cost(const struct json *metadata, struct arena *arena,
                         const struct json **after, struct error *err)
{
    struct json *changed = json_edit(arena, metadata, JSON_OBJECT);
    struct json *annotations =
        json_edit(arena, json_get_text(metadata, key_annotations), JSON_OBJECT);

    if (!changed || !annotations ||
        !json_set(annotations, key_cost,
                  json_string_new(arena, text_of(DELETION_COST))) ||
        !json_set(changed, key_annotations, annotations))
        return error_no_memory(err);
    *after = changed;
    return true;
}
