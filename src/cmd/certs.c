/* certs.c - see certs.h for the contract. */
#include "spillway/certs.h"

#include "spillway/cmd.h"
#include "spillway/issue.h"

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
