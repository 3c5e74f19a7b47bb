/* cel_state.c - see cel_state.h for the contract. */
#include "spillway/cel_state.h"

#include "spillway/arena.h"
#include "spillway/cel.h"
#include "spillway/policy.h"
#include "spillway/shape.h"
#include "spillway/term.h"

#define NODE_AFFINITY "object.spec.?affinity.?nodeAffinity"

const struct cel_variable cel_state_variables[CEL_STATE_VARIABLES] = {
    { "tolerations", "// Kubernetes' defaults filled in\n"
                     "object.spec.?tolerations.orValue([]).map(t, {\n"
                     "  \"key\": t.?key.orValue(\"\"),\n"
                     "  \"operator\": t.?operator.orValue(\"Equal\"),\n"
                     "  \"value\": t.?value.orValue(\"\"),\n"
                     "  \"effect\": t.?effect.orValue(\"\")})" },
    { "required",
      NODE_AFFINITY ".?" REQUIRED_AFFINITY ".?nodeSelectorTerms.orValue([])" },
    { "terms", "// Of each required term its expressions; an empty term "
               "matches no node\n"
               "variables.required.filter(q, has(q.matchExpressions) || "
               "has(q.matchFields))\n"
               "  .map(q, q.?matchExpressions.orValue([]))" },
    { "preferences",
      "// Of each preference its expressions, whatever its "
      "weight\n" NODE_AFFINITY ".?" PREFERRED_AFFINITY ".orValue([])\n"
      "  .filter(w, !has(w.preference.matchFields))\n"
      "  .map(w, w.preference.?matchExpressions.orValue([]))" },
};

bool cel_state_is_checked(const struct policy *policy)
{
    return !policy->shadow && policy->percent == 100;
}

/* --- the first policy -------------------------------------------------- */

static const char *why_unchecked(const struct policy *policy)
{
    if (cel_state_is_checked(policy))
        return "";
    return policy->shadow ? ", not checked: shadow mode"
                          : ", not checked: below 100 percent";
}

bool cel_state_add_first(struct buf *out, const struct policy_set *set,
                         struct error *err)
{
    const size_t start = out->len, count = policy_set_count(set);

    if (count > CEL_STATE_MAX_POLICIES)
        return error_set(err, ERROR_TOO_BIG,
                         "%zu policies are too many for one companion: at "
                         "most %d",
                         count, CEL_STATE_MAX_POLICIES);
    for (size_t i = 0; i < count; i++) {
        const struct policy *policy = policy_set_at(set, i);

        buf_printf(out, "// %.*s%s\n", TEXT_ARG(policy->name),
                   why_unchecked(policy));
        if (!cel_add_policy(out, policy, err))
            return false;
        buf_add_string(out, " ? ");
        cel_add_string(out, policy->name);
        buf_add_string(out, " :\n");
    }
    buf_add_string(out, "\"\"");
    return buf_ok(out, err) &&
           cel_check_length(
               "the selectors make",
               (struct text){ out->data + start, out->len - start }, err);
}

/* --- tolerations ------------------------------------------------------- */

/* `t.key in ["", "key"]`: empty is any, for what may say so. */
static void add_any_or(struct buf *out, const char *member, struct text value)
{
    const struct text either[] = { TEXT(""), value };

    buf_printf(out, "t.%s in ", member);
    cel_add_list(out, either, value.len > 0 ? 2 : 1);
}

/* See toleration_covers(): a toleration of the pod covers what is wanted. */
static void add_toleration(struct buf *out, const struct toleration *wanted)
{
    buf_add_string(out, "variables.tolerations.exists(t, ");
    add_any_or(out, "effect", wanted->effect);
    buf_add_string(out, " && (\n    t.operator == \"Exists\" && ");
    add_any_or(out, "key", wanted->key);
    if (!text_is(wanted->op, "Exists")) {
        buf_add_string(out, " ||\n    t.operator == \"Equal\" && t.key == ");
        cel_add_string(out, wanted->key);
        buf_add_string(out, " && t.value == ");
        cel_add_string(out, wanted->value);
    }
    buf_add_string(out, "))");
}

static void add_tolerations(struct buf *out, const struct json *tolerations)
{
    for (const struct json *e = tolerations->child; e; e = e->next) {
        struct toleration wanted = toleration_read(e);

        buf_add_string(out, e == tolerations->child ? "\n  " : " &&\n  ");
        add_toleration(out, &wanted);
    }
}

