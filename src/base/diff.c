/* diff.c - prints what lines.h found; see diff.h for the contract. */
#include "spillway/diff.h"

#include "spillway/buf.h"
#include "spillway/lines.h"

/* Unchanged lines between changes that share a hunk, at most. */
enum { HUNK_GAP = 2 * DIFF_CONTEXT };

struct printer {
    const struct lines_diff *diff;
    const struct diff_style *style;
    struct buf *out;
};

static void print_line(const struct printer *printer, const char *colour,
                       const char *prefix, struct text line)
{
    bool ends = line.len && line.data[line.len - 1] == '\n';

    if (printer->style->margin)
        buf_add_string(printer->out, printer->style->margin);
    if (printer->style->colour && *colour)
        buf_add_string(printer->out, colour);
    buf_add_string(printer->out, prefix);
    buf_add(printer->out, line.data, line.len - ends);
    if (printer->style->colour && *colour)
        buf_add_string(printer->out, "\033[m");
    buf_add_char(printer->out, '\n');
}

static void print_content(const struct printer *printer, const char *colour,
                          const char *prefix, struct text line)
{
    print_line(printer, colour, prefix, line);
    if (line.len && line.data[line.len - 1] != '\n')
        print_line(printer, "", "\\ No newline at end of file",
                   (struct text){ "", 0 });
}

/* Move both positions over what is the same; false at the end. */
static bool next_change(const struct lines_diff *diff, size_t *i, size_t *j)
{
    while (*i < diff->a.count && !diff->a.changed[*i] && *j < diff->b.count &&
           !diff->b.changed[*j]) {
        ++*i;
        ++*j;
    }
    return *i < diff->a.count || *j < diff->b.count;
}

static void skip_change(const struct lines_diff *diff, size_t *i, size_t *j)
{
    while (*i < diff->a.count && diff->a.changed[*i])
        ++*i;
    while (*j < diff->b.count && diff->b.changed[*j])
        ++*j;
}

/* Where the hunk that begins with the change at i, j ends. */
static struct lines_range find_hunk(const struct lines_diff *diff, size_t i,
                                    size_t j)
{
    size_t lead = i < DIFF_CONTEXT ? i : DIFF_CONTEXT;
    struct lines_range hunk = { .a = i - lead, .b = j - lead };
    size_t tail;

    do {
        skip_change(diff, &i, &j);
        hunk.a_end = i;
        hunk.b_end = j;
    } while (next_change(diff, &i, &j) && i - hunk.a_end <= HUNK_GAP);
    tail = diff->a.count - hunk.a_end;
    tail = tail < DIFF_CONTEXT ? tail : DIFF_CONTEXT;
    hunk.a_end += tail;
    hunk.b_end += tail;
    return hunk;
}

/* The nearest line before the hunk that is not indented: `spec:`. */
static struct text heading(const struct lines_diff *diff, size_t at)
{
    while (at-- > 0) {
        struct text line = diff->a.lines[at];

        if (line.len > 1 && !strchr(" -#\n", line.data[0]))
            return text_clip((struct text){ line.data, line.len - 1 }, 60);
    }
    return (struct text){ 0 };
}

/* "12,3": an empty range is named after the line before it. */
static void print_range(struct buf *out, size_t start, size_t end)
{
    size_t count = end - start;

    buf_printf(out, "%zu", count ? start + 1 : start);
    if (count != 1)
        buf_printf(out, ",%zu", count);
}

static void print_hunk(const struct printer *printer,
                       const struct lines_range *hunk)
{
    const struct lines_side *a = &printer->diff->a, *b = &printer->diff->b;
    auto_buf struct buf head = { 0 };
    size_t i = hunk->a, j = hunk->b;

    buf_add_string(&head, "@@ -");
    print_range(&head, hunk->a, hunk->a_end);
    buf_add_string(&head, " +");
    print_range(&head, hunk->b, hunk->b_end);
    buf_add_string(&head, " @@ ");
    buf_add_text(&head, heading(printer->diff, hunk->a));
    while (head.len && head.data[head.len - 1] == ' ')
        head.len--;
    print_line(printer, "\033[36m", "", buf_text(&head));
    while (i < hunk->a_end || j < hunk->b_end) {
        if (i < hunk->a_end && a->changed[i])
            print_content(printer, "\033[31m", "-", a->lines[i++]);
        else if (j < hunk->b_end && b->changed[j])
            print_content(printer, "\033[32m", "+", b->lines[j++]);
        else {
            print_content(printer, "", " ", a->lines[i++]);
            j++;
        }
    }
}

static void print_all(const struct printer *printer)
{
    size_t i = 0, j = 0;

    print_line(printer, "\033[1m", "--- ", text_of(printer->style->before));
    print_line(printer, "\033[1m", "+++ ", text_of(printer->style->after));
    while (next_change(printer->diff, &i, &j)) {
        struct lines_range hunk = find_hunk(printer->diff, i, j);

        print_hunk(printer, &hunk);
        i = hunk.a_end;
        j = hunk.b_end;
    }
}

bool diff_write(struct buf *out, struct text before, struct text after,
                const struct diff_style *style, struct error *err)
{
    auto_lines_diff struct lines_diff diff = { 0 };
    struct printer printer = { &diff, style, out };

    if (text_equal(before, after))
        return true;
    if (!lines_compare(&diff, before, after))
        return error_no_memory(err);
    print_all(&printer);
    return buf_ok(out, err);
}
