/*
 * test_bindings.c - what becomes of Bindings, on random policies and Bindings.
 *
 * What is wanted is worked out from the rules alone: who decides, by a matcher
 * of the tests' own, and a Binding that differs in one annotation.
 *
 * The seed is printed.  SPILLWAY_SEED repeats a run.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "generate.h"
#include "oracle.h"
#include "pods.h"

#include "spillway/macros.h"

enum { POLICY_SETS = 600, BINDINGS = 12 };

#define COST "controller.kubernetes.io/pod-deletion-cost"

/* One Binding on trial. */
struct trial {
    struct arena *arena;
    const struct policy_set *set;
    const char *policy_text, *binding_text;
    uint64_t seed;

    struct admission admission;
    struct json *before, *after;
};

static void check(const struct trial *trial, bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr,
                  "SPILLWAY_SEED=%llu\npolicy:\n%s\nbinding: %s\npatch: "
                  "%.*s\n",
                  (unsigned long long)trial->seed, trial->policy_text,
                  trial->binding_text, TEXT_ARG(trial->admission.patch));
    fail_msg("%s", what);
}

/* The few globs that are generated, read one by one. */
static bool fits(const char *glob, const char *node)
{
    if (strcmp(glob, "*") == 0)
        return true;
    if (strcmp(glob, "vk-*") == 0)
        return strncmp(node, "vk-", 3) == 0;
    if (strcmp(glob, "n?") == 0)
        return strlen(node) == 2 && *node == 'n';
    if (strcmp(glob, "[vn]*1") == 0)
        return (*node == 'v' || *node == 'n') && node[strlen(node) - 1] == '1';
    return strcmp(glob, node) == 0;
}

static bool decides(const struct policy *policy, const char *node)
{
    bool in_namespace = false, on_node = false;

    for (size_t i = 0; i < policy->n_namespaces; i++)
        in_namespace |= text_is(policy->namespaces[i], "edge") ||
                        text_is(policy->namespaces[i], "*");
    for (size_t i = 0; i < policy->n_virtual_nodes; i++)
        on_node |= fits(policy->virtual_nodes[i].data, node);
    return policy->scale_in_first && in_namespace && on_node;
}

/* The policy that decides, or NULL; *any when some policy scales in first. */
static const struct policy *decider(const struct trial *trial, bool *any)
{
    const struct policy *found = NULL;
    const char *node = arena_string(
        trial->arena, json_string(json_get(trial->before, "target"), "name"));

    *any = false;
    for (size_t i = 0; i < policy_set_count(trial->set); i++) {
        const struct policy *policy = policy_set_at(trial->set, i);

        *any |= policy->scale_in_first;
        if (!found && decides(policy, node))
            found = policy;
    }
    return found;
}

/* The Binding with the annotation, everything else as it was. */
static struct json *annotated(const struct trial *trial)
{
    struct json *after = json_edit(trial->arena, trial->before, JSON_OBJECT);
    struct json *metadata = json_edit(
        trial->arena, json_get(trial->before, "metadata"), JSON_OBJECT);
    struct json *annotations =
        json_edit(trial->arena, json_get(metadata, "annotations"), JSON_OBJECT);

    assert_true(json_set(annotations, text_of(COST),
                         json_string_new(trial->arena, text_of("-100"))));
    assert_true(json_set(metadata, text_of("annotations"), annotations));
    assert_true(json_set(after, text_of("metadata"), metadata));
    return after;
}

static void check_decision(const struct trial *trial)
{
    bool any;
    const struct policy *policy = decider(trial, &any);
    const struct json *metadata = json_get(trial->before, "metadata");
    bool there =
        text_is(json_string(json_get(metadata, "annotations"), COST), "-100");
    enum decision decision = there                      ? DECISION_UNCHANGED
                             : policy && policy->shadow ? DECISION_SHADOWED
                                                        : DECISION_MUTATED;
    enum reason reason = there ? REASON_ALREADY_SATISFIED : REASON_APPLIED;

    if (!policy) {
        decision = DECISION_SKIPPED;
        reason = any ? REASON_NO_MATCH : REASON_NOT_A_POD;
    }
    check(trial, trial->admission.policy == policy, "not the right policy");
    check(trial, trial->admission.decision == decision, "not the right answer");
    check(trial, trial->admission.reason == reason, "not the right reason");
    check(trial, trial->admission.n_warnings == 0, "a Binding gets a warning");
}

static void check_object(const struct trial *trial)
{
    bool mutated = trial->admission.decision == DECISION_MUTATED;
    const char *got = oracle_canonical(trial->arena, trial->after);
    const char *wanted = oracle_canonical(
        trial->arena, mutated ? annotated(trial) : trial->before);

    if (strcmp(got, wanted) != 0)
        print_error("got    %s\nwanted %s\n", got, wanted);
    check(trial, strcmp(got, wanted) == 0, "not what was meant");
    check(trial, trial->admission.n_operations == (mutated ? 1 : 0),
          "one operation is enough");
}

static void admit_binding(const struct trial *trial, const char *text,
                          struct admission *result)
{
    struct error err = { 0 };
    struct text review =
        pods_binding_review(trial->arena, pods_text(trial->arena, text));

    if (!admit(trial->set, review, trial->arena, result, &err))
        fail_msg("%s for %s", err.text, text);
}

static void try_binding(struct trial *trial)
{
    struct admission again;

    trial->before = pods_json(trial->arena, trial->binding_text);
    pods_last_wins(trial->before);
    trial->after = json_clone(trial->arena, trial->before);
    admit_binding(trial, trial->binding_text, &trial->admission);
    if (trial->admission.patch.data)
        check(trial,
              pods_apply(
                  trial->after,
                  pods_json(trial->arena,
                            arena_string(trial->arena, trial->admission.patch)),
                  trial->arena),
              "the patch does not apply");
    check_decision(trial);
    check_object(trial);
    admit_binding(trial, pods_print(trial->arena, trial->after), &again);
    check(trial, !again.patch.data, "a second pass yields a patch");
}

static void run(uint64_t seed, bool twins)
{
    auto_arena struct arena keep = { 0 }, arena = { 0 };
    struct generator generator = { .state = seed + twins, .arena = &keep };

    print_message("SPILLWAY_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < POLICY_SETS; i++) {
        auto_policy_set struct policy_set *set = NULL;
        const char *text;

        arena_reset(&keep);
        text = generate_scale_in_policies(&generator);
        set = pods_policy(text);
        for (int j = 0; j < BINDINGS; j++) {
            struct trial trial = {
                .arena = &arena, .set = set, .policy_text = text, .seed = seed
            };

            arena_reset(&arena);
            generator.arena = &arena;
            trial.binding_text = generate_binding(&generator, twins);
            try_binding(&trial);
            generator.arena = &keep;
        }
    }
}

static void test_bindings(void **state)
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
    const char *given = getenv("SPILLWAY_SEED");
    const struct CMUnitTest tests[] = {
        { "one annotation, and nothing else", test_bindings, NULL, NULL,
          &seed },
        { "the same beside keys that come twice", test_twins, NULL, NULL,
          &seed },
    };

    seed = given ? strtoull(given, NULL, 10)
                 : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
    return cmocka_run_group_tests_name("bindings", tests, NULL, NULL);
}
