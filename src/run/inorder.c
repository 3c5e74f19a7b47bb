/* inorder.c - see inorder.h for the contract. */
#include "spillway/inorder.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/macros.h"

struct crew {
    const struct inorder *inorder;
    pthread_mutex_t lock;
    pthread_cond_t done; /* some piece is */
    bool *is_done;       /* for each piece; under the lock, as is the rest */
    size_t count, next;  /* pieces in all, begun */
    bool over;           /* begin no more */
};

/* The next piece to be done; false when there is none. */
static bool begin(struct crew *crew, size_t *i)
{
    bool begun;

    (void)pthread_mutex_lock(&crew->lock);
    begun = !crew->over && crew->next < crew->count;
    if (begun)
        *i = crew->next++;
    (void)pthread_mutex_unlock(&crew->lock);
    return begun;
}

static void *work(void *context)
{
    struct crew *crew = context;
    size_t i;

    while (begin(crew, &i)) {
        crew->inorder->work(crew->inorder->context, i);
        (void)pthread_mutex_lock(&crew->lock);
        crew->is_done[i] = true;
        (void)pthread_cond_signal(&crew->done);
        (void)pthread_mutex_unlock(&crew->lock);
    }
    return NULL;
}

static void await(struct crew *crew, size_t i)
{
    (void)pthread_mutex_lock(&crew->lock);
    while (!crew->is_done[i])
        (void)pthread_cond_wait(&crew->done, &crew->lock);
    (void)pthread_mutex_unlock(&crew->lock);
}

static void report_all(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        await(crew, i);
        if (!crew->inorder->report(crew->inorder->context, i))
            break;
    }
    (void)pthread_mutex_lock(&crew->lock);
    crew->over = true;
    (void)pthread_mutex_unlock(&crew->lock);
}

/* Start the threads, and report what they do. */
static bool run_crew(struct crew *crew, pthread_t *threads, size_t jobs,
                     struct error *err)
{
    size_t started = 0;
    int failure = 0;

    while (started < jobs && failure == 0) {
        failure = pthread_create(&threads[started], NULL, work, crew);
        started += failure == 0;
    }
    if (started > 0)
        report_all(crew);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    return started > 0 || error_set(err, ERROR_SYSTEM, "starting a thread: %s",
                                    strerror(failure));
}

bool inorder_run(const struct inorder *inorder, size_t count, unsigned jobs,
                 struct error *err)
{
    struct crew crew = { .inorder = inorder, .count = count };
    size_t n_threads = count < jobs ? count : jobs;
    auto_free bool *is_done = calloc(count + 1, sizeof(*is_done));
    auto_free pthread_t *threads = calloc(n_threads + 1, sizeof(*threads));
    bool good;

    if (!is_done || !threads)
        return error_no_memory(err);
    if (count == 0)
        return true;
    crew.is_done = is_done;
    (void)pthread_mutex_init(&crew.lock, NULL);
    (void)pthread_cond_init(&crew.done, NULL);
    good = run_crew(&crew, threads, n_threads, err);
    (void)pthread_cond_destroy(&crew.done);
    (void)pthread_mutex_destroy(&crew.lock);
    return good;
}
