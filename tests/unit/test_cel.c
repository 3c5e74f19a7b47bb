/*
 * test_cel.c - the rules in cel.h, one table row per rule: a policy's `match`
 * and the expression that says the same.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/cel.h"
#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/policy.h"

#define LABELS "object.metadata.labels"
#define ANNOTATIONS "object.metadata.annotations"

struct row {
    const char *name;     /* what the row proves; cmocka prints it */
    const char *policies; /* NAME, NAMESPACES and SELECTORS, ... */
    const char *expression;
};

/* One policy; the selectors are YAML in flow style. */
#define POLICY(name, namespaces, selectors)                                    \
    "- {name: " name ", match: {namespaces: [" namespaces                      \
    "], selectors: [" selectors                                                \
    "]}, tolerations: [{key: k, operator: Exists}]}\n"

/* clang-format off */
static struct row rows[] = {
    { "a label is asked for before it is read",
      POLICY("p", "ns", "{matchLabels: {app: gw}}"),
      "// p\nrequest.namespace == \"ns\" && (\n"
      "  (has(" LABELS ") && \"app\" in " LABELS " && " LABELS "[\"app\"] == \"gw\")\n)" },
    { "so is an annotation",
      POLICY("p", "ns", "{matchAnnotations: {a/b: gw}}"),
      "// p\nrequest.namespace == \"ns\" && (\n"
      "  (has(" ANNOTATIONS ") && \"a/b\" in " ANNOTATIONS " && " ANNOTATIONS "[\"a/b\"] == \"gw\")\n)" },
    { "namespaces are a list",
      POLICY("p", "a, b", "{matchExpressions: [{key: k, operator: Exists}]}"),
      "// p\nrequest.namespace in [\"a\", \"b\"] && (\n"
      "  (has(" LABELS ") && \"k\" in " LABELS ")\n)" },
    { "any namespace is no condition",
      POLICY("p", "a, \"*\"", "{matchExpressions: [{key: k, operator: Exists}]}"),
      "// p\n(\n  (has(" LABELS ") && \"k\" in " LABELS ")\n)" },
    { "In with several values is a list",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: In, values: [a, b]}]}"),
      "// p\n(\n  (has(" LABELS ") && \"k\" in " LABELS " && " LABELS "[\"k\"] in [\"a\", \"b\"])\n)" },
    { "NotIn holds when the key is absent",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: NotIn, values: [a]}]}"),
      "// p\n(\n  (!(has(" LABELS ") && \"k\" in " LABELS " && " LABELS "[\"k\"] == \"a\"))\n)" },
    { "DoesNotExist is the opposite of Exists",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: DoesNotExist}]}"),
      "// p\n(\n  (!(has(" LABELS ") && \"k\" in " LABELS "))\n)" },
    { "globs are ORed",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: Glob, values: [\"a*\", \"b.c\"]}]}"),
      "// p\n(\n  (has(" LABELS ") && \"k\" in " LABELS " && (" LABELS "[\"k\"].matches(r\"(?s)^a.*$\") || "
      LABELS "[\"k\"].matches(r\"^b\\.c$\")))\n)" },
    { "NotGlob holds when the key is absent",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: NotGlob, values: [\"a*\"]}]}"),
      "// p\n(\n  (!(has(" LABELS ") && \"k\" in " LABELS " && " LABELS "[\"k\"].matches(r\"(?s)^a.*$\")))\n)" },
    { "what characters cannot say is matched as bytes",
      POLICY("p", "\"*\"", "{matchExpressions: [{key: k, operator: Glob, values: [\"a??\"]}]}"),
      "// p\n(\n  (has(" LABELS ") && \"k\" in " LABELS " && \"%x\".format([" LABELS "[\"k\"]]).matches(r\"^61....$\"))\n)" },
    { "containers may be null and need no name",
      POLICY("p", "\"*\"", "{hasContainer: istio-proxy}"),
      "// p\n(\n  (has(object.spec.containers) && object.spec.containers != null &&\n"
      "    object.spec.containers.exists(c, has(c.name) && c.name == \"istio-proxy\"))\n)" },
    { "requirements are ANDed, selectors ORed",
      POLICY("p", "\"*\"", "{matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}, "
                           "{matchExpressions: [{key: d, operator: Exists}]}"),
      "// p\n(\n  (has(" LABELS ") && \"a\" in " LABELS " && " LABELS "[\"a\"] == \"b\" &&\n"
      "    has(" LABELS ") && \"c\" in " LABELS ") ||\n"
      "  (has(" LABELS ") && \"d\" in " LABELS ")\n)" },
    { "policies are ORed, each with its namespaces",
      POLICY("p", "a", "{matchExpressions: [{key: k, operator: Exists}]}")
      POLICY("q", "b", "{matchExpressions: [{key: l, operator: Exists}]}"),
      "// p\nrequest.namespace == \"a\" && (\n  (has(" LABELS ") && \"k\" in " LABELS ")\n) ||\n"
      "// q\nrequest.namespace == \"b\" && (\n  (has(" LABELS ") && \"l\" in " LABELS ")\n)" },
    { "quotes, backslashes and control characters are escaped",
      POLICY("p", "\"*\"", "{matchAnnotations: {k: \"\\\"\\\\\\n\\x7f\\u00e9\"}}"),
      "// p\n(\n  (has(" ANNOTATIONS ") && \"k\" in " ANNOTATIONS " && " ANNOTATIONS "[\"k\"] == "
      "\"\\\"\\\\\\u000a\\u007f\xC3\xA9\")\n)" },
};
/* clang-format on */

