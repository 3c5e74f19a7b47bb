/*
 * manifest_tls.c - `spillway manifest tls`: the serving certificate and its key
 * as a Secret.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spillway/arena.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/keypair.h"
#include "spillway/manifest.h"
#include "spillway/openssl.h"
#include "spillway/pem.h"

/* clang-format off */
static const char template[] =
"apiVersion: v1\n"
"kind: Secret\n"
"metadata:\n"
"  name: spillway-tls\n"
"  namespace: spillway-system\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"type: kubernetes.io/tls\n"
"data: {}\n";

static const char comment[] =
"# Spillway's serving certificate and its key: keep this to yourself, and out\n"
"# of git. Printed by `spillway manifest tls`.\n";
/* clang-format on */

/*
 * kube-apiserver knows the server by one name only.  Another certificate would
 * be refused with every call, which under failurePolicy: Ignore goes unnoticed.
 */
static void warn_of_name(const char *path, const struct keypair *pair)
{
    auto_pem struct pem pem = { 0 };
    struct error err = { 0 };

    if (pem_parse(text_of(pair->certificate), &pem, &err) &&
        X509_check_host(pem.certificates[0], MANIFEST_SERVER_NAME, 0, 0,
                        NULL) != 1)
        (void)fprintf(
            stderr,
            "spillway: warning: %s is not valid for %s, the name by which "
            "kube-apiserver calls; issue one with --name %s\n",
            path, MANIFEST_SERVER_NAME, MANIFEST_SERVER_NAME);
}

static int print_secret(const struct keypair *pair)
{
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };
    struct json *object = manifest_template(template, &arena, &err), *data;

    if (!object)
        return command_fail(&err);
    data = manifest_member(object, "data");
    if (!manifest_set_base64(data, "tls.crt", text_of(pair->certificate),
                             &arena) ||
        !manifest_set_base64(data, "tls.key", text_of(pair->key), &arena)) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    return manifest_print(comment, object);
}

static int print_from(const char *dir)
{
    auto_keypair struct keypair *pair = NULL;
    auto_free char *certificate = NULL, *key = NULL;
    struct error err = { 0 };

    if (asprintf(&certificate, "%s/tls.crt", dir) < 0 ||
        asprintf(&key, "%s/tls.key", dir) < 0)
        (void)error_no_memory(&err);
    else
        pair = keypair_load(certificate, key, time(NULL), &err);
    if (!pair)
        return command_fail(&err);
    warn_of_name(certificate, pair);
    return print_secret(pair);
}

static int run(const struct command *command, int argc, char *argv[])
{
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, NULL, &status);

    if (operands < 0)
        return status;
    if (operands != 1)
        return command_usage(command,
                             "give one directory, that of `spillway certs "
                             "issue --dir DIR`");
    return print_from(argv[0]);
}

const struct command cmd_manifest_tls = {
    .name = "manifest tls",
    .operands = "DIR",
    .summary = "Print the serving certificate and its key as a Secret",
    .details =
        "DIR holds tls.crt and tls.key, as `spillway certs issue` writes them. "
        "The pair\nis proven first, as `spillway serve` does. The Secret is "
        "named spillway-tls.\n\n"
        "Example:\n"
        "  spillway manifest tls certs | kubectl apply -f -\n",
    .run = run,
};
