/*
 * rotate.h - a new serving pair, or a new CA, for a directory of certificates.
 *
 * A change of CAs has two phases.  First a new CA stands in ca.crt before the
 * old one, and the server's certificate is signed by the new: whoever trusts
 * ca.crt as a whole trusts servers with the old and with the new certificate.
 * Once all servers have the new one, the old CA is dropped.
 *
 * Everything is made, and proven, in memory; nothing here looks at the clock.
 */
#ifndef SPILLWAY_ROTATE_H
#define SPILLWAY_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/issue.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

struct certs_dir;

/* What a directory holds; a zeroed struct is nothing. */
struct rotate_state {
    const struct certs_dir *dir; /* borrowed */
    struct pem authorities;      /* of ca.crt, at least one */
    struct pem authority_key;    /* of ca.key */
    struct pem chain;            /* of tls.crt, the server's own first */
    size_t current;              /* the authority that ca.key fits */
    time_t authority_not_before, authority_not_after; /* of that one */
    time_t leaf_not_after; /* of the server's certificate */
};

/*
 * Read ca.crt, ca.key and tls.crt.  INVALID unless one key is in ca.key, it
 * fits one of the authorities in ca.crt, and one of them signed the server's
 * certificate; SYSTEM when a file is missing or cannot be read.  Who has
 * expired is not asked.  The text says which file it is about, and what to do.
 * `dir` must outlive the state, which the caller releases with
 * rotate_state_done(), also after a failure.
 */
bool rotate_read(const struct certs_dir *dir, struct rotate_state *state,
                 struct error *err) must_check;

void rotate_state_done(struct rotate_state *state);

#define auto_rotate_state __attribute__((cleanup(rotate_state_done)))

/* Prove that nothing need change at `now`: the CA is valid and the first in
 * ca.crt, the pair is as keypair_load() wants it, and whoever trusts ca.crt
 * accepts it. */
bool rotate_keep(const struct rotate_state *state, time_t now,
                 struct error *err) must_check;

/* What will be written; what is empty leaves its file alone. */
struct rotated {
    struct buf authorities; /* ca.crt */
    struct issued ca;       /* ca.key; the certificate is in `authorities` */
    struct issued leaf;     /* tls.crt and tls.key */
};

/*
 * Make a new key and certificate for the server, with the DNS and IP names that
 * its certificate has now, valid for `seconds` from `now`, and signed by the
 * CA, which must be the first in ca.crt.  INVALID when the CA is not valid at
 * `now` or ends before the new certificate would, or when there are no names.
 * The caller releases *rotated with rotated_done(), also after a failure.
 */
bool rotate_leaf(const struct rotate_state *state, time_t now,
                 long long seconds, struct rotated *rotated,
                 struct error *err) must_check;

/* Make a new CA as well, which comes first in ca.crt, the old one behind it.
 * INVALID when ca.crt holds more than one already.  Released as above. */
bool rotate_authority(const struct rotate_state *state, time_t now,
                      long long seconds, struct rotated *rotated,
                      struct error *err) must_check;

/* Leave only the CA that ca.key fits in ca.crt.  INVALID when it is not the one
 * that signed the server's certificate.  Released as above. */
bool rotate_finish(const struct rotate_state *state, struct rotated *rotated,
                   struct error *err) must_check;

/* Replace the files that have changed (see certs_dir_replace()). */
bool rotate_write(const struct certs_dir *dir, const struct rotated *rotated,
                  struct error *err) must_check;

void rotated_done(struct rotated *rotated);

#define auto_rotated __attribute__((cleanup(rotated_done)))

#endif
