/*
 * shim.h - what a test tells the library that is loaded into the server before
 * all others (shim.c): which allocation fails, and how wrong the clock is.
 *
 * The struct lies in a file that both have mapped; the environment variable
 * SPILLWAY_SHIM names it.
 */
#ifndef SPILLWAY_TESTS_SHIM_H
#define SPILLWAY_TESTS_SHIM_H

#include <stdatomic.h>

struct shim {
    /* The allocation of the program's own code that fails, counted from now;
     * 0 for none.  It counts itself down to 0. */
    atomic_long fail_at;
    atomic_long failed; /* how many have */

    atomic_long clock_s; /* added to the time of day */
};

#endif
