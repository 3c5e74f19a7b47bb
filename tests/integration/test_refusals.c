/* test_refusals.c - each refusal of the webhook port, one row per rule. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "server_process.h"
#include "spillway/macros.h"

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define TWO "Content-Length: 2\r\n"

struct row {
    const char *name; /* the rule */
    const char *request;
    int status;          /* 0: any of 400 to 499 */
    const char *reason;  /* in the Status; NULL when the library answers */
    const char *message; /* a part of it */
    bool survives;       /* the connection can be used on */
};

/* clang-format off */
static const struct row rows[] = {
    { "Transfer-Encoding beside Content-Length is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO
      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      400, "BadRequest", "Transfer-Encoding and Content-Length", false },
    { "two Content-Lengths are 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO TWO "\r\n{}",
      400, "BadRequest", "more than one Content-Length", false },
    { "two Hosts are 400",
      "POST /mutate HTTP/1.1\r\n" HOST HOST JSON TWO "\r\n{}",
      400, "BadRequest", "more than one Host", false },
    { "no Host in HTTP/1.1 is 400",
      "POST /mutate HTTP/1.1\r\n" JSON TWO "\r\n{}",
      400, NULL, NULL, false },
    { "Transfer-Encoding other than chunked is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: gzip\r\n\r\n",
      400, NULL, NULL, false },
    { "framing comes before the path",
      "POST /nowhere HTTP/1.1\r\n" HOST HOST JSON TWO "\r\n{}",
      400, "BadRequest", "Host", false },
    { "a malformed Content-Length is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Content-Length: 2x\r\n\r\n{}",
      400, NULL, NULL, false },
    { "a space before the colon of a Content-Length is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO "Content-Length : 3\r\n\r\n{}",
      400, NULL, NULL, false },
    { "a tab before the colon of a Transfer-Encoding is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO
      "Transfer-Encoding\t: chunked\r\n\r\n{}",
      400, NULL, NULL, false },
    { "a folded Content-Length is refused",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Content-Length:\r\n 2\r\n\r\n{}",
      0, NULL, NULL, false },
    { "a folded Content-Encoding is refused",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO
      "Content-Encoding:\r\n gzip\r\n\r\n{}",
      0, NULL, NULL, false },
    { "another path is 404",
      "POST /nowhere HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      404, "NotFound", "no such path\"", false },
    { "another path is 404, whatever the method",
      "GET / HTTP/1.1\r\n" HOST "\r\n",
      404, "NotFound", "no such path\"", true },
    { "an escaped path is another path",
      "POST /mut%61te HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      404, "NotFound", "no such path\"", false },
    { "an escaped NUL does not end the path",
      "POST /mutate%00/x HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      404, "NotFound", "no such path\"", false },
    { "another method is 405",
      "GET /mutate HTTP/1.1\r\n" HOST "\r\n",
      405, "MethodNotAllowed", "POST", true },
    { "PUT is 405 even with a body",
      "PUT /mutate HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      405, "MethodNotAllowed", "POST", false },
    { "a missing Content-Type is 415",
      "POST /mutate HTTP/1.1\r\n" HOST TWO "\r\n{}",
      415, "UnsupportedMediaType", "application/json", false },
    { "another Content-Type is 415",
      "POST /mutate HTTP/1.1\r\n" HOST
      "Content-Type: application/jsonp\r\n" TWO "\r\n{}",
      415, "UnsupportedMediaType", "application/json", false },
    { "two Content-Types are 415",
      "POST /mutate HTTP/1.1\r\n" HOST JSON JSON TWO "\r\n{}",
      415, "UnsupportedMediaType", "application/json", false },
    { "Content-Encoding is 415, identity too",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO
      "Content-Encoding: identity\r\n\r\n{}",
      415, "UnsupportedMediaType", "Content-Encoding", false },
    { "an unknown Expect is 417",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO "Expect: 200-ok\r\n\r\n{}",
      417, "BadRequest", "100-continue", false },
    { "a Content-Length over the limit is 413 before the body",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Content-Length: 65537\r\n\r\n",
      413, "RequestEntityTooLarge", "65536", false },
    { "a Content-Length beyond 63 bits is 413",
      "POST /mutate HTTP/1.1\r\n" HOST JSON
      "Content-Length: 18446744073709551614\r\n\r\n",
      413, "RequestEntityTooLarge", "65536", false },
    { "neither length nor chunks is 411",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "\r\n",
      411, "BadRequest", "Content-Length", true },
    { "an unknown Expect beside a known one is 417",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO
      "Expect: 200-ok\r\nExpect: 100-continue\r\n\r\n{}",
      417, "BadRequest", "100-continue", false },
    { "an unknown Expect comes before the length",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Expect: x\r\n\r\n",
      417, "BadRequest", "100-continue", true },
    { "an empty body is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON "Content-Length: 0\r\n\r\n",
      400, "BadRequest", "byte 0", true },
    { "a body that is not JSON is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO "\r\n{x",
      400, "BadRequest", "byte 1", true },
    { "JSON that is no review is 400",
      "POST /mutate HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      400, "BadRequest", "AdmissionReview", true },
    { "Content-Type may have parameters, in any case",
      "POST /mutate HTTP/1.1\r\n" HOST TWO
      "content-type: Application/JSON ; charset=utf-8\r\n\r\n{}",
      400, "BadRequest", "AdmissionReview", true },
    { "a query is ignored",
      "POST /mutate?timeout=10s&x=/ HTTP/1.1\r\n" HOST JSON TWO "\r\n{}",
      400, "BadRequest", "AdmissionReview", true },
    { "HTTP/1.0 needs no Host",
      "POST /mutate HTTP/1.0\r\n" JSON TWO "\r\n{}",
      400, "BadRequest", "AdmissionReview", false },
    { "chunks in HTTP/1.0 are 400",
      "POST /mutate HTTP/1.0\r\n" JSON
      "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      400, NULL, NULL, false },
    { "a head of 40 KB is 431",
      NULL,
      431, NULL, NULL, false },
};
/* clang-format on */

static struct server_process server;

static int setup(void **state)
{
    static const char *const options[] = { "--max-body", "64Ki", NULL };

    (void)state;
    server_start(&server, options);
    return 0;
}

static int teardown(void **state)
{
    int status;

    (void)state;
    server_signal(&server, 2);
    status = server_wait(&server);
    server_done(&server);
    return status;
}

/* "name":"value" in a Status that cJSON printed without spaces. */
static void assert_member(const struct reply *reply, const char *name,
                          const char *value)
{
    char *member = NULL;

    assert_true(asprintf(&member, "\"%s\":%s", name, value) > 0);
    if (!strstr(reply->body, member))
        fail_msg("no %s in %s", member, reply->body);
    free(member);
}

static void assert_status(const struct reply *reply, const struct row *row)
{
    char text[64];

    assert_true(reply_has(reply, "Content-Type: application/json"));
    assert_member(reply, "kind", "\"Status\"");
    assert_member(reply, "apiVersion", "\"v1\"");
    assert_member(reply, "metadata", "{}");
    assert_member(reply, "status", "\"Failure\"");
    (void)snprintf(text, sizeof(text), "\"%s\"", row->reason);
    assert_member(reply, "reason", text);
    (void)snprintf(text, sizeof(text), "%d}", row->status);
    assert_member(reply, "code", text);
    assert_non_null(strstr(reply->body, row->message));
}

static void send_long_head(struct client *client)
{
    char *text = malloc(40001);

    assert_non_null(text);
    memset(text, 'a', 40000);
    text[40000] = '\0';
    client_send(client, "POST /mutate HTTP/1.1\r\n" HOST "X: ");
    (void)client_try_send(client, text, 40000);
    (void)client_try_send(client, "\r\n\r\n", 4);
    free(text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 }, again = { 0 };

    client_open(&client, &server);
    if (row->request)
        client_send(&client, row->request);
    else
        send_long_head(&client);
    client_read(&client, &reply);
    /* libmicrohttpd 1.0 unfolds lines, older ones make other names of them. */
    if (!row->status) {
        assert_in_range(reply.status, 400, 499);
        return;
    }
    assert_int_equal(reply.status, row->status);
    /* What a newer libmicrohttpd refuses by itself has a body of its own. */
    if (!row->reason) {
        (void)client_wait_closed(&client);
        return;
    }
    assert_status(&reply, row);
    assert_int_equal(reply_has(&reply, "Allow: POST"), row->status == 405);
    assert_int_equal(reply_has(&reply, "Connection: close"), !row->survives);
    if (!row->survives) {
        assert_true(client_sees_close(&client));
        return;
    }
    client_post(&client, "", "{}", 2);
    client_read(&client, &again);
    assert_int_equal(again.status, 400);
}

/* More arguments than the library has memory for: it closes, and whatever was
 * kept of the request is given back (AddressSanitizer would tell). */
static void test_many_arguments(void **state)
{
    enum { COUNT = 7000 };
    auto_client struct client client = { 0 }, good = { 0 };
    auto_reply struct reply reply = { 0 };
    char *query = malloc(2 * COUNT);

    (void)state;
    assert_non_null(query);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(query + 2 * i, "a&", 2);
    client_open(&client, &server);
    client_send(&client, "POST /mutate?");
    (void)client_try_send(&client, query, 2 * COUNT);
    (void)client_try_send(&client, " HTTP/1.1\r\n\r\n", 13);
    free(query);
    (void)client_wait_closed(&client);
    client_open(&good, &server);
    client_post(&good, "", "{}", 2);
    client_read(&good, &reply);
    assert_int_equal(reply.status, 400);
}

static void test_refused_body(void **state)
{
    enum { SIZE = 8 * 1024 * 1024 };
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    char *body = calloc(1, SIZE);

    (void)state;
    assert_non_null(body);
    client_open(&client, &server);
    client_post(&client, "", body, SIZE);
    free(body);
    client_read(&client, &reply);
    assert_int_equal(reply.status, 413);
    assert_true(client_sees_close(&client));
}

static void test_head_method(void **state)
{
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    (void)state;
    client_open(&client, &server);
    client_send(&client,
                "HEAD /mutate HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    client_read_head(&client, &reply);
    assert_int_equal(reply.status, 405);
    assert_true(client_sees_close(&client));
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 3];
    size_t n = 0;

    for (; n < array_len(rows); n++)
        tests[n] = (struct CMUnitTest){ rows[n].name, test_row, NULL, NULL,
                                        (void *)(uintptr_t)&rows[n] };
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_many_arguments);
    tests[n - 1].name = "arguments beyond the memory for them leak nothing";
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refused_body);
    tests[n - 1].name = "a refusal reaches a client that goes on sending";
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_head_method);
    tests[n - 1].name = "HEAD is 405 without a body";
    return cmocka_run_group_tests_name("refusals", tests, setup, teardown);
}