/* A policy for bindings: `spillover` is in flow style, `more` stands before. */
#define SPILLS(name, more, namespaces, spillover)                              \
    "- {name: " name ", " more "match: {namespaces: [" namespaces              \
    "], selectors: [{matchLabels: {app: gw}}]}, tolerations: [{key: k, "       \
    "operator: Exists}], spillover: {" spillover "}}\n"
#define GLOBS(globs) "scaleInFirst: true, virtualNodes: [" globs "]"
#define TARGET "object.target.name"
#define HAS_TARGET "has(" TARGET ") && "

/* clang-format off */
static struct row bindings[] = {
    { "the name of the node is asked for before it is read",
      SPILLS("p", "", "ns", GLOBS("\"v-*\"")),
      "// p\nrequest.namespace == \"ns\" && " HAS_TARGET TARGET ".matches(r\"(?s)^v-.*$\")" },
    { "globs of nodes are ORed",
      SPILLS("p", "", "a, b", GLOBS("\"v-*\", \"w.[a-c0]\", \"x-?\"")),
      "// p\nrequest.namespace in [\"a\", \"b\"] && " HAS_TARGET "(" TARGET ".matches(r\"(?s)^v-.*$\") || "
      TARGET ".matches(r\"^w\\.[0a-c]$\") || " TARGET ".matches(r\"^x-[\\x01-\\x7f]$\"))" },
    { "for any namespace only the node counts",
      SPILLS("p", "", "a, \"*\"", GLOBS("v")),
      "// p\n" HAS_TARGET TARGET ".matches(r\"^v$\")" },
    { "node names are matched as bytes where characters cannot say it",
      SPILLS("p", "", "\"*\"", GLOBS("\"a??\"")),
      "// p\n" HAS_TARGET "\"%x\".format([" TARGET "]).matches(r\"^61....$\")" },
    { "policies with scaleInFirst are ORed, those in shadow mode too; no others",
      SPILLS("o", "", "a", "fillFirst: true")
      SPILLS("p", "mode: shadow, ", "a", GLOBS("v"))
      POLICY("q", "a", "{matchLabels: {app: gw}}")
      SPILLS("r", "percent: 1, ", "b", "fillFirst: true, " GLOBS("w")),
      "// p\nrequest.namespace == \"a\" && " HAS_TARGET TARGET ".matches(r\"^v$\") ||\n"
      "// r\nrequest.namespace == \"b\" && " HAS_TARGET TARGET ".matches(r\"^w$\")" },
};
/* clang-format on */

