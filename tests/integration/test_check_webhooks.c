/*
 * test_check_webhooks.c - the rules of `spillway check` about webhook
 * configurations.
 */
#include "check_inputs.h"
#include "check_rows.h"

#include "spillway/macros.h"

/* clang-format off */
static struct check_row rows[] = {
    { CHECK_OWN_NAMESPACE, "any namespace but one", HOOK_SCOPE("  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n"),
      "is called for pods in spillway-system", NULL },
    { CHECK_OWN_NAMESPACE, "only conditions", HOOK_SCOPE("  matchConditions: [{name: x, expression: 'true'}]\n"), "spillway-system", NULL },
    { CHECK_OWN_NAMESPACE, "one namespace", HOOK_SCOPE(SCOPE), NULL, NULL },
    { CHECK_OWN_NAMESPACE, "one namespace by its label", HOOK_SCOPE("  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}\n"), NULL, NULL },

    { CHECK_OWN_NAMESPACE, "any namespace, with the conditions of the policy",
      POLICY "- name: gw\n" MATCH("'*'", LABEL("istio: x")) TOLERATE HOOK_SCOPE("  namespaceSelector: {matchLabels: {a: b}}\n"), NULL, NULL },

    { CHECK_FAIL_CLOSED, "Fail, kube-system included", HOOK("gateways.spillway.dev", CLIENT, RULE,
      "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [spillway-system]}]}\n", "  failurePolicy: Fail\n"),
      "does not exclude kube-system", NULL },
    { CHECK_FAIL_CLOSED, "Fail, which is the default, for bindings", BINDINGS(""), "no pod is placed", NULL },
    { CHECK_FAIL_CLOSED, "Fail for gateways only", HOOK_REST("  failurePolicy: Fail\n"), NULL, NULL },
    { CHECK_FAIL_CLOSED, "Ignore", HOOK_REST(REST), NULL, NULL },

    { CHECK_NO_SELECTOR, "nothing is excluded", HOOK_SCOPE(""), "is called for every pod", NULL },
    { CHECK_NO_SELECTOR, "empty selectors exclude nothing", HOOK_SCOPE("  namespaceSelector: {}\n  objectSelector: {}\n"), "is called for every pod", NULL },
    { CHECK_NO_SELECTOR, "an objectSelector", HOOK_SCOPE("  objectSelector: {matchLabels: {a: b}}\n"), NULL, NULL },

    { CHECK_TIMEOUT, "thirty seconds", HOOK_REST("  timeoutSeconds: 30\n"), "timeoutSeconds 30", NULL },
    { CHECK_TIMEOUT, "none", HOOK_REST(""), "has no timeoutSeconds", NULL },
    { CHECK_TIMEOUT, "three seconds for bindings", BINDINGS("  timeoutSeconds: 3\n"), "2 and less", NULL },
    { CHECK_TIMEOUT, "five", HOOK_REST(REST), NULL, NULL },

    { CHECK_SIDE_EFFECTS, "Unknown", HOOK_REST("  sideEffects: Unknown\n"), "sideEffects is Unknown, and should be None", NULL },
    { CHECK_SIDE_EFFECTS, "None", HOOK_REST(REST), NULL, NULL },

    { CHECK_OPERATIONS, "UPDATE too", HOOK_RULE("apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]"), "other operations than CREATE", NULL },
    { CHECK_OPERATIONS, "CREATE", HOOK_RULE(RULE), NULL, NULL },

    { CHECK_RESOURCES, "subresources too", HOOK_RULE("apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods, pods/*]"), "other resources than pods", NULL },
    { CHECK_RESOURCES, "every API group", HOOK_RULE("apiGroups: ['*'], apiVersions: [v1], operations: [CREATE], resources: [pods]"), "other resources than pods", NULL },
    { CHECK_RESOURCES, "bindings where they belong", BINDINGS(BINDINGS_REST), NULL, NULL },

    { CHECK_REINVOCATION, "Never, which is the default", HOOK_REST(""), "reinvocationPolicy is not set, and should be IfNeeded", NULL },
    { CHECK_REINVOCATION, "IfNeeded for bindings", BINDINGS("  reinvocationPolicy: IfNeeded\n"), "should be Never", NULL },
    { CHECK_REINVOCATION, "as it should be", HOOK_REST(REST), NULL, NULL },

