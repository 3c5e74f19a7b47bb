/* check_nodes.c - the rules about nodes; see check.h. */
#include "spillway/check.h"

#include "spillway/buf.h"
#include "spillway/names.h"
#include "spillway/platform.h"
#include "spillway/words.h"

/* A node and the policies that are to send pods to it. */
struct subject {
    struct check *check;
    const struct check_object *object;
    const struct node *node;
    const struct policy_set *set;
    const char *name; /* fit for a command line */
};

#define tell(subject, rule, ...)                                               \
    check_tell((subject)->check, (rule), (subject)->object->file,              \
               (subject)->object->root->line, __VA_ARGS__)

/* --- what a policy sets nodes apart by --------------------------------- */

/* A required term that is not for virtual nodes. */
static bool is_for_real_nodes(const struct term *term)
{
    return !platform_is_asked_for(term) && term->n_expressions > 0;
}

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

/* "mykey4pod=asmgateway", as kubectl label takes it: the first requirement that
 * a label can meet; false when there is none. */
static bool write_label(struct buf *out, const struct term *term)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        const struct requirement *r = &term->expressions[i];

        if (!text_is(r->op, "In") && !text_is(r->op, "Exists"))
            continue;
        words_outside(out, r->key);
        buf_add_char(out, '=');
        if (r->n_values)
            words_outside(out, r->values[0]);
        return true;
    }
    return false;
}

static const char *label_of(struct check *check, const struct term *term)
{
    struct buf out = { .arena = &check->arena };

    if (!write_label(&out, term))
        buf_add_string(&out, "KEY=VALUE");
    check->failed |= out.failed;
    return out.data ? out.data : "";
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
    if (toleration->effect.len)
        words_outside(&out, toleration->effect);
    else
        buf_add_string(&out, "NoSchedule");
    check->failed |= out.failed;
    return out.data ? out.data : "";
}

/* The first term for real nodes that matches the node, or that any policy has
 * when `node` is NULL; NULL when there is none. */
static const struct term *find_term(const struct policy_set *set,
                                    const struct node *node)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_terms; j++) {
            if (is_for_real_nodes(&policy->terms[j]) &&
                (!node || node_matches(node, &policy->terms[j])))
                return &policy->terms[j];
        }
    }
    return NULL;
}

/* The first toleration for nodes set apart whose taint the node has, or that
 * any policy has when `node` is NULL; NULL when there is none. */
static const struct toleration *find_toleration(const struct policy_set *set,
                                                const struct node *node)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_tolerations; j++) {
            const struct toleration *t = &policy->toleration_list[j];

            if (is_set_apart_by(t) && (!node || node_has_taint_for(node, t)))
                return t;
        }
    }
    return NULL;
}

/* --- one real node ----------------------------------------------------- */

static const struct json *taint_with_key(const struct node *node,
                                         struct text key)
{
    for (const struct json *t = node->taints ? node->taints->child : NULL; t;
         t = t->next) {
        if (text_equal(json_string(t, "key"), key))
            return t;
    }
    return NULL;
}

/* The term's key as a taint, or the taint's key as a label. */
static bool check_mixed(const struct subject *subject, const struct term *term,
                        const struct toleration *toleration)
{
    struct check *check = subject->check;
    struct text label_key = term->expressions[0].key;
    struct check_finding *finding;

    if (text_equal(label_key, toleration->key))
        return false;
    if (!find_term(subject->set, subject->node) &&
        json_get_text(subject->node->labels, toleration->key)) {
        finding =
            tell(subject, CHECK_KEYS_MIXED,
                 "node %s has the label %s, which is the key of the taint",
                 subject->name, check_shown(check, toleration->key));
        check_mend(check, finding, "kubectl label nodes %s %s- %s",
                   subject->name, check_shown(check, toleration->key),
                   label_of(check, term));
        return true;
    }
    if (find_toleration(subject->set, subject->node) ||
        !taint_with_key(subject->node, label_key))
        return false;
    finding = tell(subject, CHECK_KEYS_MIXED,
                   "node %s has the taint %s, which is the key of the label",
                   subject->name, check_shown(check, label_key));
    check_mend(check, finding, "kubectl taint nodes %s %s- %s", subject->name,
               check_shown(check, label_key), taint_of(check, toleration));
    return true;
}

