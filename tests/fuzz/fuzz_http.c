/*
 * fuzz_http.c - what a client sends, over a socket pair into the real server:
 * whatever it is, each answer is one of ours or the library's, none comes
 * without a request, and the connection ends with the client's half of it.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/log.h"
#include "spillway/policy.h"
#include "spillway/server.h"
#include "spillway/snapshot.h"
#include "spillway/webhook.h"

enum { PATIENCE_MS = 60000 };

/* The server lives as long as the process. */
static struct server *the_server(void)
{
    static atomic_bool draining;
    static struct server *server;
    struct webhook_settings webhook = { .path = "/mutate",
                                        .max_body = 65536,
                                        .max_inflight = 262144,
                                        .draining = &draining };
    struct server_settings settings = {
        .name = "webhook",
        .fd = -1,
        .threads = 1,
        .limits = { .max = 64,
                    .handshake_ms = 5000,
                    .idle_ms = 5000,
                    .request_ms = 5000 },
        .handler = &webhook_handler,
    };
    const struct policy_source source = { "built-in", policy_builtin() };
    struct snapshot parts = { 0 };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    if (server)
        return server;
    log_configure("error", "text");
    parts.policy = policy_set_parse(&source, 1, &mistakes, &err);
    webhook.snapshots = snapshots_new();
    fuzz_law(parts.policy && webhook.snapshots &&
                 snapshots_publish(webhook.snapshots, &parts),
             "the built-in policy is good", NULL);
    snapshot_drop_parts(&parts);
    settings.context = webhook_new(&webhook, &err);
    server = settings.context ? server_new(&settings, &err) : NULL;
    fuzz_law(server, "the server starts", err.text);
    return server;
}

/* A fuzzing engine has a timer of its own, whose signal interrupts. */
static bool is_ready(struct pollfd *fd)
{
    int n;

    do
        n = poll(fd, 1, PATIENCE_MS);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

/* Everything that comes back until the server closes. */
static void converse(int fd, const uint8_t *data, size_t size, struct buf *out)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };
    size_t sent = 0;

    for (;;) {
        char bytes[4096];
        ssize_t n;

        fuzz_law(is_ready(&poll_fd), "no client is left waiting", NULL);
        if (poll_fd.revents & POLLOUT) {
            n = send(fd, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent = n < 0 ? size : sent + (size_t)n;
            if (sent == size) {
                (void)shutdown(fd, SHUT_WR);
                poll_fd.events = POLLIN;
            }
        }
        if (!(poll_fd.revents & (POLLIN | POLLHUP | POLLERR)))
            continue;
        n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n <= 0)
            return;
        buf_add(out, bytes, (size_t)n);
    }
}

static size_t count(struct text text, const char *word)
{
    size_t found = 0, len = strlen(word);

    for (const char *at = text.data;
         text.len &&
         (at = memmem(at, text.len - (size_t)(at - text.data), word, len));
         at += len)
        found++;
    return found;
}

/* So that a server that hangs is found with the input that hung it. */
static void wait_quiet(struct server *server)
{
    for (int waited_ms = 0; server_busy(server) > 0; waited_ms++) {
        fuzz_law(waited_ms < PATIENCE_MS, "a connection ends when both close",
                 NULL);
        (void)poll(NULL, 0, waited_ms > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sockaddr_in from = { .sin_family = AF_INET };
    auto_buf struct buf out = { 0 };
    int ends[2];
    size_t good;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fuzz_law(server_adopt(the_server(), ends[0], (const struct sockaddr *)&from,
                          sizeof(from)),
             "there is room for one connection", NULL);
    converse(ends[1], data, size, &out);
    (void)close(ends[1]);
    wait_quiet(the_server());
    good = count(buf_text(&out), "HTTP/1.1 200 ");
    fuzz_law(out.len == 0 || memcmp(out.data, "HTTP/1.", 7) == 0,
             "an answer begins with a status line", out.data);
    fuzz_law(good <= count(fuzz_text(data, size), "AdmissionReview"),
             "only a review is answered with 200", out.data);
    return 0;
}
