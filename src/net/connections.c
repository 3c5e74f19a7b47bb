/*
 * connections.c - see connections.h for the contract.
 *
 * Each state has a list in the order in which its connections entered it.  All
 * of a list share one time limit, so that its head is due first, and a sweep
 * looks only at what is overdue.
 */
#include "spillway/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 2000,
    LINGER_LOOK_MS = 20,           /* between two reads of what still comes */
    LINGER_READ = 4 * 1024 * 1024, /* bytes thrown away at one look */
};

struct connection {
    struct connections *table;
    struct connection *before, *after;
    enum connection_state state;
    long long since_ms;
    int fd;
};

struct list {
    struct connection *head, *tail;
    size_t count;
    long long limit_ms; /* 0 for none */
};

struct connections {
    pthread_mutex_t lock;
    struct list lists[CONNECTION_STATES];
    struct connection **by_fd; /* n_slots of them */
    size_t n_slots, count, max;
    long long shortest_ms; /* of the lists' limits */
    int quiet_fd, wake_fd; /* eventfds to write to, or -1 */
};

static long long shorter(long long a, long long b)
{
    return a < b ? a : b;
}

struct connections *connections_new(const struct connections_limits *limits)
{
    struct connections *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    (void)pthread_mutex_init(&table->lock, NULL);
    table->max = limits->max;
    table->quiet_fd = table->wake_fd = -1;
    table->lists[CONNECTION_HANDSHAKE].limit_ms = limits->handshake_ms;
    table->lists[CONNECTION_IDLE].limit_ms = limits->idle_ms;
    table->lists[CONNECTION_REQUEST].limit_ms = limits->request_ms;
    table->lists[CONNECTION_LINGERING].limit_ms = LINGER_MS;
    table->shortest_ms = shorter(shorter(limits->handshake_ms, limits->idle_ms),
                                 limits->request_ms);
    return table;
}

