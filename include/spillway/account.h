/*
 * account.h - a decision, counted and logged.
 */
#ifndef SPILLWAY_ACCOUNT_H
#define SPILLWAY_ACCOUNT_H

#include "spillway/admit.h"

/* Count the decision and its warnings, and write its log line.  It was made
 * `nanoseconds` after the last byte of its review had come. */
void account_admission(const struct admission *admission,
                       unsigned long long nanoseconds);

#endif
