/*
 * test_check_pods.c - the rules of `spillway check` about pods.
 */
#include "check_inputs.h"
#include "check_rows.h"

#include "spillway/macros.h"

/* clang-format off */
static struct check_row rows[] = {
    { CHECK_POD_WITHOUT_POLICY, "created without the webhook", GATEWAY("edge-abc-x", "", ON("m1"), "Running"), "Pod istio-system/edge-abc-x runs without policy asm-gateway",
      "kubectl -n istio-system rollout restart deployment/edge" },
    { CHECK_POD_WITHOUT_POLICY, "as the policy wants it", GATEWAY("g", "", AS_WANTED ON("m1"), "Running"), NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "that has ended", GATEWAY("g", "", ON("m1"), "Succeeded"), NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "that no policy selects", "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {nodeName: n}\n", NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "a policy in shadow mode", POLICY GATEWAYS "  mode: shadow\n" TOLERATE GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },

    { CHECK_POD_MISPLACED, "on another node", CLUSTER NODE("m1", "", "") GATEWAY("g", "", ON("m1"), "Running"), "Pod istio-system/g runs on node m1, which policy asm-gateway does not allow",
      "rollout restart deployment/edge" },
    { CHECK_POD_MISPLACED, "a policy in shadow mode", POLICY GATEWAYS "  mode: shadow\n" TOLERATE AFFINITY(REQUIRED(OURS)) NODE("m1", "", "") GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },
    { CHECK_POD_MISPLACED, "on a labelled node", CLUSTER GATEWAY("g", "", ON("node1"), "Running"), NULL, NULL },
    { CHECK_POD_MISPLACED, "on a node that is not given", CLUSTER GATEWAY("g", "", ON("m2"), "Running"), NULL, NULL },

    { CHECK_POD_PENDING, "nowhere, as the nodes say", CLUSTER GATEWAY("g", "", AS_WANTED ", nodeSelector: {a: b}", "Pending"),
      "Pod istio-system/g is not placed; of the nodes given none takes it: 2 nodeSelector", NULL },
    { CHECK_POD_PENDING, "one would take it", CLUSTER GATEWAY("g", "", AS_WANTED, "Pending"), "of the nodes given 2 would take it", NULL },
    { CHECK_POD_PENDING, "placed", CLUSTER GATEWAY("g", "", AS_WANTED ON("node1"), "Pending"), NULL, NULL },

    { CHECK_POD_OPTED_OUT, "by its annotation", GATEWAY("g", ", annotations: {spillway.dev/mutate: 'false'}", ON("m1"), "Running"), "Pod istio-system/g opts out of policy asm-gateway", NULL },
    { CHECK_POD_OPTED_OUT, "not", GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },
};
/* clang-format on */

int main(void)
{
    return check_rows_run("check pods", rows, array_len(rows),
                          CHECK_POD_WITHOUT_POLICY, CHECK_POD_OPTED_OUT);
}
