/*
 * reload.h - policy, serving pair and client CA: loaded, proven, published, and
 * taken up anew when their files change.
 *
 * What is new is read and proven as a whole, and only then published as a
 * snapshot.  What does not prove right leaves the old in force, with a log
 * line, a metric and a line in /readyz?verbose; so does what is only half
 * written, which is given a moment to become whole.
 *
 * All but reload_describe() belong to one thread.
 */
#ifndef SPILLWAY_RELOAD_H
#define SPILLWAY_RELOAD_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/sources.h"

struct buf;
struct reload;
struct snapshots;

/* Nothing is loaded yet; what `sources` points to and `snapshots` are borrowed.
 * NULL when memory is short. */
struct reload *reload_new(const struct sources *sources,
                          struct snapshots *snapshots);

/*
 * Load one of them for the first time.  False with *err set, or with *err
 * untouched when `mistakes` holds what is wrong with the policy, one line each.
 */
bool reload_first(struct reload *reload, enum reloadable what,
                  struct buf *mistakes, struct error *err) must_check;

/* Publish what was loaded, all of it, and watch the files from now on.  False
 * when memory is short. */
bool reload_begin(struct reload *reload, long long now_ms) must_check;

/* Becomes readable when files may have changed; -1 when only time tells. */
int reload_fd(const struct reload *reload);

/* When reload_look() wants to be called next, by the monotonic clock; sooner
 * when reload_fd() became readable. */
long long reload_due_ms(const struct reload *reload);

/* The descriptor became readable. */
void reload_stir(struct reload *reload, long long now_ms);

/* Take up what has changed, if it is due. */
void reload_look(struct reload *reload, long long now_ms);

/* Read and prove everything again, changed or not, as SIGHUP asks for. */
void reload_all(struct reload *reload, long long now_ms);

/* Append what is in force and what was refused, a line each, as /readyz?verbose
 * shows it: "[+]policy ok: 6ab61b2ed8c4".  Any thread may ask. */
void reload_describe(struct reload *reload, struct buf *out);

/* Release everything; NULL is fine. */
void reload_free(struct reload *reload);

#define auto_reload __attribute__((cleanup(reload_release)))

static inline void reload_release(struct reload **p)
{
    reload_free(*p);
}

#endif
