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
#include <strings.h>
#include <time.h>

#include "spillway/account.h"
#include "spillway/admit.h"
#include "spillway/answer.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/log.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"
#include "spillway/refusal.h"
#include "spillway/server.h"

enum {
    REQUEST_MAGIC = 0x5e71e3a1,
    /* A length is only a promise: memory beyond this is taken as bytes come. */
    FIRST_RESERVE = 64 * 1024,
};

struct webhook {
    struct webhook_settings settings;
    pthread_key_t arena; /* one for each thread that serves */
};

struct request {
    unsigned magic;
    bool is_counted;        /* as an admission in flight */
    bool is_answered;       /* by us, and counted */
    struct refusal refusal; /* to be sent at the end; code 0 for none */
    struct buf body;
};

static void *request_begin(void *context)
{
    struct request *request = calloc(1, sizeof(*request));

    (void)context;
    if (request)
        request->magic = REQUEST_MAGIC;
    return request;
}

static void request_end(void *context, void *state, unsigned status)
{
    struct request *request = state;

    (void)context;
    /* What libmicrohttpd answered by itself has not been counted yet. */
    if (status && !(request && request->is_answered))
        metrics_http(status);
    if (!request)
        return;
    assert(request->magic == REQUEST_MAGIC);
    if (request->is_counted)
        metrics_admission_end();
    buf_done(&request->body);
    free(request);
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

/* --- answers ----------------------------------------------------------- */

static enum MHD_Result finish(const struct webhook *webhook,
                              struct request *request,
                              struct MHD_Connection *connection,
                              struct answer *answer, const char *message)
{
    enum MHD_Result queued;

    answer->close =
        atomic_load_explicit(webhook->settings.draining, memory_order_relaxed);
    /* Before it is sent: who reads the answer may read the counters next. */
    metrics_http(answer->code);
    request->is_answered = true;
    queued = message ? answer_status(connection, answer, message)
                     : answer_send(connection, answer);
    if (message)
        log_event(LOG_LEVEL_DEBUG, "refused request",
                  log_number("code", answer->code),
                  log_string("error", message));
    return queued;
}

static enum MHD_Result finish_error(const struct webhook *webhook,
                                    struct request *request,
                                    struct MHD_Connection *connection,
                                    const struct error *err)
{
    struct answer answer = { .code = 400 };

    if (err->kind == ERROR_SYSTEM) {
        answer.code = 500;
        log_event(LOG_LEVEL_ERROR, "cannot decide a review",
                  log_string("error", err->text));
    }
    return finish(webhook, request, connection, &answer, err->text);
}

/* --- the head ---------------------------------------------------------- */

/*
 * A header that the library took and others would read in another way (RFC
 * 9112, section 5): a space before the colon, a NUL in the value, and what is
 * left of a folded line, which it glues to the name ("Content-Length5").
 */
static bool is_malformed(const char *key, size_t key_len, const char *value,
                         size_t value_len)
{
    static const char *const framing[] = { "Content-Length",
                                           "Transfer-Encoding",
                                           "Content-Encoding" };
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz";

    if (strspn(key, token) != key_len ||
        (value_len && memchr(value, '\0', value_len)))
        return true;
    for (size_t i = 0; i < array_len(framing); i++) {
        size_t len = strlen(framing[i]);

        if (key_len > len && strncasecmp(key, framing[i], len) == 0)
            return true;
    }
    return false;
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind,
                                   const char *key, size_t key_len,
                                   const char *value, size_t value_len)
{
    struct request_head *head = context;

    (void)kind;
    value = value ? value : "";
    head->is_malformed |= is_malformed(key, key_len, value, value_len);
    if (strcasecmp(key, "Host") == 0) {
        head->n_hosts++;
    } else if (strcasecmp(key, "Content-Length") == 0) {
        head->n_content_lengths++;
        head->content_length = value;
    } else if (strcasecmp(key, "Transfer-Encoding") == 0) {
        head->n_transfer_encodings++;
        head->transfer_encoding = value;
    } else if (strcasecmp(key, "Content-Type") == 0) {
        head->n_content_types++;
        head->content_type = value;
    } else if (strcasecmp(key, "Content-Encoding") == 0) {
        head->has_content_encoding = true;
    } else if (strcasecmp(key, "Expect") == 0 &&
               (!head->expect ||
                strcasecmp(head->expect, "100-continue") == 0)) {
        head->expect = value; /* the first that we do not know */
    }
    return MHD_YES;
}

static enum MHD_Result finish_refusal(const struct webhook *webhook,
                                      struct request *request,
                                      struct MHD_Connection *connection,
                                      const struct refusal *refusal)
{
    struct answer answer = { .code = refusal->code, .allow = refusal->allow };

    return finish(webhook, request, connection, &answer, refusal->message);
}

static enum MHD_Result request_head(void *context, void *state,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version)
{
    const struct webhook *webhook = context;
    const struct webhook_settings *s = &webhook->settings;
    struct request *request = state;
    struct request_head head = { .method = method,
                                 .path = url,
                                 .version = version };
    size_t length;

    if (!request)
        return MHD_NO; /* there was no memory for it */
    assert(request->magic == REQUEST_MAGIC);
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, note_header,
                                      &head);
    if (refusal_find(&head, s->path, s->max_body, &length, &request->refusal)) {
        /* Without a body there is nothing to cut off: answered at its end, the
         * request leaves the connection usable. */
        if (!refusal_ends_connection(&head, &request->refusal))
            return MHD_YES;
        return finish_refusal(webhook, request, connection, &request->refusal);
    }
    request->is_counted = true;
    metrics_admission_begin();
    (void)buf_reserve(&request->body,
                      length < FIRST_RESERVE ? length : FIRST_RESERVE);
    return MHD_YES;
}

