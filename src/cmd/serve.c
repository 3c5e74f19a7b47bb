/*
 * serve.c - `spillway serve`: prove everything, open the ports, serve, drain.
 */
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "spillway/account.h"
#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/limits.h"
#include "spillway/listener.h"
#include "spillway/log.h"
#include "spillway/macros.h"
#include "spillway/record.h"
#include "spillway/reload.h"
#include "spillway/service.h"
#include "spillway/signals.h"
#include "spillway/snapshot.h"

enum { MAX_DEFAULT_THREADS = 4 };

struct serve_settings {
    const char *log_level, *log_format;
    struct option_list client_names;
    const char *record;
    unsigned record_limit;
    size_t record_bytes;
    struct sources files;
    struct service_settings service;
};

#define AT(member) offsetof(struct serve_settings, member)

/* clang-format off */
static const struct option options[] = {
    { "cert", 0, OPTION_STRING, AT(files.certificate), "FILE",
      "certificate and its issuers, PEM (required)", NULL, 0, 0 },
    { "key", 0, OPTION_STRING, AT(files.key), "FILE",
      "its private key, PEM (required)", NULL, 0, 0 },
    { "policy", 0, OPTION_STRING, AT(files.policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
    { "client-ca", 0, OPTION_STRING, AT(files.client_ca), "FILE",
      "admit only clients of these CAs, PEM", NULL, 0, 0 },
    { "client-name", 0, OPTION_LIST, AT(client_names), "NAME",
      "and only those named so; may be repeated", NULL, 0, 0 },
    { "listen", 0, OPTION_STRING, AT(service.listen), "ADDR:PORT",
      "webhook, TLS (default [::]:8443, IPv4 too)", NULL, 0, 0 },
    { "admin", 0, OPTION_STRING, AT(service.admin), "ADDR:PORT",
      "health and metrics, HTTP (default :8080)", NULL, 0, 0 },
    { "path", 0, OPTION_STRING, AT(service.path), "PATH",
      "where reviews are posted (default /mutate)", NULL, 0, 0 },
    { "shadow", 0, OPTION_FLAG, AT(files.shadow), NULL,
      "decide, log and count, but send no patch", NULL, 0, 0 },
    { "threads", 0, OPTION_UNSIGNED, AT(service.threads), "N",
      "serving threads (default: CPUs, at most 4)", NULL, 1, 256 },
    { "max-connections", 0, OPTION_UNSIGNED, AT(service.max_connections), "N",
      "connections at once (default 2048)", NULL, 1, 1000000 },
    { "max-per-address", 0, OPTION_UNSIGNED, AT(service.max_per_address), "N",
      "connections of one address (default 0: any)", NULL, 0, 1000000 },
    { "max-body", 0, OPTION_SIZE, AT(service.max_body), "SIZE",
      "largest review (default 8Mi)", NULL, 0, 0 },
    { "max-inflight-bytes", 0, OPTION_SIZE, AT(service.max_inflight), "SIZE",
      "all reviews held at once (default 64Mi)", NULL, 0, 0 },
    { "handshake-timeout", 0, OPTION_DURATION, AT(service.handshake_ms), "DURATION",
      "from accept to handshake done (default 5s)", NULL, 0, 0 },
    { "request-timeout", 0, OPTION_DURATION, AT(service.request_ms), "DURATION",
      "from request to answer sent (default 10s)", NULL, 0, 0 },
    { "idle-timeout", 0, OPTION_DURATION, AT(service.idle_ms), "DURATION",
      "without a byte of a request (default 150s)", NULL, 0, 0 },
    { "max-age", 0, OPTION_DURATION, AT(service.age_ms), "DURATION",
      "end connections that old (default 10m)", NULL, 0, 0 },
    { "drain", 0, OPTION_DURATION, AT(service.drain_ms), "DURATION",
      "still accept after SIGTERM (default 15s)", NULL, 0, 0 },
    { "record", 0, OPTION_STRING, AT(record), "DIR",
      "write redacted reviews there, as test cases", NULL, 0, 0 },
    { "record-limit", 0, OPTION_UNSIGNED, AT(record_limit), "N",
      "cases in DIR at most (default 1000)", NULL, 1, 1000000 },
    { "record-bytes", 0, OPTION_SIZE, AT(record_bytes), "SIZE",
      "bytes in DIR at most (default 256Mi)", NULL, 0, 0 },
    { "log-level", 0, OPTION_CHOICE, AT(log_level), "LEVEL",
      "error, warn, info or debug (default info)",
      "error|warn|info|debug", 0, 0 },
    { "log-format", 0, OPTION_CHOICE, AT(log_format), "FORMAT",
      "text or json (default text)", "text|json", 0, 0 },
    { "slow-request", 0, OPTION_DURATION, AT(service.slow_ms), "DURATION",
      "log slower requests; 0: none (default 1s)", NULL, 0, 0 },
};
/* clang-format on */

static unsigned default_threads(void)
{
    cpu_set_t cpus;
    int count;

    if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
        return MAX_DEFAULT_THREADS;
    count = CPU_COUNT(&cpus);
    return count < MAX_DEFAULT_THREADS ? (unsigned)count : MAX_DEFAULT_THREADS;
}

/* A path that needs no escaping, so that it can be compared as it comes. */
static bool is_plain_path(const char *path)
{
    return path[0] == '/' &&
           strspn(path, "/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(path);
}

/* Says every mistake, not only the first. */
static int check_settings(const struct command *command,
                          const struct serve_settings *s)
{
    int status = STATUS_OK;

    if (!s->files.certificate)
        status = command_usage(command, "--cert is required (`spillway certs "
                                        "issue` makes a pair)");
    if (!s->files.key)
        status = command_usage(command, "--key is required (`spillway certs "
                                        "issue` makes a pair)");
    if (!is_plain_path(s->service.path))
        status =
            command_usage(command, "--path: '%s' is not a path such as /mutate",
                          s->service.path);
    if (s->service.handshake_ms == 0 || s->service.request_ms == 0 ||
        s->service.idle_ms == 0)
        status = command_usage(command, "a timeout of 0 would end everything "
                                        "at once");
    if (s->service.max_body == 0)
        status =
            command_usage(command, "--max-body: 0 would refuse everything");
    if (s->service.max_inflight < s->service.max_body)
        status = command_usage(command, "--max-inflight-bytes: less than "
                                        "--max-body would refuse what that "
                                        "allows");
    if (s->client_names.count > 0 && !s->files.client_ca)
        status = command_usage(command, "--client-name needs --client-ca");
    return status;
}

/* Everything is proven before a port opens, and every mistake is told. */
static int load_all(struct reload *reload)
{
    int status = STATUS_OK;

    for (int what = 0; what < RELOADABLES; what++) {
        auto_buf struct buf mistakes = { 0 };
        struct error err = { 0 };

        if (!reload_first(reload, (enum reloadable)what, &mistakes, &err))
            status = command_mistakes(&mistakes, &err);
    }
    return status;
}

static int serve(struct serve_settings *s, int signal_fd)
{
    auto_snapshots struct snapshots *snapshots = snapshots_new();
    auto_reload struct reload *reload = NULL;
    auto_recorder struct recorder *recorder = NULL;
    auto_service struct service *service = NULL;
    const struct recorder_settings recording = {
        .directory = s->record,
        .limit = s->record_limit,
        .limit_bytes = s->record_bytes,
        .is_shadow = s->files.shadow,
        .report = account_recorded,
    };
    struct error err = { 0 };
    int status;

    s->service.snapshots = snapshots;
    if (snapshots)
        s->service.reload = reload = reload_new(&s->files, snapshots);
    if (!reload) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    status = load_all(reload);
    if (status != STATUS_OK)
        return status;
    if (s->record) {
        s->service.recorder = recorder = recorder_new(&recording, &err);
        if (!recorder)
            return command_fail(&err);
    }
    if (!reload_begin(reload, listener_now()))
        (void)error_no_memory(&err);
    else
        service = service_new(&s->service, signal_fd, &err);
    if (!service)
        return command_fail(&err);
    return service_run(service) ? STATUS_OK : STATUS_NO;
}

static int start(const struct command *command, struct serve_settings *s)
{
    struct error err = { 0 };
    int signal_fd, status = check_settings(command, s);

    if (status != STATUS_OK)
        return status;
    log_configure(s->log_level, s->log_format);
    limits_apply();
    s->files.client_names = s->client_names.items;
    s->files.n_client_names = s->client_names.count;
    /* Before the first thread starts. */
    signal_fd = signals_open(&err);
    if (signal_fd < 0)
        return command_fail(&err);
    status = serve(s, signal_fd);
    (void)close(signal_fd);
    return status;
}

static int run_serve(const struct command *command, int argc, char *argv[])
{
    struct serve_settings settings = {
        .service.listen = "[::]:8443",
        .service.admin = ":8080",
        .service.path = "/mutate",
        .service.threads = default_threads(),
        .service.max_connections = 2048,
        .service.max_body = (size_t)8 * 1024 * 1024,
        .service.max_inflight = (size_t)64 * 1024 * 1024,
        .service.handshake_ms = 5000,
        .service.request_ms = 10000,
        .service.idle_ms = 150000,
        .service.age_ms = 600000,
        .service.drain_ms = 15000,
        .service.slow_ms = 1000,
        .record_limit = 1000,
        .record_bytes = (size_t)256 * 1024 * 1024,
        .log_level = "info",
        .log_format = "text",
    };
    int status = STATUS_USAGE,
        operands = options_parse(command, argc, argv, &settings, &status);

    if (operands > 0)
        status =
            command_usage(command, "takes no operand, was given '%s'", argv[0]);
    else if (operands == 0)
        status = start(command, &settings);
    option_list_done(&settings.client_names);
    return status;
}

const struct command cmd_serve = {
    .name = "serve",
    .operands = "",
    .summary = "Run the webhook over HTTPS, with health and metrics",
    .details =
        "Certificate, key, client CA and policy are proven before a port "
        "opens, and\n"
        "taken up anew when their files change or SIGHUP comes; what is bad "
        "leaves\n"
        "the old in force. SIGTERM drains: answers announce the end of their\n"
        "connections and /readyz fails, for --drain; then the port closes, and "
        "the\n"
        "program ends with the last request in flight, at the latest after\n"
        "--request-timeout. SIGINT does the same without the wait; a second "
        "signal\n"
        "ends at once. SIGUSR1 shows more of the log, SIGUSR2 less.\n"
        "\n"
        "The key must not be readable by others. With --client-ca and "
        "--client-name a\n"
        "client needs a certificate with that CN or subjectAltName. Reviews "
        "beyond\n"
        "--max-inflight-bytes get 503. --request-timeout runs from the first "
        "byte of a\n"
        "request to the last of its answer. Connections end at --max-age, "
        "give or take\n"
        "a fifth. What --record writes is read by `spillway test`.\n"
        "\n"
        "Durations are written as 500ms, 15s, 1m30s; sizes as 65536, 64Ki, "
        "8Mi.\n",
    .exits = "0 ended by a signal\n1 failed while it ran\n2 could not start",
    .options = options,
    .n_options = array_len(options),
    .run = run_serve,
};
