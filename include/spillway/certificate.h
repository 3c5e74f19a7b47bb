/*
 * certificate.h - what one asks of an X.509 certificate.
 *
 * Pure questions and descriptions; no file, no clock.  Texts that come out of
 * a certificate are appended as UTF-8 with control characters escaped, and are
 * safe to print.
 */
#ifndef SPILLWAY_CERTIFICATE_H
#define SPILLWAY_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <openssl/types.h>

#include "spillway/macros.h"

struct buf;

/* `issuer` bears the name that the certificate gives as its issuer's, and its
 * key made the signature. */
bool certificate_is_signed_by(X509 *certificate, X509 *issuer);

/* It has basicConstraints that say CA. */
bool certificate_is_ca(X509 *certificate);

/* There is at least one, and all are those of CAs. */
bool certificates_are_ca(X509 *const list[], size_t count);

/* The first that is not signed by the next one; `count` when each is. */
size_t certificates_unlinked(X509 *const list[], size_t count);

/* The private key belongs to it. */
bool certificate_has_key(X509 *certificate, EVP_PKEY *key);

/* It does not forbid serverAuth: no extended key usage at all, or one that
 * names serverAuth or any (RFC 5280, section 4.2.1.12). */
bool certificate_may_serve(X509 *certificate);

/* A client that trusts these authorities, and looks at the server's certificate
 * alone at that time, accepts it: OpenSSL's whole judgement, but for the name
 * that the server is called by.  False also when memory is short. */
bool certificate_is_trusted(X509 *server, X509 *const authorities[],
                            size_t n_authorities, time_t now);

/* The same of a client that looks at what the server sends, too: its own
 * certificate first, and those of issuers behind it (at least one in all). */
bool certificate_chain_is_trusted(X509 *const chain[], size_t n_chain,
                                  X509 *const authorities[],
                                  size_t n_authorities, time_t now);

/* From when to when it is valid, both included; false when it does not say so
 * in a way that can be read. */
bool certificate_validity(X509 *certificate, time_t *not_before,
                          time_t *not_after) must_check;

enum { CERTIFICATE_TIME_SIZE = 32 };

/* A time as RFC 3339 writes it, in UTC: 2027-11-22T12:35:00Z.  Returns `out`.
 */
const char *certificate_format_time(time_t time,
                                    char out[CERTIFICATE_TIME_SIZE]);

/*
 * Call `each` with every DNS and IP name of the subjectAltName, in order, and
 * return how many there were.  `each` may be NULL; `name` is lent for the call.
 */
size_t certificate_names(X509 *certificate,
                         void (*each)(void *context, bool is_ip,
                                      const char *name),
                         void *context);

/* Append the subject or issuer as RFC 4514 writes it, "" when empty. */
void certificate_subject(X509 *certificate, struct buf *out);
void certificate_issuer(X509 *certificate, struct buf *out);

/* Append the SHA-256 of the DER form: AB:CD:... */
void certificate_fingerprint(X509 *certificate, struct buf *out);

/* Append what kind of key it is: "ECDSA P-256", "RSA 2048". */
void certificate_key_kind(EVP_PKEY *key, struct buf *out);

#endif
