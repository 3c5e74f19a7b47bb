/*
 * refusal.h - what is wrong with a request's head, before a byte of its body
 * is read.
 *
 * Pure: a head in, the first rule that it breaks out.
 */
#ifndef SPILLWAY_REFUSAL_H
#define SPILLWAY_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

/* A head, as far as the rules look at it.  Texts are borrowed; a header that
 * did not come is NULL, of several the last one counts. */
struct request_head {
    const char *method, *path, *version; /* "POST", "/mutate", "HTTP/1.1" */
    const char *content_length, *transfer_encoding, *content_type, *expect;
    bool has_content_encoding;
    bool is_malformed; /* a header that others could read in another way */
    unsigned n_hosts, n_content_lengths, n_transfer_encodings, n_content_types;
};

struct refusal {
    unsigned code;     /* HTTP status */
    const char *allow; /* the Allow header, or NULL */
    char message[256]; /* for the user, who sees it through kube-apiserver */
};

/* True when it is unclear where the request ends or whom it is for; fills
 * `refusal`. */
bool refusal_find_framing(const struct request_head *head,
                          struct refusal *refusal);

/*
 * True when the request, whose framing is clear, is refused; fills `refusal`.
 * `path` is where reviews go, `max_body` how many bytes one may have.  On
 * false, *length is the length of the body, or 0 when it comes in chunks.
 */
bool refusal_find(const struct request_head *head, const char *path,
                  size_t max_body, size_t *length, struct refusal *refusal);

/* True when the refusal must be the last thing on its connection: where the
 * next request begins cannot be known, or is a body away. */
bool refusal_ends_connection(const struct request_head *head,
                             const struct refusal *refusal);

/* Fill in the refusal of a body that turned out too large, of a caller that may
 * not call, for that reason, and of a body that there is no room for now. */
void refusal_too_big(size_t max_body, struct refusal *refusal);
void refusal_forbidden(const char *why, struct refusal *refusal);
void refusal_overloaded(struct refusal *refusal);

#endif
