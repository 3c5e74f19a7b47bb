/*
 * check_findings.c - what was found, and the order in which everything is
 * looked at; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *format(struct check *check, const char *fmt, va_list ap)
    printf_like(2, 0);

static const char *format(struct check *check, const char *fmt, va_list ap)
{
    struct buf text = { .arena = &check->arena };

    buf_vprintf(&text, fmt, ap);
    return check_kept(check, &text);
}

/* Where the file stands among all, for the order of what is printed. */
static size_t order_of(const struct check *check, const char *file)
{
    size_t i = 0;

    for (; i < check->n_files; i++) {
        size_t len = strlen(check->files[i]);

        /* A policy of a ConfigMap: "FILE (policy.yaml of ...)". */
        if (strncmp(check->files[i], file, len) == 0 &&
            (file[len] == '\0' || file[len] == ' '))
            break;
    }
    return i;
}

/* Where the next finding goes; it is nowhere when memory is short. */
static struct check_finding *next_finding(struct check *check)
{
    static struct check_finding nowhere;

    if (check->n_findings == check->findings_room) {
        size_t room = check->findings_room ? 2 * check->findings_room : 16;
        struct check_finding *list = arena_grow(
            &check->arena, check->findings,
            check->findings_room * sizeof(*list), room * sizeof(*list));

        if (!list) {
            check->failed = true;
            return &nowhere;
        }
        check->findings = list;
        check->findings_room = room;
    }
    return &check->findings[check->n_findings++];
}

struct check_finding *check_tell(struct check *check, enum check_rule rule,
                                 const char *file, unsigned line,
                                 const char *fmt, ...)
{
    const struct check_rule_info *info = check_rule_info(rule);
    struct check_finding *finding = next_finding(check);
    va_list ap;

    check->counts[info->severity]++;
    *finding = (struct check_finding){
        .rule = rule,
        .order = order_of(check, file),
        .file = file,
        .line = line,
        .mend = info->mend,
    };
    va_start(ap, fmt);
    finding->message = format(check, fmt, ap);
    va_end(ap);
    return finding;
}

void check_mend(struct check *check, struct check_finding *finding,
                const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    finding->mend = format(check, fmt, ap);
    va_end(ap);
}

void check_done(struct check *check)
{
    for (struct check_policy *p = check->policies; p; p = p->next)
        policy_set_free(p->set);
    for (struct check_pem *p = check->pems; p; p = p->next)
        pem_done(&p->pem);
    policy_set_free(check->builtin);
    arena_done(&check->scratch);
    arena_done(&check->arena);
    *check = (struct check){ 0 };
}

/* By file and line; what is about the whole file comes last. */
static int compare_findings(const void *a, const void *b)
{
    const struct check_finding *x = a, *y = b;
    unsigned x_line = x->line ? x->line : ~0U, y_line = y->line ? y->line : ~0U;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x_line != y_line)
        return x_line < y_line ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return strcmp(x->message, y->message);
}

void check_all(struct check *check)
{
    check_take_secrets(check);
    check_gather_nodes(check);
    check_policies(check);
    check_webhooks(check);
    check_certificates(check);
    check_nodes(check);
    check_pods(check);
    if (check->n_findings)
        qsort(check->findings, check->n_findings, sizeof(*check->findings),
              compare_findings);
}
