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

static void gather(struct check *check, const struct policy_set *set,
                   struct known *keys, struct known *values)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        for (size_t j = 0; j < policy->n_terms; j++)
            add_requirements(check, &policy->terms[j], keys, values);
        for (size_t j = 0; j < policy->n_tolerations; j++) {
            add_text(check, keys, policy->toleration_list[j].key);
            add_text(check, values, policy->toleration_list[j].value);
        }
    }
    for (size_t i = 0; i < platform_count(); i++) {
        add_string(keys, platform_at(i)->label_key);
        add_string(keys, platform_at(i)->taint_key);
        add_string(values, platform_at(i)->label_value);
        add_string(values, platform_at(i)->taint_value);
    }
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

/* One label or taint that was found to be nearly right. */
struct typo {
    struct check *check;
    const struct check_object *object;
    const char *node;
    const char *key, *value;
    const char *effect; /* of a taint; NULL for a label */
};

static struct check_finding *tell(const struct typo *typo, const char *what,
                                  const char *found, const char *right)
{
    return check_tell(typo->check, CHECK_NODE_TYPO, typo->object->file,
                      typo->object->root->line,
                      "node %s: the %s '%s' of a %s is close to '%s'",
                      typo->node, what, found, typo->effect ? "taint" : "label",
                      right);
}

/* KEY=VALUE or KEY=VALUE:EFFECT, as kubectl takes it; `before` and `after` are
 * words of the command. */
static void mend(const struct typo *typo, struct check_finding *finding,
                 const char *before, const char *key, const char *value,
                 const char *after)
{
    struct check *check = typo->check;
    const char *pair =
        check_said(check, buf_printf, "%s=%s%s%s", key, value,
                   typo->effect ? ":" : "", typo->effect ? typo->effect : "");

    check_mend(
        check, finding, "if that was meant: kubectl %s nodes %s %s%s%s%s",
        typo->effect ? "taint" : "label", check_quoted(check, typo->node),
        *before ? check_quoted(check, before) : "", *before ? " " : "",
        check_quoted(check, pair), after);
}

static void check_pair(const struct typo *typo, const struct known *keys,
                       const struct known *values, struct text key,
                       struct text value)
{
    const char *right = meant(keys, key);

    if (right) {
        mend(typo, tell(typo, "key", typo->key, right),
             check_said(typo->check, buf_printf, "%s-", typo->key), right,
             typo->value, " --overwrite");
    } else if (is_known(keys, key) && (right = meant(values, value))) {
        mend(typo, tell(typo, "value", typo->value, right), "", typo->key,
             right, " --overwrite");
    }
}

void check_node_typos(struct check *check, const struct check_object *object,
                      const struct node *node, const struct policy_set *set)
{
    struct known keys = { 0 }, values = { 0 };
    struct typo typo = { .check = check,
                         .object = object,
                         .node = check_shown(check, node->name) };

    gather(check, set, &keys, &values);
    for (const struct json *m = node->labels ? node->labels->child : NULL; m;
         m = m->next) {
        typo.key = check_shown(check, m->key);
        typo.value = check_shown(check, m->string);
        check_pair(&typo, &keys, &values, m->key, m->string);
    }
    for (const struct json *t = node->taints ? node->taints->child : NULL; t;
         t = t->next) {
        struct text key = json_string(t, "key");
        struct text value = json_string(t, "value");

        typo.key = check_shown(check, key);
        typo.value = check_shown(check, value);
        typo.effect = check_shown(check, json_string(t, "effect"));
        check_pair(&typo, &keys, &values, key, value);
    }
}
