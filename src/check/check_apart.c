/*
 * check_apart.c - is a node set apart for gateways as the policies have it: the
 * label that a required term asks for, and the taint that is tolerated?  See
 * check_parts.h.
 *
 * A node of another pool may have the same keys with values of its own; it is
 * told about only when something says that it is meant for gateways.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/words.h"

/* A node and the policies that are to send pods to it. */
struct subject {
    struct check *check;
    const struct check_object *object;
    const struct node *node;
    const struct policy_set *set;
    const char *name; /* fit for printing */
    const char *word; /* the same, fit for a command line */
};

#define tell(subject, rule, ...)                                               \
    check_tell((subject)->check, (rule), (subject)->object->file,              \
               (subject)->object->root->line, __VA_ARGS__)

/* --- terms --------------------------------------------------------------- */

/* The policy's first term that sets nodes apart, and matches the node unless
 * that is NULL. */
static const struct term *find_term(const struct policy *policy,
                                    const struct node *node)
{
    for (size_t i = 0; i < policy->n_terms; i++) {
        const struct term *term = &policy->terms[i];

        if (check_is_for_real_nodes(term) && check_mark(term) &&
            (!node || node_matches(node, term)))
            return term;
    }
    return NULL;
}

/* --- tolerations and taints -------------------------------------------- */

/* The taint of some platform's virtual nodes. */
static bool is_of_platform(const struct toleration *toleration)
{
    for (size_t i = 0; i < platform_count(); i++) {
        if (text_is(toleration->key, platform_at(i)->taint_key))
            return true;
    }
    return false;
}

/* A toleration that stands for nodes set apart: it names a taint. */
static bool is_set_apart_by(const struct toleration *toleration)
{
    return toleration->key.len > 0 && !is_of_platform(toleration) &&
           !text_has_prefix(toleration->key, "node.kubernetes.io/");
}

static struct text effect_of(const struct toleration *toleration)
{
    return toleration->effect.len ? toleration->effect : text_of("NoSchedule");
}

/* "mykey=myvalue:NoSchedule", as kubectl taint takes it. */
static const char *taint_of(struct check *check,
                            const struct toleration *toleration)
{
    struct buf out = { .arena = &check->arena };

    words_outside(&out, toleration->key);
    if (toleration->value.len)
        buf_add_char(&out, '=');
    words_outside(&out, toleration->value);
    buf_add_char(&out, ':');
    words_outside(&out, effect_of(toleration));
    return check_kept(check, &out);
}

/* The policy's first toleration for nodes set apart, whose taint the node has
 * unless that is NULL. */
static const struct toleration *find_toleration(const struct policy *policy,
                                                const struct node *node)
{
    for (size_t i = 0; i < policy->n_tolerations; i++) {
        const struct toleration *t = &policy->toleration_list[i];

        if (is_set_apart_by(t) && (!node || node_taint_for(node, t)))
            return t;
    }
    return NULL;
}

static bool is_tolerated(const struct policy_set *set, const struct json *node)
{
    struct toleration taint = toleration_read(node);

    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (toleration_is_covered(policy->toleration_list,
                                  policy->n_tolerations, &taint))
            return true;
    }
    return false;
}

/* The first policy for whose term the node is labelled, or whose taint it
 * has. */
static const struct policy *labelled_for(const struct subject *subject)
{
    for (size_t i = 0; i < policy_set_count(subject->set); i++) {
        if (find_term(policy_set_at(subject->set, i), subject->node))
            return policy_set_at(subject->set, i);
    }
    return NULL;
}

static const struct policy *tainted_for(const struct subject *subject)
{
    for (size_t i = 0; i < policy_set_count(subject->set); i++) {
        if (find_toleration(policy_set_at(subject->set, i), subject->node))
            return policy_set_at(subject->set, i);
    }
    return NULL;
}

/* --- keys that were mixed up ------------------------------------------- */

/* A value that is either of the two, where they have one. */
static bool is_value_of(struct text value, const struct requirement *mark,
                        const struct toleration *toleration)
{
    for (size_t i = 0; i < mark->n_values; i++) {
        if (text_equal(mark->values[i], value))
            return true;
    }
    if (toleration->value.len)
        return text_equal(toleration->value, value);
    return mark->n_values == 0;
}

static bool check_label(const struct subject *subject, const struct term *term,
                        const struct toleration *toleration)
{
    struct check *check = subject->check;
    const struct json *label =
        json_get_text(subject->node->labels, toleration->key);
    const char *key = check_shown(check, toleration->key);
    const char *labels = check_labels(check, term, subject->node);
    struct check_finding *finding;

    if (!label || !*labels || check_is_of_kubernetes(toleration->key) ||
        !is_value_of(label->string, check_mark(term), toleration))
        return false;
    finding = tell(subject, CHECK_KEYS_MIXED,
                   "node %s has the label %s, which is the key of the taint",
                   subject->name, key);
    check_mend(check, finding, "kubectl label nodes %s %s- %s%s", subject->word,
               check_quoted(check, key), labels,
               check_overwrite(term, subject->node));
    return true;
}

