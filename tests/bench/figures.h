/*
 * figures.h - what was measured: named lists of values with their median and
 * spread, in one JSON document.
 *
 * { "when", "machine": {...}, "versions": {...}, "rounds",
 *   "figures": [ { "name", "unit", "better": "lower"|"higher"|"none",
 *                  "values": [...], "median", "low", "high",
 *                  "target": NUMBER (optional) } ] }
 *
 * `low` and `high` are the quartiles.  Names are paths, like
 * "engine/ingressgateway/ns".
 */
#ifndef SPILLWAY_BENCH_FIGURES_H
#define SPILLWAY_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum { MAX_VALUES = 101 };

/* A figure in the making. */
struct series {
    double values[MAX_VALUES];
    size_t count;
};

void series_add(struct series *series, double value);
double series_median(const struct series *series);

/* Which way is better; a target is met on that side of it. */
enum better { LOWER, HIGHER, NEITHER };

/* Append a figure, in place of one of that name; returns it. */
cJSON *figures_add(cJSON *document, const char *name, const char *unit,
                   enum better better, const struct series *series);

/* The same with a target. */
void figures_add_target(cJSON *document, const char *name, const char *unit,
                        enum better better, const struct series *series,
                        double target);

/* The figure of that name, or NULL. */
const cJSON *figures_find(const cJSON *document, const char *name);

/* A number of a figure ("median"); 0 for NULL. */
double figure_number(const cJSON *figure, const char *member);
const char *figure_text(const cJSON *figure, const char *member);

/* Read such a document, or end the program. */
cJSON *figures_read(const char *path);

/* Write it, or end the program. */
void figures_write(const cJSON *document, const char *path);

#endif
