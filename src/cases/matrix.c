/* matrix.c - see matrix.h for the contract. */
#include "spillway/matrix.h"

#include <stdint.h>
#include <stdio.h>

#include "spillway/arena.h"
#include "spillway/document.h"
#include "spillway/inorder.h"
#include "spillway/json.h"
#include "spillway/jsonout.h"
#include "spillway/macros.h"
#include "spillway/merge.h"
#include "spillway/policy.h"
#include "spillway/testcase.h"
#include "spillway/testlist.h"
#include "spillway/testreport.h"

/* --- one case ---------------------------------------------------------- */

/* The spec or metadata that results; `before` when nothing would change. */
static bool merged(const struct admission *admission, const struct json *before,
                   struct arena *arena, const struct json **after,
                   struct error *err)
{
    struct merge merge;

    *after = before;
    if (admission->decision != DECISION_MUTATED &&
        admission->decision != DECISION_SHADOWED)
        return true;
    if (admission->is_binding)
        return merge_deletion_cost(before, arena, after, err);
    if (!merge_policy(admission->policy, before,
                      admission->reason == REASON_DAEMONSET, arena, &merge,
                      err))
        return false;
    *after = merge.after;
    return true;
}

/* The members that a policy can change, and nothing else. */
static struct json *changeable(const struct json *part, struct arena *arena)
{
    static const char *const keys[] = { "tolerations", "affinity",
                                        "topologySpreadConstraints",
                                        "annotations" };
    struct json *object = json_object(arena);

    for (size_t i = 0; object && i < array_len(keys); i++) {
        const struct json *value = json_get(part, keys[i]);

        if (value &&
            !json_set(object, text_of(keys[i]), json_clone(arena, value)))
            return NULL;
    }
    return object;
}

static bool set_results(struct matrix_case *of, const struct document *document,
                        struct arena *arena, struct error *err)
{
    bool is_binding = of->sides[MATRIX_OLD].admission.is_binding ||
                      of->sides[MATRIX_NEW].admission.is_binding;
    const struct json *before =
        is_binding ? json_get(document->object, "metadata")
                   : document_pod_spec(document, document->object);

    for (size_t i = 0; i < MATRIX_SIDES; i++) {
        struct matrix_outcome *side = &of->sides[i];
        const struct json *after;

        if (!merged(&side->admission, before, arena, &after, err))
            return false;
        side->result = changeable(after, arena);
        if (!side->result)
            return error_no_memory(err);
    }
    return true;
}

static struct text policy_name(const struct admission *admission)
{
    return admission->policy ? admission->policy->name : (struct text){ 0 };
}

static bool same_warnings(const struct admission *a, const struct admission *b)
{
    if (a->n_warnings != b->n_warnings)
        return false;
    for (size_t i = 0; i < a->n_warnings; i++) {
        if (strcmp(a->warnings[i].text, b->warnings[i].text) != 0)
            return false;
    }
    return true;
}

static bool differs(const struct matrix_case *of, struct arena *arena)
{
    const struct admission *old = &of->sides[MATRIX_OLD].admission;
    const struct admission *new = &of->sides[MATRIX_NEW].admission;

    return old->decision != new->decision || old->reason != new->reason ||
           !text_equal(policy_name(old), policy_name(new)) ||
           !same_warnings(old, new) ||
           !json_equal(of->sides[MATRIX_OLD].result,
                       of->sides[MATRIX_NEW].result, arena);
}

bool matrix_evaluate(const struct testcase *testcase,
                     const struct policy_set *const sets[], struct arena *arena,
                     struct matrix_case *result, struct error *err)
{
    struct document_place place;
    struct document document;

    *result = (struct matrix_case){ .findings = { .arena = arena } };
    if (!testcase_open(testcase, arena, &place, &document, &result->findings))
        return buf_ok(&result->findings, err);
    for (size_t i = 0; i < MATRIX_SIDES; i++) {
        struct error found = { 0 };

        if (!document_admit(&document, &place, sets[i], arena,
                            &result->sides[i].admission, &found)) {
            buf_printf(&result->findings, "%s\n", found.text);
            return buf_ok(&result->findings, err);
        }
    }
    if (!set_results(result, &document, arena, err))
        return false;
    result->differs = differs(result, arena);
    return true;
}

