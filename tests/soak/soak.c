/*
 * soak.c - a server under mixed load for minutes: good clients and bad ones,
 * files that change, scrapes and signals.  Nothing may fail, and neither memory
 * nor descriptors may grow.
 *
 * Usage: soak MINUTES.  The program under test is named by SPILLWAY.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "change.h"
#include "client.h"
#include "load.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

enum {
    CLIENTS = 4, /* good ones that keep their connections */
    MOST_SAMPLES = 4096,
    WARM_UP = 4, /* the first quarter of the samples is left out */
};

/* Half of what a leak of one byte in a request would come to. */
static const double slope_kb_per_request = 0.5 / 1000;

struct sample {
    double minutes;
    double memory_kb, descriptors;
};

static struct server_process server;
static atomic_bool stops, interrupted;
static atomic_ullong bad_clients, changes, scrapes;
static struct sample samples[MOST_SAMPLES];
static size_t n_samples;

/* --- what is looked at ------------------------------------------------------
 */

/* Least squares over what came after the warm-up; *error is the standard error
 * of the slope. */
static double slope(size_t offset, double *error)
{
    size_t from = n_samples / WARM_UP, n = n_samples - from;
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0, rest = 0, b;

    for (size_t i = from; i < n_samples; i++) {
        mean_x += samples[i].minutes / (double)n;
        mean_y += *(double *)((char *)&samples[i] + offset) / (double)n;
    }
    for (size_t i = from; i < n_samples; i++) {
        double x = samples[i].minutes - mean_x;
        double y = *(double *)((char *)&samples[i] + offset) - mean_y;

        xx += x * x;
        xy += x * y;
    }
    b = xx > 0 ? xy / xx : 0;
    for (size_t i = from; i < n_samples; i++) {
        double x = samples[i].minutes - mean_x;
        double y = *(double *)((char *)&samples[i] + offset) - mean_y;

        rest += (y - b * x) * (y - b * x);
    }
    *error = n > 2 && xx > 0 ? sqrt(rest / (double)(n - 2) / xx) : 0;
    return b;
}

/* --- bad clients
 * --------------------------------------------------------------- */

#define POST                                                                   \
    "POST /mutate HTTP/1.1\r\nHost: localhost\r\n"                             \
    "Content-Type: application/json\r\n"

