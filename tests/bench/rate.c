/*
 * rate.c - how long answers take at a given rate.
 *
 * rate PORT CONNECTIONS RATE SECONDS REVIEW
 *     POST the file REVIEW to loopback over TLS, RATE times a second over so
 *     many connections, whether or not answers are late: what waits for a free
 *     connection waits on the clock.  JSON on stdout, microseconds from when a
 *     request was due to the last byte of its answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "process.h"
#include "spillway/buf.h"
#include "spillway/file.h"

enum { MAX_CONNECTIONS = 1000, EVENTS = 64 };

struct connection {
    int fd;
    SSL *tls;
    bool busy;
    double due;
    size_t left; /* bytes of the answer; 0 before its head */
};

struct run {
    struct connection *connections;
    size_t count, first_free; /* where to look for one that is free */
    struct buf request;
    double start, rate;
    size_t sent, done, wanted;
    double *took; /* seconds */
    int epoll;
};

static void open_connection(struct run *run, struct connection *c, SSL_CTX *tls,
                            unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->tls = SSL_new(tls);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        die("rate: port %u: cannot connect", port);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (SSL_set_fd(c->tls, c->fd) != 1 || SSL_connect(c->tls) != 1)
        die("rate: the handshake fails");
    (void)epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static struct connection *free_connection(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct connection *c =
            &run->connections[(run->first_free + i) % run->count];

        if (!c->busy) {
            run->first_free = (run->first_free + i + 1) % run->count;
            return c;
        }
    }
    return NULL;
}

/* Send what is due. */
static void send_due(struct run *run)
{
    while (run->sent < run->wanted) {
        double due = run->start + (double)run->sent / run->rate;
        struct connection *c;

        if (due > now_seconds() || !(c = free_connection(run)))
            return;
        c->busy = true;
        c->due = due;
        run->sent++;
        if (SSL_write(c->tls, run->request.data, (int)run->request.len) <= 0)
            die("rate: the server has closed");
    }
}

static void finish(struct run *run, struct connection *c)
{
    run->took[run->done++] = now_seconds() - c->due;
    c->busy = false;
}

/* Read what there is.  Answers are short: a head comes whole. */
static void receive(struct run *run, struct connection *c)
{
    char bytes[16384];

    do {
        int n = SSL_read(c->tls, bytes, sizeof(bytes) - 1);
        size_t got = n > 0 ? (size_t)n : 0;

        if (n <= 0)
            die("rate: the server has closed");
        bytes[n] = '\0';
        if (c->left == 0) {
            const char *end = strstr(bytes, "\r\n\r\n");
            const char *length = strcasestr(bytes, "\r\nContent-Length:");

            if (!end || !length || strncmp(bytes, "HTTP/1.1 200 ", 13) != 0)
                die("rate: not the answer that was expected: %.40s", bytes);
            c->left = strtoul(length + 17, NULL, 10);
            got -= (size_t)(end + 4 - bytes);
        }
        c->left -= got < c->left ? got : c->left;
        if (c->left == 0)
            finish(run, c);
    } while (SSL_pending(c->tls) > 0);
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double percentile(const struct run *run, double share)
{
    return run->took[(size_t)(share * (double)(run->done - 1))] * 1e6;
}

static void prepare(struct run *run, char **words)
{
    struct error err = { 0 };
    struct buf body = { 0 };
    double seconds = strtod(words[4], NULL);

    run->count = strtoul(words[2], NULL, 10);
    run->rate = strtod(words[3], NULL);
    run->wanted = (size_t)(run->rate * seconds);
    if (run->count == 0 || run->count > MAX_CONNECTIONS || run->wanted == 0)
        die("rate: bad numbers");
    if (!file_read(words[5], SIZE_MAX, &body, &err))
        die("%s", err.text);
    buf_printf(&run->request,
               "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               body.len);
    buf_add_text(&run->request, buf_text(&body));
    buf_done(&body);
    run->took = calloc(run->wanted, sizeof(double));
    run->connections = calloc(run->count, sizeof(*run->connections));
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!run->took || !run->connections)
        die("no memory");
}

int main(int argc, char **argv)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    struct run run = { 0 };
    double elapsed;

    if (argc != 6)
        die("usage: rate PORT CONNECTIONS RATE SECONDS REVIEW");
    prepare(&run, argv);
    for (size_t i = 0; i < run.count; i++)
        open_connection(&run, &run.connections[i], tls,
                        (unsigned)strtoul(argv[1], NULL, 10));
    run.start = now_seconds();
    while (run.done < run.wanted) {
        struct epoll_event events[EVENTS];
        int n;

        send_due(&run);
        n = epoll_wait(run.epoll, events, EVENTS, 0);
        for (int i = 0; i < n; i++)
            receive(&run, events[i].data.ptr);
    }
    elapsed = now_seconds() - run.start;
    qsort(run.took, run.done, sizeof(double), compare);
    printf("{\"rate\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, "
           "\"max\": %.1f}\n",
           (double)run.done / elapsed, percentile(&run, 0.5),
           percentile(&run, 0.9), percentile(&run, 0.99), percentile(&run, 1));
    return 0;
}
