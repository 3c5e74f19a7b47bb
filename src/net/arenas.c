/* arenas.c - see arenas.h for the contract. */
#include "spillway/arenas.h"

#include <stdlib.h>

static void free_arena(void *pointer)
{
    struct arena *arena = pointer;

    arena_done(arena);
    free(arena);
}

bool arenas_new(pthread_key_t *arenas)
{
    return pthread_key_create(arenas, free_arena) == 0;
}

struct arena *arena_of_thread(pthread_key_t arenas)
{
    struct arena *arena = pthread_getspecific(arenas);

    if (arena)
        return arena;
    arena = calloc(1, sizeof(*arena));
    if (arena && pthread_setspecific(arenas, arena) == 0)
        return arena;
    free(arena);
    return NULL;
}

void arenas_free(pthread_key_t arenas)
{
    (void)pthread_key_delete(arenas);
}
