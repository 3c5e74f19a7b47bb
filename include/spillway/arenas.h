/*
 * arenas.h - an arena for each thread, made when it first asks for it.
 */
#ifndef SPILLWAY_ARENAS_H
#define SPILLWAY_ARENAS_H

#include <pthread.h>
#include <stdbool.h>

#include "spillway/arena.h"
#include "spillway/macros.h"

/* False when no more keys are to be had. */
bool arenas_new(pthread_key_t *arenas) must_check;

/* The calling thread's own, which goes with it; NULL when memory is short. */
struct arena *arena_of_thread(pthread_key_t arenas);

/* When the threads that asked have ended. */
void arenas_free(pthread_key_t arenas);

#endif
