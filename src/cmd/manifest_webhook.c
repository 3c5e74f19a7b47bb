/*
 * manifest_webhook.c - `spillway manifest webhook`: what kube-apiserver sends
 * to the server, and whom it trusts there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cel.h"
#include "spillway/certificate.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/manifest.h"
#include "spillway/names.h"
#include "spillway/pem.h"
#include "spillway/policy.h"

struct settings {
    const char *policy, *path;
};

/* clang-format off */
static const struct option options[] = {
    { "policy", 0, OPTION_STRING, offsetof(struct settings, policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
    { "path", 0, OPTION_STRING, offsetof(struct settings, path), "PATH",
      "what `serve --path` says (default /mutate)", NULL, 0, 0 },
};

static const char template[] =
"apiVersion: admissionregistration.k8s.io/v1\n"
"kind: MutatingWebhookConfiguration\n"
"metadata:\n"
"  name: spillway\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"webhooks:\n"
"- name: gateways.spillway.dev\n"
"  admissionReviewVersions: [v1, v1beta1]\n"
"  clientConfig:\n"
"    service: {name: spillway, namespace: spillway-system, port: 443}\n"
"  rules:\n"
"  - apiGroups: ['']\n"
"    apiVersions: [v1]\n"
"    operations: [CREATE]\n"
"    resources: [pods]\n"
"    scope: Namespaced\n"
"  namespaceSelector:\n"
"    matchExpressions:\n"
"    - {key: kubernetes.io/metadata.name, operator: In, values: []}\n"
"  matchConditions:\n"
"  - name: gateways\n"
"  matchPolicy: Equivalent\n"
"  reinvocationPolicy: IfNeeded\n"
"  failurePolicy: Ignore\n"
"  sideEffects: None\n"
"  timeoutSeconds: 5\n";

static const char comment[] =
"# The pods that kube-apiserver sends to Spillway: those that the policy\n"
"# selects. Printed by `spillway manifest webhook`, anew for another policy.\n";
/* clang-format on */

/* --- the policy's part ------------------------------------------------- */

static bool set_condition(struct json *hook, const struct policy_set *set,
                          struct arena *arena, struct error *err)
{
    struct buf expression = { .arena = arena };

    if (!cel_add_policies(&expression, set, err))
        return false;
    return manifest_set(manifest_member(hook, "matchConditions")->child,
                        "expression", buf_text(&expression), arena) ||
           error_no_memory(err);
}

/* --- the authority's part ---------------------------------------------- */

/* Only certificates of authorities are published, and nothing else that may
 * have got into the file. */
static bool read_authorities(const char *path, struct buf *out,
                             struct error *err)
{
    auto_pem struct pem pem = { 0 };

    if (!pem_load(path, &pem, err))
        return false;
    if (pem.n_keys > 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds a private key; leave only the authority's "
                         "certificate in it",
                         path);
    for (size_t i = 0; i < pem.n_certificates; i++) {
        if (!certificate_is_ca(pem.certificates[i]))
            return error_set(err, ERROR_INVALID,
                             "%s: certificate %zu is not that of an authority",
                             path, i + 1);
        if (!pem_format_certificate(pem.certificates[i], out, err))
            return false;
    }
    return true;
}

static bool set_authorities(struct json *hook, const char *dir,
                            struct arena *arena, struct error *err)
{
    auto_free char *path = NULL;
    struct buf certificates = { .arena = arena };

    if (asprintf(&path, "%s/ca.crt", dir) < 0)
        return error_no_memory(err);
    if (!read_authorities(path, &certificates, err))
        return false;
    return manifest_set_base64(manifest_member(hook, "clientConfig"),
                               "caBundle", buf_text(&certificates), arena) ||
           error_no_memory(err);
}

/* --- the command ------------------------------------------------------- */

static bool is_segment(const char *at, size_t len)
{
    return names_is_dns_subdomain((struct text){ at, len });
}

/* What kube-apiserver takes as a service's path: segments that are DNS
 * subdomains, perhaps a slash at the end. */
static bool is_path(const char *path)
{
    if (*path != '/')
        return false;
    for (path++; *path;) {
        size_t len = strcspn(path, "/");

        if (!is_segment(path, len))
            return false;
        path += len + (path[len] == '/');
    }
    return true;
}

static int print_webhook(const struct settings *settings, const char *dir)
{
    auto_arena struct arena arena = { 0 };
    auto_policy_set struct policy_set *set = command_policy(settings->policy);
    struct error err = { 0 };
    struct json *object, *hook, *service;

    if (!set)
        return STATUS_USAGE;
    object = manifest_template(template, &arena, &err);
    if (!object)
        return command_fail(&err);
    hook = manifest_member(object, "webhooks")->child;
    service = manifest_member(manifest_member(hook, "clientConfig"), "service");
    if (!manifest_set(service, "path", text_of(settings->path), &arena) ||
        !manifest_set_namespaces(hook, set, &arena)) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    if (!set_condition(hook, set, &arena, &err) ||
        (dir && !set_authorities(hook, dir, &arena, &err)))
        return command_fail(&err);
    return manifest_print(comment, object);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { .path = "/mutate" };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);

    if (operands < 0)
        return status;
    if (operands > 1)
        return command_usage(command, "'%s' is one word too many", argv[1]);
    if (!is_path(settings.path))
        return command_usage(command,
                             "--path: '%s' is not valid; give a path such as "
                             "/mutate, of lower-case letters, digits, - and .",
                             settings.path);
    return print_webhook(&settings, operands == 1 ? argv[0] : NULL);
}

const struct command cmd_manifest_webhook = {
    .name = "manifest webhook",
    .operands = "[DIR]",
    .summary = "Print the MutatingWebhookConfiguration for a policy",
    .details =
        "With DIR, where `spillway certs issue` wrote ca.crt, that authority "
        "is what\nkube-apiserver trusts; without, somebody else has to put it "
        "in (cert-manager).\nThe matchCondition says the same as the policy's "
        "selectors, so that other pods\nare never sent.\n\n"
        "Example:\n"
        "  spillway manifest webhook certs --policy policy.yaml | kubectl "
        "apply -f -\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
