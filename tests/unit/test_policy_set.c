/*
 * test_policy_set.c - policy sets as a whole: several mistakes, several
 * sources, and what is kept of a policy that has none.
 */
#include "harness.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

/* clang-format off */
#define TOP "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
#define GW "  match: {namespaces: [edge], selectors: [{matchLabels: {app: gw}}]}\n"
#define TOLERATE "  tolerations: [{operator: Exists}]\n"

static const char *const many_mistakes =
    "apiVersion: spillway.dev/v2\n"         /* 1 */
    "kind: Policy\n"
    "policies:\n"
    "- name: One\n"                         /* 4 */
    "  mode: audit\n"                       /* 5 */
    "  percent: 200\n"                      /* 6 */
    "  colour: red\n"                       /* 7 */
    "  match:\n"
    "    namespaces: [A, edge, B]\n"        /* 9, twice */
    "    selectors:\n"
    "    - {}\n"                            /* 11 */
    "    - matchExpressions:\n"
    "      - {key: a, operator: In}\n"      /* 13 */
    "      - {operator: Like}\n"            /* 14, twice */
    "  tolerations:\n"
    "  - {key: k, operator: Exists, value: v, effect: Never}\n" /* 16, twice */
    "  affinity:\n"
    "    nodeAffinity:\n"
    "      requiredDuringSchedulingIgnoredDuringExecution:\n"
    "        nodeSelectorTerms:\n"
    "        - {}\n"                        /* 21 */
    "        - matchFields: []\n"           /* 22, twice */
    "          matchExpressions: [{key: a, operator: Foo}]\n"
    "      preferredDuringSchedulingIgnoredDuringExecution:\n"
    "      - {weight: 0}\n"                 /* 25, twice */
    "- name: two\n"                         /* 26, says nothing; */
    "  percent: x\n"                        /* 27 */
    GW
    "- 5\n";                                /* 29 */

/* Beginnings of the lines that must be there. */
static const char *const mistakes_wanted[] = {
    "p.yaml:1: apiVersion: ",
    "p.yaml:4: policies[0].name: ",
    "p.yaml:5: policies[0].mode: ",
    "p.yaml:6: policies[0].percent: ",
    "p.yaml:7: policies[0].colour: ",
    "p.yaml:9: policies[0].match.namespaces[0]: ",
    "p.yaml:9: policies[0].match.namespaces[2]: ",
    "p.yaml:11: policies[0].match.selectors[0]: ",
    "p.yaml:13: policies[0].match.selectors[1].matchExpressions[0].values: ",
    "p.yaml:14: policies[0].match.selectors[1].matchExpressions[1].key: ",
    "p.yaml:14: policies[0].match.selectors[1].matchExpressions[1].operator: ",
    "p.yaml:16: policies[0].tolerations[0]: operator Exists",
    "p.yaml:16: policies[0].tolerations[0]: unknown effect",
    "p.yaml:21: policies[0].affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: ",
    "p.yaml:22: policies[0].affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchFields: ",
    "p.yaml:23: policies[0].affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchExpressions[0].operator: ",
    "p.yaml:25: policies[0].affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: ",
    "p.yaml:25: policies[0].affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference: ",
    "p.yaml:26: policies[1]: ",
    "p.yaml:27: policies[1].percent: ",
    "p.yaml:29: policies[2]: ",
};
/* clang-format on */

/* What is said about some sources; "" when there is nothing wrong. */
static char *mistakes_of(struct arena *arena,
                         const struct policy_source *sources, size_t count)
{
    struct buf out = { .arena = arena };
    auto_policy_set struct policy_set *set = NULL;
    struct error err = { 0 };

    buf_add_string(&out, "");
    set = policy_set_parse(sources, count, &out, &err);
    assert_int_equal(err.kind, ERROR_NONE);
    assert_int_equal(set == NULL, out.len > 0);
    return out.data;
}

