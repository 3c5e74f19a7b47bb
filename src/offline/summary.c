/* summary.c - see summary.h for the contract. */
#include "spillway/summary.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/shape.h"
#include "spillway/term.h"
#include "spillway/words.h"

/* --- what is new ------------------------------------------------------- */

/* What stands between the elements of "a, b and c". */
static const char *separator(size_t i, size_t count, const char *last)
{
    if (i == 0)
        return "";
    return i + 1 == count ? last : ", ";
}

/* Tolerations are only ever added at the end of the list. */
static void add_tolerations(struct buf *out, const struct json *before,
                            const struct json *after)
{
    size_t old = json_count(json_get(before, "tolerations"));
    size_t count = json_count(json_get(after, "tolerations")), i = 0;

    if (count <= old)
        return;
    buf_add_string(out, ";\ntolerates ");
    for (const struct json *e = json_first(after, "tolerations"); e;
         e = e->next, i++) {
        if (i < old)
            continue;
        buf_add_string(out, separator(i - old, count - old, " and "));
        words_toleration(out, e);
    }
}

/* True when both say the same, nothing and an empty list included. */
static bool same_list(const struct json *before, const struct json *after,
                      struct arena *arena)
{
    if (json_count(before) == 0 || json_count(after) == 0)
        return json_count(before) == json_count(after);
    return json_equal(before, after, arena);
}

static void add_required(struct buf *out, const struct json *before,
                         const struct json *after, struct arena *arena)
{
    const struct json *old = json_get(
        term_node_affinity(before, REQUIRED_AFFINITY), "nodeSelectorTerms");
    const struct json *terms = json_get(
        term_node_affinity(after, REQUIRED_AFFINITY), "nodeSelectorTerms");
    size_t count = 0, i = 0;

    if (same_list(old, terms, arena))
        return;
    /* Empty terms match no node and only stand in the way. */
    for (const struct json *e = terms->child; e; e = e->next)
        count += !words_is_empty_term(e);
    buf_add_string(out, ";\nmay run on ");
    if (!count)
        buf_add_string(out, "no node");
    for (const struct json *e = terms->child; e; e = e->next) {
        if (words_is_empty_term(e))
            continue;
        if (i == WORDS_LIST_MAX && count > WORDS_LIST_MAX + 1) {
            buf_printf(out, ", or %zu more choices", count - WORDS_LIST_MAX);
            break;
        }
        buf_add_string(out, i++ ? ", or with " : "nodes with ");
        words_term(out, e);
    }
}

/* The heaviest that is lighter than `below`, or stands behind `last` with the
 * same weight: called in turn, all of them in order of weight. */
static const struct json *next_lighter(const struct json *list,
                                       const struct json *last)
{
    const struct json *best = NULL;
    bool passed = !last;

    for (const struct json *e = list->child; e; e = e->next) {
        bool follows = !last || term_weight(e) < term_weight(last) ||
                       (passed && term_weight(e) == term_weight(last));

        if (follows && (!best || term_weight(e) > term_weight(best)))
            best = e;
        passed = passed || e == last;
    }
    return best;
}

static void add_preferred(struct buf *out, const struct json *before,
                          const struct json *after, struct arena *arena)
{
    const struct json *old = term_node_affinity(before, PREFERRED_AFFINITY);
    const struct json *list = term_node_affinity(after, PREFERRED_AFFINITY);
    const struct json *last = NULL;
    size_t count = json_count(list);

    if (same_list(old, list, arena))
        return;
    buf_add_string(out, ";\nprefers ");
    for (size_t i = 0; i < count; i++) {
        const struct json *e = next_lighter(list, last);

        if (i == WORDS_LIST_MAX && count > WORDS_LIST_MAX + 1) {
            buf_printf(out, " over %zu more", count - WORDS_LIST_MAX);
            break;
        }
        if (i)
            buf_add_string(out, term_weight(e) == term_weight(last) ? ", "
                                                                    : " over ");
        words_term(out, json_get(e, "preference"));
        buf_printf(out, " (%lld)", term_weight(e));
        last = e;
    }
}

/* Whether default spreading no longer takes pods away from preferred nodes.
 * What else the scheduler weighs, such as the pod's own anti-affinity, is not
 * ours to promise. */