static const char *const bad_requests[] = {
    "",
    "garbage\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    POST "Content-Length: 100000\r\n\r\n{\"half\":",
    POST "Content-Length: 99999999999\r\n\r\n",
    POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    POST "Content-Length: 8\r\n\r\nnot JSON",
    POST "Content-Length: 14\r\n\r\n{\"request\":{}}",
    POST "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
};

static void reset_on_close(int fd)
{
    const struct linger now = { 1, 0 };

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void *be_bad(void *argument)
{
    (void)argument;
    for (unsigned i = 0; !atomic_load(&stops); i++) {
        struct client client = { 0 };
        const char *text = bad_requests[i % array_len(bad_requests)];

        if (i % 3 == 0)
            client_open_plain(&client, server.port);
        else if (!client_try_version(&client, &server, 0, 0))
            text = "";
        (void)client_try_send(&client, text, strlen(text));
        if (i % 2)
            reset_on_close(client.fd);
        client_close(&client);
        atomic_fetch_add(&bad_clients, 1);
        (void)poll(NULL, 0, 5);
    }
    return NULL;
}

/* --- what changes
 * --------------------------------------------------------------- */

struct change_set {
    char *policies[2], *policy, *certificate, *key;
    struct change_pair pairs[2];
};

static void change_one(struct change_set *set, unsigned i)
{
    enum { KINDS = 5 };
    /* Contents alternate from round to round, ways from two to two. */
    unsigned round = i / KINDS, which = round % 2;
    void (*const write)(const char *, const char *) =
        round / 2 % 2 ? change_by_rename : change_in_place;

    switch (i % KINDS) {
    case 0:
        write(set->policy, set->policies[which]);
        break;
    case 1:
        write(set->certificate, set->pairs[which].certificate);
        write(set->key, set->pairs[which].key);
        break;
    case 2:
        write(set->policy, "nonsense: [");
        break;
    case 3:
        (void)kill(server.pid, SIGHUP);
        break;
    default:
        (void)kill(server.pid, which ? SIGUSR1 : SIGUSR2);
        break;
    }
    atomic_fetch_add(&changes, 1);
}

static void *change_often(void *argument)
{
    for (unsigned i = 0; !atomic_load(&stops); i++) {
        auto_reply struct reply reply = { 0 };

        change_one(argument, i);
        admin_get(&server, i % 2 ? "/metrics" : "/readyz?verbose", &reply);
        atomic_fetch_add(&scrapes, 1);
        (void)poll(NULL, 0, 400);
    }
    return NULL;
}

/* --- the run
 * ---------------------------------------------------------------------- */

static void stop(int signal)
{
    (void)signal;
    atomic_store(&interrupted, true);
    atomic_store(&stops, true);
}

static void report_progress(double minutes, double all, const struct load *load)
{
    static double next;
    bool terminal = isatty(STDERR_FILENO);

    if (!terminal && minutes < next)
        return;
    next = minutes + 0.5;
    (void)fprintf(stderr,
                  "%s%.1f of %.1f min: %llu requests, %llu bad clients, "
                  "%llu changes, %.0f KB%s",
                  terminal ? "\r" : "", minutes, all, load_good(load),
                  atomic_load(&bad_clients), atomic_load(&changes),
                  samples[n_samples - 1].memory_kb, terminal ? " " : "\n");
}

static void watch(double minutes, const struct load *load)
{
    long long start_ms = clock_ms();
    double now = 0, step_ms = minutes * 60000 / (MOST_SAMPLES - 1);

    while (!atomic_load(&stops) && now < minutes && n_samples < MOST_SAMPLES) {
        (void)poll(NULL, 0, step_ms > 1000 ? (int)step_ms : 1000);
        now = (double)(clock_ms() - start_ms) / 60000;
        samples[n_samples++] =
            (struct sample){ now, (double)server_memory_kb(&server, "RssAnon:"),
                             (double)server_descriptors(&server) };
        report_progress(now, minutes, load);
    }
    if (isatty(STDERR_FILENO))
        (void)fputc('\n', stderr);
}

/* All clients are gone. */
static double last_descriptors(double wanted)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while ((double)server_descriptors(&server) > wanted && clock_ms() < end_ms)
        pause_briefly();
    return (double)server_descriptors(&server);
}

static int judge(double before, double after, unsigned long long good,
                 unsigned long long bad, const char *first)
{
    double memory_error, fd_error;
    double memory = slope(offsetof(struct sample, memory_kb), &memory_error);
    double fds = slope(offsetof(struct sample, descriptors), &fd_error);
    /* More than noise can explain, and more than nothing. */
    double bound =
        slope_kb_per_request * (double)good / samples[n_samples - 1].minutes;
    bool grows = memory - 3 * memory_error > 0 && memory > bound;
    bool leaks = (fds - 3 * fd_error > 0 && fds > 1) || after > before;

    printf("requests answered as they should  %llu\n"
           "requests that went wrong          %llu\n"
           "bad clients                       %llu\n"
           "changes, scrapes                  %llu, %llu\n"
           "private memory, KB                %.0f to %.0f, slope %.1f +- %.1f "
           "a minute (at most %.1f)%s\n"
           "descriptors                       %.0f to %.0f, slope %.2f +- %.2f "
           "a minute%s\n",
           good, bad, atomic_load(&bad_clients), atomic_load(&changes),
           atomic_load(&scrapes), samples[n_samples / WARM_UP].memory_kb,
           samples[n_samples - 1].memory_kb, memory, memory_error, bound,
           grows ? ": it grows" : "", before, after, fds, fd_error,
           leaks ? ": they grow" : "");
    if (first)
        printf("first, %s\n", first);
    return bad > 0 || grows || leaks ? EXIT_FAILURE : EXIT_SUCCESS;
}

static char *answer_with(const char *path, char *review)
{
    const char *const words[] = { "mutate",   "--policy", path, "-o",
                                  "response", "-",        NULL };
    char *out = NULL;

    assert_int_equal(program_run(words, review, &out, NULL), 0);
    return out;
}

static void prepare(struct change_set *set, char *review, char *answers[2])
{
    static const char *const names[] = { "first", "second" };

    server_prepare(&server);
    set->policy = scratch_path(&server.scratch, "policy.yaml");
    set->certificate = scratch_path(&server.scratch, "tls.crt");
    set->key = scratch_path(&server.scratch, "tls.key");
    for (int i = 0; i < 2; i++) {
        set->policies[i] = change_policy_named(names[i]);
        change_pair_init(&set->pairs[i]);
        change_in_place(set->policy, set->policies[i]);
        answers[i] = answer_with(set->policy, review);
    }
    server_start(&server, (const char *const[]){
                              "--policy", set->policy, "--request-timeout",
                              "2s", "--handshake-timeout", "2s", "--max-age",
                              "20s", "--max-body", "1Mi", NULL });
}

static int soak(double minutes)
{
    struct change_set set = { 0 };
    pthread_t bad_thread, change_thread;
    char *answers[2], *first = NULL;
    size_t len;
    char *review = review_read("ingressgateway", &len);
    struct load *load;
    double before;
    unsigned long long good, bad;

    prepare(&set, review, answers);
    before = (double)server_descriptors(&server);
    load = load_start(
        &(struct load_settings){ .server = &server,
                                 .clients = CLIENTS,
                                 .body = review,
                                 .body_len = len,
                                 .answers = { answers[0], answers[1] },
                                 .per_connection = 1000,
                                 .pause_ms = 2 });
    assert_int_equal(pthread_create(&bad_thread, NULL, be_bad, NULL), 0);
    assert_int_equal(pthread_create(&change_thread, NULL, change_often, &set),
                     0);
    watch(minutes, load);
    atomic_store(&stops, true);
    (void)pthread_join(bad_thread, NULL);
    (void)pthread_join(change_thread, NULL);
    good = load_good(load);
    bad = load_stop(load, &first);
    /* From a terminal the server was interrupted as well. */
    if (atomic_load(&interrupted) || n_samples == 0) {
        printf("interrupted: no verdict\n");
        return 130;
    }
    return judge(before, last_descriptors(before), good, bad, first);
}

int main(int argc, char *argv[])
{
    double minutes = argc == 2 ? strtod(argv[1], NULL) : 0;
    int status;

    if (minutes <= 0) {
        (void)fprintf(stderr, "usage: %s MINUTES\n", argv[0]);
        return 2;
    }
    (void)signal(SIGINT, stop);
    (void)signal(SIGTERM, stop);
    status = soak(minutes);
    if (server_stop(&server) != 0)
        status = EXIT_FAILURE;
    return status;
}
