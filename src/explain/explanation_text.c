/* explanation_text.c - an explanation as text; see explanation.h. */
#include "spillway/explanation.h"

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/summary.h"
#include "spillway/table.h"
#include "spillway/words.h"

#define BOLD "\033[1m"
#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define OFF "\033[m"

enum { INDENT = 2, FURTHER = 4, TITLE_WIDTH = 8, LISTED_NODES = 6 };

/* One printing. */
struct page {
    const struct explanation *explanation;
    struct buf *out;
    struct arena *arena;
    bool colour;
};

static void heading(const struct page *page, const char *text)
{
    buf_printf(page->out, "\n%s%s%s\n", page->colour ? BOLD : "", text,
               page->colour ? OFF : "");
}

/* The same escape sequence when colours are wanted, else none. */
static const char *paint(const struct page *page, const char *colour)
{
    return page->colour ? colour : NULL;
}

#define said(page, ...)                                                        \
    words_said((page)->arena, (page)->out->failed, __VA_ARGS__)

/* Clauses, a line each, below one another behind a title. */
static void add_clauses(const struct page *page, const char *title,
                        struct text clauses)
{
    int width = *title ? TITLE_WIDTH : 0;
    struct text clause;

    for (; text_take_line(&clauses, &clause); title = "")
        buf_printf(page->out, "  %-*s%.*s\n", width, title, TEXT_ARG(clause));
}

/* --- policies and guards ----------------------------------------------- */

/* The requirement that failed first, or all of the selector that matches. */
static void add_requirement(struct buf *out, const struct selector *selector,
                            const struct trace_selector *traced)
{
    if (traced->outcome == SELECTOR_LACKS_REQUIREMENT)
        words_selector_requirement(out,
                                   &selector->requirements[traced->failed]);
    else if (traced->outcome == SELECTOR_MATCHES)
        words_selector(out, selector);
    else
        words_container(out, selector);
}

static void add_outcome(struct buf *out, const struct explanation *explanation,
                        const struct selector *selector,
                        const struct trace_selector *traced)
{
    if (traced->outcome == SELECTOR_MATCHES)
        buf_add_string(out, "matches");
    else
        explanation_write_failure(out, explanation, selector, traced);
}

static void add_selectors(const struct page *page,
                          const struct trace_policy *traced)
{
    struct table table = { .arena = page->arena, .columns = 3 };

    for (size_t i = 0; i < traced->n_selectors; i++) {
        const struct selector *selector = &traced->policy->selectors[i];
        const struct trace_selector *outcome = &traced->selectors[i];
        bool matches = outcome->outcome == SELECTOR_MATCHES;
        struct text number = said(page, buf_printf, "selector %zu", i + 1);
        struct text found =
            said(page, add_outcome, page->explanation, selector, outcome);
        struct text wanted = said(page, add_requirement, selector, outcome);
        const struct text cells[] = { number, found, wanted };

        table_add(&table, cells, matches ? paint(page, GREEN) : NULL);
    }
    table_write(&table, FURTHER, page->out);
}

static void add_policies(const struct page *page)
{
    const struct trace *trace = &page->explanation->trace;

    if (trace->count == 0)
        return;
    heading(page, "Policies");
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_policy *traced = &trace->policies[i];

        buf_printf(page->out, "  %.*s", TEXT_ARG(traced->policy->name));
        if (!traced->has_namespace) {
            buf_add_string(page->out, ": is not for namespace ");
            words_outside(page->out, page->explanation->review->name_space);
        } else if (!traced->matches) {
            buf_add_string(page->out, ": no selector matches");
        } else if (traced->policy->shadow) {
            buf_add_string(page->out, ": in shadow mode, no patch is sent");
        }
        buf_add_char(page->out, '\n');
        add_selectors(page, traced);
    }
}

