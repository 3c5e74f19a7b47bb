/* test_redact.c - what is taken out of a review that is kept, and which reviews
 * are alike. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/redact.h"

#define REQUEST(kind, object)                                                  \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","    \
    "\"request\":{\"uid\":\"u-1\",\"kind\":{\"group\":\"\",\"version\":"       \
    "\"v1\",\"kind\":\"" kind "\"},\"operation\":\"CREATE\",\"namespace\":"    \
    "\"istio-system\",\"userInfo\":{\"username\":\"admin\",\"extra\":{\"k\":"  \
    "[\"XSECRETX\"]}},\"object\":" object "}}"
#define POD(metadata, spec)                                                    \
    REQUEST("Pod", "{\"metadata\":{" metadata "},\"spec\":{" spec "}}")
#define CONTAINER(inside) "\"containers\":[{\"name\":\"c\"," inside "}]"
#define TEXT_64                                                                \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What must be gone is XSECRETX; `stays` must not. */
struct row {
    const char *name, *body, *stays;
};

/* clang-format off */
static struct row rows[] = {
    { "values of env", POD("", CONTAINER("\"env\":[{\"name\":\"A\",\"value\":"
      "\"XSECRETX\"}]")), "\"value\": \"REDACTED\"" },
    { "values of env that are no strings", POD("", CONTAINER("\"env\":[{"
      "\"name\":\"A\",\"value\":{\"XSECRETX\":1}}]")), "REDACTED" },
    { "of env twice in one container, both", POD("", CONTAINER("\"env\":[{"
      "\"name\":\"A\",\"value\":\"XSECRETX\"}],\"env\":[{\"name\":\"B\","
      "\"value\":\"XSECRETX\",\"value\":\"XSECRETX\"}]")), "\"B\"" },
    { "references to Secrets stay", POD("", CONTAINER("\"env\":[{\"name\":"
      "\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"tls\"}}}]")),
      "secretKeyRef" },
    { "of init and ephemeral containers", POD("", "\"initContainers\":[{"
      "\"env\":[{\"value\":\"XSECRETX\"}]}],\"ephemeralContainers\":[{\"env\":"
      "[{\"value\":\"XSECRETX\"}]}]"), "REDACTED" },
    { "behind = in args", POD("", CONTAINER("\"args\":[\"proxy\","
      "\"--token=XSECRETX\"]")), "\"--token=REDACTED\"" },
    { "behind the first = only", POD("", CONTAINER("\"args\":[\"-Da=b="
      "XSECRETX\"]")), "\"-Da=REDACTED\"" },
    { "behind an escaped =", POD("", CONTAINER("\"args\":[\"--a\\u003d"
      "XSECRETX\"]")), "\"--a=REDACTED\"" },
    { "behind an option in args", POD("", CONTAINER("\"args\":[\"proxy\","
      "\"--token\",\"XSECRETX\",\"sidecar\"]")), "\"sidecar\"" },
    { "what is no option's value stays", POD("", CONTAINER("\"args\":["
      "\"proxy\",\"-v\",\"--x=1\",\"edge\"]")), "\"edge\"" },
    { "scripts", POD("", CONTAINER("\"command\":[\"sh\",\"-c\",\"curl -u "
      "XSECRETX\"]")), "\"sh\"" },
    { "commands of probes and hooks", POD("", CONTAINER("\"livenessProbe\":{"
      "\"exec\":{\"command\":[\"--p\",\"XSECRETX\"]}},\"readinessProbe\":{"
      "\"exec\":{\"command\":[\"a=XSECRETX\"]}},\"startupProbe\":{\"exec\":{"
      "\"command\":[\"a\\tXSECRETX\"]}},\"lifecycle\":{\"preStop\":{\"exec\":{"
      "\"command\":[\"x=XSECRETX\"]}},\"postStart\":{\"httpGet\":{"
      "\"httpHeaders\":[{\"name\":\"A\",\"value\":\"XSECRETX\"}]}}}")),
      "\"httpHeaders\"" },
    { "headers of probes", POD("", CONTAINER("\"livenessProbe\":{\"httpGet\":{"
      "\"httpHeaders\":[{\"name\":\"Authorization\",\"value\":\"XSECRETX\"}]}}")),
      "Authorization" },
    { "attributes of volumes", POD("", "\"volumes\":[{\"csi\":{\"driver\":"
      "\"d\",\"volumeAttributes\":{\"k\":\"XSECRETX\"}}},{\"flexVolume\":{"
      "\"options\":{\"k\":\"XSECRETX\"}}}]"), "\"driver\": \"d\"" },
    { "managedFields", POD("\"managedFields\":[{\"XSECRETX\":{}}],"
      "\"name\":\"p\"", ""), "\"p\"" },
    { "the last applied configuration", POD("\"annotations\":{\"kubectl."
      "kubernetes.io/last-applied-configuration\":\"XSECRETX\",\"a\":\"b\"}",
      ""), "\"a\": \"b\"" },
    { "annotations of 257 bytes", POD("\"annotations\":{\"a\":\"XSECRETX"
      TEXT_64 TEXT_64 TEXT_64 "012345678901234567890123456789012345678901234567"
      "012345678\"}", ""), "REDACTED" },
    { "annotations of 256 bytes stay", POD("\"annotations\":{\"a\":\""
      TEXT_64 TEXT_64 TEXT_64 TEXT_64 "\"}", ""), TEXT_64 },
    { "extra of the user", POD("", ""), "admin" },
    { "what is no Pod, all but its metadata", REQUEST("Secret", "{\"kind\":"
      "\"Secret\",\"metadata\":{\"name\":\"s\",\"managedFields\":\"XSECRETX\"},"
      "\"data\":{\"k\":\"XSECRETX\"},\"stringData\":{\"k\":\"XSECRETX\"}}"),
      "\"name\": \"s\"" },
    { "a Pod of another group, too", "{\"request\":{\"kind\":{\"group\":"
      "\"x.io\",\"kind\":\"Pod\"},\"object\":{\"spec\":{\"a\":\"XSECRETX\"}},"
      "\"oldObject\":{\"data\":\"XSECRETX\"}}}", "x.io" },
    { "numbers stay as they are written", POD("", "\"x\":1.50e3,\"y\":"
      "12345678901234567890123"), "1.50e3" },
    { "unknown members stay", POD("", "\"future\":{\"a\":[1,null,true]}"),
      "\"future\"" },
};
/* clang-format on */