static void test_every_mistake(void **state)
{
    const char *wanted = *state;
    const struct policy_source source = { "p.yaml", text_of(many_mistakes) };
    auto_arena struct arena arena = { 0 };
    const char *said = mistakes_of(&arena, &source, 1);

    for (const char *line = said; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            return;
    }
    fail_msg("no '%s' in\n%.700s", wanted, said);
}

static void test_every_source(void **state)
{
    const struct policy_source sources[] = {
        { "a.yaml", TEXT(TOP "- name: a\n" GW) },
        { "b.yaml", TEXT(TOP "- name: b\n" GW TOLERATE) },
        { "c.yaml", TEXT("a: [\n") },
        { "d.yaml", TEXT("\n" TOP "- name: d\n" TOLERATE) },
    };
    auto_arena struct arena arena = { 0 };
    const char *said = mistakes_of(&arena, sources, 4);

    (void)state;
    assert_non_null(strstr(said, "a.yaml:4: policies[0]: "));
    assert_null(strstr(said, "b.yaml"));
    assert_non_null(strstr(said, "c.yaml:"));
    assert_non_null(strstr(said, "d.yaml:5: policies[0].match: "));
}

static void test_same_name_in_two_files(void **state)
{
    const struct policy_source sources[] = {
        { "a.yaml", TEXT(TOP "- name: gw\n" GW TOLERATE) },
        { "b.yaml", TEXT(TOP "- name: gw\n" GW TOLERATE) },
        { "c.yaml", TEXT(TOP "- name: x\n" GW TOLERATE) },
    };
    auto_arena struct arena arena = { 0 };
    const char *said = mistakes_of(&arena, sources, 3);

    (void)state;
    if (strncmp(said, "b.yaml:4: policies[0].name: ", 28) != 0)
        fail_msg("%s", said);
}

static void test_kept(void **state)
{
    auto_policy_set struct policy_set *set = pods_policy(
        TOP "- name: a\n" GW TOLERATE "  mode: shadow\n"
            "  percent: 7\n- name: b\n" GW
            "  tolerations: []\n  affinity: {nodeAffinity: {"
            "preferredDuringSchedulingIgnoredDuringExecution: ["
            "{weight: 1, preference: {matchExpressions: [{key: a, "
            "operator: Exists}]}}]}}\n---\n" TOP "- name: c\n" GW TOLERATE
            "  spillover: {fillFirst: true, scaleInFirst: true, virtualNodes: "
            "[vk-*, eklet]}\n");
    const struct policy *a = policy_set_at(set, 0), *b = policy_set_at(set, 1),
                        *c = policy_set_at(set, 2);

    (void)state;
    assert_int_equal(policy_set_count(set), 3);
    assert_true(text_is(a->name, "a"));
    assert_true(a->shadow);
    assert_int_equal(a->percent, 7);
    assert_false(b->shadow);
    assert_int_equal(b->percent, 100);
    assert_null(b->tolerations);
    assert_null(b->required);
    assert_non_null(b->preferred);
    assert_false(a->fill_first || a->scale_in_first || a->spread);
    assert_int_equal(a->n_virtual_nodes, 0);
    assert_true(text_is(c->name, "c"));
    assert_true(c->fill_first && c->scale_in_first && c->spread);
    assert_int_equal(c->n_virtual_nodes, 2);
    assert_string_equal(c->virtual_nodes[0].data, "vk-*");
    assert_string_equal(c->virtual_nodes[1].data, "eklet");
    assert_true(policy_set_scales_in_first(set));
    assert_true(policy_has_namespace(a, (struct text)TEXT("edge")));
    assert_false(policy_has_namespace(a, (struct text)TEXT("edge2")));
    assert_false(policy_has_namespace(a, (struct text)TEXT("")));
}

