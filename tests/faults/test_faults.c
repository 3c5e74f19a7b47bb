/*
 * test_faults.c - a server without memory, or with a wrong clock: it answers,
 * or it closes; it keeps what is in force; and it recovers.
 *
 * shim.h says how that is done.  Sanitizers have an allocator of their own,
 * which nothing may come before; under them these tests are skipped.
 */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "shim.h"
#include "spillway/macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

enum { MOST = 5000, YEAR_S = 366 * 24 * 3600 };

static struct server_process server;
static struct shim *shim;
static char *review, *expected;
static size_t review_len;

static void map_shim(void)
{
    char *path = scratch_write(&server.scratch, "shim", "", 0600);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map;

    assert_int_equal(ftruncate(fd, sizeof(*shim)), 0);
    map = mmap(NULL, sizeof(*shim), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    shim = map;
    (void)close(fd);
    assert_int_equal(setenv("SPILLWAY_SHIM", path, 1), 0);
    free(path);
}

static int setup(void **state)
{
    const char *library = getenv("SPILLWAY_SHIM_LIBRARY");
    char *policy, *path;
    static const char *const words[] = { "manifest", "policy", "--bare", NULL };

    (void)state;
    if (IS_SANITIZED)
        return 0;
    assert_non_null(library);
    review = review_read("ingressgateway", &review_len);
    server_prepare(&server);
    assert_int_equal(program_run(words, NULL, &policy, NULL), 0);
    path = scratch_write(&server.scratch, "policy.yaml", policy, 0644);
    map_shim();
    assert_int_equal(setenv("LD_PRELOAD", library, 1), 0);
    server_start(&server, (const char *const[]){ "--threads", "1", "--policy",
                                                 path, NULL });
    (void)unsetenv("LD_PRELOAD");
    free(policy);
    free(path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (IS_SANITIZED)
        return 0;
    free(review);
    free(expected);
    (void)munmap(shim, sizeof(*shim));
    return server_stop(&server);
}

static void post_review(struct client *client, struct reply *reply)
{
    client_post(client, "", review, review_len);
    client_read(client, reply);
}

/* Nothing is left of what went wrong. */
static void assert_recovered(void)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    client_open(&client, &server);
    post_review(&client, &reply);
    assert_int_equal(reply.status, 200);
    if (!expected)
        expected = strdup(reply.body);
    assert_string_equal(reply.body, expected);
}

/* Let the n-th allocation fail from now on. */
static void arm(long n)
{
    atomic_store(&shim->failed, 0);
    atomic_store(&shim->fail_at, n);
}

/* True when it did. */
static bool disarm(void)
{
    atomic_store(&shim->fail_at, 0);
    return atomic_load(&shim->failed) > 0;
}

/* Wait until the server has nothing more to do: it asks for no memory. */
static void wait_idle(void)
{
    enum { STILL = 10 };
    long at = atomic_load(&shim->fail_at);

    for (int still = 0; still < STILL; still++) {
        long now;

        pause_briefly();
        now = atomic_load(&shim->fail_at);
        still = now == at ? still : 0;
        at = now;
    }
}

/* A request without memory is answered as it should be, or with a Status, or
 * its connection is closed. */
static void assert_answered_or_closed(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    if (!client_try_read(client, &reply))
        return;
    if (reply.status == 200) {
        assert_string_equal(reply.body, expected);
        return;
    }
    assert_true(reply.status == 500 || reply.status == 503);
    if (reply.body_len > 0)
        assert_non_null(strstr(reply.body, "\"status\":\"Failure\""));
}

/* In pieces, each a record of its own; a body in one is never copied. */
static void post_in(struct client *client, size_t pieces)
{
    char head[256];
    size_t step = review_len / pieces;

    (void)snprintf(head, sizeof(head),
                   "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   review_len);
    client_send(client, head);
    for (size_t at = 0; at < review_len; at += step) {
        size_t len = review_len - at < step ? review_len - at : step;

        if (!client_try_send(client, review + at, len))
            return;
    }
}

static void test_request(void **state)
{
    const size_t *pieces = *state;
    long n = 1;

    if (IS_SANITIZED)
        skip();
    assert_recovered();
    for (bool failed = true; failed && n < MOST; n++) {
        struct client client = { 0 };

        client_open(&client, &server);
        arm(n);
        post_in(&client, *pieces);
        assert_answered_or_closed(&client);
        failed = disarm();
        client_close(&client);
        assert_recovered();
    }
    /* Some failed, and then one did not. */
    assert_in_range(n, 3, MOST - 1);
}

/* From accept(2) on. */
static void test_connection(void **state)
{
    long n = 1;

    (void)state;
    if (IS_SANITIZED)
        skip();
    for (bool failed = true; failed && n < MOST; n++) {
        struct client client = { 0 };

        arm(n);
        if (client_try_version(&client, &server, 0, 0) &&
            client_try_send(&client, review, 1))
            client_close(&client);
        wait_idle();
        failed = disarm();
        client_close(&client);
        assert_recovered();
    }
    assert_in_range(n, 3, MOST - 1);
}

static double reloads(void)
{
    static const char *const samples[] = {
        "spillway_reload_total{what=\"policy\",result=\"ok\"}",
        "spillway_reload_total{what=\"policy\",result=\"failed\"}",
        "spillway_reload_total{what=\"serving\",result=\"ok\"}",
        "spillway_reload_total{what=\"serving\",result=\"failed\"}",
    };
    double sum = 0;

    for (size_t i = 0; i < array_len(samples); i++)
        sum += admin_metric(&server, samples[i]);
    return sum;
}

static void wait_reloads(double count)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (reloads() < count) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

static void test_reload(void **state)
{
    long n = 1;

    (void)state;
    if (IS_SANITIZED)
        skip();
    for (bool failed = true; failed && n < MOST; n++) {
        double before = reloads();

        arm(n);
        server_signal(&server, SIGHUP);
        wait_idle();
        failed = disarm();
        wait_reloads(before + 2);
        assert_recovered();
    }
    assert_in_range(n, 5, MOST - 1);
}

/* A change that could not be taken up for want of memory is taken up later. */
static void test_change(void **state)
{
    char *path;
    auto_reply struct reply reply = { 0 };
    long long end_ms = clock_ms() + PATIENCE_MS;

    (void)state;
    if (IS_SANITIZED)
        skip();
    arm(1);
    path = scratch_path(&server.scratch, "policy.yaml");
    assert_int_equal(truncate(path, 10), 0);
    wait_idle();
    (void)disarm();
    free(path);
    server_wait_log(&server, "cannot reload");
    assert_recovered();
    assert_int_equal(program_run((const char *const[]){ "manifest", "policy",
                                                        "--bare", NULL },
                                 NULL, &path, NULL),
                     0);
    free(scratch_write(&server.scratch, "policy.yaml", path, 0644));
    free(path);
    for (;;) {
        auto_reply struct reply ready = { 0 };

        admin_get(&server, "/readyz?verbose", &ready);
        if (!strstr(ready.body, "failed"))
            break;
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
    assert_recovered();
}

/* --- the clock ----------------------------------------------------------- */

/* Deadlines run by another clock, and what is in force stays so, even when it
 * has expired by the time of day: only the callers can judge that. */
static void test_clock(void **state)
{
    static const long jumps[] = { YEAR_S, -YEAR_S, 20L * YEAR_S, 3600, 0 };
    auto_client struct client kept = { 0 };

    (void)state;
    if (IS_SANITIZED)
        skip();
    client_open(&kept, &server);
    for (size_t i = 0; i < array_len(jumps); i++) {
        auto_reply struct reply reply = { 0 };
        double before = reloads();

        atomic_store(&shim->clock_s, jumps[i]);
        post_review(&kept, &reply);
        assert_int_equal(reply.status, 200);
        assert_false(reply_has(&reply, "Connection: close"));
        assert_recovered();
        /* A pair that is not valid by that clock is not taken up. */
        server_signal(&server, SIGHUP);
        wait_reloads(before + 2);
        assert_recovered();
    }
    server_wait_log(&server, "the certificate has expired");
    server_wait_log(&server, "the certificate is not valid before");
}

int main(void)
{
    static size_t whole = 1, pieces = 4;
    static const struct CMUnitTest tests[] = {
        { "a request outlives every allocation that fails", test_request, NULL,
          NULL, &whole },
        { "one in pieces outlives every allocation that fails", test_request,
          NULL, NULL, &pieces },
        { "a new connection outlives every allocation that fails",
          test_connection, NULL, NULL, NULL },
        { "a reload outlives every allocation that fails", test_reload, NULL,
          NULL, NULL },
        { "a change that could not be read is read later", test_change, NULL,
          NULL, NULL },
        { "a clock that jumps cuts nobody and loses nothing", test_clock, NULL,
          NULL, NULL },
    };

    return cmocka_run_group_tests_name("faults", tests, setup, teardown);
}
