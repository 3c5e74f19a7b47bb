/* units.c - see units.h for the contract. */
#include "spillway/units.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "spillway/macros.h"

struct unit {
    const char *name;
    long double factor;
};

static const struct unit time_units[] = {
    { "ns", 1e-6L },
    { "us", 1e-3L },
    { "\302\265s", 1e-3L }, /* with the micro sign */
    { "\316\274s", 1e-3L }, /* with the Greek letter */
    { "ms", 1 },
    { "s", 1000 },
    { "m", 60 * 1000 },
    { "h", 3600 * 1000 },
    { "d", 86400000 },
};

static const struct unit size_units[] = {
    { "Ki", 1024 },
    { "Mi", 1024 * 1024 },
    { "Gi", 1024 * 1024 * 1024 },
};

static const long double century_ms = 100.0L * 365 * 86400000;

/* Read digits with an optional fraction; NULL when there are none. */
static const char *parse_number(const char *at, long double *value)
{
    long double scale = 1;
    bool digits = false;

    *value = 0;
    for (; *at >= '0' && *at <= '9'; at++, digits = true)
        *value = *value * 10 + (*at - '0');
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9'; at++, digits = true)
            *value += (*at - '0') * (scale /= 10);
    }
    return digits ? at : NULL;
}

/* The unit whose name is the run of letters at *at, which is moved behind it;
 * NULL when there is none. */
static const struct unit *parse_unit(const struct unit *units, size_t count,
                                     const char **at)
{
    size_t len = strcspn(*at, "0123456789.");

    for (size_t i = 0; i < count; i++) {
        if (strlen(units[i].name) == len &&
            memcmp(units[i].name, *at, len) == 0) {
            *at += len;
            return &units[i];
        }
    }
    return NULL;
}

bool units_parse_duration(const char *text, long long *milliseconds)
{
    long double sum = 0, value;

    text += *text == '+';
    if (strcmp(text, "0") == 0) {
        *milliseconds = 0;
        return true;
    }
    if (!*text)
        return false;
    while (*text) {
        const struct unit *unit;

        text = parse_number(text, &value);
        unit =
            text ? parse_unit(time_units, array_len(time_units), &text) : NULL;
        if (!unit)
            return false;
        sum += value * unit->factor;
        if (sum > century_ms)
            return false;
    }
    *milliseconds = (long long)(sum + 1e-9L);
    return true;
}

bool units_parse_size(const char *text, size_t *bytes)
{
    const struct unit *unit = NULL;
    size_t sum = 0, total;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (size_t)(*text - '0'), &sum))
            return false;
    }
    if (*text) {
        unit = parse_unit(size_units, array_len(size_units), &text);
        if (!unit || *text)
            return false;
    }
    if (__builtin_mul_overflow(sum, (size_t)(unit ? unit->factor : 1), &total))
        return false;
    *bytes = total;
    return true;
}

const char *units_span(long long seconds, char out[UNITS_SPAN_SIZE])
{
    const long long seconds_of[] = { 24LL * 60 * 60, 60LL * 60, 60 };
    const char *const names[] = { "day", "hour", "minute" };
    size_t i = 0;

    while (i + 1 < array_len(seconds_of) && seconds < seconds_of[i])
        i++;
    (void)snprintf(out, UNITS_SPAN_SIZE, "%lld %s%s", seconds / seconds_of[i],
                   names[i], seconds / seconds_of[i] == 1 ? "" : "s");
    return out;
}
