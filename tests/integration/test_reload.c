/*
 * test_reload.c - changed files are taken up while the server runs: a good one
 * however it is written, a bad one never.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

/* --- files ------------------------------------------------------------- */

static char *in(const struct server_process *server, const char *name)
{
    return scratch_path(&server->scratch, name);
}

static char *content(const char *path)
{
    char text[65536];
    FILE *file = fopen(path, "re");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return strndup(text, len);
}

static void write_in_place(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void replace(const char *path, const char *text)
{
    char draft[512];

    (void)snprintf(draft, sizeof(draft), "%s.new", path);
    write_in_place(draft, text);
    assert_int_equal(chmod(draft, 0600), 0);
    assert_int_equal(rename(draft, path), 0);
}

/* A policy that is the built-in one under another name. */
static char *policy_named(const char *name)
{
    static const char *const words[] = { "manifest", "policy", "--bare", NULL };
    char *text = NULL, *at, *out = NULL;

    assert_int_equal(program_run(words, NULL, &text, NULL), 0);
    at = strstr(text, "asm-gateway");
    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, name,
                         at + strlen("asm-gateway")) > 0);
    free(text);
    return out;
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

static void post_review(struct client *client, struct reply *reply)
{
    size_t len;
    char *review = review_read("ingressgateway", &len);

    client_post(client, "", review, len);
    client_read(client, reply);
    free(review);
}

/* --- the pair ------------------------------------------------------------ */

/* A second pair, signed by the same authority's namesake in a directory of its
 * own. */
struct next {
    struct scratch scratch;
    char *certificate, *key;
};

static void next_init(struct next *next)
{
    const char *const words[] = { "certs",  "issue",     "--dir", NULL,
                                  "--name", "localhost", NULL };
    const char *full[array_len(words)];
    char *path;

    scratch_init(&next->scratch);
    memcpy(full, words, sizeof(words));
    full[3] = next->scratch.path;
    assert_int_equal(program_run(full, NULL, NULL, NULL), 0);
    path = scratch_path(&next->scratch, "tls.crt");
    next->certificate = content(path);
    free(path);
    path = scratch_path(&next->scratch, "tls.key");
    next->key = content(path);
    free(path);
}

static void next_done(struct next *next)
{
    free(next->certificate);
    free(next->key);
    scratch_done(&next->scratch);
}

#define auto_next __attribute__((cleanup(next_done)))

/* Old connections are told, and not cut. */
static void assert_told_to_end(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    post_review(client, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(reply_has(&reply, "Connection: close"));
    assert_true(client_sees_close(client));
}

static void change_pair(void **state,
                        void (*write)(const char *path, const char *text))
{
    struct server_process *server = *state;
    auto_next struct next next = { 0 };
    auto_client struct client old = { 0 };
    auto_reply struct reply before = { 0 };
    char *certificate = in(server, "tls.crt"), *key = in(server, "tls.key");

    next_init(&next);
    client_open(&old, server);
    post_review(&old, &before);
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
    change_pair(state, replace);
}

static void test_pair_in_place(void **state)
{
    change_pair(state, write_in_place);
}

static void test_pair_half_written(void **state)
{
    struct server_process *server = *state;
    auto_next struct next next = { 0 };
    char *certificate = in(server, "tls.crt"), *key = in(server, "tls.key");
    char *old = content(certificate), *now;

    next_init(&next);
    replace(certificate, next.certificate);
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
    replace(key, next.key);
    wait_served(server, next.certificate);
    wait_admin(server, "/readyz?verbose", "[+]certificate ok");
    assert_false(admin_says(server, "/readyz?verbose", "failed"));
    free(certificate);
    free(key);
    free(old);
    free(now);
}

/* As a Secret is mounted: tls.crt -> ..data/tls.crt, ..data -> ..1. */
static void mount(const char *directory, const char *generation,
                  const char *certificate, const char *key)
{
    char path[512], draft[512], data[512];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, generation);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/%s/tls.crt", directory, generation);
    write_in_place(path, certificate);
    (void)snprintf(path, sizeof(path), "%s/%s/tls.key", directory, generation);
    write_in_place(path, key);
    assert_int_equal(chmod(path, 0600), 0);
    (void)snprintf(draft, sizeof(draft), "%s/..data_tmp", directory);
    (void)snprintf(data, sizeof(data), "%s/..data", directory);
    assert_int_equal(symlink(generation, draft), 0);
    assert_int_equal(rename(draft, data), 0);
}

