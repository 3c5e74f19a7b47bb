/*
 * inputs.h - reviews and policies of any size, made from the recorded ones.
 */
#ifndef SPILLWAY_BENCH_INPUTS_H
#define SPILLWAY_BENCH_INPUTS_H

#include <stddef.h>

#include "spillway/buf.h"

/* The bytes of a file, or the end of the program. */
struct buf input_read(const char *path);

/* A recorded review by the name of its case. */
const char *input_recorded(const char *name);

/* The review of an ingress gateway with environment variables added until it
 * has about so many bytes; in DIR. */
const char *input_of_size(const char *dir, size_t bytes);

/* The same review, of a pod with so many required terms of its own, which all
 * ask for the labelled node. */
const char *input_with_terms(const char *dir, unsigned terms);

/* A policy file with so many policies, of which the last matches gateways. */
const char *input_policies(const char *dir, unsigned policies);

#endif
