/* client.c - see client.h for the contract. */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "harness.h"
#include "pki.h"
#include "reviews.h"
#include "server_process.h"

static int connect_to(int port)
{
    const struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
        0);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)),
        0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Connect, and be ready for a verified handshake. */
static void prepare(struct client *client, const struct server_process *server,
                    int min, int max)
{
    char *ca = scratch_path(&server->scratch, "ca.crt");
    char name[] = "localhost";

    *client = (struct client){ .fd = connect_to(server->port) };
    client->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(client->context);
    assert_int_equal(SSL_CTX_load_verify_locations(client->context, ca, NULL),
                     1);
    free(ca);
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    /* The old versions are offered only at OpenSSL's lowest level. */
    SSL_CTX_set_security_level(client->context, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(client->context, min), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client->context, max), 1);
    client->tls = SSL_new(client->context);
    assert_non_null(client->tls);
    assert_int_equal(SSL_set1_host(client->tls, name), 1);
    assert_int_equal(SSL_set_tlsext_host_name(client->tls, name), 1);
    assert_int_equal(SSL_set_fd(client->tls, client->fd), 1);
}

bool client_try_version(struct client *client,
                        const struct server_process *server, int min, int max)
{
    prepare(client, server, min, max);
    return SSL_connect(client->tls) == 1;
}

void client_open_as(struct client *client, const struct server_process *server,
                    const struct pki *identity, int version)
{
    prepare(client, server, version, version);
    assert_int_equal(SSL_use_certificate(client->tls, identity->certificate),
                     1);
    assert_int_equal(SSL_use_PrivateKey(client->tls, identity->key), 1);
    assert_int_equal(SSL_connect(client->tls), 1);
}

void client_open(struct client *client, const struct server_process *server)
{
    if (!client_try_version(client, server, TLS1_2_VERSION, TLS1_3_VERSION))
        fail_msg("the handshake failed");
    assert_int_equal(SSL_get_verify_result(client->tls), X509_V_OK);
}

