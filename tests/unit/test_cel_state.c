/*
 * test_cel_state.c - the rules in cel_state.h, one table row per rule: what a
 * policy asks for and the condition that says the same.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pods.h"
#include "spillway/buf.h"
#include "spillway/cel.h"
#include "spillway/cel_state.h"
#include "spillway/error.h"
#include "spillway/macros.h"

/* --- the condition of one policy --------------------------------------- */

struct row {
    const char *name; /* what the row proves; cmocka prints it */
    const char *asks; /* tolerations, affinity, ..., below PODS_POLICY_HEAD */
    const char *condition; /* what stands within the parentheses */
};

#define REQUIRED(terms)                                                        \
    "  affinity: {nodeAffinity: {"                                             \
    "requiredDuringSchedulingIgnoredDuringExecution: "                         \
    "{nodeSelectorTerms: [" terms "]}}}\n"
#define PREFERRED(requirements)                                                \
    "  affinity: {nodeAffinity: {"                                             \
    "preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, "           \
    "preference: {matchExpressions: [" requirements "]}}]}}\n"

#define TOLERATES(effects)                                                     \
    "\n  variables.tolerations.exists(t, t.effect in " effects " && (\n    "
#define TERMS                                                                  \
    "\n  // A pod whose required terms are all empty keeps its affinity; any " \
    "other:\n  (variables.terms == [] ? variables.required != [] :\n  "        \
    "variables.terms.all(q,\n    "
#define SPREAD                                                                 \
    "\n  // fillFirst: its own constraints, or Spillway's\n"                   \
    "  object.spec.?topologySpreadConstraints.orValue([]) != []"
#define PREFERS "variables.preferences.exists(w,\n    "

