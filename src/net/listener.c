/* listener.c - see listener.h for the contract. */
#include "spillway/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "spillway/connections.h"
#include "spillway/log.h"

enum {
    ACCEPT_BATCH = 64,   /* connections between two looks at the deadlines */
    ACCEPT_PAUSE = 100,  /* ms without accepting when the machine is short */
    JAM_PAUSE = 2,       /* ms without accepting when the library is behind */
    BACKLOG_MAX = 4096,  /* connections taken when the socket is to close */
    COMPLAINT_GAP = 1000 /* ms between two complaints of one kind */
};

enum wish { WISH_ACCEPT, WISH_CLOSE, WISH_END };

/* Something that can happen thousands of times a second. */
struct complaint {
    const char *message;
    unsigned long long count; /* since it was last logged */
    long long next_ms;
};

struct listener {
    struct listener_settings settings;
    pthread_t thread;
    int wake_fd; /* eventfd: look at `wish` */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum wish wish; /* under `lock` */
    bool closed;    /* under `lock`: the socket is */

    /* The thread's own. */
    long long resume_ms; /* no accept(2) before */
    struct complaint made_room, full, address_full, short_of_resources;
};

long long listener_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void complain(struct listener *listener, struct complaint *complaint,
                     long long now_ms, const char *why)
{
    complaint->count++;
    if (now_ms < complaint->next_ms)
        return;
    log_event(LOG_LEVEL_WARN, complaint->message,
              log_string("port", listener->settings.name),
              log_number("times", complaint->count), log_string("why", why));
    complaint->count = 0;
    complaint->next_ms = now_ms + COMPLAINT_GAP;
}

static void count_overload(const struct listener *listener, enum overload cause)
{
    if (listener->settings.is_measured)
        metrics_overload(cause);
}

/* Say what became of a connection that did not simply enter the table. */
static void note_entry(struct listener *listener, enum connections_entry entry,
                       long long now_ms)
{
    switch (entry) {
    case CONNECTIONS_ENTERED:
        break;
    case CONNECTIONS_MADE_ROOM:
        complain(listener, &listener->made_room, now_ms,
                 "as many as may be open at once");
        break;
    case CONNECTIONS_FULL:
        count_overload(listener, OVERLOAD_CONNECTIONS);
        complain(listener, &listener->full, now_ms,
                 "as many as may be open at once, and all have been served");
        break;
    case CONNECTIONS_ADDRESS_FULL:
        count_overload(listener, OVERLOAD_ADDRESS);
        complain(listener, &listener->address_full, now_ms,
                 "as many as one address may have");
        break;
    case CONNECTIONS_NO_MEMORY:
        complain(listener, &listener->short_of_resources, now_ms,
                 strerror(ENOMEM));
        break;
    }
}

