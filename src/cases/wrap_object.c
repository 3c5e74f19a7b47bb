/*
 * wrap_object.c - from one object to one case: reviewed, redacted, decided and
 * written.
 */
#include <stdio.h>

#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/record_case.h"
#include "spillway/redact.h"
#include "spillway/summary.h"
#include "spillway/words.h"
#include "spillway/wrap_parts.h"

/* Redaction goes by the kind that the request names, so its object must be of
 * that kind: a Secret in a request for a Pod would be kept. */
static bool is_of_its_kind(const struct document *document,
                           const struct document_place *place,
                           struct error *err)
{
    struct text kind = json_string(document->object, "kind");
    struct buf words = { 0 };

    if (document->kind != DOCUMENT_REVIEW || !kind.len ||
        text_equal(kind, document->kind_name))
        return true;
    words_outside(&words, document->kind_name);
    buf_add_string(&words, ", but its object is of kind ");
    words_outside(&words, kind);
    (void)error_set(err, ERROR_INVALID, "%s: the request is for a %s",
                    place->file, words.data ? words.data : "");
    buf_done(&words);
    return false;
}

/* Count a case that would not say what was decided; which was the first is
 * told. */
static bool leave_out(struct wrap *wrap, const struct document *document,
                      const struct error *why, struct error *err)
{
    struct wrap_tally *tally = &wrap->tally;
    auto_buf struct buf name = { 0 };

    if (tally->unfaithful++ > 0)
        return true;
    summary_name(&name, document);
    if (!buf_ok(&name, err))
        return false;
    tally->first_unfaithful = *why;
    (void)error_wrap(&tally->first_unfaithful, "%s", name.data);
    return true;
}

/*
 * The uid that was made for the request is a digest of the object before it was
 * redacted, with which secrets could be guessed; one of the shape says nothing
 * of them.
 */
static bool replace_uid(struct redacted *redacted, struct arena *arena,
                        struct error *err)
{
    struct json_document document;
    struct buf uid = { .arena = arena }, out = { .arena = arena };
    struct json *request;

    buf_printf(&uid, "00000000-0000-8000-8000-%s", redacted->shape);
    if (!json_read(redacted->review, &json_any, REDACT_MAX_VALUES, arena,
                   &document, err))
        return false;
    request = json_member(document.root, text_of("request"));
    document.root->raw = (struct text){ 0 };
    if (!buf_ok(&uid, err) || !json_set(request, text_of("uid"),
                                        json_string_new(arena, buf_text(&uid))))
        return error_no_memory(err);
    json_write_pretty(&out, document.root, 2);
    buf_add_char(&out, '\n');
    redacted->review = buf_text(&out);
    return buf_ok(&out, err);
}

static bool store(struct wrap *wrap, const struct document *document,
                  const struct record_decision *decision,
                  struct redacted *redacted, struct arena *arena,
                  struct error *err)
{
    struct buf expect = { .arena = arena };
    struct error why = { 0 };

    if (record_store_has(&wrap->store, redacted->shape)) {
        wrap->tally.folded++;
        return true;
    }
    if (document->kind != DOCUMENT_REVIEW && !replace_uid(redacted, arena, err))
        return false;
    if (!record_case_is_faithful(decision, wrap->set, redacted->review, arena,
                                 &why)) {
        *err = why;
        return why.kind == ERROR_INVALID &&
               leave_out(wrap, document, &why, err);
    }
    if (!record_case_expect(decision, false, arena, &expect, err) ||
        !record_store_add(&wrap->store, redacted, buf_text(&expect), err))
        return false;
    wrap->tally.written++;
    progress_end(&wrap->progress);
    printf("%s-%s  %s (%s)\n", redacted->workload, redacted->shape,
           decision_name(decision->decision), reason_name(decision->reason));
    return true;
}

/* True for what no policy is about. */
static bool is_unselected(const struct admission *admission)
{
    return admission->reason == REASON_NO_MATCH ||
           admission->reason == REASON_NOT_A_POD;
}

static bool wrap_document(struct wrap *wrap, const struct document *document,
                          const struct document_place *place,
                          struct arena *arena, struct error *err)
{
    struct redacted *redacted = arena_new(arena, struct redacted);
    struct admission admission = { 0 };
    struct record_decision decision;

    if (!redacted)
        return error_no_memory(err);
    if (!is_of_its_kind(document, place, err) ||
        !document_admit(document, place, wrap->set, arena, &admission, err))
        return false;
    if (wrap->only_selected && is_unselected(&admission)) {
        wrap->tally.unselected++;
        return true;
    }
    if (!redact(document->review, arena, redacted, err))
        return error_wrap(err, "%s", place->file);
    decision = record_decision_of(&admission);
    return store(wrap, document, &decision, redacted, arena, err);
}

bool wrap_object(struct wrap *wrap, struct json *root,
                 const struct document_place *place, struct text name_space,
                 struct arena *arena, struct error *err)
{
    struct document document;

    if (wrap_is_controlled(root)) {
        wrap->tally.controlled++;
        return true;
    }
    if (!document_open(root, place, name_space, arena, &document, err))
        return false;
    if (document.kind == DOCUMENT_OTHER) {
        wrap_tally_kind(&wrap->tally, document.kind_name);
        return true;
    }
    return wrap_document(wrap, &document, place, arena, err);
}
