/*
 * manifest_companion.c - `spillway manifest companion`: what tells the user
 * that a pod got through while the webhook could not be reached.
 */
#include <stddef.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cel_state.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/manifest.h"
#include "spillway/policy.h"
#include "spillway/shape.h"

struct settings {
    const char *policy;
};

/* clang-format off */
static const struct option options[] = {
    { "policy", 0, OPTION_STRING, offsetof(struct settings, policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
};

static const char policy_template[] =
"apiVersion: admissionregistration.k8s.io/v1\n"
"kind: ValidatingAdmissionPolicy\n"
"metadata:\n"
"  name: spillway\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"spec:\n"
"  failurePolicy: Ignore\n"
"  matchConstraints:\n"
"    namespaceSelector:\n"
"      matchExpressions:\n"
"      - {key: kubernetes.io/metadata.name, operator: In, values: []}\n"
"    resourceRules:\n"
"    - apiGroups: ['']\n"
"      apiVersions: [v1]\n"
"      operations: [CREATE]\n"
"      resources: [pods]\n"
"      scope: Namespaced\n"
"    matchPolicy: Equivalent\n"
"  matchConditions:\n"
"  - name: not-opted-out\n"
"    expression: object.metadata.?annotations[?\"" ANNOTATION_MUTATE "\"].orValue(\"\") != \"false\"\n"
"  - name: not-a-mirror-pod\n"
"    expression: '!object.metadata.?annotations[?\"" ANNOTATION_MIRROR "\"].hasValue()'\n"
"  - name: not-placed-already\n"
"    expression: object.spec.?nodeName.orValue(\"\") == \"\"\n"
"  - name: not-made-by-a-daemonset\n"
"    expression: '!object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false) && o.kind == \"DaemonSet\")'\n"
"  variables: []\n"
"  validations: []\n";

static const char binding_template[] =
"apiVersion: admissionregistration.k8s.io/v1\n"
"kind: ValidatingAdmissionPolicyBinding\n"
"metadata:\n"
"  name: spillway\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"spec:\n"
"  policyName: spillway\n"
"  validationActions: [Warn, Audit]\n";

static const char comment[] =
"# Warns of gateway pods that were created while Spillway could not be reached,\n"
"# and notes them in the audit log; it never stops one. Checked are policies that\n"
"# enforce, and at 100 percent. Printed by `spillway manifest companion`, anew\n"
"# for another policy.\n";
/* clang-format on */

/* Append `{name: ..., expression: ...}`; returns it, or NULL. */
static struct json *add_variable(struct json *variables, const char *name,
                                 struct text expression, struct arena *arena)
{
    struct json *variable = json_object(arena);

    return variable && json_append(variables, variable) &&
                   manifest_set(variable, "name", text_of(name), arena) &&
                   manifest_set(variable, "expression", expression, arena)
               ? variable
               : NULL;
}

static bool add_variables(struct json *variables, const struct policy_set *set,
                          struct arena *arena, struct error *err)
{
    struct buf first = { .arena = arena };

    if (!cel_state_add_first(&first, set, err))
        return false;
    if (!add_variable(variables, "policy", buf_text(&first), arena))
        return error_no_memory(err);
    for (size_t i = 0; i < CEL_STATE_VARIABLES; i++) {
        const struct cel_variable *variable = &cel_state_variables[i];

        if (!add_variable(variables, variable->name,
                          text_of(variable->expression), arena))
            return error_no_memory(err);
    }
    return true;
}

static bool add_validation(struct json *validations,
                           const struct policy *policy, struct arena *arena,
                           struct error *err)
{
    struct json *validation = json_object(arena);
    struct buf expression = { .arena = arena }, message = { .arena = arena };

    if (!cel_state_add_policy(&expression, policy, err))
        return error_wrap(err, "policy '%.*s'", TEXT_ARG(policy->name));
    buf_printf(&message,
               "Spillway did not apply policy %.*s to this pod; see that it "
               "runs and can be reached (kubectl -n spillway-system get "
               "pods), then restart the workload",
               TEXT_ARG(policy->name));
    return (buf_ok(&message, err) && validation &&
            json_append(validations, validation) &&
            manifest_set(validation, "expression", buf_text(&expression),
                         arena) &&
            manifest_set(validation, "message", buf_text(&message), arena)) ||
           error_no_memory(err);
}

/* One validation for each policy that is checked. */
static bool add_validations(struct json *validations,
                            const struct policy_set *set, struct arena *arena,
                            struct error *err)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (cel_state_is_checked(policy) &&
            !add_validation(validations, policy, arena, err))
            return false;
    }
    if (json_count(validations) > 0)
        return true;
    return error_set(err, ERROR_INVALID,
                     "there is nothing to check: every policy is in shadow "
                     "mode or below 100 percent; leave the companion out "
                     "until one enforces at 100");
}

static int print_companion(const struct policy_set *set)
{
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };
    struct json *policy = manifest_template(policy_template, &arena, &err);
    struct json *binding =
        policy ? manifest_template(binding_template, &arena, &err) : NULL;
    struct json *spec;
    int status;

    if (!binding)
        return command_fail(&err);
    spec = manifest_member(policy, "spec");
    if (!manifest_set_namespaces(manifest_member(spec, "matchConstraints"), set,
                                 false, &arena)) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    if (!add_variables(manifest_member(spec, "variables"), set, &arena, &err) ||
        !add_validations(manifest_member(spec, "validations"), set, &arena,
                         &err))
        return command_fail(&err);
    status = manifest_print(comment, policy);
    return status == STATUS_OK ? manifest_print("---\n", binding) : status;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { 0 };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);
    auto_policy_set struct policy_set *set = NULL;

    if (operands < 0)
        return status;
    if (operands > 0)
        return command_usage(command, "'%s' is one word too many", argv[0]);
    set = command_policy(settings.policy);
    return set ? print_companion(set) : STATUS_USAGE;
}

const struct command cmd_manifest_companion = {
    .name = "manifest companion",
    .operands = "",
    .summary = "Print the ValidatingAdmissionPolicy that backs the webhook",
    .details =
        "The webhook fails open: when it cannot be reached, gateway pods are "
        "created as\nthey are. The companion runs inside kube-apiserver, warns "
        "whoever creates such a\npod and notes it in the audit log; it never "
        "stops one. A policy in shadow mode\nor below 100 percent is not "
        "checked.\n\n"
        "Example:\n"
        "  spillway manifest companion --policy policy.yaml | kubectl apply "
        "-f -\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
