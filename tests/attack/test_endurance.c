/*
 * test_endurance.c - connections that are many, slow, broken off or never
 * read: good clients are served meanwhile, and nothing is left afterwards.
 */
#include "attack.h"

#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "client.h"
#include "reviews.h"
#include "spillway/macros.h"

enum { MANY = 1500, SEVERAL = 100 };

#define POST                                                                   \
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"                             \
    "Content-Type: application/json\r\n"

static struct client clients[MANY];

static void close_all(size_t count)
{
    for (size_t i = 0; i < count; i++)
        client_close(&clients[i]);
}

/* While it lasts, good clients are served, too. */
static void assert_served(void)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    client_open(&client, &attacked);
    client_post_review(&client, &reply);
    assert_int_equal(reply.status, 200);
}

static void test_half_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        client_open_plain(&clients[i], attacked.port);
    assert_served();
    close_all(MANY);
}

static void test_idle(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        client_open(&clients[i], &attacked);
    assert_served();
    close_all(MANY);
}

/* More than may be open at once: the oldest silent ones go. */
static void test_too_many(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            if (round > 0)
                client_close(&clients[i]);
            client_open_plain(&clients[i], attacked.port);
        }
        assert_served();
    }
    close_all(MANY);
}

/* A byte every now and then, of each of several at once. */
static void drip(const char *text)
{
    size_t len, open = SEVERAL;
    char *expanded = attack_expand(text, &len);

    for (size_t i = 0; i < SEVERAL; i++)
        client_open(&clients[i], &attacked);
    for (size_t at = 0; open > 0; at++) {
        assert_true(at < 2000);
        open = 0;
        for (size_t i = 0; i < SEVERAL; i++) {
            struct pollfd fd = { .fd = clients[i].fd, .events = POLLIN };

            if (clients[i].tls && poll(&fd, 1, 0) == 0 &&
                client_try_send(&clients[i], expanded + at % len, 1))
                open++;
            else
                client_close(&clients[i]);
        }
        (void)poll(NULL, 0, 20);
    }
    assert_served();
    free(expanded);
}

static void test_drip_head(void **state)
{
    (void)state;
    drip(POST "X-A: $Z$Z$Z");
}

static void test_drip_body(void **state)
{
    (void)state;
    drip(POST "Content-Length: 1000000\r\n\r\n$Z");
}

static void test_drip_chunks(void **state)
{
    (void)state;
    drip(POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n"
              "1\r\nd\r\n1\r\ne\r\n1\r\nf\r\n1\r\ng\r\n1\r\nh\r\n1\r\ni\r\n");
}

/* Requests and requests, and not an answer is read. */
static void test_unread_answers(void **state)
{
    auto_client struct client client = { 0 };
    int small = 4096;
    size_t len;
    char *review = review_read("ingressgateway", &len);

    (void)state;
    client_open(&client, &attacked);
    (void)setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 2000; i++) {
        char head[200];
        int n = snprintf(head, sizeof(head), POST "Content-Length: %zu\r\n\r\n",
                         len);
        struct pollfd fd = { .fd = client.fd, .events = POLLOUT };

        /* Blocked, as the server is by now: its deadline ends that. */
        if (poll(&fd, 1, 3 * ATTACK_MS) <= 0 ||
            !client_try_send(&client, head, (size_t)n) ||
            !client_try_send(&client, review, len))
            break;
    }
    free(review);
    assert_served();
}

static void test_reset_in_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEVERAL; i++) {
        auto_client struct client client = { 0 };

        client_open(&client, &attacked);
        client_send(&client, POST "Content-Length: 100000\r\n\r\n{\"a\":");
        attack_reset_on_close(client.fd);
    }
}

static void test_half_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < SEVERAL; i++) {
        auto_client struct client client = { 0 };

        client_open(&client, &attacked);
        client_send(&client, POST "Content-Length: 100\r\n\r\n{");
        (void)shutdown(client.fd, SHUT_WR);
        (void)client_wait_closed(&client);
    }
}

