/*
 * exposition.h - how Prometheus wants its samples written: the text exposition
 * format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
#ifndef SPILLWAY_EXPOSITION_H
#define SPILLWAY_EXPOSITION_H

#include <stddef.h>

#include "spillway/text.h"

struct buf;

/* Introduce a family: once, before its samples.  Type is "counter", "gauge" or
 * "histogram". */
void exposition_family(struct buf *out, const char *name, const char *type,
                       const char *help);

/* A family of one sample without labels. */
void exposition_single(struct buf *out, const char *name, const char *type,
                       const char *help, long long value);

/* Append a label's value: backslash, quote and line feed are escaped. */
void exposition_label(struct buf *out, struct text value);

/* The process_* families, as Prometheus' own clients name them; what the kernel
 * does not tell is left out. */
void exposition_process(struct buf *out);

#endif
