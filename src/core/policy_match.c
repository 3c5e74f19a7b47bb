/* policy_match.c - the `match` of a policy: namespaces and selectors. */
#include "spillway/policy_parts.h"

#include "spillway/names.h"
#include "spillway/re2.h"

static void parse_namespaces(struct config *config, struct place list,
                             struct policy *policy)
{
    size_t i = 0;

    if (!list.node)
        return;
    policy->namespaces =
        config_array(config, json_count(list.node), sizeof(struct text));
    if (!list.node->child)
        config_mistake(config, list,
                       "names no namespace (give names, or \"*\" for any)");
    for (const struct json *e = list.node->child; e && policy->namespaces;
         e = e->next) {
        struct place at = config_element(config, list, e, i++);

        if (!config_is_string(config, at))
            continue;
        if (!text_is(e->string, "*") && !names_is_dns_label(e->string))
            config_mistake(config, at,
                           "'%.*s' is not a namespace (an exact name of "
                           "lower-case letters, digits and '-', or \"*\")",
                           TEXT_ARG(text_clip(e->string, 100)));
        policy->namespaces[policy->n_namespaces++] = e->string;
    }
}

static void check_key(struct config *config, struct place at, struct text key)
{
    if (!names_is_label_key(key))
        config_mistake(config, at,
                       "'%.*s' is not a valid key (letters, digits, '-', '_', "
                       "'.', with an optional DNS prefix and '/')",
                       TEXT_ARG(text_clip(key, 100)));
}

/* Annotations may hold anything, but a glob or a value with U+0000 would be cut
 * short somewhere on its way to kube-apiserver. */
static void check_text(struct config *config, struct place at)
{
    struct text value = at.node->string;

    if (value.len && memchr(value.data, '\0', value.len))
        config_mistake(config, at, "must not hold U+0000");
}

/* True for a bracket with `[.x.]` or `[=x=]` in it, which fnmatch(3) knows and
 * regular expressions do not. */
static bool has_collation(const char *glob)
{
    bool bracket = false;

    for (const char *at = glob; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        } else if (!bracket && *at == '[') {
            bracket = true;
            at += strspn(at + 1, "!^");
            at += at[1] == ']'; /* first, it stands for itself */
        } else if (bracket && *at == '[' && (at[1] == '.' || at[1] == '=')) {
            return true;
        } else if (bracket && *at == '[' && at[1] == ':' && strstr(at, ":]")) {
            at = strstr(at, ":]") + 1;
        } else if (*at == ']') {
            bracket = false;
        }
    }
    return false;
}

void policy_check_glob(struct config *config, struct place at)
{
    struct buf expression = { .arena = config->arena };
    const char *glob = config_string(config, at.node->string);
    struct error err = { 0 };
    enum re2_subject subject;

    check_text(config, at);
    if (glob && has_collation(glob))
        config_mistake(config, at,
                       "[. .] and [= =] are not supported in globs (list the "
                       "characters)");
    else if (!glob || re2_from_glob(glob, &expression, &subject, &err))
        return;
    if (err.kind == ERROR_SYSTEM)
        config->no_memory = true;
    else if (err.kind != ERROR_NONE)
        config_mistake(config, at, "%s", err.text);
}

static void check_value(struct config *config, struct place at,
                        enum selector_operator op)
{
    struct text value = at.node->string;
    bool glob = op == SELECTOR_GLOB || op == SELECTOR_NOT_GLOB;

    if (glob)
        policy_check_glob(config, at);
    else
        check_text(config, at);
    if (!glob && !names_is_label_value(value))
        config_mistake(
            config, at,
            "'%.*s' is not a valid label value, so no pod has it (at "
            "most 63 letters, digits, '-', '_' and '.')",
            TEXT_ARG(text_clip(value, 100)));
}

/* The next free requirement of a selector, which has room for all. */
static struct selector_requirement *add_requirement(struct selector *selector,
                                                    struct text key,
                                                    enum selector_operator op)
{
    struct selector_requirement *requirement =
        &selector->requirements[selector->n_requirements++];

    *requirement = (struct selector_requirement){ .key = key, .op = op };
    return requirement;
}

static void add_value(struct config *config,
                      struct selector_requirement *requirement,
                      struct text value)
{
    const char *copy = config_string(config, value);

    if (copy)
        requirement->values[requirement->n_values++] =
            (struct text){ copy, value.len };
}

/* matchLabels and matchAnnotations: each member is `key In [value]`. */
static void parse_map(struct config *config, struct place map,
                      struct selector *selector, bool annotation)
{
    for (const struct json *m = map.node ? map.node->child : NULL; m;
         m = m->next) {
        struct place at = config_entry(config, map, m);
        struct selector_requirement *requirement =
            add_requirement(selector, m->key, SELECTOR_IN);

        requirement->annotation = annotation;
        requirement->values = config_array(config, 1, sizeof(struct text));
        config_check_unique(config, map, at);
        check_key(config, at, m->key);
        if (!config_is_string(config, at) || !requirement->values)
            continue;
        if (annotation)
            check_text(config, at);
        else
            check_value(config, at, SELECTOR_IN);
        add_value(config, requirement, m->string);
    }
}

