/*
 * testcase.h - one case of `spillway test`: an input, what is expected of it,
 * and whether that came true.
 */
#ifndef SPILLWAY_TESTCASE_H
#define SPILLWAY_TESTCASE_H

#include <stdbool.h>

#include "spillway/admit.h"
#include "spillway/buf.h"
#include "spillway/document.h"
#include "spillway/error.h"
#include "spillway/laws.h"

struct arena;
struct yaml_documents;
struct policy_set;

/* The files of a case, by path; NULL for those that it does not have.  Who
 * found the case owns the strings. */
struct testcase {
    const char *input;  /* review.json, pod.yaml or NAME.json */
    bool is_review;     /* the input must be an AdmissionReview in JSON */
    const char *expect; /* expect.yaml or NAME.expect.yaml */
    const char *patch;  /* patch.json */
    const char *object; /* object.yaml */
    const char *policy; /* policy.yaml, instead of --policy */
};

/* A file of expectations that is not as it would have to be. */
struct testcase_change {
    const char *path;    /* it need not exist */
    struct text content; /* with which the case would pass; in the arena */
};

enum { TESTCASE_EXPECTATIONS = 3 }; /* expect.yaml, patch.json, object.yaml */

/* A case that was run.  Everything lives in the arena that it was run with,
 * but for `own`. */
struct testcase_result {
    const struct testcase *testcase;
    struct policy_set *own; /* parsed from policy.yaml, or NULL; released with
                               testcase_result_done() */
    bool evaluated;         /* the members up to `objects` are set */
    struct document document;
    struct admission admission;
    const struct json *patch; /* of the document; [] for none */
    struct laws_objects objects;

    /* What is wrong with the case, whatever it expects: one line each. */
    struct buf findings;
    /* What was expected and did not come true: a line and a diff each. */
    struct buf differences;
    struct testcase_change changes[TESTCASE_EXPECTATIONS];
    size_t n_changes; /* that would make all differences go away */
    struct arena *arena;
};

/*
 * Run a case.  It passes when both findings and differences are empty.  Fails
 * only with SYSTEM, when memory is short; files that cannot be read are
 * findings.  *result is to be released in any case.
 */
bool testcase_run(const struct testcase *testcase, const struct policy_set *set,
                  struct arena *arena, struct testcase_result *result,
                  struct error *err) must_check;

void testcase_result_done(struct testcase_result *result);

#define auto_testcase_result __attribute__((cleanup(testcase_result_done)))

/*
 * Read the input of a case as a document.  False after the reason became a
 * finding.  *place is where it stands.
 */
bool testcase_open(const struct testcase *testcase, struct arena *arena,
                   struct document_place *place, struct document *document,
                   struct buf *findings) must_check;

/* --- what is compared (testcase_compare.c, testcase_expect.c) ----------- */

/* Compare with expect.yaml, patch.json and object.yaml, those that there are;
 * a case without any differs by the expect.yaml that it lacks.  Fails with
 * SYSTEM. */
bool testcase_compare(struct testcase_result *result,
                      struct error *err) must_check;

/* The part of it that is about expect.yaml; `root` is what was read of it, or
 * NULL when the case has none. */
bool testcase_compare_expect(struct testcase_result *result,
                             const struct json *root,
                             struct error *err) must_check;

/*
 * Record that a file differs: `what` is a line that says so, `wanted` and `got`
 * are its lines as expected and as they are, `content` is what the file would
 * have to hold.
 */
bool testcase_differs(struct testcase_result *result, const char *path,
                      const char *what, const struct buf *wanted,
                      const struct buf *got, struct text content,
                      struct error *err) must_check;

/* Read a file into the arena; false after the reason became a finding. */
bool testcase_read(const char *path, struct arena *arena, struct text *bytes,
                   struct buf *findings) must_check;

/* Read a file that holds one document, which is documents->list[0]; likewise.
 */
bool testcase_read_document(const char *path, struct arena *arena,
                            struct text *bytes,
                            struct yaml_documents *documents,
                            struct buf *findings) must_check;

/* What a path is called in findings: its last component. */
const char *testcase_file_name(const char *path);

#endif
