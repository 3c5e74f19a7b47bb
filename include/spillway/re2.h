/*
 * re2.h - a glob as a regular expression in RE2's syntax.
 *
 * The two must agree on every value, or kube-apiserver would keep pods from
 * the webhook that the policy selects.  fnmatch(3) in the C locale counts
 * bytes and RE2 counts characters; most globs come out the same, and those
 * that would not are matched against the value's bytes in hexadecimal.
 */
#ifndef SPILLWAY_RE2_H
#define SPILLWAY_RE2_H

#include <stdbool.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/macros.h"

/* What the expression has to be matched against. */
enum re2_subject {
    RE2_VALUE, /* the value itself */
    RE2_HEX,   /* the value's bytes, two lower-case hexadecimal digits each */
};

/*
 * Append the anchored expression that matches what fnmatch(glob, value, 0)
 * matches in the C locale, for values in UTF-8 without U+0000, and say what it
 * is about.  `glob` is UTF-8 as well.  Neither `"` nor a line break is in what
 * is appended, so that it fits between the quotes of a raw string.
 *
 * Fails with INVALID for a glob of which no regular expression says the same,
 * or SYSTEM.
 */
bool re2_from_glob(const char *glob, struct buf *out, enum re2_subject *subject,
                   struct error *err) must_check;

#endif
