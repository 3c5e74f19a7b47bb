/* test_warn.c - the warnings: when each comes, what suppresses it, its form. */
#include "harness.h"

#include <stdio.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

/* clang-format off */
#define REQUIRED "'requiredDuringSchedulingIgnoredDuringExecution'"
#define E "{'key':'mykey4pod','operator':'In','values':['asmgateway']}"
#define V "{'key':'type','operator':'In','values':['virtual-kubelet']}"
#define TERM(list) "{'matchExpressions':[" list "]}"
#define OWN(list) "'affinity':{'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" list "]}}}"
#define TERMS(list) "  affinity: {'nodeAffinity':{" REQUIRED ":{'nodeSelectorTerms':[" list "]}}}\n"
#define ECI "  tolerations: [{key: virtual-kubelet.io/provider, value: alibabacloud, effect: NoSchedule}]\n"
#define OTHER "  tolerations: [{key: mykey, value: myvalue, effect: NoSchedule}]\n"
#define VENDOR ECI TERMS(TERM(E) "," TERM(V))

#define SCALE_IN "  spillover: {scaleInFirst: true, virtualNodes: [vk-*]}\n"
#define OTHER_SCALES_IN "- name: other\n  match: {namespaces: [edge], selectors: [{hasContainer: c}]}\n" OTHER SCALE_IN
#define COST(value) "'annotations':{'controller.kubernetes.io/pod-deletion-cost':" value "},"

/* The kinds of the warnings that come, in order, each followed by a space. */
struct row {
    const char *name, *policy, *metadata, *spec, *kinds;
};

