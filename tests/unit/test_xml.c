/* test_xml.c - the contract in xml.h. */
#include "harness.h"

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/xml.h"

#define REPLACED "\xEF\xBF\xBD"

static struct row {
    const char *name;
    struct text text;
    const char *xml;
} rows[] = {
    { "plain", TEXT("a b"), "a b" },
    { "nothing", TEXT(""), "" },
    { "markup", TEXT("<a b=\"c\">&amp;'"),
      "&lt;a b=&quot;c&quot;&gt;&amp;amp;'" },
    { "the end of CDATA", TEXT("]]>"), "]]&gt;" },
    { "white space", TEXT("\t\n\r "), "&#9;&#10;&#13; " },
    { "control characters", TEXT("\0\x01\x1b[0m\x1f"),
      REPLACED REPLACED REPLACED "[0m" REPLACED },
    { "DEL is a character of XML", TEXT("\x7f"), "\x7f" },
    { "UTF-8", TEXT("\xC3\xA9\xF0\x9F\x98\x80"), "\xC3\xA9\xF0\x9F\x98\x80" },
    { "not UTF-8", TEXT("\xC3(\xFF\x80"), REPLACED "(" REPLACED REPLACED },
    { "a surrogate", TEXT("\xED\xA0\x80"), REPLACED REPLACED REPLACED },
    { "U+FFFE and U+FFFF", TEXT("\xEF\xBF\xBE\xEF\xBF\xBF"),
      REPLACED REPLACED },
    { "U+FFFD itself", TEXT(REPLACED), REPLACED },
    { "cut short", TEXT("\xE2\x82"), REPLACED REPLACED },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_buf struct buf out = { 0 };

    buf_add_char(&out, '"');
    xml_add(&out, row->text);
    assert_false(out.failed);
    assert_string_equal(out.data + 1, row->xml);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
