/*
 * manifest_webhook.c - `spillway manifest webhook`: what kube-apiserver sends
 * to the server, and whom it trusts there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/certs_dir.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/manifest.h"
#include "spillway/names.h"
#include "spillway/pem.h"
#include "spillway/policy.h"

struct settings {
    const char *policy, *path, *dir;
};

/* clang-format off */
static const struct option options[] = {
    { "policy", 0, OPTION_STRING, offsetof(struct settings, policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
    { "path", 0, OPTION_STRING, offsetof(struct settings, path), "PATH",
      "what `serve --path` says (default /mutate)", NULL, 0, 0 },
};

static const char comment[] =
"# The pods that kube-apiserver sends to Spillway: those that the policy\n"
"# selects. Printed by `spillway manifest webhook`, anew for another policy.\n";

static const char bindings_comment[] =
"# So are the bindings of pods to virtual nodes, for scaleInFirst. Leave Ignore\n"
"# and 2 seconds with them: no failure of Spillway may stop scheduling.\n";
/* clang-format on */

/* --- the authority's part ---------------------------------------------- */

/* Only certificates of authorities are published, and nothing else that may
 * have got into the file. */
static bool read_authorities(const char *path, struct buf *out,
                             struct error *err)
{
    auto_pem struct pem pem = { 0 };

    if (!certs_load_authorities(path, &pem, err))
        return false;
    for (size_t i = 0; i < pem.n_certificates; i++) {
        if (!pem_format_certificate(pem.certificates[i], out, err))
            return false;
    }
    return true;
}

/* The same CA for each webhook of the configuration. */
static bool set_authorities(struct json *hooks, const char *dir,
                            struct arena *arena, struct error *err)
{
    auto_free char *path = NULL;
    struct buf certificates = { .arena = arena };

    if (asprintf(&path, "%s/ca.crt", dir) < 0)
        return error_no_memory(err);
    if (!read_authorities(path, &certificates, err))
        return false;
    for (struct json *hook = hooks->child; hook; hook = hook->next) {
        if (!manifest_set_base64(manifest_member(hook, "clientConfig"),
                                 "caBundle", buf_text(&certificates), arena))
            return error_no_memory(err);
    }
    return true;
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

static int print_webhook(const struct settings *settings)
{
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf head = { 0 };
    auto_policy_set struct policy_set *set = command_policy(settings->policy);
    struct error err = { 0 };
    struct json *object;

    if (!set)
        return STATUS_USAGE;
    object = manifest_make_webhook(set, settings->path, &arena, &err);
    if (!object)
        return command_fail(&err);
    buf_add_string(&head, comment);
    if (policy_set_scales_in_first(set))
        buf_add_string(&head, bindings_comment);
    if (settings->dir && !set_authorities(manifest_member(object, "webhooks"),
                                          settings->dir, &arena, &err))
        return command_fail(&err);
    return buf_ok(&head, &err) ? manifest_print(head.data, object)
                               : command_fail(&err);
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
    settings.dir = operands == 1 ? argv[0] : NULL;
    return print_webhook(&settings);
}

const struct command cmd_manifest_webhook = {
    .name = "manifest webhook",
    .operands = "[DIR]",
    .summary = "Print the MutatingWebhookConfiguration for a policy",
    .details =
        "With DIR, where `spillway certs issue` wrote ca.crt, that authority "
        "is what\nkube-apiserver trusts; without, somebody else has to put it "
        "in (cert-manager).\nThe matchCondition says the same as the policy's "
        "selectors, so that other pods\nare never sent. When a policy has "
        "scaleInFirst, a second webhook gets what puts\npods on its "
        "virtualNodes.\n\n"
        "Example:\n"
        "  spillway manifest webhook certs --policy policy.yaml | kubectl "
        "apply -f -\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
