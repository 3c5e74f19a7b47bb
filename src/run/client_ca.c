/* client_ca.c - see client_ca.h for the contract. */
#include "spillway/client_ca.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/openssl.h"
#include "spillway/pem.h"

enum {
    MAX_DEPTH = 5,      /* of intermediates */
    SECURITY_LEVEL = 2, /* 112 bits: RSA 2048, SHA-256 (SSL_CTX_set_security_
                           level(3)) */
};

struct client_ca {
    atomic_uint references;
    /* One for each authority: OpenSSL looks for an issuer by its name and then
     * stays with it, and the old and the new one of a rotation may share one.
     */
    X509_STORE **stores;
    size_t n_stores;
    const char *const *names; /* borrowed */
    size_t n_names;
    time_t not_after;
};

/* --- loading ------------------------------------------------------------- */

static bool prove_authority(X509 *certificate, const char *path, time_t now,
                            time_t *not_after, struct error *err)
{
    auto_buf struct buf subject = { 0 };
    char when[CERTIFICATE_TIME_SIZE];
    time_t not_before;

    certificate_subject(certificate, &subject);
    if (!buf_ok(&subject, err))
        return false;
    if (!certificate_is_ca(certificate))
        return error_set(err, ERROR_INVALID,
                         "%s: %.100s is not a CA's certificate; put in those "
                         "that sign the clients' certificates",
                         path, subject.data);
    if (!certificate_validity(certificate, &not_before, not_after))
        return error_set(err, ERROR_INVALID, "%s: %.100s: unreadable dates",
                         path, subject.data);
    if (now < not_before || now > *not_after)
        return error_set(
            err, ERROR_INVALID, "%s: %.100s %s %s; replace it, or take it out",
            path, subject.data,
            now < not_before ? "is not valid before" : "expired at",
            certificate_format_time(now < not_before ? not_before : *not_after,
                                    when));
    return true;
}

static bool add_authority(struct client_ca *ca, X509 *certificate,
                          const char *path, time_t now, struct error *err)
{
    time_t not_after;

    X509_STORE *store;

    if (!prove_authority(certificate, path, now, &not_after, err))
        return false;
    store = X509_STORE_new();
    if (!store)
        return openssl_fail(err, "loading the client CA");
    ca->stores[ca->n_stores++] = store;
    if (!X509_STORE_add_cert(store, certificate))
        return openssl_fail(err, "loading the client CA");
    if (ca->not_after == 0 || not_after < ca->not_after)
        ca->not_after = not_after;
    return true;
}

static bool fill(struct client_ca *ca, const char *path, time_t now,
                 struct error *err)
{
    auto_pem struct pem pem = { 0 };

    if (!pem_load(path, &pem, err))
        return false;
    if (pem.n_keys > 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds a private key, which has no business here; "
                         "only the CA's certificate is needed",
                         path);
    ca->stores = calloc(pem.n_certificates, sizeof(X509_STORE *));
    if (!ca->stores)
        return error_no_memory(err);
    for (size_t i = 0; i < pem.n_certificates; i++) {
        if (!add_authority(ca, pem.certificates[i], path, now, err))
            return false;
    }
    return true;
}

struct client_ca *client_ca_load(const char *path, const char *const *names,
                                 size_t n_names, time_t now, struct error *err)
{
    auto_client_ca struct client_ca *ca = calloc(1, sizeof(*ca));

    if (!ca) {
        (void)error_no_memory(err);
        return NULL;
    }
    atomic_init(&ca->references, 1);
    ca->names = names;
    ca->n_names = n_names;
    return fill(ca, path, now, err) ? take(&ca) : NULL;
}

time_t client_ca_not_after(const struct client_ca *ca)
{
    return ca->not_after;
}

struct client_ca *client_ca_get(struct client_ca *ca)
{
    atomic_fetch_add_explicit(&ca->references, 1, memory_order_relaxed);
    return ca;
}

void client_ca_free(struct client_ca *ca)
{
    if (!ca || atomic_fetch_sub(&ca->references, 1) > 1)
        return;
    for (size_t i = 0; i < ca->n_stores; i++)
        X509_STORE_free(ca->stores[i]);
    free(ca->stores);
    free(ca);
}

/* --- verifying ----------------------------------------------------------- */

/* A text of a certificate against one of ours; one with a NUL in it, which
 * others might read to there, equals none. */
static bool equals(const ASN1_STRING *text, const char *name, bool any_case)
{
    const char *data = (const char *)ASN1_STRING_get0_data(text);
    size_t len = (size_t)ASN1_STRING_length(text);

    if (len != strlen(name))
        return false;
    return any_case ? strncasecmp(data, name, len) == 0
                    : memcmp(data, name, len) == 0;
}

static bool address_equals(const ASN1_OCTET_STRING *address, const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    int len = ASN1_STRING_length(address);

    return (len == 4 || len == 16) &&
           inet_pton(len == 4 ? AF_INET : AF_INET6, name, bytes) == 1 &&
           memcmp(bytes, ASN1_STRING_get0_data(address), (size_t)len) == 0;
}