void connections_free(struct connections *table)
{
    if (!table)
        return;
    for (int state = 0; state < CONNECTION_STATES; state++) {
        for (struct connection *c = table->lists[state].head, *after; c;
             c = after) {
            after = c->after;
            if (state == CONNECTION_LINGERING)
                (void)close(c->fd);
            free(c);
        }
    }
    free(table->by_fd);
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

static void unlink_from(struct list *list, struct connection *c)
{
    *(c->before ? &c->before->after : &list->head) = c->after;
    *(c->after ? &c->after->before : &list->tail) = c->before;
    list->count--;
}

/* Put in by time.  Almost always that is the end of the list; only handshakes
 * can be a little out of order, since they count from accept. */
static void link_into(struct list *list, struct connection *c)
{
    c->before = list->tail;
    while (c->before && c->before->since_ms > c->since_ms)
        c->before = c->before->before;
    c->after = c->before ? c->before->after : list->head;
    *(c->before ? &c->before->after : &list->head) = c;
    *(c->after ? &c->after->before : &list->tail) = c;
    list->count++;
}

static size_t busy(const struct connections *table)
{
    return table->lists[CONNECTION_ACCEPTED].count +
           table->lists[CONNECTION_HANDSHAKE].count +
           table->lists[CONNECTION_REQUEST].count +
           table->lists[CONNECTION_LINGERING].count;
}

static void tell(int event_fd)
{
    if (event_fd >= 0)
        (void)!write(event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void tell_when_quiet(const struct connections *table)
{
    if (busy(table) == 0)
        tell(table->quiet_fd);
}

static void move(struct connection *c, enum connection_state state)
{
    unlink_from(&c->table->lists[c->state], c);
    c->state = state;
    link_into(&c->table->lists[state], c);
}

/* Make by_fd long enough for `fd`. */
static bool need_slot(struct connections *table, int fd)
{
    size_t need = (size_t)fd + 1, n = table->n_slots ? table->n_slots : 64;
    struct connection **slots;

    if (need <= table->n_slots)
        return true;
    while (n < need)
        n *= 2;
    slots = reallocarray(table->by_fd, n, sizeof(struct connection *));
    if (!slots)
        return false;
    for (size_t i = table->n_slots; i < n; i++)
        slots[i] = NULL;
    table->by_fd = slots;
    table->n_slots = n;
    return true;
}

/* Forget an entry that is in no slot any more. */
static void drop(struct connections *table, struct connection *c)
{
    unlink_from(&table->lists[c->state], c);
    table->count--;
    free(c);
    tell_when_quiet(table);
}

static void remove_locked(struct connections *table, int fd)
{
    struct connection *c =
        (size_t)fd < table->n_slots ? table->by_fd[fd] : NULL;

    if (!c)
        return;
    table->by_fd[fd] = NULL;
    drop(table, c);
}

bool connections_add(struct connections *table, int fd, long long now_ms)
{
    struct connection *c = NULL;

    (void)pthread_mutex_lock(&table->lock);
    /* An entry that the library dropped without a word: the descriptor could
     * not have been given to us otherwise. */
    remove_locked(table, fd);
    if (table->count < table->max && need_slot(table, fd))
        c = calloc(1, sizeof(*c));
    if (c) {
        c->table = table;
        c->fd = fd;
        c->since_ms = now_ms;
        c->state = CONNECTION_ACCEPTED;
        table->by_fd[fd] = c;
        table->count++;
        link_into(&table->lists[CONNECTION_ACCEPTED], c);
    }
    (void)pthread_mutex_unlock(&table->lock);
    return c;
}

struct connection *connections_start(struct connections *table, int fd,
                                     enum connection_state state)
{
    struct connection *c;

    (void)pthread_mutex_lock(&table->lock);
    c = (size_t)fd < table->n_slots ? table->by_fd[fd] : NULL;
    if (c)
        move(c, state);
    tell_when_quiet(table);
    (void)pthread_mutex_unlock(&table->lock);
    return c;
}

void connections_remove(struct connections *table, int fd)
{
    (void)pthread_mutex_lock(&table->lock);
    remove_locked(table, fd);
    (void)pthread_mutex_unlock(&table->lock);
}

void connections_linger(struct connections *table, int fd, long long now_ms)
{
    struct connection *c;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    (void)pthread_mutex_lock(&table->lock);
    c = (size_t)fd < table->n_slots ? table->by_fd[fd] : NULL;
    if (c && c->state != CONNECTION_ENDING && copy >= 0) {
        (void)shutdown(copy, SHUT_WR);
        table->by_fd[fd] = NULL;
        c->fd = copy;
        c->since_ms = now_ms;
        copy = -1;
        move(c, CONNECTION_LINGERING);
        tell(table->wake_fd);
    } else {
        remove_locked(table, fd);
    }
    (void)pthread_mutex_unlock(&table->lock);
    if (copy >= 0)
        (void)close(copy);
}

void connection_enter(struct connection *c, enum connection_state state,
                      long long now_ms)
{
    struct connections *table = c->table;

    (void)pthread_mutex_lock(&table->lock);
    if (c->state != state && c->state != CONNECTION_ENDING) {
        c->since_ms = now_ms;
        move(c, state);
        tell_when_quiet(table);
    }
    (void)pthread_mutex_unlock(&table->lock);
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
        after = c->after;
        if (!read_to_end(c->fd) && now_ms - c->since_ms < LINGER_MS)
            continue;
        (void)close(c->fd);
        drop(table, c);
    }
}

long long connections_sweep(struct connections *table, long long now_ms)
{
    long long next_ms = table->shortest_ms;

    (void)pthread_mutex_lock(&table->lock);
    sweep_lingering(table, now_ms);
    if (table->lists[CONNECTION_LINGERING].head)
        next_ms = shorter(next_ms, LINGER_LOOK_MS);
    for (int state = 0; state < CONNECTION_ENDING; state++) {
        const struct list *list = &table->lists[state];

        if (list->limit_ms == 0)
            continue;
        while (list->head && now_ms - list->head->since_ms >= list->limit_ms) {
            (void)shutdown(list->head->fd, SHUT_RDWR);
            move(list->head, CONNECTION_ENDING);
        }
        if (list->head)
            next_ms = shorter(next_ms,
                              list->head->since_ms + list->limit_ms - now_ms);
    }
    tell_when_quiet(table);
    (void)pthread_mutex_unlock(&table->lock);
    return next_ms;
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
    tell_when_quiet(table);
    (void)pthread_mutex_unlock(&table->lock);
}

void connections_wake(struct connections *table, int event_fd)
{
    (void)pthread_mutex_lock(&table->lock);
    table->wake_fd = event_fd;
    (void)pthread_mutex_unlock(&table->lock);
}
