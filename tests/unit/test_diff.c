/* test_diff.c - the rules in diff.h and lines.h. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#include "spillway/buf.h"
#include "spillway/diff.h"
#include "spillway/lines.h"
#include "spillway/macros.h"

struct row {
    const char *name, *before, *after, *diff;
};

#define HEAD "--- a\n+++ b\n"

/* clang-format off */
static struct row rows[] = {
    { "equal texts print nothing", "x\ny\n", "x\ny\n", "" },
    { "an empty text gains lines", "", "x\n", HEAD "@@ -0,0 +1 @@\n+x\n" },
    { "a text loses all its lines", "x\ny\n", "", HEAD "@@ -1,2 +0,0 @@\n-x\n-y\n" },
    { "three lines of context", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nX\n6\n7\n8\n9\n",
      HEAD "@@ -2,7 +2,7 @@ 1\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n" },
    { "changes six lines apart share a hunk", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
      HEAD "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
    { "changes seven lines apart do not", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
      HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@ 4\n 5\n 6\n 7\n-b\n+B\n" },
    { "a missing newline at the end is told", "x", "x\n",
      HEAD "@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n" },
    { "the heading is the line not indented", "spec:\n  a: 1\n  b: 1\n  c: 1\n  d: 1\n", "spec:\n  a: 1\n  b: 1\n  c: 1\n  d: 2\n",
      HEAD "@@ -2,4 +2,4 @@ spec:\n   a: 1\n   b: 1\n   c: 1\n-  d: 1\n+  d: 2\n" },
    { "an added element is shown from its dash on",
      "- k: 1\n  v: 1\n", "- k: 1\n  v: 1\n- k: 1\n  v: 1\n",
      HEAD "@@ -1,2 +1,4 @@\n - k: 1\n   v: 1\n+- k: 1\n+  v: 1\n" },
    { "an added element in the middle is shown whole",
      "- a: 1\n  b: 2\n- c: 3\n", "- a: 1\n  b: 2\n- a: 0\n  b: 2\n- c: 3\n",
      HEAD "@@ -1,3 +1,5 @@\n - a: 1\n   b: 2\n+- a: 0\n+  b: 2\n - c: 3\n" },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    const struct diff_style style = { .before = "a", .after = "b" };
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    buf_add_string(&out, "");
    assert_true(diff_write(&out, text_of(row->before), text_of(row->after),
                           &style, &err));
    assert_string_equal(out.data, row->diff);
}

static void test_colour(void **state)
{
    const struct diff_style style = { "a", "b", true, "| " };
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_true(diff_write(&out, text_of("x\n"), text_of("y\n"), &style, &err));
    assert_string_equal(out.data, "| \033[1m--- a\033[m\n"
                                  "| \033[1m+++ b\033[m\n"
                                  "| \033[36m@@ -1 +1 @@\033[m\n"
                                  "| \033[31m-x\033[m\n"
                                  "| \033[32m+y\033[m\n");
}

/* --- properties -------------------------------------------------------- */

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 20) % limit);
}

static void random_lines(struct buf *out, unsigned count, unsigned alphabet)
{
    buf_clear(out);
    buf_add_string(out, "");
    while (count--)
        buf_printf(out, "%*s%u\n", (int)random_below(3), "",
                   random_below(alphabet));
}

/* Both sides without their changed lines must be the same. */
static size_t check_common(const struct lines_diff *diff)
{
    const struct lines_side *a = &diff->a, *b = &diff->b;
    size_t i = 0, j = 0, common = 0;

    while (i < a->count || j < b->count) {
        if (i < a->count && a->changed[i]) {
            i++;
        } else if (j < b->count && b->changed[j]) {
            j++;
        } else {
            assert_true(i < a->count && j < b->count);
            assert_true(text_equal(a->lines[i++], b->lines[j++]));
            common++;
        }
    }
    return common;
}

/* The length of the longest common subsequence, the slow way. */
static size_t longest_common(const struct lines_diff *diff)
{
    size_t width = diff->b.count + 1;
    size_t *table = calloc((diff->a.count + 1) * width, sizeof(*table));
    size_t result;

    assert_non_null(table);
    for (size_t i = diff->a.count; i-- > 0;) {
        for (size_t j = diff->b.count; j-- > 0;) {
            size_t right = table[i * width + j + 1];
            size_t down = table[(i + 1) * width + j];

            table[i * width + j] =
                text_equal(diff->a.lines[i], diff->b.lines[j])
                    ? table[(i + 1) * width + j + 1] + 1
                    : (right > down ? right : down);
        }
    }
    result = table[0];
    free(table);
    return result;
}

static void test_shortest(void **state)
{
    auto_buf struct buf a = { 0 }, b = { 0 };

    (void)state;
    random_state = 88172645463325252ULL;
    for (int i = 0; i < 3000; i++) {
        auto_lines_diff struct lines_diff diff = { 0 };

        random_lines(&a, random_below(40), 4);
        random_lines(&b, random_below(40), 4);
        assert_true(lines_compare(&diff, buf_text(&a), buf_text(&b)));
        assert_int_equal(check_common(&diff), longest_common(&diff));
    }
}

static void test_large(void **state)
{
    auto_buf struct buf a = { 0 }, b = { 0 };

    (void)state;
    random_state = 88172645463325252ULL;
    for (int i = 0; i < 4; i++) {
        auto_lines_diff struct lines_diff diff = { 0 };

        random_lines(&a, 1000 + random_below(4000), 50);
        random_lines(&b, i == 0 ? 3 : random_below(5000), 50);
        assert_true(lines_compare(&diff, buf_text(&a), buf_text(&b)));
        (void)check_common(&diff);
    }
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 3];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] = (struct CMUnitTest){ "colour and margin wrap every line",
                                      test_colour, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "the script is the shortest",
                                      test_shortest, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "beyond the bound it is still right",
                                      test_large, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
