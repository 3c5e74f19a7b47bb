/*
 * check_service.c - do the webhook, the Service and the Deployment agree?  See
 * check_parts.h.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"

enum { HTTPS_PORT = 443 };

/* One webhook and the Service that it names. */
struct route {
    struct check *check;
    const struct check_object *config;
    const struct json *service; /* clientConfig.service */
    const char *hook;
    struct text name_space, name;
};

#define tell(route, rule, ...)                                                 \
    ((void)check_tell((route)->check, (rule), (route)->config->file,           \
                      (route)->service->line, __VA_ARGS__))

static bool has_kind(const struct check *check, const char *kind)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (text_is(o->kind, kind))
            return true;
    }
    return false;
}

/* --- from the Service to the pods -------------------------------------- */

static bool is_selected(const struct json *selector, const struct json *labels)
{
    for (const struct json *m = selector ? selector->child : NULL; m;
         m = m->next) {
        if (!text_equal(json_string_text(labels, m->key), m->string))
            return false;
    }
    return json_count(selector) > 0;
}

/* The Deployment whose pods the Service selects, or NULL. */
static const struct check_object *
find_server(const struct route *route, const struct check_object *service)
{
    const struct json *selector =
        json_get(json_get(service->root, "spec"), "selector");

    for (const struct check_object *o = route->check->objects; o; o = o->next) {
        const struct json *pod_template =
            json_get(json_get(o->root, "spec"), "template");

        if (text_is(o->kind, "Deployment") &&
            text_equal(o->name_space, service->name_space) &&
            is_selected(selector,
                        json_get(json_get(pod_template, "metadata"), "labels")))
            return o;
    }
    return NULL;
}

const struct json *check_pod_spec(const struct check_object *deployment)
{
    return json_get(json_get(json_get(deployment->root, "spec"), "template"),
                    "spec");
}

static const struct json *containers_of(const struct check_object *deployment)
{
    return json_first(check_pod_spec(deployment), "containers");
}

/* A targetPort is a container's port, by number or by name. */
static bool is_container_port(const struct json *container, struct text target)
{
    for (const struct json *p = json_first(container, "ports"); p;
         p = p->next) {
        const struct json *number = json_get(p, "containerPort");

        if (text_equal(json_string(p, "name"), target) ||
            (number && text_equal(number->string, target)))
            return true;
    }
    return false;
}

/* Some container does not list its ports: any number may be one of them. */
static bool may_listen(const struct check_object *deployment,
                       const struct json *target)
{
    for (const struct json *c = containers_of(deployment); c; c = c->next) {
        if (!json_first(c, "ports"))
            return target->type == JSON_NUMBER;
    }
    return false;
}

static void check_target(const struct route *route,
                         const struct check_object *deployment,
                         const struct json *port)
{
    const struct json *target = json_get(port, "targetPort");

    if (!target)
        target = json_get(port, "port");
    for (const struct json *c = containers_of(deployment); target && c;
         c = c->next) {
        if (is_container_port(c, target->string))
            return;
    }
    if (target && may_listen(deployment, target))
        return;
    tell(route, CHECK_PORT,
         "webhook %s: no container of %s has the port %s to which the Service "
         "leads",
         route->hook, check_name(route->check, deployment),
         target ? check_shown(route->check, target->string) : "");
}

/* --- the path ---------------------------------------------------------- */

/* The value of an option in a container's args; absent when it is not given. */
static struct text argument(const struct json *container, const char *name)
{
    size_t len = strlen(name);

    for (const struct json *a = json_first(container, "args"); a; a = a->next) {
        if (text_is(a->string, name))
            return a->next ? a->next->string : (struct text){ 0 };
        if (text_has_prefix(a->string, name) && a->string.data[len] == '=')
            return (struct text){ a->string.data + len + 1,
                                  a->string.len - len - 1 };
    }
    return (struct text){ 0 };
}

bool check_serves(const struct json *container)
{
    for (const struct json *a = json_first(container, "args"); a; a = a->next) {
        if (text_is(a->string, "serve"))
            return true;
    }
    return false;
}

static void check_path(const struct route *route,
                       const struct check_object *deployment)
{
    struct text given = json_string(route->service, "path");
    struct text path = given.len ? given : text_of("/");

    for (const struct json *c = containers_of(deployment); c; c = c->next) {
        struct text served = argument(c, "--path");

        if (!check_serves(c))
            continue;
        if (!served.len)
            served = text_of("/mutate");
        if (text_equal(path, served))
            return;
        tell(route, CHECK_PATH,
             "webhook %s calls the path %s, and %s answers %s", route->hook,
             check_shown(route->check, path),
             check_name(route->check, deployment),
             check_shown(route->check, served));
        return;
    }
}

/* --- the whole way ----------------------------------------------------- */

static const struct json *find_port(const struct route *route,
                                    const struct check_object *service,
                                    long long wanted)
{
    const struct json *spec = json_get(service->root, "spec");

    for (const struct json *p = json_first(spec, "ports"); p; p = p->next) {
        const struct json *number = json_get(p, "port");
        long long value;

        if (number && text_parse_integer(number->string, &value) &&
            value == wanted)
            return p;
    }
    tell(route, CHECK_PORT,
         "webhook %s calls port %lld, which %s does not have", route->hook,
         wanted, check_name(route->check, service));
    return NULL;
}

static long long port_of(const struct json *service)
{
    const struct json *port = json_get(service, "port");
    long long value = HTTPS_PORT;

    return port && text_parse_integer(port->string, &value) ? value
                                                            : HTTPS_PORT;
}

static void check_way(const struct route *route,
                      const struct check_object *service)
{
    const struct json *port =
        find_port(route, service, port_of(route->service));
    const struct check_object *deployment = find_server(route, service);

    if (!deployment) {
        if (has_kind(route->check, "Deployment"))
            tell(route, CHECK_SERVICE,
                 "webhook %s: %s selects the pods of no Deployment",
                 route->hook, check_name(route->check, service));
        return;
    }
    if (port)
        check_target(route, deployment, port);
    check_path(route, deployment);
}

void check_client_config(struct check *check, const struct check_object *config,
                         const struct json *hook)
{
    const struct json *service =
        json_get(json_get(hook, "clientConfig"), "service");
    const struct route route = {
        check,
        config,
        service,
        check_shown(check, json_string(hook, "name")),
        json_string(service, "namespace"),
        json_string(service, "name"),
    };
    const struct check_object *found;

    if (!service)
        return; /* called by a URL */
    found = check_find(check, "Service", route.name_space, route.name);
    if (found)
        check_way(&route, found);
    else if (has_kind(check, "Service"))
        tell(&route, CHECK_SERVICE,
             "webhook %s: there is no Service %s in namespace %s", route.hook,
             check_shown(check, route.name),
             check_shown(check, route.name_space));
}
