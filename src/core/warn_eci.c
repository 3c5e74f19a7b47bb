/*
 * warn_eci.c - what ECI, Alibaba Cloud's serverless containers, cannot run.
 *
 * The list follows the vendor's "Limits" pages for virtual nodes.  A pod with
 * one of these would be accepted by the API server and then fail on the
 * virtual node, at the moment when it is needed.
 */
#include "spillway/warn.h"

#include <stdio.h>

#include "spillway/macros.h"
#include "spillway/resources.h"
#include "spillway/shape.h"

enum {
    ECI_MAX_CONTAINERS = 20,
    ECI_MAX_VOLUMES = 20,
    ECI_MAX_CPU_MILLIS = 64 * 1000,
};

static const char hostname_key[] = "kubernetes.io/hostname";

/* --- questions about containers ---------------------------------------- */

typedef bool container_question(const struct json *container);

static bool any_container(const struct json *spec, container_question *asks)
{
    static const char *const lists[] = { "containers", "initContainers" };

    for (size_t i = 0; i < array_len(lists); i++) {
        for (const struct json *c = json_first(spec, lists[i]); c;
             c = c->next) {
            if (asks(c))
                return true;
        }
    }
    return false;
}

static long long port_number(const struct json *port, const char *key)
{
    const struct json *number = json_get(port, key);
    long long value = 0;

    return number && text_parse_integer(number->string, &value) ? value : 0;
}

static bool has_host_port(const struct json *container)
{
    for (const struct json *p = json_first(container, "ports"); p;
         p = p->next) {
        if (port_number(p, "hostPort") != 0)
            return true;
    }
    return false;
}

static bool has_reserved_port(const struct json *container)
{
    for (const struct json *p = json_first(container, "ports"); p;
         p = p->next) {
        long long port = port_number(p, "containerPort");

        if (port == 111 || port == 10250 || port == 10255)
            return true;
    }
    return false;
}

static bool is_privileged(const struct json *container)
{
    return json_true(json_get(container, "securityContext"), "privileged");
}

/* --- questions about the pod
 * -------------------------------------------------- */

static bool uses_host_network(const struct json *spec)
{
    return json_true(spec, "hostNetwork");
}

static bool uses_host_pid(const struct json *spec)
{
    return json_true(spec, "hostPID");
}

static bool uses_host_port(const struct json *spec)
{
    return any_container(spec, has_host_port);
}

static bool uses_host_path(const struct json *spec)
{
    for (const struct json *v = json_first(spec, "volumes"); v; v = v->next) {
        if (json_get(v, "hostPath"))
            return true;
    }
    return false;
}

static bool uses_privileged(const struct json *spec)
{
    return any_container(spec, is_privileged);
}

static bool is_sysctl_supported(struct text name)
{
    static const char *const supported[] = { "kernel.shm", "kernel.msg",
                                             "fs.mqueue.", "net." };
    char copy[256];

    if (name.len >= sizeof(copy))
        return false;
    if (name.len)
        memcpy(copy, name.data, name.len);
    copy[name.len] = '\0';
    /* Kubernetes also takes sysctls with slashes. */
    for (size_t i = 0; i < name.len; i++) {
        if (copy[i] == '/')
            copy[i] = '.';
    }
    name.data = copy;
    if (text_is(name, "net.ipv4.tcp_syncookies"))
        return false;
    for (size_t i = 0; i < array_len(supported); i++) {
        if (text_has_prefix(name, supported[i]))
            return true;
    }
    return text_is(name, "kernel.sem") || text_is(name, "vm.min_free_kbytes");
}

static bool uses_sysctls(const struct json *spec)
{
    for (const struct json *s =
             json_first(json_get(spec, "securityContext"), "sysctls");
         s; s = s->next) {
        if (!is_sysctl_supported(json_string(s, "name")))
            return true;
    }
    return false;
}

static bool has_many_containers(const struct json *spec)
{
    return json_count(json_get(spec, "containers")) > ECI_MAX_CONTAINERS;
}

static bool has_many_volumes(const struct json *spec)
{
    return json_count(json_get(spec, "volumes")) > ECI_MAX_VOLUMES;
}

