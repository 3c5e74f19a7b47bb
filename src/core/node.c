/* node.c - see node.h for the contract. */
#include "spillway/node.h"

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/shape.h"

enum {
    SHOWN_MAX_BYTES = 100,
    WEIGHT_MAX = 100, /* of a v1.PreferredSchedulingTerm */
};

/* --- reading ----------------------------------------------------------- */

bool node_read(const struct json *root, struct arena *arena, struct node *node)
{
    const struct json *metadata = json_get(root, "metadata");
    const struct json *spec = json_get(root, "spec");
    const struct json *allocatable =
        json_get(json_get(root, "status"), "allocatable");

    *node = (struct node){
        .name = json_string(metadata, "name"),
        .labels = json_get(metadata, "labels"),
        .taints = json_get(spec, "taints"),
        .unschedulable = json_true(spec, "unschedulable"),
        .has_allocatable = json_count(allocatable) > 0,
    };
    node->platform = platform_of_labels(node->labels);
    return resources_add_list(&node->allocatable, allocatable, arena);
}

bool node_add_pod(struct node *node, const struct json *spec,
                  struct arena *arena)
{
    struct resources requests;

    return resources_of_pod(spec, arena, &requests) &&
           resources_add_all(&node->used, &requests, arena);
}

/* What the API server refuses counts for nothing, and sums stay small. */
static long long read_weight(const struct json *preference)
{
    long long value = term_weight(preference);

    return value >= 1 && value <= WEIGHT_MAX ? value : 0;
}

static bool read_preferences(const struct json *list, struct arena *arena,
                             struct pod_demand *demand)
{
    size_t i = 0;

    demand->weights =
        arena_array(arena, json_count(list), sizeof(*demand->weights));
    if (!demand->weights ||
        !term_compile_preferences(list, arena, &demand->preferences,
                                  &demand->n_preferences))
        return false;
    for (const struct json *e = list ? list->child : NULL; e; e = e->next) {
        if (json_get(e, "preference"))
            demand->weights[i++] = read_weight(e);
    }
    return true;
}

bool pod_demand_read(const struct json *spec, struct arena *arena,
                     struct pod_demand *demand)
{
    const struct json *required = term_node_affinity(spec, REQUIRED_AFFINITY);

    *demand = (struct pod_demand){
        .tolerations = json_get(spec, "tolerations"),
        .has_terms = required != NULL,
    };
    return term_compile_selector(json_get(spec, "nodeSelector"), arena,
                                 &demand->selector) &&
           term_compile_all(json_get(required, "nodeSelectorTerms"), arena,
                            &demand->terms, &demand->n_terms) &&
           read_preferences(term_node_affinity(spec, PREFERRED_AFFINITY), arena,
                            demand) &&
           resources_of_pod(spec, arena, &demand->requests);
}

/* --- labels ------------------------------------------------------------ */

static bool has_value(const struct requirement *r, struct text value)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (text_equal(r->values[i], value))
            return true;
    }
    return false;
}

/* Gt and Lt: both sides are integers, or nothing holds. */
static bool compares(const struct requirement *r, struct text value)
{
    long long left, right;

    if (r->n_values != 1 || !text_parse_integer(value, &left) ||
        !text_parse_integer(r->values[0], &right))
        return false;
    return text_is(r->op, "Gt") ? left > right : left < right;
}

/* As in k8s.io/apimachinery/pkg/labels; operators that we do not know match
 * nothing, as a term that the scheduler cannot parse. */
static bool label_holds(const struct requirement *r, const struct json *labels)
{
    const struct json *value = json_get_text(labels, r->key);

    if (text_is(r->op, "In"))
        return value && has_value(r, value->string);
    if (text_is(r->op, "NotIn"))
        return r->n_values > 0 && (!value || !has_value(r, value->string));
    if (text_is(r->op, "Exists"))
        return value && r->n_values == 0;
    if (text_is(r->op, "DoesNotExist"))
        return !value && r->n_values == 0;
    if (text_is(r->op, "Gt") || text_is(r->op, "Lt"))
        return value && compares(r, value->string);
    return false;
}

/* metadata.name is the only field there is, and takes one value. */
static bool field_holds(const struct requirement *r, struct text name)
{
    if (!text_is(r->key, "metadata.name") || r->n_values != 1)
        return false;
    if (text_is(r->op, "In"))
        return text_equal(r->values[0], name);
    return text_is(r->op, "NotIn") && !text_equal(r->values[0], name);
}

