/*
 * pki.h - certificates with exactly the flaw that a test needs.
 *
 * Everything is made in the test run; failing to make it fails the running
 * test.
 */
#ifndef SPILLWAY_TESTS_PKI_H
#define SPILLWAY_TESTS_PKI_H

#include <stdbool.h>
#include <time.h>

#include <openssl/types.h>

/* A certificate and its key. */
struct pki {
    X509 *certificate;
    EVP_PKEY *key;
};

/* What to put into one.  What is zero is left out. */
struct pki_wish {
    const char *name;      /* CN */
    int name_len;          /* of it, when there is a NUL in it */
    const char *alt_names; /* as in openssl.cnf: "DNS:a,IP:127.0.0.1" */
    const char *usage;     /* extended key usage: "serverAuth" */
    bool is_ca;
    time_t begin, end;    /* seconds from now; both 0: an hour around now */
    const char *key_type; /* "RSA", "RSA 1024", "ED25519"; NULL: ECDSA P-256 */
    const char *digest;   /* "SHA1"; NULL: SHA-256 */
    bool no_ca_below;     /* pathlen:0 */
};

/* Make a certificate that `issuer` signs, or itself when NULL. */
void pki_init(struct pki *pki, const struct pki_wish *wish,
              const struct pki *issuer);

/* PEM texts; the caller frees them. */
char *pki_certificate(const struct pki *pki);
char *pki_key(const struct pki *pki);

/* The key as PEM in another form: "PRIVATE KEY" under a passphrase, or what
 * `openssl ecparam -genkey` and `openssl genrsa -traditional` write. */
char *pki_key_encrypted(const struct pki *pki);
char *pki_key_encrypted_traditional(const struct pki *pki);
char *pki_key_traditional(const struct pki *pki);

void pki_done(struct pki *pki);

#define auto_pki __attribute__((cleanup(pki_done)))

#endif
