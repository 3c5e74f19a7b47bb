/* test_body.c - bodies hold what has come, and no more than there is room
 * for. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "spillway/body.h"
#include "spillway/macros.h"

enum { KI = 1024, MI = 1024 * 1024 };

static char piece[32 * KI];

static size_t held(struct inflight *inflight)
{
    return atomic_load(&inflight->held);
}

/* Add so many bytes in pieces; false as soon as one is refused. */
static bool fill(struct body *body, struct inflight *inflight, size_t bytes)
{
    while (bytes > 0) {
        size_t n = bytes < sizeof(piece) ? bytes : sizeof(piece);

        if (!body_add(body, inflight, piece, n))
            return false;
        bytes -= n;
    }
    return true;
}

static void test_promise(void **state)
{
    struct inflight inflight = { .limit = 8 * MI };
    struct body body = { 0 };

    (void)state;
    assert_true(body_begin(&body, &inflight, 8 * MI - 1, false));
    assert_true(held(&inflight) <= 64 * KI + 1);
    body_done(&body, &inflight);
    assert_int_equal(held(&inflight), 0);
}

static void test_both_sides(void **state)
{
    struct inflight inflight = { .limit = 100 * KI };
    struct body body = { 0 };

    (void)state;
    assert_false(body_begin(&body, &inflight, 100 * KI + 1, false));
    body_done(&body, &inflight);
    /* The NUL behind the bytes counts, too. */
    assert_true(body_begin(&body, &inflight, 100 * KI - 1, false));
    assert_true(fill(&body, &inflight, 100 * KI - 1));
    assert_int_equal(held(&inflight), 100 * KI);
    assert_int_equal(body.bytes.len, 100 * KI - 1);
    body_done(&body, &inflight);
    assert_int_equal(held(&inflight), 0);
}

static void test_no_more_than_comes(void **state)
{
    struct inflight inflight = { .limit = 64 * MI };
    struct body body = { 0 };

    (void)state;
    assert_true(body_begin(&body, &inflight, 5 * MI, false));
    assert_true(fill(&body, &inflight, 5 * MI));
    assert_int_equal(held(&inflight), 5 * MI + 1);
    body_done(&body, &inflight);
}

static void test_chunks(void **state)
{
    struct inflight inflight = { .limit = 300 * KI };
    struct body body = { 0 };

    (void)state;
    /* How long it will be is not known: it may begin. */
    assert_true(body_begin(&body, &inflight, 8 * MI, true));
    assert_true(fill(&body, &inflight, 200 * KI));
    assert_false(fill(&body, &inflight, 8 * MI - 200 * KI));
    /* What it held is free for others at once. */
    assert_int_equal(held(&inflight), 0);
    assert_int_equal(body.bytes.len, 0);
    body_done(&body, &inflight);
    assert_int_equal(held(&inflight), 0);
}

static void test_together(void **state)
{
    struct inflight inflight = { .limit = 100 * KI };
    struct body first = { 0 }, second = { 0 };

    (void)state;
    assert_true(body_begin(&first, &inflight, 60 * KI, false));
    assert_true(fill(&first, &inflight, 60 * KI));
    assert_false(body_begin(&second, &inflight, 60 * KI, false));
    body_done(&second, &inflight);
    body_done(&first, &inflight);
    assert_true(body_begin(&second, &inflight, 60 * KI, false));
    body_done(&second, &inflight);
}

static void test_empty(void **state)
{
    struct inflight inflight = { .limit = 1 };
    struct body body = { 0 };

    (void)state;
    assert_true(body_begin(&body, &inflight, 0, false));
    assert_int_equal(body.bytes.len, 0);
    body_done(&body, &inflight);
    assert_int_equal(held(&inflight), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "a promised length takes no memory", test_promise, NULL, NULL, NULL },
        { "the limit holds to the byte", test_both_sides, NULL, NULL, NULL },
        { "a body takes no more than its length", test_no_more_than_comes, NULL,
          NULL, NULL },
        { "a chunked body is refused when it has grown too far", test_chunks,
          NULL, NULL, NULL },
        { "all bodies share the limit", test_together, NULL, NULL, NULL },
        { "an empty body takes nothing", test_empty, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