bool listener_hand_over(struct listener *listener, int fd,
                        const struct sockaddr *from, socklen_t len)
{
    struct listener_settings *s = &listener->settings;
    long long now_ms = listener_now();
    enum connections_entry entry =
        connections_add(s->connections, fd, from, now_ms);
    int on = 1;

    note_entry(listener, entry, now_ms);
    if (!connections_entered(entry)) {
        (void)close(fd);
        return false;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (s->sink(s->context, fd, from, len))
        return true;
    connections_remove(s->connections, fd);
    complain(listener, &listener->short_of_resources, now_ms,
             "the HTTP library refused it");
    return false;
}

/* Errors that belong to the one connection, or pass by themselves; see
 * accept(2), "Error handling". */
static bool is_passing(int code)
{
    return code == EINTR || code == ECONNABORTED || code == EPROTO ||
           code == ENOPROTOOPT || code == EHOSTDOWN || code == ENONET ||
           code == EHOSTUNREACH || code == EOPNOTSUPP || code == ENETDOWN ||
           code == ENETUNREACH || code == EPERM;
}

/* What is left to be accepted. */
enum backlog {
    BACKLOG_MORE,    /* perhaps something */
    BACKLOG_NONE,    /* nothing, for now */
    BACKLOG_WAITING, /* something, when there is room again */
};

/* accept(2) has failed. */
static enum backlog accept_failed(struct listener *listener, int code)
{
    long long now_ms = listener_now();

    if (code == EAGAIN)
        return BACKLOG_NONE;
    if (is_passing(code))
        return BACKLOG_MORE;
    complain(listener, &listener->short_of_resources, now_ms, strerror(code));
    /* Its descriptor will be free by then. */
    (void)connections_make_room(listener->settings.connections);
    listener->resume_ms = now_ms + ACCEPT_PAUSE;
    return BACKLOG_WAITING;
}

/* Accept up to `limit` connections. */
static enum backlog accept_some(struct listener *listener, int limit)
{
    enum backlog left = BACKLOG_MORE;

    for (int i = 0; i < limit && left == BACKLOG_MORE; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof(address);
        int fd;

        if (connections_is_jammed(listener->settings.connections)) {
            listener->resume_ms = listener_now() + JAM_PAUSE;
            return BACKLOG_WAITING;
        }
        fd = accept4(listener->settings.fd, (struct sockaddr *)&address, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            (void)listener_hand_over(listener, fd,
                                     (const struct sockaddr *)&address, len);
        else
            left = accept_failed(listener, errno);
    }
    return left;
}

/* Clients that have connected already are not turned away; a flood cannot hold
 * us here either. */
static void accept_backlog(struct listener *listener)
{
    int batches = BACKLOG_MAX / ACCEPT_BATCH;
    enum backlog left = BACKLOG_MORE;

    while (left != BACKLOG_NONE && batches-- > 0) {
        left = accept_some(listener, ACCEPT_BATCH);
        if (left == BACKLOG_WAITING)
            (void)poll(NULL, 0, JAM_PAUSE);
    }
}

static void close_socket(struct listener *listener)
{
    if (listener->settings.fd >= 0)
        (void)close(listener->settings.fd);
    listener->settings.fd = -1;
    (void)pthread_mutex_lock(&listener->lock);
    listener->closed = true;
    (void)pthread_cond_broadcast(&listener->changed);
    (void)pthread_mutex_unlock(&listener->lock);
}

static enum wish current_wish(struct listener *listener)
{
    enum wish wish;

    (void)pthread_mutex_lock(&listener->lock);
    wish = listener->wish;
    (void)pthread_mutex_unlock(&listener->lock);
    return wish;
}

/* Wait until something is to be done, at most `timeout_ms`. */
static void wait_for_work(struct listener *listener, long long timeout_ms)
{
    long long pause_ms = listener->resume_ms - listener_now();
    bool paused = pause_ms > 0;
    struct pollfd fds[] = {
        { .fd = listener->wake_fd, .events = POLLIN },
        { .fd = paused ? -1 : listener->settings.fd, .events = POLLIN },
    };

    if (paused && timeout_ms > pause_ms)
        timeout_ms = pause_ms;
    if (poll(fds, 2, (int)(timeout_ms < 60000 ? timeout_ms : 60000)) <= 0)
        return;
    if (fds[0].revents)
        (void)!read(listener->wake_fd, &(uint64_t){ 0 }, sizeof(uint64_t));
    if (fds[1].revents)
        (void)accept_some(listener, ACCEPT_BATCH);
}

static void *listener_run(void *argument)
{
    struct listener *listener = argument;
    struct connections *table = listener->settings.connections;

    for (;;) {
        enum wish wish = current_wish(listener);

        if (wish == WISH_END)
            break;
        if (wish == WISH_CLOSE && listener->settings.fd >= 0) {
            accept_backlog(listener);
            close_socket(listener);
        }
        wait_for_work(listener, connections_sweep(table, listener_now()));
    }
    close_socket(listener);
    return NULL;
}

static void set_wish(struct listener *listener, enum wish wish)
{
    (void)pthread_mutex_lock(&listener->lock);
    if (wish > listener->wish)
        listener->wish = wish;
    (void)pthread_mutex_unlock(&listener->lock);
    (void)!write(listener->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void release(struct listener *listener)
{
    if (listener->wake_fd >= 0)
        (void)close(listener->wake_fd);
    if (listener->settings.fd >= 0)
        (void)close(listener->settings.fd);
    (void)pthread_cond_destroy(&listener->changed);
    (void)pthread_mutex_destroy(&listener->lock);
    free(listener);
}

struct listener *listener_new(const struct listener_settings *settings,
                              struct error *err)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    int code;

    if (!listener) {
        if (settings->fd >= 0)
            (void)close(settings->fd);
        (void)error_no_memory(err);
        return NULL;
    }
    listener->settings = *settings;
    listener->made_room.message =
        "limit reached: closed connections that never completed a request";
    listener->full.message = "limit reached: closed new connections";
    listener->address_full.message = "address limit reached: closed new "
                                     "connections";
    listener->short_of_resources.message = "cannot accept connections";
    (void)pthread_mutex_init(&listener->lock, NULL);
    (void)pthread_cond_init(&listener->changed, NULL);
    listener->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    code = listener->wake_fd < 0 ? errno
                                 : pthread_create(&listener->thread, NULL,
                                                  listener_run, listener);
    if (code == 0) {
        connections_wake(settings->connections, listener->wake_fd);
        return listener;
    }
    (void)error_set(err, ERROR_SYSTEM, "starting the %s listener: %s",
                    settings->name, strerror(code));
    release(listener);
    return NULL;
}

void listener_close(struct listener *listener)
{
    set_wish(listener, WISH_CLOSE);
    (void)pthread_mutex_lock(&listener->lock);
    while (!listener->closed)
        (void)pthread_cond_wait(&listener->changed, &listener->lock);
    (void)pthread_mutex_unlock(&listener->lock);
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    connections_wake(listener->settings.connections, -1);
    set_wish(listener, WISH_END);
    (void)pthread_join(listener->thread, NULL);
    release(listener);
}