static struct policy_set *parse(const char *policies)
{
    auto_free char *text = NULL;
    auto_buf struct buf mistakes = { 0 };
    struct policy_source source = { .name = "policy.yaml" };
    struct error err = { 0 };
    struct policy_set *set;

    assert_true(asprintf(&text,
                         "apiVersion: spillway.dev/v1\n"
                         "kind: Policy\n"
                         "policies:\n%s",
                         policies) > 0);
    source.text = text_of(text);
    set = policy_set_parse(&source, 1, &mistakes, &err);
    if (!set)
        fail_msg("%s%s", err.text, mistakes.data ? mistakes.data : "");
    return set;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = parse(row->policies);
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    if (!cel_add_policies(&out, set, &err))
        fail_msg("%s", err.text);
    assert_string_equal(out.data, row->expression);
}

static void test_binding(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = parse(row->policies);
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    if (!cel_add_bindings(&out, set, &err))
        fail_msg("%s", err.text);
    assert_string_equal(out.data, row->expression);
}

/* --- the limit --------------------------------------------------------- */

/* Make the expression of a policy with an annotation of `count` characters of
 * two bytes each. */
static bool make_long(size_t count, struct buf *out, struct error *err)
{
    auto_policy_set struct policy_set *set = NULL;
    auto_buf struct buf policies = { 0 };

    buf_add_string(&policies, "- {name: p, match: {namespaces: [ns], "
                              "selectors: [{matchAnnotations: {k: \"");
    for (size_t i = 0; i < count; i++)
        buf_add_string(&policies, "\xC3\xA9");
    buf_add_string(&policies, "\"}}]}, "
                              "tolerations: [{key: k, operator: Exists}]}\n");
    assert_false(policies.failed);
    set = parse(policies.data);
    return cel_add_policies(out, set, err);
}

/* How many such characters fill the expression up to the limit. */
static size_t room(void)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    assert_true(make_long(1, &out, &err));
    return CEL_MAX_LENGTH - (out.len - 2);
}

static void test_longest(void **state)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    if (!make_long(room(), &out, &err))
        fail_msg("%s", err.text);
}

static void test_too_long(void **state)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_false(make_long(room() + 1, &out, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
    assert_non_null(strstr(err.text, "100001"));
}

static void test_too_long_for_bindings(void **state)
{
    auto_policy_set struct policy_set *set = NULL;
    auto_buf struct buf policies = { 0 }, out = { 0 };
    struct error err = { 0 };

    (void)state;
    buf_add_string(&policies,
                   "- {name: p, match: {namespaces: [ns], selectors: "
                   "[{matchLabels: {app: gw}}]}, tolerations: [{key: k, "
                   "operator: Exists}], spillover: {scaleInFirst: true, "
                   "virtualNodes: [");
    for (size_t i = 0; i < CEL_MAX_LENGTH / 40; i++)
        buf_printf(&policies, "%snode-%06zu", i > 0 ? ", " : "", i);
    buf_add_string(&policies, "]}}\n");
    assert_false(policies.failed);
    set = parse(policies.data);
    assert_false(cel_add_bindings(&out, set, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
    assert_non_null(strstr(err.text, "the virtualNodes make"));
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + array_len(bindings) + 3];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(bindings); i++)
        tests[n++] = (struct CMUnitTest){ bindings[i].name, test_binding, NULL,
                                          NULL, &bindings[i] };
    tests[n++] = (struct CMUnitTest){ "100000 characters are taken",
                                      test_longest, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "100001 characters are refused",
                                      test_too_long, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "so are too many globs of nodes",
                             test_too_long_for_bindings, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("cel", tests, NULL, NULL);
}
