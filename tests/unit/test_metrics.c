/* test_metrics.c - what is counted, and how it is exposed. */
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"

/* The value of a sample, -1 when there is none.  The counters belong to the
 * process, so tests compare before and after. */
static double sample(const char *name)
{
    auto_buf struct buf out = { 0 };
    size_t len = strlen(name);
    double value = -1;

    metrics_write(&out, "0123456789ab");
    assert_false(out.failed);
    for (const char *at = out.data; *at; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, name, len) == 0 && at[len] == ' ')
            value = strtod(at + len, NULL);
    }
    return value;
}

static double bucket(const char *bound)
{
    char name[128];

    (void)snprintf(name, sizeof(name),
                   "spillway_admission_duration_seconds_bucket{le=\"%s\"}",
                   bound);
    return sample(name);
}

static void count(const char *policy, unsigned long long nanoseconds)
{
    metrics_admission(DECISION_MUTATED, REASON_APPLIED, text_of(policy),
                      nanoseconds);
}

static void test_policy_label(void **state)
{
    (void)state;
    count("one", 0);
    count("one", 0);
    count("two", 0);
    assert_true(sample("spillway_admission_requests_total{decision=\"mutated\","
                       "reason=\"applied\",policy=\"one\"}") == 2);
    assert_true(sample("spillway_admission_requests_total{decision=\"mutated\","
                       "reason=\"applied\",policy=\"two\"}") == 1);
}

static void test_no_policy(void **state)
{
    (void)state;
    metrics_admission(DECISION_SKIPPED, REASON_NO_MATCH, (struct text){ 0 }, 0);
    assert_true(sample("spillway_admission_requests_total{decision=\"skipped\","
                       "reason=\"no-match\",policy=\"\"}") == 1);
}

static void test_escaped_label(void **state)
{
    (void)state;
    count("a\"b\\c\nd", 0);
    assert_true(sample("spillway_admission_requests_total{decision=\"mutated\","
                       "reason=\"applied\",policy=\"a\\\"b\\\\c\\nd\"}") == 1);
}

static void test_histogram(void **state)
{
    double low = bucket("0.0001"), next = bucket("0.00025"), high = bucket("1"),
           all = bucket("+Inf"),
           sum = sample("spillway_admission_duration_seconds_sum");

    (void)state;
    count("h", 100000);        /* exactly 100 us: a bound is inclusive */
    count("h", 100001);        /* just above it */
    count("h", 2000000000ull); /* beyond all */
    assert_true(bucket("0.0001") == low + 1);
    assert_true(bucket("0.00025") == next + 2);
    assert_true(bucket("1") == high + 2);
    assert_true(bucket("+Inf") == all + 3);
    assert_true(sample("spillway_admission_duration_seconds_count") == all + 3);
    assert_true(sample("spillway_admission_duration_seconds_sum") - sum > 2.0);
}

static void test_in_flight(void **state)
{
    (void)state;
    assert_true(sample("spillway_admission_in_flight") == 0);
    metrics_admission_begin();
    metrics_admission_begin();
    assert_true(sample("spillway_admission_in_flight") == 2);
    metrics_admission_end();
    metrics_admission_end();
    assert_true(sample("spillway_admission_in_flight") == 0);
}

static void test_codes(void **state)
{
    (void)state;
    assert_true(sample("spillway_http_requests_total{code=\"200\"}") == 0);
    assert_true(sample("spillway_http_requests_total{code=\"431\"}") == -1);
    metrics_http(431);
    metrics_http(99999);
    assert_true(sample("spillway_http_requests_total{code=\"431\"}") == 1);
}

static void test_warnings(void **state)
{
    (void)state;
    assert_true(sample("spillway_warnings_total{kind=\"eci-override\"}") == 0);
    metrics_warning(WARNING_ECI_OVERRIDE);
    assert_true(sample("spillway_warnings_total{kind=\"eci-override\"}") == 1);
    metrics_warning(WARNING_DELETION_COST);
    assert_true(sample("spillway_warnings_total{kind=\"deletion-cost\"}") == 1);
}

static void test_info(void **state)
{
    (void)state;
    assert_true(sample("spillway_policy_info{digest=\"0123456789ab\"}") == 1);
}

static void *count_often(void *argument)
{
    for (int i = 0; i < 10000; i++)
        count(argument, 1);
    return NULL;
}