/* --- the body ---------------------------------------------------------- */

static void request_body(void *context, void *state, const char *data,
                         size_t size)
{
    const struct webhook *webhook = context;
    struct request *request = state;

    assert(request->magic == REQUEST_MAGIC);
    if (request->refusal.code)
        return;
    if (size <= webhook->settings.max_body - request->body.len) {
        buf_add(&request->body, data, size);
        return;
    }
    /* Only a chunked body gets here.  No answer can be queued before its end,
     * so the rest is read and forgotten. */
    refusal_too_big(webhook->settings.max_body, &request->refusal);
    buf_done(&request->body);
}

static unsigned long long elapsed_ns(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)((now.tv_sec - start->tv_sec) * 1000000000LL +
                                (now.tv_nsec - start->tv_nsec));
}

static enum MHD_Result decide(const struct webhook *webhook,
                              struct request *request,
                              struct MHD_Connection *connection)
{
    struct arena *arena = arena_of_thread(webhook);
    struct admission admission = { 0 };
    struct error err = { 0 };
    struct timespec start;
    enum MHD_Result queued;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    if (!arena)
        (void)error_no_memory(&err);
    else if (buf_ok(&request->body, &err) &&
             admit(webhook->settings.policy, buf_text(&request->body), arena,
                   &admission, &err))
        account_admission(&admission, elapsed_ns(&start));
    if (err.kind == ERROR_NONE) {
        struct answer answer = { .code = 200,
                                 .content_type = "application/json",
                                 .body = admission.response };

        queued = finish(webhook, request, connection, &answer, NULL);
    } else {
        queued = finish_error(webhook, request, connection, &err);
    }
    if (arena)
        arena_reset(arena);
    return queued;
}

static enum MHD_Result request_answer(void *context, void *state,
                                      struct MHD_Connection *connection,
                                      const char *url, const char *method)
{
    const struct webhook *webhook = context;
    struct request *request = state;

    (void)url;
    (void)method;
    assert(request->magic == REQUEST_MAGIC);
    if (request->refusal.code)
        return finish_refusal(webhook, request, connection, &request->refusal);
    return decide(webhook, request, connection);
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
    return webhook;
}

void webhook_free(struct webhook *webhook)
{
    if (!webhook)
        return;
    (void)pthread_key_delete(webhook->arena);
    free(webhook);
}
