/* test_metrics.c - what is counted, and how it is exposed. */
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
