/*
 * account.h - a decision, or what became of recording it, counted and logged.
 */
#ifndef SPILLWAY_ACCOUNT_H
#define SPILLWAY_ACCOUNT_H

#include "spillway/admit.h"
#include "spillway/metrics.h"

/* Count the decision and its warnings, and write its log line.  It was made
 * `nanoseconds` after the last byte of its review had come. */
void account_admission(const struct admission *admission,
                       unsigned long long nanoseconds);

/* Count what became of a review that was to be recorded (record.h), and write a
 * line: for each case that is new, and once a minute for what failed. */
void account_recorded(enum record_result result, const char *detail);

#endif
