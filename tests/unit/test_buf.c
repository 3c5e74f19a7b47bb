/* test_buf.c - the rules in buf.h, text.h and arena.h. */
#include "harness.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/text.h"

/* --- buf --------------------------------------------------------------- */

static void test_appends(void **state)
{
    auto_buf struct buf buf = { 0 };
    struct error err = { 0 };

    (void)state;
    buf_add_string(&buf, "a");
    buf_add_char(&buf, 'b');
    buf_add(&buf, "cd", 1);
    buf_add_text(&buf, (struct text)TEXT("d"));
    buf_printf(&buf, "%d%s", 42, "!");
    assert_true(buf_ok(&buf, &err));
    assert_string_equal(buf.data, "abcd42!");
    assert_int_equal(buf.len, 7);
    assert_true(text_is(buf_text(&buf), "abcd42!"));
}

static void test_nothing_added(void **state)
{
    auto_buf struct buf buf = { 0 };

    (void)state;
    buf_add(&buf, NULL, 0);
    buf_add_text(&buf, (struct text){ 0 });
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
}

static void test_binary(void **state)
{
    auto_buf struct buf buf = { 0 };

    (void)state;
    buf_add(&buf, "a\0b", 3);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.data, "a\0b\0", 4);
}

static void test_shown(void **state)
{
    auto_buf struct buf buf = { 0 };

    (void)state;
    buf_add_shown(&buf, text_of("a\033b\177\tc"), 100);
    assert_string_equal(buf.data, "a?b??c");
    buf_clear(&buf);
    buf_add_shown(&buf, text_of("\302\233m \302\205 \302\240\303\251"), 100);
    assert_string_equal(buf.data, "?m ? \302\240\303\251");
    buf_clear(&buf);
    /* what turns the direction of writing; a dash is none of it */
    buf_add_shown(&buf, text_of("a\342\200\256b\342\201\246c\342\200\224"),
                  100);
    assert_string_equal(buf.data, "a?b?c\342\200\224");
    buf_clear(&buf);
    buf_add_shown(&buf, text_of("ab\303\251"), 3);
    assert_string_equal(buf.data, "ab");
}

/* Fill byte by byte over several sizes of the buffer. */
static void fill(struct buf *buf)
{
    for (size_t i = 0; i < 100000; i++) {
        buf_add_char(buf, (char)('a' + i % 26));
        assert_int_equal(buf->data[buf->len], '\0');
    }
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buf->data[i], 'a' + i % 26);
}

static void test_grows(void **state)
{
    auto_buf struct buf buf = { 0 };

    (void)state;
    fill(&buf);
}

static void test_grows_in_arena(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct buf buf = { .arena = &arena };

    (void)state;
    fill(&buf);
    buf_done(&buf); /* releases nothing, and the arena stays known */
    assert_ptr_equal(buf.arena, &arena);
    assert_null(buf.data);
    buf_add_string(&buf, "again");
    assert_string_equal(buf.data, "again");
}

