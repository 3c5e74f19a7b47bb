#!/bin/sh
# transcript.sh - what the README shows of the program on files of this tree is
# what the program says: from "Try a policy without a cluster" up to the policies
# for other platforms, each command is run and its output compared.  Needs the
# program, named by $SPILLWAY, and the tools of any POSIX system.
set -u

cd "$(dirname "$0")/.." || exit 1
. tests/check.sh

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

# says CASE: the command says what is expected.  Blank lines at the end part one
# block from the next.
says()
{
    sed "s#build/spillway #$SPILLWAY #g" "$1.command" >"$work/run"
    sh "$work/run" >"$1.got" 2>&1
    for side in expected got; do
        sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$1.$side" >"$1.$side.cut"
    done
    diff -u "$1.expected.cut" "$1.got.cut"
}

count=0
for command in "$work"/*.command; do
    count=$((count + 1))
    check "$(cut -c1-75 "$command")" says "${command%.command}"
done
rm -rf build/try
check 'the README has its commands' [ "$count" -gt 10 ]
exit "$((failed > 0))"
