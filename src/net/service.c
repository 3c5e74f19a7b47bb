/* service.c - see service.h for the contract. */
#include "spillway/service.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "spillway/address.h"
#include "spillway/admin.h"
#include "spillway/limits.h"
#include "spillway/listener.h"
#include "spillway/log.h"
#include "spillway/reload.h"
#include "spillway/server.h"
#include "spillway/signals.h"
#include "spillway/webhook.h"

enum {
    ADMIN_CONNECTIONS = 256,
    ADMIN_IDLE_MS = 5000, /* so that nobody can sit there for long */
    ADMIN_REQUEST_MS = 10000,
    SPARE_DESCRIPTORS = 64, /* besides those of the connections */
    SETTLE_MS = 200,        /* without a request before the end of a drain */
};

struct service {
    struct service_settings settings;
    atomic_bool draining;
    struct webhook *webhook;
    struct admin admin;
    struct server *webhook_server, *admin_server;
    int webhook_fd, admin_fd; /* until a server owns them; else -1 */
    int signal_fd;            /* borrowed */
    int quiet_fd;
    size_t most;    /* connections since memory was last given back */
    unsigned trims; /* looks at which that is to be done */
};

/* Each connection takes a descriptor; containers often start with 1024. */
static void raise_descriptor_limit(const struct service_settings *settings)
{
    size_t need = connections_descriptors(settings->max_connections) +
                  connections_descriptors(ADMIN_CONNECTIONS) +
                  SPARE_DESCRIPTORS;
    size_t limit = limits_descriptors(need);

    if (limit < need)
        log_event(LOG_LEVEL_WARN,
                  "fewer descriptors than --max-connections needs",
                  log_number("limit", limit), log_number("needed", need));
}

static bool open_ports(struct service *service, struct error *err)
{
    const struct service_settings *s = &service->settings;

    if (!address_listen(s->listen, &service->webhook_fd, err))
        return error_wrap(err, "--listen");
    if (!address_listen(s->admin, &service->admin_fd, err))
        return error_wrap(err, "--admin");
    return true;
}

static bool start_webhook(struct service *service, struct error *err)
{
    const struct service_settings *s = &service->settings;
    const struct webhook_settings webhook = {
        .snapshots = s->snapshots,
        .recorder = s->recorder,
        .path = s->path,
        .max_body = s->max_body,
        .max_inflight = s->max_inflight,
        .slow_ms = s->slow_ms,
        .draining = &service->draining,
    };
    struct server_settings server = {
        .name = "webhook",
        .fd = service->webhook_fd,
        .snapshots = s->snapshots,
        .threads = s->threads,
        .limits = { .max = s->max_connections,
                    .max_per_address = s->max_per_address,
                    .handshake_ms = s->handshake_ms,
                    .idle_ms = s->idle_ms,
                    .request_ms = s->request_ms,
                    .age_ms = s->age_ms,
                    .is_measured = true },
        .handler = &webhook_handler,
    };

    service->webhook = webhook_new(&webhook, err);
    if (!service->webhook)
        return false;
    server.context = service->webhook;
    service->webhook_fd = -1;
    service->webhook_server = server_new(&server, err);
    return service->webhook_server;
}

static bool start_admin(struct service *service, struct error *err)
{
    const struct server_settings server = {
        .name = "admin",
        .fd = service->admin_fd,
        .threads = 1,
        .limits = { .max = ADMIN_CONNECTIONS,
                    .handshake_ms = ADMIN_REQUEST_MS,
                    .idle_ms = ADMIN_IDLE_MS,
                    .request_ms = ADMIN_REQUEST_MS },
        .handler = &admin_handler,
        .context = &service->admin,
    };

    service->admin.snapshots = service->settings.snapshots;
    service->admin.reload = service->settings.reload;
    service->admin.draining = &service->draining;
    service->admin_fd = -1;
    service->admin_server = server_new(&server, err);
    return service->admin_server;
}

static bool start(struct service *service, struct error *err)
{
    const struct service_settings *s = &service->settings;
    char webhook[ADDRESS_TEXT], admin[ADDRESS_TEXT];
    char message[sizeof("listening on ") + ADDRESS_TEXT];

    service->quiet_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (service->quiet_fd < 0)
        return error_set(err, ERROR_SYSTEM, "preparing for the drain: %s",
                         strerror(errno));
    raise_descriptor_limit(s);
    if (!open_ports(service, err))
        return false;
    address_local(service->webhook_fd, webhook);
    address_local(service->admin_fd, admin);
    if (!start_webhook(service, err) || !start_admin(service, err))
        return false;
    (void)snprintf(message, sizeof(message), "listening on %s", webhook);
    if (log_is_json())
        log_event(LOG_LEVEL_INFO, "listening", log_string("addr", webhook),
                  log_string("admin", admin));
    else
        log_event(LOG_LEVEL_INFO, message, log_string("admin", admin));
    return true;
}

/* Milliseconds until then, as poll(2) wants them. */
static int left_ms(long long end_ms)
{
    long long left = end_ms - listener_now();

    if (left < 0)
        return 0;
    return left < INT32_MAX ? (int)left : INT32_MAX;
}

