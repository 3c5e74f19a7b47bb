/*
 * latency.c - how long answers take, at rates up to the highest; see
 * servers.h.
 */
#include <stdlib.h>

#include "figures.h"
#include "inputs.h"
#include "servers.h"

/* What one run at a rate says. */
static cJSON *run_rate(const struct bench *bench, int port, double rate)
{
    const char *const words[] = { text("%s/tests/bench/rate", bench->build),
                                  text("%d", port),
                                  "100",
                                  text("%.0f", rate),
                                  text("%u", bench->seconds),
                                  input_recorded("ingressgateway"),
                                  NULL };
    char *said = process_run(CPU_REST, words);
    cJSON *found = said ? cJSON_Parse(said) : NULL;

    if (!found)
        die("the client fails");
    free(said);
    return found;
}

static void measure_rate(struct bench *bench, unsigned percent, double highest)
{
    struct series p50 = { 0 }, p99 = { 0 }, got = { 0 };

    for (unsigned i = 0; i < bench->rounds; i++) {
        cJSON *found = run_rate(bench, PORT, highest * percent / 100);

        series_add(&got, figure_number(found, "rate"));
        series_add(&p50, figure_number(found, "p50"));
        series_add(&p99, figure_number(found, "p99"));
        cJSON_Delete(found);
    }
    (void)figures_add(bench->document, text("latency/%u/rate", percent), "1/s",
                      NEITHER, &got);
    (void)figures_add(bench->document, text("latency/%u/p50", percent), "us",
                      LOWER, &p50);
    (void)figures_add(bench->document, text("latency/%u/p99", percent), "us",
                      LOWER, &p99);
}

static void add_tail(struct series *series, cJSON *found)
{
    series_add(series,
               figure_number(found, "p99") / figure_number(found, "p50"));
    cJSON_Delete(found);
}

/* What the machine itself adds to the tail, the null server has, too. */
static void compare_tails(struct bench *bench, double highest)
{
    struct series ours = { 0 }, theirs = { 0 };
    struct process null = start_null(bench);

    for (unsigned i = 0; i < bench->rounds; i++) {
        progress(text("tails, round %u", i + 1));
        add_tail(&theirs, run_rate(bench, NULL_PORT, highest / 2));
        add_tail(&ours, run_rate(bench, PORT, highest / 2));
    }
    process_stop(&null);
    figures_add_target(bench->document, "latency/50/p99-to-p50", "", LOWER,
                       &ours, 3);
    (void)figures_add(bench->document, "latency/50/null-p99-to-p50", "",
                      NEITHER, &theirs);
}

void measure_latency(struct bench *bench, double highest)
{
    static const unsigned percents[] = { 10, 25, 50, 70, 85, 95 };
    struct process server = start_server(bench, 0, 1);

    (void)await_answer(PORT);
    for (size_t i = 0; i < array_len(percents); i++) {
        progress(text("latency at %u %%", percents[i]));
        measure_rate(bench, percents[i], highest);
    }
    compare_tails(bench, highest);
    process_stop(&server);
}
