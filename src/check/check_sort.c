/*
 * check_sort.c - sorts what `spillway check` has read into objects, policies
 * and certificates; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include <string.h>

#include "spillway/buf.h"

/* --- certificates ------------------------------------------------------ */

/* Take a PEM text.  What is wrong with it is a finding. */
void check_add_pem(struct check *check, const char *file, const char *label,
                   unsigned line, mode_t mode, struct text bytes)
{
    struct check_pem *pem = arena_new(&check->arena, struct check_pem);
    struct error err = { 0 };

    if (!pem) {
        check->failed = true;
        return;
    }
    *pem = (struct check_pem){
        .label = label, .file = file, .line = line, .mode = mode
    };
    if (!pem_parse(bytes, &pem->pem, &err)) {
        pem_done(&pem->pem);
        (void)check_tell(check, CHECK_CERTIFICATE_DAMAGED, file, line, "%s: %s",
                         label, err.text);
        return;
    }
    if (!check->pems_tail)
        check->pems_tail = &check->pems;
    *check->pems_tail = pem;
    check->pems_tail = &pem->next;
}

static void add_encoded(struct check *check, const struct check_object *secret,
                        const struct json *value)
{
    struct buf label = { .arena = &check->arena };

    buf_printf(&label, "%s of %s", check_shown(check, value->key),
               check_name(check, secret));
    check->failed |= label.failed;
    if (label.data)
        check_add_pem(check, secret->file, label.data, value->line, 0,
                      check_decode(check, value->string));
}

/* Does the Deployment run the server, and mount the Secret? */
static bool mounts(const struct check_object *deployment,
                   const struct check_object *secret)
{
    const struct json *spec = check_pod_spec(deployment);
    bool serves = false;

    for (const struct json *c = json_first(spec, "containers"); c; c = c->next)
        serves = serves || check_serves(c);
    for (const struct json *v = json_first(spec, "volumes"); serves && v;
         v = v->next) {
        if (text_equal(json_string(json_get(v, "secret"), "secretName"),
                       secret->name))
            return true;
    }
    return false;
}

/* Other servers' Secrets are nobody's business. */
static bool is_ours(const struct check *check,
                    const struct check_object *secret)
{
    if (text_is(secret->name, "spillway-tls"))
        return true;
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (text_is(o->kind, "Deployment") &&
            text_equal(o->name_space, secret->name_space) && mounts(o, secret))
            return true;
    }
    return false;
}

/* kubernetes.io/tls, with ca.crt where cert-manager made it. */
static void add_secret(struct check *check, const struct check_object *secret)
{
    static const char *const keys[] = { "ca.crt", "tls.crt", "tls.key" };
    const struct json *data = json_get(secret->root, "data");

    for (size_t i = 0; i < array_len(keys); i++) {
        const struct json *value = json_get_text(data, text_of(keys[i]));

        if (value && value->string.len)
            add_encoded(check, secret, value);
    }
}

void check_take_secrets(struct check *check)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (!text_is(o->kind, "Secret"))
            continue;
        if (is_ours(check, o))
            add_secret(check, o);
        else
            check->n_skipped++;
    }
}

/* --- policies ---------------------------------------------------------- */

/* "FILE:7: PATH: what" becomes a finding about line 7. */
static void tell_mistake(struct check *check, const struct check_policy *policy,
                         struct text line)
{
    size_t skip = strlen(policy->label) + 1;
    unsigned number = 0;
    size_t at = skip;

    while (at < line.len && line.data[at] >= '0' && line.data[at] <= '9' &&
           number < 100000000)
        number = number * 10 + (unsigned)(line.data[at++] - '0');
    if (at + 2 < line.len && at > skip)
        at += 2; /* ": " */
    (void)check_tell(
        check, CHECK_POLICY_MISTAKE, policy->label, number, "%s",
        check_shown(check, (struct text){ line.data + at, line.len - at }));
}

