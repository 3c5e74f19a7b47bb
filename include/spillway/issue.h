/*
 * issue.h - a certificate authority of one's own, and what it signs.
 *
 * Keys are ECDSA on P-256.  The authority may sign serving certificates and
 * nothing below them; a serving certificate may be used by a TLS server and
 * nothing else, and never outlives its authority.  Everything is made in
 * memory; the caller writes the files.
 */
#ifndef SPILLWAY_ISSUE_H
#define SPILLWAY_ISSUE_H

#include <stdbool.h>
#include <time.h>

#include <openssl/types.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct stack_st_GENERAL_NAME; /* OpenSSL's GENERAL_NAMES */

enum {
    ISSUE_CA_DAYS = 3650,      /* how long an authority is valid */
    ISSUE_BACKDATE_S = 5 * 60, /* clocks differ: certificates begin so many
                                  seconds before they are issued */
    ISSUE_MAX_NAMES = 100,     /* names of one certificate */
};

/* The names a serving certificate is for; a zeroed struct holds none. */
struct issue_names {
    struct stack_st_GENERAL_NAME *list; /* NULL when there are none */
};

/*
 * Add a DNS name, in lower case; its first label may be `*`.  A Kubernetes
 * Service's name SVC.NS.svc brings SVC.NS.svc.cluster.local with it.  A name
 * that is there already is not added again.  INVALID when it is not a DNS name
 * (RFC 1123, section 2.1), or when there are too many.
 */
bool issue_names_add_dns(struct issue_names *names, const char *name,
                         struct error *err) must_check;

/* Add an IPv4 or IPv6 address, likewise. */
bool issue_names_add_ip(struct issue_names *names, const char *address,
                        struct error *err) must_check;

/* Add the DNS and IP names that a certificate has, spelt as they are there.
 * INVALID when there are too many. */
bool issue_names_copy(struct issue_names *names, X509 *certificate,
                      struct error *err) must_check;

void issue_names_done(struct issue_names *names);

#define auto_issue_names __attribute__((cleanup(issue_names_done)))

/* A certificate and its key, as PEM. */
struct issued {
    char *certificate;
    char *key; /* wiped by issued_done() */
    time_t not_after;
};

/* Make a new authority that is valid for ISSUE_CA_DAYS from `now`.  The caller
 * releases *ca with issued_done(), also after a failure. */
bool issue_authority(time_t now, struct issued *ca,
                     struct error *err) must_check;

/*
 * Make a new key and a serving certificate for it, signed by `ca`, valid for
 * `seconds` from `now` or as long as the authority, whichever ends first.
 * INVALID when there are no names, or the authority cannot be used: not a CA,
 * not its key, not valid at `now`.  Released as above.
 */
bool issue_serving(const struct issued *ca, const struct issue_names *names,
                   time_t now, long long seconds, struct issued *leaf,
                   struct error *err) must_check;

/* Wipe the key and release both texts; a zeroed struct is fine. */
void issued_done(struct issued *issued);

#define auto_issued __attribute__((cleanup(issued_done)))

#endif
