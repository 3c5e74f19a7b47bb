/* address.c - see address.h for the contract. */
#include "spillway/address.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spillway/text.h"

enum { BACKLOG = 4096 }; /* the kernel lowers it to net.core.somaxconn */

/* "ADDR:PORT" in its two parts; an empty host is any address. */
struct endpoint {
    char host[256];
    char port[6];
};

static bool split(const char *text, struct endpoint *endpoint)
{
    const char *colon = strrchr(text, ':');
    struct text host;
    long long port;

    if (!colon || !isdigit((unsigned char)colon[1]) ||
        !text_parse_integer(text_of(colon + 1), &port) || port > 65535)
        return false;
    host = (struct text){ text, (size_t)(colon - text) };
    if (host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (struct text){ host.data + 1, host.len - 2 };
    else if (host.len && memchr(host.data, ':', host.len))
        return false; /* IPv6 without brackets is ambiguous */
    if (host.len >= sizeof(endpoint->host))
        return false;
    (void)snprintf(endpoint->host, sizeof(endpoint->host), "%.*s",
                   TEXT_ARG(host));
    (void)snprintf(endpoint->port, sizeof(endpoint->port), "%lld", port);
    return true;
}

/* A bound and listening socket, or -1 with errno set. */
static int listen_on(const struct addrinfo *info)
{
    int on = 1, off = 0, saved;
    int fd =
        socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

/* Try what the host resolves to.  Returns a socket, or -1 with errno set; *code
 * is getaddrinfo's when it found nothing. */
static int try_listen(const char *host, const char *port, int *code)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    struct addrinfo *list = NULL;
    int fd = -1;

    *code = getaddrinfo(host, port, &hints, &list);
    if (*code != 0)
        return -1;
    for (const struct addrinfo *i = list; i && fd < 0; i = i->ai_next) {
        fd = listen_on(i);
        if (fd < 0 && errno == EADDRINUSE)
            break; /* another address would not be what was asked for */
    }
    freeaddrinfo(list);
    return fd;
}

static bool no_ipv6(int code)
{
    return code == EAI_ADDRFAMILY || errno == EAFNOSUPPORT ||
           errno == EADDRNOTAVAIL;
}

bool address_listen(const char *text, int *fd, struct error *err)
{
    struct endpoint endpoint;
    bool any;
    int code, found;

    if (!split(text, &endpoint))
        return error_set(err, ERROR_INVALID,
                         "'%s' is not ADDR:PORT (examples: 127.0.0.1:8443, "
                         "[::1]:8443, :8443 for any address)",
                         text);
    any = !*endpoint.host || strcmp(endpoint.host, "::") == 0;
    errno = 0;
    found = try_listen(any ? "::" : endpoint.host, endpoint.port, &code);
    if (found < 0 && any && no_ipv6(code))
        found = try_listen("0.0.0.0", endpoint.port, &code);
    if (found >= 0) {
        *fd = found;
        return true;
    }
    if (code != 0 && code != EAI_SYSTEM)
        return error_set(err, ERROR_INVALID, "%s: %s", text,
                         gai_strerror(code));
    return error_set(err, ERROR_SYSTEM, "%s: %s%s", text, strerror(errno),
                     errno == EADDRINUSE
                         ? " (stop the program that has it, or choose another "
                           "port; 0 takes a free one)"
                         : "");
}

void address_local(int fd, char out[ADDRESS_TEXT])
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address);
    char host[48] = "?", port[8] = "?";

    (void)getsockname(fd, (struct sockaddr *)&address, &len);
    (void)getnameinfo((const struct sockaddr *)&address, len, host,
                      sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(out, ADDRESS_TEXT,
                   address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                   port);
}
