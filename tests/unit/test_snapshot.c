/* test_snapshot.c - what is in force lives as long as somebody works with it.
 */
#include "harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pki.h"
#include "spillway/credentials.h"
#include "spillway/keypair.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/snapshot.h"

static struct policy_set *new_policy(void)
{
    const struct policy_source source = { "built-in", policy_builtin() };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set = policy_set_parse(&source, 1, &mistakes, &err);

    assert_non_null(set);
    return set;
}

static struct credentials *new_credentials(void)
{
    static const struct pki_wish wish = { .name = "gw",
                                          .alt_names = "DNS:gw.test" };
    auto_pki struct pki pki = { 0 };
    struct error err = { 0 };
    struct credentials *credentials;
    struct keypair pair = { 0 };

    pki_init(&pki, &wish, NULL);
    pair.certificate = pki_certificate(&pki);
    pair.key = pki_key(&pki);
    pair.not_after = 1234;
    credentials = credentials_new(&pair, &err);
    assert_non_null(credentials);
    free(pair.certificate);
    free(pair.key);
    return credentials;
}

static int setup(void **state)
{
    struct snapshot parts = { .policy = new_policy(),
                              .serving = new_credentials() };
    struct snapshots *snapshots = snapshots_new();

    assert_non_null(snapshots);
    assert_null(snapshots_now(snapshots));
    assert_true(snapshots_publish(snapshots, &parts));
    snapshot_drop_parts(&parts);
    *state = snapshots;
    return 0;
}

static int teardown(void **state)
{
    snapshots_free(*state);
    return 0;
}

static void test_held(void **state)
{
    struct snapshots *snapshots = *state;
    auto_snapshot struct snapshot *held = snapshots_now(snapshots);
    auto_snapshot struct snapshot *next = NULL;
    struct snapshot parts = { .policy = new_policy(),
                              .serving = held->serving };

    assert_true(snapshots_publish(snapshots, &parts));
    policy_set_free(parts.policy);
    next = snapshots_now(snapshots);
    /* What did not change is shared, what did is not. */
    assert_ptr_equal(next->serving, held->serving);
    assert_ptr_not_equal(next->policy, held->policy);
    assert_int_equal(policy_set_count(held->policy), 1);
    assert_int_equal(credentials_not_after(held->serving), 1234);
}

static void test_shadow(void **state)
{
    struct policy_set *set = new_policy(), *again = policy_set_get(set);

    (void)state;
    assert_false(policy_set_at(set, 0)->shadow);
    policy_set_shadow(set);
    policy_set_free(set);
    assert_true(policy_set_at(again, 0)->shadow);
    policy_set_free(again);
}

static void test_bad_pair(void **state)
{
    char certificate[] = "nothing", key[] = "nothing";
    const struct keypair pair = { .certificate = certificate, .key = key };
    struct error err = { 0 };

    (void)state;
    assert_null(credentials_new(&pair, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
}

static void *work(void *argument)
{
    struct snapshots *snapshots = argument;

    for (int i = 0; i < 2000; i++) {
        auto_snapshot struct snapshot *now = snapshots_now(snapshots);

        if (policy_set_count(now->policy) != 1)
            return argument;
    }
    return NULL;
}

/* Threads work with what is in force while it changes under their hands. */
static void test_threads(void **state)
{
    struct snapshots *snapshots = *state;
    auto_snapshot struct snapshot *first = snapshots_now(snapshots);
    pthread_t threads[3];

    for (size_t i = 0; i < array_len(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, snapshots), 0);
    for (int i = 0; i < 100; i++) {
        struct snapshot parts = { .policy = new_policy(),
                                  .serving = first->serving };

        assert_true(snapshots_publish(snapshots, &parts));
        policy_set_free(parts.policy);
    }
    for (size_t i = 0; i < array_len(threads); i++) {
        void *result;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "what is held outlives what replaces it", test_held, setup, teardown,
          NULL },
        { "a set in shadow mode is so for all", test_shadow, NULL, NULL, NULL },
        { "a pair that GnuTLS cannot use is refused", test_bad_pair, NULL, NULL,
          NULL },
        { "threads never see a snapshot go", test_threads, setup, teardown,
          NULL },
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
