/* test_merge.c - what the merge makes of a pod, from one end to the other. */
#include "harness.h"

#include <stdio.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

/* clang-format off */
#define REQUIRED "'requiredDuringSchedulingIgnoredDuringExecution'"
#define PREFERRED "'preferredDuringSchedulingIgnoredDuringExecution'"
#define E "{'key':'e','operator':'In','values':['1']}"
#define V "{'key':'v','operator':'In','values':['1','2']}"
#define ARCH "{'key':'arch','operator':'In','values':['amd64','arm64']}"
#define TERM(list) "{'matchExpressions':[" list "]}"
#define NODE(list) "{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" list "]}}}"
#define TOLERATION "{'key':'t','operator':'Equal','value':'1','effect':'NoSchedule'}"

/* Policies, by what they have. */
#define P_REQUIRED "  affinity: " NODE(TERM(E) "," TERM(V)) "\n"
#define P_TOLERATIONS "  tolerations: [" TOLERATION "]\n"
#define P_TWO_TOLERATIONS "  tolerations: [{'key':'t','operator':'Exists'}," TOLERATION "]\n"
#define P_PREFERRED "  affinity: {'nodeAffinity':{" PREFERRED ":[{'weight':20,'preference':" TERM(V) "},{'weight':80,'preference':" TERM(E) "}]}}\n"
#define P_BOTH "  affinity: {'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" TERM(V) "]}," PREFERRED ":[{'weight':20,'preference':" TERM(V) "}]}}\n"
#define P_PAIR "  affinity: " NODE(TERM(E "," V)) "\n"
#define P_FILL "  spillover: {fillFirst: true}\n"
#define SPREAD "'topologySpreadConstraints':[{'maxSkew':2147483647,'topologyKey':'kubernetes.io/hostname','whenUnsatisfiable':'DoNotSchedule'}]"
#define PREFER(weight, term) "{'weight':" weight ",'preference':" term "}"
#define PREFERS(list) "{'nodeAffinity':{" PREFERRED ":[" list "]}}"

struct row {
    const char *name, *policy;
    const char *before, *after; /* the pod's spec; NULL after: the same */
    enum reason reason;
};

