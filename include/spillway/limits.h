/*
 * limits.h - what the process gives up for good before it serves.
 */
#ifndef SPILLWAY_LIMITS_H
#define SPILLWAY_LIMITS_H

#include <stddef.h>

/*
 * No new privileges (prctl(2), PR_SET_NO_NEW_PRIVS); no core dumps, nor another
 * process of the same user that reads our memory (PR_SET_DUMPABLE), since a key
 * is in it.  Nothing here depends on which system calls a library makes, so
 * that no update of one can end the process.
 */
void limits_apply(void);

/* Allow so many descriptors, as far as the hard limit goes.  Returns how many
 * there may be. */
size_t limits_descriptors(size_t need);

#endif
