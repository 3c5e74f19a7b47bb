/*
 * check_bundle.c - does the API server trust the webhook?  See check_parts.h.
 */
#include "spillway/check_parts.h"

#include <openssl/evp.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"

#define INJECTED "cert-manager.io/inject-ca-from"

#define tell(check, rule, config, client, ...)                                 \
    ((void)check_tell((check), (rule), (config)->file, (client)->line,         \
                      __VA_ARGS__))

struct text check_decode(struct check *check, struct text encoded)
{
    unsigned char *out = arena_alloc(&check->arena, encoded.len + 1);
    int len;

    check->failed |= !out;
    if (!out || encoded.len == 0 || encoded.len > 2UL * PEM_LIMIT)
        return (struct text){ 0 };
    len = EVP_DecodeBlock(out, (const unsigned char *)encoded.data,
                          (int)encoded.len);
    /* What stands for the padding is counted. */
    for (size_t i = encoded.len; len > 0 && encoded.data[i - 1] == '='; i--)
        len--;
    return (struct text){ (const char *)out, len > 0 ? (size_t)len : 0 };
}

/* Something else puts the CA in: an object of the same name says so. */
static bool is_injected(const struct check *check,
                        const struct check_object *config)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (text_equal(o->kind, config->kind) &&
            text_equal(o->name, config->name) &&
            json_get(json_get(json_get(o->root, "metadata"), "annotations"),
                     INJECTED))
            return true;
    }
    return false;
}

static void check_trust(struct check *check, const struct check_object *config,
                        const struct json *client, const struct pem *bundle,
                        const char *name)
{
    for (const struct check_pem *p = check->pems; p; p = p->next) {
        if (!check_is_serving(p) || !check_bears_name(p, name))
            continue;
        if (!certificate_chain_is_trusted(
                p->pem.certificates, p->pem.n_certificates,
                bundle->certificates, bundle->n_certificates, check->now))
            tell(check, CHECK_CA_BUNDLE_DIFFERS, config, client,
                 "%s: caBundle does not verify the certificate of %s for %s",
                 check_name(check, config), p->label, name);
    }
}

static void check_bytes(struct check *check, const struct check_object *config,
                        const struct json *client, struct text bytes)
{
    const struct json *service = json_get(client, "service");
    auto_pem struct pem bundle = { 0 };
    struct buf name = { .arena = &check->arena };
    struct error err = { 0 };

    if (!bytes.len || !pem_parse(bytes, &bundle, &err)) {
        tell(check, CHECK_CA_BUNDLE_DIFFERS, config, client,
             "%s: caBundle is no PEM in base64%s%s", check_name(check, config),
             err.text[0] ? ": " : "", err.text);
        return;
    }
    buf_printf(&name, "%s.%s.svc",
               check_shown(check, json_string(service, "name")),
               check_shown(check, json_string(service, "namespace")));
    if (name.failed)
        check->failed = true;
    else if (service)
        check_trust(check, config, client, &bundle, name.data);
}

void check_ca_bundle(struct check *check, const struct check_object *config,
                     const struct json *hook)
{
    const struct json *client = json_get(hook, "clientConfig");
    struct text encoded = json_string(client, "caBundle");

    if (!client)
        return;
    if (encoded.len)
        check_bytes(check, config, client, check_decode(check, encoded));
    else if (!is_injected(check, config))
        tell(check, CHECK_CA_BUNDLE, config, client,
             "webhook %s has no caBundle",
             check_shown(check, json_string(hook, "name")));
}