/* --- terms ------------------------------------------------------------- */

/* `e` is that requirement; with `implied`, or an In that allows less. */
static void add_requirement(struct buf *out, const struct requirement *wanted,
                            bool implied)
{
    bool subset = implied && text_is(wanted->op, "In");

    buf_add_string(out, "e.key == ");
    cel_add_string(out, wanted->key);
    buf_add_string(out, " && e.operator == ");
    cel_add_string(out, wanted->op);
    if (wanted->n_values == 0)
        return;
    buf_add_string(out, subset ? " && sets.contains(" : " && sets.equivalent(");
    cel_add_list(out, wanted->values, wanted->n_values);
    buf_add_string(out, ", e.values)");
}

/* `LIST.exists(e, ...)` for each requirement of a term, ANDed. */
static void add_held(struct buf *out, const char *list, const struct term *term,
                     bool implied)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        buf_printf(out, "%s%s.exists(e, ", i > 0 ? " &&\n    " : "", list);
        add_requirement(out, &term->expressions[i], implied);
        buf_add_char(out, ')');
    }
}

/* See term_implies(): every term of the pod implies one of the policy's. */
static void add_required(struct buf *out, const struct policy *policy)
{
    buf_add_string(out, "variables.terms.all(q,\n    ");
    for (size_t i = 0; i < policy->n_terms; i++) {
        buf_add_string(out, i > 0 ? " ||\n    " : "");
        add_held(out, "q", &policy->terms[i], true);
    }
    buf_add_char(out, ')');
}

/* See term_equal(): some preference of the pod holds each requirement of the
 * wanted one, and nothing else. */
static void add_preference(struct buf *out, const struct term *wanted)
{
    buf_add_string(out, "variables.preferences.exists(w,\n    ");
    if (wanted->n_expressions == 1)
        buf_add_string(out, "w != []");
    else
        add_held(out, "w", wanted, false);
    buf_add_string(out, " &&\n    w.all(e, ");
    for (size_t i = 0; i < wanted->n_expressions; i++) {
        buf_add_string(out, i > 0 ? " ||\n      " : "");
        add_requirement(out, &wanted->expressions[i], false);
    }
    buf_add_string(out, "))");
}

static bool add_preferred(struct buf *out, const struct json *preferred)
{
    auto_arena struct arena arena = { 0 };

    for (const struct json *e = preferred->child; e; e = e->next) {
        struct term wanted;

        if (!term_compile(json_get(e, "preference"), &arena, &wanted))
            return false;
        buf_add_string(out, e == preferred->child ? "\n  " : " &&\n  ");
        add_preference(out, &wanted);
    }
    return true;
}

/* --- the whole --------------------------------------------------------- */

/* What is judged of a pod unless its affinity is left alone: merge_required()
 * says why empty terms are no matter. */
static bool add_placement(struct buf *out, const struct policy *policy)
{
    const char *separator = "";

    if (policy->required) {
        buf_add_string(out, "\n  // A pod whose required terms are all empty "
                            "keeps its affinity; any other:\n"
                            "  (variables.terms == [] ? variables.required != "
                            "[] :\n  ");
        add_required(out, policy);
        separator = " &&";
    }
    if (policy->preferred) {
        buf_add_string(out, separator);
        if (!add_preferred(out, policy->preferred))
            return false;
        separator = " &&";
    }
    if (policy->fill_first)
        buf_printf(out,
                   "%s\n  // fillFirst: its own constraints, or Spillway's\n"
                   "  object.spec.?topologySpreadConstraints.orValue([]) != []",
                   separator);
    buf_add_string(out, policy->required ? ")" : "");
    return true;
}

bool cel_state_add_policy(struct buf *out, const struct policy *policy,
                          struct error *err)
{
    const size_t start = out->len;
    bool placement =
        policy->required || policy->preferred || policy->fill_first;

    buf_printf(out, "// %.*s\nvariables.policy != ", TEXT_ARG(policy->name));
    cel_add_string(out, policy->name);
    buf_add_string(out, " || (");
    if (policy->tolerations)
        add_tolerations(out, policy->tolerations);
    buf_add_string(out, policy->tolerations && placement ? " &&" : "");
    if (placement && !add_placement(out, policy))
        return error_no_memory(err);
    buf_add_string(out, "\n)");
    return buf_ok(out, err) &&
           cel_check_length(
               "tolerations and affinity make",
               (struct text){ out->data + start, out->len - start }, err);
}
