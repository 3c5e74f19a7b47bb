/* test_wrap_lines.c - a file by lines: none is lost, whatever its length. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "spillway/macros.h"
#include "spillway/wrap_lines.h"

static struct scratch scratch;

static void open_text(struct wrap_lines *lines, const char *content)
{
    static char *path;
    struct error err = { 0 };

    free(path);
    path = scratch_write(&scratch, "file", content, 0600);
    assert_true(wrap_lines_open(lines, path, &err));
}

static void assert_next(struct wrap_lines *lines, enum wrap_line wanted,
                        const char *content)
{
    struct error err = { 0 };
    struct text line = { 0 };

    assert_int_equal(wrap_lines_next(lines, &line, &err), wanted);
    if (content)
        assert_true(text_is(line, content));
}

static void test_lines(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };

    (void)state;
    open_text(&lines, "a\n\nbc\nd");
    assert_next(&lines, WRAP_LINE_WHOLE, "a");
    assert_next(&lines, WRAP_LINE_WHOLE, "");
    assert_next(&lines, WRAP_LINE_WHOLE, "bc");
    assert_int_equal(lines.number, 3);
    assert_next(&lines, WRAP_LINE_UNENDED, "d");
    assert_next(&lines, WRAP_LINE_END, NULL);
    assert_next(&lines, WRAP_LINE_END, NULL);
    assert_int_equal(lines.number, 4);
}

static void test_empty(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    struct error err = { 0 };
    struct text line;

    (void)state;
    open_text(&lines, "");
    assert_true(wrap_lines_peek(&lines, &line, &err));
    assert_int_equal(line.len, 0);
    assert_next(&lines, WRAP_LINE_END, NULL);
}

/* A look passes nothing over. */
static void test_peek(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    struct error err = { 0 };
    struct text line;

    (void)state;
    open_text(&lines, "\n \t\r\n  first\nsecond\n");
    assert_true(wrap_lines_peek(&lines, &line, &err));
    assert_true(text_is(line, "first"));
    assert_next(&lines, WRAP_LINE_WHOLE, "");
    assert_next(&lines, WRAP_LINE_WHOLE, " \t\r");
    assert_next(&lines, WRAP_LINE_WHOLE, "  first");
    assert_next(&lines, WRAP_LINE_WHOLE, "second");
    assert_next(&lines, WRAP_LINE_END, NULL);
}

static void test_all(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    struct error err = { 0 };
    struct text line, all;

    (void)state;
    open_text(&lines, "\none\ntwo");
    assert_true(wrap_lines_peek(&lines, &line, &err));
    assert_true(wrap_lines_all(&lines, 8, &all, &err));
    assert_true(text_is(all, "\none\ntwo"));
    wrap_lines_done(&lines);
    open_text(&lines, "\none\ntwo");
    assert_false(wrap_lines_all(&lines, 7, &all, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
}

/* "begin\n", a line of `len` bytes, and, when that has a newline, "end\n". */
static void open_long(struct wrap_lines *lines, size_t len, bool is_ended)
{
    auto_buf struct buf text = { 0 };
    char *to;

    buf_add_string(&text, "begin\n");
    to = buf_reserve(&text, len);
    assert_non_null(to);
    memset(to, 'x', len);
    text.len += len;
    buf_add_string(&text, is_ended ? "\nend\n" : "");
    text.data[text.len] = '\0';
    open_text(lines, text.data);
    assert_next(lines, WRAP_LINE_WHOLE, "begin");
}

/* Lines that end everywhere in what is read at a time, first and last too. */
static void test_every_end(void **state)
{
    enum { LINES = 2000, STEP = 65536 };
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    auto_buf struct buf text = { 0 };

    (void)state;
    for (int i = 0; i < LINES; i++)
        buf_printf(&text, "%d%*s\n", i, i % 500, "");
    open_text(&lines, text.data);
    for (int i = 0; i < LINES; i++) {
        char wanted[600];

        (void)snprintf(wanted, sizeof(wanted), "%d%*s", i, i % 500, "");
        assert_next(&lines, WRAP_LINE_WHOLE, wanted);
    }
    assert_next(&lines, WRAP_LINE_END, NULL);
    for (size_t len = STEP - 8; len < STEP; len++) {
        wrap_lines_done(&lines);
        open_long(&lines, len, true);
        assert_next(&lines, WRAP_LINE_WHOLE, NULL);
        assert_next(&lines, WRAP_LINE_WHOLE, "end");
    }
}

static void test_longest(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };

    (void)state;
    open_long(&lines, WRAP_LINE_MAX_BYTES, true);
    assert_next(&lines, WRAP_LINE_WHOLE, NULL);
    assert_next(&lines, WRAP_LINE_WHOLE, "end");
    assert_next(&lines, WRAP_LINE_END, NULL);
    wrap_lines_done(&lines);
    open_long(&lines, WRAP_LINE_MAX_BYTES, false);
    assert_next(&lines, WRAP_LINE_UNENDED, NULL);
    assert_next(&lines, WRAP_LINE_END, NULL);
}

static void test_too_long(void **state)
{
    static const size_t more[] = { 1, 65536, WRAP_LINE_MAX_BYTES };

    (void)state;
    for (size_t i = 0; i < array_len(more); i++) {
        for (int is_ended = 0; is_ended < 2; is_ended++) {
            auto_wrap_lines struct wrap_lines lines = { .fd = -1 };

            open_long(&lines, WRAP_LINE_MAX_BYTES + more[i], is_ended);
            assert_next(&lines, WRAP_LINE_TOO_LONG, NULL);
            assert_int_equal(lines.number, 2);
            if (is_ended)
                assert_next(&lines, WRAP_LINE_WHOLE, "end");
            assert_next(&lines, WRAP_LINE_END, NULL);
            assert_in_range(lines.buf.capacity, 0, 2 * WRAP_LINE_MAX_BYTES);
        }
    }
}

static void test_long_peek(void **state)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };
    struct text line;
    const size_t len = WRAP_LINE_MAX_BYTES + 1;
    char *to = buf_reserve(&text, len);

    (void)state;
    assert_non_null(to);
    memset(to, 'x', len);
    to[len] = '\0';
    open_text(&lines, text.data);
    assert_true(wrap_lines_peek(&lines, &line, &err));
    assert_null(line.data);
}

static int group_setup(void **state)
{
    (void)state;
    scratch_init(&scratch);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    scratch_done(&scratch);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_empty),
        cmocka_unit_test(test_peek),      cmocka_unit_test(test_all),
        cmocka_unit_test(test_every_end), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_too_long),  cmocka_unit_test(test_long_peek),
    };

    return cmocka_run_group_tests_name("wrap_lines", tests, group_setup,
                                       group_teardown);
}
