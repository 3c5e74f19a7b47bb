/* redact_shape.c - see redact_shape.h for the contract. */
#include "spillway/redact_shape.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/select.h"

/* --- the name --------------------------------------------------------------
 */

void redact_name(const struct json *request, char out[REDACT_NAME_SIZE])
{
    const struct json *metadata =
        json_get(json_get(request, "object"), "metadata");
    struct text name = select_workload(metadata);
    size_t len = 0;

    if (name.len == 0)
        name = json_string(request, "name");
    for (size_t i = 0; i < name.len && len + 1 < REDACT_NAME_SIZE; i++) {
        int c = tolower((unsigned char)name.data[i]);

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[len++] = (char)c;
        else if (len > 0)
            out[len++] = c == '.' ? '.' : '-';
    }
    while (len > 0 && (out[len - 1] == '-' || out[len - 1] == '.'))
        len--;
    out[len] = '\0';
    if (len == 0)
        (void)snprintf(out, REDACT_NAME_SIZE, "review");
}

/* --- what differs between two that are alike --------------------------------
 */

/* What Kubernetes' controllers write into labels to tell pods apart. */
static const char *const own_labels[] = {
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
};

static const char *const own_metadata[] = {
    "creationTimestamp",
    "deletionTimestamp",
    "generateName",
    "generation",
    "name",
    "resourceVersion",
    "selfLink",
    "uid",
};

static const char *const own_request[] = { "name", "uid" };
static const char *const own_owner[] = { "name", "uid" };
static const char *const own_spec[] = { "hostname", "nodeName" };

static bool is_one_of(struct text key, const char *const names[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(key, names[i]))
            return true;
    }
    return false;
}

static void drop(struct json *object, const char *const names[], size_t count)
{
    struct json **at = &object->child;

    while (*at) {
        if (is_one_of((*at)->key, names, count))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

/* RFC 3339, to the second at least. */
static bool is_time(struct text text)
{
    static const char form[] = "0000-00-00T00:00:00";

    if (text.len < sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == '0' ? !isdigit((unsigned char)text.data[i])
                           : text.data[i] != form[i])
            return false;
    }
    return true;
}

/* A digest, a UUID or a count of seconds: eight or more hexadecimal digits, one
 * of them a digit, and dashes. */
static bool is_hash(struct text text)
{
    bool has_digit = false;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        has_digit |= isdigit(c) != 0;
        if (!isxdigit(c) && c != '-')
            return false;
    }
    return text.len >= 8 && has_digit;
}

static void set(struct json *value, const char *text)
{
    value->type = JSON_STRING;
    value->raw = (struct text){ 0 };
    value->child = NULL;
    value->string = text_of(text);
}

static void level_values(struct json *map)
{
    for (struct json *m = map->child; m; m = m->next) {
        if (m->type == JSON_STRING && is_time(m->string))
            set(m, "TIME");
        else if (m->type == JSON_STRING && is_hash(m->string))
            set(m, "HASH");
    }
}

/* The volume that the API server adds for the account's token. */
static void level_token(struct json *name)
{
    static const char prefix[] = "kube-api-access-";

    if (name->string.len >= sizeof(prefix) - 1 &&
        memcmp(name->string.data, prefix, sizeof(prefix) - 1) == 0)
        set(name, prefix);
}

static void level_metadata(struct json *metadata)
{
    drop(metadata, own_metadata, array_len(own_metadata));
    for (struct json *m = metadata->child; m; m = m->next) {
        if (text_is(m->key, "labels"))
            drop(m, own_labels, array_len(own_labels));
        if (text_is(m->key, "labels") || text_is(m->key, "annotations"))
            level_values(m);
        if (!text_is(m->key, "ownerReferences"))
            continue;
        for (struct json *o = m->child; o; o = o->next)
            drop(o, own_owner, array_len(own_owner));
    }
}

/* Names of nodes to which a DaemonSet pins its pods, and those of volumes. */
static void level_spec(struct json *value)
{
    for (struct json *m = value->child; m; m = m->next) {
        if (text_is(m->key, "matchFields")) {
            m->child = NULL;
            m->raw = (struct text){ 0 };
        }
        if (text_is(m->key, "name") && m->type == JSON_STRING)
            level_token(m);
        level_spec(m);
    }
}

static void level_object(struct json *object)
{
    for (struct json *m = object->child; m; m = m->next) {
        if (text_is(m->key, "metadata"))
            level_metadata(m);
        if (!text_is(m->key, "spec"))
            continue;
        drop(m, own_spec, array_len(own_spec));
        level_spec(m);
    }
}

static void level_request(struct json *request)
{
    drop(request, own_request, array_len(own_request));
    for (struct json *m = request->child; m; m = m->next) {
        if (text_is(m->key, "object") || text_is(m->key, "oldObject"))
            level_object(m);
        if (text_is(m->key, "userInfo"))
            drop(m, own_owner + 1, 1);
    }
}

bool redact_shape(struct json *review, struct arena *arena,
                  char out[2 * REDACT_SHAPE_BYTES + 1], struct error *err)
{
    struct buf canonical = { .arena = arena };
    unsigned char sum[EVP_MAX_MD_SIZE];

    for (struct json *m = review->child; m; m = m->next) {
        if (text_is(m->key, "request"))
            level_request(m);
    }
    json_write_canonical(&canonical, review, arena);
    if (!buf_ok(&canonical, err))
        return false;
    if (EVP_Digest(canonical.data, canonical.len, sum, NULL, EVP_sha256(),
                   NULL) != 1)
        return error_no_memory(err);
    for (size_t i = 0; i < REDACT_SHAPE_BYTES; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return true;
}
