/*
 * manifest_make.c - Kubernetes objects made from a template, and the
 * MutatingWebhookConfiguration that goes with a policy; see manifest.h.
 */
#include "spillway/manifest.h"

#include <assert.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cel.h"
#include "spillway/json.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

struct json *manifest_template(const char *yaml, struct arena *arena,
                               struct error *err)
{
    struct yaml_documents documents = { 0 };

    if (!yaml_read(text_of(yaml), JSON_MAX_VALUES, arena, &documents, err))
        return NULL;
    return documents.list[0];
}

struct json *manifest_member(struct json *object, const char *key)
{
    struct json *member = json_member(object, text_of(key));

    assert(member);
    return member;
}

bool manifest_set(struct json *object, const char *key, struct text value,
                  struct arena *arena)
{
    const char *copy = arena_string(arena, value);

    return copy &&
           json_set(object, text_of(key),
                    json_string_new(arena, (struct text){ copy, value.len }));
}

bool manifest_set_base64(struct json *object, const char *key,
                         struct text bytes, struct arena *arena)
{
    struct buf encoded = { .arena = arena };

    buf_add_base64(&encoded, bytes);
    return !encoded.failed &&
           json_set(object, text_of(key),
                    json_string_new(arena, buf_text(&encoded)));
}

/* --- namespaces -------------------------------------------------------- */

static bool has_value(const struct json *values, struct text name)
{
    for (const struct json *e = values->child; e; e = e->next) {
        if (text_equal(e->string, name))
            return true;
    }
    return false;
}

/* The union of the policies' namespaces; *any when "*" is among them. */
static bool collect_namespaces(const struct policy_set *set, bool bindings,
                               struct json *values, bool *any,
                               struct arena *arena)
{
    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (bindings && !policy->scale_in_first)
            continue;
        for (size_t j = 0; j < policy->n_namespaces; j++) {
            struct text name = policy->namespaces[j];

            *any = *any || text_is(name, "*");
            if (!has_value(values, name) &&
                !json_append(values, json_string_new(arena, name)))
                return false;
        }
    }
    return true;
}

/* Any namespace, but for our own, which must start without us, and that of the
 * cluster's own components. */
static bool set_any_namespace(struct json *expression, struct arena *arena)
{
    struct json *values = json_array(arena);

    return values &&
           json_append(values,
                       json_string_new(arena, text_of("spillway-system"))) &&
           json_append(values,
                       json_string_new(arena, text_of("kube-system"))) &&
           manifest_set(expression, "operator", text_of("NotIn"), arena) &&
           json_set(expression, text_of("values"), values);
}

bool manifest_set_namespaces(struct json *object, const struct policy_set *set,
                             bool bindings, struct arena *arena)
{
    struct json *expression =
        manifest_member(manifest_member(object, "namespaceSelector"),
                        "matchExpressions")
            ->child;
    bool any = false;

    return collect_namespaces(set, bindings,
                              manifest_member(expression, "values"), &any,
                              arena) &&
           (!any || set_any_namespace(expression, arena));
}

/* --- webhooks ---------------------------------------------------------- */

/* clang-format off */
static const char template[] =
"apiVersion: admissionregistration.k8s.io/v1\n"
"kind: MutatingWebhookConfiguration\n"
"metadata:\n"
"  name: spillway\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"webhooks:\n"
"- name: gateways.spillway.dev\n"
"  admissionReviewVersions: [v1, v1beta1]\n"
"  clientConfig:\n"
"    service: {name: spillway, namespace: spillway-system, port: 443}\n"
"  rules:\n"
"  - apiGroups: ['']\n"
"    apiVersions: [v1]\n"
"    operations: [CREATE]\n"
"    resources: [pods]\n"
"    scope: Namespaced\n"
"  namespaceSelector:\n"
"    matchExpressions:\n"
"    - {key: kubernetes.io/metadata.name, operator: In, values: []}\n"
"  matchConditions:\n"
"  - name: gateways\n"
"  matchPolicy: Equivalent\n"
"  reinvocationPolicy: IfNeeded\n"
"  failurePolicy: Ignore\n"
"  sideEffects: None\n"
"  timeoutSeconds: 5\n";

/* Never IfNeeded: whatever another webhook does to a Binding, the answer stays
 * the same, and scheduling waits for each call. */
static const char bindings_template[] =
"name: bindings.spillway.dev\n"
"admissionReviewVersions: [v1, v1beta1]\n"
"clientConfig:\n"
"  service: {name: spillway, namespace: spillway-system, port: 443}\n"
"rules:\n"
"- apiGroups: ['']\n"
"  apiVersions: [v1]\n"
"  operations: [CREATE]\n"
"  resources: [pods/binding]\n"
"  scope: Namespaced\n"
"namespaceSelector:\n"
"  matchExpressions:\n"
"  - {key: kubernetes.io/metadata.name, operator: In, values: []}\n"
"matchConditions:\n"
"- name: virtual-nodes\n"
"matchPolicy: Equivalent\n"
"reinvocationPolicy: Never\n"
"failurePolicy: Ignore\n"
"sideEffects: None\n"
"timeoutSeconds: 2\n";
/* clang-format on */

/* Whom the webhook is called for: pods, or bindings. */
static bool set_policy(struct json *hook, const struct policy_set *set,
                       bool bindings, struct arena *arena, struct error *err)
{
    struct buf expression = { .arena = arena };

    if (bindings ? !cel_add_bindings(&expression, set, err)
                 : !cel_add_policies(&expression, set, err))
        return false;
    return (manifest_set(manifest_member(hook, "matchConditions")->child,
                         "expression", buf_text(&expression), arena) &&
            manifest_set_namespaces(hook, set, bindings, arena)) ||
           error_no_memory(err);
}

static bool fill(struct json *hook, const struct policy_set *set,
                 const char *path, bool bindings, struct arena *arena,
                 struct error *err)
{
    struct json *client = manifest_member(hook, "clientConfig");

    if (!manifest_set(manifest_member(client, "service"), "path", text_of(path),
                      arena))
        return error_no_memory(err);
    return set_policy(hook, set, bindings, arena, err);
}

static bool add_bindings(struct json *hooks, const struct policy_set *set,
                         const char *path, struct arena *arena,
                         struct error *err)
{
    struct json *hook = manifest_template(bindings_template, arena, err);

    if (!hook || !fill(hook, set, path, true, arena, err))
        return false;
    return json_append(hooks, hook) || error_no_memory(err);
}

struct json *manifest_make_webhook(const struct policy_set *set,
                                   const char *path, struct arena *arena,
                                   struct error *err)
{
    struct json *object = manifest_template(template, arena, err);
    struct json *hooks;

    if (!object)
        return NULL;
    hooks = manifest_member(object, "webhooks");
    if (!fill(hooks->child, set, path, false, arena, err) ||
        (policy_set_scales_in_first(set) &&
         !add_bindings(hooks, set, path, arena, err)))
        return NULL;
    return object;
}