/* After a crowd has gone, the allocator keeps what it took for all of them. */
static void give_memory_back(struct service *service)
{
    enum { CROWD = 64, FEW_OF = 4, LOOKS = 2 };
    size_t most, now = server_connections(service->webhook_server, &most);

    if (most > service->most)
        service->most = most;
    if (service->most >= CROWD && now <= service->most / FEW_OF) {
        service->most = now;
        service->trims = LOOKS; /* the last may just be going */
    }
    if (service->trims > 0) {
        service->trims--;
        (void)malloc_trim(0);
    }
}

/* What a signal asks for besides an end. */
static void obey(struct service *service, int signal)
{
    const char *level;

    if (signal == SIGHUP) {
        reload_all(service->settings.reload, listener_now());
        return;
    }
    /* Said while more is shown. */
    if (signal == SIGUSR2)
        log_event(LOG_LEVEL_INFO, "showing one level of log less");
    level = log_step(signal == SIGUSR1 ? 1 : -1);
    if (signal == SIGUSR1)
        log_event(LOG_LEVEL_INFO, "showing one level of log more",
                  log_string("level", level));
}

/* Wait for an event, at most until `end_ms` (negative: for ever), and see to
 * everything but the end.  Returns the number of the signal that asks for
 * that, or 0. */
static int wait_event(struct service *service, long long end_ms)
{
    struct reload *reload = service->settings.reload;
    struct pollfd fds[] = {
        { .fd = service->signal_fd, .events = POLLIN },
        { .fd = service->quiet_fd, .events = POLLIN },
        { .fd = reload_fd(reload), .events = POLLIN },
    };
    long long due_ms = reload_due_ms(reload);
    int signal;

    (void)poll(fds, array_len(fds),
               left_ms(end_ms >= 0 && end_ms < due_ms ? end_ms : due_ms));
    if (fds[2].revents)
        reload_stir(reload, listener_now());
    reload_look(reload, listener_now());
    give_memory_back(service);
    signal = signals_read(service->signal_fd);
    if (signal == 0 || signal == SIGTERM || signal == SIGINT)
        return signal;
    obey(service, signal);
    return 0;
}

/* Wait for a signal, or until `end_ms` (negative: for ever). */
static int wait_signal(struct service *service, long long end_ms)
{
    int signal = 0;

    while (!signal && (end_ms < 0 || listener_now() < end_ms))
        signal = wait_event(service, end_ms);
    return signal;
}

/*
 * Wait until nothing is in flight on the webhook port, and has not been for a
 * moment: a client that has just connected is about to send its request.  The
 * event says that a request has ended, so the moment begins anew with it.
 */
static int wait_quiet(struct service *service, long long end_ms)
{
    long long settled_ms = listener_now() + SETTLE_MS;

    while (listener_now() < end_ms) {
        bool busy = server_busy(service->webhook_server) > 0;
        int signal;

        if (!busy && listener_now() >= settled_ms)
            return 0;
        signal = wait_event(service,
                            !busy && settled_ms < end_ms ? settled_ms : end_ms);
        if (signal)
            return signal;
        if (read(service->quiet_fd, &(uint64_t){ 0 }, sizeof(uint64_t)) > 0)
            settled_ms = listener_now() + SETTLE_MS;
    }
    return 0;
}

static bool interrupted(int signal)
{
    log_event(LOG_LEVEL_WARN, "second signal, stopping at once",
              log_string("signal", sigabbrev_np(signal)));
    return false;
}

bool service_run(struct service *service)
{
    const struct service_settings *s = &service->settings;
    int signal = wait_signal(service, -1);
    long long drain_ms = signal == SIGTERM ? s->drain_ms : 0;

    atomic_store(&service->draining, true);
    log_event(LOG_LEVEL_INFO, "draining",
              log_string("signal", sigabbrev_np(signal)),
              log_number("accepting_ms", (unsigned long long)drain_ms));
    signal = wait_signal(service, listener_now() + drain_ms);
    if (signal)
        return interrupted(signal);
    server_close(service->webhook_server);
    server_notify(service->webhook_server, service->quiet_fd);
    signal = wait_quiet(service, listener_now() + s->request_ms);
    if (signal)
        return interrupted(signal);
    server_notify(service->webhook_server, -1);
    log_event(LOG_LEVEL_INFO, "stopped",
              log_number("unfinished", server_busy(service->webhook_server)));
    return true;
}

struct service *service_new(const struct service_settings *settings,
                            int signal_fd, struct error *err)
{
    auto_service struct service *service = calloc(1, sizeof(*service));

    if (!service) {
        (void)error_no_memory(err);
        return NULL;
    }
    service->settings = *settings;
    service->webhook_fd = service->admin_fd = -1;
    service->signal_fd = signal_fd;
    service->quiet_fd = -1;
    return start(service, err) ? take(&service) : NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void service_free(struct service *service)
{
    if (!service)
        return;
    server_free(service->webhook_server);
    server_free(service->admin_server);
    webhook_free(service->webhook);
    close_fd(service->webhook_fd);
    close_fd(service->admin_fd);
    close_fd(service->quiet_fd);
    free(service);
}