/* --- all cases --------------------------------------------------------- */

struct piece {
    struct arena arena;
    struct matrix_case of;
    struct error err;
};

struct work {
    const struct matrix *matrix;
    struct matrix_count *count;
    struct piece *pieces;
    cJSON *list; /* of the cases that differ */
    struct error *err;
};

static void run_piece(void *context, size_t i)
{
    const struct work *work = context;
    const struct testlist_case *listed = &work->matrix->list->cases[i];
    struct piece *piece = &work->pieces[i];

    if (listed->testcase.input && !listed->misfits.len &&
        !matrix_evaluate(&listed->testcase, work->matrix->sets, &piece->arena,
                         &piece->of, &piece->err))
        (void)error_wrap(&piece->err, "%s", listed->name);
}

/* On stderr, a line for each reason why the case has no outcome. */
static void report_findings(const char *name, struct text lines)
{
    struct text line;

    while (text_take_line(&lines, &line)) {
        auto_buf struct buf shown = { 0 };

        buf_add_shown(&shown, text_of(name), SIZE_MAX);
        buf_add_string(&shown, ": ");
        buf_add_shown(&shown, line, SIZE_MAX);
        if (!shown.failed)
            (void)fprintf(stderr, "spillway: %s\n", shown.data);
    }
}

static bool report_case(struct work *work, const char *name,
                        struct piece *piece)
{
    const struct matrix *matrix = work->matrix;
    struct buf out = { .arena = &piece->arena };
    cJSON *object;

    if (matrix->json) {
        object = matrix_json(name, &piece->of, matrix->names, &piece->arena,
                             work->err);
        return object && cJSON_AddItemToArray(work->list, object);
    }
    if (!matrix_write(&out, name, &piece->of, matrix->names, &piece->arena,
                      work->err))
        return false;
    testreport_print_lines(buf_text(&out), "", matrix->colour);
    return true;
}

static bool take_piece(void *context, size_t i)
{
    struct work *work = context;
    const struct testlist_case *listed = &work->matrix->list->cases[i];
    struct piece *piece = &work->pieces[i];
    struct text why =
        listed->misfits.len ? listed->misfits : buf_text(&piece->of.findings);
    bool good = piece->err.kind == ERROR_NONE;

    if (!good)
        *work->err = piece->err;
    work->count->cases++;
    work->count->unreadable += why.len > 0;
    work->count->differ += piece->of.differs;
    (void)fflush(stdout); /* what is said on both streams stays in order */
    report_findings(listed->name, why);
    if (good && piece->of.differs)
        good = report_case(work, listed->name, piece);
    arena_done(&piece->arena);
    return good;
}

static bool finish(struct work *work, struct error *err)
{
    cJSON *root;

    if (!work->matrix->json) {
        printf("%zu of %zu cases differ\n", work->count->differ,
               work->count->cases);
        return true;
    }
    root = cJSON_CreateObject();
    jsonout_add_count(root, "cases", work->count->cases);
    jsonout_add_count(root, "differ", work->count->differ);
    (void)cJSON_AddItemToObject(root, "differences", work->list);
    work->list = NULL;
    return jsonout_print(root, err);
}

bool matrix_run(const struct matrix *matrix, struct matrix_count *count,
                struct error *err)
{
    size_t n = matrix->list->count;
    auto_free struct piece *pieces = calloc(n + 1, sizeof(*pieces));
    struct error found = { 0 };
    struct work work = { matrix, count, pieces, cJSON_CreateArray(), &found };
    const struct inorder inorder = { run_piece, take_piece, &work };
    bool good;

    *count = (struct matrix_count){ 0 };
    good = pieces && inorder_run(&inorder, n, matrix->jobs, &found);
    for (size_t i = 0; pieces && i < n; i++)
        arena_done(&pieces[i].arena);
    good = good && found.kind == ERROR_NONE && finish(&work, &found);
    cJSON_Delete(work.list);
    if (good)
        return true;
    *err = found;
    return found.kind == ERROR_NONE ? error_no_memory(err) : false;
}
