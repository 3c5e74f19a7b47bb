/*
 * webhook.c - see webhook.h for the contract.
 *
 * One request: the head is checked before the body is read.  A body that comes
 * in one piece is decided where it lies; others are gathered first, or thrown
 * away once they are too large.  At its end the answer is queued.
 */
#include "spillway/webhook.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spillway/account.h"
#include "spillway/admit.h"
#include "spillway/answer.h"
#include "spillway/arena.h"
#include "spillway/arenas.h"
#include "spillway/body.h"
#include "spillway/head.h"
#include "spillway/log.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"
#include "spillway/peer.h"
#include "spillway/record.h"
#include "spillway/refusal.h"
#include "spillway/server.h"
#include "spillway/snapshot.h"

enum { REQUEST_MAGIC = 0x5e71e3a1, UID_SHOWN = 64 };

struct webhook {
    struct webhook_settings settings;
    struct inflight inflight;
    pthread_key_t arenas;
};

struct request {
    unsigned magic;
    bool is_counted;        /* as an admission in flight */
    unsigned code;          /* of our answer, which is counted; 0: none yet */
    struct refusal refusal; /* to be sent at the end; code 0 for none */
    bool is_chunked;
    size_t expected; /* bytes of the body, or at most so many in chunks */
    size_t received; /* of them */
    struct body body;
    struct answer answer; /* what was decided; code 0 for nothing yet */
    struct MHD_Response *response;
    unsigned long long decided_ns; /* how long that took */
    char uid[UID_SHOWN];           /* of the review, clipped */
};

/* A call of the library about a request, and what is in force meanwhile. */
struct turn {
    struct webhook *webhook;
    struct request *request;
    struct MHD_Connection *connection;
    struct snapshot *now;
};

static struct turn turn_of(void *context, void *request,
                           struct MHD_Connection *connection)
{
    struct webhook *webhook = context;

    return (struct turn){ webhook, request, connection,
                          snapshots_now(webhook->settings.snapshots) };
}

static void turn_done(struct turn *turn)
{
    snapshot_free(turn->now);
}

#define auto_turn __attribute__((cleanup(turn_done)))

/* --- begin and end ----------------------------------------------------- */

static void log_slow(const struct request *request, unsigned status,
                     long long elapsed_ms)
{
    log_event(LOG_LEVEL_WARN,
              status ? "slow request" : "slow request was not answered",
              log_number("ms", (unsigned long long)elapsed_ms),
              log_number("decided_us", request->decided_ns / 1000),
              log_number("bytes", request->received),
              log_number("code", status), log_string("uid", request->uid));
}

static void request_end(void *context, void *state, unsigned status,
                        long long elapsed_ms)
{
    struct webhook *webhook = context;
    struct request *request = state;

    /* What libmicrohttpd answered by itself has not been counted yet. */
    if (request->code)
        status = request->code;
    else if (status)
        metrics_http(status);
    if (webhook->settings.slow_ms && elapsed_ms >= webhook->settings.slow_ms)
        log_slow(request, status, elapsed_ms);
    if (request->is_counted)
        metrics_admission_end();
    body_done(&request->body, &webhook->inflight);
    if (request->response)
        MHD_destroy_response(request->response); /* nobody wanted it */
}

/* --- answers ----------------------------------------------------------- */

/* True when the answer is to be the connection's last. */
static bool ends_connection(const struct turn *turn)
{
    struct peer *peer = peer_of(turn->connection);

    if (!atomic_load_explicit(turn->webhook->settings.draining,
                              memory_order_relaxed))
        return peer && peer_must_end(peer, turn->now);
    if (peer)
        peer_announce(peer, CONNECTION_END_DRAIN);
    return true;
}

/* Queue the answer; what was prepared is gone with it. */
static enum MHD_Result finish(const struct turn *turn, struct answer *answer,
                              struct MHD_Response *response)
{
    answer->close = ends_connection(turn) || answer->close;
    /* Before it is sent: who reads the answer may read the counters next. */
    metrics_http(answer->code);
    turn->request->code = answer->code;
    return answer_queue(turn->connection, answer, response);
}

