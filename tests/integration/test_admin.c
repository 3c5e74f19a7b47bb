/* test_admin.c - the plain port: health, metrics, version, policy. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"
#include "spillway/version.h"

static struct server_process server;

static int setup(void **state)
{
    (void)state;
    server_start(&server, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return server_stop(&server);
}

struct row {
    const char *name, *request;
    int status;
    const char *type, *content; /* a part of the body */
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define TEXT_TYPE "text/plain; charset=utf-8"

static struct row rows[] = {
    { "healthz is ok", GET("/healthz"), 200, TEXT_TYPE, "ok\n" },
    { "readyz is ok", GET("/readyz"), 200, TEXT_TYPE, "ok\n" },
    { "readyz?verbose lists its checks", GET("/readyz?verbose"), 200, TEXT_TYPE,
      "[+]policy ok" },
    { "version is JSON", GET("/version"), 200, "application/json",
      "{\"version\":\"" SPILLWAY_VERSION "\"" },
    { "policy is YAML", GET("/policy"), 200, "application/yaml",
      "apiVersion: spillway.dev/v1\n" },
    { "metrics have the format's version", GET("/metrics"), 200,
      "text/plain; version=0.0.4; charset=utf-8",
      "spillway_build_info{version=\"" SPILLWAY_VERSION "\"} 1\n" },
    { "another path is 404", GET("/mutate"), 404, TEXT_TYPE, "/healthz" },
    { "POST is 405",
      "POST /healthz HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: 2\r\n\r\n{}",
      405, TEXT_TYPE, "GET" },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 }, again = { 0 };
    char type[128];

    client_open_plain(&client, server.admin_port);
    client_send(&client, row->request);
    client_read(&client, &reply);
    assert_int_equal(reply.status, row->status);
    (void)snprintf(type, sizeof(type), "Content-Type: %s", row->type);
    assert_true(reply_has(&reply, type));
    assert_non_null(strstr(reply.body, row->content));
    assert_int_equal(reply_has(&reply, "Allow: GET, HEAD"), row->status == 405);
    /* Scrapers keep their connections. */
    client_send(&client, row->request);
    client_read(&client, &again);
    assert_int_equal(again.status, row->status);
}

static void test_head(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    client_open_plain(&client, server.admin_port);
    client_send(&client, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n"
                         "Connection: close\r\n\r\n");
    client_read_head(&client, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(reply_has(&reply, "Content-Length: 3"));
    assert_true(client_sees_close(&client));
}

/* Every sample belongs to a family that was introduced with HELP and TYPE. */
static void test_metrics_format(void **state)
{
    auto_reply struct reply reply = { 0 };
    char family[128] = "", *line, *rest;

    (void)state;
    admin_get(&server, "/metrics", &reply);
    for (line = strtok_r(reply.body, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "# HELP %127s ", family) == 1) {
            line = strtok_r(NULL, "\n", &rest);
            assert_non_null(line);
            assert_memory_equal(line, "# TYPE ", 7);
            assert_memory_equal(line + 7, family, strlen(family));
            continue;
        }
        assert_true(strncmp(line, "spillway_", 9) == 0 ||
                    strncmp(line, "process_", 8) == 0);
        assert_memory_equal(line, family, strlen(family));
        assert_non_null(strchr(line, ' '));
    }
}

#define MUTATED                                                                \
    "spillway_admission_requests_total{decision=\"mutated\","                  \
    "reason=\"applied\",policy=\"asm-gateway\"}"

static const char *const moving[] = {
    MUTATED,
    "spillway_admission_duration_seconds_count",
    "spillway_admission_duration_seconds_bucket{le=\"+Inf\"}",
    "spillway_http_requests_total{code=\"200\"}",
    "spillway_http_requests_total{code=\"400\"}",
    "spillway_http_requests_total{code=\"404\"}",
};

static void test_counters_move(void **state)
{
    double before[array_len(moving)];
    auto_client struct client client = { 0 };
    auto_reply struct reply good = { 0 }, bad = { 0 }, lost = { 0 };
    size_t len;
    char *review = review_read("ingressgateway", &len);

    (void)state;
    for (size_t i = 0; i < array_len(moving); i++)
        before[i] = admin_metric(&server, moving[i]);
    client_open(&client, &server);
    client_post(&client, "", review, len);
    client_read(&client, &good);
    client_post(&client, "", "{}", 2);
    client_read(&client, &bad);
    client_send(&client, "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_read(&client, &lost);
    for (size_t i = 0; i < array_len(moving); i++) {
        if (admin_metric(&server, moving[i]) != before[i] + 1)
            fail_msg("%s did not move by one", moving[i]);
    }
    free(review);
}

static void test_warnings_move(void **state)
{
    static const char sample[] =
        "spillway_warnings_total{kind=\"eci-unsupported\"}";
    double before = admin_metric(&server, sample);
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    size_t len;
    char *review = review_read("eci-incompatible", &len);

    (void)state;
    client_open(&client, &server);
    client_post(&client, "", review, len);
    client_read(&client, &reply);
    assert_non_null(strstr(reply.body, "\"warnings\":["));
    assert_true(admin_metric(&server, sample) == before + 1);
    free(review);
}

static void test_log_line(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    size_t len;
    char *review = review_read("ingressgateway", &len);

    (void)state;
    client_open(&client, &server);
    client_post(&client, "", review, len);
    client_read(&client, &reply);
    server_wait_log(&server, " info mutated pod ns=istio-system name=");
    server_wait_log(&server, " policy=asm-gateway reason=applied ops=");
    free(review);
}

static const struct CMUnitTest plain_tests[] = {
    { "HEAD is answered without a body", test_head, NULL, NULL, NULL },
    { "samples follow their HELP and TYPE", test_metrics_format, NULL, NULL,
      NULL },
    { "each request counts once", test_counters_move, NULL, NULL, NULL },
    { "each warning counts once", test_warnings_move, NULL, NULL, NULL },
    { "each mutation is one line of the log", test_log_line, NULL, NULL, NULL },
};

int main(void)
{
    struct CMUnitTest tests[array_len(plain_tests) + array_len(rows)];

    memcpy(tests, plain_tests, sizeof(plain_tests));
    for (size_t i = 0; i < array_len(rows); i++)
        tests[array_len(plain_tests) + i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("admin", tests, setup, teardown);
}
