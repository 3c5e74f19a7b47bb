/* connections.c - see connections.h for the contract; connections that come and
 * go. */
#include "spillway/connections.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spillway/addresses.h"
#include "spillway/connections_parts.h"

enum { LINGER_MS = 2000 };

static void set_limits(struct connections *table)
{
    const struct connections_limits *limits = &table->limits;
    struct connection_list *lists = table->lists;

    table->unserved.links = LINKS_UNSERVED;
    lists[CONNECTION_HANDSHAKE].limit_ms = limits->handshake_ms;
    lists[CONNECTION_IDLE].limit_ms = limits->idle_ms;
    lists[CONNECTION_REQUEST].limit_ms = limits->request_ms;
    lists[CONNECTION_LINGERING].limit_ms = LINGER_MS;
    table->shortest_ms = limits->handshake_ms;
    if (limits->idle_ms < table->shortest_ms)
        table->shortest_ms = limits->idle_ms;
    if (limits->request_ms < table->shortest_ms)
        table->shortest_ms = limits->request_ms;
}

struct connections *connections_new(const struct connections_limits *limits)
{
    struct connections *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    (void)pthread_mutex_init(&table->lock, NULL);
    table->limits = *limits;
    table->quiet_fd = table->wake_fd = -1;
    set_limits(table);
    if (getrandom(&table->random, sizeof(table->random), 0) < 0)
        table->random = (uintptr_t)table;
    if (limits->max_per_address) {
        table->addresses = addresses_new(limits->max);
        if (!table->addresses) {
            connections_free(table);
            return NULL;
        }
    }
    return table;
}

void connections_free(struct connections *table)
{
    if (!table)
        return;
    for (int state = 0; state < CONNECTION_STATES; state++) {
        for (struct connection *c = table->lists[state].head, *after; c;
             c = after) {
            after = c->links[LINKS_STATE].after;
            if (state == CONNECTION_LINGERING)
                (void)close(c->fd);
            free(c);
        }
    }
    addresses_free(table->addresses);
    free(table->by_fd);
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

size_t connections_descriptors(size_t max)
{
    return max + max / 8 + 64;
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

static void remove_locked(struct connections *table, int fd)
{
    struct connection *c =
        (size_t)fd < table->n_slots ? table->by_fd[fd] : NULL;

    if (!c)
        return;
    table->by_fd[fd] = NULL;
    connection_drop(c);
}

/* --- coming ------------------------------------------------------------ */

/* End somebody for a newcomer: the oldest that has never completed a request,
 * else the oldest that has its answer and still sends. */
static bool make_room(struct connections *table)
{
    struct connection *lingering = table->lists[CONNECTION_LINGERING].head;

    if (table->unserved.head) {
        connection_shut(table->unserved.head, CONNECTION_END_LIMIT);
        return true;
    }
    if (!lingering)
        return false;
    (void)close(lingering->fd);
    connection_drop(lingering);
    return true;
}

bool connections_make_room(struct connections *table)
{
    bool made;

    (void)pthread_mutex_lock(&table->lock);
    made = make_room(table);
    (void)pthread_mutex_unlock(&table->lock);
    return made;
}

static bool is_full(const struct connections *table)
{
    return table->count - table->lists[CONNECTION_ENDING].count >=
           table->limits.max;
}

/* As many descriptors as there may be: the library is behind with closing. */
static bool is_clogged(const struct connections *table)
{
    return table->count >= connections_descriptors(table->limits.max);
}

bool connections_is_jammed(struct connections *table)
{
    bool jammed;

    (void)pthread_mutex_lock(&table->lock);
    jammed = is_clogged(table) || (is_full(table) && !table->unserved.head &&
                                   !table->lists[CONNECTION_LINGERING].head &&
                                   table->lists[CONNECTION_ACCEPTED].head);
    (void)pthread_mutex_unlock(&table->lock);
    return jammed;
}

/* Room for one more, if need be at the cost of another. */
static enum connections_entry find_room(struct connections *table)
{
    if (is_clogged(table))
        return CONNECTIONS_FULL;
    if (!is_full(table))
        return CONNECTIONS_ENTERED;
    return make_room(table) ? CONNECTIONS_MADE_ROOM : CONNECTIONS_FULL;
}

/* xorshift64; about the age that was asked for, give or take a fifth. */
static long long next_age(struct connections *table)
{
    uint64_t age_ms = (uint64_t)table->limits.age_ms;

    table->random ^= table->random << 13;
    table->random ^= table->random >> 7;
    table->random ^= table->random << 17;
    age_ms += table->random % (age_ms / 5 * 2 + 1) - age_ms / 5;
    return (long long)age_ms;
}

static struct connection *enter(struct connections *table, int fd,
                                long long now_ms)
{
    struct connection *c = need_slot(table, fd) ? calloc(1, sizeof(*c)) : NULL;

    if (!c)
        return NULL;
    c->table = table;
    c->fd = fd;
    c->since_ms = now_ms;
    if (table->limits.age_ms)
        c->ends_ms = now_ms + next_age(table);
    c->state = CONNECTION_ACCEPTED;
    table->by_fd[fd] = c;
    table->count++;
    if (table->count > table->most)
        table->most = table->count;
    connection_link(&table->lists[CONNECTION_ACCEPTED], c);
    if (table->limits.is_measured)
        metrics_connection_opened();
    return c;
}

static enum connections_entry add_locked(struct connections *table, int fd,
                                         const struct sockaddr *from,
                                         long long now_ms)
{
    enum connections_entry entry = CONNECTIONS_ENTERED;
    struct address *address = NULL;
    struct connection *c = NULL;

    if (table->addresses) {
        address = addresses_enter(table->addresses, from);
        if (!address)
            return CONNECTIONS_NO_MEMORY;
        if (address_count(address) > table->limits.max_per_address)
            entry = CONNECTIONS_ADDRESS_FULL;
    }
    if (entry == CONNECTIONS_ENTERED)
        entry = find_room(table);
    if (connections_entered(entry)) {
        c = enter(table, fd, now_ms);
        if (!c)
            entry = CONNECTIONS_NO_MEMORY;
    }
    if (c)
        c->address = address;
    else
        addresses_leave(table->addresses, address);
    return entry;
}

enum connections_entry connections_add(struct connections *table, int fd,
                                       const struct sockaddr *from,
                                       long long now_ms)
{
    enum connections_entry entry;

    (void)pthread_mutex_lock(&table->lock);
    /* An entry that the library dropped without a word: the descriptor could
     * not have been given to us otherwise. */
    remove_locked(table, fd);
    entry = add_locked(table, fd, from, now_ms);
    (void)pthread_mutex_unlock(&table->lock);
    return entry;
}

struct connection *connections_start(struct connections *table, int fd,
                                     enum connection_state state)
{
    struct connection *c;

    (void)pthread_mutex_lock(&table->lock);
    c = (size_t)fd < table->n_slots ? table->by_fd[fd] : NULL;
    if (c) {
        /* Before, the library might have closed it without telling. */
        connection_link(&table->unserved, c);
        c->is_unserved = true;
        connection_move(c, state);
    }
    connections_tell_when_quiet(table);
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
        connection_note_served(c);
        connection_move(c, CONNECTION_LINGERING);
        connections_tell(table->wake_fd);
    } else {
        remove_locked(table, fd);
    }
    (void)pthread_mutex_unlock(&table->lock);
    if (copy >= 0)
        (void)close(copy);
}
