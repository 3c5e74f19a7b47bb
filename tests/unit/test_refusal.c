/* test_refusal.c - the ladder of refusals, and its order. */
#include "harness.h"

#include <string.h>

#include "spillway/macros.h"
#include "spillway/refusal.h"

#define HEAD(a_method, a_path, a_type)                                         \
    .method = (a_method), .path = (a_path), .version = "HTTP/1.1",             \
    .n_hosts = 1, .content_type = (a_type), .n_content_types = 1

/* A good head, from which most rows depart. */
#define GOOD HEAD("POST", "/mutate", "application/json")

struct row {
    const char *name;
    struct request_head head;
    unsigned code;
    size_t length;
};

#define LENGTH(text) .n_content_lengths = 1, .content_length = (text)
#define CHUNKS .n_transfer_encodings = 1, .transfer_encoding = "chunked"

static struct row rows[] = {
    { "a good head passes", { GOOD, LENGTH("10") }, 0, 10 },
    { "exactly the limit passes", { GOOD, LENGTH("100") }, 0, 100 },
    { "one more than the limit is 413", { GOOD, LENGTH("101") }, 413, 0 },
    { "leading zeros change nothing", { GOOD, LENGTH("00042") }, 0, 42 },
    { "a length beyond 64 bits is 413",
      { GOOD, LENGTH("99999999999999999999999") },
      413,
      0 },
    { "a negative length is 400", { GOOD, LENGTH("-1") }, 400, 0 },
    { "a signed length is 400", { GOOD, LENGTH("+1") }, 400, 0 },
    { "an empty length is 400", { GOOD, LENGTH("") }, 400, 0 },
    { "chunks pass", { GOOD, CHUNKS }, 0, 0 },
    { "neither length nor chunks is 411", { GOOD }, 411, 0 },
    { "any case of chunked passes",
      { GOOD, .n_transfer_encodings = 1, .transfer_encoding = "Chunked" },
      0,
      0 },
    { "a list of transfer encodings is 400",
      { GOOD, .n_transfer_encodings = 1, .transfer_encoding = "gzip, chunked" },
      400,
      0 },
    { "two transfer encodings are 400",
      { GOOD, .n_transfer_encodings = 2, .transfer_encoding = "chunked" },
      400,
      0 },
    { "chunks with a length are 400", { GOOD, CHUNKS, LENGTH("1") }, 400, 0 },
    { "two lengths are 400",
      { GOOD, .n_content_lengths = 2, .content_length = "1" },
      400,
      0 },
    { "HTTP/1.0 without Host passes",
      { .method = "POST",
        .path = "/mutate",
        .version = "HTTP/1.0",
        .content_type = "application/json",
        .n_content_types = 1,
        LENGTH("1") },
      0,
      1 },
    { "Content-Type with parameters passes",
      { HEAD("POST", "/mutate", "APPLICATION/JSON;charset=utf-8"),
        LENGTH("1") },
      0,
      1 },
    { "a longer Content-Type is 415",
      { HEAD("POST", "/mutate", "application/json-patch+json"), LENGTH("1") },
      415,
      0 },
    { "a shorter Content-Type is 415",
      { HEAD("POST", "/mutate", "application"), LENGTH("1") },
      415,
      0 },
    { "Expect: 100-continue passes",
      { GOOD, .expect = "100-continue", LENGTH("1") },
      0,
      1 },
    { "415 comes before 417",
      { HEAD("POST", "/mutate", "text/plain"), .expect = "x", LENGTH("1") },
      415,
      0 },
    { "417 comes before 413", { GOOD, .expect = "x", LENGTH("101") }, 417, 0 },
    { "404 comes before 405",
      { HEAD("GET", "/", "application/json") },
      404,
      0 },
    { "405 comes before 415",
      { HEAD("GET", "/mutate", "text/plain") },
      405,
      0 },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct refusal refusal = { 0 };
    size_t length = 0;
    bool refused = refusal_find_framing(&row->head, &refusal) ||
                   refusal_find(&row->head, "/mutate", 100, &length, &refusal);

    assert_int_equal(refused, row->code != 0);
    assert_int_equal(refusal.code, row->code);
    if (!refused) {
        assert_int_equal(length, row->length);
        return;
    }
    assert_true(strlen(refusal.message) > 0);
    assert_int_equal(refusal.allow != NULL, row->code == 405);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
