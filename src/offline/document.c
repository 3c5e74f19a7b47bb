/* document.c - see document.h for the contract. */
#include "spillway/document.h"

#include <stdint.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/compose.h"
#include "spillway/macros.h"
#include "spillway/patch.h"

/* The kinds that have a pod template, the API groups in which they surely do,
 * where it stands, and who owns the pods that are made of it. */
/* clang-format off */
static const struct workload {
    const char *kind, *group, *old_group; /* groups with their slash */
    const char *template_path;
    const char *owner_kind;
} workloads[] = {
    { "Deployment",  "apps/",  "extensions/", "/spec/template", "ReplicaSet" },
    { "ReplicaSet",  "apps/",  "extensions/", "/spec/template", "ReplicaSet" },
    { "StatefulSet", "apps/",  "apps/",       "/spec/template", "StatefulSet" },
    { "DaemonSet",   "apps/",  "extensions/", "/spec/template", "DaemonSet" },
    { "Job",         "batch/", "batch/",      "/spec/template", "Job" },
    { "CronJob",     "batch/", "batch/",
      "/spec/jobTemplate/spec/template", "Job" },
};
/* clang-format on */

/* --- places ------------------------------------------------------------ */

/* Where in the file some bytes begin; false when they are not from there. */
static bool offset_of(const struct document_place *place, struct text bytes,
                      size_t *offset)
{
    uintptr_t start = (uintptr_t)place->bytes.data;
    uintptr_t at = (uintptr_t)bytes.data;

    if (!place->is_json || !bytes.data || at < start ||
        at - start > place->bytes.len)
        return false;
    *offset = at - start;
    return true;
}

/* Put the place of `value` in front of a message. */
static bool wrap_place(struct error *err, const struct document_place *place,
                       const struct json *value)
{
    size_t offset;

    if (offset_of(place, value->raw, &offset))
        return error_wrap(err, "%s: byte %zu", place->file, offset);
    return value->line ? error_wrap(err, "%s:%u", place->file, value->line)
                       : error_wrap(err, "%s", place->file);
}

static bool fail_at(struct error *err, const struct document_place *place,
                    const struct json *value, const char *message)
{
    (void)error_set(err, ERROR_INVALID, "%s", message);
    return wrap_place(err, place, value);
}

/* Cut "byte N: " off a message; false when it has none. */
static bool take_byte(struct error *err, size_t *byte)
{
    const struct error whole = *err;
    char *end;

    if (strncmp(whole.text, "byte ", 5) != 0)
        return false;
    *byte = strtoul(whole.text + 5, &end, 10);
    if (strncmp(end, ": ", 2) != 0)
        return false;
    return !error_set(err, whole.kind, "%s", end + 2);
}

/* "request.object.spec.x: what" becomes "spec.template.spec.x: what", as the
 * user wrote it. */
static void rename_path(struct error *err, const char *template_path)
{
    static const char outer[] = "request.object.";
    const struct error found = *err;
    char prefix[64] = "";
    size_t used = 0;

    if (strncmp(found.text, outer, sizeof(outer) - 1) != 0)
        return;
    for (const char *c = template_path; *c && used + 2 < sizeof(prefix); c++) {
        if (*c != '/')
            prefix[used++] = *c;
        else if (c > template_path)
            prefix[used++] = '.';
    }
    (void)error_set(err, found.kind, "%s%s%s", prefix, used ? "." : "",
                    found.text + sizeof(outer) - 1);
}

/* Say in terms of the file what admit() found wrong in the bytes it got.  Those
 * that were made for it mean nothing to the user. */
static bool wrap_admit(struct error *err, const struct document_place *place,
                       const struct document *document)
{
    size_t offset, byte = 0;
    bool has_byte;

    if (err->kind != ERROR_INVALID)
        return error_wrap(err, "%s", place->file);
    has_byte = take_byte(err, &byte);
    if (document->kind != DOCUMENT_REVIEW)
        rename_path(err, document->template_path);
    if (document->kind != DOCUMENT_REVIEW ||
        !offset_of(place, document->review, &offset))
        return wrap_place(err, place, document->root);
    return error_wrap(err, "%s: byte %zu", place->file,
                      offset + (has_byte ? byte : 0));
}

