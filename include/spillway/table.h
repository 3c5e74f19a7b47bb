/*
 * table.h - text in aligned columns.
 */
#ifndef SPILLWAY_TABLE_H
#define SPILLWAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/macros.h"
#include "spillway/text.h"

struct arena;
struct buf;

enum { TABLE_MAX_COLUMNS = 8 };

struct table_row;

/* Zeroed but for the first two, it is empty.  Cells are borrowed. */
struct table {
    struct arena *arena;
    size_t columns; /* at most TABLE_MAX_COLUMNS */
    struct table_row *first, **tail;
    bool failed; /* memory ran out */
};

/* Append a row of `columns` cells; `colour` is an escape sequence for the whole
 * row, or NULL. */
void table_add(struct table *table, const struct text cells[],
               const char *colour);

/*
 * Append the table: columns as wide as their widest cell, two blanks between
 * them, `indent` in front, none behind the last one.
 */
void table_write(const struct table *table, size_t indent, struct buf *out);

#endif