char *client_shown_certificate(const struct server_process *server)
{
    auto_client struct client client = { .fd = connect_to(server->port) };
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *text;
    long len;

    client.context = SSL_CTX_new(TLS_client_method());
    client.tls = SSL_new(client.context);
    assert_int_equal(SSL_set_fd(client.tls, client.fd), 1);
    assert_int_equal(SSL_connect(client.tls), 1);
    assert_int_equal(
        PEM_write_bio_X509(bio, SSL_get0_peer_certificate(client.tls)), 1);
    len = BIO_get_mem_data(bio, &data);
    text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

void client_open_plain(struct client *client, int port)
{
    *client = (struct client){ .fd = connect_to(port) };
}

void client_close(struct client *client)
{
    SSL_free(client->tls);
    SSL_CTX_free(client->context);
    if (client->fd > 0)
        (void)close(client->fd);
    free(client->buffer);
    *client = (struct client){ 0 };
}

bool client_try_send(struct client *client, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        int part = len > 1 << 20 ? 1 << 20 : (int)len;
        ssize_t n = client->tls
                        ? SSL_write(client->tls, at, part)
                        : send(client->fd, at, (size_t)part, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

void client_send(struct client *client, const char *text)
{
    assert_true(client_try_send(client, text, strlen(text)));
}

void client_post(struct client *client, const char *headers, const char *body,
                 size_t len)
{
    char *head = NULL;

    assert_true(asprintf(&head,
                         "POST /mutate?timeout=10s HTTP/1.1\r\n"
                         "Host: localhost\r\n"
                         "User-Agent: kube-apiserver-admission\r\n"
                         "Content-Length: %zu\r\n"
                         "Accept: application/json, */*\r\n"
                         "Content-Type: application/json\r\n"
                         "Accept-Encoding: gzip\r\n%s\r\n",
                         len, headers) > 0);
    client_send(client, head);
    free(head);
    /* A server that refuses the head may close before it has the body. */
    (void)client_try_send(client, body, len);
}

/* Receive some more; false when the peer has closed. */
static bool receive(struct client *client)
{
    ssize_t n;

    if (client->room - client->len < 65536) {
        client->room = 2 * client->room + 131072;
        client->buffer = realloc(client->buffer, client->room);
        assert_non_null(client->buffer);
    }
    n = client->tls ? SSL_read(client->tls, client->buffer + client->len, 65536)
                    : recv(client->fd, client->buffer + client->len, 65536, 0);
    if (n <= 0)
        return false;
    client->len += (size_t)n;
    return true;
}

static char *copy(const char *bytes, size_t len)
{
    char *text = malloc(len + 1);

    assert_non_null(text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static const char *find_line(const char *head, const char *name)
{
    for (const char *at = strstr(head, "\r\n"); at; at = strstr(at, "\r\n")) {
        at += 2;
        if (strncasecmp(at, name, strlen(name)) == 0)
            return at + strlen(name);
    }
    return NULL;
}

static bool read_reply(struct client *client, struct reply *reply,
                       bool has_body)
{
    const char *end = NULL, *length;
    size_t head_len;

    *reply = (struct reply){ 0 };
    while (!(client->len &&
             (end = memmem(client->buffer, client->len, "\r\n\r\n", 4)))) {
        if (!receive(client))
            return false;
    }
    head_len = (size_t)(end - client->buffer) + 4;
    reply->head = copy(client->buffer, head_len);
    assert_int_equal(sscanf(reply->head, "HTTP/1.1 %d ", &reply->status), 1);
    length = find_line(reply->head, "Content-Length:");
    if (length && has_body)
        reply->body_len = strtoul(length, NULL, 10);
    while (client->len < head_len + reply->body_len) {
        if (!receive(client))
            return false;
    }
    reply->body = copy(client->buffer + head_len, reply->body_len);
    client->len -= head_len + reply->body_len;
    memmove(client->buffer, client->buffer + head_len + reply->body_len,
            client->len);
    return true;
}

bool client_try_read(struct client *client, struct reply *reply)
{
    return read_reply(client, reply, true);
}

void client_read(struct client *client, struct reply *reply)
{
    if (!read_reply(client, reply, true))
        fail_msg("the connection ended where a reply was due");
    /* An interim reply is followed by the real one. */
    if (reply->status == 100)
        fail_msg("an interim reply where a final one was due");
}

void client_read_head(struct client *client, struct reply *reply)
{
    if (!read_reply(client, reply, false))
        fail_msg("the connection ended where a reply was due");
}

long long client_wait_closed(struct client *client)
{
    long long start_ms = clock_ms();

    while (receive(client))
        client->len = 0;
    if (clock_ms() - start_ms >= PATIENCE_MS)
        fail_msg("the connection stayed open");
    return clock_ms() - start_ms;
}

bool client_sees_close(struct client *client)
{
    return client->len == 0 && !receive(client);
}

void client_post_review(struct client *client, struct reply *reply)
{
    size_t len;
    char *review = review_read("ingressgateway", &len);

    client_post(client, "", review, len);
    client_read(client, reply);
    free(review);
}

void reply_done(struct reply *reply)
{
    free(reply->head);
    free(reply->body);
    *reply = (struct reply){ 0 };
}

bool reply_has(const struct reply *reply, const char *line)
{
    const char *rest = find_line(reply->head, line);

    return rest && strncmp(rest, "\r\n", 2) == 0;
}

void admin_get(const struct server_process *server, const char *path,
               struct reply *reply)
{
    auto_client struct client client = { 0 };
    char *request = NULL;

    client_open_plain(&client, server->admin_port);
    assert_true(asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                         path) > 0);
    client_send(&client, request);
    free(request);
    client_read(&client, reply);
}

double admin_metric(const struct server_process *server, const char *sample)
{
    auto_reply struct reply reply = { 0 };
    size_t len = strlen(sample);
    double value = 0;

    admin_get(server, "/metrics", &reply);
    assert_int_equal(reply.status, 200);
    for (const char *at = reply.body; *at; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, sample, len) == 0 && at[len] == ' ')
            value = strtod(at + len, NULL);
    }
    return value;
}
