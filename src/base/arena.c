/* arena.c - see arena.h for the contract. */
#include "spillway/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    ARENA_CHUNK = 64 * 1024,      /* enough for almost every review */
    ARENA_KEEP = 4 * ARENA_CHUNK, /* a chunk for those that it is not for */
};

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of `bytes` */
    alignas(max_align_t) char bytes[];
};

/* Put a chunk that holds at least `size` bytes in front. */
static bool add_chunk(struct arena *arena, size_t size)
{
    size_t least = arena->chunks ? ARENA_KEEP : ARENA_CHUNK;
    size_t room = size > least ? size : least;
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);

    if (!chunk)
        return false;
    chunk->older = arena->chunks;
    chunk->size = room;
    arena->chunks = chunk;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + room;
    return true;
}

/* `size` bytes with whatever was in them. */
static void *allocate(struct arena *arena, size_t size)
{
    void *bytes;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = arena_round_up(size ? size : 1);
    if ((size_t)(arena->end - arena->next) < size && !add_chunk(arena, size))
        return NULL;
    bytes = arena->next;
    arena->next += size;
    return bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *bytes = allocate(arena, size);

    return bytes ? memset(bytes, 0, size) : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_alloc(arena, total);
}

void *arena_grow(struct arena *arena, void *old, size_t old_size,
                 size_t new_size)
{
    char *bytes = old;
    void *moved;

    /* The newest allocation can be extended where it stands. */
    if (bytes && new_size <= SIZE_MAX / 2 &&
        bytes + arena_round_up(old_size) == arena->next &&
        (size_t)(arena->end - bytes) >= arena_round_up(new_size)) {
        arena->next = bytes + arena_round_up(new_size);
        return bytes;
    }
    moved = allocate(arena, new_size);
    if (moved && old)
        memcpy(moved, old, old_size < new_size ? old_size : new_size);
    return moved;
}

char *arena_string(struct arena *arena, struct text text)
{
    char *copy = allocate(arena, text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *kept = NULL, *older;

    for (struct arena_chunk *c = arena->chunks; c; c = older) {
        older = c->older;
        /* One huge review does not hold its memory for ever. */
        if (!kept && c->size <= ARENA_KEEP)
            kept = c;
        else
            free(c);
    }
    if (kept)
        kept->older = NULL;
    arena->chunks = kept;
    arena->next = kept ? kept->bytes : NULL;
    arena->end = kept ? kept->bytes + kept->size : NULL;
}

void arena_done(struct arena *arena)
{
    arena_reset(arena);
    free(arena->chunks); /* one at most */
    *arena = (struct arena){ 0 };
}
