/*
 * record.h - live reviews, written as cases for `spillway test`.
 *
 * The request path hands a review over and goes on; one thread redacts it
 * (redact.h) and writes a directory with review.json and expect.yaml, one for
 * each shape.  A case that is written, replayed with the same policy, gives the
 * decision that was given live; what would not, is not written.  A disk that is
 * full or gone costs recordings and nothing else.
 */
#ifndef SPILLWAY_RECORD_H
#define SPILLWAY_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"
#include "spillway/text.h"

struct admission;
struct policy_set;
struct recorder;

struct recorder_settings {
    const char *directory; /* borrowed; made when its parent exists */
    size_t limit;          /* cases in it, those that are there included */
    size_t limit_bytes;    /* of all their files */
    /* The whole server is in shadow mode: nothing is expected of `decision`
     * and `warnings`, since replayed, the policy would not be. */
    bool is_shadow;
    /* Told what became of each review, by the thread that offered it or the
     * one that writes: the case's name, or what went wrong. */
    void (*report)(enum record_result result, const char *detail);
};

/*
 * Look at what is in the directory, remove what an earlier run left unfinished,
 * and start the writer.  NULL with *err INVALID when the path is no directory,
 * SYSTEM when it cannot be read or made.  A file that grows beyond the process'
 * limit does not end it (SIGXFSZ is ignored from now on).
 */
struct recorder *recorder_new(const struct recorder_settings *settings,
                              struct error *err) must_check;

/*
 * Record a review, of which `body` and *admission are copied and the set is
 * kept by a reference.  Never waits for the disk; what finds the queue full is
 * dropped.  Any thread may call.
 */
void recorder_offer(struct recorder *recorder, struct policy_set *set,
                    struct text body, const struct admission *admission);

/* Write what is in the queue, for two seconds at most and then until the case
 * at hand is done, and release everything; NULL is fine. */
void recorder_free(struct recorder *recorder);

#define auto_recorder __attribute__((cleanup(recorder_release)))

static inline void recorder_release(struct recorder **p)
{
    recorder_free(*p);
}

#endif
