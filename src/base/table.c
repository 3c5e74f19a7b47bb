/* table.c - see table.h for the contract. */
#include "spillway/table.h"

#include "spillway/arena.h"
#include "spillway/buf.h"

enum { GAP = 2 };

struct table_row {
    struct text cells[TABLE_MAX_COLUMNS];
    const char *colour;
    struct table_row *next;
};

void table_add(struct table *table, const struct text cells[],
               const char *colour)
{
    struct table_row *row = arena_new(table->arena, struct table_row);

    if (!row) {
        table->failed = true;
        return;
    }
    for (size_t i = 0; i < table->columns; i++)
        row->cells[i] = cells[i];
    row->colour = colour;
    if (!table->tail)
        table->tail = &table->first;
    *table->tail = row;
    table->tail = &row->next;
}

/* Columns on a terminal: characters, as far as UTF-8 tells. */
static size_t width_of(struct text cell)
{
    size_t width = 0;

    for (size_t i = 0; i < cell.len; i++)
        width += ((unsigned char)cell.data[i] & 0xC0) != 0x80;
    return width;
}

static void write_row(const struct table *table, const struct table_row *row,
                      const size_t widths[], size_t indent, struct buf *out)
{
    size_t last = 0;

    for (size_t i = 0; i < table->columns; i++)
        last = row->cells[i].len ? i : last;
    buf_printf(out, "%*s%s", (int)indent, "", row->colour ? row->colour : "");
    for (size_t i = 0; i <= last; i++) {
        buf_add_text(out, row->cells[i]);
        if (i < last)
            buf_printf(out, "%*s",
                       (int)(widths[i] - width_of(row->cells[i]) + GAP), "");
    }
    buf_add_string(out, row->colour ? "\033[m\n" : "\n");
}

void table_write(const struct table *table, size_t indent, struct buf *out)
{
    size_t widths[TABLE_MAX_COLUMNS] = { 0 };

    out->failed |= table->failed;
    for (const struct table_row *row = table->first; row; row = row->next) {
        for (size_t i = 0; i < table->columns; i++) {
            size_t width = width_of(row->cells[i]);

            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (const struct table_row *row = table->first; row; row = row->next)
        write_row(table, row, widths, indent, out);
}
