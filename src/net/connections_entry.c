/*
 * connections_entry.c - one connection of the table: where it stands, and how
 * it ends; see connections_parts.h.
 */
#include "spillway/connections_parts.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spillway/addresses.h"

void connection_unlink(struct connection_list *list, struct connection *c)
{
    struct connection *before = c->links[list->links].before;
    struct connection *after = c->links[list->links].after;

    *(before ? &before->links[list->links].after : &list->head) = after;
    *(after ? &after->links[list->links].before : &list->tail) = before;
    list->count--;
}

/* Only handshakes can be a little out of order, since they count from accept.
 */
void connection_link(struct connection_list *list, struct connection *c)
{
    struct connection *before = list->tail, *after;

    while (list->links == LINKS_STATE && before &&
           before->since_ms > c->since_ms)
        before = before->links[list->links].before;
    after = before ? before->links[list->links].after : list->head;
    c->links[list->links].before = before;
    c->links[list->links].after = after;
    *(before ? &before->links[list->links].after : &list->head) = c;
    *(after ? &after->links[list->links].before : &list->tail) = c;
    list->count++;
}

void connection_note_served(struct connection *c)
{
    if (!c->is_unserved)
        return;
    connection_unlink(&c->table->unserved, c);
    c->is_unserved = false;
}

void connection_move(struct connection *c, enum connection_state state)
{
    connection_unlink(&c->table->lists[c->state], c);
    c->state = state;
    connection_link(&c->table->lists[state], c);
}

void connection_shut(struct connection *c, enum connection_end cause)
{
    c->end = cause;
    (void)shutdown(c->fd, SHUT_RDWR);
    connection_note_served(c);
    connection_move(c, CONNECTION_ENDING);
}

void connection_drop(struct connection *c)
{
    struct connections *table = c->table;

    if (table->limits.is_measured) {
        if (c->state == CONNECTION_HANDSHAKE)
            metrics_handshake_failed();
        metrics_connection_closed(c->end);
    }
    connection_note_served(c);
    connection_unlink(&table->lists[c->state], c);
    addresses_leave(table->addresses, c->address);
    table->count--;
    free(c);
    connections_tell_when_quiet(table);
}

void connection_enter(struct connection *c, enum connection_state state,
                      long long now_ms)
{
    struct connections *table = c->table;

    (void)pthread_mutex_lock(&table->lock);
    if (c->state != state && c->state != CONNECTION_ENDING) {
        c->since_ms = now_ms;
        connection_move(c, state);
        connections_tell_when_quiet(table);
    }
    (void)pthread_mutex_unlock(&table->lock);
}

void connection_serve(struct connection *c)
{
    (void)pthread_mutex_lock(&c->table->lock);
    connection_note_served(c);
    (void)pthread_mutex_unlock(&c->table->lock);
}

void connection_abort(struct connection *c, enum connection_end cause)
{
    (void)pthread_mutex_lock(&c->table->lock);
    if (c->state != CONNECTION_ENDING)
        connection_shut(c, cause);
    (void)pthread_mutex_unlock(&c->table->lock);
}

void connection_announce(struct connection *c, enum connection_end cause)
{
    (void)pthread_mutex_lock(&c->table->lock);
    if (c->end == CONNECTION_END_CLIENT)
        c->end = cause;
    (void)pthread_mutex_unlock(&c->table->lock);
}

bool connection_is_aged(const struct connection *c, long long now_ms)
{
    return c->ends_ms && now_ms >= c->ends_ms;
}
