/*
 * test_laws.c - the four laws of the merge, on random policies, pods and nodes.
 *
 * Every pod goes through admit(), and the patch that is emitted is applied by
 * an apply of the tests' own.  What was computed is compared with a second
 * merge, written from the rules alone (oracle.h).
 *
 * The seed is printed.  SPILLWAY_SEED repeats a run.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "generate.h"
#include "oracle.h"
#include "pods.h"

#include "spillway/change.h"
#include "spillway/macros.h"
#include "spillway/patch.h"
#include "spillway/review.h"

enum { POLICIES = 850, POLICIES_WITH_TWINS = 600, PODS = 12, NODES = 12 };

#define SPREAD "topologySpreadConstraints"
#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"

/* One pod on trial. */
struct trial {
    struct arena *arena;
    struct generator *generator;
    const struct policy_set *set;
    const struct policy *policy;
    const char *policy_text, *pod_text;
    uint64_t seed;

    size_t usual; /* pods whose patch was the usual one */
    struct admission admission;
    const struct json *before; /* as Go decodes it */
    struct json *after;        /* with the patch applied */
};

static void check(const struct trial *trial, bool good, const char *law)
{
    if (good)
        return;
    /* cmocka would cut a long message. */
    (void)fprintf(stderr,
                  "SPILLWAY_SEED=%llu\npolicy:\n%s\npod: %s\npatch: %.*s\n",
                  (unsigned long long)trial->seed, trial->policy_text,
                  trial->pod_text, TEXT_ARG(trial->admission.patch));
    fail_msg("%s", law);
}

static bool is_daemonset(const struct json *pod)
{
    return json_get(json_get(pod, "metadata"), "ownerReferences") != NULL;
}

static const struct json *terms_of(const struct json *pod, bool *required)
{
    const struct json *affinity = json_get(json_get(pod, "spec"), "affinity");
    const struct json *node = json_get(affinity, "nodeAffinity");

    *required = json_get(node, REQUIRED) != NULL;
    return json_get(json_get(node, REQUIRED), "nodeSelectorTerms");
}

/* nodes(after) = nodes(before) AND nodes(policy). */
static void law_1(const struct trial *trial)
{
    bool was_required, is_required;
    const struct json *before = terms_of(trial->before, &was_required);
    const struct json *after = terms_of(trial->after, &is_required);

    if (trial->admission.reason == REASON_DAEMONSET ||
        trial->admission.reason == REASON_NO_FEASIBLE_TERM ||
        trial->admission.reason == REASON_TOO_MANY_TERMS ||
        (was_required && json_count(before) == 0))
        return;
    for (int i = 0; i < NODES; i++) {
        struct node node = generate_node(trial->generator);
        bool wanted = (!was_required || oracle_matches(before, &node)) &&
                      (!trial->policy->required ||
                       oracle_matches(trial->policy->required, &node));
        bool got = !is_required || oracle_matches(after, &node);

        check(trial, got == wanted, "law 1: the pod gained or lost a node");
    }
}

/* Again: nothing to do, and not a byte of a patch. */
static void law_2(const struct trial *trial)
{
    struct admission again;

    pods_admit(trial->set, pods_print(trial->arena, trial->after), trial->arena,
               &again);
    check(trial,
          again.decision == DECISION_UNCHANGED && !again.patch.data &&
              again.n_operations == 0,
          "law 2: a second pass yields a patch");
}

/* The pod with the patch is the pod that was meant. */
static void law_3(const struct trial *trial)
{
    enum reason reason;
    struct json *meant =
        oracle_merge(trial->policy, trial->before, is_daemonset(trial->before),
                     trial->arena, &reason);
    const char *got = oracle_canonical(trial->arena, trial->after);
    const char *wanted = oracle_canonical(trial->arena, meant);
    bool same = strcmp(oracle_canonical(trial->arena, trial->before), got) == 0;

    if (strcmp(got, wanted) != 0)
        print_error("got    %s\nwanted %s\n", got, wanted);
    check(trial, strcmp(got, wanted) == 0, "law 3: not what was meant");
    check(trial, same == (trial->admission.decision == DECISION_UNCHANGED),
          "the decision does not say whether there is a change");
    if (is_daemonset(trial->before))
        reason = REASON_DAEMONSET;
    else if (reason == REASON_APPLIED && same)
        reason = REASON_ALREADY_SATISFIED;
    check(trial, trial->admission.reason == reason, "not the right reason");
}

