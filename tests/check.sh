# check.sh - what the shell scripts of the tests share; to be read with `.` from
# the top of the tree.  Sets $SPILLWAY, a scratch directory $work, and $failed,
# the number of rules that did not hold.
# shellcheck shell=sh

: "${SPILLWAY:=build/spillway}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
failed=0

# check RULE COMMAND...: the command proves the rule, or tells why not.
check()
{
    rule=$1
    shift
    if "$@" >"$work/why" 2>&1; then
        printf 'ok - %s\n' "$rule"
    else
        printf 'not ok - %s\n' "$rule"
        sed 's/^/    /' "$work/why"
        failed=$((failed + 1))
    fi
}
