/* explanation_json.c - an explanation as JSON; see explanation.h. */
#include "spillway/explanation.h"

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/words.h"

/* One document that is made.  The setters do nothing once memory was short. */
struct maker {
    const struct explanation *explanation;
    struct arena *arena;
    bool failed;
};

static void set(struct maker *maker, struct json *object, const char *key,
                struct json *value)
{
    maker->failed |= !object || !json_set(object, text_of(key), value);
}

static void append(struct maker *maker, struct json *array, struct json *value)
{
    maker->failed |= !array || !json_append(array, value);
}

/* The same behind *tail, which becomes the new end: a list of nodes is long,
 * and not walked for each. */
static void append_at(struct maker *maker, struct json ***tail,
                      struct json *value)
{
    maker->failed |= !*tail || !value;
    if (maker->failed)
        return;
    **tail = value;
    *tail = &value->next;
}

static void set_text(struct maker *maker, struct json *object, const char *key,
                     struct text value)
{
    set(maker, object, key, json_string_new(maker->arena, value));
}

static void set_bool(struct maker *maker, struct json *object, const char *key,
                     bool value)
{
    set(maker, object, key, json_bool_new(maker->arena, value));
}

static void set_number(struct maker *maker, struct json *object,
                       const char *key, long long value)
{
    set(maker, object, key, json_number_new(maker->arena, value));
}

/* A text in the arena, made by one of the writers of words. */
#define said(maker, write, ...)                                                \
    __extension__({                                                            \
        struct buf said_ = { .arena = (maker)->arena };                        \
        write(&said_, __VA_ARGS__);                                            \
        (maker)->failed |= said_.failed;                                       \
        buf_text(&said_);                                                      \
    })

/* Lines as an array of strings. */
static struct json *lines(struct maker *maker, struct text text)
{
    struct json *array = json_array(maker->arena);

    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;

        append(maker, array,
               json_string_new(maker->arena, (struct text){ text.data, len }));
        len += end != NULL;
        text = (struct text){ text.data + len, text.len - len };
    }
    return array;
}

/* --- what was decided -------------------------------------------------- */

static struct json *selectors(struct maker *maker,
                              const struct trace_policy *traced)
{
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < traced->n_selectors; i++) {
        const struct selector *selector = &traced->policy->selectors[i];
        const struct trace_selector *outcome = &traced->selectors[i];
        struct json *object = json_object(maker->arena);
        bool matches = outcome->outcome == SELECTOR_MATCHES;

        set_text(maker, object, "selector",
                 said(maker, words_selector, selector));
        set_bool(maker, object, "matches", matches);
        if (!matches)
            set_text(maker, object, "failed",
                     said(maker, explanation_write_failure, maker->explanation,
                          selector, outcome));
        append(maker, array, object);
    }
    return array;
}

static struct json *policies(struct maker *maker)
{
    const struct trace *trace = &maker->explanation->trace;
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_policy *traced = &trace->policies[i];
        struct json *object = json_object(maker->arena);

        set_text(maker, object, "name", traced->policy->name);
        set_bool(maker, object, "matches", traced->matches);
        set_bool(maker, object, "hasNamespace", traced->has_namespace);
        set_bool(maker, object, "shadow", traced->policy->shadow);
        set(maker, object, "selectors", selectors(maker, traced));
        append(maker, array, object);
    }
    return array;
}

static struct json *guards(struct maker *maker)
{
    static const char *const states[] = {
        [GUARD_PASSED] = "passed",
        [GUARD_HOLDS] = "holds",
        [GUARD_NOT_ASKED] = "not-asked",
    };
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < EXPLAINED_GUARDS; i++) {
        const struct explained_guard *guard = &maker->explanation->guards[i];
        struct json *object = json_object(maker->arena);

        set_text(maker, object, "guard", text_of(reason_name(guard->guard)));
        set_text(maker, object, "state", text_of(states[guard->state]));
        if (guard->detail.len)
            set_text(maker, object, "detail", guard->detail);
        append(maker, array, object);
    }
    return array;
}

static struct json *warnings(struct maker *maker)
{
    const struct admission *admission = &maker->explanation->admission;
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < admission->n_warnings; i++) {
        const struct warning *warning = &admission->warnings[i];
        struct json *object = json_object(maker->arena);

        set_text(maker, object, "kind",
                 text_of(warning_kind_name(warning->kind)));
        set_text(maker, object, "warning", text_of(warning->text));
        set_text(maker, object, "wayOut",
                 text_of(explanation_way_out(warning->kind)));
        append(maker, array, object);
    }
    return array;
}

/* --- what the pod says afterwards -------------------------------------- */

static struct json *tolerations(struct maker *maker)
{
    const struct explanation *explanation = maker->explanation;
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < explanation->n_tolerations; i++) {
        const struct explained_toleration *t = &explanation->tolerations[i];
        struct json *object = json_object(maker->arena);

        set_text(maker, object, "toleration",
                 said(maker, words_toleration, t->wanted));
        set_bool(maker, object, "added", !t->by);
        if (t->by)
            set_text(maker, object, "coveredBy",
                     said(maker, words_toleration, t->by));
        append(maker, array, object);
    }
    return array;
}

static struct json *preferences(struct maker *maker)
{
    const struct explanation *explanation = maker->explanation;
    struct json *array = json_array(maker->arena);