static void test_digest(void **state)
{
    static const char one[] = TOP "- name: a\n" GW TOLERATE;
    static const char two[] = TOP "- name: b\n" GW TOLERATE "# end";
    const struct policy_source sources[] = { { "1", TEXT(one) },
                                             { "2", TEXT(two) } };
    unsigned char sum[SHA256_DIGEST_LENGTH];
    auto_policy_set struct policy_set *set = NULL;
    auto_buf struct buf joined = { 0 }, mistakes = { 0 };
    struct error err = { 0 };
    char wanted[13];

    (void)state;
    buf_printf(&joined, "%s%s", one, two);
    SHA256((const unsigned char *)joined.data, joined.len, sum);
    for (int i = 0; i < 6; i++)
        (void)snprintf(wanted + 2 * i, 3, "%02x", sum[i]);
    set = policy_set_parse(sources, 2, &mistakes, &err);
    assert_non_null(set);
    assert_string_equal(policy_set_digest(set), wanted);
}

/* The vendor's document, section by section (POLICY: the built-in one). */
static void test_builtin(void **state)
{
    auto_buf struct buf yaml = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    auto_arena struct arena arena = { 0 };
    const struct policy *policy;

    (void)state;
    buf_add_text(&yaml, policy_builtin());
    set = pods_policy(yaml.data);
    assert_int_equal(policy_set_count(set), 1);
    policy = policy_set_at(set, 0);
    assert_true(text_is(policy->name, "asm-gateway"));
    assert_int_equal(policy->percent, 100);
    assert_false(policy->shadow);
    assert_true(policy->tolerates_eci);
    assert_false(policy->fill_first || policy->scale_in_first);
    assert_false(policy_set_scales_in_first(set));
    assert_true(
        policy_has_namespace(policy, (struct text)TEXT("istio-system")));
    assert_string_equal(
        pods_print(&arena, policy->tolerations),
        "[{'key':'virtual-kubelet.io/provider','operator':'Equal','value':"
        "'alibabacloud','effect':'NoSchedule'},{'key':'mykey','operator':"
        "'Equal','value':'myvalue','effect':'NoSchedule'}]");
    assert_string_equal(
        pods_print(&arena, policy->required),
        "[{'matchExpressions':[{'key':'mykey4pod','operator':'In','values':["
        "'asmgateway']}]},{'matchExpressions':[{'key':'type','operator':'In',"
        "'values':['virtual-kubelet']}]}]");
    assert_string_equal(
        pods_print(&arena, policy->preferred),
        "[{'weight':20,'preference':{'matchExpressions':[{'key':'type',"
        "'operator':'In','values':['virtual-kubelet']}]}},{'weight':80,"
        "'preference':{'matchExpressions':[{'key':'mykey4pod','operator':'In',"
        "'values':['asmgateway']}]}}]");
}

int main(void)
{
    static const struct CMUnitTest more[] = {
        { "every source is read to its end", test_every_source, NULL, NULL,
          NULL },
        { "a name in two files has its place", test_same_name_in_two_files,
          NULL, NULL, NULL },
        { "what a policy says is kept", test_kept, NULL, NULL, NULL },
        { "the digest is over all bytes, in order", test_digest, NULL, NULL,
          NULL },
        { "the built-in policy is the vendor's", test_builtin, NULL, NULL,
          NULL },
    };
    struct CMUnitTest tests[array_len(mistakes_wanted) + array_len(more)];
    static char wanted[array_len(mistakes_wanted)][256];
    size_t n = 0;

    for (; n < array_len(mistakes_wanted); n++) {
        (void)snprintf(wanted[n], sizeof(wanted[n]), "%s", mistakes_wanted[n]);
        tests[n] = (struct CMUnitTest){ mistakes_wanted[n], test_every_mistake,
                                        NULL, NULL, wanted[n] };
    }
    memcpy(&tests[n], more, sizeof(more));
    return cmocka_run_group_tests_name("policy set", tests, NULL, NULL);
}
