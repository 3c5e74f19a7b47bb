/*
 * webhook.c - see webhook.h for the contract.
 *
 * One request: the head is checked before the body is read; the body is
 * gathered, or thrown away once it is too large; at its end the engine decides
 * and the answer is queued.
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
    pthread_key_t arena; /* one for each thread that serves */
};

struct request {
    unsigned magic;
    bool is_counted;        /* as an admission in flight */
    unsigned code;          /* of our answer, which is counted; 0: none yet */
    struct refusal refusal; /* to be sent at the end; code 0 for none */
    struct body body;
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

static void *request_begin(void *context)
{
    struct request *request = calloc(1, sizeof(*request));

    (void)context;
    if (request)
        request->magic = REQUEST_MAGIC;
    return request;
}

static void log_slow(const struct request *request, unsigned status,
                     long long elapsed_ms)
{
    log_event(LOG_LEVEL_WARN,
              status ? "slow request" : "slow request was not answered",
              log_number("ms", (unsigned long long)elapsed_ms),
              log_number("decided_us", request->decided_ns / 1000),
              log_number("bytes", request->body.bytes.len),
              log_number("code", status), log_string("uid", request->uid));
}

static void request_end(void *context, void *state, unsigned status,
                        long long elapsed_ms)
{
    struct webhook *webhook = context;
    struct request *request = state;

    assert(!request || request->magic == REQUEST_MAGIC);
    /* What libmicrohttpd answered by itself has not been counted yet. */
    if (request && request->code)
        status = request->code;
    else if (status)
        metrics_http(status);
    if (!request)
        return;
    if (webhook->settings.slow_ms && elapsed_ms >= webhook->settings.slow_ms)
        log_slow(request, status, elapsed_ms);
    if (request->is_counted)
        metrics_admission_end();
    body_done(&request->body, &webhook->inflight);
    free(request);
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

static enum MHD_Result finish(const struct turn *turn, struct answer *answer,
                              const char *message)
{
    enum MHD_Result queued;

    answer->close = ends_connection(turn) || answer->close;
    /* Before it is sent: who reads the answer may read the counters next. */
    metrics_http(answer->code);
    turn->request->code = answer->code;
    queued = message ? answer_status(turn->connection, answer, message)
                     : answer_send(turn->connection, answer);
    if (message)
        log_event(LOG_LEVEL_DEBUG, "refused request",
                  log_number("code", answer->code),
                  log_string("error", message));
    return queued;
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

    return finish(turn, &answer, refusal->message);
}

static enum MHD_Result finish_error(const struct turn *turn,
                                    const struct error *err)
{
    struct answer answer = { .code = 400 };

    if (err->kind == ERROR_SYSTEM) {
        answer.code = 500;
        log_event(LOG_LEVEL_ERROR, "cannot decide a review",
                  log_string("error", err->text));
    }
    return finish(turn, &answer, err->text);
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

/* Room for the body; fills the refusal when there is none. */
static bool begin_body(const struct turn *turn, const struct request_head *head,
                       size_t length)
{
    const struct webhook_settings *s = &turn->webhook->settings;
    bool is_chunked = head->n_transfer_encodings > 0;

    if (body_begin(&turn->request->body, &turn->webhook->inflight,
                   is_chunked ? s->max_body : length, is_chunked))
        return true;
    metrics_overload(OVERLOAD_BYTES);
    refusal_overloaded(&turn->request->refusal);
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

    if (!request)
        return MHD_NO; /* there was no memory for it */
    assert(request->magic == REQUEST_MAGIC);
    head_read(connection, &head);
    if (refusal_find_framing(&head, &request->refusal) ||
        is_stranger(&turn, &request->refusal) ||
        refusal_find(&head, s->path, s->max_body, &length, &request->refusal) ||
        !begin_body(&turn, &head, length)) {
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

/* --- the body ---------------------------------------------------------- */

/* No answer can be queued before the end of a body that is refused only now;
 * the rest is read and forgotten. */
static void request_body(void *context, void *state, const char *data,
                         size_t size)
{
    struct webhook *webhook = context;
    struct request *request = state;

    assert(request->magic == REQUEST_MAGIC);
    if (request->refusal.code)
        return;
    if (size > webhook->settings.max_body - request->body.bytes.len) {
        /* Only a chunked body gets here. */
        refusal_too_big(webhook->settings.max_body, &request->refusal);
        body_done(&request->body, &webhook->inflight);
    } else if (!body_add(&request->body, &webhook->inflight, data, size)) {
        metrics_overload(OVERLOAD_BYTES);
        refusal_overloaded(&request->refusal);
    }
}

static struct arena *arena_of_thread(const struct webhook *webhook)
{
    struct arena *arena = pthread_getspecific(webhook->arena);

    if (arena)
        return arena;
    arena = calloc(1, sizeof(*arena));
    if (arena && pthread_setspecific(webhook->arena, arena) == 0)
        return arena;
    free(arena);
    return NULL;
}

static void free_arena(void *pointer)
{
    struct arena *arena = pointer;

    arena_done(arena);
    free(arena);
}

static unsigned long long elapsed_ns(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)((now.tv_sec - start->tv_sec) * 1000000000LL +
                                (now.tv_nsec - start->tv_nsec));
}

/* What was decided, told to whoever keeps accounts of it. */
static void note_decision(const struct turn *turn,
                          const struct admission *admission)
{
    struct request *request = turn->request;
    struct text uid = text_clip(admission->uid, sizeof(request->uid) - 1);

    if (uid.len)
        memcpy(request->uid, uid.data, uid.len);
    account_admission(admission, request->decided_ns);
    if (turn->webhook->settings.recorder)
        recorder_offer(turn->webhook->settings.recorder, turn->now->policy,
                       buf_text(&request->body.bytes), admission);
}

static enum MHD_Result decide(const struct turn *turn, struct arena *arena)
{
    const struct buf *bytes = &turn->request->body.bytes;
    struct admission admission = { 0 };
    struct error err = { 0 };
    struct timespec start;
    struct answer answer = { .code = 200, .content_type = "application/json" };

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (!arena) {
        (void)error_no_memory(&err);
        return finish_error(turn, &err);
    }
    if (!buf_ok(bytes, &err) ||
        !admit(turn->now->policy, buf_text(bytes), arena, &admission, &err))
        return finish_error(turn, &err);
    turn->request->decided_ns = elapsed_ns(&start);
    note_decision(turn, &admission);
    answer.body = admission.response;
    return finish(turn, &answer, NULL);
}

static enum MHD_Result request_answer(void *context, void *state,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method)
{
    auto_turn struct turn turn = turn_of(context, state, connection);
    enum MHD_Result queued;
    struct arena *arena;

    (void)url;
    (void)method;
    assert(turn.request->magic == REQUEST_MAGIC);
    if (turn.request->refusal.code)
        return finish_refusal(&turn);
    arena = arena_of_thread(turn.webhook);
    queued = decide(&turn, arena);
    if (arena)
        arena_reset(arena);
    return queued;
}

const struct server_handler webhook_handler = {
    .begin = request_begin,
    .head = request_head,
    .body = request_body,
    .answer = request_answer,
    .end = request_end,
};

struct webhook *webhook_new(const struct webhook_settings *settings,
                            struct error *err)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));

    if (!webhook || pthread_key_create(&webhook->arena, free_arena) != 0) {
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
    (void)pthread_key_delete(webhook->arena);
    free(webhook);
}