/* The first requirement that does not hold; NULL when all do. */
static const struct requirement *first_failure(const struct node *node,
                                               const struct term *term)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        if (!label_holds(&term->expressions[i], node->labels))
            return &term->expressions[i];
    }
    for (size_t i = 0; i < term->n_fields; i++) {
        if (!field_holds(&term->fields[i], node->name))
            return &term->fields[i];
    }
    return NULL;
}

bool node_matches(const struct node *node, const struct term *term)
{
    return !term_is_empty(term) && !first_failure(node, term);
}

bool node_matches_any(const struct node *node, const struct term *terms,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (node_matches(node, &terms[i]))
            return true;
    }
    return count == 0;
}

long long node_preference(const struct node *node,
                          const struct pod_demand *demand)
{
    long long sum = 0;

    for (size_t i = 0; i < demand->n_preferences; i++) {
        if (node_matches(node, &demand->preferences[i]))
            sum += demand->weights[i];
    }
    return sum;
}

/* --- taints ------------------------------------------------------------ */

const struct json *node_untolerated(const struct node *node,
                                    const struct json *tolerations)
{
    for (const struct json *t = node_first_taint(node); t; t = t->next) {
        struct toleration taint = toleration_read(t);

        if ((text_is(taint.effect, "NoSchedule") ||
             text_is(taint.effect, "NoExecute")) &&
            !toleration_find(tolerations, &taint))
            return t;
    }
    return NULL;
}

const struct json *node_taint_for(const struct node *node,
                                  const struct toleration *toleration)
{
    for (const struct json *t = node_first_taint(node); t; t = t->next) {
        struct toleration taint = toleration_read(t);

        if (toleration_covers(toleration, &taint))
            return t;
    }
    return NULL;
}

void node_write_taint(struct buf *out, const struct json *taint)
{
    struct text value = json_string(taint, "value");

    buf_add_shown(out, json_string(taint, "key"), SHOWN_MAX_BYTES);
    if (value.len)
        buf_add_char(out, '=');
    buf_add_shown(out, value, SHOWN_MAX_BYTES);
    buf_add_char(out, ':');
    buf_add_shown(out, json_string(taint, "effect"), SHOWN_MAX_BYTES);
}

/* --- the verdict ------------------------------------------------------- */

/* A cordoned node takes only pods that tolerate what cordoning stands for. */
static bool is_cordoned_for(const struct node *node,
                            const struct pod_demand *demand)
{
    static const struct toleration cordon = {
        .key = TEXT("node.kubernetes.io/unschedulable"),
        .effect = TEXT("NoSchedule"),
    };

    return node->unschedulable &&
           !toleration_find(demand->tolerations, &cordon);
}

static enum node_verdict judge(const struct node *node,
                               const struct pod_demand *demand, size_t *room,
                               struct buf *cause)
{
    const struct json *taint;
    const struct requirement *failed;
    struct text lacking;

    if (is_cordoned_for(node, demand))
        return NODE_UNSCHEDULABLE;
    taint = node_untolerated(node, demand->tolerations);
    if (taint) {
        node_write_taint(cause, taint);
        return NODE_TAINT;
    }
    failed = first_failure(node, &demand->selector);
    if (failed) {
        buf_add_shown(cause, failed->key, SHOWN_MAX_BYTES);
        buf_add_char(cause, '=');
        buf_add_shown(cause, failed->values[0], SHOWN_MAX_BYTES);
        return NODE_SELECTOR;
    }
    if (demand->has_terms &&
        (demand->n_terms == 0 ||
         !node_matches_any(node, demand->terms, demand->n_terms))) {
        buf_add_string(cause, "no required term matches");
        return NODE_AFFINITY;
    }
    if (!node->has_allocatable)
        return NODE_FEASIBLE;
    *room = resources_room(&node->allocatable, &node->used, &demand->requests,
                           &lacking);
    if (*room > 0)
        return NODE_FEASIBLE;
    buf_add_shown(cause, lacking, SHOWN_MAX_BYTES);
    return NODE_RESOURCES;
}

enum node_verdict node_admits(const struct node *node,
                              const struct pod_demand *demand,
                              struct arena *arena, size_t *room,
                              struct text *cause)
{
    struct buf out = { .arena = arena };
    enum node_verdict verdict;

    *room = SIZE_MAX;
    verdict = judge(node, demand, room, &out);
    *cause = buf_text(&out);
    return verdict;
}

const char *node_verdict_name(enum node_verdict verdict)
{
    static const char *const names[NODE_VERDICTS] = {
        [NODE_FEASIBLE] = "feasible", [NODE_UNSCHEDULABLE] = "unschedulable",
        [NODE_TAINT] = "taint",       [NODE_SELECTOR] = "nodeSelector",
        [NODE_AFFINITY] = "affinity", [NODE_RESOURCES] = "resources",
    };

    return names[verdict];
}
