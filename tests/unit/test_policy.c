/*
 * test_policy.c - every mistake that a policy file can have: where it is, and
 * what is said about it.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

struct row {
    const char *name, *text;
    const char *where; /* LINE: PATH; NULL: there is no mistake */
    const char *what;  /* a piece of the message */
};

/* clang-format off */
#define TOP "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
#define TOLERATE "  tolerations: [{operator: Exists}]\n"
#define GW "  match: {namespaces: [edge], selectors: [{matchLabels: {app: gw}}]}\n"
#define NAMED(name) TOP "- name: " name "\n" GW TOLERATE
/* The rest of a policy, from line 9 on. */
#define REST(rest) PODS_POLICY_HEAD rest
/* A policy's match, in line 5. */
#define MATCH(match) TOP "- name: gw\n  match: " match "\n" TOLERATE
#define SELECTOR(selector) MATCH("{namespaces: [edge], selectors: [{" selector "}]}")
#define EXPRESSION(members) SELECTOR("matchExpressions: [{" members "}]")
#define TOLERATION(members) REST("  tolerations: [{" members "}]\n")
/* Required terms and preferences, in line 9. */
#define NODE(members) REST("  affinity: {nodeAffinity: {" members "}}\n")
#define TERMS(terms) NODE("requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" terms "]}")
#define REQUIREMENT(members) TERMS("{matchExpressions: [{" members "}]}")
#define PREFERENCE(members) NODE("preferredDuringSchedulingIgnoredDuringExecution: [{" members "}]")
#define PREFER(weight) PREFERENCE("weight: " weight ", preference: {matchExpressions: [{key: a, operator: Exists}]}")

#define SPILL(members) REST(TOLERATE "  spillover: {" members "}\n")
#define NODES(list) SPILL("scaleInFirst: true, virtualNodes: " list)

#define P0 "policies[0]"
#define SP P0 ".spillover"
#define S0 P0 ".match.selectors[0]"
#define T0 P0 ".tolerations[0]"
#define NA P0 ".affinity.nodeAffinity"
#define REQ NA ".requiredDuringSchedulingIgnoredDuringExecution"
#define TERM0 REQ ".nodeSelectorTerms[0]"
#define R0 TERM0 ".matchExpressions[0]"
#define PRE NA ".preferredDuringSchedulingIgnoredDuringExecution"

