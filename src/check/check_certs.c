/* check_certs.c - the rules about certificates and keys; see check_parts.h. */
#include "spillway/check_parts.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/manifest.h"
#include "spillway/units.h"

enum {
    EXPIRES_SOON_S = 30 * 24 * 60 * 60,
    SHORTEST_RSA_BITS = 2048,
    SHORTEST_EC_BITS = 224,
};

#define tell(check, pem, rule, ...)                                            \
    check_tell((check), (rule), (pem)->file, (pem)->line, __VA_ARGS__)

/* --- what a file is ---------------------------------------------------- */

static bool is_authorities(const struct check_pem *pem)
{
    return certificates_are_ca(pem->pem.certificates, pem->pem.n_certificates);
}

bool check_is_serving(const struct check_pem *pem)
{
    return pem->pem.n_certificates > 0 && !is_authorities(pem);
}

/* A CA's certificate that stands where a server's is expected: it names a
 * service. */
static bool is_ca_as_server(const struct check_pem *pem)
{
    return is_authorities(pem) &&
           certificate_names(pem->pem.certificates[0], NULL, NULL) > 0;
}

bool check_bears_name(const struct check_pem *pem, const char *name)
{
    return pem->pem.n_certificates > 0 &&
           X509_check_host(pem->pem.certificates[0], name, 0,
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

/* "tls.crt", or "certificate 2 in tls.crt". */
static const char *label_of(struct check *check, const struct check_pem *pem,
                            size_t i)
{
    struct buf label = { .arena = &check->arena };

    if (pem->pem.n_certificates == 1)
        return pem->label;
    buf_printf(&label, "certificate %zu in %s", i + 1, pem->label);
    return label.failed ? pem->label : label.data;
}

/* --- single certificates ----------------------------------------------- */

static void check_time(struct check *check, const struct check_pem *pem,
                       size_t i)
{
    const char *label = label_of(check, pem, i);
    char when[CERTIFICATE_TIME_SIZE], span[UNITS_SPAN_SIZE];
    time_t from, until;

    if (!certificate_validity(pem->pem.certificates[i], &from, &until))
        (void)tell(check, pem, CHECK_CERTIFICATE_DAMAGED,
                   "%s has dates that cannot be read", label);
    else if (check->now < from)
        (void)tell(check, pem, CHECK_CERTIFICATE_TIME,
                   "%s is not valid before %s, and this machine's clock says "
                   "that this is %s ahead",
                   label, certificate_format_time(from, when),
                   units_span(from - check->now, span));
    else if (check->now > until)
        (void)tell(check, pem, CHECK_CERTIFICATE_TIME, "%s expired at %s",
                   label, certificate_format_time(until, when));
    else if (until - check->now < EXPIRES_SOON_S)
        (void)tell(check, pem, CHECK_CERTIFICATE_EXPIRES,
                   "%s expires at %s, in %s", label,
                   certificate_format_time(until, when),
                   units_span(until - check->now, span));
}

/* "RSA 1024", in the arena. */
static const char *key_kind(struct check *check, EVP_PKEY *key)
{
    struct buf kind = { .arena = &check->arena };

    certificate_key_kind(key, &kind);
    return check_kept(check, &kind);
}

static bool is_short_key(EVP_PKEY *key)
{
    int bits = key ? EVP_PKEY_get_bits(key) : 0;

    if (!key)
        return false;
    if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "DSA"))
        return bits < SHORTEST_RSA_BITS;
    return EVP_PKEY_is_a(key, "EC") && bits < SHORTEST_EC_BITS;
}

/* The name of a digest that nobody trusts any more, or NULL.  A certificate
 * that signs itself is trusted for what it is. */
static const char *weak_digest(X509 *certificate)
{
    int digest = NID_undef;

    if (certificate_is_signed_by(certificate, certificate) ||
        X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
        return NULL;
    return digest == NID_sha1 || digest == NID_md5 ? OBJ_nid2sn(digest) : NULL;
}

static void check_strength(struct check *check, const struct check_pem *pem,
                           size_t i)
{
    X509 *certificate = pem->pem.certificates[i];
    const char *digest = weak_digest(certificate);

    if (is_short_key(X509_get0_pubkey(certificate)))
        (void)tell(check, pem, CHECK_CERTIFICATE_WEAK, "%s has a key of %s",
                   label_of(check, pem, i),
                   key_kind(check, X509_get0_pubkey(certificate)));
    if (digest)
        (void)tell(check, pem, CHECK_CERTIFICATE_WEAK, "%s is signed with %s",
                   label_of(check, pem, i), digest);
}

static void check_flags(struct check *check, const struct check_pem *pem,
                        size_t i)
{
    X509 *certificate = pem->pem.certificates[i];
    const char *label = label_of(check, pem, i);

    if (certificate_is_ca(certificate)) {
        if (!(X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN))
            (void)tell(check, pem, CHECK_CERTIFICATE_USAGE,
                       "%s is a CA whose keyUsage forbids to sign "
                       "certificates",
                       label);
    } else if (i > 0) {
        (void)tell(check, pem, CHECK_CERTIFICATE_USAGE,
                   "%s stands where an issuer does, and is no CA", label);
    } else if (!certificate_may_serve(certificate)) {
        (void)tell(check, pem, CHECK_CERTIFICATE_USAGE,
                   "%s does not allow serverAuth", label);
    }
}

/* --- files ------------------------------------------------------------- */

/* The names by which the webhooks that are given are called; else the one that
 * is shipped. */
static bool bears_expected_name(struct check *check,
                                const struct check_pem *pem,
                                const char **expected)
{
    bool any = false;

    *expected = MANIFEST_SERVER_NAME;
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (!text_is(o->kind, "MutatingWebhookConfiguration"))
            continue;
        for (const struct json *h = json_first(o->root, "webhooks"); h;
             h = h->next) {
            const struct json *service =
                json_get(json_get(h, "clientConfig"), "service");
            struct buf name = { .arena = &check->arena };

            if (!service || !check_is_ours(o, h))
                continue;
            any = true;
            buf_printf(&name, "%s.%s.svc",
                       check_shown(check, json_string(service, "name")),
                       check_shown(check, json_string(service, "namespace")));
            *expected = name.data ? name.data : "";
            if (check_bears_name(pem, *expected))
                return true;
        }
    }
    return !any && check_bears_name(pem, MANIFEST_SERVER_NAME);
}

