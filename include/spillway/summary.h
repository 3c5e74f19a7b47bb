/*
 * summary.h - what was decided about one object, in a sentence.
 */
#ifndef SPILLWAY_SUMMARY_H
#define SPILLWAY_SUMMARY_H

#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/document.h"
#include "spillway/json.h"
#include "spillway/text.h"

struct buf;

/* Append "Pod istio-system/gw-*": kind, namespace and name. */
void summary_name(struct buf *out, const struct document *document);

/*
 * Append what was decided for the object, and what of it is new: what the pod
 * may now tolerate, where it may run, what it prefers, in which order nodes are
 * filled and emptied.  Clauses are parted by newlines, for summary_wrap() to
 * print on one line or on several.  `before` and `after` are its PodSpecs, or
 * NULL.
 */
void summary_write(struct buf *out, const struct document *document,
                   const struct admission *admission, const struct json *before,
                   const struct json *after);

/*
 * Append a summary, without a final newline: on one line when it fits into
 * `width` columns or `width` is 0; else each clause on a line of its own,
 * indented, broken at blanks where it is still too long.
 */
void summary_wrap(struct buf *out, struct text summary, size_t width);

#endif
