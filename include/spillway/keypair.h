/*
 * keypair.h - the serving certificate and its key, proven before use.
 *
 * A pair is either good as a whole or refused: the chain is in order, the leaf
 * is valid now, names somebody, may be used by a server, and fits the key.
 */
#ifndef SPILLWAY_KEYPAIR_H
#define SPILLWAY_KEYPAIR_H

#include <stdbool.h>
#include <time.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

struct keypair {
    char *certificate;            /* PEM, the leaf first, then its issuers */
    char *key;                    /* PEM; wiped when the pair is freed */
    time_t not_before, not_after; /* of the leaf */
};

/*
 * Load and prove a pair.  Refused with INVALID: a file that holds no PEM, a
 * certificate that is not signed by the next one in the file, a leaf that at
 * `now` is not yet valid or expired, has no DNS or IP subjectAltName or
 * forbids serverAuth (RFC 5280, section 4.2.1.12), a key that others may read
 * (mode & 0007) or that does not fit.  SYSTEM: a file that cannot be read.
 * The text names the file.  The caller releases the pair with keypair_free().
 */
struct keypair *keypair_load(const char *certificate_path, const char *key_path,
                             time_t now, struct error *err) must_check;

/* The same for two PEM texts, which messages call tls.crt and tls.key, and of
 * which nobody asks who may read them. */
struct keypair *keypair_parse(const char *certificate, const char *key,
                              time_t now, struct error *err) must_check;

/* Wipe the key and release the pair; NULL is fine. */
void keypair_free(struct keypair *pair);

#define auto_keypair __attribute__((cleanup(keypair_release)))

static inline void keypair_release(struct keypair **p)
{
    keypair_free(*p);
}

#endif
