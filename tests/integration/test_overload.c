/*
 * test_overload.c - who is turned away when there is too much, and who is not.
 */
#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

enum { ROOM = 3 };

static const char *const few_connections[] = {
    "--max-connections", "3",   "--threads", "1",
    "--max-per-address", "100", NULL,
};
static const char *const few_per_address[] = {
    "--max-per-address",
    "2",
    NULL,
};
/* A body of 60 KB fits once, and not twice. */
static const char *const few_bytes[] = {
    "--max-body", "64Ki", "--max-inflight-bytes", "100Ki", NULL,
};

#define POST_HEAD                                                              \
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"                             \
    "Content-Type: application/json\r\n"

static void wait_metric(const struct server_process *server, const char *sample,
                        double value)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (admin_metric(server, sample) != value) {
        if (clock_ms() > end_ms)
            fail_msg("%s never became %g", sample, value);
        pause_briefly();
    }
}

static void complete_request(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    client_post(client, "", "{}", 2);
    client_read(client, &reply);
    assert_int_equal(reply.status, 400);
}

static void assert_served(const struct server_process *server)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    size_t len;
    char *review = review_read("ingressgateway", &len);

    client_open(&client, server);
    client_post(&client, "", review, len);
    client_read(&client, &reply);
    assert_int_equal(reply.status, 200);
    free(review);
}

static void test_served_stay(void **state)
{
    struct server_process *server = *state;
    struct client held[ROOM] = { 0 };

    for (size_t i = 0; i < ROOM; i++) {
        client_open(&held[i], server);
        complete_request(&held[i]);
    }
    for (int i = 0; i < 5; i++) {
        auto_client struct client over = { 0 };

        client_open_plain(&over, server->port);
        assert_true(client_sees_close(&over));
    }
    wait_metric(server,
                "spillway_overload_rejections_total{cause=\"connections\"}", 5);
    for (size_t i = 0; i < ROOM; i++) {
        complete_request(&held[i]);
        client_close(&held[i]);
    }
    wait_metric(server, "spillway_connections", 0);
    assert_served(server);
}

static void test_unserved_make_room(void **state)
{
    struct server_process *server = *state;
    struct client silent[ROOM] = { 0 };
    auto_client struct client old = { 0 };

    client_open(&old, server);
    complete_request(&old);
    /* One in its handshake, one idle, one with half a request. */
    client_open_plain(&silent[0], server->port);
    wait_metric(server, "spillway_connections", 2);
    client_open(&silent[1], server);
    assert_served(server);
    assert_true(client_sees_close(&silent[0]));
    wait_metric(server, "spillway_connections", 2);
    client_open(&silent[2], server);
    client_send(&silent[2], POST_HEAD "Content-Length: 10\r\n\r\n{");
    wait_metric(server, "spillway_admission_in_flight", 1);
    assert_served(server);
    assert_true(client_sees_close(&silent[1]));
    wait_metric(server, "spillway_connections", 2);
    assert_served(server);
    wait_metric(server, "spillway_connections_closed_total{cause=\"limit\"}",
                2);
    complete_request(&old);
    for (size_t i = 0; i < ROOM; i++)
        client_close(&silent[i]);
}

static void test_flood_of_silence(void **state)
{
    struct server_process *server = *state;
    struct client silent[50] = { 0 };

    for (size_t i = 0; i < array_len(silent); i++)
        client_open_plain(&silent[i], server->port);
    assert_served(server);
    for (size_t i = 0; i < array_len(silent); i++)
        client_close(&silent[i]);
    wait_metric(server, "spillway_connections", 0);
}

static void test_address(void **state)
{
    struct server_process *server = *state;
    struct client held[2] = { 0 };
    auto_client struct client over = { 0 };

    for (size_t i = 0; i < array_len(held); i++)
        client_open(&held[i], server);
    client_open_plain(&over, server->port);
    assert_true(client_sees_close(&over));
    wait_metric(server, "spillway_overload_rejections_total{cause=\"address\"}",
                1);
    for (size_t i = 0; i < array_len(held); i++) {
        complete_request(&held[i]);
        client_close(&held[i]);
    }
    wait_metric(server, "spillway_connections", 0);
    assert_served(server);
}

