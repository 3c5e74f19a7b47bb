/* exposition.c - see exposition.h for the contract. */
#include "spillway/exposition.h"

#include "spillway/buf.h"

void exposition_family(struct buf *out, const char *name, const char *type,
                       const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void exposition_single(struct buf *out, const char *name, const char *type,
                       const char *help, long long value)
{
    exposition_family(out, name, type, help);
    buf_printf(out, "%s %lld\n", name, value);
}

void exposition_label(struct buf *out, struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];

        if (c == '\\' || c == '"')
            buf_add_char(out, '\\');
        buf_add_string(out, c == '\n' ? "\\n" : (char[]){ c, '\0' });
    }
}
