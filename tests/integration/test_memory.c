/*
 * test_memory.c - the ceiling of memory that the README promises: it follows
 * from the options, and holds while everything that takes memory takes as much
 * as it may at once.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "server_process.h"
#include "spillway/buf.h"
#include "spillway/macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

enum {
    CONNECTIONS = 300,
    THREADS = 2,
    BODY_KB = 1024,
    INFLIGHT_KB = 8 * 1024,
    /* The formula of the README. */
    BASE_KB = 16 * 1024,
    CONNECTION_KB = 64,
    THREAD_KB = 40 * 1024,
    BODIES = 3,
    CEILING_KB = BASE_KB + CONNECTION_KB * CONNECTIONS + INFLIGHT_KB +
                 THREADS * (THREAD_KB + BODIES * BODY_KB),
};

#define POST                                                                   \
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"                             \
    "Content-Type: application/json\r\n"

static const char *const options[] = {
    "--threads",
    "2",
    "--max-connections",
    "300",
    "--max-body",
    "1Mi",
    "--max-inflight-bytes",
    "8Mi",
    "--request-timeout",
    "60s",
    "--handshake-timeout",
    "60s",
    NULL,
};

/* As many values as may be read, in the two places where they cost most. */
static void add_review(struct buf *out, bool in_terms)
{
    enum { VALUES = 60000, TOLERATIONS = 30000 };

    buf_add_string(out,
                   "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":"
                   "\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"kind\":{"
                   "\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
                   "\"operation\":\"CREATE\",\"namespace\":\"istio-system\","
                   "\"object\":{\"metadata\":{\"labels\":{\"istio\":"
                   "\"ingressgateway\"}},\"spec\":{");
    buf_add_string(out, in_terms
                            ? "\"affinity\":{\"nodeAffinity\":{\"required"
                              "DuringSchedulingIgnoredDuringExecution\":{"
                              "\"nodeSelectorTerms\":[{\"matchExpressions\":[{"
                              "\"key\":\"k\",\"operator\":\"In\",\"values\":["
                            : "\"tolerations\":[");
    for (int i = 0; i < (in_terms ? VALUES : TOLERATIONS); i++)
        buf_printf(out, in_terms ? "%s\"v%d\"" : "%s{\"key\":\"k%d\"}",
                   i ? "," : "", i);
    buf_add_string(out, in_terms ? "]}]}]}}}}}}}" : "]}}}}");
}

static void decide_large(const struct server_process *server)
{
    for (int i = 0; i < 2 * THREADS; i++) {
        auto_client struct client client = { 0 };
        auto_reply struct reply reply = { 0 };
        auto_buf struct buf review = { 0 };

        add_review(&review, i % 2);
        client_open(&client, server);
        client_post(&client, "", review.data, review.len);
        client_read(&client, &reply);
        assert_int_equal(reply.status, 200);
    }
}

/* Connections with half a head each, which is all they may keep. */
static void hold_heads(const struct server_process *server,
                       struct client *clients, size_t count)
{
    static char head[30000];

    memset(head, 'a', sizeof(head) - 1);
    for (size_t i = 0; i < count; i++) {
        client_open(&clients[i], server);
        client_send(&clients[i], "POST /mutate HTTP/1.1\r\nX: ");
        client_send(&clients[i], head);
    }
}

/* Bodies that lack their last byte, until there is no room for more. */
static void hold_bodies(const struct server_process *server,
                        struct client *clients, size_t count)
{
    static char body[BODY_KB * 1024 - 1];

    memset(body, ' ', sizeof(body));
    for (size_t i = 0; i < count; i++) {
        client_open(&clients[i], server);
        client_send(&clients[i], POST "Content-Length: 1048576\r\n\r\n");
        (void)client_try_send(&clients[i], body, sizeof(body));
    }
}

static void test_ceiling(void **state)
{
    enum { FULL = INFLIGHT_KB / BODY_KB };
    static struct client clients[CONNECTIONS - 10];
    struct server_process *server = *state;
    long peak_kb;

    if (IS_SANITIZED)
        skip();
    hold_heads(server, clients, array_len(clients) - FULL);
    hold_bodies(server, clients + array_len(clients) - FULL, FULL);
    while (admin_metric(server, "spillway_inflight_bytes") < 7.0 * 1024 * 1024)
        pause_briefly();
    for (size_t i = array_len(clients) - FULL; i < array_len(clients); i++)
        client_close(&clients[i]);
    while (admin_metric(server, "spillway_inflight_bytes") > 0)
        pause_briefly();
    decide_large(server);
    for (size_t i = 0; i < array_len(clients); i++)
        client_close(&clients[i]);
    peak_kb = server_memory_kb(server, "VmHWM:");
    print_message("peak %ld KB, ceiling %d KB\n", peak_kb, CEILING_KB);
    assert_true(peak_kb <= CEILING_KB);
}

/* What a crowd took is given back when it has gone, however short it was. */
static void test_crowd(void **state)
{
    enum { CROWD = 250, LEFT_KB = 4096 };
    struct server_process *server = *state;
    static struct client crowd[CROWD];
    long idle_kb, crowded_kb, left_kb;
    long long end_ms;

    if (IS_SANITIZED)
        skip();
    idle_kb = server_memory_kb(server, "RssAnon:");
    for (int i = 0; i < CROWD; i++) {
        auto_reply struct reply reply = { 0 };

        client_open(&crowd[i], server);
        client_post_review(&crowd[i], &reply);
        assert_int_equal(reply.status, 200);
    }
    crowded_kb = server_memory_kb(server, "RssAnon:");
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    assert_true(crowded_kb > idle_kb + 2 * LEFT_KB);
    end_ms = clock_ms() + PATIENCE_MS;
    do {
        pause_briefly();
        left_kb = server_memory_kb(server, "RssAnon:");
    } while (left_kb > idle_kb + LEFT_KB && clock_ms() < end_ms);
    print_message("idle %ld KB, crowded %ld KB, afterwards %ld KB\n", idle_kb,
                  crowded_kb, left_kb);
    assert_in_range(left_kb, 0, idle_kb + LEFT_KB);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "the ceiling of memory holds", test_ceiling, server_setup,
          server_teardown, (void *)(uintptr_t)options },
        { "a crowd's memory is given back", test_crowd, server_setup,
          server_teardown, (void *)(uintptr_t)options },
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
