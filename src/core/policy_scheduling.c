/*
 * policy_scheduling.c - the tolerations and the affinity of a policy.
 *
 * What kube-apiserver refuses in a pod (k8s.io/kubernetes
 * pkg/apis/core/validation) is refused here: a patch with it would reject
 * every gateway pod.
 */
#include "spillway/policy_parts.h"

#include "spillway/names.h"
#include "spillway/shape.h"

/* --- tolerations ------------------------------------------------------- */

static void check_toleration_key(struct config *config, struct place at,
                                 struct text key, bool exists)
{
    if (key.len == 0 && !exists)
        config_mistake(config, at,
                       "an empty key needs operator Exists (and then "
                       "tolerates every taint)");
    else if (key.len != 0 && !names_is_label_key(key))
        config_mistake(config, at,
                       "key '%.*s' is not a valid taint key (letters, digits, "
                       "'-', '_', '.', with an optional DNS prefix and '/')",
                       TEXT_ARG(text_clip(key, 100)));
}

static void check_effect(struct config *config, struct place at,
                         const struct json *seconds, struct text effect)
{
    if (effect.len != 0 && !text_is(effect, "NoSchedule") &&
        !text_is(effect, "PreferNoSchedule") && !text_is(effect, "NoExecute"))
        config_mistake(config, at,
                       "unknown effect '%.*s' (NoSchedule, PreferNoSchedule, "
                       "NoExecute, or none for all)",
                       TEXT_ARG(text_clip(effect, 100)));
    if (seconds && !text_is(effect, "NoExecute"))
        config_mistake(config, at,
                       "tolerationSeconds needs effect NoExecute (remove it, "
                       "or use that effect)");
}

static void check_seconds(struct config *config, struct place at)
{
    long long value;

    if (at.node && !text_parse_integer(at.node->string, &value))
        config_mistake(config, at, "expected a whole number of seconds");
}

static void parse_toleration(struct config *config, struct place at)
{
    static const struct config_member members[] = {
        { "key", JSON_STRING, false },
        { "operator", JSON_STRING, false },
        { "value", JSON_STRING, false },
        { "effect", JSON_STRING, false },
        { "tolerationSeconds", JSON_NUMBER, false },
    };
    struct text op, value;
    bool exists;

    if (!config_object(config, at, members, array_len(members)))
        return;
    op = json_string(at.node, "operator");
    value = json_string(at.node, "value");
    exists = text_is(op, "Exists");
    if (op.len != 0 && !exists && !text_is(op, "Equal"))
        config_mistake(config, at, "unknown operator '%.*s' (Equal or Exists)",
                       TEXT_ARG(text_clip(op, 100)));
    if (exists && value.len != 0)
        config_mistake(config, at,
                       "operator Exists takes no value (remove it, or use "
                       "Equal)");
    else if (!names_is_label_value(value))
        config_mistake(config, at,
                       "value '%.*s' is not a valid taint value (at most 63 "
                       "letters, digits, '-', '_' and '.')",
                       TEXT_ARG(text_clip(value, 100)));
    check_toleration_key(config, at, json_string(at.node, "key"), exists);
    check_effect(config, at, json_get(at.node, "tolerationSeconds"),
                 json_string(at.node, "effect"));
    check_seconds(config,
                  config_get(config, at, "tolerationSeconds", JSON_NUMBER));
}

void policy_parse_tolerations(struct config *config, struct place tolerations,
                              struct policy *policy)
{
    size_t i = 0;

    for (const struct json *e = tolerations.node->child; e; e = e->next)
        parse_toleration(config, config_element(config, tolerations, e, i++));
    if (tolerations.node->child)
        policy->tolerations = tolerations.node;
}

/* --- node affinity ----------------------------------------------------- */

/* How many values an operator of v1.NodeSelectorRequirement takes. */
static const struct {
    const char *name;
    size_t least, most;
    bool integer;
} operators[] = {
    { "In", 1, SIZE_MAX, false }, { "NotIn", 1, SIZE_MAX, false },
    { "Exists", 0, 0, false },    { "DoesNotExist", 0, 0, false },
    { "Gt", 1, 1, true },         { "Lt", 1, 1, true },
};

static void check_count(struct config *config, struct place values, size_t op,
                        size_t count)
{
    if (count >= operators[op].least && count <= operators[op].most)
        return;
    if (operators[op].integer)
        config_mistake(config, values, "%s needs exactly one value",
                       operators[op].name);
    else if (operators[op].most == 0)
        config_mistake(config, values,
                       "%s takes no values (remove them, or use In)",
                       operators[op].name);
    else
        config_mistake(config, values,
                       "%s needs at least one value (or use Exists)",
                       operators[op].name);
}

static void check_values(struct config *config, struct place values, size_t op)
{
    size_t i = 0;
    long long integer;

    check_count(config, values, op, json_count(values.node));
    for (const struct json *e = values.node ? values.node->child : NULL; e;
         e = e->next) {
        struct place at = config_element(config, values, e, i++);

        if (!config_is_string(config, at))
            continue;
        if (operators[op].integer && !text_parse_integer(e->string, &integer))
            config_mistake(config, at, "%s compares integers, not '%.*s'",
                           operators[op].name,
                           TEXT_ARG(text_clip(e->string, 100)));
        else if (!names_is_label_value(e->string))
            config_mistake(
                config, at,
                "'%.*s' is not a valid label value (at most 63 letters, "
                "digits, '-', '_' and '.')",
                TEXT_ARG(text_clip(e->string, 100)));
    }
}

