/* test_re2.c - the rules in re2.h, one table row per rule. */
#include "harness.h"

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/re2.h"

#define NOTHING "[^\\x00-\\x{10FFFF}]"

struct row {
    const char *name; /* what the row proves; cmocka prints it */
    const char *glob, *expression;
    enum re2_subject subject;
};

/* clang-format off */
static struct row rows[] = {
    { "an empty glob matches the empty value", "", "^$", RE2_VALUE },
    { "a name is itself", "istio-gw_1", "^istio-gw_1$", RE2_VALUE },
    { "a star is anything, line breaks too", "istio-*", "(?s)^istio-.*$", RE2_VALUE },
    { "two stars are one", "a**b", "(?s)^a.*b$", RE2_VALUE },
    { "what RE2 knows is escaped", "a.b+(c)|$^", "^a\\.b\\+\\(c\\)\\|\\$\\^$", RE2_VALUE },
    { "quotes and control characters are written as numbers", "\"\n\x7f", "^\\x22\\x0a\\x7f$", RE2_VALUE },
    { "other characters stay as they are", "\xC3\xA9*", "(?s)^\xC3\xA9.*$", RE2_VALUE },
    { "a backslash takes the meaning away", "\\*\\?\\[\\\\\\a", "^\\*\\?\\[\\\\a$", RE2_VALUE },

    { "a question mark is one byte, so ASCII", "a?", "^a[\\x01-\\x7f]$", RE2_VALUE },
    { "a question mark before a star may begin any character", "a?*", "(?s)^a..*$", RE2_VALUE },
    { "a question mark behind a star may end any character", "*?", "(?s)^.*.$", RE2_VALUE },
    { "two question marks may be one character, so bytes are matched", "a??", "^61....$", RE2_HEX },
    { "bytes are matched with stars, too", "*a??", "^(?:..)*61....$", RE2_HEX },

    { "a bracket is a class", "[a-cx]", "^[a-cx]$", RE2_VALUE },
    { "a range of two is written as two", "[ab]", "^[ab]$", RE2_VALUE },
    { "an exclamation mark negates", "[!a]", "^[\\x01-`b-\\x7f]$", RE2_VALUE },
    { "a caret negates as well", "[^a]", "^[\\x01-`b-\\x7f]$", RE2_VALUE },
    { "a negated bracket before a star takes all other characters", "[!a]*", "(?s)^[^a].*$", RE2_VALUE },
    { "a bracket that is first in a bracket is a member", "[]a]", "^[\\]a]$", RE2_VALUE },
    { "a hyphen at the end is a member", "[a-]", "^[\\-a]$", RE2_VALUE },
    { "a hyphen in a class is escaped", "[+--]", "^[+-\\-]$", RE2_VALUE },
    { "a backslash works in brackets", "[\\]a\\-z]", "^[\\-\\]az]$", RE2_VALUE },
    { "a class of characters is that of the C locale", "[[:digit:][:upper:]_]", "^[0-9A-Z_]$", RE2_VALUE },
    { "a range that runs backwards takes nothing", "[z-a]", "^" NOTHING "$", RE2_VALUE },
    { "an unknown class takes nothing", "[[:foo:]]", "^" NOTHING "$", RE2_VALUE },
    { "characters beyond ASCII are bytes in a bracket", "[\xC3\xA9]", "^" NOTHING "$", RE2_VALUE },
    { "such bytes beside a star are matched as bytes", "[\xC3\xA9]*", "^(?:a9|c3)(?:..)*$", RE2_HEX },
    { "a bracket beside another is matched as bytes", "[ab][0-9]", "^(?:6[12])(?:3[0123456789])$", RE2_HEX },
    { "a bracket that is never closed is a character", "a[b*", "(?s)^a\\[b.*$", RE2_VALUE },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_buf struct buf out = { 0 };
    enum re2_subject subject = RE2_VALUE;
    struct error err = { 0 };

    buf_add_string(&out, "<");
    if (!re2_from_glob(row->glob, &out, &subject, &err))
        fail_msg("%s", err.text);
    assert_string_equal(out.data + 1, row->expression);
    assert_int_equal(subject, row->subject);
}

struct refused {
    const char *name, *glob;
};

static struct refused refused[] = {
    { "a backslash at the end is refused", "a\\" },
    { "a backslash at the end of a bracket is refused", "[a\\" },
    { "a range without an end is refused", "[a-" },
    { "a range up to a class is refused", "[a-[:alpha:]]" },
    { "an open bracket with a class is refused", "[[:alpha:]" },
};

static void test_refused(void **state)
{
    const struct refused *row = *state;
    auto_buf struct buf out = { 0 };
    enum re2_subject subject;
    struct error err = { 0 };

    assert_false(re2_from_glob(row->glob, &out, &subject, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + array_len(refused)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(refused); i++)
        tests[n++] = (struct CMUnitTest){ refused[i].name, test_refused, NULL,
                                          NULL, &refused[i] };
    return cmocka_run_group_tests_name("re2", tests, NULL, NULL);
}
