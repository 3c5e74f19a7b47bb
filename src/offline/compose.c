/* compose.c - see compose.h for the contract. */
#include "spillway/compose.h"

#include <ctype.h>

#include <openssl/evp.h>

#include "spillway/arena.h"
#include "spillway/buf.h"

/* Set a member from a value that may be in another tree; NULL leaves it out.
 * False when memory is short. */
static bool set_copy(struct arena *arena, struct json *object, const char *key,
                     const struct json *value)
{
    return !value || json_set(object, text_of(key), json_copy(arena, value));
}

static bool set_string(struct arena *arena, struct json *object,
                       const char *key, struct text value)
{
    return json_set(object, text_of(key), json_string_new(arena, value));
}

struct text compose_name(const struct json *object, bool *generated)
{
    const struct json *metadata = json_get(object, "metadata");
    struct text name = json_string(metadata, "name");

    *generated = name.len == 0;
    return name.len ? name : json_string(metadata, "generateName");
}

/* --- the pod of a workload --------------------------------------------- */

static struct json *owner_reference(struct arena *arena, const char *kind,
                                    struct text api_version, struct text name)
{
    struct json *owner = json_object(arena);

    if (!owner || !set_string(arena, owner, "apiVersion", api_version) ||
        !set_string(arena, owner, "kind", text_of(kind)) ||
        !set_string(arena, owner, "name", name) ||
        !set_string(arena, owner, "uid",
                    text_of("00000000-0000-0000-0000-000000000000")) ||
        !json_set(owner, text_of("controller"), json_bool_new(arena, true)) ||
        !json_set(owner, text_of("blockOwnerDeletion"),
                  json_bool_new(arena, true)))
        return NULL;
    return owner;
}

/* NAME of the workload: its name, or generateName without the last dash. */
static struct text workload_name(const struct json *workload)
{
    bool generated;
    struct text name = compose_name(workload, &generated);

    if (generated && name.len && name.data[name.len - 1] == '-')
        name.len--;
    return name;
}

static struct json *pod_metadata(struct arena *arena,
                                 const struct json *workload,
                                 const struct json *pod_template,
                                 const char *owner_kind, struct text name_space)
{
    const struct json *given = json_get(pod_template, "metadata");
    struct json *metadata = json_object(arena), *owners = json_array(arena);
    struct text name = workload_name(workload);
    struct buf prefix = { .arena = arena };

    buf_add_text(&prefix, name);
    buf_add_char(&prefix, '-');
    if (!metadata || !owners || prefix.failed ||
        !set_string(arena, metadata, "generateName", buf_text(&prefix)) ||
        !set_string(arena, metadata, "namespace", name_space) ||
        !set_copy(arena, metadata, "labels", json_get(given, "labels")) ||
        !set_copy(arena, metadata, "annotations",
                  json_get(given, "annotations")) ||
        !json_append(owners, owner_reference(
                                 arena, owner_kind,
                                 json_string(workload, "apiVersion"), name)) ||
        !json_set(metadata, text_of("ownerReferences"), owners))
        return NULL;
    return metadata;
}

struct json *compose_pod(struct arena *arena, const struct json *workload,
                         const struct json *pod_template,
                         const char *owner_kind, struct text name_space)
{
    struct json *pod = json_object(arena);

    if (!pod || !set_string(arena, pod, "kind", text_of("Pod")) ||
        !set_string(arena, pod, "apiVersion", text_of("v1")) ||
        !json_set(pod, text_of("metadata"),
                  pod_metadata(arena, workload, pod_template, owner_kind,
                               name_space)) ||
        !set_copy(arena, pod, "spec", json_get(pod_template, "spec")))
        return NULL;
    return pod;
}

/* --- the request ------------------------------------------------------- */

/* apiVersion, taken apart: "apps/v1" or "v1". */
static void split_version(struct text api_version, struct text *group,
                          struct text *version)
{
    const char *slash =
        api_version.len ? memchr(api_version.data, '/', api_version.len) : NULL;
    size_t len = slash ? (size_t)(slash - api_version.data) : 0;

    *group = (struct text){ api_version.data, len };
    *version = (struct text){ api_version.data + len + (slash != NULL),
                              api_version.len - len - (slash != NULL) };
}

/* The resource that a kind is served as, guessed as kubectl does when it
 * cannot ask: lower case, in the plural. */
static struct text guess_resource(struct arena *arena, struct text kind)
{
    struct buf out = { .arena = arena };
    char last = '\0';

    for (size_t i = 0; i < kind.len; i++) {
        last = kind.data[i];
        buf_add_char(&out, (char)tolower((unsigned char)last));
    }
    if (text_is(kind, "Endpoints")) {
        return buf_text(&out);
    } else if (last == 'y') {
        out.len--;
        buf_add_string(&out, "ies");
    } else {
        buf_add_string(&out, last == 's' ? "es" : "s");
    }
    if (out.failed)
        return (struct text){ 0 };
    return buf_text(&out);
}

