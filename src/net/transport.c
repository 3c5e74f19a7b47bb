/*
 * transport.c - see transport.h for the contract.
 *
 * A request can begin unseen in one way only: when its first bytes came in the
 * same TLS record as the end of the request before, libmicrohttpd has them
 * already.  Then it begins with the next byte, or when its line is complete.
 */
#include "spillway/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "spillway/connections.h"
#include "spillway/listener.h"

/* Of a record; GnuTLS has it in one. */
enum { MAX_PARTS = 8 };

struct transport {
    int fd;
    struct connection *entry;
    gnutls_session_t session;
    bool finished_sent, finished_received;
    bool in_request, lingers;
    long long begun_ms; /* when the request was */

    bool gathers;     /* the next record is kept for the one behind it */
    size_t held;      /* bytes of `record` to be sent first */
    char record[512]; /* a head; those that are longer are not kept */
};

static bool is_open(const struct transport *transport)
{
    return transport->finished_sent && transport->finished_received;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
    struct transport *transport = pointer;
    ssize_t n = recv(transport->fd, data, size, 0);

    if (n < 0)
        gnutls_transport_set_errno(transport->session, errno);
    else if (n > 0 && is_open(transport))
        transport_begin(transport);
    return n;
}

/* Send what was held, and those parts.  Returns how many bytes of the parts
 * went out; -1 with errno when none did. */
static ssize_t send_all(struct transport *transport, const giovec_t *parts,
                        size_t count)
{
    struct iovec all[1 + MAX_PARTS] = { { transport->record,
                                          transport->held } };
    struct msghdr message = { .msg_iov = all, .msg_iovlen = 1 };
    ssize_t n;

    for (size_t i = 0; i < count; i++)
        all[message.msg_iovlen++] = parts[i];
    n = sendmsg(transport->fd, &message, MSG_NOSIGNAL);
    if (n < 0)
        return -1;
    if ((size_t)n >= transport->held) {
        n -= (ssize_t)transport->held;
        transport->held = 0;
    } else {
        transport->held -= (size_t)n;
        memmove(transport->record, transport->record + n, transport->held);
        n = 0;
    }
    if (n > 0 || count == 0)
        return n;
    errno = EAGAIN;
    return -1;
}

/* Keep the record for later; false when it is too long. */
static bool hold(struct transport *transport, const giovec_t *parts,
                 size_t count, size_t len)
{
    transport->gathers = false;
    if (len > sizeof(transport->record) - transport->held)
        return false;
    for (size_t i = 0; i < count; i++) {
        memcpy(transport->record + transport->held, parts[i].iov_base,
               parts[i].iov_len);
        transport->held += parts[i].iov_len;
    }
    return true;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *parts,
                    int n_parts)
{
    struct transport *transport = pointer;
    size_t count = n_parts < MAX_PARTS ? (size_t)n_parts : MAX_PARTS, len = 0;
    ssize_t n;

    for (size_t i = 0; i < count; i++)
        len += parts[i].iov_len;
    if (transport->gathers && hold(transport, parts, count, len))
        return (ssize_t)len;
    n = send_all(transport, parts, count);
    if (n < 0)
        gnutls_transport_set_errno(transport->session, errno);
    return n;
}

/* GnuTLS's own would take our pointer for a descriptor. */
static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    const struct transport *transport = pointer;
    struct pollfd fd = { .fd = transport->fd, .events = POLLIN };
    int wait_ms = ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)ms;
    int n = poll(&fd, 1, wait_ms);

    if (n < 0)
        gnutls_transport_set_errno(transport->session, errno);
    return n;
}

static int on_finished(gnutls_session_t session, unsigned type, unsigned when,
                       unsigned incoming, const gnutls_datum_t *message)
{
    struct transport *transport = gnutls_transport_get_ptr(session);

    (void)type;
    (void)when;
    (void)message;
    if (incoming)
        transport->finished_received = true;
    else
        transport->finished_sent = true;
    if (is_open(transport))
        connection_enter(transport->entry, CONNECTION_IDLE, listener_now());
    return 0;
}

struct transport *transport_new(int fd, struct connection *entry,
                                gnutls_session_t session)
{
    struct transport *transport = calloc(1, sizeof(*transport));
    if (!transport)
        return NULL;
    transport->fd = fd;
    transport->entry = entry;
    transport->session = session;
    if (!session)
        return transport;
    gnutls_transport_set_ptr(session, transport);
    gnutls_transport_set_vec_push_function(session, push);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_pull_timeout_function(session, pull_timeout);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED,
                                       GNUTLS_HOOK_POST, on_finished);
    return transport;
}

void transport_begin(struct transport *transport)
{
    if (transport->in_request)
        return;
    transport->in_request = true;
    transport->begun_ms = listener_now();
    connection_enter(transport->entry, CONNECTION_REQUEST, transport->begun_ms);
}

long long transport_elapsed(const struct transport *transport, long long now_ms)
{
    return now_ms - transport->begun_ms;
}

/* The library had nothing to send behind a head.  It has pushed already what it
 * may have corked (tcp(7)), so this is pushed again. */
static void send_held(struct transport *transport)
{
    int on = 1;

    if (send_all(transport, NULL, 0) < 0 ||
        setsockopt(transport->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) <
            0)
        connection_abort(transport->entry, CONNECTION_END_CLIENT);
}

void transport_end(struct transport *transport)
{
    transport->in_request = false;
    transport->gathers = false;
    if (transport->held)
        send_held(transport);
    connection_enter(transport->entry, CONNECTION_IDLE, listener_now());
    /* A pipelined request that GnuTLS holds already has begun. */
    if (transport->session && gnutls_record_check_pending(transport->session))
        transport_begin(transport);
}

void transport_gather(struct transport *transport)
{
    transport->gathers = transport->session;
}

void transport_linger(struct transport *transport)
{
    transport->lingers = true;
}

bool transport_lingers(const struct transport *transport)
{
    return transport && transport->lingers;
}

void transport_free(struct transport *transport)
{
    free(transport);
}
