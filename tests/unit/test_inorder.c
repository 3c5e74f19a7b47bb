/* test_inorder.c - the contract in inorder.h. */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#include "spillway/inorder.h"

enum { PIECES = 200 };

struct log {
    atomic_uint done[PIECES];
    atomic_uint at_once, most;
    size_t reported[PIECES], n_reported, last;
    bool before_done;
    atomic_bool ended; /* report() said so */
};

/* Early pieces take longest, so that later ones overtake them. */
static void work(void *context, size_t i)
{
    struct log *log = context;
    unsigned now = atomic_fetch_add(&log->at_once, 1) + 1;

    if (now > atomic_load(&log->most))
        atomic_store(&log->most, now);
    if (i % 10 == 0)
        (void)usleep(2000);
    /* However slow the reports are, most pieces come after the end. */
    while (i > 2 * log->last && !atomic_load(&log->ended))
        (void)usleep(1000);
    if (atomic_load(&log->ended))
        (void)usleep(10000);
    atomic_fetch_add(&log->done[i], 1);
    atomic_fetch_sub(&log->at_once, 1);
}

static bool report(void *context, size_t i)
{
    struct log *log = context;

    log->before_done |= atomic_load(&log->done[i]) != 1;
    log->reported[log->n_reported++] = i;
    if (i == log->last)
        atomic_store(&log->ended, true);
    return i != log->last;
}

static void run(struct log *log, size_t count, unsigned jobs, size_t last)
{
    const struct inorder inorder = { work, report, log };
    struct error err = { 0 };

    memset(log, 0, sizeof(*log));
    log->last = last;
    assert_true(inorder_run(&inorder, count, jobs, &err));
}

static void test_all_in_order(void **state)
{
    static const unsigned jobs[] = { 1, 2, 8, 2 * PIECES };
    static struct log log;

    (void)state;
    for (size_t j = 0; j < array_len(jobs); j++) {
        run(&log, PIECES, jobs[j], PIECES);
        assert_int_equal(log.n_reported, PIECES);
        assert_false(log.before_done);
        for (size_t i = 0; i < PIECES; i++) {
            assert_int_equal(log.reported[i], i);
            assert_int_equal(atomic_load(&log.done[i]), 1);
        }
        assert_true(atomic_load(&log.most) <= jobs[j]);
    }
}

static void test_at_once(void **state)
{
    static struct log log;

    (void)state;
    run(&log, PIECES, 4, PIECES);
    assert_true(atomic_load(&log.most) > 1);
}

static void test_end(void **state)
{
    static struct log log;

    (void)state;
    run(&log, PIECES, 2, 10);
    assert_int_equal(log.n_reported, 11);
    assert_int_equal(atomic_load(&log.done[PIECES - 1]), 0);
}

static void test_nothing(void **state)
{
    static struct log log;

    (void)state;
    run(&log, 0, 4, 0);
    assert_int_equal(log.n_reported, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_in_order),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests_name("inorder", tests, NULL, NULL);
}