/* --- classifying ------------------------------------------------------- */

/* Follow a JSON Pointer without escapes; NULL where it leads nowhere. */
static struct json *follow(struct json *value, const char *path)
{
    while (value && *path) {
        size_t len = strcspn(++path, "/");

        value = json_member(value, (struct text){ path, len });
        path += len;
    }
    return value;
}

/* A patch would go to the first of duplicate keys, and Kubernetes to the
 * last: nobody means that. */
static bool refuse_duplicates(const struct json *value, const char *path,
                              const struct document_place *place,
                              struct error *err)
{
    while (*path) {
        size_t len = strcspn(++path, "/"), count = 0;
        struct text key = { path, len };

        for (const struct json *m = value->child; m; m = m->next)
            count += text_equal(m->key, key);
        if (count > 1) {
            (void)error_set(err, ERROR_INVALID, "key '%.*s' is given twice",
                            TEXT_ARG(key));
            return wrap_place(err, place, value);
        }
        value = json_get_text(value, key);
        if (!value)
            return true;
        path += len;
    }
    return true;
}

static const struct workload *find_workload(struct json *root)
{
    struct text kind = json_string(root, "kind");
    struct text version = json_string(root, "apiVersion");

    for (size_t i = 0; i < array_len(workloads); i++) {
        const struct workload *w = &workloads[i];
        const struct json *found = follow(root, w->template_path);

        if (!text_is(kind, w->kind))
            continue;
        /* Other groups have kinds of the same name and another shape. */
        return text_has_prefix(version, w->group) ||
                       text_has_prefix(version, w->old_group) ||
                       (found && found->type == JSON_OBJECT)
                   ? w
                   : NULL;
    }
    return NULL;
}

static enum document_kind classify(struct json *root)
{
    struct text version = json_string(root, "apiVersion");
    struct text kind = json_string(root, "kind");

    if (text_is(kind, "AdmissionReview") ||
        text_has_prefix(version, "admission.k8s.io/"))
        return DOCUMENT_REVIEW;
    if (text_is(kind, "Pod") && text_is(version, "v1"))
        return DOCUMENT_POD;
    if (compose_is_binding(root))
        return DOCUMENT_BINDING;
    return find_workload(root) ? DOCUMENT_WORKLOAD : DOCUMENT_OTHER;
}

bool document_is_list(const struct json *root)
{
    const struct json *items = json_get(root, "items");

    return text_is(json_string(root, "kind"), "List") &&
           text_is(json_string(root, "apiVersion"), "v1") &&
           (!items || items->type == JSON_ARRAY);
}

/* --- opening ----------------------------------------------------------- */

static bool open_review(struct document *document,
                        const struct document_place *place, struct arena *arena,
                        struct error *err)
{
    struct json *request = json_member(document->root, text_of("request"));
    struct json *object = json_member(request, text_of("object"));
    struct buf out = { .arena = arena };

    document->object = object && object->type != JSON_NULL ? object : NULL;
    document->kind_name = json_string(json_get(request, "kind"), "kind");
    document->name_space = json_string(request, "namespace");
    document->name = compose_name(object, &document->generated);
    if (!document->name.len) {
        document->name = json_string(request, "name");
        document->generated = false;
    }
    if (place->is_json) {
        document->review = place->is_only ? place->bytes : document->root->raw;
        return true;
    }
    json_write(&out, document->root);
    document->review = buf_text(&out);
    return buf_ok(&out, err);
}

static bool open_workload(struct document *document,
                          const struct document_place *place,
                          struct arena *arena, struct error *err)
{
    const struct workload *workload = find_workload(document->root);
    const struct json *found = follow(document->root, workload->template_path);
    const struct json *pod;

    document->template_path = workload->template_path;
    if (!refuse_duplicates(document->root, workload->template_path, place, err))
        return false;
    if (!found || found->type != JSON_OBJECT) {
        (void)error_set(err, ERROR_INVALID, "%s without a pod template at %s",
                        workload->kind, workload->template_path);
        return wrap_place(err, place, document->root);
    }
    if (!document->name.len)
        return fail_at(err, place, document->root, "metadata.name is missing");
    pod = compose_pod(arena, document->root, found, workload->owner_kind,
                      document->name_space);
    if (!pod)
        return error_no_memory(err);
    return compose_review(arena, pod, document->name_space, &document->review,
                          err);
}

