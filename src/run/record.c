/* record.c - see record.h for the contract. */
#include "spillway/record.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/record_case.h"
#include "spillway/record_store.h"
#include "spillway/redact.h"

enum {
    QUEUE_LENGTH = 64,
    QUEUE_BYTES = 16 * 1024 * 1024,
    LAST_SECONDS = 2, /* to write what is queued when the server ends */
};

/* A review on its way to the disk. */
struct item {
    struct policy_set *set; /* a reference of its own */
    struct record_decision decision;
    size_t len;
    char body[];
};

struct recorder {
    struct recorder_settings settings;
    struct record_store store; /* the writer's */
    atomic_bool is_full;       /* no case more: nobody needs to queue */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct item *queue[QUEUE_LENGTH]; /* a ring */
    size_t first, count, bytes;
    bool ends;
    struct timespec ends_at; /* by the monotonic clock */
};

static void tell(const struct recorder *recorder, enum record_result result,
                 const char *detail)
{
    recorder->settings.report(result, detail);
}

/* --- the request path -------------------------------------------------------
 */

static struct item *item_new(struct policy_set *set, struct text body,
                             const struct admission *admission)
{
    struct item *item = malloc(sizeof(*item) + body.len);

    if (!item)
        return NULL;
    *item = (struct item){
        .set = policy_set_get(set),
        .decision = record_decision_of(admission),
        .len = body.len,
    };
    if (body.len)
        memcpy(item->body, body.data, body.len);
    return item;
}

static void item_free(struct item *item)
{
    if (!item)
        return;
    policy_set_free(item->set);
    free(item);
}

/* Hand an item to the writer; false when there is no room for it. */
static bool enqueue(struct recorder *recorder, struct item *item)
{
    bool fits;

    (void)pthread_mutex_lock(&recorder->lock);
    fits = recorder->count < QUEUE_LENGTH &&
           item->len <= QUEUE_BYTES - recorder->bytes;
    if (fits) {
        size_t last = (recorder->first + recorder->count++) % QUEUE_LENGTH;

        recorder->queue[last] = item;
        recorder->bytes += item->len;
        (void)pthread_cond_signal(&recorder->changed);
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    return fits;
}

void recorder_offer(struct recorder *recorder, struct policy_set *set,
                    struct text body, const struct admission *admission)
{
    struct item *item = NULL;

    if (atomic_load_explicit(&recorder->is_full, memory_order_relaxed)) {
        tell(recorder, RECORD_DROPPED, "as many as there may be are recorded");
        return;
    }
    if (body.len <= QUEUE_BYTES)
        item = item_new(set, body, admission);
    if (item && enqueue(recorder, item))
        return;
    item_free(item);
    tell(recorder, RECORD_DROPPED, "the writer could not follow");
}

/* --- the writer -------------------------------------------------------------
 */

/* True when one more case of that size is allowed. */
static bool has_room(struct recorder *recorder, size_t bytes)
{
    const struct recorder_settings *s = &recorder->settings;
    const struct record_store *store = &recorder->store;

    return store->count < s->limit && store->bytes <= s->limit_bytes &&
           bytes <= s->limit_bytes - store->bytes;
}

static bool store_case(struct recorder *recorder, const struct item *item,
                       const struct redacted *redacted, struct arena *arena,
                       struct error *err)
{
    struct buf expect = { .arena = arena };

    return record_case_is_faithful(&item->decision, item->set, redacted->review,
                                   arena, err) &&
           record_case_expect(&item->decision, recorder->settings.is_shadow,
                              arena, &expect, err) &&
           record_store_add(&recorder->store, redacted, buf_text(&expect), err);
}

/* Redact and write; says what became of it, with *detail for the report. */
static enum record_result record(struct recorder *recorder,
                                 const struct item *item, struct arena *arena,
                                 const char **detail, struct error *err)
{
    struct redacted *redacted = arena_new(arena, struct redacted);

    *detail = err->text;
    if (!redacted) {
        (void)error_no_memory(err);
        return RECORD_FAILED;
    }
    if (!redact((struct text){ item->body, item->len }, arena, redacted, err))
        return RECORD_FAILED;
    *detail = redacted->workload;
    if (record_store_has(&recorder->store, redacted->shape))
        return RECORD_DUPLICATE;
    if (!has_room(recorder, redacted->review.len))
        return RECORD_DROPPED;
    if (store_case(recorder, item, redacted, arena, err))
        return RECORD_WRITTEN;
    *detail = err->text;
    return RECORD_FAILED;
}

static void record_item(struct recorder *recorder, const struct item *item)
{
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };
    const char *detail;
    enum record_result result = record(recorder, item, &arena, &detail, &err);

    tell(recorder, result, detail);
    if (recorder->store.count >= recorder->settings.limit)
        atomic_store(&recorder->is_full, true);
}

static bool is_past(const struct timespec *time)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > time->tv_sec ||
           (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec);
}

/* The next item, waited for; NULL at the end. */
static struct item *dequeue(struct recorder *recorder)
{
    struct item *item = NULL;

    (void)pthread_mutex_lock(&recorder->lock);
    while (recorder->count == 0 && !recorder->ends)
        (void)pthread_cond_wait(&recorder->changed, &recorder->lock);
    if (recorder->count > 0) {
        item = recorder->queue[recorder->first];
        recorder->first = (recorder->first + 1) % QUEUE_LENGTH;
        recorder->count--;
        recorder->bytes -= item->len;
    }
    (void)pthread_mutex_unlock(&recorder->lock);
    return item;
}

/* True when the server ends and there is no time left. */
static bool is_late(struct recorder *recorder)
{
    bool late;

    (void)pthread_mutex_lock(&recorder->lock);
    late = recorder->ends && is_past(&recorder->ends_at);
    (void)pthread_mutex_unlock(&recorder->lock);
    return late;
}

static void *write_cases(void *argument)
{
    struct recorder *recorder = argument;
    struct item *item;

    while ((item = dequeue(recorder))) {
        if (is_late(recorder))
            tell(recorder, RECORD_DROPPED, "the server ends");
        else
            record_item(recorder, item);
        item_free(item);
    }
    return NULL;
}

/* --- begin and end ----------------------------------------------------------
 */

static void release(struct recorder *recorder)
{
    record_store_done(&recorder->store);
    (void)pthread_cond_destroy(&recorder->changed);
    (void)pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

struct recorder *recorder_new(const struct recorder_settings *settings,
                              struct error *err)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    int code;

    if (!recorder) {
        (void)error_no_memory(err);
        return NULL;
    }
    recorder->settings = *settings;
    (void)pthread_mutex_init(&recorder->lock, NULL);
    (void)pthread_cond_init(&recorder->changed, NULL);
    if (!record_store_open(&recorder->store, settings->directory, err)) {
        release(recorder);
        return NULL;
    }
    atomic_init(&recorder->is_full, recorder->store.count >= settings->limit);
    (void)signal(SIGXFSZ, SIG_IGN);
    code = pthread_create(&recorder->thread, NULL, write_cases, recorder);
    if (code == 0)
        return recorder;
    (void)error_set(err, ERROR_SYSTEM, "starting to record: %s",
                    strerror(code));
    release(recorder);
    return NULL;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->ends = true;
    (void)clock_gettime(CLOCK_MONOTONIC, &recorder->ends_at);
    recorder->ends_at.tv_sec += LAST_SECONDS;
    (void)pthread_cond_signal(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
    (void)pthread_join(recorder->thread, NULL);
    release(recorder);
}