static void note_refusal(unsigned code, const char *message)
{
    log_event(LOG_LEVEL_DEBUG, "refused request", log_number("code", code),
              log_string("error", message));
}

static enum MHD_Result finish_refusal(const struct turn *turn)
{
    const struct refusal *refusal = &turn->request->refusal;
    struct answer answer = {
        .code = refusal->code,
        .allow = refusal->allow,
        .close = refusal->code == 403 || refusal->code == 503,
        .retry = refusal->code == 503,
    };

    note_refusal(refusal->code, refusal->message);
    return finish(turn, &answer,
                  answer_prepare_status(&answer, refusal->message));
}

static void prepare_error(struct request *request, const struct error *err)
{
    request->answer.code = 400;
    if (err->kind == ERROR_SYSTEM) {
        request->answer.code = 500;
        log_event(LOG_LEVEL_ERROR, "cannot decide a review",
                  log_string("error", err->text));
    }
    note_refusal(request->answer.code, err->text);
    request->response = answer_prepare_status(&request->answer, err->text);
}

/* --- the head ---------------------------------------------------------- */

/* True when the caller may not call; fills the refusal. */
static bool is_stranger(const struct turn *turn, struct refusal *refusal)
{
    struct peer *peer = peer_of(turn->connection);
    struct error err = { 0 };

    if (!turn->now->client_ca)
        return false;
    if (!peer)
        (void)error_no_memory(&err);
    else if (peer_may_call(peer, turn->now->client_ca, &err))
        return false;
    refusal_forbidden(err.text, refusal);
    return true;
}

/* What is known of the body; fills the refusal when there is no room. */
static bool expect_body(const struct turn *turn,
                        const struct request_head *head, size_t length)
{
    const struct webhook_settings *s = &turn->webhook->settings;
    struct request *request = turn->request;

    request->is_chunked = head->n_transfer_encodings > 0;
    request->expected = request->is_chunked ? s->max_body : length;
    if (body_fits(&turn->webhook->inflight, request->expected,
                  request->is_chunked))
        return true;
    metrics_overload(OVERLOAD_BYTES);
    refusal_overloaded(&request->refusal);
    return false;
}

static enum MHD_Result request_head(void *context, void *state,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version)
{
    auto_turn struct turn turn = turn_of(context, state, connection);
    const struct webhook_settings *s = &turn.webhook->settings;
    struct request *request = state;
    struct request_head head = { .method = method,
                                 .path = url,
                                 .version = version };
    size_t length = 0;

    request->magic = REQUEST_MAGIC;
    head_read(connection, &head);
    if (refusal_find_framing(&head, &request->refusal) ||
        is_stranger(&turn, &request->refusal) ||
        refusal_find(&head, s->path, s->max_body, &length, &request->refusal) ||
        !expect_body(&turn, &head, length)) {
        /* Without a body there is nothing to cut off: answered at its end, the
         * request leaves the connection usable. */
        if (!refusal_ends_connection(&head, &request->refusal))
            return MHD_YES;
        return finish_refusal(&turn);
    }
    request->is_counted = true;
    metrics_admission_begin();
    return MHD_YES;
}

/* --- deciding ---------------------------------------------------------- */

static unsigned long long elapsed_ns(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)((now.tv_sec - start->tv_sec) * 1000000000LL +
                                (now.tv_nsec - start->tv_nsec));
}

/* What was decided, told to whoever keeps accounts of it. */
static void note_decision(const struct turn *turn, struct text body,
                          const struct admission *admission)
{
    struct request *request = turn->request;
    struct text uid = text_clip(admission->uid, sizeof(request->uid) - 1);

    if (uid.len)
        memcpy(request->uid, uid.data, uid.len);
    account_admission(admission, request->decided_ns);
    if (turn->webhook->settings.recorder)
        recorder_offer(turn->webhook->settings.recorder, turn->now->policy,
                       body, admission);
}

