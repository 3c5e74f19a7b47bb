/* issue.c - see issue.h for the contract. */
#include "spillway/issue.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/openssl.h"
#include "spillway/pem.h"

enum {
    SERIAL_BITS = 127, /* 16 bytes of DER, and positive (RFC 5280, 4.1.2.2) */
    COMMON_NAME_MAX = 64, /* RFC 5280, appendix A: ub-common-name */
    DAY_S = 24 * 60 * 60,
};

/* One extension, as openssl.cnf writes it. */
struct extension {
    int nid;
    const char *value;
};

/* In the order in which they are added: the authority's key identifier is
 * taken from its subject key identifier. */
static const struct extension authority_extensions[] = {
    { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
    { NID_key_usage, "critical,keyCertSign,cRLSign" },
    { NID_subject_key_identifier, "hash" },
    { NID_authority_key_identifier, "keyid:always" },
};

static const struct extension serving_extensions[] = {
    { NID_basic_constraints, "critical,CA:FALSE" },
    { NID_key_usage, "critical,digitalSignature" },
    { NID_ext_key_usage, "serverAuth" },
    { NID_subject_key_identifier, "hash" },
    { NID_authority_key_identifier, "keyid:always" },
};

/* A certificate that is being made, and who signs it: itself, or a CA. */
struct draft {
    X509 *certificate;
    EVP_PKEY *key;
    X509 *issuer;
    EVP_PKEY *issuer_key;
};

static bool set_serial(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    bool good =
        serial &&
        BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));

    BN_free(serial);
    return good;
}

static bool set_common_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate),
                                      NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0);
}

/* Version, serial number, dates, names and key: all but the extensions. */
static bool fill(const struct draft *draft, const char *common_name,
                 time_t not_before, time_t not_after)
{
    X509 *certificate = draft->certificate;

    return X509_set_version(certificate, X509_VERSION_3) &&
           set_serial(certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), not_before) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), not_after) &&
           set_common_name(certificate, common_name) &&
           X509_set_issuer_name(certificate,
                                X509_get_subject_name(draft->issuer)) &&
           X509_set_pubkey(certificate, draft->key);
}

static bool extend(const struct draft *draft,
                   const struct extension *extensions, size_t count)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, draft->issuer, draft->certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        auto_extension X509_EXTENSION *extension = X509V3_EXT_conf_nid(
            NULL, &context, extensions[i].nid, extensions[i].value);

        if (!extension || !X509_add_ext(draft->certificate, extension, -1))
            return false;
    }
    return true;
}

static bool sign(const struct draft *draft)
{
    return X509_sign(draft->certificate, draft->issuer_key, EVP_sha256()) > 0;
}

/* Write the finished pair. */
static bool export(const struct draft *draft, time_t not_after,
                   struct issued *issued, struct error *err)
{
    auto_buf struct buf certificate = { 0 };
    auto_secret struct buf key = { 0 };

    if (!pem_format_certificate(draft->certificate, &certificate, err) ||
        !pem_format_key(draft->key, &key, err))
        return false;
    issued->certificate = take(&certificate.data);
    issued->key = take(&key.data);
    issued->not_after = not_after;
    return true;
}

/* Authorities get names that differ, so that two of them, which a rotation
 * brings together, can be told apart. */
static bool authority_name(char *out, size_t size)
{
    unsigned long number;
    BIGNUM *random = BN_new();
    bool good =
        random && BN_rand(random, 32, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);

    number = good ? BN_get_word(random) : 0;
    BN_free(random);
    (void)snprintf(out, size, "Spillway CA %08lx", number);
    return good;
}

bool issue_authority(time_t now, struct issued *ca, struct error *err)
{
    const time_t not_after = now + (time_t)ISSUE_CA_DAYS * DAY_S;
    auto_pkey EVP_PKEY *key = EVP_EC_gen("P-256");
    auto_x509 X509 *certificate = X509_new();
    const struct draft draft = { certificate, key, certificate, key };
    char name[32];

    if (!key || !certificate || !authority_name(name, sizeof(name)) ||
        !fill(&draft, name, now - ISSUE_BACKDATE_S, not_after) ||
        !extend(&draft, authority_extensions,
                array_len(authority_extensions)) ||
        !sign(&draft))
        return openssl_fail(err, "making a CA certificate");
    return export(&draft, not_after, ca, err);
}

/* Read an authority, and prove that it can sign now. */
static bool open_authority(const struct issued *ca, time_t now,
                           struct pem *authority, time_t *not_after,
                           struct error *err)
{
    time_t not_before;

    if (!pem_parse(text_of(ca->certificate), authority, err))
        return error_wrap(err, "the CA's certificate");
    if (!pem_parse(text_of(ca->key), authority, err))
        return error_wrap(err, "the CA's key");
    if (authority->n_certificates == 0 || authority->n_keys != 1 ||
        !certificate_has_key(authority->certificates[0], authority->keys[0]))
        return error_set(err, ERROR_INVALID,
                         "the CA's key does not fit its certificate");
    if (!certificate_is_ca(authority->certificates[0]))
        return error_set(err, ERROR_INVALID,
                         "the CA's certificate is not that of a CA");
    if (!certificate_validity(authority->certificates[0], &not_before,
                              not_after) ||
        now < not_before || now > *not_after)
        return error_set(err, ERROR_INVALID,
                         "the CA's certificate is not valid now");
    return true;
}

/* The first DNS name, or something of the right length: clients look at the
 * subjectAltName only. */
static void serving_name(const GENERAL_NAMES *names, char *out, size_t size)
{
    (void)snprintf(out, size, "spillway");
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        int len = name->type == GEN_DNS ? ASN1_STRING_length(name->d.dNSName)
                                        : INT_MAX;

        if (len > COMMON_NAME_MAX)
            continue;
        (void)snprintf(out, size, "%.*s", len,
                       (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        return;
    }
}

bool issue_serving(const struct issued *ca, const struct issue_names *names,
                   time_t now, long long seconds, struct issued *leaf,
                   struct error *err)
{
    auto_pem struct pem authority = { 0 };
    auto_pkey EVP_PKEY *key = NULL;
    auto_x509 X509 *certificate = NULL;
    time_t not_after, last = 0;
    struct draft draft;
    char name[COMMON_NAME_MAX + 1];

    if (!names->list)
        return error_set(err, ERROR_INVALID, "there is no name to certify");
    if (!open_authority(ca, now, &authority, &last, err))
        return false;
    not_after = seconds < last - now ? now + (time_t)seconds : last;
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    draft = (struct draft){ certificate, key, authority.certificates[0],
                            authority.keys[0] };
    serving_name(names->list, name, sizeof(name));
    if (!key || !certificate ||
        !fill(&draft, name, now - ISSUE_BACKDATE_S, not_after) ||
        !extend(&draft, serving_extensions, array_len(serving_extensions)) ||
        X509_add1_ext_i2d(certificate, NID_subject_alt_name, names->list, 0,
                          X509V3_ADD_DEFAULT) != 1 ||
        !sign(&draft))
        return openssl_fail(err, "making a serving certificate");
    return export(&draft, not_after, leaf, err);
}

void issued_done(struct issued *issued)
{
    if (issued->key)
        OPENSSL_cleanse(issued->key, strlen(issued->key));
    free(issued->key);
    free(issued->certificate);
    *issued = (struct issued){ 0 };
}
