/*
 * inorder.h - independent pieces of work, done by several threads, whose
 * results are reported in the order of the pieces, as soon as they can be.
 */
#ifndef SPILLWAY_INORDER_H
#define SPILLWAY_INORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"

struct inorder {
    /* Do piece `i`.  Called by any thread, for different pieces at once. */
    void (*work)(void *context, size_t i);
    /* Report the result of piece `i`, by the thread that called inorder_run(),
     * in order.  False ends it all: pieces not yet begun are not done. */
    bool (*report)(void *context, size_t i);
    void *context;
};

/*
 * Do pieces 0 to count - 1 on at most `jobs` threads (at least 1).  Results
 * that were not reported when `report` returned false are the context's to
 * release. Fails with SYSTEM when there is not even one thread.
 */
bool inorder_run(const struct inorder *inorder, size_t count, unsigned jobs,
                 struct error *err) must_check;

#endif
