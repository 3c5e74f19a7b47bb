/*
 * answer.h - how every handler answers: one response, queued whole.
 */
#ifndef SPILLWAY_ANSWER_H
#define SPILLWAY_ANSWER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "spillway/text.h"

struct answer {
    unsigned code;            /* HTTP status */
    const char *content_type; /* a literal */
    struct text body;         /* copied */
    const char *allow;        /* the Allow header, or NULL */
    bool close;               /* announce and make it the connection's last */
    bool retry;               /* Retry-After: 1 */
};

/* Queue the answer.  MHD_NO when that cannot be done: the library then drops
 * the connection. */
enum MHD_Result answer_send(struct MHD_Connection *connection,
                            const struct answer *answer);

/*
 * Queue a failure as a metav1.Status, whose message kube-apiserver shows to
 * the user.  `answer` says all but the content; its text may be of any bytes.
 */
enum MHD_Result answer_status(struct MHD_Connection *connection,
                              const struct answer *answer, const char *message);

#endif
