/*
 * peers.c - the server against what else there is; see bench.h.
 */
#include <stdlib.h>

#include "figures.h"
#include "inputs.h"
#include "servers.h"

/* A webhook written with controller-runtime, on the same processor. */
static void compare_with_go(struct bench *bench, const char *peer)
{
    const char *review = input_recorded("ingressgateway");
    const char *const words[] = { peer, text("%d", PEER_PORT), bench->dir,
                                  NULL };
    struct series ratio = { 0 }, rate = { 0 }, cpu = { 0 };
    struct process go, server;

    (void)setenv("GOMAXPROCS", "1", 1);
    go = process_start(0, words);
    server = start_server(bench, 0, 1);
    (void)await_answer(PEER_PORT);
    (void)await_answer(PORT);
    for (unsigned i = 0; i < bench->rounds; i++) {
        struct load a, b;

        progress(text("controller-runtime, round %u", i + 1));
        a = put_load(bench, &go, PEER_PORT, 8, review);
        b = put_load(bench, &server, PORT, 8, review);
        series_add(&rate, a.rate);
        series_add(&cpu, a.cpu_us);
        series_add(&ratio, b.rate / a.rate);
    }
    process_stop(&go);
    process_stop(&server);
    (void)figures_add(bench->document, "peers/go/rate", "1/s", NEITHER, &rate);
    (void)figures_add(bench->document, "peers/go/cpu", "us", NEITHER, &cpu);
    figures_add_target(bench->document, "peers/go/ratio", "", HIGHER, &ratio,
                       50);
}

static struct series series_of(const cJSON *found, const char *quantile,
                               const char *way)
{
    struct series series = { 0 };
    const cJSON *value;

    cJSON_ArrayForEach(
        value, cJSON_GetObjectItem(cJSON_GetObjectItem(found, quantile), way))
        series_add(&series, value->valuedouble);
    return series;
}

/* What a way adds to a pod create, as a multiple of what the other one adds. */
static void add_ratio(struct bench *bench, const cJSON *found,
                      const char *quantile, const char *other, double target)
{
    struct series none = series_of(found, quantile, "none");
    struct series ours = series_of(found, quantile, "spillway");
    struct series theirs = series_of(found, quantile, other), ratio = { 0 };

    for (size_t i = 0; i < none.count && i < theirs.count; i++)
        series_add(&ratio, (ours.values[i] - none.values[i]) /
                               (theirs.values[i] - none.values[i]));
    figures_add_target(bench->document,
                       text("peers/pod-create/%s-to-%s", quantile, other), "",
                       LOWER, &ratio, target);
}

/* At a real API server. */
static void measure_creates(struct bench *bench, const char *podcreate)
{
    static const char *const quantiles[] = { "p50", "p99" };
    static const char *const ways[] = { "none", "null", "spillway", "policy" };
    const char *const words[] = { podcreate, bench->build,
                                  text("%u", bench->rounds), "200", NULL };
    char *said;
    cJSON *found;

    progress("pod creates at an API server");
    said = process_run(CPU_ANY, words);
    found = said ? cJSON_Parse(said) : NULL;
    if (!found)
        die("podcreate fails");
    free(said);
    for (size_t q = 0; q < array_len(quantiles); q++) {
        for (size_t w = 0; w < array_len(ways); w++) {
            struct series series = series_of(found, quantiles[q], ways[w]);

            (void)figures_add(
                bench->document,
                text("peers/pod-create/%s/%s", ways[w], quantiles[q]), "us",
                NEITHER, &series);
        }
        add_ratio(bench, found, quantiles[q], "null", 1.05);
        add_ratio(bench, found, quantiles[q], "policy", 1);
    }
    cJSON_Delete(found);
}

void measure_peers(struct bench *bench)
{
    if (bench->peer)
        compare_with_go(bench, bench->peer);
    if (bench->podcreate)
        measure_creates(bench, bench->podcreate);
}
