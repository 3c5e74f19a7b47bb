/* testreport_json.c - one JSON document; see testreport.h for the contract. */
#include "spillway/testreport.h"

#include <string.h>

#include "spillway/coverage.h"
#include "spillway/jsonout.h"
#include "spillway/policy.h"

/* A finding with its detail: up to the next line that is not indented. */
static struct text next_finding(struct text *lines)
{
    struct text finding = { lines->data, 0 };

    do {
        const char *at = finding.data + finding.len;
        size_t left = lines->len - finding.len;
        const char *end = memchr(at, '\n', left);

        finding.len += end ? (size_t)(end - at) + 1 : left;
    } while (finding.len < lines->len &&
             text_has_prefix((struct text){ finding.data + finding.len,
                                            lines->len - finding.len },
                             "  "));
    lines->data += finding.len;
    lines->len -= finding.len;
    if (finding.data[finding.len - 1] == '\n')
        finding.len--;
    return finding;
}

static void add_findings(cJSON *object, const char *key, struct text lines)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);

    while (lines.len)
        jsonout_append(list, next_finding(&lines));
}

static void add_admission(cJSON *object, const struct admission *admission)
{
    struct text none = { 0 };

    jsonout_add(object, "policy",
                admission && admission->policy ? admission->policy->name
                                               : none);
    jsonout_add(object, "decision",
                admission ? text_of(decision_name(admission->decision)) : none);
    jsonout_add(object, "reason",
                admission ? text_of(reason_name(admission->reason)) : none);
}

static void add_case(struct testreport *report,
                     const struct testreport_case *testcase)
{
    cJSON *object = cJSON_CreateObject();
    const struct text none = { 0 };
    bool failed = testcase->outcome == TESTREPORT_FAILED;

    if (!report->cases)
        report->cases = cJSON_CreateArray();
    jsonout_add(object, "name", text_of(testcase->name));
    (void)cJSON_AddBoolToObject(object, "passed",
                                testcase->outcome == TESTREPORT_PASSED);
    add_admission(object, testcase->admission);
    add_findings(object, "findings", failed ? testcase->findings : none);
    if (report->may_update)
        add_findings(object, "updated", failed ? none : testcase->findings);
    (void)cJSON_AddNumberToObject(object, "timeMicroseconds",
                                  (double)testcase->time_us);
    (void)cJSON_AddItemToArray(report->cases, object);
}

static bool finish(struct testreport *report, struct error *err)
{
    cJSON *root = cJSON_CreateObject();

    jsonout_add_count(root, "passed", report->passed);
    jsonout_add_count(root, "failed", report->failed);
    if (report->may_update)
        jsonout_add_count(root, "updated", report->updated);
    if (report->may_stop)
        jsonout_add_count(root, "notRun", report->not_run);
    (void)cJSON_AddItemToObject(
        root, "cases", report->cases ? report->cases : cJSON_CreateArray());
    report->cases = NULL;
    if (report->coverage)
        (void)cJSON_AddItemToObject(root, "coverage",
                                    coverage_json(report->coverage));
    return jsonout_print(root, err);
}

const struct testreport_format testreport_json = { "json", add_case, finish };