/* The pod as bytes, without what may change: tolerations, and where the
 * affinity may, constraints that a pod without any was given. */
static const char *untouched(const struct trial *trial, const struct json *pod,
                             bool affinity)
{
    bool spread = affinity && trial->policy->fill_first &&
                  !json_first(json_get(trial->before, "spec"), SPREAD);

    struct json *rest = json_edit(trial->arena, pod, JSON_OBJECT);
    struct json *spec =
        json_edit(trial->arena, json_get(pod, "spec"), JSON_OBJECT);
    struct json *outer =
        json_edit(trial->arena, json_get(spec, "affinity"), JSON_OBJECT);

    for (struct json **m = &outer->child; *m;) {
        if (text_is((*m)->key, "nodeAffinity") && affinity)
            *m = (*m)->next;
        else
            m = &(*m)->next;
    }
    for (struct json **m = &spec->child; *m;) {
        if (text_is((*m)->key, "tolerations") ||
            text_is((*m)->key, "affinity") ||
            (text_is((*m)->key, SPREAD) && spread))
            *m = (*m)->next;
        else
            m = &(*m)->next;
    }
    if (outer->child)
        assert_true(json_set(spec, text_of("affinity"), outer));
    assert_true(json_set(rest, text_of("spec"), spec));
    pods_last_wins(rest);
    return pods_print(trial->arena, rest);
}

/* Nothing else differs, in no byte; constraints of its own do not. */
static void law_4(const struct trial *trial)
{
    bool affinity = trial->admission.reason != REASON_DAEMONSET &&
                    trial->admission.reason != REASON_NO_FEASIBLE_TERM &&
                    trial->admission.reason != REASON_TOO_MANY_TERMS;
    const char *before = untouched(trial, trial->before, affinity);
    const char *after = untouched(trial, trial->after, affinity);

    if (strcmp(before, after) != 0)
        print_error("before %s\nafter  %s\n", before, after);
    check(trial, strcmp(before, after) == 0, "law 4: something else differs");
}

/* The engine's own apply does the same, on a tree with each key once. */
static void compare_applies(const struct trial *trial, const struct json *patch)
{
    struct json *copy = json_clone(trial->arena, trial->before);
    struct error err = { 0 };

    check(trial, patch_apply(&copy, patch, trial->arena, &err),
          "patch_apply() refuses the patch");
    pods_last_wins(copy);
    check(trial,
          strcmp(pods_print(trial->arena, copy),
                 pods_print(trial->arena, trial->after)) == 0,
          "patch_apply() gives something else");
}

/* The answer is what kube-apiserver can read: checked by another parser. */
static void check_answer(const struct trial *trial)
{
    struct text text = trial->admission.response;
    cJSON *answer = cJSON_ParseWithLength(text.data, text.len);
    const cJSON *response =
        cJSON_GetObjectItemCaseSensitive(answer, "response");
    bool patched = cJSON_HasObjectItem(response, "patch");
    bool typed = cJSON_HasObjectItem(response, "patchType");
    bool allowed =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(response, "allowed"));

    cJSON_Delete(answer);
    check(trial, allowed, "the answer does not allow the pod");
    check(trial,
          patched == (trial->admission.patch.data != NULL) && typed == patched,
          "patch and patchType do not go together");
}