    for (size_t i = 0; i < explanation->n_preferences; i++) {
        const struct explained_preference *p = &explanation->preferences[i];
        struct json *object = json_object(maker->arena);

        set_number(maker, object, "weight", p->weight);
        set_text(maker, object, "nodes", said(maker, words_term, p->term));
        set_bool(maker, object, "added", p->added);
        append(maker, array, object);
    }
    return array;
}

static void set_pod(struct maker *maker, struct json *root)
{
    const struct explanation *explanation = maker->explanation;
    struct json *places = json_object(maker->arena);
    struct text selector =
        said(maker, explanation_write_node_selector, explanation->before);

    set(maker, root, "tolerations", tolerations(maker));
    set(maker, places, "before",
        lines(maker, said(maker, words_places, explanation->own_terms,
                          explanation->n_own_terms)));
    set(maker, places, "after",
        lines(maker, said(maker, words_places, explanation->merge.terms,
                          explanation->merge.n_terms)));
    if (selector.len)
        set_text(maker, places, "nodeSelector", selector);
    set(maker, root, "mayRunOn", places);
    set(maker, root, "prefers", preferences(maker));
}

/* --- nodes ------------------------------------------------------------- */

static struct json *node(struct maker *maker, const struct place *place)
{
    struct json *object = json_object(maker->arena);
    bool feasible = place->verdict == NODE_FEASIBLE;

    set_text(maker, object, "name", place->node->name);
    set_bool(maker, object, "virtual", place->node->platform != NULL);
    set_bool(maker, object, "feasible", feasible);
    if (!feasible) {
        set_text(maker, object, "predicate",
                 text_of(node_verdict_name(place->verdict)));
        if (place->cause.len)
            set_text(maker, object, "cause", place->cause);
        return object;
    }
    set_number(maker, object, "rank", (long long)place->rank);
    set_number(maker, object, "score", place->score);
    set_number(maker, object, "weights", place->weights);
    if (place->room != SIZE_MAX)
        set_number(maker, object, "room", (long long)place->room);
    return object;
}

static struct json *group(struct maker *maker,
                          const struct placement *placement,
                          const struct place_group *group)
{
    struct json *object = json_object(maker->arena);
    struct json *names = json_array(maker->arena);
    struct json **tail = names ? &names->child : NULL;

    set_number(maker, object, "first", (long long)group->replicas_before + 1);
    set_number(maker, object, "last",
               (long long)group->replicas_before + (long long)group->replicas);
    for (size_t i = 0; i < group->count; i++)
        append_at(
            maker, &tail,
            json_string_new(maker->arena,
                            placement->list[group->first + i].node->name));
    set(maker, object, "nodes", names);
    return object;
}

static struct json *replicas(struct maker *maker)
{
    const struct placement *placement = &maker->explanation->placement;
    struct json *object = json_object(maker->arena);
    struct json *groups = json_array(maker->arena);
    size_t spill = explanation_spill(placement);

    for (size_t i = 0; i < placement->n_groups; i++) {
        if (placement->groups[i].replicas)
            append(maker, groups,
                   group(maker, placement, &placement->groups[i]));
    }
    set_number(maker, object, "asked",
               (long long)maker->explanation->nodes->replicas);
    set(maker, object, "placed", groups);
    set_number(maker, object, "pending", (long long)placement->pending);
    if (spill)
        set_number(maker, object, "spillOverAt", (long long)spill);
    return object;
}

static void set_nodes(struct maker *maker, struct json *root)
{
    const struct explanation *explanation = maker->explanation;
    struct json *list = json_array(maker->arena);
    struct json **tail = list ? &list->child : NULL;

    for (size_t i = 0; i < explanation->placement.count; i++)
        append_at(maker, &tail, node(maker, &explanation->placement.list[i]));
    set(maker, root, "nodes", list);
    if (explanation->nodes->replicas)
        set(maker, root, "replicas", replicas(maker));
    set_text(maker, root, "notLookedAt",
             said(maker, explanation_write_plugins, explanation));
    set_text(maker, root, "summary",
             said(maker, explanation_write_summary, explanation));
}

/* --- the whole --------------------------------------------------------- */

static void set_object(struct maker *maker, struct json *root)
{
    const struct document *document = &maker->explanation->document;
    struct json *object = json_object(maker->arena);

    set_text(maker, object, "kind", document->kind_name);
    set_text(maker, object, "namespace", document->name_space);
    set_text(maker, object, document->generated ? "generateName" : "name",
             document->name);
    set(maker, root, "object", object);
}

bool explanation_write_json(struct buf *out,
                            const struct explanation *explanation,
                            struct arena *arena, struct error *err)
{
    const struct admission *admission = &explanation->admission;
    struct maker maker = { explanation, arena, false };
    struct json *root = json_object(arena);

    set_object(&maker, root);
    set_text(&maker, root, "decision",
             text_of(decision_name(admission->decision)));
    set_text(&maker, root, "reason", text_of(reason_name(admission->reason)));
    if (admission->policy)
        set_text(&maker, root, "policy", admission->policy->name);
    set(&maker, root, "policies", policies(&maker));
    set(&maker, root, "guards", guards(&maker));
    if (explanation->after)
        set_pod(&maker, root);
    set(&maker, root, "warnings", warnings(&maker));
    if (explanation->nodes)
        set_nodes(&maker, root);
    if (maker.failed)
        return error_no_memory(err);
    json_write_pretty(out, root, 2);
    buf_add_char(out, '\n');
    return buf_ok(out, err);
}
