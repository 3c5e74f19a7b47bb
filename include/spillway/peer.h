/*
 * peer.h - one connection of a server: what it was opened with, who calls, and
 * whether its next answer is to be the last.
 *
 * Belongs to the one thread that serves the connection.
 */
#ifndef SPILLWAY_PEER_H
#define SPILLWAY_PEER_H

#include <stdbool.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"

struct client_ca;
struct connection;
struct exchange;
struct peer;
struct snapshot;
struct snapshots;
struct transport;

/*
 * Watch a connection whose entry in the table is `entry`.  With TLS, `session`
 * is made to present the certificate in force, and to ask for the client's
 * when there is a client CA; without, both `session` and `snapshots` are NULL.
 * NULL when memory is short: the connection cannot be served.
 */
struct peer *peer_new(int fd, struct connection *entry,
                      gnutls_session_t session, struct snapshots *snapshots);

/* Release it; the session may be gone by then, and is not used for anything but
 * its own release.  NULL is fine. */
void peer_free(struct peer *peer);

/* What belongs to a connection of the library; NULL when there was no memory
 * for it. */
struct peer *peer_of(struct MHD_Connection *connection);

struct transport *peer_transport(const struct peer *peer);

/* The request that is open on the connection, for server.c to keep. */
struct exchange **peer_exchange(struct peer *peer);

/* A whole request has come, and is about to be answered. */
void peer_serve(struct peer *peer);

/*
 * True when the client has shown a certificate that this CA lets call.  INVALID
 * with the reason otherwise.  A certificate is verified once for each CA.
 */
bool peer_may_call(struct peer *peer, struct client_ca *ca,
                   struct error *err) must_check;

/* The next answer is the last; `cause` is what the metrics will say. */
void peer_announce(struct peer *peer, enum connection_end cause);

/* True when the next answer must be the last, since the connection is old or
 * was opened with a certificate that is no longer in force; that is then
 * announced. */
bool peer_must_end(struct peer *peer, const struct snapshot *now);

#endif