static struct row rows[] = {
    { "a plain pod gets none", VENDOR, "", "", "" },
    { "a pod that is as wanted gets none", ECI TERMS(TERM(V)), "", OWN(TERM(V)), "" },
    /* no-feasible-term, too-many-terms */
    { "only empty terms", VENDOR, "", OWN("{},null"), "no-feasible-term " },
    { "no-feasible-term suppresses the next two", VENDOR, "", OWN("{}") ",'nodeSelector':{'type':'x'}", "no-feasible-term " },
    { "no-feasible-term goes with ECI's", VENDOR, "", OWN("{}") ",'hostPID':true", "no-feasible-term eci-unsupported " },
    /* unschedulable */
    { "a nodeSelector that contradicts every term", VENDOR, "", "'nodeSelector':{'mykey4pod':'x','type':'y'}", "unschedulable " },
    { "own terms that contradict every term", VENDOR, "", OWN(TERM("{'key':'mykey4pod','operator':'DoesNotExist'},{'key':'type','operator':'NotIn','values':['virtual-kubelet']}")), "unschedulable " },
    { "own terms that contradict the nodeSelector", ECI, "", OWN(TERM("{'key':'a','operator':'In','values':['1']}")) ",'nodeSelector':{'a':'2'}", "unschedulable " },
    { "own terms that contradict themselves", ECI, "", OWN(TERM("{'key':'a','operator':'Exists'},{'key':'a','operator':'DoesNotExist'}")), "unschedulable " },
    { "matchFields that contradict one another", VENDOR, "", OWN("{'matchFields':[{'key':'metadata.name','operator':'In','values':['a']},{'key':'metadata.name','operator':'In','values':['b']}]}"), "unschedulable " },
    { "one term that is left is enough", VENDOR, "", "'nodeSelector':{'mykey4pod':'x'}", "" },
    { "unschedulable suppresses no-virtual-node", ECI TERMS(TERM(V)), "", "'nodeSelector':{'type':'y'}", "unschedulable " },
    { "a nodeSelector alone contradicts nothing", OTHER, "", "'nodeSelector':{'type':'y'}", "" },
    /* no-virtual-node */
    { "a nodeSelector that rules out the virtual node", VENDOR, "", "'nodeSelector':{'type':'x'}", "no-virtual-node " },
    { "own terms that imply the other of the policy's", VENDOR, "", OWN(TERM(E ",{'key':'type','operator':'DoesNotExist'}")), "no-virtual-node " },
    { "own terms that leave the virtual node open", VENDOR, "", OWN(TERM("{'key':'zone','operator':'In','values':['a']}")), "" },
    { "a policy without virtual nodes", TERMS(TERM(E)), "", "'nodeSelector':{'type':'x'}", "" },
    { "a self-managed virtual node", TERMS(TERM(E) "," TERM("{'key':'k8s.aliyun.com/vnode','operator':'In','values':['true']}")), "", "'nodeSelector':{'k8s.aliyun.com/vnode':'false'}", "no-virtual-node " },
    { "Azure's second virtual node", TERMS(TERM(E) "," TERM("{'key':'virtualization','operator':'In','values':['virtualnode2']}")), "", "'nodeSelector':{'virtualization':'x'}", "no-virtual-node " },
    { "Tencent's super node", TERMS(TERM(E) "," TERM("{'key':'node.kubernetes.io/instance-type','operator':'In','values':['eklet']}")), "", "'nodeSelector':{'node.kubernetes.io/instance-type':'x'}", "no-virtual-node " },
    { "Liqo's virtual node", TERMS(TERM(E) "," TERM("{'key':'liqo.io/type','operator':'In','values':['virtual-node']}")), "", "'nodeSelector':{'liqo.io/type':'x'}", "no-virtual-node " },
    { "another value of such a label is no virtual node", TERMS(TERM(E) "," TERM("{'key':'type','operator':'In','values':['gpu']}")), "", "'nodeSelector':{'type':'x'}", "" },
    /* when ECI is asked about */
    { "a policy that does not tolerate ECI", OTHER, "'annotations':{'alibabacloud.com/burst-resource':'eci'},", "'hostNetwork':true", "" },
    { "a policy that tolerates the self-managed node", "  tolerations: [{key: k8s.aliyun.com/vnode, value: 'true', effect: NoSchedule}]\n", "", "'hostNetwork':true", "eci-unsupported " },
    { "a policy that tolerates the key whatever its value", "  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]\n", "", "'hostNetwork':true", "eci-unsupported " },
    { "a policy that tolerates everything", "  tolerations: [{operator: Exists}]\n", "", "'hostNetwork':true", "eci-unsupported " },
    { "a policy that tolerates another provider", "  tolerations: [{key: virtual-kubelet.io/provider, value: azure, effect: NoSchedule}]\n", "", "'hostNetwork':true", "" },
    /* eci-override */
    { "the label eci=true", ECI, "'labels':{'app':'gw','alibabacloud.com/eci':'true'},", "", "eci-override " },
    { "the label eci=false", ECI, "'labels':{'app':'gw','alibabacloud.com/eci':'false'},", "", "" },
    { "the annotation burst-resource", ECI, "'annotations':{'alibabacloud.com/burst-resource':'eci_only'},", "", "eci-override " },
    { "both override once", ECI, "'labels':{'app':'gw','alibabacloud.com/eci':'true'},'annotations':{'alibabacloud.com/burst-resource':'eci'},", "", "eci-override " },
    { "all that can come together, in order", VENDOR, "'annotations':{'alibabacloud.com/burst-resource':'eci'},", "'nodeSelector':{'type':'x'},'hostNetwork':true", "no-virtual-node eci-unsupported eci-override " },
    /* deletion-cost */
    { "a deletion cost of its own", ECI SCALE_IN, COST("'7'"), "", "deletion-cost " },
    { "a cost that is the policy's: other nodes' pods have it too", ECI SCALE_IN, COST("'-100'"), "", "deletion-cost " },
    { "a null cost is an empty one", ECI SCALE_IN, COST("null"), "", "deletion-cost " },
    { "a cost, and scaleInFirst in another policy", ECI OTHER_SCALES_IN, COST("'7'"), "", "" },
    { "scaleInFirst and no cost", ECI SCALE_IN, "'annotations':{'a':'b'},", "", "" },
    { "deletion-cost goes with no-feasible-term", VENDOR SCALE_IN, COST("'7'"), OWN("{}"), "no-feasible-term deletion-cost " },
    { "deletion-cost comes last", VENDOR SCALE_IN, "'annotations':{'alibabacloud.com/burst-resource':'eci','controller.kubernetes.io/pod-deletion-cost':'1'},", "'nodeSelector':{'type':'x'},'hostNetwork':true", "no-virtual-node eci-unsupported eci-override deletion-cost " },
    { "fillFirst's constraint is no hostname spread of its own", ECI "  spillover: {fillFirst: true}\n", "", "", "" },
    /* who gets none */
    { "skipped pods get none", ECI, "'annotations':{'spillway.dev/mutate':'false'},", "'hostNetwork':true", "" },
    { "a DaemonSet's pods get none", ECI, "'ownerReferences':[{'kind':'DaemonSet','name':'d','controller':true}],", "'hostNetwork':true", "" },
};