static bool alt_name_equals(const GENERAL_NAME *alt, const char *name)
{
    switch (alt->type) {
    case GEN_DNS:
        return equals(alt->d.dNSName, name, true);
    case GEN_URI:
        return equals(alt->d.uniformResourceIdentifier, name, false);
    case GEN_EMAIL:
        return equals(alt->d.rfc822Name, name, false);
    case GEN_IPADD:
        return address_equals(alt->d.iPAddress, name);
    default:
        return false;
    }
}

/* A CN may be in any of X.509's string types; as UTF-8 it is comparable. */
static bool common_name_equals(X509 *certificate, const char *name)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = -1;
    bool equal = false;

    while (!equal && (at = X509_NAME_get_index_by_NID(subject, NID_commonName,
                                                      at)) >= 0) {
        unsigned char *utf8 = NULL;
        int len = ASN1_STRING_to_UTF8(
            &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

        equal = len >= 0 && (size_t)len == strlen(name) &&
                memcmp(utf8, name, (size_t)len) == 0;
        OPENSSL_free(utf8);
    }
    return equal;
}

static bool bears_name(const struct client_ca *ca, X509 *certificate)
{
    auto_general_names GENERAL_NAMES *alts =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = ca->n_names == 0;

    for (size_t i = 0; !found && i < ca->n_names; i++) {
        found = common_name_equals(certificate, ca->names[i]);
        for (int j = 0; !found && j < sk_GENERAL_NAME_num(alts); j++)
            found =
                alt_name_equals(sk_GENERAL_NAME_value(alts, j), ca->names[i]);
    }
    ERR_clear_error();
    return found;
}

static X509 *decode(struct text der)
{
    const unsigned char *at = (const unsigned char *)der.data;
    const unsigned char *end = at + der.len;
    auto_x509 X509 *certificate = d2i_X509(NULL, &at, (long)der.len);

    return at == end ? take(&certificate) : NULL;
}

/* Decode all that was sent; the first goes into *leaf as well. */
static bool decode_chain(const struct text *chain, size_t count,
                         STACK_OF(X509) * certificates, X509 **leaf,
                         struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        auto_x509 X509 *certificate = decode(chain[i]);

        if (!certificate)
            return error_set(err, ERROR_INVALID,
                             "client certificate %zu cannot be decoded", i + 1);
        if (!sk_X509_push(certificates, certificate))
            return error_no_memory(err);
        if (i == 0)
            *leaf = certificate;
        certificate = NULL; /* the stack's now */
    }
    return true;
}

static bool fail_for(X509 *certificate, const char *why, struct error *err)
{
    auto_buf struct buf subject = { 0 };

    certificate_subject(certificate, &subject);
    return error_set(err, ERROR_INVALID, "client certificate %.120s: %s",
                     subject.data ? subject.data : "", why);
}

/* X509_V_OK, or why the chain does not lead to that authority. */
static int verify_against(X509_STORE *store, X509 *leaf,
                          STACK_OF(X509) * certificates, time_t now)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int code = X509_V_ERR_OUT_OF_MEM;

    if (context && X509_STORE_CTX_init(context, store, leaf, certificates)) {
        param = X509_STORE_CTX_get0_param(context);
        (void)X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
        X509_VERIFY_PARAM_set_depth(param, MAX_DEPTH);
        X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
        X509_VERIFY_PARAM_set_time(param, now);
        /* As Go does: what is in the file is trusted, a root or not. */
        (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        if (X509_verify_cert(context) == 1)
            code = X509_V_OK;
        else if (X509_STORE_CTX_get_error(context) != X509_V_OK)
            code = X509_STORE_CTX_get_error(context);
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return code;
}

static bool verify_chain(const struct client_ca *ca, X509 *leaf,
                         STACK_OF(X509) * certificates, time_t now,
                         struct error *err)
{
    int told = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;

    for (size_t i = 0; i < ca->n_stores; i++) {
        int code = verify_against(ca->stores[i], leaf, certificates, now);

        if (code == X509_V_OK)
            return true;
        /* Of several reasons, that of the authority that it claims. */
        if (code != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY)
            told = code;
    }
    return fail_for(leaf, X509_verify_cert_error_string(told), err);
}

bool client_ca_verify(const struct client_ca *ca, const struct text *chain,
                      size_t count, time_t now, struct error *err)
{
    STACK_OF(X509) *certificates = NULL;
    X509 *leaf = NULL;
    bool good;

    if (count == 0)
        return error_set(err, ERROR_INVALID,
                         "a client certificate is required");
    if (count > CLIENT_CA_MAX_CHAIN)
        return error_set(err, ERROR_INVALID,
                         "the client sent more than %d certificates",
                         CLIENT_CA_MAX_CHAIN);
    certificates = sk_X509_new_null();
    if (!certificates)
        return error_no_memory(err);
    good = decode_chain(chain, count, certificates, &leaf, err) &&
           verify_chain(ca, leaf, certificates, now, err);
    if (good && !bears_name(ca, leaf))
        good = fail_for(leaf, "none of its names may call", err);
    sk_X509_pop_free(certificates, X509_free);
    ERR_clear_error();
    return good;
}
