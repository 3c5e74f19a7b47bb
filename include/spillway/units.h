/*
 * units.h - durations and sizes as people write them.
 */
#ifndef SPILLWAY_UNITS_H
#define SPILLWAY_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Parse a duration as Go's time.ParseDuration does ("1m30s", "1.5h", "500ms",
 * "0"), and days ("30d"), into whole milliseconds.  Negative ones, other
 * units, a missing unit and more than 100 years are refused: false.
 */
bool units_parse_duration(const char *text, long long *milliseconds);

/* Parse a number of bytes, plain or with Ki, Mi, Gi; false when it is not one
 * or does not fit. */
bool units_parse_size(const char *text, size_t *bytes);

enum { UNITS_SPAN_SIZE = 32 };

/* "364 days", "1 day", "5 hours", "12 minutes": rounded down.  Returns `out`.
 */
const char *units_span(long long seconds, char out[UNITS_SPAN_SIZE]);

#endif
