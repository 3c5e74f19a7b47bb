/* test_http.c - how requests travel: kept connections, pipelines, chunks. */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

enum { MAX_BODY = 8 * 1024 * 1024 };

static struct server_process server;
static char *review; /* of a gateway pod, which is mutated */
static size_t review_len;

static int setup(void **state)
{
    static const char *const options[] = { "--threads", "2", NULL };

    (void)state;
    review = review_read("ingressgateway", &review_len);
    server_start(&server, options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(review);
    return server_stop(&server);
}

static void assert_mutated(const struct reply *reply)
{
    assert_int_equal(reply->status, 200);
    assert_true(reply_has(reply, "Content-Type: application/json"));
    assert_non_null(strstr(reply->body, "\"patchType\":\"JSONPatch\""));
    assert_int_equal(reply->body[reply->body_len - 1], '\n');
}

static void test_keep_alive(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open(&client, &server);
    for (int i = 0; i < 20; i++) {
        auto_reply struct reply reply = { 0 };

        client_post(&client, "", review, review_len);
        client_read(&client, &reply);
        assert_mutated(&reply);
        assert_false(reply_has(&reply, "Connection: close"));
    }
}

static void test_connection_close(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    client_open(&client, &server);
    client_post(&client, "Connection: close\r\n", review, review_len);
    client_read(&client, &reply);
    assert_mutated(&reply);
    assert_true(client_sees_close(&client));
}

static void test_pipelining(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open(&client, &server);
    for (int i = 0; i < 8; i++)
        client_post(&client, "", i % 2 ? "{}" : review, i % 2 ? 2 : review_len);
    for (int i = 0; i < 8; i++) {
        auto_reply struct reply reply = { 0 };

        client_read(&client, &reply);
        if (i % 2)
            assert_int_equal(reply.status, 400);
        else
            assert_mutated(&reply);
    }
}

/* Send the review in chunks of that size. */
static void send_chunked(struct client *client, const char *body, size_t len,
                         size_t piece)
{
    client_send(client, "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/json\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        char head[32];

        (void)snprintf(head, sizeof(head), "%zx\r\n", part);
        client_send(client, head);
        assert_true(client_try_send(client, body + at, part));
        client_send(client, "\r\n");
    }
    client_send(client, "0\r\n\r\n");
}

static void test_chunked(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open(&client, &server);
    for (size_t piece = 100; piece < 20000; piece *= 10) {
        auto_reply struct reply reply = { 0 };

        send_chunked(&client, review, review_len, piece);
        client_read(&client, &reply);
        assert_mutated(&reply);
    }
}

/* The review, made `size` bytes long with white space at its end. */
static char *padded(size_t size)
{
    char *body = malloc(size + 1);

    assert_non_null(body);
    memset(body, ' ', size);
    memcpy(body, review, review_len);
    body[size] = '\0';
    return body;
}

static void test_body_at_limit(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 }, chunked = { 0 };
    char *body = padded(MAX_BODY);

    (void)state;
    client_open(&client, &server);
    client_post(&client, "", body, MAX_BODY);
    client_read(&client, &reply);
    assert_mutated(&reply);
    send_chunked(&client, body, MAX_BODY, 1000000);
    client_read(&client, &chunked);
    assert_mutated(&chunked);
    free(body);
}

static void test_body_over_limit(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    char *body = padded(MAX_BODY + 1);

    (void)state;
    client_open(&client, &server);
    client_post(&client, "", body, MAX_BODY + 1);
    client_read(&client, &reply);
    assert_int_equal(reply.status, 413);
    assert_true(client_sees_close(&client));
    free(body);
}

static void test_chunks_over_limit(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 }, after = { 0 };
    char *body = padded(MAX_BODY + 1);

    (void)state;
    client_open(&client, &server);
    send_chunked(&client, body, MAX_BODY + 1, 1000000);
    client_read(&client, &reply);
    assert_int_equal(reply.status, 413);
    assert_non_null(strstr(reply.body, "\"reason\":\"RequestEntityTooLarge\""));
    client_post(&client, "", review, review_len);
    client_read(&client, &after);
    assert_mutated(&after);
    free(body);
}

