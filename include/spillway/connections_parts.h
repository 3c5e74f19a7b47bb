/*
 * connections_parts.h - the table of connections from the inside; only its own
 * files, connections.c, connections_entry.c and connections_sweep.c, use this.
 *
 * Each state has a list in the order in which its connections entered it.  All
 * of a list share one time limit, so that its head is due first, and a sweep
 * looks only at what is overdue.  One more list holds, oldest first, those that
 * have never completed a request.
 *
 * Every function here is called under the table's lock.
 */
#ifndef SPILLWAY_CONNECTIONS_PARTS_H
#define SPILLWAY_CONNECTIONS_PARTS_H

#include <pthread.h>
#include <stdint.h>

#include "spillway/connections.h"

struct address;
struct addresses;

/* Which list a pair of links belongs to. */
enum connection_links { LINKS_STATE, LINKS_UNSERVED, LINKS };

struct connection {
    struct connections *table;
    struct {
        struct connection *before, *after;
    } links[LINKS];
    enum connection_state state;
    enum connection_end end; /* why it ends; CLIENT until we know better */
    bool is_unserved;        /* in the table's list of these */
    long long since_ms;      /* in its state */
    long long ends_ms;       /* when it has been open for long enough; 0: never
                              */
    struct address *address; /* where it comes from; NULL: not counted */
    int fd;
};

struct connection_list {
    enum connection_links links;
    struct connection *head, *tail;
    size_t count;
    long long limit_ms; /* 0 for none */
};

struct connections {
    pthread_mutex_t lock;
    struct connections_limits limits;
    struct connection_list lists[CONNECTION_STATES];
    struct connection_list unserved;
    struct addresses *addresses; /* NULL when they are not limited */
    struct connection **by_fd;   /* n_slots of them */
    size_t n_slots, count;
    size_t most;           /* of `count` since somebody asked */
    uint64_t random;       /* for the ages */
    long long shortest_ms; /* of the lists' limits */
    int quiet_fd, wake_fd; /* eventfds to write to, or -1 */
};

/* Put in at the end; into the list of a state, by time of entry. */
void connection_link(struct connection_list *list, struct connection *c);
void connection_unlink(struct connection_list *list, struct connection *c);

void connection_move(struct connection *c, enum connection_state state);

/* It has a request to answer, or can have none any more. */
void connection_note_served(struct connection *c);

/* Shut it down; the library notices, and takes it out. */
void connection_shut(struct connection *c, enum connection_end cause);

/* Count and forget an entry that is in no slot any more. */
void connection_drop(struct connection *c);

/* Write to an eventfd; -1 is fine. */
void connections_tell(int event_fd);
void connections_tell_when_quiet(const struct connections *table);

#endif
