/* review.c - see review.h for the contract. */
#include "spillway/review.h"

#include "spillway/arena.h"
#include "spillway/macros.h"
#include "spillway/shape.h"

static bool fail(struct error *err, const char *message)
{
    return error_set(err, ERROR_INVALID, "%s", message);
}

static bool check_envelope(const struct json *root, struct error *err)
{
    struct text version = json_string(root, "apiVersion");

    if (!text_is(json_string(root, "kind"), "AdmissionReview"))
        return fail(err, "not an AdmissionReview: kind must be "
                         "'AdmissionReview'");
    if (!text_is(version, "admission.k8s.io/v1") &&
        !text_is(version, "admission.k8s.io/v1beta1"))
        return fail(err, "apiVersion must be admission.k8s.io/v1 or "
                         "admission.k8s.io/v1beta1");
    if (!json_get(root, "request"))
        return fail(err, "the AdmissionReview has no request");
    return true;
}

/* k8s.io/api/admission/v1: type Operation. */
static bool is_operation(struct text operation)
{
    static const char *const known[] = { "CREATE", "UPDATE", "DELETE",
                                         "CONNECT" };

    for (size_t i = 0; i < array_len(known); i++) {
        if (text_is(operation, known[i]))
            return true;
    }
    return false;
}

static bool is_core_kind(const struct json *kind, const char *name)
{
    return json_string(kind, "group").len == 0 &&
           text_is(json_string(kind, "version"), "v1") &&
           text_is(json_string(kind, "kind"), name);
}

/* What is created must be there. */
static bool check_object(const struct review *review, const struct json *object,
                         struct error *err)
{
    if (!object && text_is(review->operation, "CREATE"))
        return fail(err, "request.object is missing: there is nothing to "
                         "create");
    return true;
}

bool review_decode(struct text body, const struct json_shape *shape,
                   struct arena *arena, struct review *review,
                   struct error *err)
{
    struct json_document document;
    const struct json *request;

    if (!json_read(body, shape, JSON_MAX_VALUES, arena, &document, err))
        return false;
    if (!check_envelope(document.root, err))
        return false;
    request = json_get(document.root, "request");
    *review = (struct review){
        .api_version = json_string(document.root, "apiVersion"),
        .uid = json_string(request, "uid"),
        .name_space = json_string(request, "namespace"),
        .operation = json_string(request, "operation"),
        .sub_resource = json_string(request, "subResource"),
        .is_pod = is_core_kind(json_get(request, "kind"), "Pod"),
        .is_binding = is_core_kind(json_get(request, "kind"), "Binding"),
    };
    if (review->uid.len == 0)
        return fail(err, "request.uid is missing or empty");
    if (!is_operation(review->operation))
        return fail(err, "request.operation must be CREATE, UPDATE, DELETE or "
                         "CONNECT");
    if (!review->is_pod)
        return true;
    if (document.deferred.kind != ERROR_NONE) {
        *err = document.deferred;
        return false;
    }
    review->pod = json_get(request, "object");
    return check_object(review, review->pod, err);
}

bool review_decode_binding(struct text body, struct arena *arena,
                           struct review *review, struct error *err)
{
    struct json_document document;

    if (!json_read(body, &review_binding_shape, JSON_MAX_VALUES, arena,
                   &document, err))
        return false;
    review->binding = json_get(json_get(document.root, "request"), "object");
    return check_object(review, review->binding, err);
}

static void add_annotation(struct buf *out, bool *any, const char *key,
                           struct text value)
{
    if (!value.data)
        return;
    buf_add_string(out, *any ? "," : ",\"auditAnnotations\":{");
    *any = true;
    buf_add_char(out, '"');
    buf_add_string(out, key);
    buf_add_string(out, "\":");
    json_write_string(out, value);
}

void review_encode(const struct review *review,
                   const struct review_answer *answer, struct buf *out)
{
    bool any = false;

    buf_add_string(out, "{\"kind\":\"AdmissionReview\",\"apiVersion\":");
    json_write_string(out, review->api_version);
    buf_add_string(out, ",\"response\":{\"uid\":");
    json_write_string(out, review->uid);
    buf_add_string(out, ",\"allowed\":true");
    if (answer->patch.data) {
        buf_add_string(out, ",\"patch\":\"");
        if (answer->encoded_patch.data)
            buf_add_text(out, answer->encoded_patch);
        else
            buf_add_base64(out, answer->patch);
        buf_add_string(out, "\",\"patchType\":\"JSONPatch\"");
    }
    add_annotation(out, &any, "decision", answer->decision);
    add_annotation(out, &any, "policy", answer->policy);
    add_annotation(out, &any, "policy-digest", answer->policy_digest);
    add_annotation(out, &any, "reason", answer->reason);
    if (any)
        buf_add_char(out, '}');
    for (size_t i = 0; i < answer->n_warnings; i++) {
        buf_add_string(out, i ? "," : ",\"warnings\":[");
        json_write_string(out, text_of(answer->warnings[i].text));
    }
    if (answer->n_warnings)
        buf_add_char(out, ']');
    buf_add_string(out, "}}\n");
}