/* What ECI does not support, on both sides of each bound. */
struct feature {
    const char *spec; /* members of the spec */
    const char *told; /* a piece of the warning; NULL: there is none */
};

#define CONTAINER(rest) "'containers':[{'name':'c'," rest "}]"
#define INIT(rest) "'initContainers':[{'name':'c'," rest "}]"
#define SYSCTL(name) "'securityContext':{'sysctls':[{'name':'" name "','value':'1'}]}"
#define CPU(q) CONTAINER("'resources':{'limits':{'cpu':" q "}}")
#define SPREAD(key, when, rest) "'topologySpreadConstraints':[{'topologyKey':'" key "','whenUnsatisfiable':'" when "'" rest "}]"
#define ANTI(kind, list) "'affinity':{'podAntiAffinity':{'" kind "DuringSchedulingIgnoredDuringExecution':[" list "]}}"

static const struct feature features[] = {
    { "'hostNetwork':true", "hostNetwork" }, { "'hostNetwork':false", NULL }, { "'hostNetwork':null", NULL },
    { "'hostPID':true", "hostPID" }, { "'hostPID':false", NULL }, { "'hostIPC':true", NULL },
    { CONTAINER("'ports':[{'containerPort':80,'hostPort':80}]"), "hostPort" },
    { INIT("'ports':[{'containerPort':80,'hostPort':80}]"), "hostPort" },
    { CONTAINER("'ports':[{'containerPort':80,'hostPort':0}]"), NULL },
    { CONTAINER("'ports':null"), NULL },
    { "'volumes':[{'name':'a','emptyDir':{}},{'name':'v','hostPath':{'path':'/'}}]", "hostPath" },
    { "'volumes':[{'name':'v','hostPath':null}]", NULL },
    { "'volumes':[null]", NULL },
    { CONTAINER("'securityContext':{'privileged':true}"), "privileged" },
    { INIT("'securityContext':{'privileged':true}"), "privileged" },
    { CONTAINER("'securityContext':{'privileged':false}"), NULL },
    { SYSCTL("kernel.shmmax"), NULL }, { SYSCTL("kernel.shm_rmid_forced"), NULL },
    { SYSCTL("kernel.msgmax"), NULL }, { SYSCTL("kernel.sem"), NULL }, { SYSCTL("kernel.semx"), "sysctl" },
    { SYSCTL("fs.mqueue.msg_max"), NULL }, { SYSCTL("fs.file-max"), "sysctl" }, { SYSCTL("net.core.somaxconn"), NULL },
    { SYSCTL("net.ipv4.ip_local_port_range"), NULL }, { SYSCTL("net.ipv4.tcp_syncookies"), "sysctl" },
    { SYSCTL("vm.min_free_kbytes"), NULL }, { SYSCTL("vm.swappiness"), "sysctl" }, { SYSCTL("kernel.hostname"), "sysctl" },
    { SYSCTL("xnet.core"), "sysctl" }, { "'securityContext':{'sysctls':null}", NULL },
    { CPU("64"), NULL }, { CPU("'64'"), NULL }, { CPU("'64001m'"), "64 vCPU" }, { CPU("'64000m'"), NULL }, { CPU("65"), "64 vCPU" },
    { CPU("'64000000000n'"), NULL }, { CPU("'64000000001n'"), "64 vCPU" }, { CPU("'0.064k'"), NULL }, { CPU("'0.065k'"), "64 vCPU" },
    { CPU("'6.4e1'"), NULL }, { CPU("'6.5e1'"), "64 vCPU" }, { CPU("'1Ki'"), "64 vCPU" },
    { "'containers':[{'name':'a','resources':{'limits':{'cpu':'63.5'}}},{'name':'b','resources':{'requests':{'cpu':'500m'}}}]", NULL },
    { "'containers':[{'name':'a','resources':{'limits':{'cpu':'63.5'}}},{'name':'b','resources':{'requests':{'cpu':'501m'}}}]", "64 vCPU" },
    { CONTAINER("'ports':[{'containerPort':110},{'containerPort':112},{'containerPort':10251}]"), NULL },
    { CONTAINER("'ports':[{'containerPort':80},{'containerPort':111}]"), "containerPort" },
    { CONTAINER("'ports':[{'containerPort':10250}]"), "containerPort" },
    { CONTAINER("'ports':[{'containerPort':10255}]"), "containerPort" },
    { ANTI("required", "{'topologyKey':'kubernetes.io/hostname'}"), "anti-affinity" },
    { ANTI("required", "{'topologyKey':'zone'},{'topologyKey':'kubernetes.io/hostname'}"), "anti-affinity" },
    { ANTI("required", "{'topologyKey':'topology.kubernetes.io/zone'}"), NULL },
    { ANTI("preferred", "{'weight':1,'podAffinityTerm':{'topologyKey':'kubernetes.io/hostname'}}"), NULL },
    { SPREAD("kubernetes.io/hostname", "DoNotSchedule", ",'labelSelector':{}"), "spread" },
    { SPREAD("kubernetes.io/hostname", "DoNotSchedule", ",'labelSelector':null"), NULL },
    { SPREAD("kubernetes.io/hostname", "DoNotSchedule", ""), NULL },
    { SPREAD("kubernetes.io/hostname", "ScheduleAnyway", ",'labelSelector':{}"), NULL },
    { SPREAD("topology.kubernetes.io/zone", "DoNotSchedule", ",'labelSelector':{}"), NULL },
};
/* clang-format on */

