/*
 * fuzz_review.c - a body from the network: it is refused with a reason, or
 * answered with a well-formed review of the same uid, whose patch keeps the
 * laws: applied, it gives what was meant; a second pass changes nothing;
 * nothing else is touched.
 */
#include "fuzz.h"

#include <string.h>

#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/document.h"
#include "spillway/json.h"
#include "spillway/laws.h"
#include "spillway/redact.h"

static void check_answer(const struct admission *admission, struct arena *arena)
{
    struct json_document answer;
    struct error err = { 0 };
    const struct json *response;

    fuzz_law(json_read(admission->response, &json_any, SIZE_MAX, arena, &answer,
                       &err),
             "an answer is JSON", err.text);
    response = json_get(answer.root, "response");
    fuzz_law(text_equal(json_string(response, "uid"), admission->uid),
             "an answer has the request's uid", NULL);
    fuzz_law(json_true(response, "allowed"), "every pod is allowed", NULL);
    fuzz_law(!json_get(response, "patch") == !json_get(response, "patchType"),
             "patch and patchType come together", NULL);
    fuzz_law(!json_get(response, "patch") ==
                 (admission->decision != DECISION_MUTATED),
             "what is mutated has a patch", NULL);
    fuzz_law(admission->decision != DECISION_ERROR,
             "our own patch proves right", NULL);
}

static void check_laws(struct text body, const struct policy_set *set,
                       struct arena *arena)
{
    struct document_place place = { "input", body, true, true };
    auto_buf struct buf findings = { 0 };
    struct laws_objects objects;
    struct admission admission;
    struct document document;
    struct json_document whole;
    struct error err = { 0 };

    if (!json_read(body, &json_any, DOCUMENT_MAX_VALUES, arena, &whole, &err) ||
        !document_open(whole.root, &place, text_of("default"), arena, &document,
                       &err) ||
        document.kind != DOCUMENT_REVIEW ||
        !document_admit(&document, &place, set, arena, &admission, &err))
        return;
    fuzz_law(laws_check(set, &document, &admission, arena, &objects, &findings,
                        &err),
             "memory suffices", err.text);
    fuzz_law(findings.len == 0, "the laws of the merge", findings.data);
}

/* What may be kept of it: redacting once more takes nothing more out. */
static void check_redacted(struct text body)
{
    auto_arena struct arena arena = { 0 };
    struct redacted once, twice;
    struct error err = { 0 };

    if (!redact(body, &arena, &once, &err)) {
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a refusal has a reason", NULL);
        return;
    }
    fuzz_law(redact(once.review, &arena, &twice, &err),
             "what was redacted is a review", err.text);
    fuzz_law(text_equal(once.review, twice.review) &&
                 strcmp(once.shape, twice.shape) == 0 &&
                 strcmp(once.workload, twice.workload) == 0,
             "redacting twice is redacting once", once.review.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text body = fuzz_text(data, size);

    check_redacted(body);
    for (size_t i = 0; i < FUZZ_POLICIES; i++) {
        auto_arena struct arena arena = { 0 };
        struct admission admission = { 0 };
        struct error err = { 0 };

        if (admit(fuzz_policy(i), body, &arena, &admission, &err)) {
            check_answer(&admission, &arena);
            check_laws(body, fuzz_policy(i), &arena);
        } else {
            fuzz_law(err.kind == ERROR_INVALID && *err.text,
                     "a refusal has a reason", NULL);
        }
    }
    return 0;
}