static void test_http_1_0(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    char head[128];

    (void)state;
    client_open(&client, &server);
    (void)snprintf(head, sizeof(head),
                   "POST /mutate HTTP/1.0\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   review_len);
    client_send(&client, head);
    client_send(&client, review);
    client_read(&client, &reply);
    assert_mutated(&reply);
    assert_true(client_sees_close(&client));
}

static void test_expect_continue(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply interim = { 0 }, reply = { 0 };
    char head[256];

    (void)state;
    client_open(&client, &server);
    (void)snprintf(head, sizeof(head),
                   "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %zu\r\nExpect: 100-Continue\r\n\r\n",
                   review_len);
    client_send(&client, head);
    assert_true(client_try_read(&client, &interim));
    assert_int_equal(interim.status, 100);
    client_send(&client, review);
    client_read(&client, &reply);
    assert_mutated(&reply);
}

static void test_truncated_body(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        auto_client struct client client = { 0 };

        client_open(&client, &server);
        client_send(&client, "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: 1000\r\n\r\n{");
    }
    /* The server lost three clients, and serves the next. */
    test_keep_alive(NULL);
    while (admin_metric(&server, "spillway_admission_in_flight") != 0)
        pause_briefly();
}

static void *post_often(void *argument)
{
    bool *good = argument;
    auto_client struct client client = { 0 };

    client_open(&client, &server);
    *good = true;
    for (int i = 0; i < 100 && *good; i++) {
        auto_reply struct reply reply = { 0 };

        client_post(&client, "", review, review_len);
        *good = client_try_read(&client, &reply) && reply.status == 200;
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    pthread_t threads[2];
    bool good[2] = { false, false };

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, post_often, &good[i]), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(good[0]);
    assert_true(good[1]);
}

struct version {
    const char *name;
    int version;
    bool good;
};

static void test_version(void **state)
{
    const struct version *row = *state;
    auto_client struct client client = { 0 };

    assert_int_equal(
        client_try_version(&client, &server, row->version, row->version),
        row->good);
    if (row->good)
        assert_int_equal(SSL_version(client.tls), row->version);
}

static struct version versions[] = {
    { "TLS 1.0 is refused", TLS1_VERSION, false },
    { "TLS 1.1 is refused", TLS1_1_VERSION, false },
    { "TLS 1.2 is spoken", TLS1_2_VERSION, true },
    { "TLS 1.3 is spoken", TLS1_3_VERSION, true },
};

static const struct CMUnitTest plain_tests[] = {
    { "a connection is kept", test_keep_alive, NULL, NULL, NULL },
    { "Connection: close is honoured", test_connection_close, NULL, NULL,
      NULL },
    { "pipelined requests are answered in order", test_pipelining, NULL, NULL,
      NULL },
    { "a body may come in chunks", test_chunked, NULL, NULL, NULL },
    { "a body of exactly the limit passes", test_body_at_limit, NULL, NULL,
      NULL },
    { "one byte more is 413", test_body_over_limit, NULL, NULL, NULL },
    { "chunks over the limit are read, and are 413", test_chunks_over_limit,
      NULL, NULL, NULL },
    { "HTTP/1.0 is answered and closed", test_http_1_0, NULL, NULL, NULL },
    { "Expect: 100-continue is answered", test_expect_continue, NULL, NULL,
      NULL },
    { "a truncated body harms nobody", test_truncated_body, NULL, NULL, NULL },
    { "two clients are served at once", test_two_threads, NULL, NULL, NULL },
};

int main(void)
{
    struct CMUnitTest tests[array_len(plain_tests) + array_len(versions)];

    memcpy(tests, plain_tests, sizeof(plain_tests));
    for (size_t i = 0; i < array_len(versions); i++)
        tests[array_len(plain_tests) + i] =
            (struct CMUnitTest){ versions[i].name, test_version, NULL, NULL,
                                 &versions[i] };
    return cmocka_run_group_tests_name("http", tests, setup, teardown);
}
