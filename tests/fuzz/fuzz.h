/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target takes any bytes; a law that does not hold ends the process with a
 * message.  The same targets replay their corpora as a regression test, with
 * standalone.c in the place of a fuzzing engine.
 */
#ifndef SPILLWAY_TESTS_FUZZ_H
#define SPILLWAY_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spillway/text.h"

struct policy_set;

/* The engine's entry point, which every target defines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say which law broke, and for what, and abort unless it holds. */
void fuzz_law(bool holds, const char *law, const char *detail);

static inline struct text fuzz_text(const uint8_t *data, size_t size)
{
    return (struct text){ (const char *)data, size };
}

/* The policies that reviews are decided with: the built-in one, and one that
 * has everything a policy can have.  Parsed once. */
enum { FUZZ_POLICIES = 2 };
const struct policy_set *fuzz_policy(size_t i);

/*
 * Cut `*rest` at the next line of "%%" and return what stands before: inputs
 * with several parts are text files that a person can read.
 */
struct text fuzz_part(struct text *rest);

#endif