static void add_spread(struct buf *out, const struct policy *policy,
                       const struct json *before, const struct json *after,
                       struct arena *arena)
{
    const struct json *own = json_get(before, "topologySpreadConstraints");

    if (!policy->fill_first)
        return;
    if (json_count(own) && !json_equal(own, policy->spread, arena))
        buf_add_string(out, ";\nhas spreading of its own, so its order of "
                            "filling is left to that");
    else if (!json_count(own) &&
             json_count(json_get(after, "topologySpreadConstraints")))
        buf_add_string(out, ";\nis not spread by the scheduler's defaults "
                            "(fillFirst)");
}

/* What will become of it when it is bound, which is not for this review. */
static void add_scale_in(struct buf *out, const struct policy *policy)
{
    if (!policy->scale_in_first || policy->shadow)
        return;
    buf_add_string(out, ";\ngets the deletion cost " DELETION_COST
                        " where it lands on ");
    for (size_t i = 0; i < policy->n_virtual_nodes; i++) {
        buf_add_string(out, separator(i, policy->n_virtual_nodes, " or "));
        words_outside(out, policy->virtual_nodes[i]);
    }
}

static void add_binding(struct buf *out, const struct document *document)
{
    buf_add_string(out, ";\nthe pod gets the deletion cost " DELETION_COST
                        ", since ");
    words_outside(out,
                  json_string(json_get(document->object, "target"), "name"));
    buf_add_string(out, " is a virtual node");
}

/* What of it is new, in clauses that follow others. */
static void add_news(struct buf *out, const struct document *document,
                     const struct admission *admission,
                     const struct json *before, const struct json *after,
                     struct arena *arena)
{
    if (admission->is_binding) {
        if (admission->decision == DECISION_MUTATED)
            add_binding(out, document);
        return;
    }
    add_tolerations(out, before, after);
    add_required(out, before, after, arena);
    add_preferred(out, before, after, arena);
    if (admission->reason == REASON_APPLIED ||
        admission->reason == REASON_ALREADY_SATISFIED)
        add_spread(out, admission->policy, before, after, arena);
    if (admission->reason != REASON_DAEMONSET)
        add_scale_in(out, admission->policy);
}

/* --- decisions --------------------------------------------------------- */

void summary_name(struct buf *out, const struct document *document)
{
    words_outside(out, document->kind_name.len ? document->kind_name
                                               : text_of("Object"));
    buf_add_char(out, ' ');
    if (document->name_space.len) {
        words_outside(out, document->name_space);
        buf_add_char(out, '/');
    }
    words_outside(out, document->name.len ? document->name
                                          : text_of("(without a name)"));
    if (document->generated && document->name.len)
        buf_add_char(out, '*');
}

/* Why an object was left alone, or not changed in full. */
static void add_reason(struct buf *out, const struct document *document,
                       const struct admission *admission,
                       const struct json *spec)
{
    static const char *const words[REASONS] = {
        [REASON_ALREADY_SATISFIED] = "it is already as the policy wants it",
        [REASON_NOT_A_POD] = "only pods are changed",
        [REASON_SUBRESOURCE] = "the request is for a subresource",
        [REASON_OPERATION] = "only pods that are created are changed, and "
                             "this is ",
        [REASON_NO_MATCH] = "no policy selects it",
        [REASON_OPTED_OUT] = "its annotation spillway.dev/mutate opts out",
        [REASON_MIRROR_POD] = "it mirrors a static pod",
        [REASON_NODE_NAME_SET] = "it is already placed, on node ",
        [REASON_ROLLOUT] = "outside the share of workloads that the policy "
                           "applies to",
        [REASON_DAEMONSET] = "a DaemonSet places its pods itself, so "
                             "tolerations only",
        [REASON_NO_FEASIBLE_TERM] = "its own affinity matches no node and is "
                                    "left alone",
        [REASON_TOO_MANY_TERMS] = "merged, its affinity would have too many "
                                  "terms, so it is left alone",
        [REASON_SELF_CHECK_FAILED] = "the patch did not prove right and is "
                                     "not sent; please report this",
    };
    static const char *const binding_words[REASONS] = {
        [REASON_SUBRESOURCE] = "the request is not for pods/binding",
        [REASON_OPERATION] = "only Bindings that are created are changed, and "
                             "this is ",
        [REASON_NO_MATCH] = "no policy with scaleInFirst has its namespace "
                            "and its node ",
    };
    struct text node =
        json_string(json_get(document->object, "target"), "name");
    const char *why = admission->is_binding && binding_words[admission->reason]
                          ? binding_words[admission->reason]
                          : words[admission->reason];

    if (!why)
        return;
    buf_printf(out, " (%s): %s", reason_name(admission->reason), why);
    if (admission->reason == REASON_NODE_NAME_SET)
        words_outside(out, json_string(spec, "nodeName"));
    if (admission->is_binding && admission->reason == REASON_NO_MATCH)
        words_outside(out, node.len ? node : text_of("(it names none)"));
    if (admission->reason == REASON_OPERATION)
        words_outside(
            out, json_string(json_get(document->root, "request"), "operation"));
}

