/* common.c - see fuzz.h. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/policy.h"

static const char rich[] =
    "apiVersion: spillway.dev/v1\n"
    "kind: Policy\n"
    "policies:\n"
    "- name: fill\n"
    "  match:\n"
    "    namespaces: [istio-system, \"*\"]\n"
    "    selectors:\n"
    "    - matchLabels: {istio: ingressgateway}\n"
    "    - matchAnnotations: {inject.istio.io/templates: gateway}\n"
    "      hasContainer: istio-proxy\n"
    "      matchExpressions:\n"
    "      - {key: app, operator: Glob, values: [\"istio-*\", \"[!x]?z\"]}\n"
    "      - {key: nn, operator: NotIn, values: [a, b]}\n"
    "      - {key: ee, operator: Exists}\n"
    "  tolerations:\n"
    "  - {operator: Exists, effect: NoSchedule, key: a}\n"
    "  - {key: b, value: c, effect: NoExecute, tolerationSeconds: 30}\n"
    "  affinity:\n"
    "    nodeAffinity:\n"
    "      requiredDuringSchedulingIgnoredDuringExecution:\n"
    "        nodeSelectorTerms:\n"
    "        - matchExpressions:\n"
    "          - {key: nn, operator: Gt, values: [\"3\"]}\n"
    "          - {key: k, operator: In, values: [x, z]}\n"
    "        - matchExpressions: [{key: v, operator: Exists}]\n"
    "      preferredDuringSchedulingIgnoredDuringExecution:\n"
    "      - weight: 7\n"
    "        preference:\n"
    "          matchExpressions: [{key: v, operator: DoesNotExist}]\n"
    "  spillover:\n"
    "    fillFirst: true\n"
    "    scaleInFirst: true\n"
    "    virtualNodes: [\"virtual-kubelet-*\"]\n";

void fuzz_law(bool holds, const char *law, const char *detail)
{
    if (holds)
        return;
    (void)fprintf(stderr, "broken: %s\n%s\n", law, detail ? detail : "");
    abort();
}

const struct policy_set *fuzz_policy(size_t i)
{
    static struct policy_set *sets[FUZZ_POLICIES];
    const struct policy_source sources[FUZZ_POLICIES] = {
        { "built-in", policy_builtin() },
        { "rich", text_of(rich) },
    };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    if (!sets[i])
        sets[i] = policy_set_parse(&sources[i], 1, &mistakes, &err);
    fuzz_law(sets[i], "the policies of the targets are good", mistakes.data);
    return sets[i];
}

struct text fuzz_part(struct text *rest)
{
    static const char border[] = "%%\n";
    const char *at =
        rest->len ? memmem(rest->data, rest->len, border, 3) : NULL;
    struct text part = *rest;

    if (!at) {
        *rest = (struct text){ 0 };
        return part;
    }
    part.len = (size_t)(at - rest->data);
    *rest = (struct text){ at + 3, rest->len - part.len - 3 };
    return part;
}
