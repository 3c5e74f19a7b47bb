/*
 * server.h - one HTTP port: a listener, a table of connections, and a
 * libmicrohttpd daemon that speaks HTTP, with TLS or without.
 *
 * What the requests mean is the handler's.  A connection is opened with what is
 * in force at that moment; a new certificate is for those that come after.
 */
#ifndef SPILLWAY_SERVER_H
#define SPILLWAY_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "spillway/connections.h"
#include "spillway/error.h"
#include "spillway/macros.h"

struct server;
struct snapshots;

/* Called by the server's threads, several requests at once. */
struct server_handler {
    /* Bytes that a request needs: zeroed when its line has come, and handed to
     * all these functions.  They are used again by the connection's next. */
    size_t request_size;

    /* The head is complete.  May queue an answer already; then the body is
     * not read, and the connection ends with it.  MHD_NO drops the
     * connection, here and below. */
    enum MHD_Result (*head)(void *context, void *request,
                            struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version);

    /* A piece of the body. */
    void (*body)(void *context, void *request,
                 struct MHD_Connection *connection, const char *data,
                 size_t size);

    /* The request is complete: queue the answer. */
    enum MHD_Result (*answer)(void *context, void *request,
                              struct MHD_Connection *connection,
                              const char *url, const char *method);

    /* The request is over: answered with `status`, or abandoned (0), so many
     * milliseconds after its first byte had come. */
    void (*end)(void *context, void *request, unsigned status,
                long long elapsed_ms);
};

enum {
    /* What one connection may use for heads and small pieces of bodies.  A
     * head that does not fit is refused by libmicrohttpd with 431. */
    SERVER_CONNECTION_MEMORY = 32 * 1024,
};

/* What is offered in a handshake, as GnuTLS writes it. */
extern const char server_priorities[];

struct server_settings {
    const char *name;            /* for messages: "webhook" */
    int fd;                      /* a listening socket, the server's from now */
    struct snapshots *snapshots; /* borrowed, where a snapshot is published;
                                    NULL for plain HTTP */
    unsigned threads;
    struct connections_limits limits;
    const struct server_handler *handler; /* borrowed */
    void *context;                        /* borrowed, for the handler */
};

/* Start serving.  NULL with *err SYSTEM; the socket is then closed. */
struct server *server_new(const struct server_settings *settings,
                          struct error *err) must_check;

/* Serve a connection that somebody else has accepted; the non-blocking
 * descriptor is the server's from now on.  False when it was refused, and is
 * closed. */
bool server_adopt(struct server *server, int fd, const struct sockaddr *from,
                  socklen_t len);

/* Stop accepting connections; those that are open are served on. */
void server_close(struct server *server);

/* From now on, write to that eventfd(2) whenever nothing is in flight. */
void server_notify(struct server *server, int event_fd);

/* How many connections there are, and in *most how many there were at most
 * since this was last asked. */
size_t server_connections(struct server *server, size_t *most);

/* How many connections are opening or have a request in flight. */
size_t server_busy(struct server *server);

/* Drop what is in flight, end the threads, release everything; NULL is fine. */
void server_free(struct server *server);

#endif