/* As much as may be, and one byte more, in one piece and in chunks. */
static void send_body(size_t size, bool chunked, int status)
{
    enum { PIECE = 65536 };
    static char piece[PIECE];
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    char line[160];

    memset(piece, ' ', sizeof(piece));
    client_open(&client, &attacked);
    (void)snprintf(line, sizeof(line), POST "Content-Length: %zu\r\n\r\n",
                   size);
    client_send(&client,
                chunked ? POST "Transfer-Encoding: chunked\r\n\r\n" : line);
    while (size > 0) {
        size_t n = size < PIECE ? size : PIECE;

        (void)snprintf(line, sizeof(line), "%zx\r\n", n);
        if ((chunked && !client_try_send(&client, line, strlen(line))) ||
            !client_try_send(&client, piece, n) ||
            (chunked && !client_try_send(&client, "\r\n", 2)))
            break;
        size -= n;
    }
    if (chunked)
        (void)client_try_send(&client, "0\r\n\r\n", 5);
    if (client_try_read(&client, &reply))
        assert_int_equal(reply.status, status);
    else
        assert_int_equal(status, 413);
}

static void test_sizes(void **state)
{
    enum { LIMIT = 1024 * 1024 };

    (void)state;
    send_body(LIMIT, false, 400);
    send_body(LIMIT + 1, false, 413);
    send_body(LIMIT, true, 400);
    send_body(LIMIT + 1, true, 413);
    send_body((size_t)20 * LIMIT, true, 413);
}

/* A thousand requests in one go, on one connection. */
static void test_pipeline(void **state)
{
    enum { REQUESTS = 1000 };
    auto_client struct client client = { 0 };
    int answers = 0;
    size_t len;
    char *request = attack_expand(POST "Content-Length: $L\r\n\r\n$R", &len);

    (void)state;
    client_open(&client, &attacked);
    for (int i = 0; i < REQUESTS; i++) {
        auto_reply struct reply reply = { 0 };

        if (!client_try_send(&client, request, len))
            break;
        /* Some way behind, so that neither side is blocked. */
        if (i < 20)
            continue;
        if (!client_try_read(&client, &reply))
            break;
        assert_int_equal(reply.status, 200);
        answers++;
    }
    free(request);
    assert_int_equal(answers, REQUESTS - 20);
}

static void nest(char *out, size_t depth)
{
    memset(out, '[', depth);
    memset(out + depth, ']', depth);
}

static void test_deep_json(void **state)
{
    static char body[200000];
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    nest(body, sizeof(body) / 2);
    client_open(&client, &attacked);
    client_post(&client, "", body, sizeof(body));
    client_read(&client, &reply);
    assert_int_equal(reply.status, 400);
}

/* A megabyte of the shortest values: memory is a small multiple. */
static void test_wide_json(void **state)
{
    static char body[1000000];

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = i % 2 ? ',' : '1';
    body[0] = '[';
    body[1] = '1';
    body[sizeof(body) - 2] = '1';
    body[sizeof(body) - 1] = ']';
    for (int i = 0; i < 20; i++) {
        auto_client struct client client = { 0 };
        auto_reply struct reply reply = { 0 };

        client_open(&client, &attacked);
        client_post(&client, "", body, sizeof(body));
        client_read(&client, &reply);
        assert_int_equal(reply.status, 400);
    }
}

static int begin(void **state)
{
    struct rlimit limit;

    /* Each of the many takes a descriptor on this side, too. */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return attack_begin(state);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ATTACK("1,500 half-open connections", test_half_open, NULL),
        ATTACK("1,500 idle connections", test_idle, NULL),
        ATTACK("more silent connections than there may be", test_too_many,
               NULL),
        ATTACK("a hundred heads in drips", test_drip_head, NULL),
        ATTACK("a hundred bodies in drips", test_drip_body, NULL),
        ATTACK("a hundred chunked bodies in drips", test_drip_chunks, NULL),
        ATTACK("answers that nobody reads", test_unread_answers, NULL),
        ATTACK("resets in the middle of a body", test_reset_in_body, NULL),
        ATTACK("half-closed in the middle of a body", test_half_close, NULL),
        ATTACK("bodies at the limit and beyond", test_sizes, NULL),
        ATTACK("a thousand pipelined requests", test_pipeline, NULL),
        ATTACK("a hundred thousand brackets", test_deep_json, NULL),
        ATTACK("half a million values", test_wide_json, NULL),
    };

    return cmocka_run_group_tests_name("endurance", tests, begin, attack_end);
}
