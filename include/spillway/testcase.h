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

/*
 * Run a case.  Appends to *findings a line for everything that is not as it
 * should be, followed by indented detail where there is some; nothing when the
 * case passes.  Fails only with SYSTEM, when memory is short; files that cannot
 * be read are findings.
 */
bool testcase_run(const struct testcase *testcase, const struct policy_set *set,
                  bool colour, struct buf *findings,
                  struct error *err) must_check;

/* --- what is compared (testcase_compare.c) ----------------------------- */

/* A case that was evaluated. */
struct testcase_result {
    const struct testcase *testcase;
    struct document document;
    struct admission admission;
    const struct json *patch; /* of the document; [] for none */
    struct laws_objects objects;
    bool colour;
    struct arena *arena;
    struct buf *findings;
};

/* Compare with expect.yaml, patch.json and object.yaml, those that there are;
 * a case without any expectation is a finding.  Fails with SYSTEM. */
bool testcase_compare(const struct testcase_result *result,
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