static struct row rows[] = {
    /* tolerations */
    { "no tolerations: the list is made", P_TOLERATIONS, "{'a':1}", "{'a':1,'tolerations':[" TOLERATION "]}", REASON_APPLIED },
    { "null tolerations are replaced", P_TOLERATIONS, "{'tolerations':null}", "{'tolerations':[" TOLERATION "]}", REASON_APPLIED },
    { "an empty list is filled", P_TOLERATIONS, "{'tolerations':[]}", "{'tolerations':[" TOLERATION "]}", REASON_APPLIED },
    { "the pod's own stay in front", P_TOLERATIONS, "{'tolerations':[{'key':'own','operator':'Exists','x':1.0}]}",
      "{'tolerations':[{'key':'own','operator':'Exists','x':1.0}," TOLERATION "]}", REASON_APPLIED },
    { "a covered toleration is not added", P_TOLERATIONS, "{'tolerations':[{'operator':'Exists'}]}", NULL, REASON_ALREADY_SATISFIED },
    { "tolerationSeconds do not matter", P_TOLERATIONS, "{'tolerations':[{'key':'t','operator':'Exists','effect':'NoSchedule','tolerationSeconds':1}]}", NULL, REASON_ALREADY_SATISFIED },
    { "an unknown operator covers nothing", P_TOLERATIONS, "{'tolerations':[{'key':'t','operator':'Lt','value':'1'}]}",
      "{'tolerations':[{'key':'t','operator':'Lt','value':'1'}," TOLERATION "]}", REASON_APPLIED },
    { "one that was just added covers the next", P_TWO_TOLERATIONS, "{}", "{'tolerations':[{'key':'t','operator':'Exists'}]}", REASON_APPLIED },
    { "a null toleration stays", P_TOLERATIONS, "{'tolerations':[null]}", "{'tolerations':[null," TOLERATION "]}", REASON_APPLIED },
    { "a policy without tolerations adds none", P_REQUIRED, "{'affinity':" NODE(TERM(E)) ",'tolerations':[]}", NULL, REASON_ALREADY_SATISFIED },
    /* required: none before */
    { "no affinity: the policy's terms are set", P_REQUIRED, "{}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "null affinity", P_REQUIRED, "{'affinity':null}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "empty affinity", P_REQUIRED, "{'affinity':{}}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "null nodeAffinity", P_REQUIRED, "{'affinity':{'nodeAffinity':null}}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "empty nodeAffinity", P_REQUIRED, "{'affinity':{'nodeAffinity':{}}}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "null required terms", P_REQUIRED, "{'affinity':{'nodeAffinity':{" REQUIRED ":null}}}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "a null list of terms", P_REQUIRED, "{'affinity':{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':null}}}}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "an empty list of terms", P_REQUIRED, "{'affinity':" NODE("") "}", "{'affinity':" NODE(TERM(E) "," TERM(V)) "}", REASON_APPLIED },
    { "unknown members of affinity survive", P_REQUIRED, "{'affinity':{'x':1.0,'podAffinity':{'y':[2]}}}",
      "{'affinity':{'x':1.0,'podAffinity':{'y':[2]},'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" TERM(E) "," TERM(V) "]}}}}", REASON_APPLIED },
    { "unknown members beside the terms survive", P_REQUIRED, "{'affinity':{'nodeAffinity':{'x':1," REQUIRED ":{'y':9007199254740993}}}}",
      "{'affinity':{'nodeAffinity':{'x':1," REQUIRED ":{'y':9007199254740993,'nodeSelectorTerms':[" TERM(E) "," TERM(V) "]}}}}", REASON_APPLIED },
    /* required: terms of its own */
    { "arch affinity is multiplied", P_REQUIRED, "{'affinity':" NODE(TERM(ARCH)) "}", "{'affinity':" NODE(TERM(ARCH "," E) "," TERM(ARCH "," V)) "}", REASON_APPLIED },
    { "a term that implies one of the policy's stays", P_REQUIRED, "{'affinity':" NODE(TERM(ARCH "," E)) "}", NULL, REASON_ALREADY_SATISFIED },
    { "fewer values imply more", P_REQUIRED, "{'affinity':" NODE("{'matchExpressions':[{'key':'v','operator':'In','values':['2']}]}") "}", NULL, REASON_ALREADY_SATISFIED },
    { "more values do not", P_BOTH, "{'affinity':" NODE("{'matchExpressions':[{'key':'v','operator':'In','values':['1','3']}]}") "}",
      "{'affinity':{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[{'matchExpressions':[{'key':'v','operator':'In','values':['1','3']}," V "]}]}," PREFERRED ":[" PREFER("20", TERM(V)) "]}}}", REASON_APPLIED },
    { "what is held set-equal is not repeated", P_PAIR, "{'affinity':" NODE("{'matchExpressions':[{'operator':'In','values':['2','1','2'],'key':'v'}]}") "}",
      "{'affinity':" NODE("{'matchExpressions':[{'operator':'In','values':['2','1','2'],'key':'v'}," E "]}") "}", REASON_APPLIED },
    { "what is held with an unknown member is not set-equal", P_PAIR, "{'affinity':" NODE("{'matchExpressions':[{'key':'v','operator':'In','values':['1','2'],'x':1}]}") "}",
      "{'affinity':" NODE("{'matchExpressions':[{'key':'v','operator':'In','values':['1','2'],'x':1}," E "," V "]}") "}", REASON_APPLIED },
    { "fields and unknown members of a term are kept", P_PAIR, "{'affinity':" NODE("{'x':1,'matchFields':[{'key':'metadata.name','operator':'In','values':['n']}]}") "}",
      "{'affinity':" NODE("{'x':1,'matchFields':[{'key':'metadata.name','operator':'In','values':['n']}],'matchExpressions':[" E "," V "]}") "}", REASON_APPLIED },
    { "null matchExpressions are filled", P_PAIR, "{'affinity':" NODE("{'matchExpressions':null,'matchFields':[{'key':'metadata.name','operator':'In','values':['n']}]}") "}",
      "{'affinity':" NODE("{'matchExpressions':[" E "," V "],'matchFields':[{'key':'metadata.name','operator':'In','values':['n']}]}") "}", REASON_APPLIED },
    { "a satisfied term stays between replaced ones", P_PAIR, "{'affinity':" NODE(TERM(ARCH) "," TERM(V "," E) "," TERM("{'key':'z','operator':'Exists'}")) "}",
      "{'affinity':" NODE(TERM(ARCH "," E "," V) "," TERM(V "," E) "," TERM("{'key':'z','operator':'Exists'}," E "," V)) "}", REASON_APPLIED },
    { "duplicates stay when nothing is replaced", P_REQUIRED, "{'affinity':" NODE(TERM(E) "," TERM(E) "," TERM(E)) "}", NULL, REASON_ALREADY_SATISFIED },
    { "duplicates go when a term is replaced", P_PAIR, "{'affinity':" NODE(TERM(E "," V) "," TERM(ARCH) "," TERM(V "," E) "," TERM(ARCH)) "}",
      "{'affinity':" NODE(TERM(E "," V) "," TERM(ARCH "," E "," V)) "}", REASON_APPLIED },
    { "a replaced term can be a duplicate of one that stays", P_PAIR, "{'affinity':" NODE(TERM(V) "," TERM(V "," E)) "}", "{'affinity':" NODE(TERM(V "," E)) "}", REASON_APPLIED },
    { "empty terms stay where they are", P_PAIR, "{'affinity':" NODE("{}," TERM(ARCH) ",null,{}") "}", "{'affinity':" NODE("{}," TERM(ARCH "," E "," V) ",null,{}") "}", REASON_APPLIED },
    { "an empty term beside a satisfied one changes nothing", P_PAIR, "{'affinity':" NODE("null," TERM(E "," V)) "}", NULL, REASON_ALREADY_SATISFIED },
    { "all terms empty: left alone", P_REQUIRED, "{'affinity':" NODE("{},null,{'matchExpressions':[]}") "}", NULL, REASON_NO_FEASIBLE_TERM },
    { "all terms empty: preferences are left alone too", P_BOTH, "{'affinity':" NODE("{}") "}", NULL, REASON_NO_FEASIBLE_TERM },
    { "all terms empty: tolerations are still added", P_TOLERATIONS P_REQUIRED, "{'affinity':" NODE("null") "}", "{'affinity':" NODE("null") ",'tolerations':[" TOLERATION "]}", REASON_NO_FEASIBLE_TERM },
    { "without required terms in the policy, empty terms do not matter", P_PREFERRED, "{'affinity':{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[{}]}," PREFERRED ":[" PREFER("1", TERM(E)) "," PREFER("1", TERM(V)) "]}}}", NULL, REASON_ALREADY_SATISFIED },
    { "an operator that we do not know is kept", P_PAIR, "{'affinity':" NODE("{'matchExpressions':[{'key':'k','operator':'Near','values':['1']}]}") "}",
      "{'affinity':" NODE("{'matchExpressions':[{'key':'k','operator':'Near','values':['1']}," E "," V "]}") "}", REASON_APPLIED },
    /* preferred */
    { "no preferences: the list is made", P_PREFERRED, "{}", "{'affinity':" PREFERS(PREFER("20", TERM(V)) "," PREFER("80", TERM(E))) "}", REASON_APPLIED },
    { "null preferences", P_PREFERRED, "{'affinity':{'nodeAffinity':{" PREFERRED ":null}}}", "{'affinity':" PREFERS(PREFER("20", TERM(V)) "," PREFER("80", TERM(E))) "}", REASON_APPLIED },
    { "the user's weight wins", P_PREFERRED, "{'affinity':" PREFERS(PREFER("1", TERM(E))) "}", "{'affinity':" PREFERS(PREFER("1", TERM(E)) "," PREFER("20", TERM(V))) "}", REASON_APPLIED },
    { "set-equal preferences are there already", P_PREFERRED, "{'affinity':" PREFERS(PREFER("1", TERM(E)) "," PREFER("2", "{'matchExpressions':[{'operator':'In','key':'v','values':['2','1']}]}")) "}", NULL, REASON_ALREADY_SATISFIED },
    { "a preference with an unknown member is another", P_PREFERRED, "{'affinity':" PREFERS(PREFER("1", TERM(E)) "," PREFER("2", "{'x':1,'matchExpressions':[" V "]}")) "}",
      "{'affinity':" PREFERS(PREFER("1", TERM(E)) "," PREFER("2", "{'x':1,'matchExpressions':[" V "]}") "," PREFER("20", TERM(V))) "}", REASON_APPLIED },
    { "null preferences in the list stay", P_PREFERRED, "{'affinity':" PREFERS("null," PREFER("1", "null")) "}",
      "{'affinity':" PREFERS("null," PREFER("1", "null") "," PREFER("20", TERM(V)) "," PREFER("80", TERM(E))) "}", REASON_APPLIED },
    { "a policy of preferences leaves required terms alone", P_PREFERRED, "{'affinity':{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" TERM(ARCH) "]}," PREFERRED ":[" PREFER("20", TERM(V)) "," PREFER("80", TERM(E)) "]}}}", NULL, REASON_ALREADY_SATISFIED },
    /* fillFirst */
    { "no constraints: one is set", P_TOLERATIONS P_FILL, "{'a':1}", "{'a':1,'tolerations':[" TOLERATION "]," SPREAD "}", REASON_APPLIED },
    { "null constraints are replaced", P_TOLERATIONS P_FILL, "{'tolerations':[" TOLERATION "],'topologySpreadConstraints':null}", "{'tolerations':[" TOLERATION "]," SPREAD "}", REASON_APPLIED },
    { "an empty list of constraints is filled", P_TOLERATIONS P_FILL, "{'topologySpreadConstraints':[],'tolerations':[" TOLERATION "]}", "{" SPREAD ",'tolerations':[" TOLERATION "]}", REASON_APPLIED },
    { "the constraint that is set is enough", P_TOLERATIONS P_FILL, "{'tolerations':[" TOLERATION "]," SPREAD "}", NULL, REASON_ALREADY_SATISFIED },
    { "constraints of its own stay", P_TOLERATIONS P_FILL, "{'topologySpreadConstraints':[{'maxSkew':1,'x':1.0}],'tolerations':[" TOLERATION "]}", NULL, REASON_ALREADY_SATISFIED },
    { "a null constraint is one of its own", P_TOLERATIONS P_FILL, "{'topologySpreadConstraints':[null],'tolerations':[" TOLERATION "]}", NULL, REASON_ALREADY_SATISFIED },
    { "where the affinity is left alone nothing is filled first", P_BOTH P_FILL, "{'affinity':" NODE("{}") "}", NULL, REASON_NO_FEASIBLE_TERM },
    { "what satisfies the policy is filled first too", P_REQUIRED P_FILL, "{'affinity':" NODE(TERM(E)) "}", "{'affinity':" NODE(TERM(E)) "," SPREAD "}", REASON_APPLIED },
    { "without fillFirst no constraint is set", P_TOLERATIONS "  spillover: {fillFirst: false}\n", "{'tolerations':[" TOLERATION "]}", NULL, REASON_ALREADY_SATISFIED },
    /* never touched */
    { "other scheduling stays", P_TOLERATIONS, "{'nodeSelector':{'a':'b'},'topologySpreadConstraints':[{'maxSkew':1}],'affinity':{'podAffinity':{},'podAntiAffinity':{}},'tolerations':[" TOLERATION "]}", NULL, REASON_ALREADY_SATISFIED },
    { "null stays null when there is nothing to add", P_TOLERATIONS, "{'affinity':null,'tolerations':[" TOLERATION "]}", NULL, REASON_ALREADY_SATISFIED },
};
/* clang-format on */

static const char *pod_with(struct arena *arena, const char *spec)
{
    struct buf out = { .arena = arena };

    buf_printf(&out, "{'metadata':{'labels':{'app':'gw'}},'spec':%s}", spec);
    assert_non_null(out.data);
    return out.data;
}

static struct policy_set *policy_with(const char *rest)
{
    auto_buf struct buf out = { 0 };