    { CHECK_MATCH_POLICY, "Exact", HOOK_REST("  matchPolicy: Exact\n"), "matchPolicy is Exact, and should be Equivalent", NULL },
    { CHECK_MATCH_POLICY, "Equivalent, which is the default", HOOK_REST(REST), NULL, NULL },

    { CHECK_REVIEW_VERSIONS, "another version", HOOK_REST("  admissionReviewVersions: [v2]\n"), "neither v1 nor v1beta1", NULL },
    { CHECK_REVIEW_VERSIONS, "v1", HOOK_REST(REST), NULL, NULL },

    { CHECK_SERVICE, "another Service", HOOK_CLIENT("service: {name: spilway, namespace: spillway-system, path: /mutate}") SERVED,
      "there is no Service spilway in namespace spillway-system", NULL },
    { CHECK_SERVICE, "a Service that selects nothing", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: other", "serve"),
      "selects the pods of no Deployment", NULL },
    { CHECK_SERVICE, "they agree", HOOK_CLIENT(CLIENT) SERVED, NULL, NULL },

    { CHECK_PORT, "a port that the Service lacks", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system, port: 8443, path: /mutate}") SERVED, "calls port 8443", NULL },
    { CHECK_PORT, "a targetPort that no container has", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 9443}") DEPLOYMENT("app: spillway", "serve"),
      "has the port 9443", NULL },
    { CHECK_PORT, "a container that does not list its ports", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 9443}") "---\napiVersion: apps/v1\nkind: Deployment\n"
      "metadata: {name: spillway, namespace: spillway-system}\nspec: {template: {metadata: {labels: {app: spillway}}, spec: {containers: [{name: s}]}}}\n", NULL, NULL },
    { CHECK_PORT, "they agree by number", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 8443}") DEPLOYMENT("app: spillway", "serve"), NULL, NULL },

    { CHECK_PATH, "the server answers another", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path=/hook"),
      "calls the path /mutate, and Deployment spillway-system/spillway answers /hook", NULL },
    { CHECK_PATH, "none in the webhook", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system}") SERVED, "calls the path /,", NULL },
    { CHECK_PATH, "none, and the server answers /", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system}")
      SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path=/"), NULL, NULL },
    { CHECK_PATH, "both say the same", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system, path: /hook}")
      SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path, /hook"), NULL, NULL },

    { CHECK_CA_BUNDLE, "none", HOOK_CLIENT(CLIENT), "has no caBundle", NULL },
    { CHECK_CA_BUNDLE, "cert-manager puts it in", HOOK_CLIENT(CLIENT) "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n"
      "metadata: {name: spillway, annotations: {cert-manager.io/inject-ca-from: spillway-system/spillway}}\n", NULL, NULL },

    { CHECK_CA_BUNDLE_DIFFERS, "no base64", HOOK_CLIENT(CLIENT ", caBundle: '***'"), "caBundle is no PEM in base64", NULL },
    { CHECK_CA_BUNDLE_DIFFERS, "no PEM", HOOK_CLIENT(CLIENT ", caBundle: aGVsbG8="), "caBundle is no PEM in base64", NULL },

    { CHECK_WEBHOOK_DIFFERS, "another namespace than the policy's", POLICY "- name: a\n" MATCH("shop", LABEL("a: b")) TOLERATE HOOK_SCOPE(SCOPE),
      "namespaceSelector is not what `manifest webhook` prints", NULL },
    { CHECK_WEBHOOK_DIFFERS, "no conditions", HOOK_SCOPE(SCOPE), "matchConditions is not what", NULL },
    { CHECK_WEBHOOK_DIFFERS, "another version of the API", HOOK_RULE("apiGroups: [''], apiVersions: ['*'], operations: [CREATE], resources: [pods]"),
      "rules is not what", NULL },
    { CHECK_WEBHOOK_DIFFERS, "bindings without scaleInFirst", BINDINGS(BINDINGS_REST), "no policy of the built-in policy has scaleInFirst", NULL },
    { CHECK_WEBHOOK_DIFFERS, "scaleInFirst without bindings",
      POLICY GATEWAYS TOLERATE "  spillover: {scaleInFirst: true, virtualNodes: ['v*']}\n" HOOK_SCOPE(SCOPE), "has no webhook for pods/binding", NULL },
};
/* clang-format on */

int main(void)
{
    return check_rows_run("check webhooks", rows, array_len(rows),
                          CHECK_OWN_NAMESPACE, CHECK_CA_BUNDLE);
}