static void test_threads(void **state)
{
    static char name[] = "threads";
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < array_len(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_often, name),
                         0);
    for (size_t i = 0; i < array_len(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(sample("spillway_admission_requests_total{decision=\"mutated\","
                       "reason=\"applied\",policy=\"threads\"}") == 40000);
}

/* Every value of every label is there from the start, and each is counted by
 * itself. */
static void test_server(void **state)
{
    static const char *const causes[CONNECTION_ENDS] = {
        "client",          "age",   "idle",  "handshake-timeout",
        "request-timeout", "limit", "drain", "reload"
    };
    static const char *const overloads[OVERLOADS] = { "connections", "address",
                                                      "bytes" };
    static const char *const results[RECORD_RESULTS] = { "written", "duplicate",
                                                         "dropped", "failed" };
    char name[128];

    (void)state;
    for (int i = 0; i < CONNECTION_ENDS; i++) {
        (void)snprintf(name, sizeof(name),
                       "spillway_connections_closed_total{cause=\"%s\"}",
                       causes[i]);
        assert_true(sample(name) == 0);
        metrics_connection_opened();
        assert_true(sample("spillway_connections") == 1);
        metrics_connection_closed((enum connection_end)i);
        assert_true(sample(name) == 1);
        assert_true(sample("spillway_connections") == 0);
    }
    for (int i = 0; i < OVERLOADS; i++) {
        (void)snprintf(name, sizeof(name),
                       "spillway_overload_rejections_total{cause=\"%s\"}",
                       overloads[i]);
        assert_true(sample(name) == 0);
        metrics_overload((enum overload)i);
        assert_true(sample(name) == 1);
    }
    for (int i = 0; i < RECORD_RESULTS; i++) {
        (void)snprintf(name, sizeof(name),
                       "spillway_recorded_total{result=\"%s\"}", results[i]);
        assert_true(sample(name) == 0);
        metrics_recorded((enum record_result)i);
        assert_true(sample(name) == 1);
    }
    metrics_inflight_bytes(100);
    metrics_inflight_bytes(-40);
    assert_true(sample("spillway_inflight_bytes") == 60);
    metrics_handshake_failed();
    assert_true(sample("spillway_tls_handshake_failures_total") == 1);
}

static void test_reloads(void **state)
{
    static const char *const whats[RELOADABLES] = { "policy", "serving",
                                                    "client-ca" };
    char ok[128], failed[128], when[128];

    (void)state;
    for (int i = 0; i < RELOADABLES; i++) {
        (void)snprintf(ok, sizeof(ok),
                       "spillway_reload_total{what=\"%s\",result=\"ok\"}",
                       whats[i]);
        (void)snprintf(failed, sizeof(failed),
                       "spillway_reload_total{what=\"%s\",result=\"failed\"}",
                       whats[i]);
        (void)snprintf(
            when, sizeof(when),
            "spillway_reload_last_success_timestamp_seconds{what=\"%s\"}",
            whats[i]);
        assert_true(sample(when) == -1);
        metrics_loaded((enum reloadable)i, 1000);
        assert_true(sample(ok) == 0 && sample(failed) == 0);
        metrics_reload((enum reloadable)i, false, 2000);
        assert_true(sample(failed) == 1 && sample(when) == 1000);
        metrics_reload((enum reloadable)i, true, 3000);
        assert_true(sample(ok) == 1 && sample(when) == 3000);
    }
    /* What is not configured is not shown. */
    metrics_certificate(CERTIFICATE_SERVING, 4000);
    assert_true(sample("spillway_certificate_not_after_seconds{role="
                       "\"serving\"}") == 4000);
    assert_true(sample("spillway_certificate_not_after_seconds{role="
                       "\"client-ca\"}") == -1);
}

static void test_process(void **state)
{
    double before, after;
    int fd;

    (void)state;
    assert_true(sample("process_start_time_seconds") <= (double)time(NULL) + 2);
    assert_true(sample("process_start_time_seconds") >
                (double)time(NULL) - 24 * 3600);
    assert_true(sample("process_cpu_seconds_total") >= 0);
    assert_true(sample("process_resident_memory_bytes") > 100000);
    assert_true(sample("process_virtual_memory_bytes") >
                sample("process_resident_memory_bytes"));
    assert_true(sample("process_virtual_memory_max_bytes") > 0);
    assert_true(sample("process_max_fds") > 2);
    before = sample("process_open_fds");
    fd = dup(1);
    after = sample("process_open_fds");
    (void)close(fd);
    assert_true(before > 2 && after == before + 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "each policy has its series", test_policy_label, NULL, NULL, NULL },
        { "without a policy the label is empty", test_no_policy, NULL, NULL,
          NULL },
        { "labels are escaped", test_escaped_label, NULL, NULL, NULL },
        { "buckets are cumulative, bounds inclusive", test_histogram, NULL,
          NULL, NULL },
        { "what is in flight goes up and down", test_in_flight, NULL, NULL,
          NULL },
        { "our own codes are shown from the start, others when they come",
          test_codes, NULL, NULL, NULL },
        { "all kinds of warnings are shown", test_warnings, NULL, NULL, NULL },
        { "the policy's digest is a label", test_info, NULL, NULL, NULL },
        { "threads lose no count", test_threads, NULL, NULL, NULL },
        { "every end, overload and recording is counted by its name",
          test_server, NULL, NULL, NULL },
        { "reloads are counted, and their last success is dated", test_reloads,
          NULL, NULL, NULL },
        { "the process is described as Prometheus' clients do", test_process,
          NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
