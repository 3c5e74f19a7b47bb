/*
 * test_deadlines.c - nobody holds a connection: not by silence, and not by a
 * byte now and then.
 *
 * Elapsed times are checked from below, where our own timeouts are exact, and
 * from above only within the patience that a loaded machine deserves.
 */
#include "harness.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

enum {
    HANDSHAKE_MS = 500,
    REQUEST_MS = 600,
    IDLE_MS = 1800,
    SLACK_MS = 20, /* our clock starts a little before the server's */
};

#define POST_HEAD                                                              \
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"                             \
    "Content-Type: application/json\r\n"

static struct server_process server;

static int setup(void **state)
{
    static const char *const options[] = {
        "--handshake-timeout",
        "500ms",
        "--request-timeout",
        "600ms",
        "--idle-timeout",
        "1.8s",
        "--threads",
        "1",
        NULL,
    };

    (void)state;
    server_start(&server, options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return server_stop(&server);
}

static void assert_lasted(long long elapsed_ms, long long least_ms)
{
    if (elapsed_ms < least_ms - SLACK_MS)
        fail_msg("closed after %lld ms, %lld were allowed", elapsed_ms,
                 least_ms);
}

/* Send a byte every 50 ms until the server closes; how long that took. */
static long long drip(struct client *client)
{
    long long start_ms = clock_ms();
    struct pollfd fd = { .fd = client->fd, .events = POLLIN };

    while (poll(&fd, 1, 50) == 0) {
        if (!client_try_send(client, "x", 1))
            break;
        if (clock_ms() - start_ms > PATIENCE_MS)
            fail_msg("the connection stayed open");
    }
    assert_true(client_sees_close(client));
    return clock_ms() - start_ms;
}

static void test_silent_handshake(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open_plain(&client, server.port);
    assert_lasted(client_wait_closed(&client), HANDSHAKE_MS);
}

static void test_dripped_handshake(void **state)
{
    /* A TLS record of 512 bytes that begins a ClientHello of 508. */
    static const char start[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    auto_client struct client client = { 0 };

    (void)state;
    client_open_plain(&client, server.port);
    assert_true(client_try_send(&client, start, sizeof(start) - 1));
    assert_lasted(drip(&client), HANDSHAKE_MS);
}

static void test_idle(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open(&client, &server);
    assert_lasted(client_wait_closed(&client), IDLE_MS);
}

static void test_idle_after_answer(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    client_open(&client, &server);
    client_post(&client, "", "{}", 2);
    client_read(&client, &reply);
    assert_lasted(client_wait_closed(&client), IDLE_MS);
}

static void test_idle_begins_anew(void **state)
{
    auto_client struct client client = { 0 };
    long long start_ms = clock_ms();

    (void)state;
    client_open(&client, &server);
    /* Together longer than one idle timeout. */
    while (clock_ms() - start_ms < IDLE_MS + IDLE_MS / 2) {
        auto_reply struct reply reply = { 0 };
        struct pollfd fd = { .fd = client.fd, .events = POLLIN };

        client_post(&client, "", "{}", 2);
        client_read(&client, &reply);
        assert_int_equal(reply.status, 400);
        assert_int_equal(poll(&fd, 1, IDLE_MS / 5), 0);
    }
}

/* What a client sends before it goes silent, or on byte by byte. */
struct row {
    const char *name;
    const char *before; /* requests that are answered first, or NULL */
    const char *text;
    bool drips;
};

static struct row rows[] = {
    { "one byte of a head ends with the request timeout", NULL, "P", false },
    { "a head in drips ends with the request timeout", NULL,
      POST_HEAD "X-Long: ", true },
    { "a silent body ends with the request timeout", NULL,
      POST_HEAD "Content-Length: 1000\r\n\r\n{", false },
    { "a body in drips ends with the request timeout", NULL,
      POST_HEAD "Content-Length: 1000\r\n\r\n{", true },
    { "a chunked body that does not end is cut", NULL,
      POST_HEAD "Transfer-Encoding: chunked\r\n\r\n400\r\n{", true },
    { "the second request of a connection has the same deadline",
      POST_HEAD "Content-Length: 2\r\n\r\n{}", "P", false },
    { "a pipelined request that does not end is cut",
      POST_HEAD "Content-Length: 2\r\n\r\n{}",
      POST_HEAD "Content-Length: 1000\r\n\r\n{", false },
};

static void test_stalled_request(void **state)
{
    const struct row *row = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    long long elapsed_ms;

    client_open(&client, &server);
    if (row->before) {
        client_send(&client, row->before);
        client_read(&client, &reply);
    }
    client_send(&client, row->text);
    elapsed_ms = row->drips ? drip(&client) : client_wait_closed(&client);
    assert_lasted(elapsed_ms, REQUEST_MS);
    /* Not by the idle timeout, which takes much longer. */
    assert_true(elapsed_ms < IDLE_MS);
}

/* Both requests in one TLS record: the library has the second one's head when
 * it sends the first answer. */
static void test_pipelined_in_one_record(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    client_open(&client, &server);
    client_send(&client, POST_HEAD "Content-Length: 2\r\n\r\n{}" POST_HEAD
                                   "Content-Length: 1000\r\n\r\n{");
    client_read(&client, &reply);
    assert_true(client_wait_closed(&client) < IDLE_MS);
}

static const struct CMUnitTest plain_tests[] = {
    { "a silent handshake ends with its timeout", test_silent_handshake, NULL,
      NULL, NULL },
    { "a handshake in drips ends with its timeout", test_dripped_handshake,
      NULL, NULL, NULL },
    { "silence after the handshake is idle", test_idle, NULL, NULL, NULL },
    { "silence after an answer is idle", test_idle_after_answer, NULL, NULL,
      NULL },
    { "each answer begins a new idle time", test_idle_begins_anew, NULL, NULL,
      NULL },
    { "a request pipelined in one record is no idle time",
      test_pipelined_in_one_record, NULL, NULL, NULL },
};

int main(void)
{
    struct CMUnitTest tests[array_len(plain_tests) + array_len(rows)];

    memcpy(tests, plain_tests, sizeof(plain_tests));
    for (size_t i = 0; i < array_len(rows); i++)
        tests[array_len(plain_tests) + i] =
            (struct CMUnitTest){ rows[i].name, test_stalled_request, NULL, NULL,
                                 &rows[i] };
    return cmocka_run_group_tests_name("deadlines", tests, setup, teardown);
}