static void tell_mistakes(struct check *check,
                          const struct check_policy *policy, struct text lines)
{
    struct text line;

    while (text_take_line(&lines, &line))
        tell_mistake(check, policy, line);
}

void check_add_policy(struct check *check, const char *file, const char *label,
                      struct text bytes)
{
    const struct policy_source source = { label, bytes };
    struct check_policy *policy = arena_new(&check->arena, struct check_policy);
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    if (!policy) {
        check->failed = true;
        return;
    }
    *policy = (struct check_policy){ .file = file, .label = label };
    policy->set = policy_set_parse(&source, 1, &mistakes, &err);
    check->failed |= !policy->set && err.kind != ERROR_NONE;
    tell_mistakes(check, policy, buf_text(&mistakes));
    if (!check->policies_tail)
        check->policies_tail = &check->policies;
    *check->policies_tail = policy;
    check->policies_tail = &policy->next;
}

/* Is the text of a ConfigMap's entry a policy? */
bool check_is_policy_text(struct text text)
{
    return text.len && memmem(text.data, text.len, "spillway.dev/", 13) &&
           memmem(text.data, text.len, "policies", 8);
}

static void add_config_map(struct check *check, const struct check_object *map)
{
    for (const struct json *m = json_first(map->root, "data"); m; m = m->next) {
        struct buf label = { .arena = &check->arena };

        if (!check_is_policy_text(m->string))
            continue;
        buf_printf(&label, "%s (%s of %s)", map->file,
                   check_shown(check, m->key), check_name(check, map));
        check->failed |= label.failed;
        if (label.data)
            check_add_policy(check, map->file, label.data, m->string);
    }
}

/* A policy of ours, or what was meant to be one. */
bool check_is_policy(const struct json *root)
{
    return text_has_prefix(json_string(root, "apiVersion"), "spillway.dev/") ||
           (json_get(root, "policies") && !json_get(root, "metadata"));
}

/* --- objects ----------------------------------------------------------- */

/* Other API groups have a Node and a Service of their own. */
static bool is_looked_at(const struct check_object *object)
{
    static const struct {
        const char *kind, *version; /* or its beginning, up to a slash */
    } kinds[] = {
        { "MutatingWebhookConfiguration", "admissionregistration.k8s.io/" },
        { "Service", "v1" },
        { "Deployment", "apps/" },
        { "Node", "v1" },
        { "Pod", "v1" },
        { "Secret", "v1" },
        { "ConfigMap", "v1" },
    };
    struct text version = json_string(object->root, "apiVersion");

    for (size_t i = 0; i < array_len(kinds); i++) {
        if (text_is(object->kind, kinds[i].kind))
            return strchr(kinds[i].version, '/')
                       ? text_has_prefix(version, kinds[i].version)
                       : text_is(version, kinds[i].version);
    }
    return false;
}

/* Only what is for TLS; other Secrets are nobody's business. */
static bool is_tls_secret(const struct check_object *object)
{
    const struct json *data = json_get(object->root, "data");

    return text_is(object->kind, "Secret") && json_get(data, "tls.crt") &&
           json_get(data, "tls.key");
}

void check_sort(struct check *check, const char *file, struct json *root)
{
    const struct json *metadata = json_get(root, "metadata");
    struct check_object *object = arena_new(&check->arena, struct check_object);

    if (!object) {
        check->failed = true;
        return;
    }
    *object = (struct check_object){
        .root = root,
        .file = file,
        .kind = json_string(root, "kind"),
        .name_space = json_string(metadata, "namespace"),
        .name = json_string(metadata, "name"),
    };
    if (!is_looked_at(object) ||
        (text_is(object->kind, "Secret") && !is_tls_secret(object))) {
        check->n_skipped++;
        return;
    }
    if (text_is(object->kind, "ConfigMap"))
        add_config_map(check, object);
    if (!check->objects_tail)
        check->objects_tail = &check->objects;
    *check->objects_tail = object;
    check->objects_tail = &object->next;
}
