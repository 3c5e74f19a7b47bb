/* pki.c - see pki.h for the contract. */
#include "pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "harness.h"

static EVP_PKEY *make_key(const char *type)
{
    if (!type)
        return EVP_EC_gen("P-256");
    if (strcmp(type, "RSA") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(type, "RSA 1024") == 0)
        return EVP_RSA_gen(1024);
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension;

    if (!value)
        return;
    extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_true(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_times(X509 *certificate, const struct pki_wish *wish)
{
    bool is_default = wish->begin == 0 && wish->end == 0;
    time_t now = time(NULL);

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate),
                                  now + (is_default ? -3600 : wish->begin)));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate),
                                  now + (is_default ? 3600 : wish->end)));
}

void pki_init(struct pki *pki, const struct pki_wish *wish,
              const struct pki *issuer)
{
    static long serial; /* tests run one after the other */
    X509 *certificate = X509_new();
    const EVP_MD *digest;

    assert_non_null(certificate);
    pki->certificate = certificate;
    pki->key = make_key(wish->key_type);
    assert_non_null(pki->key);
    issuer = issuer ? issuer : pki;
    assert_true(X509_set_version(certificate, X509_VERSION_3));
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial));
    set_times(certificate, wish);
    assert_true(X509_NAME_add_entry_by_txt(
        X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
        (const unsigned char *)wish->name, wish->name_len ? wish->name_len : -1,
        -1, 0));
    assert_true(X509_set_issuer_name(
        certificate, X509_get_subject_name(issuer->certificate)));
    assert_true(X509_set_pubkey(certificate, pki->key));
    if (wish->is_ca)
        extend(certificate, NID_basic_constraints,
               wish->no_ca_below ? "critical,CA:TRUE,pathlen:0"
                                 : "critical,CA:TRUE");
    extend(certificate, NID_subject_alt_name, wish->alt_names);
    extend(certificate, NID_ext_key_usage, wish->usage);
    digest = wish->digest ? EVP_get_digestbyname(wish->digest) : EVP_sha256();
    if (EVP_PKEY_is_a(issuer->key, "ED25519"))
        digest = NULL;
    assert_true(X509_sign(certificate, issuer->key, digest) > 0);
}

/* The content of a memory BIO, which is released, as a string. */
static char *text_of_bio(BIO *bio)
{
    char *data, *text;
    long len = BIO_get_mem_data(bio, &data);

    assert_true(len > 0);
    text = strndup(data, (size_t)len);
    assert_non_null(text);
    BIO_free(bio);
    return text;
}

static BIO *new_bio(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(bio);
    return bio;
}

char *pki_certificate(const struct pki *pki)
{
    BIO *bio = new_bio();

    assert_true(PEM_write_bio_X509(bio, pki->certificate));
    return text_of_bio(bio);
}

char *pki_key(const struct pki *pki)
{
    BIO *bio = new_bio();

    assert_true(PEM_write_bio_PKCS8PrivateKey(bio, pki->key, NULL, NULL, 0,
                                              NULL, NULL));
    return text_of_bio(bio);
}

char *pki_key_encrypted(const struct pki *pki)
{
    BIO *bio = new_bio();

    assert_true(PEM_write_bio_PKCS8PrivateKey(bio, pki->key, EVP_aes_128_cbc(),
                                              "passphrase", 10, NULL, NULL));
    return text_of_bio(bio);
}

static char *traditional(const struct pki *pki, const EVP_CIPHER *cipher)
{
    BIO *bio = new_bio();
    char *text, *whole = NULL;

    assert_true(PEM_write_bio_PrivateKey_traditional(
        bio, pki->key, cipher,
        (const unsigned char *)(cipher ? "secret" : NULL), cipher ? 6 : 0, NULL,
        NULL));
    text = text_of_bio(bio);
    if (!EVP_PKEY_is_a(pki->key, "EC"))
        return text;
    /* The curve in front of the key, as ecparam writes it: prime256v1. */
    assert_true(asprintf(&whole,
                         "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                         "-----END EC PARAMETERS-----\n%s",
                         text) > 0);
    free(text);
    return whole;
}

char *pki_key_encrypted_traditional(const struct pki *pki)
{
    return traditional(pki, EVP_aes_128_cbc());
}

char *pki_key_traditional(const struct pki *pki)
{
    return traditional(pki, NULL);
}

void pki_done(struct pki *pki)
{
    X509_free(pki->certificate);
    EVP_PKEY_free(pki->key);
    *pki = (struct pki){ 0 };
}