static void add_decision(struct buf *out, const struct admission *admission)
{
    struct text policy =
        admission->policy ? admission->policy->name : (struct text){ 0 };

    if (admission->decision == DECISION_SHADOWED)
        buf_add_string(out, "would be mutated");
    else if (admission->decision == DECISION_ERROR)
        buf_add_string(out, "left alone");
    else
        buf_add_string(out, decision_name(admission->decision));
    if (admission->decision != DECISION_SKIPPED && policy.len) {
        buf_add_string(out, admission->decision == DECISION_UNCHANGED
                                ? " under "
                                : " by ");
        words_outside(out, policy);
    }
    if (admission->decision == DECISION_SHADOWED)
        buf_add_string(out, ", which is in shadow mode");
}

void summary_write(struct buf *out, const struct document *document,
                   const struct admission *admission, const struct json *before,
                   const struct json *after)
{
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf news = { 0 };

    summary_name(out, document);
    buf_add_string(out, ": ");
    add_decision(out, admission);
    add_reason(out, document, admission, before);
    if (admission->decision != DECISION_MUTATED &&
        admission->decision != DECISION_UNCHANGED)
        return;
    add_news(&news, document, admission, before, after, &arena);
    out->failed |= news.failed;
    /* The first clause follows a colon, or the reason's. */
    if (news.len) {
        buf_add_char(out, admission->reason == REASON_APPLIED ? ':' : ';');
        buf_add(out, news.data + 1, news.len - 1);
    }
}

static size_t first_blank(struct text line)
{
    const char *blank = memchr(line.data, ' ', line.len);

    return blank ? (size_t)(blank - line.data) : line.len;
}

/* One clause, which begins at column `start`. */
static void wrap_clause(struct buf *out, struct text line, size_t width,
                        size_t start, size_t indent)
{
    size_t room = width - start;

    while (line.len > room) {
        size_t cut = room;

        while (cut > 0 && line.data[cut] != ' ')
            cut--;
        if (cut == 0) /* a word that is longer than a line */
            cut = first_blank(line);
        if (cut >= line.len)
            break;
        buf_add(out, line.data, cut);
        buf_printf(out, "\n%*s", (int)indent, "");
        line = (struct text){ line.data + cut + 1, line.len - cut - 1 };
        room = width - indent;
    }
    buf_add_text(out, line);
}

void summary_wrap(struct buf *out, struct text summary, size_t width)
{
    enum { INDENT = 4, FURTHER = 6, NARROWEST = 12 };
    bool broken = width > NARROWEST && summary.len > width;
    size_t start = 0;

    while (summary.len) {
        const char *end = memchr(summary.data, '\n', summary.len);
        size_t len = end ? (size_t)(end - summary.data) : summary.len;

        if (broken)
            wrap_clause(out, (struct text){ summary.data, len }, width, start,
                        FURTHER);
        else
            buf_add(out, summary.data, len);
        if (!end)
            return;
        if (broken)
            buf_printf(out, "\n%*s", INDENT, "");
        else
            buf_add_char(out, ' ');
        start = INDENT;
        summary = (struct text){ end + 1, summary.len - len - 1 };
    }
}
