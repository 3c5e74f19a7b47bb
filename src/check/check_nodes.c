/* check_nodes.c - the rules about nodes; see check_parts.h. */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/words.h"

/* --- one virtual node -------------------------------------------------- */

static const struct json *taint_with_key(const struct node *node,
                                         const char *key)
{
    for (const struct json *t = node_first_taint(node); t; t = t->next) {
        if (text_is(json_string(t, "key"), key))
            return t;
    }
    return NULL;
}

/* Does some policy name the taint of that platform? */
static bool tolerates(const struct policy_set *set,
                      const struct platform *platform)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_tolerations; j++) {
            const struct toleration *t = &policy->toleration_list[j];

            if (text_is(t->key, platform->taint_key) &&
                (!t->value.len || !platform->taint_value ||
                 text_is(t->value, platform->taint_value)))
                return true;
        }
    }
    return false;
}

/* Platforms share a label: of those that have the node's, the one that the
 * policies are for. */
static const struct platform *platform_of(const struct node *node,
                                          const struct policy_set *set)
{
    for (size_t i = 0; i < platform_count(); i++) {
        const struct platform *platform = platform_at(i);
        struct text value =
            json_string_text(node->labels, text_of(platform->label_key));

        if (text_is(value, platform->label_value) && tolerates(set, platform))
            return platform;
    }
    return node->platform;
}

/* Any platform's taint is right. */
static void check_virtual(struct check *check,
                          const struct check_object *object,
                          const struct node *node, const struct policy_set *set)
{
    const struct platform *platform = platform_of(node, set);
    struct check_finding *finding;
    const char *name;

    for (size_t i = 0; i < platform_count(); i++) {
        if (taint_with_key(node, platform_at(i)->taint_key))
            return;
    }
    name = check_shown(check, node->name);
    finding = check_tell(check, CHECK_VIRTUAL_UNTAINTED, object->file,
                         object->root->line,
                         "virtual node %s (%s=%s) has no taint of its platform",
                         name, platform->label_key, platform->label_value);
    check_mend(check, finding, "kubectl taint nodes %s %s%s%s:%s",
               check_quoted(check, name), platform->taint_key,
               platform->taint_value ? "=" : "",
               platform->taint_value ? platform->taint_value : "",
               platform->taint_effect);
}

/* --- all of them together ---------------------------------------------- */

/* How many nodes match the term, and how many of them are cordoned. */
static size_t count_matching(const struct check *check, const struct term *term,
                             size_t *cordoned)
{
    size_t count = 0;

    *cordoned = 0;
    for (size_t i = 0; i < check->n_nodes; i++) {
        if (!node_matches(&check->nodes[i], term))
            continue;
        count++;
        *cordoned += check->nodes[i].unschedulable;
    }
    return count;
}

static void check_term(struct check *check, const struct policy *policy,
                       const struct term *term, const char *file)
{
    size_t cordoned, count = count_matching(check, term, &cordoned);
    const char *name = check_shown(check, policy->name), *labels;
    struct check_finding *finding;

    if (count == 0 && check_is_for_real_nodes(term)) {
        finding = check_tell(check, CHECK_NO_LABELLED_NODE, file, 0,
                             "no node has what policy %s asks for: %s", name,
                             check_said(check, words_term, term->node));
        labels = check_labels(check, term, NULL);
        check_mend(check, finding, "kubectl label nodes NODE %s",
                   *labels ? labels : "KEY=VALUE");
    } else if (count == 0) {
        (void)check_tell(check, CHECK_NO_VIRTUAL_NODE, file, 0,
                         "policy %s spills over to %s, and there is no such "
                         "node",
                         name, check_said(check, words_term, term->node));
    } else if (cordoned == count && check_is_for_real_nodes(term)) {
        (void)check_tell(check, CHECK_NODES_CORDONED, file, 0,
                         "all %zu nodes with %s are cordoned", count,
                         check_said(check, words_term, term->node));
    }
}

static void check_terms(struct check *check, const struct policy_set *set,
                        const char *file)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_terms; j++)
            check_term(check, policy, &policy->terms[j], file);
    }
}

void check_nodes(struct check *check)
{
    const struct policy_set *last = NULL;
    const struct check_known *known = NULL;
    const char *label;

    for (size_t i = 0; i < check->n_nodes; i++) {
        const struct check_object *object = check->node_objects[i];
        const struct node *node = &check->nodes[i];
        const struct policy_set *set =
            check_policy_for(check, object->file, &label);

        if (set && set != last)
            known = check_known_words(check, set);
        if (!set || !known)
            return;
        /* The nodes of all files are one cluster. */
        if (!last)
            check_terms(check, set, object->file);
        last = set;
        if (node->platform)
            check_virtual(check, object, node, set);
        else
            check_node_apart(check, object, node, set);
        check_node_typos(check, object, node, known);
    }
}
