/*
 * test_reload.c - changed files are taken up while the server runs: a good one
 * however it is written, a bad one never.
 */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"
#include "client.h"
#include "server_process.h"
#include "spillway/macros.h"

/* --- files ------------------------------------------------------------- */

static char *in(const struct server_process *server, const char *name)
{
    return scratch_path(&server->scratch, name);
}

/* --- what is in force --------------------------------------------------- */

static bool admin_says(const struct server_process *server, const char *path,
                       const char *text)
{
    auto_reply struct reply reply = { 0 };

    admin_get(server, path, &reply);
    return strstr(reply.body, text);
}

static void wait_admin(const struct server_process *server, const char *path,
                       const char *text)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (!admin_says(server, path, text)) {
        if (clock_ms() > end_ms)
            fail_msg("%s never said '%s'", path, text);
        pause_briefly();
    }
}

static void wait_served(const struct server_process *server, const char *pem)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    for (;;) {
        char *now = client_shown_certificate(server);
        bool same = strcmp(now, pem) == 0;

        free(now);
        if (same)
            return;
        if (clock_ms() > end_ms)
            fail_msg("the new certificate was never served");
        pause_briefly();
    }
}

/* --- the pair ------------------------------------------------------------ */

/* Old connections are told, and not cut. */
static void assert_told_to_end(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    client_post_review(client, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(client_sees_close(client));
}

static void swap_pair(void **state,
                      void (*write)(const char *path, const char *text))
{
    struct server_process *server = *state;
    auto_change_pair struct change_pair next = { 0 };
    auto_client struct client old = { 0 };
    auto_reply struct reply before = { 0 };
    char *certificate = in(server, "tls.crt"), *key = in(server, "tls.key");

    change_pair_init(&next);
    client_open(&old, server);
    client_post_review(&old, &before);
    assert_false(reply_has(&before, "Connection: close"));
    write(certificate, next.certificate);
    write(key, next.key);
    wait_served(server, next.certificate);
    assert_told_to_end(&old);
    wait_admin(server, "/metrics",
               "spillway_connections_closed_total{cause=\"reload\"} 1\n");
    free(certificate);
    free(key);
}

static void test_pair_renamed(void **state)
{
    swap_pair(state, change_by_rename);
}

static void test_pair_in_place(void **state)
{
    swap_pair(state, change_in_place);
}

static void test_pair_half_written(void **state)
{
    struct server_process *server = *state;
    auto_change_pair struct change_pair next = { 0 };
    char *certificate = in(server, "tls.crt"), *key = in(server, "tls.key");
    char *old = change_content(certificate), *now;

    change_pair_init(&next);
    change_by_rename(certificate, next.certificate);
    server_wait_log(server, "cannot reload");
    server_wait_log(server, "does not fit the certificate");
    now = client_shown_certificate(server);
    assert_string_equal(now, old);
    assert_true(
        admin_says(server, "/readyz?verbose", "[-]certificate reload failed"));
    assert_true(admin_says(server, "/readyz", "ok"));
    assert_true(admin_says(
        server, "/metrics",
        "spillway_reload_total{what=\"serving\",result=\"failed\"} 1\n"));
    change_by_rename(key, next.key);
    wait_served(server, next.certificate);
    wait_admin(server, "/readyz?verbose", "[+]certificate ok");
    assert_false(admin_says(server, "/readyz?verbose", "failed"));
    free(certificate);
    free(key);
    free(old);
    free(now);
}

static void test_pair_mounted(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    auto_change_pair struct change_pair first = { 0 }, second = { 0 };
    char directory[300], certificate[320], key[320];

    *state = server;
    server_prepare(server);
    change_pair_init(&first);
    change_pair_init(&second);
    (void)snprintf(directory, sizeof(directory), "%s/mount",
                   server->scratch.path);
    (void)snprintf(certificate, sizeof(certificate), "%s/tls.crt", directory);
    (void)snprintf(key, sizeof(key), "%s/tls.key", directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    change_mount(directory, "..1", &first);
    assert_int_equal(symlink("..data/tls.crt", certificate), 0);
    assert_int_equal(symlink("..data/tls.key", key), 0);
    server_start(server, (const char *const[]){ "--cert", certificate, "--key",
                                                key, NULL });
    wait_served(server, first.certificate);
    change_mount(directory, "..2", &second);
    wait_served(server, second.certificate);
}

/* --- the policy ---------------------------------------------------------- */

static int setup_policy(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    char *text = change_policy_named("first"), *path;

    assert_non_null(server);
    server_prepare(server);
    path = scratch_write(&server->scratch, "policy.yaml", text, 0644);
    server_start(server, (const char *const[]){ "--policy", path, NULL });
    free(path);
    free(text);
    *state = server;
    return 0;
}

static void swap_policy(void **state,
                        void (*write)(const char *path, const char *text))
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply before = { 0 }, after = { 0 };
    char *path = in(server, "policy.yaml"),
         *text = change_policy_named("second");

    client_open(&client, server);
    client_post_review(&client, &before);
    assert_non_null(strstr(before.body, "\"policy\":\"first\""));
    write(path, text);
    wait_admin(server, "/policy", "second");
    /* The same connection: a policy ends none. */
    client_post_review(&client, &after);
    assert_non_null(strstr(after.body, "\"policy\":\"second\""));
    assert_false(reply_has(&after, "Connection: close"));
    assert_true(
        admin_says(server, "/metrics",
                   "spillway_reload_total{what=\"policy\",result=\"ok\"} 1\n"));
    free(path);
    free(text);
}

static void test_policy_renamed(void **state)
{
    swap_policy(state, change_by_rename);
}

static void test_policy_in_place(void **state)
{
    swap_policy(state, change_in_place);
}

static void test_policy_bad(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply after = { 0 };
    char *path = in(server, "policy.yaml"), *good = change_content(path);

    change_in_place(path, "apiVersion: spillway.dev/v1\nkind: Policy\n"
                          "policies:\n- nam: x\n");
    server_wait_log(server, "cannot reload, the old one stays in force "
                            "what=policy");
    assert_true(admin_says(server, "/policy", "first"));
    assert_true(
        admin_says(server, "/readyz?verbose", "[-]policy reload failed"));
    assert_true(admin_says(server, "/readyz?verbose", "policy.yaml:4"));
    assert_true(admin_says(server, "/readyz?verbose", "readyz check passed"));
    assert_true(admin_says(
        server, "/metrics",
        "spillway_reload_total{what=\"policy\",result=\"failed\"} 1\n"));
    client_open(&client, server);
    client_post_review(&client, &after);
    assert_non_null(strstr(after.body, "\"policy\":\"first\""));
    /* The old text again is no news, and ends the complaint. */
    change_in_place(path, good);
    server_wait_log(server, "reloaded, unchanged what=policy");
    assert_false(admin_says(server, "/readyz?verbose", "failed"));
    free(path);
    free(good);
}

static void test_policy_directory(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    char *first = change_policy_named("first"),
         *second = change_policy_named("second");
    char directory[300], path[320];

    *state = server;
    server_prepare(server);
    (void)snprintf(directory, sizeof(directory), "%s/policies",
                   server->scratch.path);
    (void)snprintf(path, sizeof(path), "%s/10.yaml", directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    change_in_place(path, first);
    server_start(server, (const char *const[]){ "--policy", directory, NULL });
    (void)snprintf(path, sizeof(path), "%s/20.yaml", directory);
    change_in_place(path, second);
    wait_admin(server, "/policy", "second");
    assert_true(admin_says(server, "/policy", "first"));
    assert_int_equal(unlink(path), 0);
    while (admin_says(server, "/policy", "second"))
        pause_briefly();
    free(first);
    free(second);
}

/* --- SIGHUP -------------------------------------------------------------- */

static void test_hangup(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply before = { 0 }, after = { 0 };
    char *key = in(server, "tls.key");

    client_open(&client, server);
    client_post_review(&client, &before);
    server_signal(server, SIGHUP);
    server_wait_log(server, "reloaded, unchanged what=policy");
    server_wait_log(server, "reloaded, unchanged what=certificate");
    client_post_review(&client, &after);
    assert_false(reply_has(&after, "Connection: close"));
    /* Who asks is told, at once and every time. */
    change_by_rename(key, "nothing");
    server_signal(server, SIGHUP);
    server_wait_log(server, "cannot reload");
    free(key);
}

/* What comes from a pipe is read once, and asking again does not wait for it.
 */
static void test_pipe(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    char *text = change_policy_named("first"), *path;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    pid_t writer;

    *state = server;
    server_prepare(server);
    path = scratch_path(&server->scratch, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    writer = fork();
    if (writer == 0) {
        /* Opened by both ends at once; the second reader would wait. */
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        _exit(write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1);
    }
    server_start(server, (const char *const[]){ "--policy", path, NULL });
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    server_signal(server, SIGHUP);
    server_wait_log(server, "reloaded, unchanged what=certificate");
    client_open(&client, server);
    client_post_review(&client, &reply);
    assert_non_null(strstr(reply.body, "\"policy\":\"first\""));
    free(text);
    free(path);
}

static int teardown(void **state)
{
    return *state ? server_teardown(state) : 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "a pair that is renamed into place is served", test_pair_renamed,
          server_setup, teardown, NULL },
        { "a pair that is rewritten in place is served", test_pair_in_place,
          server_setup, teardown, NULL },
        { "a half-written pair is never used", test_pair_half_written,
          server_setup, teardown, NULL },
        { "a pair behind ..data is served", test_pair_mounted, NULL, teardown,
          NULL },
        { "a policy that is renamed into place decides", test_policy_renamed,
          setup_policy, teardown, NULL },
        { "a policy that is rewritten in place decides", test_policy_in_place,
          setup_policy, teardown, NULL },
        { "a bad policy leaves the old one in force", test_policy_bad,
          setup_policy, teardown, NULL },
        { "files that come to and go from a directory count",
          test_policy_directory, NULL, teardown, NULL },
        { "SIGHUP reads everything again, and says so", test_hangup,
          server_setup, teardown, NULL },
        { "a pipe is read once", test_pipe, NULL, teardown, NULL },
    };

    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