static void test_pair_mounted(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    auto_next struct next first = { 0 }, second = { 0 };
    char directory[300], certificate[320], key[320];

    *state = server;
    server_prepare(server);
    next_init(&first);
    next_init(&second);
    (void)snprintf(directory, sizeof(directory), "%s/mount",
                   server->scratch.path);
    (void)snprintf(certificate, sizeof(certificate), "%s/tls.crt", directory);
    (void)snprintf(key, sizeof(key), "%s/tls.key", directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    mount(directory, "..1", first.certificate, first.key);
    assert_int_equal(symlink("..data/tls.crt", certificate), 0);
    assert_int_equal(symlink("..data/tls.key", key), 0);
    server_start(server, (const char *const[]){ "--cert", certificate, "--key",
                                                key, NULL });
    wait_served(server, first.certificate);
    mount(directory, "..2", second.certificate, second.key);
    wait_served(server, second.certificate);
}

/* --- the policy ---------------------------------------------------------- */

static int setup_policy(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    char *text = policy_named("first"), *path;

    assert_non_null(server);
    server_prepare(server);
    path = scratch_write(&server->scratch, "policy.yaml", text, 0644);
    server_start(server, (const char *const[]){ "--policy", path, NULL });
    free(path);
    free(text);
    *state = server;
    return 0;
}

static void change_policy(void **state,
                          void (*write)(const char *path, const char *text))
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply before = { 0 }, after = { 0 };
    char *path = in(server, "policy.yaml"), *text = policy_named("second");

    client_open(&client, server);
    post_review(&client, &before);
    assert_non_null(strstr(before.body, "\"policy\":\"first\""));
    write(path, text);
    wait_admin(server, "/policy", "second");
    /* The same connection: a policy ends none. */
    post_review(&client, &after);
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
    change_policy(state, replace);
}

static void test_policy_in_place(void **state)
{
    change_policy(state, write_in_place);
}

static void test_policy_bad(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply after = { 0 };
    char *path = in(server, "policy.yaml"), *good = content(path);

    write_in_place(path, "apiVersion: spillway.dev/v1\nkind: Policy\n"
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
    post_review(&client, &after);
    assert_non_null(strstr(after.body, "\"policy\":\"first\""));
    /* The old text again is no news, and ends the complaint. */
    write_in_place(path, good);
    server_wait_log(server, "reloaded, unchanged what=policy");
    assert_false(admin_says(server, "/readyz?verbose", "failed"));
    free(path);
    free(good);
}

static void test_policy_directory(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    char *first = policy_named("first"), *second = policy_named("second");
    char directory[300], path[320];

    *state = server;
    server_prepare(server);
    (void)snprintf(directory, sizeof(directory), "%s/policies",
                   server->scratch.path);
    (void)snprintf(path, sizeof(path), "%s/10.yaml", directory);
    assert_int_equal(mkdir(directory, 0755), 0);
    write_in_place(path, first);
    server_start(server, (const char *const[]){ "--policy", directory, NULL });
    (void)snprintf(path, sizeof(path), "%s/20.yaml", directory);
    write_in_place(path, second);
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
    post_review(&client, &before);
    server_signal(server, SIGHUP);
    server_wait_log(server, "reloaded, unchanged what=policy");
    server_wait_log(server, "reloaded, unchanged what=certificate");
    post_review(&client, &after);
    assert_false(reply_has(&after, "Connection: close"));
    /* Who asks is told, at once and every time. */
    replace(key, "nothing");
    server_signal(server, SIGHUP);
    server_wait_log(server, "cannot reload");
    free(key);
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
    };

    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
