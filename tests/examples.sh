#!/bin/sh
# examples.sh - the policies of deploy/examples do what they are shown for: their
# cases pass and exercise all of their selectors, on the nodes beside them a
# gateway spills over, and the program prints what a cluster needs of them.
# Needs the program, named by $SPILLWAY, and the tools of any POSIX system.
set -u

cd "$(dirname "$0")/.." || exit 1
. tests/check.sh

# Each requirement of each selector held for some case, and was the first to
# fail for another.
covers() # DIR
{
    "$SPILLWAY" test --coverage --policy "$1/policy.yaml" "$1/cases" \
        >"$work/coverage" || { cat "$work/coverage"; return 1; }
    sed -n 's/^coverage: \([0-9]*\) of \([0-9]*\) selectors. .*/\1 \2/p' \
        "$work/coverage" >"$work/counts"
    read -r covered all <"$work/counts" && [ "$all" -gt 0 ] &&
        [ "$covered" -eq "$all" ] &&
        ! grep -q '^  selector .* matched never' "$work/coverage" ||
        { cat "$work/coverage"; return 1; }
}

# Of nine replicas the first eight fill the node set apart.
spills_over() # DIR
{
    "$SPILLWAY" explain --policy "$1/policy.yaml" --nodes "$1/nodes.yaml" \
        --replicas 9 "$1/cases/gateway/pod.yaml" >"$work/explained" &&
        grep -qx '  The spill-over begins at replica 9\.' "$work/explained" &&
        tail -n 1 "$work/explained" | grep -qx \
            '2 nodes feasible: 1 [A-Za-z]* first, 1 virtual when it is full' ||
        { cat "$work/explained"; return 1; }
}

prints() # COMMAND...
{
    "$SPILLWAY" "$@" >"$work/printed" && [ -s "$work/printed" ]
}

for dir in deploy/examples/*/; do
    dir=${dir%/}
    name=${dir##*/}
    policy=$dir/policy.yaml
    check "$name: its cases pass" \
        "$SPILLWAY" test --policy "$policy" "$dir/cases"
    check "$name: they exercise every selector" covers "$dir"
    check "$name: a gateway spills over when its node is full" \
        spills_over "$dir"
    check "$name: it has a webhook" prints manifest webhook --policy "$policy"
    check "$name: it has a companion" \
        prints manifest companion --policy "$policy"
    check "$name: nothing is wrong with it" \
        "$SPILLWAY" check --strict "$policy" "$dir/nodes.yaml"
done

exit "$((failed > 0))"
