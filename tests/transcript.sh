#!/bin/sh
# transcript.sh - what the README shows of the program on files of this tree is
# what the program says: from "Try a policy without a cluster" up to the policies
# for other platforms, each command is run and its output compared.  Needs the
# program, named by $SPILLWAY, and the tools of any POSIX system.
set -u

cd "$(dirname "$0")/.." || exit 1
: "${SPILLWAY:=build/spillway}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM

# Blocks of text indented by four, with a command in their first line.
sed -n '/^## Try a policy without a cluster/,/^### Policies for other platforms/p' \
    README.md | awk -v dir="$work" '
    /^    \$ / { if (open) close(file ".expected")
                 n++; open = 1; file = sprintf("%s/%03d", dir, n)
                 print substr($0, 7) >(file ".command"); close(file ".command")
                 printf "" >(file ".expected"); next }
    open && /^    / { print substr($0, 5) >(file ".expected"); next }
    open && /^$/ { print "" >(file ".expected"); next }
    { if (open) close(file ".expected"); open = 0 }'

failed=0 count=0
for command in "$work"/*.command; do
    case=${command%.command}
    count=$((count + 1))
    sed "s#build/spillway #$SPILLWAY #g" "$command" >"$work/run"
    sh "$work/run" >"$case.got" 2>&1
    # Blank lines at the end part one block from the next.
    for side in expected got; do
        sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$case.$side" >"$case.$side.cut"
    done
    if diff -u "$case.expected.cut" "$case.got.cut" >"$work/why"; then
        printf 'ok   %s\n' "$(cut -c1-70 "$command")"
    else
        printf 'FAIL %s\n' "$(cat "$command")"
        sed 's/^/     /' "$work/why"
        failed=$((failed + 1))
    fi
done
rm -rf build/try
[ "$count" -gt 10 ] || { echo "FAIL the README has its commands"; failed=1; }
exit "$((failed > 0))"
