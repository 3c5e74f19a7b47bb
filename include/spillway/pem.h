/*
 * pem.h - certificates and private keys as they stand in PEM files.
 *
 * Text around the blocks is ignored (RFC 7468, section 2); a block that is cut
 * short, damaged, encrypted or of another kind is refused, never skipped.
 * Nothing here asks for a passphrase.
 */
#ifndef SPILLWAY_PEM_H
#define SPILLWAY_PEM_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/types.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

struct buf;

enum {
    PEM_LIMIT = 1024 * 1024, /* bytes of one file */
};

/* What one file holds, each kind in its order. */
struct pem {
    X509 **certificates;
    size_t n_certificates;
    EVP_PKEY **keys;
    size_t n_keys;
};

/*
 * Parse a PEM text.  INVALID when it holds no certificate and no key, or a
 * block that is not one of the two as it should be.  The caller releases *pem
 * with pem_done(), also after a failure.
 */
bool pem_parse(struct text in, struct pem *pem, struct error *err) must_check;

/*
 * The same for a file ("-" is stdin) of at most PEM_LIMIT bytes; the text of an
 * error begins with the path.  SYSTEM when it cannot be read.
 */
bool pem_load(const char *path, struct pem *pem, struct error *err) must_check;

/* The same, and a file that holds a key must be kept from others: INVALID when
 * they may use it (mode & 0007). */
bool pem_load_private(const char *path, struct pem *pem,
                      struct error *err) must_check;

/* Append one block.  SYSTEM when memory is short. */
bool pem_format_certificate(X509 *certificate, struct buf *out,
                            struct error *err) must_check;

/* Append one block: PKCS #8, not encrypted. */
bool pem_format_key(EVP_PKEY *key, struct buf *out,
                    struct error *err) must_check;

/* Release everything; a zeroed struct is fine. */
void pem_done(struct pem *pem);

#define auto_pem __attribute__((cleanup(pem_done)))

/* Overwrite a buffer that held a key, then release it. */
void pem_wipe(struct buf *buf);

#define auto_secret __attribute__((cleanup(pem_wipe)))

#endif
