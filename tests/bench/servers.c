/*
 * servers.c - the server under load; see bench.h.
 *
 * The server has the first processor, the clients have the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "bench.h"
#include "figures.h"
#include "inputs.h"
#include "process.h"
#include "servers.h"
#include "spillway/buf.h"

enum { PATIENCE_S = 30 };

/* --- starting ---------------------------------------------------------- */

double await_answer(int port)
{
    struct buf review = input_read(input_recorded("ingressgateway"));
    double start = now_seconds();

    while (!ask(port, review.data, review.len)) {
        if (now_seconds() - start > PATIENCE_S)
            die("nobody answers on port %d", port);
        (void)usleep(100);
    }
    buf_done(&review);
    return now_seconds() - start;
}

/* The fixed answer is the one that the program would give. */
struct process start_null(const struct bench *bench)
{
    const char *const mutate[] = {
        text("%s/spillway", bench->build), "mutate", "-o", "response",
        input_recorded("ingressgateway"),  NULL
    };
    const char *const words[] = { text("%s/tests/bench/null", bench->build),
                                  text("%d", NULL_PORT),
                                  "1",
                                  text("%s/tls.crt", bench->dir),
                                  text("%s/tls.key", bench->dir),
                                  text("%s/answer.json", bench->dir),
                                  NULL };
    char *answer = process_run(CPU_ANY, mutate);
    FILE *file = fopen(words[5], "w");
    struct process process;

    if (!answer || !file || fputs(answer, file) < 0 || fclose(file) != 0)
        die("no answer for the null server");
    free(answer);
    process = process_start(0, words);
    (void)await_answer(NULL_PORT);
    return process;
}

struct process start_server(const struct bench *bench, int cpu,
                            unsigned threads)
{
    const char *const words[] = { text("%s/spillway", bench->build),
                                  "serve",
                                  "--cert",
                                  text("%s/tls.crt", bench->dir),
                                  "--key",
                                  text("%s/tls.key", bench->dir),
                                  "--listen",
                                  text("127.0.0.1:%d", PORT),
                                  "--admin",
                                  text("127.0.0.1:%d", ADMIN_PORT),
                                  "--threads",
                                  text("%u", threads),
                                  NULL };

    return process_start(cpu, words);
}

/* --- load -------------------------------------------------------------- */

/* The number behind a word in what wrk says. */
static double wrk_number(const char *said, const char *before)
{
    const char *at = strstr(said, before);

    return at ? strtod(at + strlen(before), NULL) : 0;
}

struct load put_load(const struct bench *bench, const struct process *server,
                     int port, unsigned connections, const char *review)
{
    const char *const words[] = { "wrk",
                                  "-t1",
                                  text("-c%u", connections),
                                  text("-d%us", bench->seconds),
                                  "-s",
                                  "tests/bench/post.lua",
                                  text("https://127.0.0.1:%d/mutate", port),
                                  NULL };
    double cpu = process_cpu(server), requests;
    struct load load;
    char *said;

    (void)setenv("REVIEW", review, 1);
    said = process_run(CPU_REST, words);
    if (!said || strstr(said, "Non-2xx"))
        die("wrk: %s", said ? said : "fails");
    load.rate = wrk_number(said, "Requests/sec:");
    requests = load.rate * wrk_number(said, "requests in");
    load.cpu_us = (process_cpu(server) - cpu) / requests * 1e6;
    free(said);
    return load;
}

/* One after the other, round by round. */
static double compare_with_null(struct bench *bench, unsigned connections)
{
    const char *review = input_recorded("ingressgateway");
    struct series rate = { 0 }, null_rate = { 0 }, ratio = { 0 }, cpu = { 0 },
                  more = { 0 };
    struct process null = start_null(bench);
    struct process server = start_server(bench, 0, 1);

    (void)await_answer(PORT);
    for (unsigned i = 0; i < bench->rounds; i++) {
        struct load a, b;

        progress(text("%u connections, round %u", connections, i + 1));
        a = put_load(bench, &null, NULL_PORT, connections, review);
        b = put_load(bench, &server, PORT, connections, review);
        series_add(&null_rate, a.rate);
        series_add(&rate, b.rate);
        series_add(&ratio, b.rate / a.rate);
        series_add(&cpu, b.cpu_us);
        series_add(&more, b.cpu_us - a.cpu_us);
    }
    process_stop(&null);
    process_stop(&server);
    (void)figures_add(bench->document, text("server/%u/rate", connections),
                      "1/s", HIGHER, &rate);
    (void)figures_add(bench->document, text("server/%u/null-rate", connections),
                      "1/s", NEITHER, &null_rate);
    figures_add_target(bench->document, text("server/%u/ratio", connections),
                       "", HIGHER, &ratio, 0.70);
    (void)figures_add(bench->document, text("server/%u/cpu", connections), "us",
                      LOWER, &cpu);
    figures_add_target(bench->document,
                       text("server/%u/cpu-above-null", connections), "us",
                       LOWER, &more, 6);
    return series_median(&rate);
}

/* --- growth ------------------------------------------------------------ */

