/*
 * answer.h - how every handler answers: one response, queued whole.
 */
#ifndef SPILLWAY_ANSWER_H
#define SPILLWAY_ANSWER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "spillway/macros.h"
#include "spillway/text.h"

struct answer {
    unsigned code;            /* HTTP status */
    const char *content_type; /* a literal */
    struct text body;         /* copied */
    const char *allow;        /* the Allow header, or NULL */
    bool close;               /* announce and make it the connection's last */
    bool retry;               /* Retry-After: 1 */
};

/* Its body and type, to be queued later; NULL when memory is short.  Released
 * by answer_queue(), or with MHD_destroy_response(). */
struct MHD_Response *answer_prepare(const struct answer *answer) must_check;

/*
 * Prepare a failure as a metav1.Status, whose message kube-apiserver shows to
 * the user.  `answer` says all but the content; its text may be of any bytes.
 */
struct MHD_Response *answer_prepare_status(const struct answer *answer,
                                           const char *message) must_check;

/* Queue what was prepared (NULL is fine).  MHD_NO when that cannot be done: the
 * library then drops the connection. */
enum MHD_Result answer_queue(struct MHD_Connection *connection,
                             const struct answer *answer,
                             struct MHD_Response *response);

#endif
