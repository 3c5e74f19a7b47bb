/* server.c - see server.h for the contract. */
#include "spillway/server.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "spillway/listener.h"
#include "spillway/peer.h"
#include "spillway/transport.h"

enum {
    EXCHANGE_MAGIC = 0x5e71c4a9,
};

/* TLS 1.3, and 1.2 with forward secrecy and authenticated encryption. */
const char server_priorities[] =
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
    ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
    ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
    ":-MAC-ALL:+AEAD:%SERVER_PRECEDENCE";

struct server {
    struct server_settings settings;
    struct connections *connections;
    struct MHD_Daemon *daemon;
    struct listener *listener;
};

/* The requests of one connection, one after the other. */
struct exchange {
    unsigned magic;
    bool is_open; /* from the first line of a request to its end */
    bool head_done;
    alignas(max_align_t) char request[]; /* the handler's */
};

static void end_exchange(const struct server *server, struct peer *peer,
                         unsigned status)
{
    struct exchange *exchange = peer ? *peer_exchange(peer) : NULL;

    if (!exchange || !exchange->is_open)
        return;
    assert(exchange->magic == EXCHANGE_MAGIC);
    exchange->is_open = false;
    server->settings.handler->end(
        server->settings.context, exchange->request, status,
        transport_elapsed(peer_transport(peer), listener_now()));
}

/* What the connection keeps for its requests; NULL when memory is short. */
static struct exchange *need_exchange(const struct server *server,
                                      struct peer *peer)
{
    size_t size = server->settings.handler->request_size;
    struct exchange **exchange = peer_exchange(peer);

    if (!*exchange)
        *exchange = malloc(sizeof(**exchange) + size);
    if (*exchange) {
        memset(*exchange, 0, sizeof(**exchange) + size);
        (*exchange)->magic = EXCHANGE_MAGIC;
        (*exchange)->is_open = true;
    }
    return *exchange;
}

static void *on_request_line(void *context, const char *uri,
                             struct MHD_Connection *connection)
{
    const struct server *server = context;
    struct peer *peer = peer_of(connection);

    (void)uri;
    if (!peer)
        return NULL;
    transport_begin(peer_transport(peer));
    /* The library forgets a request whose arguments do not fit its memory. */
    end_exchange(server, peer, 0);
    return need_exchange(server, peer);
}

static enum MHD_Result on_head(const struct server *server,
                               struct exchange *exchange,
                               struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version)
{
    const struct server_settings *s = &server->settings;
    const struct peer *peer = peer_of(connection);
    enum MHD_Result result;

    exchange->head_done = true;
    result = s->handler->head(s->context, exchange->request, connection, url,
                              method, version);
    /* Refused with a body on its way. */
    if (MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS) &&
        peer)
        transport_linger(peer_transport(peer));
    return result;
}

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
    const struct server *server = context;
    const struct server_settings *s = &server->settings;
    struct exchange *exchange = *state;

    if (!exchange)
        return MHD_NO; /* there was no memory for it */
    assert(exchange->magic == EXCHANGE_MAGIC);
    if (!exchange->head_done)
        return on_head(server, exchange, connection, url, method, version);
    if (*size == 0) {
        if (peer_of(connection))
            peer_serve(peer_of(connection));
        return s->handler->answer(s->context, exchange->request, connection,
                                  url, method);
    }
    s->handler->body(s->context, exchange->request, connection, data, *size);
    *size = 0;
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection,
                         void **state, enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    struct peer *peer = peer_of(connection);
    unsigned status = 0;

    (void)code;
    *state = NULL;
    if (!peer)
        return;
    if (info)
        status = info->http_status;
    /* libmicrohttpd 1.0 has forgotten it by now, and tells anything. */
    end_exchange(context, peer, status >= 100 && status < 600 ? status : 0);
    transport_end(peer_transport(peer));
}

static void on_started(const struct server *server,
                       struct MHD_Connection *connection, int fd,
                       void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? info->tls_session : NULL;
    struct connection *entry =
        connections_start(server->connections, fd,
                          session ? CONNECTION_HANDSHAKE : CONNECTION_IDLE);
    if (!entry)
        return;
    *context = peer_new(fd, entry, session, server->settings.snapshots);
    if (!*context)
        connection_abort(entry, CONNECTION_END_LIMIT);
}

