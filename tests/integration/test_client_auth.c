/*
 * test_client_auth.c - who may call, when that is asked for.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "client.h"
#include "pki.h"
#include "server_process.h"
#include "spillway/macros.h"

static struct server_process server;
static struct pki ca, next_ca, apiserver, stranger, impostor, next;

static void make_identities(void)
{
    static const struct pki_wish authority = { .name = "clients",
                                               .is_ca = true },
                                 good = { .name = "kube-apiserver",
                                          .usage = "clientAuth" },
                                 other = { .name = "somebody",
                                           .usage = "clientAuth" };

    pki_init(&ca, &authority, NULL);
    pki_init(&next_ca, &authority, NULL);
    pki_init(&apiserver, &good, &ca);
    pki_init(&stranger, &other, &ca);
    pki_init(&impostor, &good, NULL);
    pki_init(&next, &good, &next_ca);
}

static int setup(void **state)
{
    char *pem, *path;

    (void)state;
    make_identities();
    server_prepare(&server);
    pem = pki_certificate(&ca);
    path = scratch_write(&server.scratch, "clients.crt", pem, 0644);
    server_start(&server, (const char *const[]){
                              "--client-ca", path, "--client-name", "nobody",
                              "--client-name", "kube-apiserver", NULL });
    free(pem);
    free(path);
    return 0;
}

static int teardown(void **state)
{
    struct pki *const all[] = { &ca,       &next_ca,  &apiserver,
                                &stranger, &impostor, &next };

    (void)state;
    for (size_t i = 0; i < array_len(all); i++)
        pki_done(all[i]);
    return server_stop(&server);
}

static void assert_forbidden(struct client *client, const char *why)
{
    auto_reply struct reply reply = { 0 };

    client_post_review(client, &reply);
    assert_int_equal(reply.status, 403);
    assert_true(reply_has(&reply, "Content-Type: application/json"));
    assert_true(reply_has(&reply, "Connection: close"));
    assert_non_null(strstr(reply.body, "\"kind\":\"Status\""));
    assert_non_null(strstr(reply.body, "\"reason\":\"Forbidden\""));
    assert_non_null(strstr(reply.body, "\"code\":403"));
    if (!strstr(reply.body, why))
        fail_msg("'%s' does not say '%s'", reply.body, why);
    assert_true(client_sees_close(client));
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_len(versions); i++) {
        auto_client struct client client = { 0 };
        auto_reply struct reply first = { 0 }, second = { 0 };

        client_open_as(&client, &server, &apiserver, versions[i]);
        client_post_review(&client, &first);
        assert_int_equal(first.status, 200);
        client_post_review(&client, &second);
        assert_int_equal(second.status, 200);
    }
}

static void test_none(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    client_open(&client, &server);
    assert_forbidden(&client, "a client certificate is required");
}

static void test_bad(void **state)
{
    const struct {
        const struct pki *identity;
        const char *why;
    } bad[] = {
        { &stranger, "none of its names may call" },
        { &impostor, "CN=kube-apiserver" },
        { &next, "CN=kube-apiserver" },
    };

    (void)state;
    for (size_t i = 0; i < array_len(bad); i++) {
        for (size_t j = 0; j < array_len(versions); j++) {
            auto_client struct client client = { 0 };

            client_open_as(&client, &server, bad[i].identity, versions[j]);
            assert_forbidden(&client, bad[i].why);
        }
    }
}

/* Framing comes before, and the path is told only to those who may call. */
static void test_order(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        { "POST /mutate HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400 },
        { "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 403 },
        { "GET /mutate HTTP/1.1\r\nHost: localhost\r\n\r\n", 403 },
    };

    (void)state;
    for (size_t i = 0; i < array_len(rows); i++) {
        auto_client struct client client = { 0 };
        auto_reply struct reply reply = { 0 };

        client_open(&client, &server);
        client_send(&client, rows[i].request);
        client_read(&client, &reply);
        assert_int_equal(reply.status, rows[i].status);
    }
}

/* Nothing of a stranger's request is decided. */
static void test_nothing_decided(void **state)
{
    static const char decided[] = "spillway_admission_duration_seconds_count";
    auto_client struct client client = { 0 };
    double before = admin_metric(&server, decided);

    (void)state;
    client_open_as(&client, &server, &stranger, TLS1_3_VERSION);
    assert_forbidden(&client, "none of its names");
    assert_true(admin_metric(&server, decided) == before);
}

/* The last test: from here on another CA is in force.  What it does not know
 * is refused on connections that are open, too. */
static void test_reload(void **state)
{
    auto_client struct client old = { 0 }, fresh = { 0 };
    auto_reply struct reply before = { 0 }, after = { 0 };
    char *pem = pki_certificate(&next_ca);

    (void)state;
    client_open_as(&old, &server, &apiserver, TLS1_3_VERSION);
    client_post_review(&old, &before);
    assert_int_equal(before.status, 200);
    free(scratch_write(&server.scratch, "clients.crt", pem, 0644));
    free(pem);
    server_wait_log(&server, "reloaded what=client-ca");
    client_open_as(&fresh, &server, &next, TLS1_3_VERSION);
    client_post_review(&fresh, &after);
    assert_int_equal(after.status, 200);
    assert_forbidden(&old, "CN=kube-apiserver");
    assert_true(admin_metric(&server,
                             "spillway_certificate_not_after_seconds{role="
                             "\"client-ca\"}") > 0);
}

static void test_options(void **state)
{
    static const char *const words[] = { "serve",
                                         "--cert",
                                         "x",
                                         "--key",
                                         "x",
                                         "--client-"
                                         "name",
                                         "x",
                                         NULL };
    char *err = NULL;

    (void)state;
    assert_int_equal(program_run(words, NULL, NULL, &err), 2);
    assert_non_null(strstr(err, "--client-name needs --client-ca"));
    free(err);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "a certificate with the right name may call", test_good, NULL, NULL,
          NULL },
        { "no certificate is 403", test_none, NULL, NULL, NULL },
        { "a certificate that is not good enough is 403", test_bad, NULL, NULL,
          NULL },
        { "framing comes before the caller, and the caller before the path",
          test_order, NULL, NULL, NULL },
        { "a stranger's review is not decided", test_nothing_decided, NULL,
          NULL, NULL },
        { "a name without a CA is a mistake", test_options, NULL, NULL, NULL },
        { "another CA is in force for all, open connections included",
          test_reload, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("client auth", tests, setup, teardown);
}
