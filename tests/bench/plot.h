/*
 * plot.h - two plots of what bench found, as SVG on standard output.
 *
 * They are readable on a light and on a dark page.
 */
#ifndef SPILLWAY_BENCH_PLOT_H
#define SPILLWAY_BENCH_PLOT_H

#include <cjson/cJSON.h>

/* p50 and p99 against the rate at which requests come. */
int plot_latency(const cJSON *document);

/* Time for a decision, and processor time for a request, against the size of
 * the body. */
int plot_size(const cJSON *document);

#endif
