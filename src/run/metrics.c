/*
 * metrics.c - see metrics.h for the contract: what is decided and answered.
 *
 * Counters are relaxed atomics: each is exact, and no two need to agree at
 * the instant of a scrape, but for a histogram, whose count is the sum of the
 * buckets that are printed.
 */
#include "spillway/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "spillway/buf.h"
#include "spillway/exposition.h"
#include "spillway/macros.h"
#include "spillway/version.h"

typedef _Atomic unsigned long long counter;

/* One decided (decision, reason, policy).  Series are only ever added, in
 * front, and live as long as the process. */
struct series {
    struct series *next;
    enum decision decision;
    enum reason reason;
    struct text policy;
    counter count;
    char name[]; /* what `policy` points to */
};

static _Atomic(struct series *) admissions;
static pthread_mutex_t admissions_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct {
    unsigned long long nanoseconds;
    const char *seconds; /* as the label says it */
} bounds[] = {
    { 100000, "0.0001" }, { 250000, "0.00025" }, { 500000, "0.0005" },
    { 1000000, "0.001" }, { 2500000, "0.0025" }, { 5000000, "0.005" },
    { 10000000, "0.01" }, { 25000000, "0.025" }, { 50000000, "0.05" },
    { 100000000, "0.1" }, { 250000000, "0.25" }, { 500000000, "0.5" },
    { 1000000000, "1" },
};

/* The last bucket takes what is beyond every bound. */
static counter buckets[array_len(bounds) + 1], nanoseconds_sum;
static _Atomic long long in_flight;
static counter warnings[WARNING_KINDS];

/* By HTTP status.  Those that our handler answers are always shown. */
enum { CODES = 600 };
static const unsigned own_codes[] = { 200, 400, 403, 404, 405, 411,
                                      413, 415, 417, 500, 503 };
static counter answers[CODES];

static unsigned long long get(counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

static void add(counter *c, unsigned long long n)
{
    atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static struct series *find_series(enum decision decision, enum reason reason,
                                  struct text policy)
{
    struct series *s = atomic_load_explicit(&admissions, memory_order_acquire);

    while (s && !(s->decision == decision && s->reason == reason &&
                  text_equal(s->policy, policy)))
        s = s->next;
    return s;
}

/* The series, made when it is new; NULL when memory is short. */
static struct series *need_series(enum decision decision, enum reason reason,
                                  struct text policy)
{
    struct series *s = find_series(decision, reason, policy);

    if (s)
        return s;
    (void)pthread_mutex_lock(&admissions_lock);
    s = find_series(decision, reason, policy);
    if (!s) {
        s = calloc(1, sizeof(*s) + policy.len + 1);
        if (s) {
            s->decision = decision;
            s->reason = reason;
            if (policy.len)
                memcpy(s->name, policy.data, policy.len);
            s->policy = (struct text){ s->name, policy.len };
            s->next = atomic_load(&admissions);
            atomic_store_explicit(&admissions, s, memory_order_release);
        }
    }
    (void)pthread_mutex_unlock(&admissions_lock);
    return s;
}

void metrics_admission_begin(void)
{
    atomic_fetch_add_explicit(&in_flight, 1, memory_order_relaxed);
}

void metrics_admission_end(void)
{
    atomic_fetch_sub_explicit(&in_flight, 1, memory_order_relaxed);
}

void metrics_admission(enum decision decision, enum reason reason,
                       struct text policy, unsigned long long nanoseconds)
{
    struct series *s = need_series(decision, reason, policy);
    size_t i = 0;

    if (s)
        add(&s->count, 1);
    while (i < array_len(bounds) && nanoseconds > bounds[i].nanoseconds)
        i++;
    add(&buckets[i], 1);
    add(&nanoseconds_sum, nanoseconds);
}

void metrics_warning(enum warning_kind kind)
{
    add(&warnings[kind], 1);
}

void metrics_http(unsigned code)
{
    if (code < CODES)
        add(&answers[code], 1);
}

static void write_admissions(struct buf *out)
{
    struct series *s = atomic_load_explicit(&admissions, memory_order_acquire);

    exposition_family(out, "spillway_admission_requests_total", "counter",
                      "Reviews decided, by decision, reason and policy.");
    for (; s; s = s->next) {
        buf_printf(out,
                   "spillway_admission_requests_total{decision=\"%s\","
                   "reason=\"%s\",policy=\"",
                   decision_name(s->decision), reason_name(s->reason));
        exposition_label(out, s->policy);
        buf_printf(out, "\"} %llu\n", get(&s->count));
    }
}

static void write_duration(struct buf *out)
{
    static const char name[] = "spillway_admission_duration_seconds";
    unsigned long long count = 0, sum = get(&nanoseconds_sum);

    exposition_family(
        out, name, "histogram",
        "Time from the last byte of a review to its answer being ready.");
    for (size_t i = 0; i < array_len(buckets); i++) {
        count += get(&buckets[i]);
        buf_printf(out, "%s_bucket{le=\"%s\"} %llu\n", name,
                   i < array_len(bounds) ? bounds[i].seconds : "+Inf", count);
    }
    buf_printf(out, "%s_sum %llu.%09llu\n%s_count %llu\n", name,
               sum / 1000000000, sum % 1000000000, name, count);
}

static bool is_own_code(unsigned code)
{
    for (size_t i = 0; i < array_len(own_codes); i++) {
        if (own_codes[i] == code)
            return true;
    }
    return false;
}

static void write_answers(struct buf *out)
{
    exposition_family(out, "spillway_http_requests_total", "counter",
                      "Requests answered on the webhook port, by HTTP status.");
    for (unsigned code = 0; code < CODES; code++) {
        unsigned long long count = get(&answers[code]);

        if (count || is_own_code(code))
            buf_printf(out, "spillway_http_requests_total{code=\"%u\"} %llu\n",
                       code, count);
    }
}

static void write_warnings(struct buf *out)
{
    exposition_family(
        out, "spillway_warnings_total", "counter",
        "Warnings about pods, by kind; those of shadow mode too.");
    for (unsigned i = 0; i < WARNING_KINDS; i++)
        buf_printf(out, "spillway_warnings_total{kind=\"%s\"} %llu\n",
                   warning_kind_name((enum warning_kind)i), get(&warnings[i]));
}

void metrics_write(struct buf *out, const char *policy_digest)
{
    write_admissions(out);
    write_duration(out);
    exposition_single(out, "spillway_admission_in_flight", "gauge",
                      "Reviews being received, decided or answered.",
                      atomic_load_explicit(&in_flight, memory_order_relaxed));
    write_answers(out);
    write_warnings(out);
    metrics_write_server(out);
    exposition_family(out, "spillway_policy_info", "gauge",
                      "The policy in force.");
    buf_printf(out, "spillway_policy_info{digest=\"%s\"} 1\n", policy_digest);
    exposition_family(out, "spillway_build_info", "gauge",
                      "The program that runs.");
    buf_printf(out, "spillway_build_info{version=\"%s\"} 1\n",
               SPILLWAY_VERSION);
    exposition_process(out);
}
