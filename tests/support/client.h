/*
 * client.h - an HTTP client that does exactly what a test says, byte by byte,
 * over TLS (verified against the test's own CA, as localhost) or in the clear.
 *
 * Every wait has a generous deadline, and missing it fails the running test.
 */
#ifndef SPILLWAY_TESTS_CLIENT_H
#define SPILLWAY_TESTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/types.h>

struct pki;
struct server_process;

struct client {
    int fd;
    SSL_CTX *context;
    SSL *tls; /* NULL in the clear */
    char *buffer;
    size_t len, room; /* received and not yet read as a reply */
};

struct reply {
    int status;
    char *head; /* with its status line, NUL-terminated */
    char *body; /* NUL-terminated */
    size_t body_len;
};

/* Connect to the webhook port, with a verified handshake. */
void client_open(struct client *client, const struct server_process *server);

/* The same with TLS `min` to `max` (TLS1_1_VERSION); false when the handshake
 * fails. */
bool client_try_version(struct client *client,
                        const struct server_process *server, int min, int max);

/* Connect to the webhook port with TLS of exactly that version and a client
 * certificate, which was signed by whoever. */
void client_open_as(struct client *client, const struct server_process *server,
                    const struct pki *identity, int version);

/* The certificate that a new connection is shown, trusted or not, as PEM; the
 * caller frees it. */
char *client_shown_certificate(const struct server_process *server);

/* Connect in the clear. */
void client_open_plain(struct client *client, int port);

void client_close(struct client *client);

#define auto_client __attribute__((cleanup(client_close)))

/* Send; false when the peer has closed. */
bool client_try_send(struct client *client, const void *bytes, size_t len);
void client_send(struct client *client, const char *text);

/* POST a body to /mutate as kube-apiserver does, with those header lines
 * besides ("" for none). */
void client_post(struct client *client, const char *headers, const char *body,
                 size_t len);

/* Post the recorded review of a gateway pod, and read the reply. */
void client_post_review(struct client *client, struct reply *reply);

/* Read one whole reply; to a HEAD request, without a body. */
void client_read(struct client *client, struct reply *reply);
void client_read_head(struct client *client, struct reply *reply);

/* The same, if one comes before the peer closes. */
bool client_try_read(struct client *client, struct reply *reply);

/* Wait until the peer has closed; what still comes is thrown away.  Returns
 * how many milliseconds that took. */
long long client_wait_closed(struct client *client);

/* True when the peer closes, or has closed, without sending a byte more. */
bool client_sees_close(struct client *client);

void reply_done(struct reply *reply);

#define auto_reply __attribute__((cleanup(reply_done)))

/* True when the head has that line, in any case ("Connection: close"). */
bool reply_has(const struct reply *reply, const char *line);

/* GET from the admin port; the caller releases the reply. */
void admin_get(const struct server_process *server, const char *path,
               struct reply *reply);

/* The value of a sample: its name and labels as they are printed. */
double admin_metric(const struct server_process *server, const char *sample);

#endif
