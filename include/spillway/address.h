/*
 * address.h - listening sockets, and what their addresses are called.
 */
#ifndef SPILLWAY_ADDRESS_H
#define SPILLWAY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "spillway/error.h"
#include "spillway/macros.h"

enum { ADDRESS_TEXT = 64 }; /* enough for [IPv6]:PORT and its NUL */

/*
 * Open a listening TCP socket (non-blocking, close-on-exec) on "ADDR:PORT",
 * "[IPV6]:PORT" or ":PORT", which is any address.  Port 0 takes a free one.
 * Any address, also written `[::]`, means IPv4 and IPv6, or IPv4 alone where
 * IPv6 is off.  Sets *fd, which the caller closes.  Fails with INVALID when the
 * text is no address and SYSTEM when the machine refuses; the text says what
 * to do about it.
 */
bool address_listen(const char *text, int *fd, struct error *err) must_check;

/* Write the local address of a socket as ADDR:PORT. */
void address_local(int fd, char out[ADDRESS_TEXT]);

#endif
