/*
 * listener.h - one thread that accepts connections and enforces deadlines.
 *
 * The HTTP library never sees the listening socket: we accept, count, enter
 * the connection into the table and hand it over.  The same thread sweeps the
 * table.  Accepting survives a shortage of descriptors or memory by pausing,
 * and logs such events at most once a second.
 */
#ifndef SPILLWAY_LISTENER_H
#define SPILLWAY_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct connections;
struct listener;

struct listener_settings {
    const char *name; /* for messages: "webhook" */
    int fd;           /* a listening socket, the listener's from now on; -1 for
                         none: connections come by listener_hand_over() */
    struct connections *connections; /* borrowed */
    bool is_measured; /* the metrics count the connections that it refuses */
    /* Takes an accepted descriptor, which is non-blocking, as its own; closes
     * it when it cannot serve it, and then returns false. */
    bool (*sink)(void *context, int fd, const struct sockaddr *address,
                 socklen_t len);
    void *context; /* borrowed */
};

/* Start accepting.  NULL with *err SYSTEM; the socket is then closed. */
struct listener *listener_new(const struct listener_settings *settings,
                              struct error *err) must_check;

/* Enter a connection that was accepted and hand it to the sink.  False when it
 * was refused, and is closed.  For the listener's own thread, or where there is
 * no socket. */
bool listener_hand_over(struct listener *listener, int fd,
                        const struct sockaddr *from, socklen_t len);

/* Accept what the kernel has queued, then close the socket.  Returns when that
 * is done; the deadlines stay in force. */
void listener_close(struct listener *listener);

/* Close the socket, end the thread and release everything; NULL is fine. */
void listener_free(struct listener *listener);

/* Milliseconds of the monotonic clock, as the table of connections wants. */
long long listener_now(void);

#endif