static void parse_requirement(struct config *config, struct place at)
{
    static const struct config_member members[] = {
        { "key", JSON_STRING, true },
        { "operator", JSON_STRING, true },
        { "values", JSON_ARRAY, false },
    };
    struct place key, op;
    size_t i = 0;

    if (!config_object(config, at, members, array_len(members)))
        return;
    key = config_get(config, at, "key", JSON_STRING);
    op = config_get(config, at, "operator", JSON_STRING);
    if (key.node && !names_is_label_key(key.node->string))
        config_mistake(config, key,
                       "'%.*s' is not a valid label key (letters, digits, '-', "
                       "'_', '.', with an optional DNS prefix and '/')",
                       TEXT_ARG(text_clip(key.node->string, 100)));
    if (!op.node)
        return;
    while (i < array_len(operators) &&
           !text_is(op.node->string, operators[i].name))
        i++;
    if (i < array_len(operators))
        check_values(config, config_get(config, at, "values", JSON_ARRAY), i);
    else
        config_mistake(config, op,
                       "unknown operator '%.*s' (In, NotIn, Exists, "
                       "DoesNotExist, Gt or Lt)",
                       TEXT_ARG(text_clip(op.node->string, 100)));
}

static void parse_term(struct config *config, struct place at)
{
    static const struct config_member members[] = {
        { "matchExpressions", JSON_ARRAY, false },
        { "matchFields", JSON_ARRAY, false },
    };
    struct place expressions, fields;
    size_t i = 0;

    if (!config_object(config, at, members, array_len(members)))
        return;
    expressions = config_get(config, at, "matchExpressions", JSON_ARRAY);
    fields = config_get(config, at, "matchFields", JSON_ARRAY);
    if (fields.node)
        config_mistake(config, fields,
                       "pins pods to one node, which a policy must not do (use "
                       "matchExpressions)");
    else if (json_count(expressions.node) == 0)
        config_mistake(
            config, at,
            "an empty term or preference says nothing (give matchExpressions)");
    for (const struct json *e = expressions.node ? expressions.node->child
                                                 : NULL;
         e; e = e->next)
        parse_requirement(config, config_element(config, expressions, e, i++));
}

static void parse_required(struct config *config, struct place required,
                           struct policy *policy)
{
    static const struct config_member members[] = {
        { "nodeSelectorTerms", JSON_ARRAY, true },
    };
    struct place terms;
    size_t i = 0;

    if (!required.node ||
        !config_object(config, required, members, array_len(members)))
        return;
    terms = config_get(config, required, "nodeSelectorTerms", JSON_ARRAY);
    if (!terms.node)
        return;
    if (!terms.node->child)
        config_mistake(
            config, terms,
            "needs at least one term (or leave the requirement out)");
    for (const struct json *e = terms.node->child; e; e = e->next)
        parse_term(config, config_element(config, terms, e, i++));
    policy->required = terms.node;
}

static void parse_preference(struct config *config, struct place at)
{
    static const struct config_member members[] = {
        { "weight", JSON_NUMBER, true },
        { "preference", JSON_OBJECT, true },
    };
    struct place weight, preference;
    long long value;

    if (!config_object(config, at, members, array_len(members)))
        return;
    weight = config_get(config, at, "weight", JSON_NUMBER);
    preference = config_get(config, at, "preference", JSON_OBJECT);
    if (weight.node && (!text_parse_integer(weight.node->string, &value) ||
                        value < 1 || value > 100))
        config_mistake(config, weight,
                       "%.*s is not a weight (a whole number from 1 to 100)",
                       TEXT_ARG(text_clip(weight.node->string, 40)));
    if (preference.node)
        parse_term(config, preference);
}

static void parse_preferred(struct config *config, struct place preferred,
                            struct policy *policy)
{
    size_t i = 0;

    if (!preferred.node)
        return;
    for (const struct json *e = preferred.node->child; e; e = e->next)
        parse_preference(config, config_element(config, preferred, e, i++));
    if (preferred.node->child)
        policy->preferred = preferred.node;
}

void policy_parse_affinity(struct config *config, struct place affinity,
                           struct policy *policy)
{
    static const struct config_member outer[] = {
        { "nodeAffinity", JSON_OBJECT, true },
    };
    static const struct config_member inner[] = {
        { REQUIRED_AFFINITY, JSON_OBJECT, false },
        { PREFERRED_AFFINITY, JSON_ARRAY, false },
    };
    struct place node;

    if (!config_object(config, affinity, outer, array_len(outer)))
        return;
    node = config_get(config, affinity, "nodeAffinity", JSON_OBJECT);
    if (!node.node || !config_object(config, node, inner, array_len(inner)))
        return;
    parse_required(config,
                   config_get(config, node, REQUIRED_AFFINITY, JSON_OBJECT),
                   policy);
    parse_preferred(config,
                    config_get(config, node, PREFERRED_AFFINITY, JSON_ARRAY),
                    policy);
}
