/*
 * credentials.h - a proven key pair, as TLS serves it.
 *
 * Immutable and shared by reference: each connection keeps the credentials it
 * was opened with, so that a new pair touches none that is open.
 */
#ifndef SPILLWAY_CREDENTIALS_H
#define SPILLWAY_CREDENTIALS_H

#include <stdbool.h>
#include <time.h>

#include <gnutls/gnutls.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct credentials;
struct keypair;

/* Give GnuTLS a pair, which is not needed afterwards.  The caller drops the
 * credentials with credentials_free().  NULL with *err set: INVALID when GnuTLS
 * cannot use the pair, SYSTEM when memory is short. */
struct credentials *credentials_new(const struct keypair *pair,
                                    struct error *err) must_check;

/* When the server's certificate expires. */
time_t credentials_not_after(const struct credentials *credentials);

/* Let a session, whose handshake has not begun, present this certificate.  The
 * caller keeps its reference as long as the session is used.  False when memory
 * is short. */
bool credentials_use(const struct credentials *credentials,
                     gnutls_session_t session) must_check;

/* Take one more reference, which is dropped with credentials_free().  Any
 * thread may do both. */
struct credentials *credentials_get(struct credentials *credentials) must_check;

/* Drop a reference, and release everything with the last; NULL is fine. */
void credentials_free(struct credentials *credentials);

#define auto_credentials __attribute__((cleanup(credentials_release)))

static inline void credentials_release(struct credentials **p)
{
    credentials_free(*p);
}

#endif
