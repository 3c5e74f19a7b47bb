/*
 * transport.h - what a connection does, as seen below libmicrohttpd.
 *
 * The library tells when a request line is complete and when an answer is
 * sent, but neither when a handshake ends nor when the first byte of a request
 * comes.  GnuTLS does: by a hook on the Finished messages (RFC 8446, section
 * 4.4.4) and through the functions that read and write the socket.  Without
 * TLS, only the request line is seen.
 */
#ifndef SPILLWAY_TRANSPORT_H
#define SPILLWAY_TRANSPORT_H

#include <stdbool.h>

#include <gnutls/gnutls.h>

struct connection;
struct transport;

/*
 * Watch a connection, whose entry in the table is `entry`; `session` is NULL
 * without TLS.  Everything is borrowed.  NULL when memory is short.  Belongs,
 * like the session, to the one thread that serves the connection.
 */
struct transport *transport_new(int fd, struct connection *entry,
                                gnutls_session_t session);

/* A request has begun; the first bytes may have been seen already. */
void transport_begin(struct transport *transport);

/* Milliseconds since the first byte of the request that is open, or was last,
 * was seen. */
long long transport_elapsed(const struct transport *transport,
                            long long now_ms);

/*
 * The library is about to send an answer, as two records: its head and its
 * body, of at least one byte.  They go out together, so that there is one
 * packet, and the client is woken once.
 */
void transport_gather(struct transport *transport);

/* The answer has been sent to its last byte. */
void transport_end(struct transport *transport);

/* An answer goes out before its request was read to the end: the connection is
 * to linger when it closes (connections_linger()). */
void transport_linger(struct transport *transport);
bool transport_lingers(const struct transport *transport);

/* Stop watching; the session is not read any more.  NULL is fine. */
void transport_free(struct transport *transport);

#endif