static bool decide_in(const struct turn *turn, struct text body,
                      struct arena *arena, struct error *err)
{
    struct request *request = turn->request;
    struct admission admission = { 0 };
    struct timespec start;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (!admit(turn->now->policy, body, arena, &admission, err))
        return false;
    request->decided_ns = elapsed_ns(&start);
    note_decision(turn, body, &admission);
    request->answer = (struct answer){ .code = 200,
                                       .content_type = "application/json",
                                       .body = admission.response };
    request->response = answer_prepare(&request->answer);
    request->answer.body.data = NULL; /* goes with the arena */
    return true;
}

/* Decide, and prepare the answer. */
static void decide(const struct turn *turn, struct text body)
{
    struct arena *arena = arena_of_thread(turn->webhook->arenas);
    struct error err = { 0 };

    if (!arena)
        (void)error_no_memory(&err);
    if (!arena || !decide_in(turn, body, arena, &err))
        prepare_error(turn->request, &err);
    if (arena)
        arena_reset(arena);
}

/* --- the body ---------------------------------------------------------- */

/* Append a piece; false when there is no room for it. */
static bool gather(struct webhook *webhook, struct request *request,
                   const char *data, size_t size)
{
    bool is_first = request->received == size;

    return (!is_first || body_begin(&request->body, &webhook->inflight,
                                    request->expected, request->is_chunked)) &&
           body_add(&request->body, &webhook->inflight, data, size);
}

/* No answer can be queued before the end of a body that is refused only now;
 * the rest is read and forgotten. */
static void request_body(void *context, void *state,
                         struct MHD_Connection *connection, const char *data,
                         size_t size)
{
    struct webhook *webhook = context;
    struct request *request = state;

    assert(request->magic == REQUEST_MAGIC);
    if (request->refusal.code)
        return;
    if (!request->is_chunked && size == request->expected) {
        auto_turn struct turn turn = turn_of(context, state, connection);

        request->received = size;
        decide(&turn, (struct text){ data, size });
        return;
    }
    if (size > webhook->settings.max_body - request->received) {
        /* Only a chunked body gets here. */
        refusal_too_big(webhook->settings.max_body, &request->refusal);
        body_done(&request->body, &webhook->inflight);
        return;
    }
    request->received += size;
    if (!gather(webhook, request, data, size)) {
        metrics_overload(OVERLOAD_BYTES);
        refusal_overloaded(&request->refusal);
        body_done(&request->body, &webhook->inflight);
    }
}

/* Decide what was gathered. */
static void decide_gathered(const struct turn *turn)
{
    struct request *request = turn->request;
    struct error err = { 0 };

    if (buf_ok(&request->body.bytes, &err))
        decide(turn, buf_text(&request->body.bytes));
    else
        prepare_error(request, &err);
}

static enum MHD_Result request_answer(void *context, void *state,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method)
{
    auto_turn struct turn turn = turn_of(context, state, connection);
    struct request *request = turn.request;

    (void)url;
    (void)method;
    assert(request->magic == REQUEST_MAGIC);
    if (request->refusal.code)
        return finish_refusal(&turn);
    if (!request->answer.code)
        decide_gathered(&turn);
    return finish(&turn, &request->answer, take(&request->response));
}

const struct server_handler webhook_handler = {
    .request_size = sizeof(struct request),
    .head = request_head,
    .body = request_body,
    .answer = request_answer,
    .end = request_end,
};

struct webhook *webhook_new(const struct webhook_settings *settings,
                            struct error *err)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));

    if (!webhook || !arenas_new(&webhook->arenas)) {
        free(webhook);
        (void)error_no_memory(err);
        return NULL;
    }
    webhook->settings = *settings;
    webhook->inflight.limit = settings->max_inflight;
    return webhook;
}

void webhook_free(struct webhook *webhook)
{
    if (!webhook)
        return;
    arenas_free(webhook->arenas);
    free(webhook);
}
