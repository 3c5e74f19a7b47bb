/*
 * certs_files.h - the four files of `spillway certs` in a test's directory.
 *
 * Failing to make, read or write one fails the running test.
 */
#ifndef SPILLWAY_TESTS_CERTS_FILES_H
#define SPILLWAY_TESTS_CERTS_FILES_H

#include <stdbool.h>
#include <time.h>

#include "spillway/certs_dir.h"
#include "spillway/issue.h"

#include "scratch.h"

/* What they hold; NULL for one that is not there. */
struct certs_files {
    char *texts[CERTS_FILES];
};

/* The names that certs_files_issue() gives the server, in this order. */
#define CERTS_FILES_NAMES "s.n.svc s.n.svc.cluster.local 10.1.2.3"

/*
 * Write a CA that was made at `made`, which is valid for ten years, and a
 * server's pair that it signed at `signed_at`, which is valid for `seconds`.
 */
void certs_files_issue(const struct scratch *scratch, time_t made,
                       time_t signed_at, long long seconds);

/* The pair of a server with these names, signed by the CA that is there. */
void certs_files_sign(const struct issued *ca, time_t now, long long seconds,
                      struct issued *leaf);

/* Write one file, with the mode that it should have. */
void certs_files_put(const struct scratch *scratch, enum certs_file file,
                     const char *text);

void certs_files_remove(const struct scratch *scratch, enum certs_file file);

/* The path of one; the caller frees it. */
char *certs_files_path(const struct scratch *scratch, enum certs_file file);

/* Read all four.  The caller releases them. */
void certs_files_read(const struct scratch *scratch, struct certs_files *files);

/* Fail unless the files are, byte for byte, those of `before`. */
void certs_files_assert_unchanged(const struct scratch *scratch,
                                  const struct certs_files *before);

/* Does a client that trusts that ca.crt accept that tls.crt, now? */
bool certs_files_trust(const char *authorities, const char *certificate);

void certs_files_done(struct certs_files *files);

#define auto_certs_files __attribute__((cleanup(certs_files_done)))

#endif
