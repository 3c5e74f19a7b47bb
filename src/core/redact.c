/*
 * redact.c - see redact.h for the contract.
 *
 * The tree is read for this alone and changed in place.  Containers lose their
 * raw bytes on the way, so that they are written as they are by then.
 */
#include "spillway/redact.h"

#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/redact_shape.h"

enum { LONG_ANNOTATION = 256 };

static const struct text redacted_text = TEXT("REDACTED");

static void replace(struct json *value, struct text text)
{
    value->type = JSON_STRING;
    value->opaque = false;
    value->child = NULL;
    value->raw = (struct text){ 0 };
    value->string = text;
}

/* Whatever it is: a type that does not belong there may be secret as well. */
static void hide(struct json *value)
{
    if (value && value->type != JSON_NULL)
        replace(value, redacted_text);
}

static void hide_all(struct json *container)
{
    for (struct json *e = container ? container->child : NULL; e; e = e->next)
        hide(e);
}

static struct json *member(struct json *object, const char *key)
{
    return object && object->type == JSON_OBJECT
               ? json_member(object, text_of(key))
               : NULL;
}

/* Every member of that name goes: of twins, others take the first. */
static void remove_all(struct json *object, const char *key)
{
    struct json **at = object ? &object->child : NULL;

    while (at && *at) {
        if (text_is((*at)->key, key))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

/* Call `change` for each member of that name. */
static void each(struct json *object, const char *key,
                 void (*change)(struct json *value))
{
    if (!object || object->type != JSON_OBJECT)
        return;
    for (struct json *m = object->child; m; m = m->next) {
        if (text_is(m->key, key))
            change(m);
    }
}

/* Call `change` for each element of each list of that name. */
static void each_in(struct json *object, const char *key,
                    void (*change)(struct json *value))
{
    if (!object || object->type != JSON_OBJECT)
        return;
    for (struct json *m = object->child; m; m = m->next) {
        for (struct json *e = m->child; e && text_is(m->key, key); e = e->next)
            change(e);
    }
}

/* --- arguments ------------------------------------------------------------ */

static bool has_space(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ' ' ||
            (text.data[i] >= '\t' && text.data[i] <= '\r'))
            return true;
    }
    return false;
}

/* Cut behind the first `=`; false when there is none. */
static bool hide_behind_equals(struct json *argument)
{
    struct text text = argument->string;
    const char *equals = text.len ? memchr(text.data, '=', text.len) : NULL;
    size_t kept;

    if (!equals)
        return false;
    kept = (size_t)(equals - text.data) + 1;
    argument->raw = (struct text){ 0 };
    /* The word is appended when it is written: see redact_append. */
    argument->string = (struct text){ text.data, kept };
    return true;
}

static bool is_option(struct text text)
{
    return text.len > 1 && text.data[0] == '-';
}

static void hide_arguments(struct json *list)
{
    bool after_option = false;

    for (struct json *e = list->child; e; e = e->next) {
        struct text text = e->string;
        bool is_text = e->type == JSON_STRING;

        if (!is_text || has_space(text)) {
            hide(e);
            after_option = false;
        } else if (hide_behind_equals(e)) {
            after_option = false;
        } else if (is_option(text)) {
            after_option = true;
        } else {
            if (after_option)
                hide(e);
            after_option = false;
        }
    }
}

/* --- a Pod ------------------------------------------------------------------
 */

static void hide_value(struct json *pair)
{
    each(pair, "value", hide);
}

static void hide_headers(struct json *get)
{
    each_in(get, "httpHeaders", hide_value);
}

static void hide_exec(struct json *exec)
{
    each(exec, "command", hide_arguments);
}

/* A probe, or a hook of the lifecycle. */
static void hide_handler(struct json *handler)
{
    each(handler, "exec", hide_exec);
    each(handler, "httpGet", hide_headers);
}

static void hide_lifecycle(struct json *lifecycle)
{
    each(lifecycle, "postStart", hide_handler);
    each(lifecycle, "preStop", hide_handler);
}

