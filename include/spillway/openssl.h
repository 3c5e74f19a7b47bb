/*
 * openssl.h - OpenSSL's objects under our idioms of ownership and failure.
 *
 * Only the modules that handle certificates and keys include this.
 */
#ifndef SPILLWAY_OPENSSL_H
#define SPILLWAY_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "spillway/error.h"

struct buf;

/*
 * Record that OpenSSL could not do `what` (SYSTEM), with its reason, and empty
 * the thread's error queue.  Always returns false.
 */
bool openssl_fail(struct error *err, const char *what);

/* Append what was written to a memory BIO. */
void openssl_drain(BIO *bio, struct buf *out);

/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot be put in them. */
#define OPENSSL_OWNER(type)                                                    \
    static inline void release_##type(type **p)                                \
    {                                                                          \
        type##_free(*p);                                                       \
        *p = NULL;                                                             \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

OPENSSL_OWNER(BIO)
OPENSSL_OWNER(EVP_PKEY)
OPENSSL_OWNER(GENERAL_NAME)
OPENSSL_OWNER(GENERAL_NAMES)
OPENSSL_OWNER(PKCS8_PRIV_KEY_INFO)
OPENSSL_OWNER(X509)
OPENSSL_OWNER(X509_EXTENSION)

#define auto_bio __attribute__((cleanup(release_BIO)))
#define auto_pkey __attribute__((cleanup(release_EVP_PKEY)))
#define auto_general_name __attribute__((cleanup(release_GENERAL_NAME)))
#define auto_general_names __attribute__((cleanup(release_GENERAL_NAMES)))
#define auto_pkcs8 __attribute__((cleanup(release_PKCS8_PRIV_KEY_INFO)))
#define auto_x509 __attribute__((cleanup(release_X509)))
#define auto_extension __attribute__((cleanup(release_X509_EXTENSION)))

#endif
