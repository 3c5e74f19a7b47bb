/*
 * test_http.c - requests that a lax server takes, and that somebody else reads
 * in another way: each is refused, and nothing that was smuggled in is decided.
 */
#include "attack.h"

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "spillway/macros.h"

enum {
    REFUSED = 0, /* by us or by the library, with 4xx or 5xx, or by closing */
    ANY = -1,    /* one libmicrohttpd takes it, as RFC 9112 allows or out of our
                    sight, and another does not; nothing comes of it */
};

struct row {
    const char *name, *text;
    int status;  /* of the first answer */
    int decided; /* reviews that may be */
};

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define LENGTH "Content-Length: $L\r\n"
#define POST "POST /mutate HTTP/1.1\r\n" HOST JSON
#define GOOD POST LENGTH "\r\n$R"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define BODY "$X\r\n$R\r\n0\r\n\r\n"

/* clang-format off */
static const struct row rows[] = {
    /* As it should be. */
    { "a good request", GOOD, 200, 1 },
    { "a good chunked request", POST CHUNKED "\r\n" BODY, 200, 1 },
    { "chunks with extensions", POST CHUNKED "\r\n$X;a=b;c=\"d\"\r\n$R\r\n0\r\n\r\n", ANY, 1 },
    { "chunks with trailers", POST CHUNKED "\r\n$X\r\n$R\r\n0\r\nX-A: b\r\n\r\n", 200, 1 },
    { "two pipelined requests", GOOD GOOD, 200, 2 },
    { "a query", "POST /mutate?timeout=10s HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 200, 1 },
    { "HTTP/1.0", "POST /mutate HTTP/1.0\r\n" JSON LENGTH "\r\n$R", 200, 1 },
    { "parameters of the media type", "POST /mutate HTTP/1.1\r\n" HOST "Content-Type: application/json; charset=utf-8\r\n" LENGTH "\r\n$R", 200, 1 },

    /* Where does it end? */
    { "Transfer-Encoding before Content-Length", POST CHUNKED "Content-Length: 4\r\n\r\n" BODY, 400, 0 },
    { "Content-Length before Transfer-Encoding", POST "Content-Length: 4\r\n" CHUNKED "\r\n" BODY, 400, 0 },
    { "two lengths", POST LENGTH "Content-Length: 4\r\n\r\n$R", 400, 0 },
    { "two equal lengths", POST LENGTH LENGTH "\r\n$R", 400, 0 },
    { "a list of lengths", POST "Content-Length: $L, $L\r\n\r\n$R", REFUSED, 0 },
    { "a length with a plus", POST "Content-Length: +$L\r\n\r\n$R", REFUSED, 0 },
    { "a negative length", POST "Content-Length: -1\r\n\r\n$R", REFUSED, 0 },
    { "a hexadecimal length", POST "Content-Length: 0x$X\r\n\r\n$R", REFUSED, 0 },
    { "an empty length", POST "Content-Length: \r\n\r\n$R", REFUSED, 0 },
    { "a length with a fraction", POST "Content-Length: $L.0\r\n\r\n$R", REFUSED, 0 },
    { "a length beyond 64 bits", POST "Content-Length: 18446744073709551616\r\n\r\n$R", REFUSED, 0 },
    { "a length of 64 bits", POST "Content-Length: 18446744073709551615\r\n\r\n$R", REFUSED, 0 },
    { "a length with a space before the colon", POST "Content-Length : $L\r\n\r\n$R", REFUSED, 0 },
    { "a folded length", POST "Content-Length:\r\n $L\r\n\r\n$R", ANY, 1 },
    { "two encodings", POST CHUNKED CHUNKED "\r\n" BODY, 400, 0 },
    { "chunked and identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n" BODY, REFUSED, 0 },
    { "identity", POST "Transfer-Encoding: identity\r\n\r\n$R", REFUSED, 0 },
    { "gzip and chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n" BODY, REFUSED, 0 },
    { "an unknown encoding", POST "Transfer-Encoding: xchunked\r\n\r\n" BODY, REFUSED, 0 },
    { "a quoted encoding", POST "Transfer-Encoding: \"chunked\"\r\n\r\n" BODY, REFUSED, 0 },
    { "a folded encoding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n" BODY, ANY, 1 },
    { "an encoding with a space before the colon", POST "Transfer-Encoding : chunked\r\n\r\n" BODY, REFUSED, 0 },
    { "an encoding behind a control character", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n" BODY, REFUSED, 0 },
    { "an encoding with a NUL", POST "Transfer-Encoding: chunked$N\r\n\r\n" BODY, ANY, 1 },
    { "chunks in HTTP/1.0", "POST /mutate HTTP/1.0\r\n" JSON CHUNKED "\r\n" BODY, REFUSED, 0 },
    { "a chunk size that is no number", POST CHUNKED "\r\nzz\r\n$R\r\n0\r\n\r\n", REFUSED, 0 },
    { "a negative chunk size", POST CHUNKED "\r\n-5\r\n$R\r\n0\r\n\r\n", REFUSED, 0 },
    { "a chunk size beyond 64 bits", POST CHUNKED "\r\nffffffffffffffff1\r\n$R\r\n0\r\n\r\n", REFUSED, 0 },
    { "a chunk size of 64 bits", POST CHUNKED "\r\nffffffffffffffff\r\n$R\r\n0\r\n\r\n", REFUSED, 0 },
    { "a chunk size with 0x", POST CHUNKED "\r\n0x$X\r\n$R\r\n0\r\n\r\n", REFUSED, 0 },
    { "a chunk without its end", POST CHUNKED "\r\n5\r\n{}   0\r\n\r\n", REFUSED, 0 },
    { "a smuggled request behind both", POST CHUNKED "Content-Length: 5\r\n\r\n0\r\n\r\n" GOOD, 400, 0 },
    { "a smuggled request behind two lengths", POST "Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}" GOOD, 400, 0 },
    { "a request behind a refusal with a body", "PUT /mutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R" GOOD, 405, 0 },
    { "neither length nor chunks", POST "\r\n", 411, 0 },
    { "too long", POST "Content-Length: 1048577\r\n\r\n", 413, 0 },

    /* Whom is it for? */
    { "no Host", "POST /mutate HTTP/1.1\r\n" JSON LENGTH "\r\n$R", REFUSED, 0 },
    { "two Hosts", "POST /mutate HTTP/1.1\r\n" HOST HOST JSON LENGTH "\r\n$R", 400, 0 },
    { "two different Hosts", "POST /mutate HTTP/1.1\r\n" HOST "Host: other\r\n" JSON LENGTH "\r\n$R", 400, 0 },
    { "another path", "POST /other HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "a path below", "POST /mutate/ HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "a doubled slash", "POST //mutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "dot segments", "POST /x/../mutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "an escaped letter", "POST /%6Dutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "an escaped slash", "POST %2Fmutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", REFUSED, 0 },
    { "an escaped NUL", "POST /mutate%00 HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "a NUL in the path", "POST /mutate$N/x HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", ANY, 1 },
    { "another case", "POST /MUTATE HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", 404, 0 },
    { "an absolute target", "POST http://localhost/mutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", REFUSED, 0 },
    { "an authority as target", "CONNECT localhost:443 HTTP/1.1\r\n" HOST "\r\n", REFUSED, 0 },
    { "an asterisk as target", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", REFUSED, 0 },
    { "admin paths are elsewhere", "GET /metrics HTTP/1.1\r\n" HOST "\r\n", 404, 0 },

    /* What is it? */
    { "GET", "GET /mutate HTTP/1.1\r\n" HOST "\r\n", 405, 0 },
    { "HEAD", "HEAD /mutate HTTP/1.1\r\n" HOST "\r\n", 405, 0 },
    { "a method in lower case", "post /mutate HTTP/1.1\r\n" HOST JSON LENGTH "\r\n$R", REFUSED, 0 },
    { "TRACE", "TRACE /mutate HTTP/1.1\r\n" HOST "\r\n", 405, 0 },
    { "an unknown method", "FROBNICATE /mutate HTTP/1.1\r\n" HOST "\r\n", 405, 0 },
    { "no media type", "POST /mutate HTTP/1.1\r\n" HOST LENGTH "\r\n$R", 415, 0 },
    { "two media types", POST "Content-Type: text/plain\r\n" LENGTH "\r\n$R", 415, 0 },
    { "another media type", "POST /mutate HTTP/1.1\r\n" HOST "Content-Type: application/jsonx\r\n" LENGTH "\r\n$R", 415, 0 },
    { "a coded body", POST "Content-Encoding: gzip\r\n" LENGTH "\r\n$R", 415, 0 },
    { "a body coded as itself", POST "Content-Encoding: identity\r\n" LENGTH "\r\n$R", 415, 0 },
    { "an unknown expectation", POST "Expect: a miracle\r\n" LENGTH "\r\n$R", 417, 0 },

    /* Is it HTTP? */
    { "HTTP/9.9", "POST /mutate HTTP/9.9\r\n" HOST JSON LENGTH "\r\n$R", REFUSED, 0 },
    { "HTTP/0.9", "GET /mutate\r\n\r\n", REFUSED, 0 },
    { "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED, 0 },
    { "garbage", "\x01\x02\x03\xff\xfe\r\n\r\n", REFUSED, 0 },
    { "a NUL in a header", POST "X-A: b$Nc\r\n" LENGTH "\r\n$R", ANY, 1 },
    { "a header without a colon", POST "nonsense\r\n" LENGTH "\r\n$R", REFUSED, 0 },
    { "a header without a name", POST ": x\r\n" LENGTH "\r\n$R", REFUSED, 0 },
    { "a header line of 40,000 bytes", POST "X-A: $Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z\r\n" LENGTH "\r\n$R", REFUSED, 0 },
    { "a target of 40,000 bytes", "POST /$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z$Z HTTP/1.1\r\n" HOST "\r\n", REFUSED, 0 },

    /* Is it a review? */
    { "an empty body", POST "Content-Length: 0\r\n\r\n", 400, 0 },
    { "no JSON", POST "Content-Length: 3\r\n\r\nabc", 400, 0 },
    { "a byte order mark", POST "Content-Length: 5\r\n\r\n\xef\xbb\xbf{}", 400, 0 },
    { "trailing bytes", POST "Content-Length: 4\r\n\r\n{}{}", 400, 0 },
    { "a NUL behind the review", POST "Content-Length: 3\r\n\r\n{}$N", 400, 0 },
    { "bad UTF-8", POST "Content-Length: 5\r\n\r\n[\"\xc0\x80\"", 400, 0 },
    { "a lone surrogate", POST "Content-Length: 10\r\n\r\n[\"\\ud800\"]", 400, 0 },
    { "a number beyond a double", POST "Content-Length: 7\r\n\r\n[1e999]", 400, 0 },
    { "another kind", POST "Content-Length: 13\r\n\r\n{\"kind\":\"Pod\"", 400, 0 },
};
/* clang-format on */

/* Ours says what is wrong as kube-apiserver understands it. */
static void assert_status_body(const struct reply *reply)
{
    if (!reply_has(reply, "Content-Type: application/json"))
        fail_msg("no JSON:\n%s", reply->head);
    assert_non_null(strstr(reply->body, "\"kind\":\"Status\""));
    assert_non_null(strstr(reply->body, "\"status\":\"Failure\""));
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    bool is_head = strncmp(row->text, "HEAD", 4) == 0, answered = true;
    size_t len;
    char *text = attack_expand(row->text, &len);

    client_open(&client, &attacked);
    (void)client_try_send(&client, text, len);
    free(text);
    if (is_head)
        client_read_head(&client, &reply);
    else
        answered = client_try_read(&client, &reply);
    if (row->status == ANY) {
        /* What is decided, below, is what counts. */
    } else if (row->status == REFUSED) {
        if (answered && reply.status < 400)
            fail_msg("answered with %d", reply.status);
    } else {
        assert_true(answered);
        assert_int_equal(reply.status, row->status);
        if (row->status != 200 && !is_head)
            assert_status_body(&reply);
    }
    /* The second of two may still be on its way. */
    client_close(&client);
    while (admin_metric(&attacked, "spillway_connections") > 0)
        pause_briefly();
    assert_true(attack_decided() <= row->decided);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] = (struct CMUnitTest)ATTACK(rows[i].name, test_row, &rows[i]);
    return cmocka_run_group_tests_name("hostile HTTP", tests, attack_begin,
                                       attack_end);
}
