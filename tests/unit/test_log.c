/* test_log.c - what a line of the log looks like. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/log.h"
#include "spillway/macros.h"

struct row {
    const char *name;
    bool json;
    struct log_field field;
    const char *line; /* without time and newline */
};

#define STRING(value)                                                          \
    {                                                                          \
        .key = "k", .text = TEXT(value)                                        \
    }

static struct row rows[] = {
    { "plain text stands as it is", false, STRING("istio-system/gw.7:80"),
      " info hello k=istio-system/gw.7:80" },
    { "a number is a number",
      false,
      { .key = "n", .is_number = true, .number = 7 },
      " info hello n=7" },
    { "an empty value is quoted", false, STRING(""), " info hello k=\"\"" },
    { "a space makes quotes", false, STRING("a b"), " info hello k=\"a b\"" },
    { "a quote is escaped", false, STRING("a\"b"), " info hello k=\"a\\\"b\"" },
    { "an equals sign makes quotes", false, STRING("a=b"),
      " info hello k=\"a=b\"" },
    { "a newline cannot begin a line", false, STRING("a\nb"),
      " info hello k=\"a\\nb\"" },
    { "an escape sequence cannot reach a terminal", false, STRING("\x1b[31m"),
      " info hello k=\"\\u001b[31m\"" },
    { "JSON has the same keys", true, STRING("a b"),
      ",\"level\":\"info\",\"msg\":\"hello\",\"k\":\"a b\"}" },
    { "a JSON number is a number",
      true,
      { .key = "n", .is_number = true, .number = 7 },
      ",\"level\":\"info\",\"msg\":\"hello\",\"n\":7}" },
};

static void format(struct buf *out, bool json, const struct log_field *field)
{
    /* 2026-01-02T03:04:05.678Z */
    const struct timespec time = { 1767323045, 678901234 };

    log_format(out, json, &time, LOG_LEVEL_INFO, "hello", field, 1);
    buf_add(out, "", 0);
    assert_false(out->failed);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const char *time = row->json ? "{\"time\":\"2026-01-02T03:04:05.678Z\""
                                 : "2026-01-02T03:04:05.678Z";
    auto_buf struct buf out = { 0 };

    format(&out, row->json, &row->field);
    assert_memory_equal(out.data, time, strlen(time));
    assert_int_equal(out.data[out.len - 1], '\n');
    out.data[out.len - 1] = '\0';
    assert_string_equal(out.data + strlen(time), row->line);
}

static void test_clipped(void **state)
{
    auto_buf struct buf out = { 0 };
    char text[3 * LOG_VALUE_MAX];
    struct log_field field = { .key = "k", .text = { text, sizeof(text) } };

    (void)state;
    memset(text, 'x', sizeof(text));
    format(&out, false, &field);
    assert_int_equal(strlen(strchr(out.data, '=') + 1), LOG_VALUE_MAX + 1);
}

static void test_levels(void **state)
{
    (void)state;
    log_configure("warn", "json");
    assert_true(log_shows(LOG_LEVEL_ERROR));
    assert_true(log_shows(LOG_LEVEL_WARN));
    assert_false(log_shows(LOG_LEVEL_INFO));
    assert_true(log_is_json());
    log_configure("nonsense", "nonsense");
    assert_false(log_shows(LOG_LEVEL_INFO));
    assert_true(log_is_json());
    log_configure("debug", "text");
    assert_true(log_shows(LOG_LEVEL_DEBUG));
    assert_false(log_is_json());
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 2] = {
        { "a long value is clipped", test_clipped, NULL, NULL, NULL },
        { "a level shows itself and what is worse", test_levels, NULL, NULL,
          NULL },
    };

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i + 2] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