static void test_fails_once(void **state)
{
    auto_buf struct buf buf = { 0 };
    struct error err = { 0 };

    (void)state;
    buf_add_string(&buf, "kept");
    assert_null(buf_reserve(&buf, SIZE_MAX));
    buf_add_string(&buf, "ignored");
    buf_printf(&buf, "%s", "ignored");
    assert_string_equal(buf.data, "kept");
    assert_false(buf_ok(&buf, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    buf_clear(&buf);
    buf_add_string(&buf, "new");
    assert_string_equal(buf.data, "new");
    assert_true(buf_ok(&buf, &err));
}

static void test_clear(void **state)
{
    auto_buf struct buf buf = { 0 };
    const char *data;

    (void)state;
    buf_add_string(&buf, "text");
    data = buf.data;
    buf_clear(&buf);
    assert_ptr_equal(buf.data, data);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
}

struct base64_row {
    const char *name, *bytes, *encoded;
};

/* RFC 4648, section 10, and the two characters it does not show. */
/* clang-format off */
static struct base64_row base64_rows[] = {
    { "base64 of nothing is nothing", "", "" },
    { "base64 of one byte is padded twice", "f", "Zg==" },
    { "base64 of two bytes is padded once", "fo", "Zm8=" },
    { "base64 of three bytes is not padded", "foo", "Zm9v" },
    { "base64 goes on behind three bytes", "foobar", "Zm9vYmFy" },
    { "base64 has plus and slash", "\373\377\277", "+/+/" },
    { "base64 has no line breaks",
      "0123456789012345678901234567890123456789012345678901234567890123456789",
      "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
      "NDU2Nzg5MDEyMzQ1Njc4OQ==" },
};
/* clang-format on */

static void test_base64(void **state)
{
    const struct base64_row *row = *state;
    auto_buf struct buf buf = { 0 };

    buf_add_string(&buf, "> ");
    buf_add_base64(&buf, text_of(row->bytes));
    assert_string_equal(buf.data + 2, row->encoded);
    assert_int_equal(buf.len, 2 + strlen(row->encoded));
}

/* --- text -------------------------------------------------------------- */

struct integer_row {
    const char *name, *text;
    bool is_integer;
    long long value;
};

/* clang-format off */
static struct integer_row integer_rows[] = {
    { "digits are an integer", "42", true, 42 },
    { "leading zeros are allowed", "007", true, 7 },
    { "a minus sign is allowed", "-42", true, -42 },
    { "a plus sign is allowed", "+42", true, 42 },
    { "the largest integer is read", "9223372036854775807", true, LLONG_MAX },
    { "one more is refused", "9223372036854775808", false, 0 },
    { "the smallest integer is read", "-9223372036854775808", true,
      LLONG_MIN },
    { "one less is refused", "-9223372036854775809", false, 0 },
    { "an empty text is no integer", "", false, 0 },
    { "a sign alone is no integer", "-", false, 0 },
    { "two signs are no integer", "--1", false, 0 },
    { "a fraction is no integer", "1.0", false, 0 },
    { "trailing space is refused", "1 ", false, 0 },
    { "leading space is refused", " 1", false, 0 },
    { "letters are no integer", "1a", false, 0 },
};

static struct clip_row {
    const char *name, *text;
    size_t limit;
    const char *clipped;
} clip_rows[] = {
    { "a short text is not clipped", "abc", 4, "abc" },
    { "a text of the limit is not clipped", "abc", 3, "abc" },
    { "a long text is clipped", "abc", 2, "ab" },
    { "two bytes of UTF-8 stay together", "a\303\274", 2, "a" },
    { "three bytes of UTF-8 stay together", "a\342\202\254", 3, "a" },
    { "four bytes of UTF-8 stay together", "\360\237\230\200", 3, "" },
    { "a character that fits stays", "\303\274b", 2, "\303\274" },
    { "nothing fits in nothing", "abc", 0, "" },
};

static struct order_row {
    const char *name, *a, *b;
    int order;
} order_rows[] = {
    { "equal texts are equal", "ab", "ab", 0 },
    { "a prefix comes first", "ab", "abc", -1 },
    { "a longer text comes later", "abc", "ab", 1 },
    { "bytes are unsigned", "a\303\274", "az", 1 },
    { "an absent text is an empty one", NULL, "", 0 },
    { "an absent text comes first", NULL, "a", -1 },
};
/* clang-format on */

static void test_integer(void **state)
{
    const struct integer_row *row = *state;
    long long value = 4711;

    assert_int_equal(text_parse_integer(text_of(row->text), &value),
                     row->is_integer);
    assert_int_equal(value, row->is_integer ? row->value : 4711);
}

static void test_clip(void **state)
{
    const struct clip_row *row = *state;
    struct text clipped = text_clip(text_of(row->text), row->limit);

    assert_true(text_is(clipped, row->clipped));
}

static void test_order(void **state)
{
    const struct order_row *row = *state;
    int order = text_compare(text_of(row->a), text_of(row->b));

    assert_int_equal((order > 0) - (order < 0), row->order);
    assert_int_equal(text_equal(text_of(row->a), text_of(row->b)),
                     row->order == 0);
}

static void test_prefix(void **state)
{
    (void)state;
    assert_true(text_has_prefix(text_of("abc"), "ab"));
    assert_true(text_has_prefix(text_of("abc"), "abc"));
    assert_true(text_has_prefix(text_of("abc"), ""));
    assert_true(text_has_prefix(text_of(NULL), ""));
    assert_false(text_has_prefix(text_of("ab"), "abc"));
    assert_false(text_has_prefix(text_of("xbc"), "ab"));
}

/* --- arena ------------------------------------------------------------- */

static void test_arena_zeroes(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t size = 0; size < 300; size++) {
            unsigned char *bytes = arena_alloc(&arena, size);

            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xA5, size);
        }
        arena_reset(&arena);
    }
}