static bool check_taint(const struct subject *subject,
                        const struct requirement *mark,
                        const struct toleration *toleration)
{
    struct check *check = subject->check;
    const char *key = check_shown(check, mark->key);
    struct check_finding *finding;

    for (const struct json *t = node_first_taint(subject->node); t;
         t = t->next) {
        if (!text_equal(json_string(t, "key"), mark->key) ||
            !is_value_of(json_string(t, "value"), mark, toleration))
            continue;
        finding =
            tell(subject, CHECK_KEYS_MIXED,
                 "node %s has the taint %s, which is the key of the label",
                 subject->name, key);
        check_mend(check, finding, "kubectl taint nodes %s %s- %s --overwrite",
                   subject->word, check_quoted(check, key),
                   check_quoted(check, taint_of(check, toleration)));
        return true;
    }
    return false;
}

/* The term's key as a taint, or the taint's key as a label. */
static bool check_mixed(const struct subject *subject,
                        const struct policy *policy)
{
    const struct term *term = find_term(policy, NULL);
    const struct toleration *toleration = find_toleration(policy, NULL);

    if (!term || !toleration ||
        text_equal(check_mark(term)->key, toleration->key))
        return false;
    return (!labelled_for(subject) && check_label(subject, term, toleration)) ||
           (!tainted_for(subject) &&
            check_taint(subject, check_mark(term), toleration));
}

/* --- taints that are another ------------------------------------------- */

/* Is a taint with the toleration's key meant to be the one that is tolerated?
 * The value says so, or the label. */
static bool is_meant(const struct subject *subject, const struct policy *policy,
                     const struct toleration *toleration,
                     const struct json *taint)
{
    struct text value = json_string(taint, "value");

    if (!text_equal(json_string(taint, "key"), toleration->key) ||
        is_tolerated(subject->set, taint))
        return false;
    return find_term(policy, subject->node) ||
           (toleration->value.len && text_equal(toleration->value, value));
}

static void tell_difference(const struct subject *subject,
                            const struct toleration *toleration,
                            const struct json *taint)
{
    struct check *check = subject->check;
    struct text effect = json_string(taint, "effect");
    const char *right = taint_of(check, toleration);
    struct check_finding *finding =
        tell(subject, CHECK_TAINT_DIFFERS,
             "node %s has the taint %s, and the policy tolerates %s",
             subject->name, check_said(check, node_write_taint, taint), right);

    right = check_quoted(check, right);
    if (text_equal(effect, effect_of(toleration)))
        check_mend(check, finding, "kubectl taint nodes %s %s --overwrite",
                   subject->word, right);
    else /* kubectl refuses KEY- beside another taint of that key */
        check_mend(
            check, finding, "kubectl taint nodes %s %s %s --overwrite",
            subject->word, right,
            check_quoted(check, check_said(check, buf_printf, "%s:%s-",
                                           check_shown(check, toleration->key),
                                           check_shown(check, effect))));
}

static bool check_difference(const struct subject *subject,
                             const struct policy *policy)
{
    const struct toleration *toleration = policy->toleration_list;

    for (size_t i = 0; i < policy->n_tolerations; i++, toleration++) {
        if (!is_set_apart_by(toleration))
            continue;
        for (const struct json *t = node_first_taint(subject->node); t;
             t = t->next) {
            if (is_meant(subject, policy, toleration, t)) {
                tell_difference(subject, toleration, t);
                return true;
            }
        }
    }
    return false;
}

/* --- one without the other --------------------------------------------- */

static void check_untainted(const struct subject *subject,
                            const struct policy *policy)
{
    struct check *check = subject->check;
    const struct requirement *mark =
        check_mark(find_term(policy, subject->node));
    const struct toleration *toleration = find_toleration(policy, NULL);
    const struct json *label = json_get_text(subject->node->labels, mark->key);
    struct check_finding *finding;

    if (!toleration || !label)
        return;
    finding =
        tell(subject, CHECK_LABEL_WITHOUT_TAINT,
             "node %s has the label %s, and not the taint %s", subject->name,
             check_label_pair(check, mark->key, label->string),
             taint_of(check, toleration));
    check_mend(check, finding, "kubectl taint nodes %s %s", subject->word,
               check_quoted(check, taint_of(check, toleration)));
}

static void check_unlabelled(const struct subject *subject,
                             const struct policy *policy)
{
    struct check *check = subject->check;
    const struct term *term = find_term(policy, NULL);
    const char *labels = term ? check_labels(check, term, subject->node) : "";
    const struct json *taint =
        node_taint_for(subject->node, find_toleration(policy, subject->node));
    struct check_finding *finding;

    if (!*labels)
        return;
    finding =
        tell(subject, CHECK_TAINT_WITHOUT_LABEL,
             "node %s has the taint %s, and not the label %s", subject->name,
             check_said(check, node_write_taint, taint), labels);
    check_mend(check, finding, "kubectl label nodes %s %s%s", subject->word,
               labels, check_overwrite(term, subject->node));
}

void check_node_apart(struct check *check, const struct check_object *object,
                      const struct node *node, const struct policy_set *set)
{
    const char *name = check_shown(check, node->name);
    const struct subject subject = { check, object, node,
                                     set,   name,   check_quoted(check, name) };
    const struct policy *labelled = labelled_for(&subject);
    const struct policy *tainted = tainted_for(&subject);

    for (size_t i = 0; i < policy_set_count(set); i++) {
        if (check_mixed(&subject, policy_set_at(set, i)) ||
            check_difference(&subject, policy_set_at(set, i)))
            return;
    }
    if (labelled && !tainted)
        check_untainted(&subject, labelled);
    else if (tainted && !labelled)
        check_unlabelled(&subject, tainted);
}
