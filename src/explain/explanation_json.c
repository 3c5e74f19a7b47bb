/* explanation_json.c - an explanation as JSON; see explanation.h. */
#include "spillway/explanation.h"

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/jsonout.h"
#include "spillway/policy.h"
#include "spillway/words.h"

/* One document that is made. */
struct maker {
    const struct explanation *explanation;
    struct arena *arena;
    bool failed; /* memory ran out for a text */
};

#define said(maker, ...)                                                       \
    words_said((maker)->arena, (maker)->failed, __VA_ARGS__)

/* Lines as an array of strings. */
static cJSON *lines(struct text text)
{
    cJSON *array = cJSON_CreateArray();
    struct text line;

    while (text_take_line(&text, &line))
        jsonout_append(array, line);
    return array;
}

/* --- what was decided -------------------------------------------------- */

static cJSON *selectors(struct maker *maker, const struct trace_policy *traced)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < traced->n_selectors; i++) {
        const struct selector *selector = &traced->policy->selectors[i];
        const struct trace_selector *outcome = &traced->selectors[i];
        cJSON *object = cJSON_CreateObject();
        bool matches = outcome->outcome == SELECTOR_MATCHES;

        jsonout_add(object, "selector", said(maker, words_selector, selector));
        (void)cJSON_AddBoolToObject(object, "matches", matches);
        if (!matches)
            jsonout_add(object, "failed",
                        said(maker, explanation_write_failure,
                             maker->explanation, selector, outcome));
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *policies(struct maker *maker)
{
    const struct trace *trace = &maker->explanation->trace;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_policy *traced = &trace->policies[i];
        cJSON *object = cJSON_CreateObject();

        jsonout_add(object, "name", traced->policy->name);
        (void)cJSON_AddBoolToObject(object, "matches", traced->matches);
        (void)cJSON_AddBoolToObject(object, "hasNamespace",
                                    traced->has_namespace);
        (void)cJSON_AddBoolToObject(object, "shadow", traced->policy->shadow);
        (void)cJSON_AddItemToObject(object, "selectors",
                                    selectors(maker, traced));
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *guards(struct maker *maker)
{
    static const char *const states[] = {
        [GUARD_PASSED] = "passed",
        [GUARD_HOLDS] = "holds",
        [GUARD_NOT_ASKED] = "not-asked",
    };
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < SELECT_GUARDS; i++) {
        const struct explained_guard *guard = &maker->explanation->guards[i];
        cJSON *object = cJSON_CreateObject();

        jsonout_add(object, "guard", text_of(reason_name(guard->guard)));
        jsonout_add(object, "state", text_of(states[guard->state]));
        if (guard->detail.len)
            jsonout_add(object, "detail", guard->detail);
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *warnings(struct maker *maker)
{
    const struct admission *admission = &maker->explanation->admission;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < admission->n_warnings; i++) {
        const struct warning *warning = &admission->warnings[i];
        cJSON *object = cJSON_CreateObject();

        jsonout_add(object, "kind", text_of(warning_kind_name(warning->kind)));
        jsonout_add(object, "warning", text_of(warning->text));
        jsonout_add(object, "wayOut",
                    text_of(explanation_way_out(warning->kind)));
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

/* --- what the pod says afterwards -------------------------------------- */

static cJSON *tolerations(struct maker *maker)
{
    const struct explanation *explanation = maker->explanation;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < explanation->n_tolerations; i++) {
        const struct explained_toleration *t = &explanation->tolerations[i];
        cJSON *object = cJSON_CreateObject();

        jsonout_add(object, "toleration",
                    said(maker, words_toleration, t->wanted));
        (void)cJSON_AddBoolToObject(object, "added", !t->by);
        if (t->by)
            jsonout_add(object, "coveredBy",
                        said(maker, words_toleration, t->by));
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *preferences(struct maker *maker)
{
    const struct explanation *explanation = maker->explanation;
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < explanation->n_preferences; i++) {
        const struct explained_preference *p = &explanation->preferences[i];
        cJSON *object = cJSON_CreateObject();

        (void)cJSON_AddNumberToObject(object, "weight", (double)p->weight);
        jsonout_add(object, "nodes", said(maker, words_term, p->term));
        (void)cJSON_AddBoolToObject(object, "added", p->added);
        (void)cJSON_AddItemToArray(array, object);
    }
    return array;
}

static void set_pod(struct maker *maker, cJSON *root)
{
    const struct explanation *explanation = maker->explanation;
    cJSON *places = cJSON_CreateObject();
    struct text selector =
        said(maker, explanation_write_node_selector, explanation->before);

    (void)cJSON_AddItemToObject(root, "tolerations", tolerations(maker));
    (void)cJSON_AddItemToObject(
        places, "before",
        lines(said(maker, words_places, explanation->own_terms,
                   explanation->n_own_terms)));
    (void)cJSON_AddItemToObject(
        places, "after",
        lines(said(maker, words_places, explanation->merge.terms,
                   explanation->merge.n_terms)));
    if (selector.len)
        jsonout_add(places, "nodeSelector", selector);
    (void)cJSON_AddItemToObject(root, "mayRunOn", places);
    (void)cJSON_AddItemToObject(root, "prefers", preferences(maker));
}

/* --- nodes ------------------------------------------------------------- */

static cJSON *node_json(const struct place *place)
{
    cJSON *object = cJSON_CreateObject();
    bool feasible = place->verdict == NODE_FEASIBLE;

    jsonout_add(object, "name", place->node->name);
    (void)cJSON_AddBoolToObject(object, "virtual",
                                place->node->platform != NULL);
    (void)cJSON_AddBoolToObject(object, "feasible", feasible);
    if (!feasible) {
        jsonout_add(object, "predicate",
                    text_of(node_verdict_name(place->verdict)));
        if (place->cause.len)
            jsonout_add(object, "cause", place->cause);
        return object;
    }
    (void)cJSON_AddNumberToObject(object, "rank", (double)place->rank);
    (void)cJSON_AddNumberToObject(object, "score", place->score);
    (void)cJSON_AddNumberToObject(object, "weights", (double)place->weights);
    if (place->room != SIZE_MAX)
        (void)cJSON_AddNumberToObject(object, "room", (double)place->room);
    return object;
}

static cJSON *group_json(const struct placement *placement,
                         const struct place_group *group)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *names = cJSON_CreateArray();

    (void)cJSON_AddNumberToObject(object, "first",
                                  (double)(group->replicas_before + 1));
    (void)cJSON_AddNumberToObject(
        object, "last", (double)(group->replicas_before + group->replicas));
    for (size_t i = 0; i < group->count; i++)
        jsonout_append(names, placement->list[group->first + i].node->name);
    (void)cJSON_AddItemToObject(object, "nodes", names);
    return object;
}

static cJSON *replicas(struct maker *maker)
{
    const struct placement *placement = &maker->explanation->placement;
    cJSON *object = cJSON_CreateObject();
    cJSON *groups = cJSON_CreateArray();
    size_t spill = explanation_spill(placement);

    for (size_t i = 0; i < placement->n_groups; i++) {
        if (placement->groups[i].replicas)
            (void)cJSON_AddItemToArray(
                groups, group_json(placement, &placement->groups[i]));
    }
    (void)cJSON_AddNumberToObject(object, "asked",
                                  (double)maker->explanation->nodes->replicas);
    (void)cJSON_AddItemToObject(object, "placed", groups);
    (void)cJSON_AddNumberToObject(object, "pending",
                                  (double)placement->pending);
    if (spill)
        (void)cJSON_AddNumberToObject(object, "spillOverAt", (double)spill);
    return object;
}

static void set_nodes(struct maker *maker, cJSON *root)
{
    const struct explanation *explanation = maker->explanation;
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < explanation->placement.count; i++)
        (void)cJSON_AddItemToArray(list,
                                   node_json(&explanation->placement.list[i]));
    (void)cJSON_AddItemToObject(root, "nodes", list);
    if (explanation->nodes->replicas)
        (void)cJSON_AddItemToObject(root, "replicas", replicas(maker));
    jsonout_add(root, "notLookedAt",
                said(maker, explanation_write_plugins, explanation));
    jsonout_add(root, "summary",
                said(maker, explanation_write_summary, explanation));
}

/* --- the whole --------------------------------------------------------- */

static void set_object(const struct explanation *explanation, cJSON *root)
{
    const struct document *document = &explanation->document;
    cJSON *object = cJSON_CreateObject();

    jsonout_add(object, "kind", document->kind_name);
    jsonout_add(object, "namespace", document->name_space);
    jsonout_add(object, document->generated ? "generateName" : "name",
                document->name);
    (void)cJSON_AddItemToObject(root, "object", object);
}

bool explanation_print_json(const struct explanation *explanation,
                            struct arena *arena, struct error *err)
{
    const struct admission *admission = &explanation->admission;
    struct maker maker = { explanation, arena, false };
    cJSON *root = cJSON_CreateObject();

    set_object(explanation, root);
    jsonout_add(root, "decision", text_of(decision_name(admission->decision)));
    jsonout_add(root, "reason", text_of(reason_name(admission->reason)));
    if (admission->policy)
        jsonout_add(root, "policy", admission->policy->name);
    (void)cJSON_AddItemToObject(root, "policies", policies(&maker));
    (void)cJSON_AddItemToObject(root, "guards", guards(&maker));
    if (explanation->after)
        set_pod(&maker, root);
    (void)cJSON_AddItemToObject(root, "warnings", warnings(&maker));
    if (explanation->nodes)
        set_nodes(&maker, root);
    if (!maker.failed)
        return jsonout_print(root, err);
    cJSON_Delete(root);
    return error_no_memory(err);
}
