/* certs.c - see certs.h for the contract. */
#include "spillway/certs.h"

#include <stdio.h>

#include "spillway/cmd.h"
#include "spillway/issue.h"
#include "spillway/macros.h"

enum {
    VALID_MIN_MS = 1000, /* certificates count whole seconds */
    DAY_S = 24 * 60 * 60,
};

bool certs_check_valid_for(const struct command *command, long long valid_ms)
{
    const long long longest_ms = 1000LL * ISSUE_CA_DAYS * DAY_S;

    if (valid_ms >= VALID_MIN_MS && valid_ms <= longest_ms)
        return true;
    (void)command_usage(command,
                        "--valid-for: give from 1s to %dd, which is as long "
                        "as the CA is valid",
                        ISSUE_CA_DAYS);
    return false;
}

const char *certs_span(long long seconds, char out[CERTS_SPAN_SIZE])
{
    const long long units[] = { DAY_S, 3600, 60 };
    const char *const names[] = { "day", "hour", "minute" };
    size_t i = 0;

    while (i + 1 < array_len(units) && seconds < units[i])
        i++;
    (void)snprintf(out, CERTS_SPAN_SIZE, "%lld %s%s", seconds / units[i],
                   names[i], seconds / units[i] == 1 ? "" : "s");
    return out;
}