static struct policy_set *policy_with(const char *rest)
{
    auto_buf struct buf out = { 0 };

    buf_printf(&out, "%s%s", PODS_POLICY_HEAD, rest);
    return pods_policy(out.data);
}

/* `metadata` may bring labels of its own: then there are no others. */
static void admit_pod(const struct policy_set *set, const char *metadata,
                      const char *spec, struct arena *arena,
                      struct admission *result)
{
    struct buf pod = { .arena = arena };
    bool labels = strstr(metadata, "'labels'") != NULL;

    buf_printf(&pod, "{'metadata':{%s%s},'spec':{%s}}", metadata,
               labels ? "'x':1" : "'labels':{'app':'gw'}", spec);
    pods_admit(set, pod.data, arena, result);
    for (size_t i = 0; i < result->n_warnings; i++) {
        const char *text = result->warnings[i].text;

        assert_in_range(strlen(text), 1, 120);
        for (; *text; text++)
            assert_in_range(*text, 0x20, 0x7E);
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = policy_with(row->policy);
    auto_arena struct arena arena = { 0 };
    struct admission result;
    char kinds[256] = "";

    admit_pod(set, row->metadata, row->spec, &arena, &result);
    for (size_t i = 0; i < result.n_warnings; i++) {
        strcat(kinds, warning_kind_name(result.warnings[i].kind));
        strcat(kinds, " ");
    }
    assert_string_equal(kinds, row->kinds);
}

static void check_feature(const char *spec, const char *told)
{
    auto_policy_set struct policy_set *set = policy_with(ECI);
    auto_arena struct arena arena = { 0 };
    struct admission result;

    admit_pod(set, "", spec, &arena, &result);
    if (result.n_warnings != (told != NULL))
        fail_msg("%zu warnings for %.200s", result.n_warnings, spec);
    if (!told)
        return;
    assert_int_equal(result.warnings[0].kind, WARNING_ECI_UNSUPPORTED);
    if (!strstr(result.warnings[0].text, told))
        fail_msg("'%s' does not say %s", result.warnings[0].text, told);
}

static void test_feature(void **state)
{
    const struct feature *feature = *state;

    check_feature(feature->spec, feature->told);
}

/* A list of `count` elements. */
static const char *list(struct arena *arena, const char *name, int count,
                        const char *element)
{
    struct buf out = { .arena = arena };

    buf_printf(&out, "'%s':[", name);
    for (int i = 0; i < count; i++)
        buf_printf(&out, "%s%s", i ? "," : "", element);
    buf_add_char(&out, ']');
    return out.data;
}

static void test_counts(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    check_feature(list(&arena, "containers", 20, "{}"), NULL);
    check_feature(list(&arena, "containers", 21, "{}"), "20 containers");
    check_feature(list(&arena, "volumes", 20, "{'emptyDir':{}}"), NULL);
    check_feature(list(&arena, "volumes", 21, "{}"), "20 volumes");
}

/* Twenty times 3.2 is 64, however the sum is made. */
static void test_cpu_sum(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    check_feature(list(&arena, "containers", 20,
                       "{'name':'c','resources':{'limits':{'cpu':'3.2'}}}"),
                  NULL);
    check_feature(list(&arena, "containers", 20,
                       "{'name':'c','resources':{'limits':{'cpu':'3201m'}}}"),
                  "64 vCPU");
}

/* --- as many as fit ---------------------------------------------------- */

/* One way to use each feature, in the order of their list; they can all be in
 * one spec. */
enum { FEATURES = 12 };

static const char *feature_members(struct arena *arena, unsigned used)
{
    struct buf out = { .arena = arena };

    buf_printf(&out, "'x':0%s%s", used & 1 ? ",'hostNetwork':true" : "",
               used & 2 ? ",'hostPID':true" : "");
    buf_printf(&out, ",'containers':[{'ports':[{'containerPort':%d%s}]",
               used & 512 ? 111 : 1, used & 4 ? ",'hostPort':1" : "");
    buf_printf(&out, "%s%s}",
               used & 16 ? ",'securityContext':{'privileged':true}" : "",
               used & 256 ? ",'resources':{'limits':{'cpu':65}}" : "");
    for (int i = 0; i < (used & 64 ? 20 : 0); i++)
        buf_add_string(&out, ",{}");
    buf_printf(&out, "],'volumes':[{%s}", used & 8 ? "'hostPath':{}" : "");
    for (int i = 0; i < (used & 128 ? 20 : 0); i++)
        buf_add_string(&out, ",{}");
    buf_printf(
        &out, "]%s%s%s", used & 32 ? "," SYSCTL("a.b") : "",
        used & 1024
            ? "," ANTI("required", "{'topologyKey':'kubernetes.io/hostname'}")
            : "",
        used & 2048 ? "," SPREAD("kubernetes.io/hostname", "DoNotSchedule",
                                 ",'labelSelector':{}")
                    : "");
    return out.data;
}

static void warning_of(const struct policy_set *set, unsigned used,
                       char out[WARNING_MAX_CHARACTERS + 1])
{
    auto_arena struct arena arena = { 0 };
    struct admission result;

    admit_pod(set, "", feature_members(&arena, used), &arena, &result);
    assert_int_equal(result.n_warnings, 1);
    strcpy(out, result.warnings[0].text);
}

/* What the warning should be: all names, or the most that leave room for the
 * number of the others. */
static void expect_text(char names[FEATURES][128], size_t head, unsigned used,
                        char *out)
{
    char best[1024] = "", all[2048];
    size_t n = (size_t)__builtin_popcount(used), i = 0;
    int len = snprintf(all, sizeof(all), "%.*s", (int)head, names[0]);

    for (int f = 0; f < FEATURES; f++) {
        char tail[32] = "";

        if (!(used & 1U << f))
            continue;
        len += snprintf(all + len, sizeof(all) - (size_t)len, "%s%s",
                        i ? ", " : "", names[f] + head);
        if (++i < n)
            (void)snprintf(tail, sizeof(tail), " and %zu more", n - i);
        if ((size_t)len + strlen(tail) <= WARNING_MAX_CHARACTERS)
            (void)snprintf(best, sizeof(best), "%.900s%s", all, tail);
    }
    strcpy(out, best);
}

static void test_as_many_as_fit(void **state)
{
    auto_policy_set struct policy_set *set = policy_with(ECI);
    char names[FEATURES][128], got[WARNING_MAX_CHARACTERS + 1], wanted[1024];
    size_t head = 0;

    (void)state;
    for (int f = 0; f < FEATURES; f++)
        warning_of(set, 1U << f, names[f]);
    /* What all begin with is not a name. */
    while (names[0][head] == names[4][head])
        head++;
    for (unsigned used = 1; used < 1U << FEATURES; used++) {
        warning_of(set, used, got);
        expect_text(names, head, used, wanted);
        assert_string_equal(got, wanted);
    }
}

/* --- shadow mode ------------------------------------------------------- */

static void test_shadow(void **state)
{
    auto_buf struct buf yaml = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    auto_arena struct arena arena = { 0 };
    struct admission result;

    (void)state;
    buf_printf(&yaml, "%s%s  mode: shadow\n", PODS_POLICY_HEAD, ECI);
    set = pods_policy(yaml.data);
    admit_pod(set, "", "'hostPID':true", &arena, &result);
    assert_int_equal(result.decision, DECISION_SHADOWED);
    assert_int_equal(result.n_warnings, 1);
    assert_null(strstr(arena_string(&arena, result.response), "warnings"));
    assert_null(strstr(arena_string(&arena, result.response), "patch"));
    admit_pod(set, "", "'hostPID':true,'tolerations':[{'operator':'Exists'}]",
              &arena, &result);
    assert_int_equal(result.decision, DECISION_UNCHANGED);
    assert_non_null(strstr(arena_string(&arena, result.response), "warnings"));
}

static void test_too_many(void **state)
{
    auto_policy_set struct policy_set *set = policy_with(VENDOR);
    auto_arena struct arena arena = { 0 };
    struct buf spec = { .arena = &arena };
    struct admission result;

    (void)state;
    for (int i = 0; i < 65; i++)
        buf_printf(&spec,
                   "%s{'matchExpressions':[{'key':'zone','operator':'In',"
                   "'values':['z%d']},{'key':'type','operator':'In',"
                   "'values':['x']}]}",
                   i ? ","
                     : "'affinity':{'nodeAffinity':{" REQUIRED
                       ":{'nodeSelectorTerms':[",
                   i);
    buf_add_string(&spec, "]}}}");
    admit_pod(set, "", spec.data, &arena, &result);
    assert_int_equal(result.n_warnings, 2);
    assert_int_equal(result.warnings[0].kind, WARNING_TOO_MANY_TERMS);
    /* The terms that result are the pod's own. */
    assert_int_equal(result.warnings[1].kind, WARNING_NO_VIRTUAL_NODE);
}

int main(void)
{
    static struct feature copies[array_len(features)];
    struct CMUnitTest tests[array_len(rows) + array_len(features) + 5];
    size_t n = 0;

    memcpy(copies, features, sizeof(features));
    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(features); i++)
        tests[n++] = (struct CMUnitTest){ copies[i].spec, test_feature, NULL,
                                          NULL, &copies[i] };
    tests[n++] = (struct CMUnitTest){ "20 containers and 20 volumes pass",
                                      test_counts, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "64 vCPU in parts pass", test_cpu_sum,
                                      NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "as many features are named as fit",
                                      test_as_many_as_fit, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "shadowed warnings are only counted",
                                      test_shadow, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "too many terms leave the pod's own",
                                      test_too_many, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("warn", tests, NULL, NULL);
}
