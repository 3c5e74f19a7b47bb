/* test_coverage.c - the contract in coverage.h. */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "harness.h"

#include "spillway/coverage.h"
#include "spillway/macros.h"
#include "spillway/testcase.h"

#define HEAD "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
/* Requirements are in the order of the text: a, then b, then the container. */
#define FIRST                                                                  \
    "- name: first\n  match:\n    namespaces: [ns]\n    selectors:\n"          \
    "    - matchLabels: {a: x}\n      hasContainer: proxy\n"                   \
    "      matchExpressions: [{key: b, operator: NotIn, values: [v]}]\n"       \
    "    - matchLabels: {c: z}\n"                                              \
    "  tolerations: [{key: k, operator: Exists}]\n"
#define SECOND                                                                 \
    "- name: second\n  match:\n    namespaces: [ns, other]\n    selectors:\n"  \
    "    - matchLabels: {d: w}\n"                                              \
    "  tolerations: [{key: k, operator: Exists}]\n"

static struct policy_set *parse(const char *text)
{
    const struct policy_source source = { "policy.yaml", text_of(text) };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set = policy_set_parse(&source, 1, &mistakes, &err);

    if (!set)
        fail_msg("%s%s", err.text, mistakes.len ? mistakes.data : "");
    return set;
}

/* One case: a pod, what is done with it, and how often in what follows. */
struct pod {
    const char *operation, *name_space, *labels, *container;
};

static void count(struct coverage *coverage, struct policy_set *own,
                  const struct pod *pod)
{
    auto_arena struct arena arena = { 0 };
    struct testcase_result result = { .arena = &arena,
                                      .own = own,
                                      .evaluated = true };
    struct error err = { 0 };
    char review[1024];
    int len = snprintf(
        review, sizeof(review),
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
        "\"request\":{\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":"
        "\"v1\","
        "\"kind\":\"Pod\"},\"operation\":\"%s\",\"namespace\":\"%s\","
        "\"object\":{\"metadata\":{\"labels\":{%s}},\"spec\":{\"containers\":"
        "[{\"name\":\"%s\"}]}}}}",
        pod->operation, pod->name_space, pod->labels, pod->container);

    assert_true(len > 0 && (size_t)len < sizeof(review));
    result.document.review = text_of(review);
    assert_true(admit(own ? own : coverage->set, result.document.review, &arena,
                      &result.admission, &err));
    assert_true(coverage_add(coverage, &result, &err));
}

static void check(const struct coverage_selector *selector, size_t i,
                  size_t held, size_t failed)
{
    assert_int_equal(selector->requirements[i].held, held);
    assert_int_equal(selector->requirements[i].failed, failed);
}

static void test_requirements(void **state)
{
    auto_policy_set struct policy_set *set = parse(HEAD FIRST SECOND);
    auto_coverage struct coverage coverage = { 0 };
    struct error err = { 0 };
    const struct coverage_selector *s;

    (void)state;
    assert_true(coverage_init(&coverage, set, &err));
    count(&coverage, NULL,
          &(struct pod){ "CREATE", "ns", "\"a\":\"x\"", "proxy" });
    count(&coverage, NULL,
          &(struct pod){ "CREATE", "ns", "\"a\":\"x\"", "other" });
    count(&coverage, NULL,
          &(struct pod){ "CREATE", "ns", "\"a\":\"x\",\"b\":\"v\"", "proxy" });
    count(&coverage, NULL, &(struct pod){ "CREATE", "ns", "", "proxy" });
    assert_int_equal(coverage.cases, 4);
    s = &coverage.policies[0].selectors[0];
    assert_int_equal(s->n_requirements, 3);
    assert_int_equal(s->matched, 1);
    check(s, 0, 3, 1);
    check(s, 1, 2, 1);
    check(s, 2, 1, 1);
    /* The other selector is looked at even where the first matches; of the
     * second policy none where the first decides. */
    check(&coverage.policies[0].selectors[1], 0, 0, 4);
    check(&coverage.policies[1].selectors[0], 0, 0, 3);
    assert_int_equal(coverage.policies[0].decided, 1);
    assert_int_equal(coverage.policies[1].decided, 0);
    assert_int_equal(coverage_sum(&coverage).requirements, 3);
    assert_int_equal(coverage_sum(&coverage).all_requirements, 5);
}