static void check_names(struct check *check, const struct check_pem *pem)
{
    const char *expected;

    if (!bears_expected_name(check, pem, &expected))
        (void)tell(check, pem, CHECK_CERTIFICATE_NAME,
                   "%s does not bear the name %s", pem->label, expected);
}

/* Does a CA among all that is given sign this one?  *any: there is one. */
static bool is_signed_here(const struct check *check, X509 *certificate,
                           bool *any)
{
    for (const struct check_pem *p = check->pems; p; p = p->next) {
        if (!is_authorities(p))
            continue;
        *any = true;
        for (size_t i = 0; i < p->pem.n_certificates; i++) {
            if (certificate_is_signed_by(certificate, p->pem.certificates[i]))
                return true;
        }
    }
    return false;
}

static void check_chain(struct check *check, const struct check_pem *pem)
{
    X509 *const *list = pem->pem.certificates;
    size_t count = pem->pem.n_certificates;
    size_t unlinked = certificates_unlinked(list, count);
    bool any = false, leads_there = false;

    if (unlinked < count) {
        (void)tell(check, pem, CHECK_CERTIFICATE_CHAIN,
                   "certificate %zu in %s is not signed by certificate %zu",
                   unlinked + 1, pem->label, unlinked + 2);
        return;
    }
    for (size_t i = 0; i < count && !leads_there; i++)
        leads_there = is_signed_here(check, list[i], &any);
    if (any && !leads_there)
        (void)tell(check, pem, CHECK_CERTIFICATE_CHAIN,
                   "%s is signed by none of the CAs given", pem->label);
}

static bool any_certificate(const struct check *check)
{
    for (const struct check_pem *p = check->pems; p; p = p->next) {
        if (p->pem.n_certificates > 0)
            return true;
    }
    return false;
}

static bool fits_some(const struct check *check, EVP_PKEY *key)
{
    for (const struct check_pem *p = check->pems; p; p = p->next) {
        for (size_t i = 0; i < p->pem.n_certificates; i++) {
            if (certificate_has_key(p->pem.certificates[i], key))
                return true;
        }
    }
    return false;
}

static void check_keys(struct check *check, const struct check_pem *pem)
{
    struct check_finding *finding;

    for (size_t i = 0; i < pem->pem.n_keys; i++) {
        if (is_short_key(pem->pem.keys[i]))
            (void)tell(check, pem, CHECK_CERTIFICATE_WEAK,
                       "the key in %s is %s", pem->label,
                       key_kind(check, pem->pem.keys[i]));
        if (any_certificate(check) && !fits_some(check, pem->pem.keys[i]))
            (void)tell(check, pem, CHECK_KEY_MISMATCH,
                       "the key in %s fits none of the certificates given",
                       pem->label);
    }
    if (pem->pem.n_keys == 0 || !(pem->mode & 0007))
        return;
    finding = tell(check, pem, CHECK_KEY_READABLE,
                   "others may use the key in %s (mode %04o)", pem->label,
                   (unsigned)pem->mode);
    check_mend(check, finding, "chmod o= %s", check_quoted(check, pem->label));
}

static void check_pem(struct check *check, const struct check_pem *pem)
{
    for (size_t i = 0; i < pem->pem.n_certificates; i++) {
        check_time(check, pem, i);
        check_strength(check, pem, i);
        check_flags(check, pem, i);
    }
    if (check_is_serving(pem)) {
        check_names(check, pem);
        check_chain(check, pem);
    } else if (is_ca_as_server(pem)) {
        (void)tell(check, pem, CHECK_CERTIFICATE_USAGE,
                   "%s names a server, and is a CA", pem->label);
    }
    check_keys(check, pem);
}

void check_certificates(struct check *check)
{
    for (const struct check_pem *p = check->pems; p; p = p->next)
        check_pem(check, p);
}