static bool check_taint_differs(const struct subject *subject,
                                const struct toleration *toleration)
{
    struct check *check = subject->check;
    const struct json *taint = taint_with_key(subject->node, toleration->key);
    struct check_finding *finding;

    if (!taint || node_has_taint_for(subject->node, toleration))
        return false;
    finding = tell(subject, CHECK_TAINT_DIFFERS,
                   "node %s has the taint %s, and the policy tolerates %s",
                   subject->name, check_said(check, node_write_taint, taint),
                   taint_of(check, toleration));
    check_mend(check, finding, "kubectl taint nodes %s %s %s", subject->name,
               taint_of(check, toleration),
               text_equal(json_string(taint, "effect"), toleration->effect)
                   ? "--overwrite"
                   : check_said(check, buf_printf, "%s-",
                                check_shown(check, toleration->key)));
    return true;
}

static void check_real(const struct subject *subject)
{
    struct check *check = subject->check;
    const struct term *term = find_term(subject->set, NULL);
    const struct toleration *toleration = find_toleration(subject->set, NULL);
    const struct term *matching = find_term(subject->set, subject->node);
    struct check_finding *finding;

    if (!term || !toleration || check_mixed(subject, term, toleration) ||
        check_taint_differs(subject, toleration))
        return;
    if (matching && !find_toleration(subject->set, subject->node)) {
        finding = tell(subject, CHECK_LABEL_WITHOUT_TAINT,
                       "node %s has the label %s, and not the taint %s",
                       subject->name, label_of(check, matching),
                       taint_of(check, toleration));
        check_mend(check, finding, "kubectl taint nodes %s %s", subject->name,
                   taint_of(check, toleration));
    } else if (!matching && find_toleration(subject->set, subject->node)) {
        finding = tell(subject, CHECK_TAINT_WITHOUT_LABEL,
                       "node %s has the taint %s, and not the label %s",
                       subject->name, taint_of(check, toleration),
                       label_of(check, term));
        check_mend(check, finding, "kubectl label nodes %s %s", subject->name,
                   label_of(check, term));
    }
}

/* --- one virtual node -------------------------------------------------- */

/* Platforms share a label: any of their taints is right. */
static void check_virtual(const struct subject *subject)
{
    const struct platform *platform = subject->node->platform;
    struct check_finding *finding;

    for (size_t i = 0; i < platform_count(); i++) {
        if (taint_with_key(subject->node, text_of(platform_at(i)->taint_key)))
            return;
    }
    finding = tell(subject, CHECK_VIRTUAL_UNTAINTED,
                   "virtual node %s (%s=%s) has no taint of its platform",
                   subject->name, platform->label_key, platform->label_value);
    check_mend(subject->check, finding, "kubectl taint nodes %s %s%s%s:%s",
               subject->name, platform->taint_key,
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
    const char *name = check_shown(check, policy->name);
    struct check_finding *finding;

    if (count == 0 && is_for_real_nodes(term)) {
        finding = check_tell(check, CHECK_NO_LABELLED_NODE, file, 0,
                             "no node has what policy %s asks for: %s", name,
                             check_said(check, words_term, term->node));
        check_mend(check, finding, "kubectl label nodes NODE %s",
                   label_of(check, term));
    } else if (count == 0) {
        (void)check_tell(check, CHECK_NO_VIRTUAL_NODE, file, 0,
                         "policy %s spills over to %s, and there is no such "
                         "node",
                         name, check_said(check, words_term, term->node));
    } else if (cordoned == count && is_for_real_nodes(term)) {
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
    const char *last_file = NULL, *label;

    for (size_t i = 0; i < check->n_nodes; i++) {
        const struct check_object *object = check->node_objects[i];
        const struct subject subject = {
            check,
            object,
            &check->nodes[i],
            check_policy_for(check, object->file, &label),
            check_shown(check, check->nodes[i].name),
        };

        if (!subject.set)
            return;
        if (subject.node->platform)
            check_virtual(&subject);
        else
            check_real(&subject);
        check_node_typos(check, object, &check->nodes[i], subject.set);
        /* The nodes of all files are one cluster. */
        if (!last_file)
            check_terms(check, subject.set, object->file);
        last_file = object->file;
    }
}
