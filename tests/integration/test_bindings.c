/*
 * test_bindings.c - Bindings at the server, with a policy that has
 * scaleInFirst: the answer, what is counted and what is logged.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"

static struct server_process server;

static int setup(void **state)
{
    static const char *const options[] = {
        "--policy", "tests/golden/scale-in-first-binding/policy.yaml",
        "--log-level", "debug", NULL
    };

    (void)state;
    server_start(&server, options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return server_stop(&server);
}

static void post(const char *body, size_t len, struct reply *reply)
{
    auto_client struct client client = { 0 };

    client_open(&client, &server);
    client_post(&client, "", body, len);
    client_read(&client, reply);
}

static void post_recorded(const char *name, struct reply *reply)
{
    size_t len;
    char *review = review_read(name, &len);

    post(review, len, reply);
    free(review);
}

static void test_mutated(void **state)
{
    static const char sample[] =
        "spillway_admission_requests_total{decision=\"mutated\","
        "reason=\"applied\",policy=\"gateways\"}";
    auto_reply struct reply first = { 0 }, second = { 0 };
    double before;

    (void)state;
    post_recorded("scale-in-first-binding", &first);
    assert_int_equal(first.status, 200);
    assert_non_null(strstr(first.body, "\"patchType\":\"JSONPatch\""));
    assert_non_null(strstr(first.body, "\"decision\":\"mutated\""));
    before = admin_metric(&server, sample);
    post_recorded("scale-in-first-binding", &second);
    assert_true(admin_metric(&server, sample) == before + 1);
    server_wait_log(&server, " info mutated binding ns=istio-system "
                             "name=istio-edge-778d498f46-7shc2 "
                             "policy=gateways reason=applied ops=1 ");
}

static void test_unchanged(void **state)
{
    auto_reply struct reply reply = { 0 };

    (void)state;
    post_recorded("scale-in-first-satisfied", &reply);
    assert_int_equal(reply.status, 200);
    assert_null(strstr(reply.body, "patch\""));
    server_wait_log(&server, " debug binding is as wanted ns=istio-system ");
}

static void test_skipped(void **state)
{
    auto_reply struct reply reply = { 0 };

    (void)state;
    post_recorded("scale-in-first-other-node", &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"reason\":\"no-match\""));
    server_wait_log(&server, " debug left binding alone ns=istio-system ");
}

static void test_wrong_type(void **state)
{
    static const char review[] =
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
        "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":"
        "\"v1\",\"kind\":\"Binding\"},\"subResource\":\"binding\","
        "\"namespace\":\"istio-system\",\"operation\":\"CREATE\","
        "\"object\":{\"target\":{\"name\":5}}}}";
    auto_reply struct reply reply = { 0 };

    (void)state;
    post(review, strlen(review), &reply);
    assert_int_equal(reply.status, 400);
    assert_non_null(strstr(reply.body, "request.object.target.name"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "a binding to a virtual node is annotated, counted and logged",
          test_mutated, NULL, NULL, NULL },
        { "one that is annotated is left as it is", test_unchanged, NULL, NULL,
          NULL },
        { "one to another node is left alone", test_skipped, NULL, NULL, NULL },
        { "a wrong type is 400", test_wrong_type, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("bindings", tests, setup, teardown);
}