static bool find_operator(struct config *config, struct place at,
                          enum selector_operator *op)
{
    if (selector_operator_find(at.node->string, op))
        return true;
    config_mistake(config, at,
                   "unknown operator '%.*s' (In, NotIn, Exists, DoesNotExist, "
                   "Glob or NotGlob)",
                   TEXT_ARG(text_clip(at.node->string, 100)));
    return false;
}

static void parse_values(struct config *config, struct place values,
                         struct selector_requirement *requirement)
{
    bool needed = requirement->op != SELECTOR_EXISTS &&
                  requirement->op != SELECTOR_DOES_NOT_EXIST;
    size_t count = json_count(values.node), i = 0;

    if (needed && count == 0)
        config_mistake(config, values,
                       "%s needs at least one value (or use Exists)",
                       selector_operator_name(requirement->op));
    if (!needed && count > 0)
        config_mistake(config, values,
                       "%s takes no values (remove them, or use In)",
                       selector_operator_name(requirement->op));
    requirement->values = config_array(config, count, sizeof(struct text));
    for (const struct json *e = values.node ? values.node->child : NULL;
         e && requirement->values; e = e->next) {
        struct place at = config_element(config, values, e, i++);

        if (!config_is_string(config, at))
            continue;
        check_value(config, at, requirement->op);
        add_value(config, requirement, e->string);
    }
}

static void parse_expression(struct config *config, struct place at,
                             struct selector *selector)
{
    static const struct config_member members[] = {
        { "key", JSON_STRING, true },
        { "operator", JSON_STRING, true },
        { "values", JSON_ARRAY, false },
    };
    enum selector_operator op;
    struct place key, name;

    if (!config_object(config, at, members, array_len(members)))
        return;
    key = config_get(config, at, "key", JSON_STRING);
    name = config_get(config, at, "operator", JSON_STRING);
    if (key.node)
        check_key(config, key, key.node->string);
    if (name.node && find_operator(config, name, &op))
        parse_values(config, config_get(config, at, "values", JSON_ARRAY),
                     add_requirement(
                         selector,
                         key.node ? key.node->string : (struct text){ 0 }, op));
}

static void parse_selector(struct config *config, struct place at,
                           struct selector *selector)
{
    static const struct config_member members[] = {
        { "matchLabels", JSON_OBJECT, false },
        { "matchAnnotations", JSON_OBJECT, false },
        { "matchExpressions", JSON_ARRAY, false },
        { "hasContainer", JSON_STRING, false },
    };
    struct place labels, annotations, expressions, container;
    size_t i = 0;

    selector->line = at.line;
    if (!config_object(config, at, members, array_len(members)))
        return;
    labels = config_get(config, at, "matchLabels", JSON_OBJECT);
    annotations = config_get(config, at, "matchAnnotations", JSON_OBJECT);
    expressions = config_get(config, at, "matchExpressions", JSON_ARRAY);
    container = config_get(config, at, "hasContainer", JSON_STRING);
    selector->requirements =
        config_array(config,
                     json_count(labels.node) + json_count(annotations.node) +
                         json_count(expressions.node),
                     sizeof(struct selector_requirement));
    if (!selector->requirements)
        return;
    if (!json_count(labels.node) && !json_count(annotations.node) &&
        !json_count(expressions.node) && !container.node)
        config_mistake(config, at,
                       "an empty selector would match every pod (say what "
                       "marks a gateway)");
    parse_map(config, labels, selector, false);
    parse_map(config, annotations, selector, true);
    for (const struct json *e = expressions.node ? expressions.node->child
                                                 : NULL;
         e; e = e->next)
        parse_expression(config, config_element(config, expressions, e, i++),
                         selector);
    if (!container.node)
        return;
    selector->has_container = container.node->string;
    if (!names_is_dns_label(container.node->string))
        config_mistake(config, container,
                       "'%.*s' is not a container name (lower-case letters, "
                       "digits and '-')",
                       TEXT_ARG(text_clip(container.node->string, 100)));
}

void policy_parse_match(struct config *config, struct place match,
                        struct policy *policy)
{
    static const struct config_member members[] = {
        { "namespaces", JSON_ARRAY, true },
        { "selectors", JSON_ARRAY, true },
    };
    struct place selectors;
    size_t i = 0;

    if (!config_object(config, match, members, array_len(members)))
        return;
    parse_namespaces(
        config, config_get(config, match, "namespaces", JSON_ARRAY), policy);
    selectors = config_get(config, match, "selectors", JSON_ARRAY);
    if (!selectors.node)
        return;
    if (!selectors.node->child)
        config_mistake(config, selectors,
                       "is empty, so no pod would match (give at least one "
                       "selector)");
    policy->selectors = config_array(config, json_count(selectors.node),
                                     sizeof(struct selector));
    for (const struct json *e = selectors.node->child; e && policy->selectors;
         e = e->next)
        parse_selector(config, config_element(config, selectors, e, i++),
                       &policy->selectors[policy->n_selectors++]);
}
