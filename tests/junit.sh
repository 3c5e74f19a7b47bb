#!/bin/sh
# junit.sh - what `spillway test -o junit` prints is JUnit XML, whatever is in
# the cases.  Needs xmllint; the program is the one that $SPILLWAY names.
set -u

cd "$(dirname "$0")/.." || exit 1
. tests/check.sh

# put PATH TEXT: a file below the cases; the text is a printf format.
put()
{
    mkdir -p "$work/cases/$(dirname "$1")" &&
        # shellcheck disable=SC2059 # it is a format
        printf "$2" >"$work/cases/$1"
}

# junit STATUS PATH...: write $work/out.xml; nothing goes to stderr.
junit()
{
    status=$1
    shift
    "$SPILLWAY" test -o junit "$@" >"$work/out.xml" 2>"$work/err"
    got=$?
    cat "$work/err"
    [ "$got" -eq "$status" ] && [ ! -s "$work/err" ]
}

valid()
{
    xmllint --noout --nonet --schema tests/junit.xsd "$work/out.xml"
}

# is XPATH VALUE: what an expression finds in the document.
is()
{
    found=$(xmllint --nonet --xpath "string($1)" "$work/out.xml") &&
        [ "$found" = "$2" ] || { echo "$1: '$found', not '$2'"; return 1; }
}

passing()
{
    junit 0 tests/golden && valid && is '/testsuites/@failures' 0 &&
        is 'count(//testcase)' "$("$SPILLWAY" test tests/golden | grep -c '^ok')" &&
        is '//testcase[@name="shadow"]/@classname' spillway
}

# Control characters, markup, the end of CDATA, bytes that are not UTF-8, U+FFFE.
evil=$(printf 'a<b>&"\033[2J]]>\377\357\277\276')
pod='apiVersion: v1\nkind: Pod\nmetadata: {name: gw}\n'

hostile()
{
    put "dir/$evil/pod.yaml" "$pod" &&
        put "dir/$evil/expect.yaml" 'decision: "]]>\\e\\a<x>&\\uFFFE"\n' &&
        put "dir/$evil/stray<&>" '' &&
        put "dir/bytes/pod.yaml" "$pod" &&
        put "dir/bytes/patch.json" '[\377\000' &&
        put "dir/fine/pod.yaml" "$pod" &&
        put "dir/fine/expect.yaml" 'decision: skipped\n' &&
        junit 1 "$work/cases" && valid && is '/testsuites/@tests' 3 &&
        is '/testsuites/testsuite/@failures' 2 && is 'count(//failure)' 2 &&
        is '//testcase[@name="dir/fine"]/@classname' dir &&
        is 'count(//testcase[@name="dir/fine"]/*)' 0 &&
        is '//testcase[1]/failure/@message' 'stray<&>: has no place in a case'
}

# A name of more than one line is one name still.
lines()
{
    rm -rf "$work/cases" && put "$(printf 'a\tb\nc')/pod.yaml" "$pod" &&
        junit 1 "$work/cases" && valid &&
        is '//testcase/@name' "$(printf 'a\tb\nc')"
}

nothing()
{
    mkdir -p "$work/empty"
    "$SPILLWAY" test -o junit "$work/empty" >"$work/out.xml" 2>/dev/null
    [ $? -eq 3 ] && valid && is '/testsuites/@tests' 0
}

check 'cases that pass' passing
check 'hostile names and contents' hostile
check 'tabs and line ends in a name' lines
check 'no case at all' nothing

exit "$((failed > 0))"