    buf_printf(&out, "%s%s", PODS_POLICY_HEAD, rest);
    return pods_policy(out.data);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = policy_with(row->policy);
    auto_arena struct arena arena = { 0 };
    const char *before = pod_with(&arena, row->before);
    const char *after = pod_with(&arena, row->after ? row->after : row->before);
    struct admission result;

    assert_string_equal(pods_mutate(set, before, &arena), after);
    pods_admit(set, before, &arena, &result);
    assert_string_equal(reason_name(result.reason), reason_name(row->reason));
    assert_int_equal(result.decision,
                     row->after ? DECISION_MUTATED : DECISION_UNCHANGED);
    assert_string_equal(pods_mutate(set, after, &arena), after);
}

/* --- 64 and 65 terms --------------------------------------------------- */

/* A pod with `count` terms, each of another zone, of which the first
 * `satisfied` imply the policy's only term. */
static const char *many_terms(struct arena *arena, int count, int satisfied,
                              const char *more)
{
    struct buf out = { .arena = arena };

    buf_add_string(&out, "{'affinity':{'nodeAffinity':{" REQUIRED
                         ":{'nodeSelectorTerms':[");
    for (int i = 0; i < count; i++)
        buf_printf(&out,
                   "%s{'matchExpressions':[{'key':'zone','operator':'In',"
                   "'values':['z%d']}%s]}",
                   i ? "," : "", i, i < satisfied ? "," E "," V : "");
    buf_printf(&out, "%s]}}}}", more);
    return pod_with(arena, out.data);
}

struct many {
    const char *name, *policy;
    int count, satisfied;
    const char *more;
    enum reason reason;
};

/* clang-format off */
static struct many many[] = {
    { "64 terms are patched", P_PAIR, 64, 0, "", REASON_APPLIED },
    { "65 terms are not", P_PAIR, 65, 0, "", REASON_TOO_MANY_TERMS },
    { "32 terms times two are patched", P_REQUIRED, 32, 0, "", REASON_APPLIED },
    { "33 terms times two are not", P_REQUIRED, 33, 0, "", REASON_TOO_MANY_TERMS },
    { "one replaced term among 65 is too many", P_PAIR, 65, 64, "", REASON_TOO_MANY_TERMS },
    { "any number of satisfied terms is satisfied", P_PAIR, 500, 500, "", REASON_ALREADY_SATISFIED },
    { "duplicates do not count", P_PAIR, 64, 0, ",{'matchExpressions':[{'key':'zone','operator':'In','values':['z7']}]}", REASON_APPLIED },
    { "duplicates of satisfied terms do not count", P_PAIR, 64, 63, ",{'matchExpressions':[" V "," E ",{'key':'zone','operator':'In','values':['z7']}]}", REASON_APPLIED },
    { "empty terms count", P_PAIR, 64, 0, ",{}", REASON_TOO_MANY_TERMS },
};
/* clang-format on */

static void test_many(void **state)
{
    const struct many *row = *state;
    auto_policy_set struct policy_set *set = policy_with(row->policy);
    auto_arena struct arena arena = { 0 };
    const char *pod = many_terms(&arena, row->count, row->satisfied, row->more);
    struct admission result;

    pods_admit(set, pod, &arena, &result);
    assert_string_equal(reason_name(result.reason), reason_name(row->reason));
    assert_int_equal(result.decision, row->reason == REASON_APPLIED
                                          ? DECISION_MUTATED
                                          : DECISION_UNCHANGED);
}

static void test_too_many_keeps_preferences(void **state)
{
    auto_policy_set struct policy_set *set = policy_with(P_TOLERATIONS P_BOTH);
    auto_arena struct arena arena = { 0 };
    struct admission result;

    (void)state;
    pods_admit(set, many_terms(&arena, 65, 0, ""), &arena, &result);
    assert_int_equal(result.reason, REASON_TOO_MANY_TERMS);
    assert_int_equal(result.decision, DECISION_MUTATED);
    assert_string_equal(arena_string(&arena, result.patch),
                        pods_text(&arena,
                                  "[{'op':'add','path':'/spec/"
                                  "tolerations','value':[" TOLERATION "]}]"));
}

static void test_daemonset(void **state)
{
    auto_policy_set struct policy_set *set =
        policy_with(P_TOLERATIONS P_REQUIRED);
    auto_policy_set struct policy_set *other = policy_with(P_REQUIRED);
    auto_arena struct arena arena = { 0 };
    const char *head = "{'metadata':{'labels':{'app':'gw'},'ownerReferences':[{"
                       "'apiVersion':'apps.kruise.io/v1','kind':'DaemonSet',"
                       "'name':'d','controller':true}]}";
    struct buf pod = { .arena = &arena }, bare = { .arena = &arena };
    struct admission result;

    (void)state;
    buf_printf(&pod, "%s,'spec':{}}", head);
    pods_admit(set, pod.data, &arena, &result);
    assert_int_equal(result.reason, REASON_DAEMONSET);
    assert_int_equal(result.decision, DECISION_MUTATED);
    assert_null(strstr(arena_string(&arena, result.patch), "affinity"));
    pods_admit(other, pod.data, &arena, &result);
    assert_int_equal(result.reason, REASON_DAEMONSET);
    assert_int_equal(result.decision, DECISION_UNCHANGED);
    /* Law 4: not even an empty spec is added. */
    buf_printf(&bare, "%s}", head);
    pods_admit(other, bare.data, &arena, &result);
    assert_int_equal(result.decision, DECISION_UNCHANGED);
    assert_null(result.patch.data);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + array_len(many) + 2];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(many); i++)
        tests[n++] = (struct CMUnitTest){ many[i].name, test_many, NULL, NULL,
                                          &many[i] };
    tests[n++] = (struct CMUnitTest){ "too many terms: only tolerations",
                                      test_too_many_keeps_preferences, NULL,
                                      NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "a DaemonSet's pods get tolerations only",
                                      test_daemonset, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
