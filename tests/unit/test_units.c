/* test_units.c - the rules in units.h, one table row per rule. */
#include "harness.h"

#include <stdint.h>
#include <stdlib.h>

#include "spillway/macros.h"
#include "spillway/units.h"

struct row {
    const char *name, *text;
    long long value; /* -1: refused */
};

enum { REFUSED = -1 };

/* clang-format off */
static struct row durations[] = {
    { "zero needs no unit", "0", 0 },
    { "zero may have a unit", "0s", 0 },
    { "milliseconds", "500ms", 500 },
    { "seconds", "15s", 15000 },
    { "minutes", "10m", 600000 },
    { "hours", "2h", 7200000 },
    { "days", "30d", 2592000000 },
    { "units add up", "1m30s", 90000 },
    { "units may come in any order", "30s1m", 90000 },
    { "a unit may come twice", "1s1s", 2000 },
    { "a fraction belongs to its unit", "1.5h", 5400000 },
    { "a fraction needs no digit before the point", ".5s", 500 },
    { "a fraction needs no digit behind the point", "1.s", 1000 },
    { "a tenth is exact", "1.1s", 1100 },
    { "microseconds that make a millisecond", "1000us", 1 },
    { "microseconds as Go prints them", "2000\302\265s", 2 },
    { "microseconds with the Greek letter", "2000\316\274s", 2 },
    { "what is below a millisecond is cut off", "1999us", 1 },
    { "nanoseconds", "3000000ns", 3 },
    { "a plus sign is as in Go", "+15s", 15000 },
    { "a hundred years are the most", "36500d", 3153600000000 },
    { "a millisecond more is too much", "36500d1ms", REFUSED },
    { "a number without unit is refused", "15", REFUSED },
    { "a last number without unit is refused", "1m30", REFUSED },
    { "an empty text is refused", "", REFUSED },
    { "a unit alone is refused", "s", REFUSED },
    { "a point alone is refused", ".s", REFUSED },
    { "a sign alone is refused", "+", REFUSED },
    { "two points are refused", "1..5s", REFUSED },
    { "a negative duration is refused", "-1s", REFUSED },
    { "a sign in the middle is refused", "1m+30s", REFUSED },
    { "an unknown unit is refused", "1w", REFUSED },
    { "a unit in capitals is refused", "1H", REFUSED },
    { "a longer word is no unit", "1sec", REFUSED },
    { "space in front is refused", " 1s", REFUSED },
    { "space behind is refused", "1s ", REFUSED },
    { "space between is refused", "1m 30s", REFUSED },
    { "an exponent is refused", "1e3s", REFUSED },
    { "infinity is refused", "infs", REFUSED },
    { "a number beyond all bounds is refused",
      "999999999999999999999999999999999999999999s", REFUSED },
};

static struct row sizes[] = {
    { "plain bytes", "65536", 65536 },
    { "zero is a size", "0", 0 },
    { "Ki is 1024", "64Ki", 65536 },
    { "Mi is 1024 Ki", "8Mi", 8388608 },
    { "Gi is 1024 Mi", "1Gi", 1073741824 },
    { "decimal units are refused", "8M", REFUSED },
    { "a unit in small letters is refused", "8mi", REFUSED },
    { "a unit with a B is refused", "8MiB", REFUSED },
    { "a fraction is refused", "1.5Mi", REFUSED },
    { "a sign is refused", "+1", REFUSED },
    { "a negative size is refused", "-1", REFUSED },
    { "an empty size is refused", "", REFUSED },
    { "a size that is only a unit is refused", "Mi", REFUSED },
    { "hexadecimal is refused", "0x10", REFUSED },
    { "space behind a size is refused", "1 ", REFUSED },
    { "a size after its unit is refused", "1Mi1", REFUSED },
    { "2^64 is refused", "18446744073709551616", REFUSED },
    { "a product of 2^64 is refused", "17179869184Gi", REFUSED },
};
/* clang-format on */

static void test_duration(void **state)
{
    const struct row *row = *state;
    long long value = 4711;

    assert_int_equal(units_parse_duration(row->text, &value),
                     row->value != REFUSED);
    assert_int_equal(value, row->value == REFUSED ? 4711 : row->value);
}

static void test_size(void **state)
{
    const struct row *row = *state;
    size_t value = 4711;

    assert_int_equal(units_parse_size(row->text, &value),
                     row->value != REFUSED);
    assert_int_equal(value, row->value == REFUSED ? 4711 : row->value);
}

int main(void)
{
    struct CMUnitTest tests[array_len(durations) + array_len(sizes)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(durations); i++)
        tests[n++] = (struct CMUnitTest){ durations[i].name, test_duration,
                                          NULL, NULL, &durations[i] };
    for (size_t i = 0; i < array_len(sizes); i++)
        tests[n++] = (struct CMUnitTest){ sizes[i].name, test_size, NULL, NULL,
                                          &sizes[i] };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