static void add_guards(const struct page *page)
{
    static const char *const states[] = {
        [GUARD_PASSED] = "passed",
        [GUARD_HOLDS] = "HOLDS",
        [GUARD_NOT_ASKED] = "not asked",
    };
    struct table table = { .arena = page->arena, .columns = 3 };

    heading(page, "Guards");
    for (size_t i = 0; i < SELECT_GUARDS; i++) {
        const struct explained_guard *guard = &page->explanation->guards[i];
        const struct text cells[] = { text_of(reason_name(guard->guard)),
                                      text_of(states[guard->state]),
                                      guard->detail };

        table_add(&table, cells,
                  guard->state == GUARD_HOLDS ? paint(page, YELLOW) : NULL);
    }
    table_write(&table, INDENT, page->out);
}

/* --- what the pod says afterwards -------------------------------------- */

static void add_tolerations(const struct page *page)
{
    const struct explanation *explanation = page->explanation;
    struct table table = { .arena = page->arena, .columns = 2 };

    if (explanation->n_tolerations == 0)
        return;
    heading(page, "Tolerations");
    for (size_t i = 0; i < explanation->n_tolerations; i++) {
        const struct explained_toleration *t = &explanation->tolerations[i];
        struct buf how = { .arena = page->arena };

        buf_add_string(&how, t->by ? "is covered by the pod's own " : "added");
        if (t->by)
            words_toleration(&how, t->by);
        table_add(&table,
                  (const struct text[]){
                      said(page, words_toleration, t->wanted), buf_text(&how) },
                  t->by ? NULL : paint(page, GREEN));
    }
    table_write(&table, INDENT, page->out);
}

static void add_places(const struct page *page)
{
    const struct explanation *explanation = page->explanation;
    struct text selector =
        said(page, explanation_write_node_selector, explanation->before);
    struct text before = said(page, words_places, explanation->own_terms,
                              explanation->n_own_terms);
    struct text after = said(page, words_places, explanation->merge.terms,
                             explanation->merge.n_terms);

    heading(page, "May run on");
    if (text_equal(before, after)) {
        add_clauses(page, "", after);
    } else {
        add_clauses(page, "before", before);
        add_clauses(page, "after", after);
    }
    if (selector.len)
        buf_printf(page->out, "  %*sand only with %.*s (its nodeSelector)\n",
                   text_equal(before, after) ? 0 : TITLE_WIDTH, "",
                   TEXT_ARG(selector));
}

static void add_preferences(const struct page *page)
{
    const struct explanation *explanation = page->explanation;

    if (explanation->n_preferences == 0)
        return;
    heading(page, "Prefers");
    for (size_t i = 0; i < explanation->n_preferences; i++) {
        const struct explained_preference *p = &explanation->preferences[i];

        buf_printf(page->out, "  %3lld  ", p->weight);
        words_term(page->out, p->term);
        buf_add_string(page->out, p->added ? "  (added)\n" : "\n");
    }
}

static void add_warnings(const struct page *page)
{
    const struct admission *admission = &page->explanation->admission;

    if (admission->n_warnings == 0)
        return;
    heading(page, "Warnings");
    for (size_t i = 0; i < admission->n_warnings; i++) {
        const struct warning *warning = &admission->warnings[i];

        buf_printf(page->out, "  %s%s%s: %s\n", page->colour ? YELLOW : "",
                   warning_kind_name(warning->kind), page->colour ? OFF : "",
                   warning->text);
        buf_printf(page->out, "    way out: %s\n",
                   explanation_way_out(warning->kind));
    }
}

/* --- nodes ------------------------------------------------------------- */

/* A number, or a dash where there is none. */
static void add_number(struct buf *out, bool known, size_t number)
{
    if (known)
        buf_printf(out, "%zu", number);
    else
        buf_add_char(out, '-');
}

static void add_node(const struct page *page, const struct place *place,
                     struct table *table)
{
    bool feasible = place->verdict == NODE_FEASIBLE;
    struct buf why = { .arena = page->arena };

