/*
 * test_ends.c - how connections end, and that each end is counted once, by its
 * cause.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "server_process.h"
#include "spillway/macros.h"

static const char *const hasty[] = {
    "--handshake-timeout",
    "300ms",
    "--request-timeout",
    "300ms",
    "--idle-timeout",
    "300ms",
    NULL,
};
static const char *const ageing[] = { "--max-age", "500ms", NULL };
static const char *const draining[] = { "--drain", "60s", NULL };

static double closed(const struct server_process *server, const char *cause)
{
    char sample[128];

    (void)snprintf(sample, sizeof(sample),
                   "spillway_connections_closed_total{cause=\"%s\"}", cause);
    return admin_metric(server, sample);
}

static void wait_closed(const struct server_process *server, const char *cause,
                        double count)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (closed(server, cause) != count) {
        if (clock_ms() > end_ms)
            fail_msg("%s: %g and not %g", cause, closed(server, cause), count);
        pause_briefly();
    }
}

/* All connections that ever were, by whatever cause they ended. */
static double all_closed(const struct server_process *server)
{
    static const char *const causes[] = {
        "client",          "age",   "idle",  "handshake-timeout",
        "request-timeout", "limit", "drain", "reload"
    };
    double sum = 0;

    for (size_t i = 0; i < array_len(causes); i++)
        sum += closed(server, causes[i]);
    return sum;
}

static void ask(struct client *client, struct reply *reply)
{
    client_post(client, "", "{}", 2);
    client_read(client, reply);
    assert_int_equal(reply->status, 400);
}

static void test_client(void **state)
{
    struct server_process *server = *state;
    struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    client_open(&client, server);
    ask(&client, &reply);
    assert_true(admin_metric(server, "spillway_connections") == 1);
    client_close(&client);
    wait_closed(server, "client", 1);
    assert_true(admin_metric(server, "spillway_connections") == 0);
    assert_true(all_closed(server) == 1);
}

static void test_deadlines(void **state)
{
    struct server_process *server = *state;
    auto_client struct client silent = { 0 }, idle = { 0 }, slow = { 0 };

    client_open_plain(&silent, server->port);
    (void)client_wait_closed(&silent);
    wait_closed(server, "handshake-timeout", 1);
    client_open(&idle, server);
    (void)client_wait_closed(&idle);
    wait_closed(server, "idle", 1);
    client_open(&slow, server);
    client_send(&slow, "P");
    (void)client_wait_closed(&slow);
    wait_closed(server, "request-timeout", 1);
    assert_true(all_closed(server) == 3);
    /* A deadline is no failure of TLS. */
    assert_true(admin_metric(server, "spillway_tls_handshake_failures_total") ==
                0);
}

static void test_failed_handshake(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };

    client_open_plain(&client, server->port);
    client_send(&client, "GET / HTTP/1.1\r\n\r\n");
    (void)client_wait_closed(&client);
    wait_closed(server, "client", 1);
    assert_true(admin_metric(server, "spillway_tls_handshake_failures_total") ==
                1);
}

static void test_age(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    long long start_ms = clock_ms();

    client_open(&client, server);
    for (;;) {
        auto_reply struct reply reply = { 0 };
        long long asked_ms = clock_ms();

        ask(&client, &reply);
        if (reply_has(&reply, "Connection: close"))
            break;
        /* 500 ms and a fifth. */
        assert_true(asked_ms - start_ms <= 600);
        pause_briefly();
    }
    /* 500 ms less a fifth, and our clock starts a little before. */
    assert_true(clock_ms() - start_ms >= 380);
    assert_true(client_sees_close(&client));
    wait_closed(server, "age", 1);
    assert_true(all_closed(server) == 1);
}

static void test_drain(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    client_open(&client, server);
    server_signal(server, SIGTERM);
    server_wait_log(server, "draining");
    ask(&client, &reply);
    assert_true(reply_has(&reply, "Connection: close"));
    wait_closed(server, "drain", 1);
    assert_true(all_closed(server) == 1);
}

static int kill_server(void **state)
{
    struct server_process *server = *state;

    server_done(server);
    free(server);
    return 0;
}

#define ROW(name, function, teardown, options)                                 \
    {                                                                          \
        name, function, server_setup, teardown, (void *)(uintptr_t)(options)   \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("who closes is the client", test_client, server_teardown, NULL),
        ROW("each deadline has its cause", test_deadlines, server_teardown,
            hasty),
        ROW("what is not TLS is a failed handshake", test_failed_handshake,
            server_teardown, NULL),
        ROW("an old connection is told to end, and answered", test_age,
            server_teardown, ageing),
        ROW("a drained connection counts as such", test_drain, kill_server,
            draining),
    };

    return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