static void hide_container(struct json *container)
{
    static const char *const probes[] = { "livenessProbe", "readinessProbe",
                                          "startupProbe" };

    each_in(container, "env", hide_value);
    each(container, "args", hide_arguments);
    each(container, "command", hide_arguments);
    for (size_t i = 0; i < array_len(probes); i++)
        each(container, probes[i], hide_handler);
    each(container, "lifecycle", hide_lifecycle);
}

static void hide_attributes(struct json *driver)
{
    each(driver, "volumeAttributes", hide_all);
    each(driver, "options", hide_all);
}

static void hide_volume(struct json *volume)
{
    each(volume, "csi", hide_attributes);
    each(volume, "flexVolume", hide_attributes);
}

static void hide_spec(struct json *spec)
{
    each_in(spec, "containers", hide_container);
    each_in(spec, "initContainers", hide_container);
    each_in(spec, "ephemeralContainers", hide_container);
    each_in(spec, "volumes", hide_volume);
}

static void hide_long(struct json *annotations)
{
    remove_all(annotations, "kubectl.kubernetes.io/last-applied-configuration");
    for (struct json *m = annotations->child; m; m = m->next) {
        if (m->type != JSON_STRING || m->string.len > LONG_ANNOTATION)
            hide(m);
    }
}

static void hide_metadata(struct json *metadata)
{
    remove_all(metadata, "managedFields");
    each(metadata, "annotations", hide_long);
}

static void hide_object(struct json *object)
{
    each(object, "metadata", hide_metadata);
    each(object, "spec", hide_spec);
}

/* What we know nothing of could be a Secret. */
static void strip_object(struct json *object)
{
    struct json **at = &object->child;

    while (*at) {
        struct text key = (*at)->key;

        if (text_is(key, "apiVersion") || text_is(key, "kind") ||
            text_is(key, "metadata"))
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
    each(object, "metadata", hide_metadata);
}

/* --- the review -------------------------------------------------------------
 */

static void forget_raw(struct json *value)
{
    if (value->type == JSON_OBJECT || value->type == JSON_ARRAY)
        value->raw = (struct text){ 0 };
    for (struct json *e = value->child; e; e = e->next)
        forget_raw(e);
}

static void hide_extra(struct json *user)
{
    remove_all(user, "extra");
}

static bool is_known_kind(struct json *request)
{
    const struct json *kind = json_get(request, "kind");
    struct text name = json_string(kind, "kind");

    return json_string(kind, "group").len == 0 &&
           (text_is(name, "Pod") || text_is(name, "Binding"));
}

static void hide_request(struct json *request)
{
    void (*change)(struct json *) =
        is_known_kind(request) ? hide_object : strip_object;

    each(request, "userInfo", hide_extra);
    each(request, "object", change);
    each(request, "oldObject", change);
}

/* Complete what hide_behind_equals() has cut. */
static bool append_words(struct json *value, struct arena *arena)
{
    struct text text = value->string;

    if (value->type == JSON_STRING && !value->raw.data && text.len &&
        text.data[text.len - 1] == '=') {
        struct buf out = { .arena = arena };

        buf_add_text(&out, text);
        buf_add_text(&out, redacted_text);
        if (out.failed)
            return false;
        value->string = buf_text(&out);
    }
    for (struct json *e = value->child; e; e = e->next) {
        if (!append_words(e, arena))
            return false;
    }
    return true;
}

bool redact(struct text body, struct arena *arena, struct redacted *redacted,
            struct error *err)
{
    struct buf out = { .arena = arena };
    struct json_document document;
    struct json *request;

    if (!json_read(body, &json_any, REDACT_MAX_VALUES, arena, &document, err))
        return false;
    request = member(document.root, "request");
    if (!request || request->type != JSON_OBJECT)
        return error_set(err, ERROR_INVALID, "it has no request");
    forget_raw(document.root);
    each(document.root, "request", hide_request);
    if (!append_words(document.root, arena))
        return error_no_memory(err);
    json_write_pretty(&out, document.root, 2);
    buf_add_char(&out, '\n');
    if (!buf_ok(&out, err))
        return false;
    redacted->review = buf_text(&out);
    redact_name(request, redacted->workload);
    return redact_shape(document.root, arena, redacted->shape, err);
}
