/*
 * testreport_junit.c - JUnit XML, as Jenkins and others read it; see
 * testreport.h for the contract.
 */
#include "spillway/testreport.h"

#include <stdio.h>
#include <string.h>

#include "spillway/xml.h"

static void add_attribute(struct buf *out, const char *name, struct text value)
{
    buf_printf(out, " %s=\"", name);
    xml_add(out, value);
    buf_add_char(out, '"');
}

static void add_time(struct buf *out, long long time_us)
{
    buf_printf(out, " time=\"%lld.%06lld\"", time_us / 1000000,
               time_us % 1000000);
}

/* "tests.golden" for tests/golden/x, as in a tree of packages; "spillway" for
 * a case without a directory. */
static void add_class(struct buf *out, const char *name)
{
    const char *slash = strrchr(name, '/');
    auto_buf struct buf class = { 0 };

    if (!slash || slash == name)
        buf_add_string(&class, "spillway");
    for (const char *c = name; slash && c < slash; c++)
        buf_add_char(&class, (char)(*c == '/' ? '.' : *c));
    add_attribute(out, "classname", buf_text(&class));
}

static struct text first_line(struct text lines)
{
    const char *end = memchr(lines.data, '\n', lines.len);

    return (struct text){ lines.data,
                          end ? (size_t)(end - lines.data) : lines.len };
}

static void add_case(struct testreport *report,
                     const struct testreport_case *testcase)
{
    struct buf *out = &report->xml;

    buf_add_string(out, "    <testcase");
    add_class(out, testcase->name);
    add_attribute(out, "name", text_of(testcase->name));
    add_time(out, testcase->time_us);
    if (testcase->outcome != TESTREPORT_FAILED) {
        buf_add_string(out, "/>\n");
        return;
    }
    buf_add_string(out, ">\n      <failure type=\"failure\"");
    add_attribute(out, "message", first_line(testcase->findings));
    buf_add_char(out, '>');
    xml_add(out, testcase->findings);
    buf_add_string(out, "</failure>\n    </testcase>\n");
}

static void add_counts(struct buf *out, const struct testreport *report)
{
    buf_printf(out, " name=\"spillway\" tests=\"%zu\" failures=\"%zu\"",
               report->passed + report->failed, report->failed);
    buf_add_string(out, " errors=\"0\"");
    add_time(out, report->time_us);
    buf_add_string(out, ">\n");
}

static bool finish(struct testreport *report, struct error *err)
{
    auto_buf struct buf head = { 0 };

    buf_add_string(&head, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    buf_add_string(&head, "<testsuites");
    add_counts(&head, report);
    buf_add_string(&head, "  <testsuite");
    add_counts(&head, report);
    buf_add_string(&report->xml, "  </testsuite>\n</testsuites>\n");
    if (!buf_ok(&head, err) || !buf_ok(&report->xml, err))
        return false;
    (void)fwrite(head.data, 1, head.len, stdout);
    (void)fwrite(report->xml.data, 1, report->xml.len, stdout);
    return true;
}

const struct testreport_format testreport_junit = { "junit", add_case, finish };
