/* load.c - see load.h for the contract. */
#include "load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "harness.h"
#include "server_process.h"

enum { ANSWER_SIZE = 256 * 1024 };

struct load {
    struct load_settings settings;
    pthread_t *threads;
    SSL_CTX *context;
    atomic_bool stops;
    atomic_ullong good, bad;
    pthread_mutex_t lock;
    char *first; /* what went wrong first, under the lock */
};

/* A client's connection, when it has one. */
struct link {
    struct load *load;
    int fd;
    SSL *tls;
    unsigned requests;
    char answer[ANSWER_SIZE];
};

static void note_bad(struct load *load, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    atomic_fetch_add(&load->bad, 1);
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    (void)pthread_mutex_lock(&load->lock);
    if (!load->first) {
        load->first = text;
        text = NULL;
    }
    (void)pthread_mutex_unlock(&load->lock);
    free(text);
}

static void link_close(struct link *link)
{
    SSL_free(link->tls);
    link->tls = NULL;
    if (link->fd >= 0)
        (void)close(link->fd);
    link->fd = -1;
    link->requests = 0;
    ERR_clear_error();
}

static bool link_open(struct link *link)
{
    const struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)link->load->settings.server->port),
        .sin_addr = { htonl(INADDR_LOOPBACK) },
    };
    int on = 1;

    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                     sizeof(patience));
    (void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    link->tls = SSL_new(link->load->context);
    if (link->fd >= 0 && link->tls && SSL_set_fd(link->tls, link->fd) == 1 &&
        connect(link->fd, (const struct sockaddr *)&address, sizeof(address)) ==
            0 &&
        SSL_connect(link->tls) == 1)
        return true;
    note_bad(link->load, "a connection could not be opened");
    link_close(link);
    return false;
}

/* Read one answer whole.  Returns its body, NULL when there is none. */
static const char *link_read(struct link *link)
{
    size_t len = 0, need = 0;
    char *body = NULL;

    while (!body || len < need) {
        int n = SSL_read(link->tls, link->answer + len,
                         (int)(sizeof(link->answer) - 1 - len));
        const char *length;

        if (n <= 0)
            return NULL;
        len += (size_t)n;
        link->answer[len] = '\0';
        body = strstr(link->answer, "\r\n\r\n");
        if (!body)
            continue;
        body += 4;
        length = strcasestr(link->answer, "\r\nContent-Length: ");
        if (!length || length > body)
            return NULL;
        need = (size_t)(body - link->answer) +
               strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
    }
    return body;
}

static bool is_right(const struct load_settings *s, const char *answer,
                     const char *body)
{
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        return false;
    if (!s->answers[0])
        return true;
    for (size_t i = 0; i < LOAD_ANSWERS; i++) {
        if (s->answers[i] && strcmp(body, s->answers[i]) == 0)
            return true;
    }
    return false;
}

static bool link_send(struct link *link)
{
    const struct load_settings *s = &link->load->settings;
    char head[200];
    int n = snprintf(head, sizeof(head),
                     "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     s->body_len);

    return SSL_write(link->tls, head, n) == n &&
           SSL_write(link->tls, s->body, (int)s->body_len) == (int)s->body_len;
}

static void link_ask(struct link *link)
{
    struct load *load = link->load;
    const char *body;

    if (!link->tls && !link_open(link))
        return;
    body = link_send(link) ? link_read(link) : NULL;
    if (!body) {
        note_bad(load, "request %u of its connection was not answered",
                 link->requests + 1);
        link_close(link);
        return;
    }
    link->requests++;
    if (is_right(&load->settings, link->answer, body))
        atomic_fetch_add(&load->good, 1);
    else
        note_bad(load, "a wrong answer:\n%.2000s", link->answer);
    if (strcasestr(link->answer, "\r\nConnection: close\r\n") ||
        link->requests == load->settings.per_connection)
        link_close(link);
}

static void *run(void *argument)
{
    struct load *load = argument;
    struct link *link = calloc(1, sizeof(*link));

    if (!link)
        return NULL;
    link->load = load;
    link->fd = -1;
    while (!atomic_load(&load->stops)) {
        link_ask(link);
        if (load->settings.pause_ms)
            (void)poll(NULL, 0, (int)load->settings.pause_ms);
    }
    link_close(link);
    free(link);
    return NULL;
}

struct load *load_start(const struct load_settings *settings)
{
    struct load *load = calloc(1, sizeof(*load));

    assert_non_null(load);
    load->settings = *settings;
    load->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(load->context);
    (void)pthread_mutex_init(&load->lock, NULL);
    load->threads = calloc(settings->clients, sizeof(pthread_t));
    assert_non_null(load->threads);
    for (unsigned i = 0; i < settings->clients; i++)
        assert_int_equal(pthread_create(&load->threads[i], NULL, run, load), 0);
    return load;
}

unsigned long long load_good(const struct load *load)
{
    return atomic_load(&load->good);
}

unsigned long long load_stop(struct load *load, char **first)
{
    unsigned long long bad;

    atomic_store(&load->stops, true);
    for (unsigned i = 0; i < load->settings.clients; i++)
        (void)pthread_join(load->threads[i], NULL);
    bad = atomic_load(&load->bad);
    *first = load->first;
    SSL_CTX_free(load->context);
    (void)pthread_mutex_destroy(&load->lock);
    free(load->threads);
    free(load);
    return bad;
}
