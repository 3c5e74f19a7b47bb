/*
 * sources.h - the files that say what is in force, and how each of them is read
 * and proven.
 */
#ifndef SPILLWAY_SOURCES_H
#define SPILLWAY_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/fingerprint.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"

struct buf;
struct snapshot;

/* Everything is borrowed. */
struct sources {
    const char *policy; /* file or directory; NULL for the built-in one */
    const char *certificate, *key;
    const char *client_ca; /* NULL: anyone may call */
    const char *const *client_names;
    size_t n_client_names;
    bool shadow; /* whatever the policies say */
};

/* False when there is nothing to load. */
bool sources_has(const struct sources *sources, enum reloadable what);

/* False for what is read from a pipe or standard input, once and for all. */
bool sources_can_change(const struct sources *sources, enum reloadable what);

/* "policy", "certificate", "client-ca": for people. */
const char *sources_name(enum reloadable what);

/* What the files hold now. */
struct fingerprint sources_fingerprint(const struct sources *sources,
                                       enum reloadable what);

/*
 * Read and prove one of them as a whole, and set its part of *loaded, which the
 * caller releases.  False with *err set, or with *err untouched when `mistakes`
 * holds what is wrong with a policy, one line each.
 */
bool sources_load(const struct sources *sources, enum reloadable what,
                  struct snapshot *loaded, struct buf *mistakes,
                  struct error *err) must_check;

#endif
