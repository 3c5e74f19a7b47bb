/* inputs.c - see inputs.h for the contract. */
#include "inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "process.h"
#include "spillway/file.h"
#include "spillway/policy.h"

struct buf input_read(const char *path)
{
    struct buf bytes = { 0 };
    struct error err = { 0 };

    if (!file_read(path, SIZE_MAX, &bytes, &err))
        die("%s", err.text);
    return bytes;
}

/* Write what was made, and its rest, to the file. */
static const char *save(const char *path, struct buf *bytes, struct text rest)
{
    FILE *file = fopen(path, "w");

    buf_add_text(bytes, rest);
    if (!file || fwrite(bytes->data, 1, bytes->len, file) != bytes->len ||
        fclose(file) != 0)
        die("%s cannot be written", path);
    buf_done(bytes);
    return path;
}

const char *input_recorded(const char *name)
{
    return text("tests/golden/%s/review.json", name);
}

/* The ingress gateway's review up to `mark` and what follows it. */
static struct buf split(const char *mark, struct text *rest)
{
    struct buf whole = input_read(input_recorded("ingressgateway"));
    char *at = strstr(whole.data, mark);

    if (!at)
        die("the recorded review has no %s", mark);
    at += strlen(mark);
    *rest = text_of(strdup(at));
    whole.len = (size_t)(at - whole.data);
    return whole;
}

const char *input_of_size(const char *dir, size_t bytes)
{
    char *path = text("%s/size-%zu.json", dir, bytes);
    struct text rest;
    struct buf out = split("\"env\":[", &rest);

    for (unsigned i = 0; out.len + rest.len < bytes; i++)
        buf_printf(&out,
                   "{\"name\":\"ROUTE_%u\",\"value\":\"outbound|%u||service-%u"
                   ".namespace.svc.cluster.local\"},",
                   i, i % 65536, i);
    return save(path, &out, rest);
}

const char *input_with_terms(const char *dir, unsigned terms)
{
    char *path = text("%s/terms-%u.json", dir, terms);
    struct text rest;
    struct buf out = split("\"spec\":{\"volumes\":", &rest);

    out.len -= strlen("\"volumes\":");
    buf_add_string(&out,
                   "\"affinity\":{\"nodeAffinity\":{\"requiredDuring"
                   "SchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":"
                   "[");
    for (unsigned i = 0; i < terms; i++)
        buf_printf(&out,
                   "%s{\"matchExpressions\":[{\"key\":\"mykey4pod\","
                   "\"operator\":\"In\",\"values\":[\"asmgateway\"]},{\"key\":"
                   "\"zone\",\"operator\":\"In\",\"values\":[\"zone-%u\"]}]}",
                   i ? "," : "", i);
    buf_add_string(&out, "]}}},\"volumes\":");
    return save(path, &out, rest);
}

const char *input_policies(const char *dir, unsigned policies)
{
    char *path = text("%s/policies-%u.yaml", dir, policies);
    struct text usual = policy_builtin();
    struct buf out = { 0 };

    for (unsigned i = 1; i < policies; i++)
        buf_printf(&out,
                   "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
                   "- name: other-%u\n  match:\n    namespaces: "
                   "[istio-system]\n    selectors:\n    - matchLabels: {app: "
                   "other-%u, tier: edge}\n  tolerations:\n  - {key: k%u, "
                   "operator: Exists}\n---\n",
                   i, i, i);
    return save(path, &out, usual);
}
