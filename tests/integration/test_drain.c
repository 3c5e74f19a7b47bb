/* test_drain.c - how the server stops: without losing an answer. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

static const char half_a_request[] =
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{";

/* True when the port takes a connection. */
static bool accepts(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code;

    assert_true(fd >= 0);
    code = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    (void)close(fd);
    return code == 0;
}

static void wait_until_closed(int port)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (accepts(port)) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

/* A request is in flight when the metrics say so. */
static void start_request(struct client *client, struct server_process *server,
                          int in_flight)
{
    client_open(client, server);
    client_send(client, half_a_request);
    while (admin_metric(server, "spillway_admission_in_flight") != in_flight)
        pause_briefly();
}

static void assert_answered_and_closed(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    client_read(client, &reply);
    assert_int_equal(reply.status, 400);
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(client_sees_close(client));
}

static void test_sigterm(void **state)
{
    struct server_process *server = *state;
    auto_client struct client kept = { 0 }, fresh = { 0 };
    auto_reply struct reply before = { 0 }, ready = { 0 }, verbose = { 0 },
                            healthy = { 0 };

    client_open(&kept, server);
    client_post(&kept, "", "{}", 2);
    client_read(&kept, &before);
    assert_false(reply_has(&before, "Connection: close"));
    server_signal(server, SIGTERM);
    server_wait_log(server, "draining");
    admin_get(server, "/readyz", &ready);
    assert_int_equal(ready.status, 503);
    assert_string_equal(ready.body, "draining\n");
    admin_get(server, "/readyz?verbose", &verbose);
    assert_int_equal(verbose.status, 503);
    assert_non_null(strstr(verbose.body, "[-]shutdown failed: draining\n"));
    admin_get(server, "/healthz", &healthy);
    assert_int_equal(healthy.status, 200);
    /* Open connections and new ones are served, and told to go. */
    client_post(&kept, "", "{}", 2);
    assert_answered_and_closed(&kept);
    client_open(&fresh, server);
    client_post(&fresh, "", "{}", 2);
    assert_answered_and_closed(&fresh);
    assert_int_equal(server_wait(server), 0);
}

static void test_in_flight(void **state)
{
    struct server_process *server = *state;
    auto_client struct client started = { 0 }, silent = { 0 };

    client_open(&silent, server);
    start_request(&started, server, 1);
    server_signal(server, SIGINT);
    wait_until_closed(server->port);
    /* A request that begins on an open connection is answered still. */
    client_post(&silent, "", "{}", 2);
    assert_answered_and_closed(&silent);
    client_send(&started, "}");
    assert_answered_and_closed(&started);
    assert_int_equal(server_wait(server), 0);
}

static void test_idle_connections(void **state)
{
    struct server_process *server = *state;
    auto_client struct client idle = { 0 };
    auto_reply struct reply reply = { 0 };
    long long start_ms;

    client_open(&idle, server);
    client_post(&idle, "", "{}", 2);
    client_read(&idle, &reply);
    start_ms = clock_ms();
    server_signal(server, SIGINT);
    assert_int_equal(server_wait(server), 0);
    /* Well before the request timeout, which is ten seconds. */
    assert_true(clock_ms() - start_ms < 8000);
}

static void test_stuck_request(void **state)
{
    struct server_process *server = *state;
    auto_client struct client stuck = { 0 };
    auto_reply struct reply reply = { 0 };

    start_request(&stuck, server, 1);
    server_signal(server, SIGINT);
    assert_int_equal(server_wait(server), 0);
    assert_false(client_try_read(&stuck, &reply));
}

static void test_second_signal(void **state)
{
    struct server_process *server = *state;
    auto_client struct client stuck = { 0 };
    long long start_ms;

    start_request(&stuck, server, 1);
    server_signal(server, SIGTERM);
    server_wait_log(server, "draining");
    start_ms = clock_ms();
    server_signal(server, SIGINT);
    assert_int_equal(server_wait(server), 1);
    assert_true(clock_ms() - start_ms < 8000);
}

static void test_second_signal_while_waiting(void **state)
{
    struct server_process *server = *state;
    auto_client struct client stuck = { 0 };

    start_request(&stuck, server, 1);
    server_signal(server, SIGINT);
    wait_until_closed(server->port);
    server_signal(server, SIGTERM);
    assert_int_equal(server_wait(server), 1);
}

static const char *const one_second[] = { "--drain", "1s", NULL };
static const char *const long_drain[] = { "--drain", "10m", NULL };
static const char *const short_request[] = { "--request-timeout", "800ms",
                                             NULL };

#define ROW(name, function, options)                                           \
    {                                                                          \
        name, function, server_setup, server_teardown,                         \
            (void *)(uintptr_t)(options)                                       \
    }

static const struct CMUnitTest tests[] = {
    ROW("SIGTERM: goes on, announces the end, is not ready, exits 0",
        test_sigterm, one_second),
    ROW("SIGINT: closes the port, finishes what began, exits 0", test_in_flight,
        NULL),
    ROW("idle connections do not delay the end", test_idle_connections, NULL),
    ROW("a request that never ends delays it by the request timeout",
        test_stuck_request, short_request),
    ROW("a second signal while draining exits 1 at once", test_second_signal,
        long_drain),
    ROW("a second signal while waiting exits 1 at once",
        test_second_signal_while_waiting, NULL),
};

int main(void)
{
    return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
