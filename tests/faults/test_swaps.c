/*
 * test_swaps.c - certificate and policy each swapped two hundred times under
 * load, in every way that files change: no request fails, no state is torn.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change.h"
#include "client.h"
#include "load.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

enum { SWAPS = 200, CLIENTS = 8, HANGUPS = 300 };

static struct server_process server;
static struct change_pair pairs[2];
static char *policies[2], *answers[2], *review;
static char directory[300], policy_path[320];
static size_t review_len, descriptors;

/* What the program itself answers with that policy. */
static char *answer_with(const char *path)
{
    const char *const words[] = { "mutate",   "--policy", path, "-o",
                                  "response", "-",        NULL };
    char *out = NULL;

    assert_int_equal(program_run(words, review, &out, NULL), 0);
    return out;
}

static int setup(void **state)
{
    char certificate[330], key[330];

    (void)state;
    review = review_read("ingressgateway", &review_len);
    server_prepare(&server);
    (void)snprintf(directory, sizeof(directory), "%s/mount",
                   server.scratch.path);
    (void)snprintf(policy_path, sizeof(policy_path), "%s/policy.yaml",
                   server.scratch.path);
    (void)snprintf(certificate, sizeof(certificate), "%s/tls.crt", directory);
    (void)snprintf(key, sizeof(key), "%s/tls.key", directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    for (int i = 0; i < 2; i++) {
        change_pair_init(&pairs[i]);
        policies[i] = change_policy_named(i ? "second" : "first");
        change_in_place(policy_path, policies[i]);
        answers[i] = answer_with(policy_path);
    }
    change_mount(directory, "..start", &pairs[0]);
    assert_int_equal(symlink("..data/tls.crt", certificate), 0);
    assert_int_equal(symlink("..data/tls.key", key), 0);
    server_start(&server,
                 (const char *const[]){ "--cert", certificate, "--key", key,
                                        "--policy", policy_path, NULL });
    descriptors = server_descriptors(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        change_pair_done(&pairs[i]);
        free(policies[i]);
        free(answers[i]);
    }
    free(review);
    return server_stop(&server);
}

static void wait_good(const struct load *load, unsigned long long count)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (load_good(load) < count) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

static struct load *begin_load(void)
{
    const struct load_settings settings = {
        .server = &server,
        .clients = CLIENTS,
        .body = review,
        .body_len = review_len,
        .answers = { answers[0], answers[1] },
        .per_connection = 50,
    };
    struct load *load = load_start(&settings);

    wait_good(load, CLIENTS);
    return load;
}

static void end_load(struct load *load)
{
    char *first = NULL, *log;
    unsigned long long bad = load_stop(load, &first);
    long long end_ms = clock_ms() + PATIENCE_MS;

    if (bad > 0)
        fail_msg("%llu requests went wrong, first: %s", bad, first);
    free(first);
    while (admin_metric(&server, "spillway_connections") > 0 ||
           server_descriptors(&server) > descriptors) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
    log = server_log(&server);
    if (strstr(log, " error ") || strstr(log, " warn "))
        fail_msg("it was not all well:\n%s", log);
    free(log);
}

static double reloaded(const char *what)
{
    char sample[100];

    (void)snprintf(sample, sizeof(sample),
                   "spillway_reload_total{what=\"%s\",result=\"ok\"}", what);
    return admin_metric(&server, sample);
}

/* What new connections see is one of the pairs, whole, and soon this one. */
static void wait_shown(int which)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    for (;;) {
        char *shown = client_shown_certificate(&server);
        bool is_new = strcmp(shown, pairs[which].certificate) == 0;

        assert_true(is_new || strcmp(shown, pairs[1 - which].certificate) == 0);
        free(shown);
        if (is_new)
            return;
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

static void wait_policy(int which)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    for (;;) {
        auto_reply struct reply reply = { 0 };

        admin_get(&server, "/policy", &reply);
        if (strstr(reply.body, which ? "second" : "first"))
            return;
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

static void test_pairs(void **state)
{
    struct load *load = begin_load();
    char before[32] = "..start";

    (void)state;
    for (int i = 1; i <= SWAPS; i++) {
        char name[32], old[340];

        (void)snprintf(name, sizeof(name), "..%d", i);
        change_mount(directory, name, &pairs[i % 2]);
        if (i % 4 == 0)
            server_signal(&server, SIGHUP);
        wait_shown(i % 2);
        (void)snprintf(old, sizeof(old), "%s/%s/tls.crt", directory, before);
        (void)unlink(old);
        (void)snprintf(old, sizeof(old), "%s/%s/tls.key", directory, before);
        (void)unlink(old);
        (void)snprintf(old, sizeof(old), "%s/%s", directory, before);
        (void)rmdir(old);
        (void)snprintf(before, sizeof(before), "%s", name);
    }
    end_load(load);
}

static void test_policies(void **state)
{
    struct load *load = begin_load();

    (void)state;
    for (int i = 0; i < SWAPS; i++) {
        /* Half a policy, seen in the middle, is waited for. */
        if (i % 2)
            change_by_rename(policy_path, policies[i % 2]);
        else
            change_in_place(policy_path, policies[i % 2]);
        if (i % 4 == 1)
            server_signal(&server, SIGHUP);
        wait_policy(i % 2);
    }
    end_load(load);
}

static void test_storm(void **state)
{
    struct load *load = begin_load();
    double before = reloaded("policy");
    unsigned long long good = load_good(load);
    long long end_ms = clock_ms() + PATIENCE_MS;

    (void)state;
    for (int i = 0; i < HANGUPS; i++) {
        server_signal(&server, SIGHUP);
        if (i % 10 == 0)
            pause_briefly();
    }
    while (reloaded("policy") < before + 1) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
    /* It goes on serving all the while. */
    wait_good(load, good + CLIENTS);
    end_load(load);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "two hundred pairs under load", test_pairs, NULL, NULL, NULL },
        { "two hundred policies under load", test_policies, NULL, NULL, NULL },
        { "a storm of SIGHUPs under load", test_storm, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("swaps", tests, setup, teardown);
}
