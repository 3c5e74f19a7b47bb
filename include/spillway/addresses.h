/*
 * addresses.h - how many connections each client address has.
 *
 * An IPv4 client is its address, mapped or not; an IPv6 client is its /64,
 * the least that one site is given (RFC 6177).  Not thread-safe: the table of
 * connections, whose part it is, has the lock.
 */
#ifndef SPILLWAY_ADDRESSES_H
#define SPILLWAY_ADDRESSES_H

#include <stddef.h>

struct address;
struct addresses;
struct sockaddr;

/* An empty set that finds its members quickly up to about `expected` of them.
 * NULL when memory is short.  Released with addresses_free(), when every
 * connection has left. */
struct addresses *addresses_new(size_t expected);
void addresses_free(struct addresses *addresses);

/* Count one more connection of that address; returns what is handed to
 * addresses_leave() when it ends.  NULL when memory is short. */
struct address *addresses_enter(struct addresses *addresses,
                                const struct sockaddr *from);

/* How many connections the address has, that one included. */
size_t address_count(const struct address *address);

/* One connection less; NULL is fine. */
void addresses_leave(struct addresses *addresses, struct address *address);

#endif
