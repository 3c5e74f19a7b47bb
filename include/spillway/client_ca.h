/*
 * client_ca.h - who may call: clients with a certificate that one of these
 * authorities signed, and, when names are given, that bears one of them.
 *
 * Immutable and shared by reference.  Only the given file is trusted, never the
 * system's store.
 */
#ifndef SPILLWAY_CLIENT_CA_H
#define SPILLWAY_CLIENT_CA_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

enum { CLIENT_CA_MAX_CHAIN = 10 }; /* certificates that a client may send */

struct client_ca;

/*
 * Load the authorities of a PEM file, and the names that clients must bear one
 * of (borrowed as long as the result is used; none: any will do).  INVALID: a
 * file without a certificate, one that holds a private key, a certificate that
 * is not a CA's or that is not valid at `now`.  SYSTEM: a file that cannot be
 * read.  The text names the file.  The caller drops the result with
 * client_ca_free().
 */
struct client_ca *client_ca_load(const char *path, const char *const *names,
                                 size_t n_names, time_t now,
                                 struct error *err) must_check;

/* When the first of the authorities expires. */
time_t client_ca_not_after(const struct client_ca *ca);

/*
 * Verify what a client has shown: DER certificates, its own first, in the order
 * in which TLS hands them over (RFC 8446, section 4.4.2).  The chain must lead
 * to one of the authorities, be valid at `now`, allow clientAuth (RFC 5280,
 * section 4.2.1.12) and use no weak key or digest; the CN or a subjectAltName
 * of the first must equal one of the names: DNS names in any case, all others
 * byte for byte, no wildcards.  INVALID with a text that may be told to the
 * client.  Any thread may call.
 */
bool client_ca_verify(const struct client_ca *ca, const struct text *chain,
                      size_t count, time_t now, struct error *err) must_check;

/* Take one more reference, which is dropped with client_ca_free().  Any thread
 * may do both. */
struct client_ca *client_ca_get(struct client_ca *ca) must_check;

/* Drop a reference, and release everything with the last; NULL is fine. */
void client_ca_free(struct client_ca *ca);

#define auto_client_ca __attribute__((cleanup(client_ca_release)))

static inline void client_ca_release(struct client_ca **p)
{
    client_ca_free(*p);
}

#endif