/* The usual patch is the one that would have been made. */
static void compare_usual(struct trial *trial)
{
    struct policy general = *trial->policy;
    struct text body =
        pods_review(trial->arena, pods_text(trial->arena, trial->pod_text));
    struct change usual, made;
    struct review review;
    struct error err = { 0 };

    general.usual = (struct usual_patch){ 0 };
    check(
        trial,
        review_decode(body, policy_set_shape(trial->set), trial->arena, &review,
                      &err) &&
            change_pod(trial->policy, review.pod, false, trial->arena, &usual,
                       &err) &&
            change_pod(&general, review.pod, false, trial->arena, &made, &err),
        "the pod cannot be changed");
    if (!usual.encoded.data)
        return;
    trial->usual++;
    check(trial,
          text_equal(usual.patch, made.patch) &&
              usual.n_operations == made.n_operations &&
              usual.reason == made.reason && usual.proven && made.proven &&
              usual.merge.n_terms == made.merge.n_terms,
          "the usual patch is not the one that is made");
}

static void try_pod(struct trial *trial)
{
    struct json *received = pods_json(trial->arena, trial->pod_text);
    struct json *patch;

    pods_last_wins(received);
    trial->before = received;
    trial->after = json_clone(trial->arena, received);
    pods_admit(trial->set, trial->pod_text, trial->arena, &trial->admission);
    check(trial,
          trial->admission.decision == DECISION_MUTATED ||
              trial->admission.decision == DECISION_UNCHANGED,
          "neither mutated nor unchanged");
    check(trial,
          (trial->admission.decision == DECISION_MUTATED) ==
              (trial->admission.n_operations > 0),
          "mutated means that there are operations");
    if (trial->admission.patch.data) {
        patch = pods_json(trial->arena,
                          arena_string(trial->arena, trial->admission.patch));
        check(trial, pods_apply(trial->after, patch, trial->arena),
              "the patch does not apply");
        pods_last_wins(trial->after); /* a value may repeat twins */
        compare_applies(trial, patch);
    }
    check_answer(trial);
    if (trial->admission.reason != REASON_DAEMONSET)
        compare_usual(trial);
    law_1(trial);
    law_2(trial);
    law_3(trial);
    law_4(trial);
}

static uint64_t choose_seed(void)
{
    const char *given = getenv("SPILLWAY_SEED");

    if (given)
        return strtoull(given, NULL, 10);
    return (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
}

/* `twins`: pods also hold keys that come twice, off the paths. */
static void run(uint64_t seed, bool twins)
{
    auto_arena struct arena keep = { 0 }, arena = { 0 };
    size_t usual = 0;
    struct generator generator = { .state = seed + twins, .arena = &keep };

    print_message("SPILLWAY_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < (twins ? POLICIES_WITH_TWINS : POLICIES); i++) {
        auto_policy_set struct policy_set *set = NULL;
        const char *text;

        arena_reset(&keep);
        text = generate_policy(&generator);
        set = pods_policy(text);
        for (int j = 0; j < PODS; j++) {
            struct trial trial = { .arena = &arena,
                                   .generator = &generator,
                                   .set = set,
                                   .policy = policy_set_at(set, 0),
                                   .policy_text = text,
                                   .seed = seed };

            arena_reset(&arena); /* used again, as a server does */
            generator.arena = &arena;
            trial.pod_text = generate_pod(&generator, trial.policy, twins);
            try_pod(&trial);
            usual += trial.usual;
            generator.arena = &keep;
        }
    }
    print_message("%zu pods had their policy's usual patch\n", usual);
    assert_true(usual >= PODS);
}

static void test_laws(void **state)
{
    run(*(const uint64_t *)*state, false);
}

static void test_twins(void **state)
{
    run(*(const uint64_t *)*state, true);
}

int main(void)
{
    static uint64_t seed;
    const struct CMUnitTest tests[] = {
        { "the four laws hold", test_laws, NULL, NULL, &seed },
        { "the four laws hold with keys that come twice", test_twins, NULL,
          NULL, &seed },
    };

    seed = choose_seed();
    return cmocka_run_group_tests_name("laws", tests, NULL, NULL);
}
