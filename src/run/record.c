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
#include "spillway/json.h"
#include "spillway/policy.h"
#include "spillway/record_store.h"
#include "spillway/redact.h"
#include "spillway/yaml.h"

enum {
    QUEUE_LENGTH = 64,
    QUEUE_BYTES = 16 * 1024 * 1024,
    LAST_SECONDS = 2, /* to write what is queued when the server ends */
};

/* A review on its way to the disk. */
struct item {
    struct policy_set *set;       /* a reference of its own */
    const struct policy *applied; /* in the set; NULL when none matched */
    enum decision decision;
    enum reason reason;
    struct warning warnings[WARNING_KINDS];
    size_t n_warnings;
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
        .applied = admission->policy,
        .decision = admission->decision,
        .reason = admission->reason,
        .n_warnings = admission->n_warnings,
        .len = body.len,
    };
    memcpy(item->warnings, admission->warnings, sizeof(item->warnings));
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

/* True when the redacted review is decided as the live one was. */
static bool is_faithful(const struct item *item, struct text review,
                        struct arena *arena, struct error *err)
{
    struct admission again = { 0 };

    if (!admit(item->set, review, arena, &again, err))
        return error_wrap(err, "redacted");
    if (again.decision != item->decision || again.reason != item->reason ||
        again.policy != item->applied || again.n_warnings != item->n_warnings)
        return error_set(err, ERROR_INVALID,
                         "redacted, it would be decided in another way");
    for (size_t i = 0; i < again.n_warnings; i++) {
        if (strcmp(again.warnings[i].text, item->warnings[i].text) != 0)
            return error_set(err, ERROR_INVALID,
                             "redacted, it would be warned of in another way");
    }
    return true;
}

/* Those that were sent. */
static struct json *warnings_of(const struct item *item, struct arena *arena)
{
    struct json *list = json_array(arena);
    bool sent = item->decision == DECISION_MUTATED ||
                item->decision == DECISION_UNCHANGED;

    for (size_t i = 0; list && sent && i < item->n_warnings; i++) {
        if (!json_append(
                list, json_string_new(arena, text_of(item->warnings[i].text))))
            return NULL;
    }
    return list;
}

static bool set_word(struct json *object, const char *key, struct text word,
                     struct arena *arena)
{
    return json_set(object, text_of(key), json_string_new(arena, word));
}

/* expect.yaml, as `spillway test` reads it. */
static bool write_expect(const struct recorder *recorder,
                         const struct item *item, struct arena *arena,
                         struct buf *out, struct error *err)
{
    struct json *expect = json_object(arena);
    bool whole = !recorder->settings.is_shadow;

    if (!expect ||
        (whole && !set_word(expect, "decision",
                            text_of(decision_name(item->decision)), arena)) ||
        !set_word(expect, "reason", text_of(reason_name(item->reason)),
                  arena) ||
        (item->applied &&
         !set_word(expect, "policy", item->applied->name, arena)) ||
        (whole &&
         !json_set(expect, text_of("warnings"), warnings_of(item, arena))))
        return error_no_memory(err);
    return yaml_write(out, expect, err);
}

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

    return is_faithful(item, redacted->review, arena, err) &&
           write_expect(recorder, item, arena, &expect, err) &&
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
