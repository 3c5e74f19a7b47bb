/*
 * test_tls.c - handshakes that should fail, or that should not cost much.
 */
#include "attack.h"

#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "client.h"
#include "spillway/macros.h"

/* --- what is offered --------------------------------------------------------
 */

struct offer {
    const char *name;
    int min, max;        /* versions */
    const char *ciphers; /* of TLS 1.2 and below; NULL: the default */
    const char *suites;  /* of TLS 1.3 */
    const char *groups;
    bool accepted;
};

/* clang-format off */
static const struct offer offers[] = {
    { "TLS 1.3", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, NULL, true },
    { "TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, NULL, NULL, true },
    { "TLS 1.1", TLS1_1_VERSION, TLS1_1_VERSION, NULL, NULL, NULL, false },
    { "TLS 1.0", TLS1_VERSION, TLS1_VERSION, NULL, NULL, NULL, false },
    { "TLS 1.3 with AES-128-GCM", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_128_GCM_SHA256", NULL, true },
    { "TLS 1.3 with AES-256-GCM", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_256_GCM_SHA384", NULL, true },
    { "TLS 1.3 with ChaCha20-Poly1305", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_CHACHA20_POLY1305_SHA256", NULL, true },
    { "TLS 1.3 with CCM", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_128_CCM_SHA256", NULL, false },
    { "TLS 1.3 with short CCM", TLS1_3_VERSION, TLS1_3_VERSION, NULL, "TLS_AES_128_CCM_8_SHA256", NULL, false },
    { "TLS 1.2 with ECDHE and AES-128-GCM", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", NULL, NULL, true },
    { "TLS 1.2 with ECDHE and AES-256-GCM", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", NULL, NULL, true },
    { "TLS 1.2 with ECDHE and ChaCha20-Poly1305", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", NULL, NULL, true },
    { "TLS 1.2 with ECDHE and CBC", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA", NULL, NULL, false },
    { "TLS 1.2 with ECDHE and CCM", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8", NULL, NULL, false },
    { "TLS 1.2 with static RSA", TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA", NULL, NULL, false },
    { "TLS 1.2 with finite-field DHE", TLS1_2_VERSION, TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384", NULL, NULL, false },
    { "TLS 1.2 without authentication", TLS1_2_VERSION, TLS1_2_VERSION, "aNULL", NULL, NULL, false },
    { "TLS 1.2 without encryption", TLS1_2_VERSION, TLS1_2_VERSION, "eNULL", NULL, NULL, false },
    { "TLS 1.2 with pre-shared keys", TLS1_2_VERSION, TLS1_2_VERSION, "PSK", NULL, NULL, false },
    { "X25519", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "X25519", true },
    { "P-256", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-256", true },
    { "P-384", TLS1_3_VERSION, TLS1_3_VERSION, NULL, NULL, "P-384", true },
};
/* clang-format on */

static SSL *new_tls(SSL_CTX **context, int fd, const struct offer *offer)
{
    SSL *tls;

    *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(*context);
    /* Else OpenSSL would not even offer it. */
    SSL_CTX_set_security_level(*context, 0);
    (void)SSL_CTX_set_options(*context, SSL_OP_LEGACY_SERVER_CONNECT);
    assert_int_equal(SSL_CTX_set_min_proto_version(*context, offer->min), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(*context, offer->max), 1);
    if (offer->ciphers)
        assert_int_equal(SSL_CTX_set_cipher_list(*context, offer->ciphers), 1);
    if (offer->suites)
        assert_int_equal(SSL_CTX_set_ciphersuites(*context, offer->suites), 1);
    if (offer->groups)
        assert_int_equal(SSL_CTX_set1_groups_list(*context, offer->groups), 1);
    tls = SSL_new(*context);
    assert_non_null(tls);
    assert_int_equal(SSL_set_fd(tls, fd), 1);
    return tls;
}

static void test_offer(void **state)
{
    const struct offer *offer = *state;
    auto_client struct client client = { 0 };
    bool accepted;

    client_open_plain(&client, attacked.port);
    client.tls = new_tls(&client.context, client.fd, offer);
    accepted = SSL_connect(client.tls) == 1;
    ERR_clear_error();
    assert_int_equal(accepted, offer->accepted);
}

static const struct offer any = { "",   TLS1_2_VERSION, TLS1_3_VERSION,
                                  NULL, NULL,           NULL,
                                  true };
static const struct offer old = { "",   TLS1_2_VERSION, TLS1_2_VERSION,
                                  NULL, NULL,           NULL,
                                  true };

static void open_tls(struct client *client, const struct offer *offer)
{
    client_open_plain(client, attacked.port);
    client->tls = new_tls(&client->context, client->fd, offer);
    assert_int_equal(SSL_connect(client->tls), 1);
}

static void assert_usable(struct client *client)
{
    auto_reply struct reply reply = { 0 };

    client_post(client, "", "{}", 2);
    client_read(client, &reply);
    assert_int_equal(reply.status, 400);
}

/* --- names, tickets, renegotiation -------------------------------------------
 */

static void test_no_name(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    open_tls(&client, &any);
    assert_usable(&client);
}

static void test_wrong_name(void **state)
{
    auto_client struct client client = { 0 };
    char name[] = "elsewhere.example";

    (void)state;
    client_open_plain(&client, attacked.port);
    client.tls = new_tls(&client.context, client.fd, &any);
    assert_int_equal(SSL_set_tlsext_host_name(client.tls, name), 1);
    assert_int_equal(SSL_connect(client.tls), 1);
    assert_usable(&client);
}

/* Nothing of a session is kept: each connection is a handshake of its own, so
 * that a client certificate is verified on each. */
static void test_no_resumption(void **state)
{
    static const struct offer *const both[] = { &any, &old };

    (void)state;
    for (size_t i = 0; i < array_len(both); i++) {
        auto_client struct client first = { 0 }, second = { 0 };
        SSL_SESSION *session;

        open_tls(&first, both[i]);
        assert_usable(&first);
        session = SSL_get1_session(first.tls);
        client_open_plain(&second, attacked.port);
        second.tls = new_tls(&second.context, second.fd, both[i]);
        (void)SSL_set_session(second.tls, session);
        assert_int_equal(SSL_connect(second.tls), 1);
        assert_int_equal(SSL_session_reused(second.tls), 0);
        SSL_SESSION_free(session);
    }
}

static void test_renegotiation(void **state)
{
    auto_client struct client client = { 0 };
    int rounds = 0;

    (void)state;
    open_tls(&client, &old);
    assert_usable(&client);
    /* Refused, ignored, or the connection is closed: never done over and
     * over. */
    while (rounds < 100 && SSL_renegotiate(client.tls) == 1 &&
           SSL_do_handshake(client.tls) == 1 &&
           client_try_send(&client, "x", 1))
        rounds++;
    ERR_clear_error();
    assert_true(rounds < 100);
}

static void test_key_updates(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    open_tls(&client, &(struct offer){ "", TLS1_3_VERSION, TLS1_3_VERSION, NULL,
                                       NULL, NULL, true });
    for (int i = 0; i < 500; i++) {
        if (SSL_key_update(client.tls, SSL_KEY_UPDATE_REQUESTED) != 1 ||
            !client_try_send(&client, "x", 1))
            break;
    }
    ERR_clear_error();
}

static void test_compression(void **state)
{
    auto_client struct client client = { 0 };

    (void)state;
    open_tls(&client, &old);
    assert_null(SSL_get_current_compression(client.tls));
    assert_null(SSL_get_current_expansion(client.tls));
}

/* --- what is no handshake
 * ----------------------------------------------------- */

struct raw {
    const char *name, *bytes;
    size_t len;
    int times; /* that they are sent */
    bool by_byte;
};

#define RAW(text) text, sizeof(text) - 1

/* clang-format off */
static const struct raw raws[] = {
    { "plain HTTP", RAW("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 1, false },
    { "SSL 2", RAW("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"), 1, false },
    { "SSL 3", RAW("\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00"), 1, false },
    { "garbage", RAW("\xff\xfe\xfd\xfc\xfb\xfa"), 1000, false },
    { "zeros", RAW("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1000, false },
    { "a ClientHello of nothing", RAW("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), 1, false },
    { "a record longer than records may be", RAW("\x16\x03\x01\xff\xff\x01\x00"), 1, false },
    { "a ClientHello of 16 MB", RAW("\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03"), 1, false },
    { "a ClientHello cut into bytes", RAW("\x16\x03\x01\x00\x01\x01"), 300, true },
    { "empty records", RAW("\x16\x03\x01\x00\x00"), 5000, false },
    { "alerts", RAW("\x15\x03\x01\x00\x02\x01\x00"), 5000, false },
    { "fatal alerts", RAW("\x15\x03\x01\x00\x02\x02\x28"), 10, false },
    { "heartbeats", RAW("\x18\x03\x02\x00\x03\x01\x40\x00"), 100, false },
    { "application data", RAW("\x17\x03\x03\x00\x05" "hello"), 100, false },
    { "ChangeCipherSpec first", RAW("\x14\x03\x03\x00\x01\x01"), 1000, false },
};
/* clang-format on */

static void test_raw(void **state)
{
    const struct raw *raw = *state;
    auto_client struct client client = { 0 };
    bool open = true;

    client_open_plain(&client, attacked.port);
    for (int i = 0; open && i < raw->times; i++) {
        for (size_t j = 0; open && raw->by_byte && j < raw->len; j++)
            open = client_try_send(&client, raw->bytes + j, 1);
        if (!raw->by_byte)
            open = client_try_send(&client, raw->bytes, raw->len);
    }
    /* It ends, by itself or by the handshake's deadline. */
    (void)client_wait_closed(&client);
}

/* Inside a good session. */
static void test_raw_inside(void **state)
{
    const struct raw *raw = *state;
    auto_client struct client client = { 0 };
    bool open = true;

    open_tls(&client, &any);
    for (int i = 0; open && i < raw->times; i++)
        open = write(client.fd, raw->bytes, raw->len) == (ssize_t)raw->len;
    SSL_free(client.tls);
    client.tls = NULL;
    (void)client_wait_closed(&client);
}

/* A ClientHello that OpenSSL makes as large as it can. */
static void test_huge_hello(void **state)
{
    auto_client struct client client = { 0 };
    static unsigned char protocols[60000];

    (void)state;
    for (size_t i = 0; i + 256 <= sizeof(protocols); i += 256) {
        protocols[i] = 255;
        memset(protocols + i + 1, 'x', 255);
    }
    client_open_plain(&client, attacked.port);
    client.tls = new_tls(&client.context, client.fd, &any);
    (void)SSL_set_alpn_protos(client.tls, protocols, 59904);
    (void)SSL_connect(client.tls);
    ERR_clear_error();
}

/* --- many of them
 * --------------------------------------------------------------- */

static void test_flood_of_handshakes(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        auto_client struct client client = { 0 };

        client_open_plain(&client, attacked.port);
        client.tls = new_tls(&client.context, client.fd, &any);
        assert_int_equal(SSL_connect(client.tls), 1);
        attack_reset_on_close(client.fd);
    }
}

/* The ClientHello, and then nothing: the server has done its work. */
static void test_half_handshakes(void **state)
{
    static struct client clients[300];

    (void)state;
    for (size_t i = 0; i < array_len(clients); i++) {
        client_open_plain(&clients[i], attacked.port);
        clients[i].tls = new_tls(&clients[i].context, clients[i].fd, &any);
        SSL_set_connect_state(clients[i].tls);
        /* One step: what is sent is the ClientHello. */
        (void)SSL_set_fd(clients[i].tls, clients[i].fd);
        (void)SSL_CTX_set_mode(clients[i].context, SSL_MODE_ASYNC);
        SSL_set_bio(clients[i].tls, BIO_new(BIO_s_mem()),
                    BIO_new_socket(clients[i].fd, BIO_NOCLOSE));
        assert_true(SSL_do_handshake(clients[i].tls) < 0);
    }
    for (size_t i = 0; i < array_len(clients); i++)
        client_close(&clients[i]);
    ERR_clear_error();
}

static void test_reset_after_handshake(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        auto_client struct client client = { 0 };

        open_tls(&client, &any);
        attack_reset_on_close(client.fd);
    }
}

static void test_close_without_notify(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        auto_client struct client client = { 0 };

        open_tls(&client, &any);
        (void)shutdown(client.fd, SHUT_WR);
        (void)client_wait_closed(&client);
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        ATTACK("no name is no harm", test_no_name, NULL),
        ATTACK("another name is no harm", test_wrong_name, NULL),
        ATTACK("sessions are not resumed", test_no_resumption, NULL),
        ATTACK("a client cannot renegotiate", test_renegotiation, NULL),
        ATTACK("a flood of key updates", test_key_updates, NULL),
        ATTACK("nothing is compressed", test_compression, NULL),
        ATTACK("a huge ClientHello", test_huge_hello, NULL),
        ATTACK("a flood of handshakes", test_flood_of_handshakes, NULL),
        ATTACK("half handshakes", test_half_handshakes, NULL),
        ATTACK("resets after the handshake", test_reset_after_handshake, NULL),
        ATTACK("closed without close_notify", test_close_without_notify, NULL),
    };
    struct CMUnitTest
        tests[array_len(offers) + 2 * array_len(raws) + array_len(others)];
    static char names[array_len(raws)][64];
    size_t n = 0;

    for (size_t i = 0; i < array_len(offers); i++)
        tests[n++] =
            (struct CMUnitTest)ATTACK(offers[i].name, test_offer, &offers[i]);
    for (size_t i = 0; i < array_len(raws); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s inside a session",
                       raws[i].name);
        tests[n++] =
            (struct CMUnitTest)ATTACK(raws[i].name, test_raw, &raws[i]);
        tests[n++] =
            (struct CMUnitTest)ATTACK(names[i], test_raw_inside, &raws[i]);
    }
    for (size_t i = 0; i < array_len(others); i++)
        tests[n++] = others[i];
    return cmocka_run_group_tests_name("hostile TLS", tests, attack_begin,
                                       attack_end);
}
