/*
 * certs_dir.h - the directory in which `spillway certs` keeps a CA and the
 * serving pair that it signed.
 */
#ifndef SPILLWAY_CERTS_DIR_H
#define SPILLWAY_CERTS_DIR_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

/* Its files, in the order in which they are replaced. */
enum certs_file {
    CERTS_CA_CRT, /* the CA's certificate; while CAs are changed, the new one's
                     and behind it the old one's */
    CERTS_CA_KEY, /* the (new) CA's key */
    CERTS_TLS_CRT,
    CERTS_TLS_KEY,
    CERTS_FILES
};

/* A zeroed struct is none, and may be closed. */
struct certs_dir {
    char *path; /* without slashes at its end */
    char *files[CERTS_FILES];
    int lock; /* a descriptor that holds the lock */
};

/*
 * Open a directory that exists, once every other process that has opened it so
 * has closed it again: what one reads and what it writes then fit together.
 * (Where the file system has no locks, nobody is waited for.)  The caller
 * closes it with certs_dir_close(), also after a failure.  SYSTEM when there is
 * no such directory.
 */
bool certs_dir_open(struct certs_dir *dir, const char *path,
                    struct error *err) must_check;

/*
 * Replace the files that have a content, as file_replace_all() does; NULL
 * leaves a file alone.  Only their owner may read the keys.
 *
 * ca.crt goes first, the pair last: should the machine stop half-way, there is
 * a new CA without its key, which `certs rotate --ca-finish` drops again, or
 * with it, and then `certs rotate` can sign another pair.
 */
bool certs_dir_replace(const struct certs_dir *dir,
                       const char *const contents[CERTS_FILES], bool overwrite,
                       struct error *err) must_check;

void certs_dir_close(struct certs_dir *dir);

#define auto_certs_dir __attribute__((cleanup(certs_dir_close)))

/*
 * Read a ca.crt: certificates of authorities, at least one, and nothing else.
 * INVALID when it holds another certificate or a private key.  The caller
 * releases *pem with pem_done(), also after a failure.
 */
bool certs_load_authorities(const char *path, struct pem *pem,
                            struct error *err) must_check;

#endif
