/*
 * manifest.h - what the `manifest` commands share: Kubernetes objects made from
 * a template and printed as YAML.
 */
#ifndef SPILLWAY_MANIFEST_H
#define SPILLWAY_MANIFEST_H

#include <stdbool.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

struct arena;
struct json;
struct policy_set;

/* The name kube-apiserver calls the server by. */
#define MANIFEST_SERVER_NAME "spillway.spillway-system.svc"

/* Read a template: one YAML document of our own, which lives as long as the
 * arena.  NULL when memory is short, with *err set. */
struct json *manifest_template(const char *yaml, struct arena *arena,
                               struct error *err) must_check;

/* The member of that name, which the template is known to have. */
struct json *manifest_member(struct json *object, const char *key);

/* Set a member to a string copied into the arena, or to the base64 of some
 * bytes.  False when memory is short. */
bool manifest_set(struct json *object, const char *key, struct text value,
                  struct arena *arena) must_check;
bool manifest_set_base64(struct json *object, const char *key,
                         struct text bytes, struct arena *arena) must_check;

/*
 * Make the object's namespaceSelector, which the template gives one expression
 * (`In`, no values), ask for the namespaces of the policies; with `bindings` of
 * those that have scaleInFirst.  When "*" is among them that is any but our own
 * and kube-system.  False when memory is short.
 */
bool manifest_set_namespaces(struct json *object, const struct policy_set *set,
                             bool bindings, struct arena *arena) must_check;

/*
 * The MutatingWebhookConfiguration for a policy, without a caBundle; `path` is
 * where reviews are posted.  NULL with *err set when memory is short, or a
 * selector cannot be said in CEL.
 */
struct json *manifest_make_webhook(const struct policy_set *set,
                                   const char *path, struct arena *arena,
                                   struct error *err) must_check;

/* Print the object to stdout, lines of comment in front.  Returns the command's
 * exit status. */
int manifest_print(const char *comment, const struct json *object);

#endif