/* clang-format off */
static struct row rows[] = {
    { "equal tolerations and wider ones cover",
      "  tolerations: [{key: k, operator: Equal, value: v, effect: NoSchedule}]\n",
      TOLERATES("[\"\", \"NoSchedule\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"] ||\n"
      "    t.operator == \"Equal\" && t.key == \"k\" && t.value == \"v\"))" },
    { "no operator is Equal",
      "  tolerations: [{key: k, effect: NoExecute}]\n",
      TOLERATES("[\"\", \"NoExecute\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"] ||\n"
      "    t.operator == \"Equal\" && t.key == \"k\" && t.value == \"\"))" },
    { "Exists is covered by Exists only",
      "  tolerations: [{key: k, operator: Exists, effect: NoSchedule}]\n",
      TOLERATES("[\"\", \"NoSchedule\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"]))" },
    { "every effect is covered by every effect only",
      "  tolerations: [{key: k, operator: Exists}]\n",
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"]))" },
    { "every key is covered by every key only",
      "  tolerations: [{operator: Exists, effect: NoSchedule}]\n",
      TOLERATES("[\"\", \"NoSchedule\"]") "t.operator == \"Exists\" && t.key in [\"\"]))" },
    { "tolerations are ANDed",
      "  tolerations: [{key: k, operator: Exists}, {key: l, operator: Exists}]\n",
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"])) &&"
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"l\"]))" },
    { "In is implied by fewer values",
      REQUIRED("{matchExpressions: [{key: k, operator: In, values: [b, a]}]}"),
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"In\" && sets.contains([\"a\", \"b\"], e.values))))" },
    { "NotIn is implied by the same values",
      REQUIRED("{matchExpressions: [{key: k, operator: NotIn, values: [a]}]}"),
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"NotIn\" && sets.equivalent([\"a\"], e.values))))" },
    { "Gt is implied by the same number",
      REQUIRED("{matchExpressions: [{key: k, operator: Gt, values: [\"1\"]}]}"),
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"Gt\" && sets.equivalent([\"1\"], e.values))))" },
    { "Exists has no values",
      REQUIRED("{matchExpressions: [{key: k, operator: Exists}]}"),
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"Exists\")))" },
    { "terms are ORed, what they ask for is ANDed",
      REQUIRED("{matchExpressions: [{key: k, operator: Exists}, {key: l, operator: Exists}]}, "
               "{matchExpressions: [{key: m, operator: Exists}]}"),
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"Exists\") &&\n"
      "    q.exists(e, e.key == \"l\" && e.operator == \"Exists\") ||\n"
      "    q.exists(e, e.key == \"m\" && e.operator == \"Exists\")))" },
    { "a preference holds one requirement and no other",
      PREFERRED("{key: k, operator: In, values: [b, a, b]}"),
      "\n  " PREFERS "w != [] &&\n"
      "    w.all(e, e.key == \"k\" && e.operator == \"In\" && sets.equivalent([\"a\", \"b\"], e.values)))" },
    { "a preference holds all requirements and no others",
      PREFERRED("{key: k, operator: Exists}, {key: l, operator: Exists}"),
      "\n  " PREFERS "w.exists(e, e.key == \"k\" && e.operator == \"Exists\") &&\n"
      "    w.exists(e, e.key == \"l\" && e.operator == \"Exists\") &&\n"
      "    w.all(e, e.key == \"k\" && e.operator == \"Exists\" ||\n"
      "      e.key == \"l\" && e.operator == \"Exists\"))" },
    { "preferences are judged where required terms are",
      "  tolerations: [{key: k, operator: Exists}]\n"
      "  affinity:\n    nodeAffinity:\n"
      "      requiredDuringSchedulingIgnoredDuringExecution:\n"
      "        nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]\n"
      "      preferredDuringSchedulingIgnoredDuringExecution:\n"
      "      - {weight: 1, preference: {matchExpressions: [{key: l, operator: Exists}]}}\n",
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"])) &&"
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"Exists\")) &&\n"
      "  " PREFERS "w != [] &&\n    w.all(e, e.key == \"l\" && e.operator == \"Exists\")))" },
    { "fillFirst asks for some spread constraint",
      "  tolerations: [{key: k, operator: Exists}]\n  spillover: {fillFirst: true}\n",
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"])) &&" SPREAD },
    { "but not of a pod whose affinity is left alone",
      REQUIRED("{matchExpressions: [{key: k, operator: Exists}]}") "  spillover: {fillFirst: true}\n",
      TERMS "q.exists(e, e.key == \"k\" && e.operator == \"Exists\")) &&" SPREAD ")" },
    { "beside preferences it is always asked for",
      PREFERRED("{key: k, operator: Exists}") "  spillover: {fillFirst: true}\n",
      "\n  " PREFERS "w != [] &&\n    w.all(e, e.key == \"k\" && e.operator == \"Exists\")) &&" SPREAD },
    { "scaleInFirst asks nothing of a pod",
      "  tolerations: [{key: k, operator: Exists}]\n"
      "  spillover: {scaleInFirst: true, virtualNodes: [v]}\n",
      TOLERATES("[\"\"]") "t.operator == \"Exists\" && t.key in [\"\", \"k\"]))" },
};
/* clang-format on */

static struct policy_set *parse(const char *asks)
{
    auto_free char *text = NULL;