static void test_what_selectors_see(void **state)
{
    auto_policy_set struct policy_set *set = parse(HEAD FIRST SECOND);
    auto_coverage struct coverage coverage = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_true(coverage_init(&coverage, set, &err));
    /* Another namespace, and a request that gets to no selector. */
    count(&coverage, NULL,
          &(struct pod){ "CREATE", "other", "\"d\":\"w\"", "proxy" });
    count(&coverage, NULL,
          &(struct pod){ "UPDATE", "ns", "\"a\":\"x\"", "proxy" });
    check(&coverage.policies[0].selectors[0], 0, 0, 0);
    check(&coverage.policies[1].selectors[0], 0, 1, 0);
    assert_int_equal(coverage.policies[1].decided, 1);
    assert_int_equal(coverage.reasons[REASON_OPERATION], 1);
    assert_int_equal(coverage_sum(&coverage).guards, 1);
    assert_int_equal(coverage_sum(&coverage).all_guards, 9);
    assert_int_equal(coverage_sum(&coverage).requirements, 0);
}

static void test_own_policy(void **state)
{
    auto_policy_set struct policy_set *set = parse(HEAD FIRST);
    auto_policy_set struct policy_set *same = parse(HEAD FIRST);
    auto_policy_set struct policy_set *other = parse(HEAD FIRST SECOND);
    const struct pod pod = { "CREATE", "ns", "\"a\":\"x\"", "proxy" };
    auto_coverage struct coverage coverage = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_true(coverage_init(&coverage, set, &err));
    count(&coverage, same, &pod);
    count(&coverage, other, &pod);
    assert_int_equal(coverage.cases, 1);
    assert_int_equal(coverage.left_out, 1);
    assert_int_equal(coverage.policies[0].decided, 1);
    check(&coverage.policies[0].selectors[0], 0, 1, 0);
}

static void test_not_evaluated(void **state)
{
    auto_policy_set struct policy_set *set = parse(HEAD FIRST);
    const struct testcase_result result = { 0 };
    auto_coverage struct coverage coverage = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_true(coverage_init(&coverage, set, &err));
    assert_true(coverage_add(&coverage, &result, &err));
    assert_int_equal(coverage.cases + coverage.left_out, 0);
}

static void test_json(void **state)
{
    auto_policy_set struct policy_set *set = parse(HEAD FIRST);
    auto_coverage struct coverage coverage = { 0 };
    struct error err = { 0 };
    const cJSON *selector;
    cJSON *root;

    (void)state;
    assert_true(coverage_init(&coverage, set, &err));
    count(&coverage, NULL,
          &(struct pod){ "CREATE", "ns", "\"a\":\"x\"", "proxy" });
    root = coverage_json(&coverage);
    selector = cJSON_GetArrayItem(
        cJSON_GetObjectItem(
            cJSON_GetArrayItem(cJSON_GetObjectItem(root, "policies"), 0),
            "selectors"),
        0);
    /* Words are written as they are: read them back. */
    assert_int_equal(
        (int)cJSON_GetNumberValue(cJSON_GetObjectItem(selector, "matched")), 1);
    assert_string_equal(cJSON_GetObjectItem(selector, "words")->valuestring,
                        "\"a=x and b!=v and container proxy\"");
    cJSON_Delete(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requirements),
        cmocka_unit_test(test_what_selectors_see),
        cmocka_unit_test(test_own_policy),
        cmocka_unit_test(test_not_evaluated),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
