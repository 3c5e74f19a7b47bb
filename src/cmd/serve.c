/*
 * serve.c - `spillway serve`: prove everything, open the ports, serve, drain.
 */
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "spillway/cmd.h"
#include "spillway/keypair.h"
#include "spillway/log.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/service.h"

enum { MAX_DEFAULT_THREADS = 4 };

struct serve_settings {
    const char *cert, *key, *policy, *log_level, *log_format;
    struct service_settings service;
};

#define AT(member) offsetof(struct serve_settings, member)

/* clang-format off */
static const struct option options[] = {
    { "cert", 0, OPTION_STRING, AT(cert), "FILE",
      "certificate and its issuers, PEM (required)", NULL, 0, 0 },
    { "key", 0, OPTION_STRING, AT(key), "FILE",
      "its private key, PEM, not readable by others (required)", NULL, 0, 0 },
    { "policy", 0, OPTION_STRING, AT(policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
    { "listen", 0, OPTION_STRING, AT(service.listen), "ADDR:PORT",
      "webhook port, TLS (default [::]:8443, IPv4 too)", NULL, 0, 0 },
    { "admin", 0, OPTION_STRING, AT(service.admin), "ADDR:PORT",
      "health and metrics, plain HTTP (default :8080)", NULL, 0, 0 },
    { "path", 0, OPTION_STRING, AT(service.path), "PATH",
      "where reviews are posted (default /mutate)", NULL, 0, 0 },
    { "threads", 0, OPTION_UNSIGNED, AT(service.threads), "N",
      "threads that serve (default: CPUs, at most 4)", NULL, 1, 256 },
    { "max-connections", 0, OPTION_UNSIGNED, AT(service.max_connections), "N",
      "connections at once; more are closed (default 2048)", NULL, 1, 1000000 },
    { "max-body", 0, OPTION_SIZE, AT(service.max_body), "SIZE",
      "largest review (default 8Mi)", NULL, 0, 0 },
    { "handshake-timeout", 0, OPTION_DURATION, AT(service.handshake_ms), "DURATION",
      "from accept to the end of the handshake (default 5s)", NULL, 0, 0 },
    { "request-timeout", 0, OPTION_DURATION, AT(service.request_ms), "DURATION",
      "first byte of a request to last of its answer (default 10s)", NULL, 0, 0 },
    { "idle-timeout", 0, OPTION_DURATION, AT(service.idle_ms), "DURATION",
      "while no byte of a request comes (default 150s)", NULL, 0, 0 },
    { "drain", 0, OPTION_DURATION, AT(service.drain_ms), "DURATION",
      "go on accepting for so long after SIGTERM (default 15s)", NULL, 0, 0 },
    { "log-level", 0, OPTION_CHOICE, AT(log_level), "LEVEL",
      "error, warn, info or debug (default info)",
      "error|warn|info|debug", 0, 0 },
    { "log-format", 0, OPTION_CHOICE, AT(log_format), "FORMAT",
      "text or json (default text)", "text|json", 0, 0 },
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

    if (!s->cert)
        status = command_usage(command, "--cert is required (`spillway certs "
                                        "issue` makes a pair)");
    if (!s->key)
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
    return status;
}

/* An expired certificate is an outage that nobody sees: failing open, the API
 * server lets pods through unchanged. */
static void warn_expiry(const struct keypair *pair, time_t now)
{
    enum { SOON_DAYS = 14, DAY = 24 * 3600 };

    if (pair->not_after - now < (time_t)SOON_DAYS * DAY)
        log_event(
            LOG_LEVEL_WARN, "the certificate expires soon",
            log_number("hours",
                       (unsigned long long)(pair->not_after - now) / 3600));
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
        .service.handshake_ms = 5000,
        .service.request_ms = 10000,
        .service.idle_ms = 150000,
        .service.drain_ms = 15000,
        .log_level = "info",
        .log_format = "text",
    };
    auto_policy_set struct policy_set *policy = NULL;
    auto_keypair struct keypair *pair = NULL;
    auto_service struct service *service = NULL;
    struct error err = { 0 };
    time_t now = time(NULL);
    int status,
        operands = options_parse(command, argc, argv, &settings, &status);

    if (operands < 0)
        return status;
    if (operands > 0)
        return command_usage(command, "takes no operand, was given '%s'",
                             argv[0]);
    status = check_settings(command, &settings);
    if (status != STATUS_OK)
        return status;
    log_configure(settings.log_level, settings.log_format);
    /* Everything is proven before a port opens. */
    policy = command_policy(settings.policy);
    pair = keypair_load(settings.cert, settings.key, now, &err);
    if (!pair)
        (void)command_fail(&err);
    if (!policy || !pair)
        return STATUS_USAGE;
    warn_expiry(pair, now);
    settings.service.policy = policy;
    settings.service.pair = pair;
    service = service_new(&settings.service, &err);
    if (!service)
        return command_fail(&err);
    return service_run(service) ? STATUS_OK : STATUS_NO;
}

const struct command cmd_serve = {
    .name = "serve",
    .operands = "",
    .summary = "Run the webhook over HTTPS, with health and metrics beside it",
    .details =
        "Certificate, key and policy are proven before a port opens.  SIGTERM\n"
        "drains: answers announce the end of their connections and /readyz\n"
        "fails, for --drain; then the port closes, and the program ends with\n"
        "the last request in flight, at the latest after --request-timeout.\n"
        "SIGINT does the same without the wait; a second signal ends at once.\n"
        "\n"
        "Durations are written as 500ms, 15s, 1m30s; sizes as 65536, 64Ki, "
        "8Mi.\n",
    .options = options,
    .n_options = array_len(options),
    .run = run_serve,
};
