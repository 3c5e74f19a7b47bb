/* certificate.c - see certificate.h for the contract. */
#include "spillway/certificate.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "spillway/buf.h"
#include "spillway/openssl.h"

/* As RFC 2253 writes it, but with UTF-8 left readable. */
static const unsigned long string_flags =
    ASN1_STRFLGS_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;

bool certificate_is_signed_by(X509 *certificate, X509 *issuer)
{
    bool is_signed = X509_NAME_cmp(X509_get_issuer_name(certificate),
                                   X509_get_subject_name(issuer)) == 0 &&
                     X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;

    ERR_clear_error();
    return is_signed;
}

bool certificate_is_ca(X509 *certificate)
{
    bool is_ca = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;

    ERR_clear_error();
    return is_ca;
}

bool certificates_are_ca(X509 *const list[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!certificate_is_ca(list[i]))
            return false;
    }
    return count > 0;
}

size_t certificates_unlinked(X509 *const list[], size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (!certificate_is_signed_by(list[i], list[i + 1]))
            return i;
    }
    return count;
}

bool certificate_has_key(X509 *certificate, EVP_PKEY *key)
{
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);
    bool equal = public_key && EVP_PKEY_eq(public_key, key) == 1;

    ERR_clear_error();
    return equal;
}

bool certificate_may_serve(X509 *certificate)
{
    /* All bits are set when there is no such extension. */
    uint32_t usage = X509_get_extended_key_usage(certificate);

    ERR_clear_error();
    return (usage & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
}

static bool trust_all(X509_STORE *store, X509 *const authorities[],
                      size_t n_authorities)
{
    for (size_t i = 0; i < n_authorities; i++) {
        if (X509_STORE_add_cert(store, authorities[i]) != 1)
            return false;
    }
    return true;
}

static bool verify(X509_STORE_CTX *context, X509_STORE *store, X509 *server,
                   STACK_OF(X509) * issuers, time_t now)
{
    if (X509_STORE_CTX_init(context, store, server, issuers) != 1 ||
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER) != 1)
        return false;
    X509_STORE_CTX_set_time(context, 0, now);
    /* An authority need not be a root. */
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
    return X509_verify_cert(context) == 1;
}

/* A stack that borrows the certificates; NULL when memory is short. */
static STACK_OF(X509) * stack_of(X509 *const list[], size_t count)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (size_t i = 0; stack && i < count; i++) {
        if (sk_X509_push(stack, list[i]) > 0)
            continue;
        sk_X509_free(stack);
        stack = NULL;
    }
    return stack;
}

bool certificate_chain_is_trusted(X509 *const chain[], size_t n_chain,
                                  X509 *const authorities[],
                                  size_t n_authorities, time_t now)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *issuers = stack_of(chain + 1, n_chain - 1);
    bool trusted = store && context && issuers &&
                   trust_all(store, authorities, n_authorities) &&
                   verify(context, store, chain[0], issuers, now);

    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_free(issuers);
    ERR_clear_error();
    return trusted;
}

bool certificate_is_trusted(X509 *server, X509 *const authorities[],
                            size_t n_authorities, time_t now)
{
    return certificate_chain_is_trusted(&server, 1, authorities, n_authorities,
                                        now);
}

static bool time_of(const ASN1_TIME *time, time_t *out)
{
    struct tm tm;

    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return false;
    *out = timegm(&tm);
    return true;
}

bool certificate_validity(X509 *certificate, time_t *not_before,
                          time_t *not_after)
{
    bool readable = time_of(X509_get0_notBefore(certificate), not_before) &&
                    time_of(X509_get0_notAfter(certificate), not_after);

    ERR_clear_error();
    return readable;
}

const char *certificate_format_time(time_t time,
                                    char out[CERTIFICATE_TIME_SIZE])
{
    struct tm tm;

    if (!gmtime_r(&time, &tm) ||
        strftime(out, CERTIFICATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(out, CERTIFICATE_TIME_SIZE, "an unknown time");
    return out;
}

/* One name as text; false for the kinds that a TLS client does not look at. */
static bool format_name(const GENERAL_NAME *name, struct buf *out)
{
    char address[INET6_ADDRSTRLEN];
    auto_bio BIO *bio = NULL;

    if (name->type == GEN_DNS) {
        bio = BIO_new(BIO_s_mem());
        if (bio &&
            ASN1_STRING_print_ex(bio, name->d.dNSName, string_flags) >= 0)
            openssl_drain(bio, out);
        return bio != NULL;
    }
    if (name->type != GEN_IPADD)
        return false;
    switch (ASN1_STRING_length(name->d.iPAddress)) {
    case 4:
    case 16:
        buf_add_string(out, inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 4
                                          ? AF_INET
                                          : AF_INET6,
                                      ASN1_STRING_get0_data(name->d.iPAddress),
                                      address, sizeof(address)));
        return true;
    default:
        return false;
    }
}

size_t certificate_names(X509 *certificate,
                         void (*each)(void *context, bool is_ip,
                                      const char *name),
                         void *context)
{
    auto_general_names GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    auto_buf struct buf text = { 0 };
    size_t count = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        buf_clear(&text);
        if (!format_name(name, &text) || text.len == 0)
            continue;
        if (each)
            each(context, name->type == GEN_IPADD, text.data);
        count++;
    }
    ERR_clear_error();
    return count;
}

static void format_subject(const X509_NAME *name, struct buf *out)
{
    auto_bio BIO *bio = BIO_new(BIO_s_mem());
    const unsigned long layout = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_RFC2253;

    if (bio && X509_NAME_print_ex(bio, name, 0, layout | string_flags) >= 0)
        openssl_drain(bio, out);
    ERR_clear_error();
}

void certificate_subject(X509 *certificate, struct buf *out)
{
    format_subject(X509_get_subject_name(certificate), out);
}

void certificate_issuer(X509 *certificate, struct buf *out)
{
    format_subject(X509_get_issuer_name(certificate), out);
}

void certificate_fingerprint(X509 *certificate, struct buf *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!X509_digest(certificate, EVP_sha256(), digest, &len))
        ERR_clear_error();
    for (unsigned i = 0; i < len; i++)
        buf_printf(out, "%s%02X", i ? ":" : "", digest[i]);
}

void certificate_key_kind(EVP_PKEY *key, struct buf *out)
{
    char group[64];
    const char *curve = NULL;

    if (!key) {
        buf_add_string(out, "unknown");
    } else if (EVP_PKEY_is_a(key, "EC")) {
        if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL)) {
            curve = EC_curve_nid2nist(OBJ_sn2nid(group));
            curve = curve ? curve : group;
        }
        buf_printf(out, "ECDSA %s", curve ? curve : "on an unnamed curve");
    } else if (EVP_PKEY_is_a(key, "RSA")) {
        buf_printf(out, "RSA %d", EVP_PKEY_get_bits(key));
    } else {
        const char *name = EVP_PKEY_get0_type_name(key);

        buf_add_string(out, name ? name : "unknown");
    }
    ERR_clear_error();
}
