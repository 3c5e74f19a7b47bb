/*
 * nodes.h - the nodes of a cluster from a dump, with the pods that run on them.
 */
#ifndef SPILLWAY_NODES_H
#define SPILLWAY_NODES_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/explanation.h"

struct arena;

/* Read the Nodes of a file, and count the Pods in it that are placed and not
 * done.  Everything is in the arena.  INVALID when there is no Node in it, or
 * as dump_read() fails. */
bool nodes_read(const char *path, struct arena *arena,
                struct explained_nodes *nodes, struct error *err) must_check;

/* The same for the bytes of a file, which must outlive the arena. */
bool nodes_parse(const char *name, struct text bytes, struct arena *arena,
                 struct explained_nodes *nodes, struct error *err) must_check;

#endif