/* {"group":..., "version":..., LAST: name}: a GroupVersionKind or -Resource. */
static struct json *group_version(struct arena *arena, struct text api_version,
                                  const char *last, struct text name)
{
    struct json *object = json_object(arena);
    struct text group, version;

    split_version(api_version, &group, &version);
    if (!object || !name.data || !set_string(arena, object, "group", group) ||
        !set_string(arena, object, "version", version) ||
        !set_string(arena, object, last, name))
        return NULL;
    return object;
}

/* A UUID (version 8, RFC 9562) made of the digest of the object's bytes. */
static bool derive_uid(struct arena *arena, const struct json *object,
                       struct text *uid, struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    auto_buf struct buf bytes = { 0 };
    struct buf out = { .arena = arena };

    json_write(&bytes, object);
    if (!buf_ok(&bytes, err))
        return false;
    if (EVP_Digest(bytes.data, bytes.len, digest, NULL, EVP_sha256(), NULL) !=
        1)
        return error_set(err, ERROR_SYSTEM, "SHA-256 is not available");
    digest[6] = (unsigned char)((digest[6] & 0x0F) | 0x80);
    digest[8] = (unsigned char)((digest[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < 16; i++)
        buf_printf(&out, "%s%02x",
                   i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest[i]);
    *uid = buf_text(&out);
    return buf_ok(&out, err);
}

bool compose_is_binding(const struct json *object)
{
    return text_is(json_string(object, "kind"), "Binding") &&
           text_is(json_string(object, "apiVersion"), "v1");
}

/* kind, resource, and both again as requested: nothing was converted. */
static bool set_kinds(struct arena *arena, struct json *request,
                      const struct json *object)
{
    struct text version = json_string(object, "apiVersion");
    struct text kind = json_string(object, "kind");
    struct text resource = compose_is_binding(object)
                               ? text_of("pods")
                               : guess_resource(arena, kind);

    return json_set(request, text_of("kind"),
                    group_version(arena, version, "kind", kind)) &&
           json_set(request, text_of("resource"),
                    group_version(arena, version, "resource", resource)) &&
           json_set(request, text_of("requestKind"),
                    group_version(arena, version, "kind", kind)) &&
           json_set(request, text_of("requestResource"),
                    group_version(arena, version, "resource", resource));
}

static struct json *create_options(struct arena *arena)
{
    struct json *options = json_object(arena);

    if (!options ||
        !set_string(arena, options, "kind", text_of("CreateOptions")) ||
        !set_string(arena, options, "apiVersion", text_of("meta.k8s.io/v1")))
        return NULL;
    return options;
}

static struct json *request_of(struct arena *arena, const struct json *object,
                               struct text name_space, struct text uid)
{
    struct json *request = json_object(arena), *null = json_object(arena);
    struct text name = json_string(json_get(object, "metadata"), "name");

    if (!request || !null)
        return NULL;
    null->type = JSON_NULL;
    if (!set_string(arena, request, "uid", uid) ||
        !set_kinds(arena, request, object) ||
        (compose_is_binding(object) &&
         (!set_string(arena, request, "subResource", text_of("binding")) ||
          !set_string(arena, request, "requestSubResource",
                      text_of("binding")))) ||
        (name.len && !set_string(arena, request, "name", name)) ||
        !set_string(arena, request, "namespace", name_space) ||
        !set_string(arena, request, "operation", text_of("CREATE")) ||
        !json_set(request, text_of("userInfo"), json_object(arena)) ||
        !set_copy(arena, request, "object", object) ||
        !json_set(request, text_of("oldObject"), null) ||
        !json_set(request, text_of("dryRun"), json_bool_new(arena, false)) ||
        !json_set(request, text_of("options"), create_options(arena)))
        return NULL;
    return request;
}

bool compose_review(struct arena *arena, const struct json *object,
                    struct text name_space, struct text *review,
                    struct error *err)
{
    struct json *root = json_object(arena);
    struct buf out = { .arena = arena };
    struct text uid = { 0 };

    if (!derive_uid(arena, object, &uid, err))
        return false;
    if (!root || !set_string(arena, root, "kind", text_of("AdmissionReview")) ||
        !set_string(arena, root, "apiVersion",
                    text_of("admission.k8s.io/v1")) ||
        !json_set(root, text_of("request"),
                  request_of(arena, object, name_space, uid)))
        return error_no_memory(err);
    json_write(&out, root);
    *review = buf_text(&out);
    return buf_ok(&out, err);
}
