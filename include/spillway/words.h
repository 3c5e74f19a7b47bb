/*
 * words.h - scheduling rules, said in words.
 *
 * What comes from outside is printed without control characters, so that a
 * hostile name cannot play with the terminal.
 */
#ifndef SPILLWAY_WORDS_H
#define SPILLWAY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/text.h"

struct selector;
struct selector_requirement;
struct term;

/* Of lists that are longer (by more than one), the rest is "N more". */
enum { WORDS_LIST_MAX = 4 };

/*
 * What one of the writers below, or any function like them, appends to a buf: a
 * text in the arena.  `flag` is set when memory is short.
 */
#define words_said(in_arena, flag, write, ...)                                 \
    __extension__({                                                            \
        struct buf said_ = { .arena = (in_arena) };                            \
        write(&said_, __VA_ARGS__);                                            \
        (flag) |= said_.failed;                                                \
        buf_text(&said_);                                                      \
    })

/* Append a name or value from outside, clipped and made harmless. */
void words_outside(struct buf *out, struct text text);

/* Append "key=value:Effect", and the like, for one toleration. */
void words_toleration(struct buf *out, const struct json *toleration);

/* Append "zone in (a, b) and arch=amd64", and the like, for a term. */
void words_term(struct buf *out, const struct json *term);

/* Append "zone in (a, b)", and the like, for a node selector requirement. */
void words_requirement(struct buf *out, const struct json *requirement);

/*
 * Append where compiled terms let a pod run, as clauses parted by newlines:
 * "nodes with mykey4pod=asmgateway\nor virtual nodes (type=virtual-kubelet)\n
 * and only with arch=amd64".  What all of them ask for is said once, at the
 * end. Without a term that could match: "no node"; with no term at all (count
 * 0): "any node".
 */
void words_places(struct buf *out, const struct term *terms, size_t count);

/* Append "istio=ingressgateway", "app like istio-*", "annotation x=y", and the
 * like. */
void words_selector_requirement(struct buf *out,
                                const struct selector_requirement *requirement);

/* Append "container istio-proxy": the one that the selector asks for. */
void words_container(struct buf *out, const struct selector *selector);

/* Append all of a selector: its requirements and its container. */
void words_selector(struct buf *out, const struct selector *selector);

/* True for a term that requires nothing, and so matches no node. */
bool words_is_empty_term(const struct json *term);

#endif
