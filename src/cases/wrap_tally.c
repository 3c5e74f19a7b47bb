/* wrap_tally.c - what `spillway wrap` made, and what it left out, in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/words.h"
#include "spillway/wrap_parts.h"

void wrap_tally_kind(struct wrap_tally *tally, struct text kind)
{
    auto_buf struct buf shown = { 0 };
    char name[WRAP_KIND_SIZE];
    size_t i;

    tally->others++;
    buf_add_shown(&shown, kind, sizeof(name) - 1);
    (void)snprintf(name, sizeof(name), "%s", shown.data ? shown.data : "");
    for (i = 0; i < tally->n_kinds; i++) {
        if (strcmp(tally->kinds[i].name, name) == 0)
            break;
    }
    if (i == WRAP_KINDS)
        return;
    if (i == tally->n_kinds) {
        memcpy(tally->kinds[i].name, name, sizeof(name));
        tally->n_kinds++;
    }
    tally->kinds[i].count++;
}

static int compare_kinds(const void *a, const void *b)
{
    const struct wrap_kind *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* "120 ConfigMap, 80 Secret, and 12 more": the rest are objects. */
static void add_kinds(struct wrap_tally *tally, struct buf *out)
{
    size_t shown = 0;

    qsort(tally->kinds, tally->n_kinds, sizeof(*tally->kinds), compare_kinds);
    for (size_t i = 0; i < tally->n_kinds && i <= WORDS_LIST_MAX; i++) {
        buf_printf(out, "%s%zu %s", i ? ", " : "", tally->kinds[i].count,
                   tally->kinds[i].name);
        shown += tally->kinds[i].count;
    }
    if (shown < tally->others)
        buf_printf(out, ", and %zu more", tally->others - shown);
}

void wrap_tally_format(struct wrap_tally *tally, const char *directory,
                       struct buf *out)
{
    buf_printf(out, "%zu case%s written to %s", tally->written,
               tally->written == 1 ? "" : "s", directory);
    if (tally->folded)
        buf_printf(out, ", %zu folded (same shape)", tally->folded);
    if (tally->controlled)
        buf_printf(out,
                   ", %zu of a Deployment or CronJob left out (that stands "
                   "for them)",
                   tally->controlled);
    if (tally->unselected)
        buf_printf(out, ", %zu that no policy selects left out",
                   tally->unselected);
    if (tally->unfaithful)
        buf_printf(out, ", %zu left out for what redaction would change",
                   tally->unfaithful);
    if (tally->others == 0)
        return;
    buf_printf(out, ", %zu object%s of other kinds skipped (", tally->others,
               tally->others == 1 ? "" : "s");
    add_kinds(tally, out);
    buf_add_char(out, ')');
}
