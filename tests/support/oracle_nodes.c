/* oracle_nodes.c - which nodes a pod may run on; see oracle.h. */
#include "oracle.h"

static bool compares(const struct json *r, const char *label)
{
    const struct json *bound = json_first(r, "values");
    long long left, right;

    if (!label || json_count(json_get(r, "values")) != 1 ||
        !text_parse_integer(text_of(label), &left) ||
        !text_parse_integer(bound->string, &right))
        return false;
    return text_is(json_string(r, "operator"), "Gt") ? left > right
                                                     : left < right;
}

static bool is_among(const struct json *r, const char *label)
{
    for (const struct json *v = json_first(r, "values"); v; v = v->next) {
        if (text_is(v->string, label))
            return true;
    }
    return false;
}

/* What the API server or the scheduler could not parse matches nothing. */
static bool meets(const struct json *r, const char *label)
{
    struct text op = json_string(r, "operator");
    bool values = json_first(r, "values") != NULL;

    if (text_is(op, "In"))
        return label && is_among(r, label);
    if (text_is(op, "NotIn"))
        return values && (!label || !is_among(r, label));
    if (text_is(op, "Exists"))
        return label && !values;
    if (text_is(op, "DoesNotExist"))
        return !label && !values;
    if (text_is(op, "Gt") || text_is(op, "Lt"))
        return compares(r, label);
    return false;
}

static const char *label_of(const struct node *node, struct text key)
{
    for (size_t i = 0; i < GENERATE_KEYS; i++) {
        if (text_is(key, node->labels[i].key))
            return node->labels[i].value;
    }
    return NULL;
}

static bool matches_term(const struct json *term, const struct node *node)
{
    for (const struct json *r = json_first(term, "matchExpressions"); r;
         r = r->next) {
        if (!meets(r, label_of(node, json_string(r, "key"))))
            return false;
    }
    for (const struct json *r = json_first(term, "matchFields"); r;
         r = r->next) {
        if (!meets(r, node->name))
            return false;
    }
    return json_first(term, "matchExpressions") ||
           json_first(term, "matchFields");
}

bool oracle_matches(const struct json *terms, const struct node *node)
{
    for (const struct json *t = terms ? terms->child : NULL; t; t = t->next) {
        if (matches_term(t, node))
            return true;
    }
    return false;
}