static void assert_overloaded(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    client_read(client, &reply);
    assert_int_equal(reply.status, 503);
    assert_true(reply_has(&reply, "Retry-After: 1"));
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(reply_has(&reply, "Content-Type: application/json"));
    assert_non_null(strstr(reply.body, "\"reason\":\"ServiceUnavailable\""));
    assert_non_null(strstr(reply.body, "\"code\":503"));
    assert_true(client_sees_close(client));
}

/* 60,000 bytes, of which the last is to come. */
static void hold_bytes(struct client *client, struct server_process *server)
{
    static char body[59999];

    memset(body, ' ', sizeof(body));
    client_open(client, server);
    client_send(client, POST_HEAD "Content-Length: 60000\r\n\r\n");
    assert_true(client_try_send(client, body, sizeof(body)));
    wait_metric(server, "spillway_inflight_bytes", 60001);
}

static void test_bytes(void **state)
{
    struct server_process *server = *state;
    auto_client struct client first = { 0 }, second = { 0 }, third = { 0 };
    auto_reply struct reply reply = { 0 };

    hold_bytes(&first, server);
    /* Before a byte of its body is read. */
    client_open(&second, server);
    client_send(&second, POST_HEAD "Content-Length: 60000\r\n\r\n");
    assert_overloaded(&second);
    wait_metric(server, "spillway_overload_rejections_total{cause=\"bytes\"}",
                1);
    /* What fits is served meanwhile. */
    assert_served(server);
    client_send(&first, " ");
    client_read(&first, &reply);
    assert_int_equal(reply.status, 400);
    wait_metric(server, "spillway_inflight_bytes", 0);
    hold_bytes(&third, server);
}

static void test_bytes_in_chunks(void **state)
{
    struct server_process *server = *state;
    static char chunk[50000];
    auto_client struct client first = { 0 }, second = { 0 };

    memset(chunk, ' ', sizeof(chunk));
    hold_bytes(&first, server);
    client_open(&second, server);
    client_send(&second,
                POST_HEAD "Transfer-Encoding: chunked\r\n\r\nC350\r\n");
    assert_true(client_try_send(&second, chunk, sizeof(chunk)));
    client_send(&second, "\r\n0\r\n\r\n");
    assert_overloaded(&second);
}

/* accept(2) fails for want of descriptors: the server waits, makes room and
 * goes on. */
static void test_descriptors(void **state)
{
    struct server_process *server = *state;
    struct client silent[40] = { 0 };
    struct rlimit limit;

    assert_served(server);
    assert_int_equal(prlimit(server->pid, RLIMIT_NOFILE, NULL, &limit), 0);
    limit.rlim_cur = 40;
    assert_int_equal(prlimit(server->pid, RLIMIT_NOFILE, &limit, NULL), 0);
    for (size_t i = 0; i < array_len(silent); i++)
        client_open_plain(&silent[i], server->port);
    server_wait_log(server, "cannot accept connections");
    assert_served(server);
    for (size_t i = 0; i < array_len(silent); i++)
        client_close(&silent[i]);
    wait_metric(server, "spillway_connections", 0);
    assert_served(server);
}

#define ROW(name, function, options)                                           \
    {                                                                          \
        name, function, server_setup, server_teardown,                         \
            (void *)(uintptr_t)(options)                                       \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("connections that have served stay; more are refused",
            test_served_stay, few_connections),
        ROW("the oldest that never served makes room", test_unserved_make_room,
            few_connections),
        ROW("silent connections keep nobody out", test_flood_of_silence,
            few_connections),
        ROW("one address has its limit", test_address, few_per_address),
        ROW("a body that there is no room for is 503", test_bytes, few_bytes),
        ROW("a chunked body that there is no room for is 503 at its end",
            test_bytes_in_chunks, few_bytes),
        ROW("the server outlives a shortage of descriptors", test_descriptors,
            NULL),
    };

    return cmocka_run_group_tests_name("overload", tests, NULL, NULL);
}
