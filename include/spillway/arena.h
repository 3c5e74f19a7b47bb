/*
 * arena.h - memory for one piece of work, given back all at once.
 *
 * Allocation moves a pointer; nothing is freed singly.  arena_reset() makes
 * the memory available again and keeps one chunk, so that a thread that
 * serves request after request stops calling malloc.  Not thread-safe: each
 * thread, or each piece of work, has its own.
 */
#ifndef SPILLWAY_ARENA_H
#define SPILLWAY_ARENA_H

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "spillway/text.h"

struct arena_chunk;

/* A zeroed struct is a usable, empty arena. */
struct arena {
    struct arena_chunk *chunks; /* newest first; one is kept by reset */
    char *next, *end;           /* what is left of the newest chunk */
};

/* `size` bytes, zeroed, aligned for any object.  NULL when memory is short. */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed elements; NULL when memory is short or the product overflows.
 */
void *arena_array(struct arena *arena, size_t count, size_t size);

/*
 * Bytes at `old` (obtained from this arena, or NULL with old_size 0) made
 * `new_size` long; in place when they are the newest allocation.  New bytes
 * are not zeroed.  NULL when memory is short; `old` is then still good.
 */
void *arena_grow(struct arena *arena, void *old, size_t old_size,
                 size_t new_size);

/* A NUL-terminated copy of `text`; NULL when memory is short. */
char *arena_string(struct arena *arena, struct text text);

/* Forget everything allocated; keeps a chunk of at most 256 KiB for reuse. */
void arena_reset(struct arena *arena);

/* Release all memory.  The arena is empty and usable afterwards. */
void arena_done(struct arena *arena);

/* What an allocation of `size` bytes takes, so that the next is aligned. */
static inline size_t arena_round_up(size_t size)
{
    const size_t align = alignof(max_align_t);

    return (size + align - 1) & ~(align - 1);
}

/* One zeroed object of that type; NULL when memory is short. */
#define arena_new(arena, type) ((type *)arena_object((arena), sizeof(type)))

/* arena_alloc() for a size that the compiler knows. */
static inline void *arena_object(struct arena *arena, size_t size)
{
    void *bytes = arena->next;
    size_t rounded = arena_round_up(size);

    if ((size_t)(arena->end - arena->next) < rounded)
        return arena_alloc(arena, size);
    arena->next += rounded;
    return memset(bytes, 0, size);
}

#define auto_arena __attribute__((cleanup(arena_done)))

#endif
