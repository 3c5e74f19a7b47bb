/*
 * connections.h - every open connection, what it is doing, and since when.
 *
 * The table gives each state its deadline and ends what is overdue with
 * shutdown(2), so that a peer that sends a byte a second holds nothing for
 * ever.  It never closes the library's descriptors: the library does, after it
 * has taken the connection out of the table; therefore no descriptor is shut
 * down that already belongs to somebody else.
 *
 * When the table is full, a new connection takes the place of the oldest that
 * has never completed a request.  One that has is ended by nothing but its
 * deadlines and an answer that announces the end.
 *
 * Thread-safe.  Times are milliseconds of a monotonic clock and come from the
 * caller.
 */
#ifndef SPILLWAY_CONNECTIONS_H
#define SPILLWAY_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"

enum connection_state {
    CONNECTION_ACCEPTED,  /* not yet with the HTTP library: no deadline */
    CONNECTION_HANDSHAKE, /* from accept to the end of the TLS handshake */
    CONNECTION_IDLE,      /* no byte of a request has come */
    CONNECTION_REQUEST,   /* first byte of a request to last of its answer */
    CONNECTION_ENDING,    /* shut down by us: will be taken out */
    CONNECTION_LINGERING, /* answered; what still comes is thrown away */
    CONNECTION_STATES
};

struct connections_limits {
    size_t max;             /* connections at once */
    size_t max_per_address; /* those of one client (addresses.h); 0: no limit */
    long long handshake_ms, idle_ms, request_ms;
    long long age_ms; /* when a connection is told to end, give or take a fifth
                         so that clients do not come back all at once; 0: never
                       */
    bool is_measured; /* the metrics count this table's connections */
};

struct connection;
struct connections;
struct sockaddr;

/* An empty table; NULL when memory is short.  Released with
 * connections_free(), when nobody uses it or its entries any more. */
struct connections *connections_new(const struct connections_limits *limits);
void connections_free(struct connections *table);

/* How many descriptors a table with that `max` may come to hold: those that
 * were shut down and are not yet closed are besides it. */
size_t connections_descriptors(size_t max);

enum connections_entry {
    CONNECTIONS_ENTERED,
    CONNECTIONS_MADE_ROOM,    /* entered; another one was ended for it */
    CONNECTIONS_FULL,         /* refused: nobody could be made to go */
    CONNECTIONS_ADDRESS_FULL, /* refused: its client has too many */
    CONNECTIONS_NO_MEMORY,    /* refused */
};

/* True unless the connection was refused. */
static inline bool connections_entered(enum connections_entry entry)
{
    return entry <= CONNECTIONS_MADE_ROOM;
}

/* True when a new connection would be refused only because the HTTP library has
 * not yet come to those that were handed to it, or closed those that were shut
 * down: better wait a moment before the next is accepted. */
bool connections_is_jammed(struct connections *table);

/* Enter a descriptor that was just accepted; refused, it stays the caller's to
 * close. */
enum connections_entry connections_add(struct connections *table, int fd,
                                       const struct sockaddr *from,
                                       long long now_ms) must_check;

/* End the oldest connection that has never completed a request: descriptors
 * have run out.  False when there is none. */
bool connections_make_room(struct connections *table);

/* The HTTP library has taken the descriptor over: its deadlines hold from now
 * on.  Returns the entry, NULL if there is none. */
struct connection *connections_start(struct connections *table, int fd,
                                     enum connection_state state);

/* Take the connection with that descriptor out; none is fine. */
void connections_remove(struct connections *table, int fd);

/*
 * The same for a connection whose client may still be sending.  Closing would
 * make the kernel answer with a reset, which can destroy our own answer before
 * it is read (RFC 9112, section 9.6); so a duplicate of the descriptor stays in
 * the table, closed for writing and read to its end, for two seconds at most.
 */
void connections_linger(struct connections *table, int fd, long long now_ms);

/* Note what a connection does from now on.  The same state again keeps its
 * old time; one that is ending stays so. */
void connection_enter(struct connection *connection,
                      enum connection_state state, long long now_ms);

/* A whole request has come, and its answer is about to be sent: from now on the
 * connection makes room for no other. */
void connection_serve(struct connection *connection);

/* End a connection at once, for that cause. */
void connection_abort(struct connection *connection, enum connection_end cause);

/* The next answer will say that it is the connection's last, for that cause. */
void connection_announce(struct connection *connection,
                         enum connection_end cause);

/* True when the connection has been open for long enough. */
bool connection_is_aged(const struct connection *connection, long long now_ms);

/* Shut down what is overdue.  Returns how many milliseconds from now the next
 * sweep is due. */
long long connections_sweep(struct connections *table, long long now_ms);

/* How many connections there are, and in *most how many there were at most
 * since this was last asked. */
size_t connections_count(struct connections *table, size_t *most);

/* How many connections are opening or have a request in flight. */
size_t connections_busy(struct connections *table);

/* From now on, write to that eventfd(2) whenever connections_busy() becomes 0,
 * and at once if it is.  -1 for no more. */
void connections_notify(struct connections *table, int event_fd);

/* From now on, write to that eventfd(2) whenever a sweep is due earlier than
 * the last one said.  -1 for no more. */
void connections_wake(struct connections *table, int event_fd);

#endif