static struct row rows[] = {
    { "the smallest policy", NAMED("gw"), NULL, NULL },
    /* the document */
    { "nothing", "", "1", "no policy" },
    { "only a comment", "# nothing\n", "1", "no policy" },
    { "a list", "- a\n", "1", "object" },
    { "no apiVersion", "kind: Policy\npolicies:\n- name: gw\n" GW TOLERATE, "1: apiVersion", "required" },
    { "another apiVersion", "apiVersion: v1\nkind: Policy\npolicies:\n- name: gw\n" GW TOLERATE, "1: apiVersion", "spillway.dev/v1" },
    { "no kind", "apiVersion: spillway.dev/v1\npolicies:\n- name: gw\n" GW TOLERATE, "1: kind", "required" },
    { "another kind", "apiVersion: spillway.dev/v1\nkind: Pod\npolicies:\n- name: gw\n" GW TOLERATE, "2: kind", "Policy" },
    { "no policies", "apiVersion: spillway.dev/v1\nkind: Policy\n", "1: policies", "required" },
    { "null policies", TOP, "3: policies", "required" },
    { "an empty list of policies", "apiVersion: spillway.dev/v1\nkind: Policy\npolicies: []\n", "3: policies", "" },
    { "policies that are no list", "apiVersion: spillway.dev/v1\nkind: Policy\npolicies: {}\n", "3: policies", "expected an array" },
    { "a policy that is no object", TOP "- gw\n", "4: " P0, "expected an object" },
    { "an unknown key of the document", "apiVersoin: x\n" NAMED("gw"), "1: apiVersoin", "did you mean 'apiVersion'" },
    { "broken YAML", "a: [\n", "", "" },
    { "a duplicate key", TOP "- name: gw\n  name: gw\n" GW TOLERATE, "5", "twice" },
    { "a merge key", TOP "- <<: {name: gw}\n" GW TOLERATE, "4", "merge" },
    /* name, mode, percent */
    { "no name", TOP "- mode: enforce\n" GW TOLERATE, "4: " P0 ".name", "required" },
    { "a null name", NAMED("~"), "4: " P0 ".name", "required" },
    { "an empty name", NAMED("''"), "4: " P0 ".name", "DNS label" },
    { "a name in capitals", NAMED("Gw"), "4: " P0 ".name", "DNS label" },
    { "a name with a dot", NAMED("a.b"), "4: " P0 ".name", "DNS label" },
    { "a name that ends in a dash", NAMED("a-"), "4: " P0 ".name", "DNS label" },
    { "63 characters are a name", NAMED("a23456789012345678901234567890123456789012345678901234567890123"), NULL, NULL },
    { "64 characters are none", NAMED("a234567890123456789012345678901234567890123456789012345678901234"), "4: " P0 ".name", "63" },
    { "a name that YAML takes for a boolean", NAMED("yes"), "4: " P0 ".name", "\"yes\"" },
    { "a name that YAML takes for a number", NAMED("5"), "4: " P0 ".name", "\"5\"" },
    { "shadow", REST(TOLERATE "  mode: shadow\n"), NULL, NULL },
    { "an unknown mode", REST(TOLERATE "  mode: audit\n"), "10: " P0 ".mode", "enforce or shadow" },
    { "percent 0", REST(TOLERATE "  percent: 0\n"), NULL, NULL },
    { "percent 100", REST(TOLERATE "  percent: 100\n"), NULL, NULL },
    { "percent 101", REST(TOLERATE "  percent: 101\n"), "10: " P0 ".percent", "0 to 100" },
    { "percent below 0", REST(TOLERATE "  percent: -1\n"), "10: " P0 ".percent", "0 to 100" },
    { "half a percent", REST(TOLERATE "  percent: 0.5\n"), "10: " P0 ".percent", "whole number" },
    { "percent as a string", REST(TOLERATE "  percent: '50'\n"), "10: " P0 ".percent", "expected a number" },
    { "an unknown key of a policy", REST(TOLERATE "  percents: 5\n"), "10: " P0 ".percents", "did you mean 'percent'" },
    { "an unknown key that is like no other", REST(TOLERATE "  colour: 5\n"), "10: " P0 ".colour", "unknown key" },
    { "keys differ in case", REST(TOLERATE "  Mode: shadow\n"), "10: " P0 ".Mode", "did you mean 'mode'" },
    /* spillover */
    { "fillFirst", SPILL("fillFirst: true"), NULL, NULL },
    { "an empty spillover", SPILL(""), NULL, NULL },
    { "a null spillover", REST(TOLERATE "  spillover:\n"), NULL, NULL },
    { "both false", SPILL("fillFirst: false, scaleInFirst: false"), NULL, NULL },
    { "both true", SPILL("fillFirst: true, scaleInFirst: true, virtualNodes: [vk-*, eklet-a]"), NULL, NULL },
    { "spillover alone says too little", REST("  spillover: {fillFirst: true}\n"), "4: " P0, "tolerations or affinity" },
    { "a spillover that is no object", REST(TOLERATE "  spillover: true\n"), "10: " P0 ".spillover", "expected an object" },
    { "an unknown key of spillover", SPILL("fillfirst: true"), "10: " SP ".fillfirst", "did you mean 'fillFirst'" },
    { "fillFirst as a string", SPILL("fillFirst: 'true'"), "10: " SP ".fillFirst", "expected a boolean" },
    { "scaleInFirst as a number", SPILL("scaleInFirst: 1"), "10: " SP ".scaleInFirst", "expected a boolean" },
    { "scaleInFirst without virtualNodes", SPILL("scaleInFirst: true"), "10: " SP ".virtualNodes", "at least one" },
    { "scaleInFirst with null virtualNodes", SPILL("scaleInFirst: true, virtualNodes: ~"), "10: " SP ".virtualNodes", "at least one" },
    { "scaleInFirst with empty virtualNodes", SPILL("scaleInFirst: true, virtualNodes: []"), "10: " SP ".virtualNodes", "at least one" },
    { "virtualNodes that are no list", SPILL("scaleInFirst: true, virtualNodes: vk-*"), "10: " SP ".virtualNodes", "expected an array" },
    { "virtualNodes without scaleInFirst", SPILL("fillFirst: true, virtualNodes: [vk-*]"), "10: " SP ".virtualNodes", "only used with scaleInFirst" },
    { "virtualNodes with scaleInFirst: false", SPILL("scaleInFirst: false, virtualNodes: []"), "10: " SP ".virtualNodes", "only used with scaleInFirst" },
    { "a glob that is a number", NODES("[vk-*, 5]"), "10: " SP ".virtualNodes[1]", "\"5\"" },
    { "a null glob", NODES("[~]"), "10: " SP ".virtualNodes[0]", "expected a string" },
    { "an empty glob", NODES("['']"), "10: " SP ".virtualNodes[0]", "empty glob" },
    { "a glob with U+0000", NODES("[\"a\\0b\"]"), "10: " SP ".virtualNodes[0]", "U+0000" },
    { "a collating symbol in a node's glob", NODES("['[[.a.]]']"), "10: " SP ".virtualNodes[0]", "[. .]" },
    { "a node's glob that no expression says", NODES("['a\\']"), "10: " SP ".virtualNodes[0]", "not finished" },
    { "neither tolerations nor affinity", REST(""), "4: " P0, "tolerations or affinity" },
    { "empty tolerations say nothing", REST("  tolerations: []\n"), "4: " P0, "tolerations or affinity" },
    { "an empty nodeAffinity says nothing", REST("  affinity: {nodeAffinity: {}}\n"), "4: " P0, "tolerations or affinity" },
    /* match */
    { "no match", TOP "- name: gw\n" TOLERATE, "4: " P0 ".match", "required" },
    { "no namespaces", MATCH("{selectors: [{matchLabels: {app: gw}}]}"), "5: " P0 ".match.namespaces", "required" },
    { "empty namespaces", MATCH("{namespaces: [], selectors: [{matchLabels: {app: gw}}]}"), "5: " P0 ".match.namespaces", "" },
    { "a namespace that is no name", MATCH("{namespaces: [a, 'b*'], selectors: [{matchLabels: {app: gw}}]}"), "5: " P0 ".match.namespaces[1]", "b*" },
    { "a namespace that is a number", MATCH("{namespaces: [5], selectors: [{matchLabels: {app: gw}}]}"), "5: " P0 ".match.namespaces[0]", "\"5\"" },
    { "no selectors", MATCH("{namespaces: [edge]}"), "5: " P0 ".match.selectors", "required" },
    { "empty selectors", MATCH("{namespaces: [edge], selectors: []}"), "5: " P0 ".match.selectors", "" },
    { "an empty selector", MATCH("{namespaces: [edge], selectors: [{}]}"), "5: " S0, "empty selector" },
    { "a selector of empty parts", SELECTOR("matchLabels: {}, matchExpressions: []"), "5: " S0, "empty selector" },
    { "an unknown key of a selector", SELECTOR("matchlabels: {app: gw}, hasContainer: c"), "5: " S0 ".matchlabels", "did you mean 'matchLabels'" },
    { "an unknown key of match", MATCH("{namespaces: [edge], selectors: [{hasContainer: c}], namespace: [x]}"), "5: " P0 ".match.namespace", "did you mean 'namespaces'" },
    { "a label that is a boolean", SELECTOR("matchLabels: {app: on}"), "5: " S0 ".matchLabels.app", "\"on\"" },
    { "a label value that no pod can have", SELECTOR("matchLabels: {app: 'a b'}"), "5: " S0 ".matchLabels.app", "a b" },
    { "a label key that is none", SELECTOR("matchLabels: {'a b': x}"), "5: " S0 ".matchLabels.a b", "key" },
    { "a label key with an empty prefix", SELECTOR("matchLabels: {'/a': x}"), "5: " S0 ".matchLabels./a", "key" },
    { "an annotation may hold anything", SELECTOR("matchAnnotations: {a: 'x y {}'}"), NULL, NULL },
    { "a container that is no name", SELECTOR("hasContainer: Istio"), "5: " S0 ".hasContainer", "Istio" },
    { "an unknown operator of a selector", EXPRESSION("key: a, operator: Gt, values: ['1']"), "5: " S0 ".matchExpressions[0].operator", "Glob" },
    { "an expression without key", EXPRESSION("operator: Exists"), "5: " S0 ".matchExpressions[0].key", "required" },
    { "an expression without operator", EXPRESSION("key: a"), "5: " S0 ".matchExpressions[0].operator", "required" },
    { "In without values", EXPRESSION("key: a, operator: In"), "5: " S0 ".matchExpressions[0].values", "at least one" },
    { "NotIn with empty values", EXPRESSION("key: a, operator: NotIn, values: []"), "5: " S0 ".matchExpressions[0].values", "at least one" },
    { "Glob without values", EXPRESSION("key: a, operator: Glob"), "5: " S0 ".matchExpressions[0].values", "at least one" },
    { "Exists with values", EXPRESSION("key: a, operator: Exists, values: [x]"), "5: " S0 ".matchExpressions[0].values", "no values" },
    { "DoesNotExist with values", EXPRESSION("key: a, operator: DoesNotExist, values: [x]"), "5: " S0 ".matchExpressions[0].values", "no values" },
    { "a collating symbol in a glob", EXPRESSION("key: a, operator: Glob, values: ['[[.a.]]']"), "5: " S0 ".matchExpressions[0].values[0]", "[. .]" },
    { "an equivalence class in a glob", EXPRESSION("key: a, operator: NotGlob, values: [x, '[[=a=]]']"), "5: " S0 ".matchExpressions[0].values[1]", "[= =]" },
    { "a character class in a glob is fine", EXPRESSION("key: a, operator: Glob, values: ['[[:alpha:]]*']"), NULL, NULL },
    /* tolerations */
    { "an empty key needs Exists", TOLERATION("value: v"), "9: " T0, "Exists" },
    { "an empty key with Exists", TOLERATION("operator: Exists, effect: NoSchedule"), NULL, NULL },
    { "Exists with a value", TOLERATION("key: k, operator: Exists, value: v"), "9: " T0, "no value" },
    { "Exists with an empty value", TOLERATION("key: k, operator: Exists, value: ''"), NULL, NULL },
    { "an unknown operator", TOLERATION("key: k, operator: Gt, value: '5'"), "9: " T0, "Equal or Exists" },
    { "an unknown effect", TOLERATION("key: k, value: v, effect: NoRun"), "9: " T0, "NoExecute" },
    { "tolerationSeconds with NoExecute", TOLERATION("key: k, value: v, effect: NoExecute, tolerationSeconds: 5"), NULL, NULL },
    { "tolerationSeconds without NoExecute", TOLERATION("key: k, value: v, effect: NoSchedule, tolerationSeconds: 5"), "9: " T0, "NoExecute" },
    { "tolerationSeconds without effect", TOLERATION("key: k, value: v, tolerationSeconds: 5"), "9: " T0, "NoExecute" },
    { "half a second", TOLERATION("key: k, value: v, effect: NoExecute, tolerationSeconds: 0.5"), "9: " T0 ".tolerationSeconds", "whole number" },
    { "a key that is no label key", TOLERATION("key: 'a b', value: v"), "9: " T0, "a b" },
    { "a value that is no label value", TOLERATION("key: k, value: 'a b'"), "9: " T0, "a b" },
    { "an unknown key of a toleration", TOLERATION("key: k, values: v"), "9: " T0 ".values", "did you mean 'value'" },
    { "a value that is a boolean", TOLERATION("key: k, value: true"), "9: " T0 ".value", "\"true\"" },
    { "a null toleration", REST("  tolerations: [null]\n"), "9: " T0, "expected an object" },
    /* affinity */
    { "anything but nodeAffinity", REST("  affinity: {podAffinity: {}, nodeAffinity: {}}\n" TOLERATE), "9: " P0 ".affinity.podAffinity", "unknown key" },
    { "a misspelt affinity", NODE("requiredDuringSchedulingIgnoredDuringExecutions: {}"), "9: " NA ".requiredDuringSchedulingIgnoredDuringExecutions", "did you mean" },
    { "no terms", TERMS(""), "9: " REQ ".nodeSelectorTerms", "at least one term" },
    { "no list of terms", NODE("requiredDuringSchedulingIgnoredDuringExecution: {}"), "9: " REQ ".nodeSelectorTerms", "required" },
    { "an empty term", TERMS("{}"), "9: " TERM0, "empty term" },
    { "a term of no expressions", TERMS("{matchExpressions: []}"), "9: " TERM0, "empty term" },
    { "matchFields", TERMS("{matchFields: [{key: metadata.name, operator: In, values: [n]}]}"), "9: " TERM0 ".matchFields", "one node" },
    { "In without values in a term", REQUIREMENT("key: a, operator: In"), "9: " R0 ".values", "at least one" },
    { "NotIn without values in a term", REQUIREMENT("key: a, operator: NotIn, values: []"), "9: " R0 ".values", "at least one" },
    { "Exists with values in a term", REQUIREMENT("key: a, operator: Exists, values: [x]"), "9: " R0 ".values", "no values" },
    { "DoesNotExist with values in a term", REQUIREMENT("key: a, operator: DoesNotExist, values: [x]"), "9: " R0 ".values", "no values" },
    { "Gt with one integer", REQUIREMENT("key: a, operator: Gt, values: ['5']"), NULL, NULL },
    { "Gt with two integers", REQUIREMENT("key: a, operator: Gt, values: ['5', '6']"), "9: " R0 ".values", "one value" },
    { "Lt without values", REQUIREMENT("key: a, operator: Lt"), "9: " R0 ".values", "one value" },
    { "Lt with a word", REQUIREMENT("key: a, operator: Lt, values: [five]"), "9: " R0 ".values[0]", "integer" },
    { "Lt with a fraction", REQUIREMENT("key: a, operator: Lt, values: ['5.5']"), "9: " R0 ".values[0]", "integer" },
    { "Gt beyond 64 bits", REQUIREMENT("key: a, operator: Gt, values: ['9223372036854775808']"), "9: " R0 ".values[0]", "integer" },
    { "Gt with a number, not a string", REQUIREMENT("key: a, operator: Gt, values: [5]"), "9: " R0 ".values[0]", "\"5\"" },
    { "Glob is for selectors only", REQUIREMENT("key: a, operator: Glob, values: [x]"), "9: " R0 ".operator", "DoesNotExist" },
    { "a node label's key that is none", REQUIREMENT("key: 'a b', operator: Exists"), "9: " R0 ".key", "a b" },
    { "a node label's value that is none", REQUIREMENT("key: a, operator: In, values: [x, 'a b']"), "9: " R0 ".values[1]", "a b" },
    { "an expression that is null", TERMS("{matchExpressions: [null]}"), "9: " R0, "expected an object" },
    { "an unknown key of a requirement", REQUIREMENT("key: a, operator: In, value: [x], values: [x]"), "9: " R0 ".value", "did you mean 'values'" },
    { "weight 1", PREFER("1"), NULL, NULL }, { "weight 100", PREFER("100"), NULL, NULL },
    { "weight 0", PREFER("0"), "9: " PRE "[0].weight", "1 to 100" },
    { "weight 101", PREFER("101"), "9: " PRE "[0].weight", "1 to 100" },
    { "weight 1.5", PREFER("1.5"), "9: " PRE "[0].weight", "whole number" },
    { "no weight", PREFERENCE("preference: {matchExpressions: [{key: a, operator: Exists}]}"), "9: " PRE "[0].weight", "required" },
    { "no preference", PREFERENCE("weight: 1"), "9: " PRE "[0].preference", "required" },
    { "an empty preference", PREFERENCE("weight: 1, preference: {}"), "9: " PRE "[0].preference", "empty" },
    { "matchFields in a preference", PREFERENCE("weight: 1, preference: {matchFields: [{key: metadata.name, operator: In, values: [n]}]}"), "9: " PRE "[0].preference.matchFields", "one node" },
    /* several documents */
    { "the same name twice", TOP "- name: gw\n" GW TOLERATE "- name: gw\n" GW TOLERATE, "7: policies[1].name", "gw" },
    { "the same name in another document", NAMED("gw") "---\n" NAMED("gw"), "11: policies[0].name", "gw" },
    { "another document", NAMED("gw") "---\n" NAMED("other"), NULL, NULL },
    { "an empty document between", "---\n" NAMED("gw") "---\n---\n" NAMED("other"), NULL, NULL },
    /* JSON */
    { "a policy in JSON", "{\"apiVersion\":\"spillway.dev/v1\",\"kind\":\"Policy\",\"policies\":[{\"name\":\"gw\",\n"
      "\"match\":{\"namespaces\":[\"*\"],\"selectors\":[{\"hasContainer\":\"c\"}]},\"tolerations\":[{\"operator\":\"Exists\"}]}]}", NULL, NULL },
    { "a mistake in JSON has its line", "{\"apiVersion\":\"spillway.dev/v1\",\"kind\":\"Policy\",\"policies\":[{\"name\":\"gw\",\n"
      "\"match\":{\"namespaces\":[\"*\"],\"selectors\":[{\"hasContainer\":\"c\"}]},\n\"tolerations\":[{}]}]}", "3: " T0, "Exists" },
    { "a key twice in JSON", "{\"kind\":\"Policy\",\"apiVersion\":\"spillway.dev/v1\",\n\"kind\":\"Policy\",\"policies\":[{\"name\":\"gw\",\"match\":{\"namespaces\":[\"*\"],"
      "\"selectors\":[{\"hasContainer\":\"c\"}]},\"tolerations\":[{\"operator\":\"Exists\"}]}]}", "2: kind", "twice" },
    { "a label twice in JSON", "{\"kind\":\"Policy\",\"apiVersion\":\"spillway.dev/v1\",\"policies\":[{\"name\":\"gw\",\"match\":{\"namespaces\":[\"*\"],\n"
      "\"selectors\":[{\"matchLabels\":{\"a\":\"x\",\n\"a\":\"v\"}}]},\"tolerations\":[{\"operator\":\"Exists\"}]}]}", "3: " S0 ".matchLabels.a", "twice" },
    { "broken JSON has its line", "{\"apiVersion\":\"spillway.dev/v1\",\n\"kind\":}", "2", "" },
};
/* clang-format on */

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const struct policy_source source = { "policy.yaml", text_of(row->text) };
    auto_buf struct buf mistakes = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    struct error err = { 0 };
    char start[256];

    set = policy_set_parse(&source, 1, &mistakes, &err);
    assert_int_equal(err.kind, ERROR_NONE);
    if (!row->where) {
        assert_null(mistakes.data);
        assert_non_null(set);
        return;
    }
    assert_null(set);
    assert_non_null(mistakes.data);
    (void)snprintf(start, sizeof(start), "policy.yaml:%s%s", row->where,
                   *row->where ? ": " : "");
    if (strncmp(mistakes.data, start, strlen(start)) != 0 ||
        !strstr(mistakes.data, row->what) || count_lines(mistakes.data) != 1)
        fail_msg("got:  %swant: %s%s", mistakes.data, start, row->what);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