    assert_true(asprintf(&text, PODS_POLICY_HEAD "%s", asks) > 0);
    return pods_policy(text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = parse(row->asks);
    auto_buf struct buf out = { 0 };
    auto_free char *expected = NULL;
    struct error err = { 0 };

    assert_true(asprintf(&expected,
                         "// gw\nvariables.policy != \"gw\" || (%s\n)",
                         row->condition) > 0);
    if (!cel_state_add_policy(&out, policy_set_at(set, 0), &err))
        fail_msg("%s", err.text);
    assert_string_equal(out.data, expected);
}

/* --- the first policy -------------------------------------------------- */

/* A further policy, for any namespace; `more` is in flow style. */
#define FURTHER(name, more)                                                    \
    "- {name: " name ", " more "match: {namespaces: [\"*\"], selectors: "      \
    "[{matchExpressions: [{key: k, operator: Exists}]}]}, "                    \
    "tolerations: [{key: k, operator: Exists}]}\n"
#define MATCHES                                                                \
    "(\n  (has(object.metadata.labels) && \"k\" in object.metadata.labels)\n)"

static void test_first(void **state)
{
    static const char expected[] =
        "// gw\n"
        "request.namespace == \"edge\" && (\n"
        "  (has(object.metadata.labels) && \"app\" in object.metadata.labels "
        "&& "
        "object.metadata.labels[\"app\"] == \"gw\")\n) ? \"gw\" :\n"
        "// a, not checked: shadow mode\n" MATCHES " ? \"a\" :\n"
        "// b, not checked: below 100 percent\n" MATCHES " ? \"b\" :\n"
        "\"\"";
    auto_policy_set struct policy_set *set =
        parse("  tolerations: [{key: k, operator: Exists}]\n" FURTHER(
            "a", "mode: shadow, ") FURTHER("b", "percent: 99, "));
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    if (!cel_state_add_first(&out, set, &err))
        fail_msg("%s", err.text);
    assert_string_equal(out.data, expected);
    assert_true(cel_state_is_checked(policy_set_at(set, 0)));
    assert_false(cel_state_is_checked(policy_set_at(set, 1)));
    assert_false(cel_state_is_checked(policy_set_at(set, 2)));
}

/* --- limits ------------------------------------------------------------ */

static struct policy_set *many(size_t count)
{
    auto_buf struct buf text = { 0 };

    buf_add_string(&text, "apiVersion: spillway.dev/v1\nkind: Policy\n"
                          "policies:\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, FURTHER("p%zu", ""), i);
    assert_false(text.failed);
    return pods_policy(text.data);
}

static void test_most(void **state)
{
    auto_policy_set struct policy_set *set = many(CEL_STATE_MAX_POLICIES);
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    if (!cel_state_add_first(&out, set, &err))
        fail_msg("%s", err.text);
}

static void test_too_many(void **state)
{
    auto_policy_set struct policy_set *set = many(CEL_STATE_MAX_POLICIES + 1);
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_false(cel_state_add_first(&out, set, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
    assert_non_null(strstr(err.text, "101 policies"));
}

/* A requirement of `count` values, all of the same length. */
static bool make_long(size_t count, struct buf *out, struct error *err)
{
    auto_policy_set struct policy_set *set = NULL;
    auto_buf struct buf asks = { 0 };

    buf_add_string(&asks, "  affinity: {nodeAffinity: {"
                          "requiredDuringSchedulingIgnoredDuringExecution: "
                          "{nodeSelectorTerms: [{matchExpressions: "
                          "[{key: k, operator: In, values: [");
    for (size_t i = 0; i < count; i++)
        buf_printf(&asks, "%sv%06zu", i > 0 ? ", " : "", i);
    buf_add_string(&asks, "]}]}]}}}\n");
    assert_false(asks.failed);
    set = parse(asks.data);
    return cel_state_add_policy(out, policy_set_at(set, 0), err);
}

static void test_longest(void **state)
{
    auto_buf struct buf one = { 0 }, out = { 0 }, longer = { 0 };
    struct error err = { 0 };
    size_t value = sizeof("\"v000000\", ") - 1, room;

    (void)state;
    assert_true(make_long(1, &one, &err));
    room = 1 + (CEL_MAX_LENGTH - one.len) / value;
    if (!make_long(room, &out, &err))
        fail_msg("%s", err.text);
    assert_false(make_long(room + 1, &longer, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] = (struct CMUnitTest){ "the first policy that matches is named",
                                      test_first, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "100 policies are taken", test_most, NULL,
                                      NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "101 policies are refused", test_too_many,
                                      NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "no condition is longer than cel-go reads",
                             test_longest, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("cel_state", tests, NULL, NULL);
}
