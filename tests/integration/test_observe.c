/*
 * test_observe.c - what an operator sees of the running server, and what
 * nobody may see.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

static const char *const shadow[] = { "--shadow", NULL };
static const char *const impatient[] = { "--slow-request", "100ms", NULL };
static const char *const incurious[] = { "--slow-request", "0", NULL };
static const char *const talkative[] = { "--log-level", "debug", "--path",
                                         "/unguessable-3f7c", NULL };

static bool logged(const struct server_process *server, const char *text)
{
    char *log = server_log(server);
    bool found = strstr(log, text);

    free(log);
    return found;
}

static void post_review(const struct server_process *server,
                        struct reply *reply)
{
    auto_client struct client client = { 0 };
    size_t len;
    char *review = review_read("ingressgateway", &len);

    client_open(&client, server);
    client_post(&client, "", review, len);
    client_read(&client, reply);
    free(review);
}

static void test_mutation_line(void **state)
{
    struct server_process *server = *state;
    auto_reply struct reply reply = { 0 };

    post_review(server, &reply);
    server_wait_log(server, "mutated pod ns=istio-system "
                            "name=istio-ingressgateway-");
    assert_true(logged(server, "uid="));
}

static void test_shadow(void **state)
{
    struct server_process *server = *state;
    auto_reply struct reply reply = { 0 }, ready = { 0 };

    post_review(server, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"allowed\":true"));
    assert_null(strstr(reply.body, "patch\":"));
    assert_non_null(strstr(reply.body, "shadowed"));
    server_wait_log(server, "would mutate pod");
    assert_true(
        admin_metric(server,
                     "spillway_admission_requests_total{decision=\"shadowed\","
                     "reason=\"applied\",policy=\"asm-gateway\"}") == 1);
    admin_get(server, "/readyz?verbose", &ready);
    assert_non_null(strstr(ready.body, "in shadow mode"));
}

/* Half a request, and after a while the rest. */
static void send_slowly(struct server_process *server)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    long long start_ms;

    client_open(&client, server);
    client_send(&client, "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Type: application/json\r\n"
                         "Content-Length: 2\r\n\r\n{");
    while (admin_metric(server, "spillway_admission_in_flight") < 1)
        pause_briefly();
    start_ms = clock_ms();
    while (clock_ms() - start_ms < 200)
        pause_briefly();
    client_send(&client, "}");
    client_read(&client, &reply);
}

static void test_slow(void **state)
{
    struct server_process *server = *state;

    send_slowly(server);
    server_wait_log(server, "slow request ms=");
    assert_true(logged(server, "bytes=2 code=400"));
}

static void test_slow_off(void **state)
{
    struct server_process *server = *state;
    auto_reply struct reply reply = { 0 };

    send_slowly(server);
    post_review(server, &reply);
    server_wait_log(server, "mutated pod");
    assert_false(logged(server, "slow request"));
}

static void wait_logged_times(const struct server_process *server,
                              const char *text, int times)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    for (;;) {
        char *log = server_log(server);
        int found = 0;

        for (const char *at = log; (at = strstr(at, text)); at++)
            found++;
        free(log);
        if (found >= times)
            return;
        if (clock_ms() > end_ms)
            fail_msg("'%s' was logged %d times", text, found);
        pause_briefly();
    }
}

static void test_levels(void **state)
{
    struct server_process *server = *state;
    auto_reply struct reply reply = { 0 }, again = { 0 };

    server_signal(server, SIGUSR1);
    server_wait_log(server, "one level of log more level=debug");
    /* To info and to warn; a signal that is pending does not come twice. */
    server_signal(server, SIGUSR2);
    wait_logged_times(server, "one level of log less", 1);
    server_signal(server, SIGUSR2);
    wait_logged_times(server, "one level of log less", 2);
    post_review(server, &reply);
    server_signal(server, SIGUSR1);
    server_wait_log(server, "one level of log more level=info");
    assert_false(logged(server, "mutated pod"));
    post_review(server, &again);
    server_wait_log(server, "mutated pod");
}

/* Whatever a client sends, and however it is refused: nothing of it is in the
 * log, but for names that a decision is about. */
static void test_secrets(void **state)
{
    static const char *const requests[] = {
        "POST /unguessable-3f7c HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer XSECRETX\r\nContent-Type: application/json\r\n"
        "Content-Length: 12\r\n\r\n{\"XSECRETX\":}",
        "POST /XSECRETX HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /unguessable-3f7c HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: XSECRETX\r\nContent-Length: 0\r\n\r\n",
        "XSECRETX /unguessable-3f7c?XSECRETX HTTP/1.1\r\nHost: XSECRETX\r\n"
        "Cookie: XSECRETX\r\n\r\n",
    };
    struct server_process *server = *state;

    for (size_t i = 0; i < array_len(requests); i++) {
        auto_client struct client client = { 0 };
        auto_reply struct reply reply = { 0 };

        client_open(&client, server);
        client_send(&client, requests[i]);
        client_read(&client, &reply);
        assert_true(reply.status >= 400);
        /* A path that keeps strangers out is told to none. */
        assert_null(strstr(reply.body, "unguessable"));
    }
    server_wait_log(server, "code=405");
    assert_false(logged(server, "XSECRETX"));
    assert_false(logged(server, "unguessable"));
    for (size_t i = 0; i < 5; i++) {
        static const char *const pages[] = { "/metrics", "/readyz?verbose",
                                             "/version", "/policy",
                                             "/healthz" };
        auto_reply struct reply page = { 0 };

        admin_get(server, pages[i], &page);
        assert_null(strstr(page.body, "unguessable"));
    }
}

#define ROW(name, function, options)                                           \
    {                                                                          \
        name, function, server_setup, server_teardown,                         \
            (void *)(uintptr_t)(options)                                       \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("a mutation is one line, with its uid", test_mutation_line, NULL),
        ROW("in shadow mode all is decided and nothing is sent", test_shadow,
            shadow),
        ROW("a slow request has its line", test_slow, impatient),
        ROW("0 logs no slow request", test_slow_off, incurious),
        ROW("SIGUSR1 and SIGUSR2 change what is shown", test_levels, NULL),
        ROW("nothing that a client sends is logged, nor the path", test_secrets,
            talkative),
    };

    return cmocka_run_group_tests_name("observe", tests, NULL, NULL);
}
