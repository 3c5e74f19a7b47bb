/*
 * check_typos.c - labels and taints of nodes that are close to those which
 * policies and platforms use, and are not the same; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/names.h"
#include "spillway/platform.h"

enum {
    KNOWN_MAX = 128,   /* words that are compared with */
    SHORTEST_WORD = 5, /* of fewer letters too many are alike */
};

/* Words that are right. */
struct known {
    const char *words[KNOWN_MAX];
    size_t count;
};

/* Those of some policies and all platforms. */
struct check_known {
    struct known keys, values;
};

static void add_string(struct known *known, const char *word)
{
    if (word && known->count < KNOWN_MAX)
        known->words[known->count++] = word;
}

static void add_text(struct check *check, struct known *known, struct text word)
{
    const char *copy = arena_string(&check->arena, word);

    check->failed |= !copy;
    add_string(known, copy);
}

static void add_requirements(struct check *check, const struct term *term,
                             struct known *keys, struct known *values)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        const struct requirement *r = &term->expressions[i];

        add_text(check, keys, r->key);
        for (size_t j = 0; j < r->n_values; j++)
            add_text(check, values, r->values[j]);
    }
}

struct check_known *check_known_words(struct check *check,
                                      const struct policy_set *set)
{
    struct check_known *known = arena_new(&check->arena, struct check_known);

    if (!known) {
        check->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_terms; j++)
            add_requirements(check, &policy->terms[j], &known->keys,
                             &known->values);
        for (size_t j = 0; j < policy->n_tolerations; j++) {
            add_text(check, &known->keys, policy->toleration_list[j].key);
            add_text(check, &known->values, policy->toleration_list[j].value);
        }
    }
    for (size_t i = 0; i < platform_count(); i++) {
        add_string(&known->keys, platform_at(i)->label_key);
        add_string(&known->keys, platform_at(i)->taint_key);
        add_string(&known->values, platform_at(i)->label_value);
        add_string(&known->values, platform_at(i)->taint_value);
    }
    return known;
}

static bool is_known(const struct known *known, struct text word)
{
    for (size_t i = 0; i < known->count; i++) {
        if (text_is(word, known->words[i]))
            return true;
    }
    return false;
}

/* The word that was meant, or NULL. */
static const char *meant(const struct known *known, struct text word)
{
    if (word.len < SHORTEST_WORD || is_known(known, word))
        return NULL;
    return names_suggest(word, known->words, known->count);
}

/* One label or taint of a node. */
struct subject {
    struct check *check;
    const struct check_object *object;
    const struct node *node;
    struct text key, value;
    const char *effect; /* of a taint; NULL for a label */
};

/* KEY=VALUE or KEY=VALUE:EFFECT, as kubectl takes it, in place of the key
 * `wrong` when that is not NULL. */
static void tell(const struct subject *subject, const char *what,
                 struct text found, const char *right, const char *wrong,
                 const char *key, const char *value)
{
    struct check *check = subject->check;
    const char *name = check_shown(check, subject->node->name);
    const char *kind = subject->effect ? "taint" : "label";
    const char *pair = check_said(check, buf_printf, "%s=%s%s%s", key, value,
                                  subject->effect ? ":" : "",
                                  subject->effect ? subject->effect : "");
    struct check_finding *finding =
        check_tell(check, CHECK_NODE_TYPO, subject->object->file,
                   subject->object->root->line,
                   "node %s: the %s '%s' of a %s is close to '%s'", name, what,
                   check_shown(check, found), kind, right);

    check_mend(check, finding,
               "if that was meant: kubectl %s nodes %s %s%s%s --overwrite",
               kind, check_quoted(check, name),
               wrong ? check_quoted(check, wrong) : "", wrong ? " " : "",
               check_quoted(check, pair));
}

static void check_pair(const struct subject *subject,
                       const struct check_known *known)
{
    struct check *check = subject->check;
    const char *right = meant(&known->keys, subject->key);

    if (right)
        tell(subject, "key", subject->key, right,
             check_said(check, buf_printf, "%s-",
                        check_shown(check, subject->key)),
             right, check_shown(check, subject->value));
    else if (is_known(&known->keys, subject->key) &&
             (right = meant(&known->values, subject->value)))
        tell(subject, "value", subject->value, right, NULL,
             check_shown(check, subject->key), right);
}

void check_node_typos(struct check *check, const struct check_object *object,
                      const struct node *node, const struct check_known *known)
{
    struct subject subject = { .check = check, .object = object, .node = node };

    for (const struct json *m = node->labels ? node->labels->child : NULL; m;
         m = m->next) {
        subject.key = m->key;
        subject.value = m->string;
        check_pair(&subject, known);
    }
    for (const struct json *t = node_first_taint(node); t; t = t->next) {
        subject.key = json_string(t, "key");
        subject.value = json_string(t, "value");
        subject.effect = check_shown(check, json_string(t, "effect"));
        check_pair(&subject, known);
    }
}