    if (!feasible)
        buf_add_string(&why, node_verdict_name(place->verdict));
    if (place->cause.len)
        buf_printf(&why, ": %.*s", TEXT_ARG(place->cause));
    table_add(table,
              (const struct text[]){
                  said(page, add_number, feasible, place->rank),
                  said(page, words_outside, place->node->name),
                  text_of(place->node->platform ? "virtual" : ""),
                  said(page, add_number, feasible, place->score),
                  said(page, add_number, feasible && place->room != SIZE_MAX,
                       place->room),
                  buf_text(&why) },
              feasible ? NULL : paint(page, RED));
}

static void add_nodes(const struct page *page)
{
    static const struct text titles[] = { TEXT("RANK"), TEXT("NODE"),
                                          TEXT("KIND"), TEXT("SCORE"),
                                          TEXT("ROOM"), TEXT("WHY NOT") };
    const struct placement *placement = &page->explanation->placement;
    struct table table = { .arena = page->arena, .columns = 6 };

    heading(page, "Nodes");
    table_add(&table, titles, NULL);
    for (size_t i = 0; i < placement->count; i++)
        add_node(page, &placement->list[i], &table);
    table_write(&table, INDENT, page->out);
    buf_add_string(page->out, "  Also have a say, and are not looked at: ");
    explanation_write_plugins(page->out, page->explanation);
    buf_add_char(page->out, '\n');
}

static void add_names(struct buf *out, const struct placement *placement,
                      const struct place_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (i == LISTED_NODES && group->count > LISTED_NODES + 1) {
            buf_printf(out, " or %zu more", group->count - i);
            return;
        }
        buf_add_string(out, i ? " or " : "");
        words_outside(out, placement->list[group->first + i].node->name);
    }
}

static void add_range(struct buf *out, size_t first, size_t last)
{
    buf_printf(out, "%zu", first);
    if (last > first)
        buf_printf(out, " to %zu", last);
}

static void add_replicas(const struct page *page)
{
    const struct placement *placement = &page->explanation->placement;
    size_t spill = explanation_spill(placement);
    size_t replicas = page->explanation->nodes->replicas;
    struct table table = { .arena = page->arena, .columns = 2 };

    heading(page, "Replicas, as far as affinity and room decide");
    for (size_t i = 0; i < placement->n_groups; i++) {
        const struct place_group *group = &placement->groups[i];
        size_t first = group->replicas_before + 1;
        size_t last = group->replicas_before + group->replicas;

        if (group->replicas == 0)
            continue;
        table_add(
            &table,
            (const struct text[]){ said(page, add_range, first, last),
                                   said(page, add_names, placement, group) },
            NULL);
    }
    if (placement->pending)
        table_add(&table,
                  (const struct text[]){ said(page, add_range,
                                              replicas - placement->pending + 1,
                                              replicas),
                                         text_of("pending: there is no room") },
                  paint(page, RED));
    table_write(&table, INDENT, page->out);
    if (spill)
        buf_printf(page->out, "  The spill-over begins at replica %zu.\n",
                   spill);
}

/* --- the whole --------------------------------------------------------- */

static void add_decision(const struct page *page)
{
    const struct explanation *explanation = page->explanation;
    auto_buf struct buf summary = { 0 };

    summary_write(&summary, &explanation->document, &explanation->admission,
                  explanation->before, explanation->before);
    buf_add_string(page->out, page->colour ? BOLD : "");
    summary_wrap(page->out, buf_text(&summary), 0);
    buf_add_string(page->out, page->colour ? OFF "\n" : "\n");
    page->out->failed |= summary.failed;
}

bool explanation_write_text(struct buf *out,
                            const struct explanation *explanation, bool colour,
                            struct arena *arena, struct error *err)
{
    const struct page page = { explanation, out, arena, colour };

    add_decision(&page);
    if (!explanation->admission.is_binding)
        add_policies(&page);
    add_guards(&page);
    if (explanation->after) {
        add_tolerations(&page);
        add_places(&page);
        add_preferences(&page);
    }
    add_warnings(&page);
    if (explanation->nodes) {
        add_nodes(&page);
        if (explanation->nodes->replicas)
            add_replicas(&page);
        buf_add_char(out, '\n');
        explanation_write_summary(out, explanation);
        buf_add_char(out, '\n');
    }
    return buf_ok(out, err);
}
