/*
 * patch.h - JSON Patch (RFC 6902): build the smallest one, and apply it.
 *
 * Built patches use `add` and `replace` only: `test`, `move`, `copy` and
 * `remove` are never needed, and a failing operation would reject the user's
 * pod even under failurePolicy: Ignore.
 */
#ifndef SPILLWAY_PATCH_H
#define SPILLWAY_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/text.h"

struct arena;

/*
 * Append the operations, with commas between them (*count says how many there
 * are already, and is increased), that turn `before` into `after`, both found
 * at `path` (a JSON Pointer, RFC 6901; "" for the whole document).  Objects are
 * descended into, so that nothing but what differs is named; a list is changed
 * element by element or replaced, whichever is shorter.  What lost a member or
 * an element is replaced.  Fails only with SYSTEM.
 */
bool patch_build(const struct json *before, const struct json *after,
                 const char *path, struct arena *arena, struct buf *out,
                 size_t *count, struct error *err) must_check;

/*
 * Apply the operations of a patch (an array as read by json_any) to *root,
 * changing the tree in place; values are copied out of the patch, so both
 * trees live in `arena`.  Knows `add`, `remove` and `replace`.  Fails with
 * INVALID, *root half changed, when an operation does not apply.
 */
bool patch_apply(struct json **root, const struct json *patch,
                 struct arena *arena, struct error *err) must_check;

/*
 * Prove a patch before it is sent: read back its bytes, apply them to a copy of
 * `before` and compare that with `after`.  *proven says whether they are equal;
 * a patch that is no JSON or does not apply proves nothing.  No operation may
 * go into a value that an earlier one put there, as none of patch_build() does.
 * Fails only with SYSTEM.
 */
bool patch_prove(const struct json *before, const struct json *after,
                 struct text patch, struct arena *arena, bool *proven,
                 struct error *err) must_check;

#endif