/* Anything but a review: it is created as it stands, or as its pod. */
static bool open_object(struct document *document, struct text stand_in,
                        const struct document_place *place, struct arena *arena,
                        struct error *err)
{
    struct text given =
        json_string(json_get(document->root, "metadata"), "namespace");
    struct text name_space = given.len ? given : stand_in;

    document->object = document->root;
    document->kind_name = json_string(document->root, "kind");
    document->name = compose_name(document->root, &document->generated);
    /* Whether some other kind has a namespace at all is not known here. */
    document->name_space =
        document->kind == DOCUMENT_OTHER ? given : name_space;
    if (document->kind == DOCUMENT_WORKLOAD)
        return open_workload(document, place, arena, err);
    return compose_review(arena, document->root, name_space, &document->review,
                          err);
}

bool document_open(struct json *root, const struct document_place *place,
                   struct text name_space, struct arena *arena,
                   struct document *document, struct error *err)
{
    if (root->type != JSON_OBJECT) {
        (void)error_set(err, ERROR_INVALID,
                        "expected a Kubernetes object, found %s",
                        json_type_name(root->type));
        return wrap_place(err, place, root);
    }
    if (!json_string(root, "apiVersion").len)
        return fail_at(err, place, root,
                       "apiVersion is missing: not a Kubernetes object");
    if (!json_string(root, "kind").len)
        return fail_at(err, place, root,
                       "kind is missing: not a Kubernetes object");
    *document = (struct document){
        .kind = classify(root),
        .root = root,
        .template_path = "",
    };
    if (document->kind == DOCUMENT_REVIEW)
        return open_review(document, place, arena, err);
    return open_object(document, name_space, place, arena, err);
}

/* --- evaluating, and the way back -------------------------------------- */

bool document_admit(const struct document *document,
                    const struct document_place *place,
                    const struct policy_set *set, struct arena *arena,
                    struct admission *admission, struct error *err)
{
    return admit(set, document->review, arena, admission, err) ||
           wrap_admit(err, place, document);
}

static bool prefix_path(struct json *operation, const char *prefix,
                        struct arena *arena)
{
    struct buf path = { .arena = arena };

    buf_add_string(&path, prefix);
    buf_add_text(&path, json_string(operation, "path"));
    return !path.failed && json_set(operation, text_of("path"),
                                    json_string_new(arena, buf_text(&path)));
}

struct json *document_patch(const struct document *document,
                            const struct admission *admission,
                            struct arena *arena, struct error *err)
{
    struct json_document patch;

    if (!admission->patch.len) {
        struct json *none = json_array(arena);

        if (!none)
            (void)error_no_memory(err);
        return none;
    }
    if (!json_read(admission->patch, &json_any, SIZE_MAX, arena, &patch, err))
        return NULL;
    for (struct json *e = patch.root->child; e; e = e->next) {
        if (!prefix_path(e, document->template_path, arena)) {
            (void)error_no_memory(err);
            return NULL;
        }
    }
    patch.root->raw = (struct text){ 0 };
    return patch.root;
}

/* What was read of the containers around a changed value no longer holds. */
static void forget_bytes(struct json *value)
{
    if (value)
        value->raw = (struct text){ 0 };
}

bool document_apply(struct document *document, const struct json *patch,
                    struct arena *arena, struct error *err)
{
    if (!patch->child)
        return true;
    if (!document->object)
        return error_set(err, ERROR_INVALID, "there is no object to change");
    forget_bytes(document->root);
    forget_bytes(json_member(document->root, text_of("request")));
    return patch_apply(&document->object, patch, arena, err);
}

const struct json *document_pod_spec(const struct document *document,
                                     const struct json *object)
{
    const char *path = document->template_path;

    while (object && *path) {
        size_t len = strcspn(++path, "/");

        object = json_get_text(object, (struct text){ path, len });
        path += len;
    }
    return json_get(object, "spec");
}
