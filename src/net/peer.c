/* peer.c - see peer.h for the contract. */
#include "spillway/peer.h"

#include <stdlib.h>
#include <time.h>

#include "spillway/client_ca.h"
#include "spillway/connections.h"
#include "spillway/credentials.h"
#include "spillway/listener.h"
#include "spillway/snapshot.h"
#include "spillway/transport.h"

struct peer {
    struct transport *transport;
    struct connection *entry;
    gnutls_session_t session;
    struct exchange *exchange;
    struct credentials *serving;   /* presented; NULL without TLS */
    struct client_ca *verified_by; /* has let the client call; NULL: none */
};

/* Each session has its own reference to its credentials, so that those of a
 * new pair can be in use beside it. */
static bool prepare_session(struct peer *peer, struct snapshots *snapshots)
{
    auto_snapshot struct snapshot *now = snapshots_now(snapshots);

    if (!credentials_use(now->serving, peer->session))
        return false;
    peer->serving = credentials_get(now->serving);
    /* Only a request: who has none gets an answer that says so. */
    gnutls_certificate_server_set_request(peer->session,
                                          now->client_ca ? GNUTLS_CERT_REQUEST
                                                         : GNUTLS_CERT_IGNORE);
    return true;
}

struct peer *peer_new(int fd, struct connection *entry,
                      gnutls_session_t session, struct snapshots *snapshots)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (!peer)
        return NULL;
    peer->entry = entry;
    peer->session = session;
    peer->transport = transport_new(fd, entry, session);
    if (peer->transport && (!session || prepare_session(peer, snapshots)))
        return peer;
    peer_free(peer);
    return NULL;
}

void peer_free(struct peer *peer)
{
    if (!peer)
        return;
    transport_free(peer->transport);
    client_ca_free(peer->verified_by);
    /* The session is not touched: the library may have released it already. */
    credentials_free(peer->serving);
    free(peer);
}

struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

struct transport *peer_transport(const struct peer *peer)
{
    return peer->transport;
}

struct exchange **peer_exchange(struct peer *peer)
{
    return &peer->exchange;
}

void peer_serve(struct peer *peer)
{
    connection_serve(peer->entry);
}

bool peer_may_call(struct peer *peer, struct client_ca *ca, struct error *err)
{
    struct text chain[CLIENT_CA_MAX_CHAIN + 1];
    const gnutls_datum_t *sent;
    unsigned count = 0;

    if (peer->verified_by == ca)
        return true;
    sent = gnutls_certificate_get_peers(peer->session, &count);
    /* One too many is enough to be refused. */
    for (unsigned i = 0; sent && i < count && i < array_len(chain); i++)
        chain[i] = (struct text){ (const char *)sent[i].data, sent[i].size };
    if (count > array_len(chain))
        count = array_len(chain);
    if (!client_ca_verify(ca, chain, sent ? count : 0, time(NULL), err))
        return false;
    client_ca_free(peer->verified_by);
    peer->verified_by = client_ca_get(ca);
    return true;
}

void peer_announce(struct peer *peer, enum connection_end cause)
{
    connection_announce(peer->entry, cause);
}

bool peer_must_end(struct peer *peer, const struct snapshot *now)
{
    if (peer->serving && peer->serving != now->serving) {
        peer_announce(peer, CONNECTION_END_RELOAD);
        return true;
    }
    if (!connection_is_aged(peer->entry, listener_now()))
        return false;
    peer_announce(peer, CONNECTION_END_AGE);
    return true;
}