static void on_connection(void *context, struct MHD_Connection *connection,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct server *server = context;
    struct peer *peer = *socket_context;
    int fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        on_started(server, connection, fd, socket_context);
        return;
    }
    /* The library closes the descriptor after this. */
    if (peer && transport_lingers(peer_transport(peer)))
        connections_linger(server->connections, fd, listener_now());
    else
        connections_remove(server->connections, fd);
    end_exchange(server, peer, 0);
    if (peer)
        free(*peer_exchange(peer));
    peer_free(peer);
    *socket_context = NULL;
}

/* Paths are compared as they are written: %6D is not an m, and %00 ends
 * nothing. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection,
                            char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

/* Every session gets its credentials from its peer, before its handshake. */
static int no_certificate(gnutls_session_t session,
                          const gnutls_datum_t *authorities, int n_authorities,
                          const gnutls_pk_algorithm_t *algorithms,
                          int n_algorithms, gnutls_pcert_st **certificates,
                          unsigned *n_certificates, gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)n_authorities;
    (void)algorithms;
    (void)n_algorithms;
    (void)certificates;
    (void)n_certificates;
    (void)key;
    return -1;
}

static struct MHD_Daemon *start_daemon(struct server *server)
{
    const struct server_settings *s = &server->settings;
    bool secure = s->snapshots;
    unsigned flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
                     MHD_USE_POLL_INTERNAL_THREAD | (secure ? MHD_USE_TLS : 0);
    /* The library divides its limit among its threads; ours is the one that
     * counts, so none of theirs may be reached before. */
    unsigned limit =
        (unsigned)(connections_descriptors(s->limits.max) * s->threads);
    /* The value of an option is not const, though the library only reads it,
     * nor is it a function. */
    const union {
        const char *text;
        gnutls_certificate_retrieve_function2 *callback;
        void *value;
    } priorities_text = { .text = server_priorities },
      callback = { .callback = no_certificate };
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, callback.value },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, priorities_text.value },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem pool[] = {
        { MHD_OPTION_THREAD_POOL_SIZE, s->threads, NULL },
        { MHD_OPTION_END, 0, NULL },
    };

    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_URI_LOG_CALLBACK,
        on_request_line, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, server,
        MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)SERVER_CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_ARRAY, s->threads > 1 ? pool : &pool[1], MHD_OPTION_ARRAY,
        secure ? tls : &pool[1], MHD_OPTION_END);
}

static bool give_to_daemon(void *context, int fd,
                           const struct sockaddr *address, socklen_t len)
{
    const struct server *server = context;

    return MHD_add_connection(server->daemon, fd, address, len) == MHD_YES;
}

static void close_socket(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

struct server *server_new(const struct server_settings *settings,
                          struct error *err)
{
    struct listener_settings listener = {
        .name = settings->name,
        .fd = settings->fd,
        .sink = give_to_daemon,
        .is_measured = settings->limits.is_measured,
    };
    struct server *server = calloc(1, sizeof(*server));

    if (server) {
        server->settings = *settings;
        server->connections = connections_new(&settings->limits);
    }
    if (!server || !server->connections) {
        free(server);
        close_socket(settings->fd);
        (void)error_no_memory(err);
        return NULL;
    }
    errno = 0;
    server->daemon = start_daemon(server);
    if (!server->daemon) {
        (void)error_set(err, ERROR_SYSTEM,
                        "starting the %s port: libmicrohttpd refused%s%s",
                        settings->name, errno ? ": " : "",
                        errno ? strerror(errno) : "");
        close_socket(settings->fd);
        server_free(server);
        return NULL;
    }
    listener.connections = server->connections;
    listener.context = server;
    server->listener = listener_new(&listener, err);
    if (!server->listener) {
        server_free(server);
        return NULL;
    }
    return server;
}

bool server_adopt(struct server *server, int fd, const struct sockaddr *from,
                  socklen_t len)
{
    return listener_hand_over(server->listener, fd, from, len);
}

void server_close(struct server *server)
{
    listener_close(server->listener);
}

void server_notify(struct server *server, int event_fd)
{
    connections_notify(server->connections, event_fd);
}

size_t server_connections(struct server *server, size_t *most)
{
    return connections_count(server->connections, most);
}

size_t server_busy(struct server *server)
{
    return connections_busy(server->connections);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    /* First who adds connections, then who serves them, then the table. */
    listener_free(server->listener);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    connections_free(server->connections);
    free(server);
}