static void test_arena_distinct(void **state)
{
    auto_arena struct arena arena = { 0 };
    char *a = arena_string(&arena, text_of("first"));
    char *big = arena_alloc(&arena, 1024 * 1024);
    char *b = arena_string(&arena, text_of("second"));

    (void)state;
    memset(big, 'x', 1024 * 1024);
    assert_string_equal(a, "first");
    assert_string_equal(b, "second");
}

static void test_arena_string(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    assert_string_equal(arena_string(&arena, (struct text){ "abc", 2 }), "ab");
    assert_string_equal(arena_string(&arena, (struct text){ 0 }), "");
}

static void test_arena_overflow(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
    assert_non_null(arena_array(&arena, 3, 4));
}

static void test_arena_grow(void **state)
{
    auto_arena struct arena arena = { 0 };
    char *text = arena_grow(&arena, NULL, 0, 4), *other, *moved;

    (void)state;
    memcpy(text, "abc", 4);
    assert_ptr_equal(arena_grow(&arena, text, 4, 400), text);
    other = arena_string(&arena, text_of("other"));
    moved = arena_grow(&arena, text, 400, 800);
    assert_ptr_not_equal(moved, text);
    assert_string_equal(moved, "abc");
    memset(moved + 4, 'x', 796);
    assert_string_equal(other, "other");
    assert_null(arena_grow(&arena, moved, 800, SIZE_MAX));
    assert_string_equal(text, "abc");
}

/* After a reset, the same memory serves the next piece of work. */
static void test_arena_reset(void **state)
{
    enum { KEPT = 256 * 1024 };
    auto_arena struct arena arena = { 0 };
    void *first;

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&arena, 10000));
    arena_reset(&arena);
    first = arena_alloc(&arena, KEPT / 2);
    assert_non_null(arena_alloc(&arena, KEPT / 4));
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, KEPT / 2), first);
    /* But not what one huge piece took. */
    assert_non_null(arena_alloc(&arena, 16 * (size_t)KEPT));
    arena_reset(&arena);
    assert_true(arena.end - arena.next <= KEPT);
    arena_done(&arena);
    assert_non_null(arena_alloc(&arena, 1));
}

#define FILL(rows, function)                                                   \
    for (size_t i = 0; i < array_len(rows); i++)                               \
        tests[n++] = (struct CMUnitTest)                                       \
        {                                                                      \
            (rows)[i].name, function, NULL, NULL, &(rows)[i]                   \
        }

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, NULL, NULL, NULL                                       \
    }

static const struct CMUnitTest singles[] = {
    CASE("what is appended stands in order", test_appends),
    CASE("appending nothing gives an empty string", test_nothing_added),
    CASE("a buffer holds NUL bytes", test_binary),
    CASE("control characters are not shown", test_shown),
    CASE("a buffer grows and stays terminated", test_grows),
    CASE("a buffer grows in an arena", test_grows_in_arena),
    CASE("a failure is remembered until the buffer is cleared",
         test_fails_once),
    CASE("clearing keeps the memory", test_clear),
    CASE("a prefix is at the beginning", test_prefix),
    CASE("an arena's memory is zeroed and aligned, also when used again",
         test_arena_zeroes),
    CASE("allocations do not overlap", test_arena_distinct),
    CASE("an arena's string is terminated", test_arena_string),
    CASE("sizes that overflow are refused", test_arena_overflow),
    CASE("growing keeps the content", test_arena_grow),
    CASE("resetting keeps a chunk, and no huge one", test_arena_reset),
};

int main(void)
{
    struct CMUnitTest tests[array_len(singles) + array_len(base64_rows) +
                            array_len(integer_rows) + array_len(clip_rows) +
                            array_len(order_rows)];
    size_t n = array_len(singles);

    memcpy(tests, singles, sizeof(singles));
    FILL(base64_rows, test_base64);
    FILL(integer_rows, test_integer);
    FILL(clip_rows, test_clip);
    FILL(order_rows, test_order);
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
