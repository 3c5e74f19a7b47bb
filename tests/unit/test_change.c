/*
 * test_change.c - which pods take their policy's usual patch, and that it is
 * the one that would have been made for them.
 */
#include "harness.h"

#include <stdio.h>

#include "pods.h"
#include "spillway/change.h"
#include "spillway/macros.h"
#include "spillway/review.h"

/* clang-format off */
#define POLICY                                                                 \
    PODS_POLICY_HEAD                                                           \
    "  tolerations:\n"                                                         \
    "  - {key: mykey, operator: Equal, value: myvalue, effect: NoSchedule}\n"  \
    "  affinity:\n"                                                            \
    "    nodeAffinity:\n"                                                      \
    "      requiredDuringSchedulingIgnoredDuringExecution:\n"                  \
    "        nodeSelectorTerms:\n"                                             \
    "        - matchExpressions:\n"                                            \
    "          - {key: mykey4pod, operator: In, values: [asmgateway]}\n"

/* What kube-apiserver gives every pod, and so most pods have. */
#define ONE                                                                    \
    "{'key':'node.kubernetes.io/not-ready','operator':'Exists',"               \
    "'effect':'NoExecute','tolerationSeconds':300}"
#define SPACES "          "
#define SPREAD                                                                 \
    ",'topologySpreadConstraints':[{'topologyKey':'zone'}]"

static struct row {
    const char *name, *spec;
    bool fills_first, is_usual;
} rows[] = {
    { "tolerations that cover nothing", "{'tolerations':[" ONE "]}", false, true },
    { "two of them", "{'tolerations':[" ONE "," ONE "]}", false, true },
    { "an affinity that is null", "{'tolerations':[" ONE "],'affinity':null}", false, true },
    { "members that nobody reads", "{'tolerations':[" ONE "],'priority':7}", false, true },
    { "spread constraints, which only fillFirst looks at",
      "{'tolerations':[" ONE "]" SPREAD "}", false, true },
    { "no spread constraints with fillFirst", "{'tolerations':[" ONE "]}", true, true },
    { "spread constraints with fillFirst", "{'tolerations':[" ONE "]" SPREAD "}", true, false },
    { "an empty list of them", "{'tolerations':[" ONE "],'topologySpreadConstraints':[]}", true, false },
    { "an empty affinity", "{'tolerations':[" ONE "],'affinity':{}}", false, false },
    { "an affinity of another kind", "{'tolerations':[" ONE "],'affinity':{'podAffinity':{}}}", false, false },
    { "no tolerations", "{'priority':7}", false, false },
    { "tolerations that are null", "{'tolerations':null}", false, false },
    { "an empty list of tolerations", "{'tolerations':[" SPACES SPACES SPACES SPACES SPACES SPACES SPACES "]}", false, false },
    { "tolerations that are short", "{'tolerations':[{'key':'a'}]}", false, false },
    { "short ones with white space", "{'tolerations':[{'key':'a'}" SPACES SPACES SPACES SPACES SPACES SPACES "]}", false, false },
    { "one that covers the policy's",
      "{'tolerations':[" ONE ",{'key':'mykey','operator':'Exists'}]}", false, false },
    { "one that covers everything", "{'tolerations':[" ONE ",{'operator':'Exists'}]}", false, false },
    { "one that is null", "{'tolerations':[" ONE ",null]}", false, true },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    auto_policy_set struct policy_set *set = pods_policy(
        row->fills_first ? POLICY "  spillover: {fillFirst: true}\n" : POLICY);
    const struct policy *policy = policy_set_at(set, 0);
    struct policy general = *policy;
    char *pod = arena_grow(&arena, NULL, 0, 2000);
    struct change usual, made;
    struct review review;
    struct error err = { 0 };

    (void)snprintf(pod, 2000, "{'metadata':{'labels':{'app':'gw'}},'spec':%s}",
                   row->spec);
    assert_true(review_decode(pods_review(&arena, pods_text(&arena, pod)),
                              policy_set_shape(set), &arena, &review, &err));
    assert_true(change_pod(policy, review.pod, false, &arena, &usual, &err));
    general.usual = (struct usual_patch){ 0 };
    assert_true(change_pod(&general, review.pod, false, &arena, &made, &err));
    assert_int_equal(usual.encoded.data != NULL, row->is_usual);
    assert_null(made.encoded.data);
    assert_string_equal(arena_string(&arena, usual.patch),
                        arena_string(&arena, made.patch));
    assert_int_equal(usual.n_operations, made.n_operations);
    assert_int_equal(usual.reason, made.reason);
    assert_int_equal(usual.merge.n_terms, made.merge.n_terms);
    assert_true(usual.proven && made.proven);
}

/* A DaemonSet's pod gets its tolerations alone. */
static void test_tolerations_only(void **state)
{
    auto_arena struct arena arena = { 0 };
    auto_policy_set struct policy_set *set = pods_policy(POLICY);
    struct json *pod = pods_json(&arena, "{'spec':{'tolerations':[" ONE "]}}");
    struct change change;
    struct error err = { 0 };

    (void)state;
    assert_true(
        change_pod(policy_set_at(set, 0), pod, true, &arena, &change, &err));
    assert_null(change.encoded.data);
    assert_int_equal(change.n_operations, 1);
}

/* The encoded patch is the patch. */
static void test_encoded(void **state)
{
    auto_arena struct arena arena = { 0 };
    auto_policy_set struct policy_set *set = pods_policy(POLICY);
    const struct usual_patch *usual = &policy_set_at(set, 0)->usual;
    struct buf encoded = { .arena = &arena };

    (void)state;
    buf_add_base64(&encoded, usual->patch);
    assert_true(usual->patch.len > 0);
    assert_true(text_equal(buf_text(&encoded), usual->encoded));
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 2];
    size_t n = 0;

    for (; n < array_len(rows); n++)
        tests[n] =
            (struct CMUnitTest){ rows[n].name, test_row, NULL, NULL, &rows[n] };
    tests[n++] = (struct CMUnitTest){ "tolerations only", test_tolerations_only,
                                      NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "base64 of it is base64 of it",
                                      test_encoded, NULL, NULL, NULL };
    return _cmocka_run_group_tests("change", tests, n, NULL, NULL);
}