/* What connections cost the library is the null server's cost, too. */
static void measure_connections(struct bench *bench)
{
    static const unsigned counts[] = { 1, 8, 100, 1000 };
    const char *review = input_recorded("ingressgateway");
    struct series cpu[array_len(counts)] = { 0 };
    struct series more[array_len(counts)] = { 0 };
    struct process null = start_null(bench);
    struct process server = start_server(bench, 0, 1);

    (void)await_answer(PORT);
    for (unsigned r = 0; r < bench->rounds; r++) {
        for (size_t i = 0; i < array_len(counts); i++) {
            struct load a, b;

            progress(text("%u connections", counts[i]));
            a = put_load(bench, &null, NULL_PORT, counts[i], review);
            b = put_load(bench, &server, PORT, counts[i], review);
            series_add(&cpu[i], b.cpu_us);
            series_add(&more[i], b.cpu_us - a.cpu_us);
        }
    }
    process_stop(&null);
    process_stop(&server);
    for (size_t i = 0; i < array_len(counts); i++) {
        (void)figures_add(bench->document,
                          text("connections/%u/cpu", counts[i]), "us", LOWER,
                          &cpu[i]);
        (void)figures_add(bench->document,
                          text("connections/%u/cpu-above-null", counts[i]),
                          "us", LOWER, &more[i]);
    }
}

static void measure_sizes(struct bench *bench)
{
    static const size_t sizes[] = { 12288, 32768, 131072, 524288, 3145728 };
    struct series cpu[array_len(sizes)] = { 0 };
    struct process server = start_server(bench, 0, 1);

    (void)await_answer(PORT);
    for (unsigned r = 0; r < (bench->rounds + 1) / 2; r++) {
        for (size_t i = 0; i < array_len(sizes); i++) {
            progress(text("bodies of %zu bytes", sizes[i]));
            series_add(&cpu[i], put_load(bench, &server, PORT, 4,
                                         input_of_size(bench->dir, sizes[i]))
                                    .cpu_us);
        }
    }
    process_stop(&server);
    for (size_t i = 0; i < array_len(sizes); i++)
        (void)figures_add(bench->document, text("size/%zu/cpu", sizes[i]), "us",
                          LOWER, &cpu[i]);
}

/* --- memory and start -------------------------------------------------- */

static void add_kib(struct bench *bench, const char *name,
                    const struct series *series, double target_kib)
{
    figures_add_target(bench->document, name, "KiB", LOWER, series, target_kib);
}

static void measure_memory(struct bench *bench)
{
    enum { BODY = 3145728 };
    struct buf review = input_read(input_recorded("ingressgateway"));
    struct buf large = input_read(input_of_size(bench->dir, BODY));
    struct series idle = { 0 }, loaded = { 0 }, body = { 0 };

    for (unsigned r = 0; r < 3; r++) {
        struct process server = start_server(bench, 0, 4);
        long before;

        progress("memory");
        (void)await_answer(PORT);
        series_add(&idle, (double)process_kib(&server, "RssAnon:"));
        (void)put_load(bench, &server, PORT, 100,
                       input_recorded("ingressgateway"));
        for (int i = 0; i < 100; i++)
            ask_and_stay(PORT, review.data, review.len);
        series_add(&loaded, (double)process_kib(&server, "RssAnon:"));
        process_stop(&server);

        server = start_server(bench, 0, 1);
        (void)await_answer(PORT);
        before = process_kib(&server, "VmHWM:");
        if (!ask(PORT, large.data, large.len))
            die("a large review is not answered");
        series_add(&body, (double)(process_kib(&server, "VmHWM:") - before) -
                              2 * (double)large.len / 1024);
        process_stop(&server);
    }
    add_kib(bench, "memory/idle", &idle, 3 * 1024);
    add_kib(bench, "memory/100-connections", &loaded, 8 * 1024);
    add_kib(bench, "memory/body-beyond-twice", &body, 64);
    buf_done(&review);
    buf_done(&large);
}

static void measure_start(struct bench *bench)
{
    const char *stripped = text("%s/stripped", bench->dir);
    const char *const strip[] = { "strip", "-o", stripped,
                                  text("%s/spillway", bench->build), NULL };
    struct series ms = { 0 }, kib = { 0 };
    struct stat status;
    char *said = process_run(CPU_ANY, strip);

    for (unsigned r = 0; r < bench->rounds; r++) {
        double start = now_seconds();
        struct process server = start_server(bench, 0, 1);

        progress("start");
        (void)await_answer(PORT);
        series_add(&ms, (now_seconds() - start) * 1000);
        process_stop(&server);
    }
    figures_add_target(bench->document, "start/first-answer", "ms", LOWER, &ms,
                       20);
    if (!said || stat(stripped, &status) != 0)
        die("strip fails");
    free(said);
    series_add(&kib, (double)status.st_size / 1024);
    figures_add_target(bench->document, "size/stripped", "KiB", LOWER, &kib,
                       300);
}

/* Clients need processors of their own. */
static void measure_threads(struct bench *bench)
{
    struct series ratio = { 0 };

    if (processors() < 4)
        return;
    for (unsigned r = 0; r < bench->rounds; r++) {
        double rates[2];

        for (unsigned threads = 1; threads <= 2; threads++) {
            struct process server = start_server(bench, CPU_ANY, threads);

            (void)await_answer(PORT);
            rates[threads - 1] = put_load(bench, &server, PORT, 100,
                                          input_recorded("ingressgateway"))
                                     .rate;
            process_stop(&server);
        }
        series_add(&ratio, rates[1] / rates[0]);
    }
    figures_add_target(bench->document, "threads/2-to-1", "", HIGHER, &ratio,
                       1.8);
}

void measure_servers(struct bench *bench)
{
    double highest;

    (void)compare_with_null(bench, 8);
    highest = compare_with_null(bench, 100);
    measure_latency(bench, highest);
    measure_connections(bench);
    measure_sizes(bench);
    measure_memory(bench);
    measure_start(bench);
    measure_threads(bench);
}
