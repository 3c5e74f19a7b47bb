/*
 * certs.h - what the `certs` commands share.
 */
#ifndef SPILLWAY_CERTS_H
#define SPILLWAY_CERTS_H

#include <stdbool.h>

struct command;

/* How long a serving certificate is valid unless somebody says so. */
#define CERTS_VALID_MS (365LL * 24 * 60 * 60 * 1000)

/* Is --valid-for something that a new CA can sign?  Otherwise says what would
 * be on stderr. */
bool certs_check_valid_for(const struct command *command, long long valid_ms);

#endif