/* What ECI sizes the container by: its limit, else its request. */
static double container_cpu(const struct json *container)
{
    const struct json *resources = json_get(container, "resources");
    const struct json *limit = json_get(json_get(resources, "limits"), "cpu");

    return quantity_scaled(
        limit ? limit : json_get(json_get(resources, "requests"), "cpu"), 1000);
}

static bool needs_much_cpu(const struct json *spec)
{
    double sum = 0;

    for (const struct json *c = json_first(spec, "containers"); c; c = c->next)
        sum += container_cpu(c);
    for (const struct json *c = json_first(spec, "initContainers"); c;
         c = c->next) {
        if (container_cpu(c) > ECI_MAX_CPU_MILLIS)
            return true;
    }
    return sum > ECI_MAX_CPU_MILLIS;
}

static bool uses_reserved_port(const struct json *spec)
{
    return any_container(spec, has_reserved_port);
}

static bool has_hostname_anti_affinity(const struct json *spec)
{
    const struct json *anti =
        json_get(json_get(spec, "affinity"), "podAntiAffinity");

    for (const struct json *t = json_first(anti, REQUIRED_AFFINITY); t;
         t = t->next) {
        if (text_is(json_string(t, "topologyKey"), hostname_key))
            return true;
    }
    return false;
}

static bool has_hostname_spread(const struct json *spec)
{
    for (const struct json *c = json_first(spec, "topologySpreadConstraints");
         c; c = c->next) {
        if (text_is(json_string(c, "topologyKey"), hostname_key) &&
            text_is(json_string(c, "whenUnsatisfiable"), "DoNotSchedule") &&
            json_get(c, "labelSelector"))
            return true;
    }
    return false;
}

static const struct {
    const char *name;
    bool (*is_used)(const struct json *spec);
} features[] = {
    { "hostNetwork", uses_host_network },
    { "hostPID", uses_host_pid },
    { "hostPort", uses_host_port },
    { "hostPath volumes", uses_host_path },
    { "privileged", uses_privileged },
    { "sysctls", uses_sysctls },
    { "more than 20 containers", has_many_containers },
    { "more than 20 volumes", has_many_volumes },
    { "more than 64 vCPU", needs_much_cpu },
    { "containerPort 111, 10250 or 10255", uses_reserved_port },
    { "required hostname anti-affinity", has_hostname_anti_affinity },
    { "hostname spread with DoNotSchedule", has_hostname_spread },
};

/* --- the warnings ------------------------------------------------------ */

/* The first `named` of `n` features, and how many more there are.  False when
 * that does not fit. */
static bool write_features(const char *const *names, size_t named, size_t n,
                           char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "ECI does not support ");

    for (size_t i = 0; i < named && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                                 names[i]);
    if (named < n && used < size)
        used += (size_t)snprintf(out + used, size - used, " and %zu more",
                                 n - named);
    return used < size;
}

static void warn_unsupported(const struct json *spec, struct warning *warnings,
                             size_t *count)
{
    const char *used[array_len(features)];
    char text[WARNING_MAX_CHARACTERS + 1];
    size_t n = 0, named;

    for (size_t i = 0; i < array_len(features); i++) {
        if (features[i].is_used(spec))
            used[n++] = features[i].name;
    }
    if (n == 0)
        return;
    named = n;
    while (!write_features(used, named, n, text, sizeof(text)))
        named--; /* one always fits */
    warn_add(warnings, count, WARNING_ECI_UNSUPPORTED, "%s", text);
}

void warn_eci(const struct json *pod, struct warning *warnings, size_t *count)
{
    const struct json *metadata = json_get(pod, "metadata");
    const char *cause = NULL;

    warn_unsupported(json_get(pod, "spec"), warnings, count);
    if (text_is(json_string(json_get(metadata, "labels"), LABEL_ECI), "true"))
        cause = "label " LABEL_ECI "=true";
    else if (json_get(json_get(metadata, "annotations"), ANNOTATION_BURST))
        cause = "annotation " ANNOTATION_BURST;
    if (cause)
        warn_add(warnings, count, WARNING_ECI_OVERRIDE,
                 "%s overrides node affinity: it decides whether this pod "
                 "runs on ECI",
                 cause);
}
