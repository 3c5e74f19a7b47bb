/*
 * engine.c - how long the engine takes for one review: core/admit alone.
 *
 * engine [-n ROUNDS] [-t MILLISECONDS] POLICY|- REVIEW...
 *     JSON on stdout: for each review its bytes and, round by round with the
 *     reviews interleaved, nanoseconds for one decision, calls to the
 *     allocator in steady state, and the memory that the first decision took.
 *
 * engine --once POLICY|- REVIEW COUNT
 *     Decide COUNT times and say nothing: for counting instructions.
 *
 * "-" stands for the built-in policy.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/policy.h"

enum { MAX_ROUNDS = 101, WARM_UP = 100 };

/* --- the allocator, counted -------------------------------------------- */

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

/* --- one review -------------------------------------------------------- */

struct review_file {
    const char *path;
    struct buf bytes;
    double ns[MAX_ROUNDS]; /* of one decision, by round */
    unsigned long allocations;
    size_t decisions; /* in a round */
};

static _Noreturn void die(const char *what, const struct error *err)
{
    fprintf(stderr, "engine: %s: %s\n", what, err->text);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void decide(const struct policy_set *set, const struct review_file *file,
                   struct arena *arena, size_t times)
{
    struct error err = { 0 };

    for (size_t i = 0; i < times; i++) {
        struct admission admission;

        if (!admit(set, buf_text(&file->bytes), arena, &admission, &err))
            die(file->path, &err);
        arena_reset(arena);
    }
}

/* How many decisions make a round of about that many milliseconds. */
static void calibrate(const struct policy_set *set, struct review_file *file,
                      struct arena *arena, unsigned ms)
{
    uint64_t start = now_ns(), elapsed;

    decide(set, file, arena, WARM_UP);
    elapsed = now_ns() - start;
    file->decisions = (size_t)(ms * 1e6 / ((double)elapsed / WARM_UP)) + 1;
    allocations = 0;
    decide(set, file, arena, WARM_UP);
    file->allocations = allocations / WARM_UP;
}

static void measure(const struct policy_set *set, struct review_file *file,
                    struct arena *arena, unsigned round)
{
    uint64_t start = now_ns();

    decide(set, file, arena, file->decisions);
    file->ns[round] = (double)(now_ns() - start) / (double)file->decisions;
}

/* --- everything -------------------------------------------------------- */

static struct policy_set *load_policy(const char *path)
{
    auto_buf struct buf bytes = { 0 }, mistakes = { 0 };
    struct error err = { 0 };
    struct policy_source source = { .name = path, .text = policy_builtin() };
    struct policy_set *set;

    if (strcmp(path, "-") != 0) {
        if (!file_read(path, SIZE_MAX, &bytes, &err))
            die(path, &err);
        source.text = buf_text(&bytes);
    }
    set = policy_set_parse(&source, 1, &mistakes, &err);
    if (!set && mistakes.len)
        fprintf(stderr, "%s", mistakes.data);
    if (!set)
        die(path, &err);
    return set;
}

static void load_review(struct review_file *file, const char *path)
{
    struct error err = { 0 };

    file->path = path;
    if (!file_read(path, SIZE_MAX, &file->bytes, &err))
        die(path, &err);
}

static void print(const struct review_file *files, size_t count,
                  unsigned rounds)
{
    auto_buf struct buf out = { 0 };

    buf_add_string(&out, "[\n");
    for (size_t i = 0; i < count; i++) {
        const struct review_file *f = &files[i];

        buf_add_string(&out, "  {\"review\": ");
        json_write_string(&out, text_of(f->path));
        buf_printf(&out, ", \"bytes\": %zu, \"allocations\": %lu, \"ns\": [",
                   f->bytes.len, f->allocations);
        for (unsigned r = 0; r < rounds; r++)
            buf_printf(&out, "%s%.1f", r ? ", " : "", f->ns[r]);
        buf_printf(&out, "]}%s\n", i + 1 < count ? "," : "");
    }
    buf_add_string(&out, "]\n");
    fputs(out.data, stdout);
}

static int usage(void)
{
    fputs("usage: engine [-n ROUNDS] [-t MILLISECONDS] POLICY|- REVIEW...\n"
          "       engine --once POLICY|- REVIEW COUNT\n",
          stderr);
    return 2;
}

static int once(char **words)
{
    auto_arena struct arena arena = { 0 };
    auto_policy_set struct policy_set *set = load_policy(words[0]);
    struct review_file file = { 0 };

    load_review(&file, words[1]);
    decide(set, &file, &arena, strtoul(words[2], NULL, 10));
    buf_done(&file.bytes);
    return 0;
}

int main(int argc, char **argv)
{
    auto_arena struct arena arena = { 0 };
    unsigned rounds = 11, ms = 20;
    struct review_file *files;
    struct policy_set *set;
    int first = 1;
    size_t count;

    if (argc == 5 && strcmp(argv[1], "--once") == 0)
        return once(argv + 2);
    for (; first + 1 < argc && argv[first][0] == '-' && argv[first][1];
         first += 2) {
        unsigned value = (unsigned)strtoul(argv[first + 1], NULL, 10);

        if (strcmp(argv[first], "-n") == 0 && value && value <= MAX_ROUNDS)
            rounds = value;
        else if (strcmp(argv[first], "-t") == 0 && value)
            ms = value;
        else
            return usage();
    }
    if (argc < first + 2)
        return usage();
    set = load_policy(argv[first++]);
    count = (size_t)(argc - first);
    files = calloc(count, sizeof(*files));
    if (!files)
        return 1;
    for (size_t i = 0; i < count; i++) {
        load_review(&files[i], argv[first + (int)i]);
        calibrate(set, &files[i], &arena, ms);
    }
    for (unsigned r = 0; r < rounds; r++) {
        for (size_t i = 0; i < count; i++)
            measure(set, &files[i], &arena, r);
    }
    print(files, count, rounds);
    for (size_t i = 0; i < count; i++)
        buf_done(&files[i].bytes);
    free(files);
    policy_set_free(set);
    return 0;
}
