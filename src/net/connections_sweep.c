/*
 * connections_sweep.c - deadlines, lingering connections, and the moment when
 * nothing is in flight; see connections_parts.h.
 */
#include "spillway/connections_parts.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_LOOK_MS = 20,           /* between two reads of what still comes */
    LINGER_READ = 4 * 1024 * 1024, /* bytes thrown away at one look */
};

static long long shorter(long long a, long long b)
{
    return a < b ? a : b;
}

static size_t busy(const struct connections *table)
{
    return table->lists[CONNECTION_ACCEPTED].count +
           table->lists[CONNECTION_HANDSHAKE].count +
           table->lists[CONNECTION_REQUEST].count +
           table->lists[CONNECTION_LINGERING].count;
}

void connections_tell(int event_fd)
{
    if (event_fd >= 0)
        (void)!write(event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

void connections_tell_when_quiet(const struct connections *table)
{
    if (busy(table) == 0)
        connections_tell(table->quiet_fd);
}

/* True when the peer has closed, too. */
static bool read_to_end(int fd)
{
    size_t left = LINGER_READ;
    ssize_t n = 1;

    /* MSG_TRUNC: TCP discards without copying (tcp(7)). */
    while (n > 0 && left > 0) {
        n = recv(fd, NULL, left, MSG_TRUNC | MSG_DONTWAIT);
        left -= n > 0 ? (size_t)n : 0;
    }
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void sweep_lingering(struct connections *table, long long now_ms)
{
    struct connection *after;

    for (struct connection *c = table->lists[CONNECTION_LINGERING].head; c;
         c = after) {
        after = c->links[LINKS_STATE].after;
        if (!read_to_end(c->fd) &&
            now_ms - c->since_ms < table->lists[CONNECTION_LINGERING].limit_ms)
            continue;
        (void)close(c->fd);
        connection_drop(c);
    }
}

/* End what has been in that state for too long; returns when the next one will
 * have been, at most `next_ms` from now. */
static long long sweep_state(struct connections *table,
                             enum connection_state state, long long now_ms,
                             long long next_ms)
{
    static const enum connection_end causes[] = {
        [CONNECTION_HANDSHAKE] = CONNECTION_END_HANDSHAKE_TIMEOUT,
        [CONNECTION_IDLE] = CONNECTION_END_IDLE,
        [CONNECTION_REQUEST] = CONNECTION_END_REQUEST_TIMEOUT,
    };
    const struct connection_list *list = &table->lists[state];

    if (list->limit_ms == 0)
        return next_ms;
    while (list->head && now_ms - list->head->since_ms >= list->limit_ms)
        connection_shut(list->head, causes[state]);
    if (!list->head)
        return next_ms;
    return shorter(next_ms, list->head->since_ms + list->limit_ms - now_ms);
}

long long connections_sweep(struct connections *table, long long now_ms)
{
    long long next_ms = table->shortest_ms;

    (void)pthread_mutex_lock(&table->lock);
    sweep_lingering(table, now_ms);
    if (table->lists[CONNECTION_LINGERING].head)
        next_ms = shorter(next_ms, LINGER_LOOK_MS);
    for (int state = CONNECTION_HANDSHAKE; state < CONNECTION_ENDING; state++)
        next_ms =
            sweep_state(table, (enum connection_state)state, now_ms, next_ms);
    connections_tell_when_quiet(table);
    (void)pthread_mutex_unlock(&table->lock);
    return next_ms;
}

size_t connections_count(struct connections *table, size_t *most)
{
    size_t n;

    (void)pthread_mutex_lock(&table->lock);
    n = table->count;
    *most = table->most;
    table->most = n;
    (void)pthread_mutex_unlock(&table->lock);
    return n;
}

size_t connections_busy(struct connections *table)
{
    size_t n;

    (void)pthread_mutex_lock(&table->lock);
    n = busy(table);
    (void)pthread_mutex_unlock(&table->lock);
    return n;
}

void connections_notify(struct connections *table, int event_fd)
{
    (void)pthread_mutex_lock(&table->lock);
    table->quiet_fd = event_fd;
    connections_tell_when_quiet(table);
    (void)pthread_mutex_unlock(&table->lock);
}

void connections_wake(struct connections *table, int event_fd)
{
    (void)pthread_mutex_lock(&table->lock);
    table->wake_fd = event_fd;
    (void)pthread_mutex_unlock(&table->lock);
}
