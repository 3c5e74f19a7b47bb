/* testrun.c - see testrun.h for the contract. */
#include "spillway/testrun.h"

#include <stdlib.h>
#include <time.h>

#include "spillway/arena.h"
#include "spillway/coverage.h"
#include "spillway/inorder.h"
#include "spillway/progress.h"
#include "spillway/testlist.h"
#include "spillway/testreport.h"
#include "spillway/testupdate.h"

/* What became of one case, until it is reported. */
struct piece {
    struct arena arena;
    struct testcase_result result;
    long long time_us;
    struct error err; /* set when it could not be run at all */
};

struct work {
    const struct testrun *run;
    struct piece *pieces;
    struct error *err; /* the first of the pieces' */
};

static long long now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void run_piece(void *context, size_t i)
{
    const struct work *work = context;
    const struct testlist_case *listed = &work->run->list->cases[i];
    struct piece *piece = &work->pieces[i];
    long long start = now_us();

    if (listed->testcase.input &&
        !testcase_run(&listed->testcase, work->run->set, &piece->arena,
                      &piece->result, &piece->err))
        (void)error_wrap(&piece->err, "%s", listed->name);
    piece->time_us = now_us() - start;
}

static void piece_done(struct piece *piece)
{
    testcase_result_done(&piece->result);
    arena_done(&piece->arena);
}

/* Everything that is wrong with a case, or that became of its files. */
static bool find(const struct work *work, const struct testlist_case *listed,
                 struct piece *piece, struct testreport_case *reported,
                 struct buf *findings, struct error *err)
{
    struct testcase_result *result = &piece->result;
    bool is_sound = listed->misfits.len == 0 && result->findings.len == 0;

    if (is_sound && result->differences.len && work->run->update) {
        reported->outcome = TESTREPORT_UPDATED;
        return testupdate(result, findings, err);
    }
    buf_add_text(findings, listed->misfits);
    buf_add_text(findings, buf_text(&result->findings));
    buf_add_text(findings, buf_text(&result->differences));
    if (findings->len)
        reported->outcome = TESTREPORT_FAILED;
    return buf_ok(findings, err);
}

static bool report_piece(const struct work *work, size_t i)
{
    const struct testrun *run = work->run;
    const struct testlist_case *listed = &run->list->cases[i];
    struct piece *piece = &work->pieces[i];
    struct testreport_case reported = { .name = listed->name,
                                        .time_us = piece->time_us };
    auto_buf struct buf findings = { 0 };

    if (piece->err.kind != ERROR_NONE) {
        *work->err = piece->err;
        return false;
    }
    if (!find(work, listed, piece, &reported, &findings, work->err) ||
        (run->coverage &&
         !coverage_add(run->coverage, &piece->result, work->err)))
        return false;
    reported.findings = buf_text(&findings);
    if (piece->result.evaluated)
        reported.admission = &piece->result.admission;
    testreport_add(run->report, &reported);
    return !run->fail_fast || reported.outcome != TESTREPORT_FAILED;
}

static bool take_piece(void *context, size_t i)
{
    const struct work *work = context;
    bool go_on = report_piece(work, i);

    if (work->run->progress)
        progress_tick(work->run->progress, i + 1, work->run->list->count);
    piece_done(&work->pieces[i]);
    if (!go_on)
        work->run->report->not_run = work->run->list->count - i - 1;
    return go_on;
}

bool testrun(const struct testrun *run, struct error *err)
{
    size_t count = run->list->count;
    auto_free struct piece *pieces = calloc(count + 1, sizeof(*pieces));
    struct error found = { 0 };
    struct work work = { run, pieces, &found };
    const struct inorder inorder = { run_piece, take_piece, &work };
    bool good;

    if (!pieces)
        return error_no_memory(err);
    good = inorder_run(&inorder, count, run->jobs, &found);
    for (size_t i = 0; i < count; i++)
        piece_done(&pieces[i]);
    if (good && found.kind == ERROR_NONE)
        return true;
    *err = found;
    return false;
}