static void redact_text(const char *body, struct arena *arena,
                        struct redacted *redacted)
{
    struct error err = { 0 };

    if (!redact(text_of(body), arena, redacted, &err))
        fail_msg("%s", err.text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct redacted redacted;
    struct json_document document;
    struct error err = { 0 };
    char *text;

    redact_text(row->body, &arena, &redacted);
    text = strndup(redacted.review.data, redacted.review.len);
    if (strstr(text, "XSECRETX") || !strstr(text, row->stays))
        fail_msg("'%s' should stay, and XSECRETX go:\n%s", row->stays, text);
    free(text);
    assert_true(
        json_read(redacted.review, &json_any, 10000, &arena, &document, &err));
    assert_int_equal(strlen(redacted.shape), 12);
}

/* --- shapes ----------------------------------------------------------------
 */

struct pair {
    const char *name, *one, *other;
    bool alike;
};

#define OWNED(hash, end)                                                       \
    POD("\"name\":\"gw-" hash "-" end "\",\"uid\":\"" hash "\","               \
        "\"labels\":{\"app\":\"gw\",\"pod-template-hash\":\"" hash             \
        "\"},\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"controller\":"    \
        "true,\"name\":\"gw-" hash "\",\"uid\":\"" end "\"}]",                 \
        "\"containers\":[{\"volumeMounts\":[{\"name\":\"kube-api-access-" end  \
        "\"}]}],\"volumes\":[{\"name\":\"kube-api-access-" end "\"}]")

/* clang-format off */
static struct pair pairs[] = {
    { "replicas of one workload are alike", OWNED("7d9f8b6c5d", "abcde"),
      OWNED("6c66dc67c7", "xyz12"), true },
    { "a restarted workload is alike",
      POD("\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":"
          "\"2026-11-27T12:00:00Z\"}", ""),
      POD("\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":"
          "\"2026-11-28T01:02:03+08:00\"}", ""), true },
    { "digests in annotations are alike",
      POD("\"annotations\":{\"checksum/config\":\"" TEXT_64 "\"}", ""),
      POD("\"annotations\":{\"checksum/config\":\"a1b2c3d4e5f6\"}", ""), true },
    { "pods that a DaemonSet pins to nodes are alike",
      POD("", "\"affinity\":{\"matchFields\":[{\"key\":\"metadata.name\","
          "\"values\":[\"node1\"]}]}"),
      POD("", "\"affinity\":{\"matchFields\":[{\"key\":\"metadata.name\","
          "\"values\":[\"node2\"]}]}"), true },
    { "the order of members does not matter",
      POD("\"name\":\"a\",\"labels\":{\"x\":\"y\",\"z\":\"w\"}", ""),
      POD("\"labels\":{\"z\":\"w\",\"x\":\"y\"},\"name\":\"b\"", ""), true },
    { "secrets do not matter",
      POD("", CONTAINER("\"env\":[{\"name\":\"A\",\"value\":\"1\"}]")),
      POD("", CONTAINER("\"env\":[{\"name\":\"A\",\"value\":\"2\"}]")), true },
    { "another image is another shape",
      POD("", CONTAINER("\"image\":\"a:1\"")),
      POD("", CONTAINER("\"image\":\"a:2\"")), false },
    { "another label is another shape", POD("\"labels\":{\"a\":\"b\"}", ""),
      POD("\"labels\":{\"a\":\"c\"}", ""), false },
    { "another affinity is another shape",
      POD("", "\"affinity\":{\"a\":1}"), POD("", "\"affinity\":{\"a\":2}"),
      false },
    { "another node of a Binding is another shape",
      REQUEST("Binding", "{\"target\":{\"name\":\"node1\"}}"),
      REQUEST("Binding", "{\"target\":{\"name\":\"virtual-1\"}}"), false },
    { "the order of a list matters",
      POD("", "\"tolerations\":[{\"key\":\"a\"},{\"key\":\"b\"}]"),
      POD("", "\"tolerations\":[{\"key\":\"b\"},{\"key\":\"a\"}]"), false },
};
/* clang-format on */

static void test_pair(void **state)
{
    const struct pair *pair = *state;
    auto_arena struct arena arena = { 0 };
    struct redacted one, other;

    redact_text(pair->one, &arena, &one);
    redact_text(pair->other, &arena, &other);
    assert_int_equal(strcmp(one.shape, other.shape) == 0, pair->alike);
}

/* --- names and refusals ------------------------------------------------------
 */

static void test_names(void **state)
{
    static const struct {
        const char *body, *workload;
    } names[] = {
        { OWNED("7d9f8b6c5d", "abcde"), "gw" },
        { POD("\"generateName\":\"istio-gw-\"", ""), "istio-gw" },
        { POD("\"name\":\"../../etc/passwd\"", ""), "etc-passwd" },
        { POD("\"name\":\"A b/\\u0000.-\"", ""), "a-b" },
        { POD("", ""), "review" },
        { POD("\"name\":\"...\"", ""), "review" },
        { POD("\"name\":\"" TEXT_64 TEXT_64 "\"", ""),
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde" },
    };

    (void)state;
    for (size_t i = 0; i < array_len(names); i++) {
        auto_arena struct arena arena = { 0 };
        struct redacted redacted;

        redact_text(names[i].body, &arena, &redacted);
        assert_string_equal(redacted.workload, names[i].workload);
    }
}

static void test_refused(void **state)
{
    static const char *const bodies[] = { "",   "{}",  "[]", "{\"request\":1}",
                                          "{1", "null" };

    (void)state;
    for (size_t i = 0; i < array_len(bodies); i++) {
        auto_arena struct arena arena = { 0 };
        struct redacted redacted;
        struct error err = { 0 };

        assert_false(redact(text_of(bodies[i]), &arena, &redacted, &err));
        assert_int_equal(err.kind, ERROR_INVALID);
    }
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + array_len(pairs) + 2];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(pairs); i++)
        tests[n++] = (struct CMUnitTest){ pairs[i].name, test_pair, NULL, NULL,
                                          &pairs[i] };
    tests[n++] = (struct CMUnitTest){ "names are fit for files", test_names,
                                      NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "what is no review is refused",
                                      test_refused, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
