#!/usr/bin/env bash
# demo.sh - the webhook on this machine, and a recorded gateway pod sent to it.
#
#   tests/demo.sh demo    show it, and stop
#   tests/demo.sh run     show it, and go on serving until Ctrl-C
#
# The certificates are real, so is TLS, and the answer is compared byte by byte
# with what the offline command computes.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-demo}
spillway=${SPILLWAY:-build/spillway}
certs=certs
review=tests/golden/ingressgateway/review.json
server=
follower=
work=

bold= plain=
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

step() { printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Whatever happens, the server that we started does not outlive us.
finish() {
    local status=$?

    trap - EXIT
    if [[ -n $server ]]; then
        kill -TERM "$server" 2>/dev/null || true
        if ! wait "$server" && [[ $status == 0 ]]; then
            cat "$work/log" >&2
            status=1
        fi
    fi
    [[ -z $follower ]] || kill "$follower" 2>/dev/null || true
    [[ -z $work ]] || rm -rf "$work"
    exit "$status"
}

# True when certs/ holds a pair for localhost that is good for two more weeks.
certificates_are_good() {
    local report days

    report=$("$spillway" certs inspect "$certs"/tls.crt "$certs"/tls.key \
        "$certs"/ca.crt 2>/dev/null) || return 1
    [[ $report == *" localhost"* ]] ||
        fail "$certs/tls.crt is not for localhost; move the files away, and" \
            "run this again"
    days=$(sed -n 's/.*(\([0-9]*\) days\{0,1\} left).*/\1/p' <<<"$report" |
        head -n 1)
    [[ ${days:-0} -ge 14 ]]
}

issue_certificates() {
    step "Certificates for development, in $certs/"
    if certificates_are_good; then
        echo "there already, and good"
        return
    fi
    "$spillway" certs issue --dir "$certs" --name localhost \
        --name spillway.spillway-system.svc --ip 127.0.0.1 --force |
        sed -n '2,5p'
}

# A port of ours: the one that is asked for, or 0 (any) when somebody has it.
free_port() {
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        echo 0
    else
        echo "$1"
    fi
}

# Sets $address and $admin.
start_server() {
    local line

    step "The webhook, on this machine only"
    : >"$work/log"
    # In a session of its own: Ctrl-C is for us, and we stop it once.
    setsid "$spillway" serve --cert "$certs/tls.crt" --key "$certs/tls.key" \
        --listen "127.0.0.1:$(free_port 8443)" \
        --admin "127.0.0.1:$(free_port 8080)" --drain 0s \
        </dev/null >"$work/log" 2>&1 &
    server=$!
    until line=$(grep -m 1 'listening on ' "$work/log"); do
        if ! kill -0 "$server" 2>/dev/null; then
            server=
            cat "$work/log" >&2
            fail "the server did not start"
        fi
        sleep 0.05
    done
    address=${line#*listening on 127.0.0.1:} admin=${line#*admin=127.0.0.1:}
    address=localhost:${address%% *} admin=localhost:$admin
    echo "https://$address/mutate   the webhook"
    echo "http://$admin/metrics   what it counts; also /healthz /readyz /policy"
}

post() {
    curl --silent --show-error --fail-with-body --noproxy '*' --max-time 20 \
        --cacert "$certs/ca.crt" -H 'Content-Type: application/json' \
        --data-binary "@$1" "https://$address/mutate"
}

send_review() {
    step "A gateway pod, as kube-apiserver sends it, over verified TLS"
    echo "curl --cacert $certs/ca.crt -H 'Content-Type: application/json' \\"
    echo "    --data-binary @$review https://$address/mutate"
    post "$review" >"$work/answer" || fail "the webhook did not answer"
    "$spillway" mutate -o response "$review" >"$work/offline"
    cmp "$work/answer" "$work/offline" ||
        fail "the answer is not what \`spillway mutate -o response\` computes"
    printf '%s\n' "answered with $(wc -c <"$work/answer") bytes, the same as" \
        "\`spillway mutate -o response\` computes without a server"
}

show_diff() {
    step "What changed"
    "$spillway" mutate -o diff "$review"
}

serve_on() {
    local status=0

    step "Serving until Ctrl-C"
    echo "Send a review or pod of your own in another terminal:"
    echo "    curl --cacert $certs/ca.crt -H 'Content-Type: application/json' \\"
    echo "        --data-binary @REVIEW.json https://$address/mutate"
    echo "    $spillway mutate POD.yaml"
    echo
    tail -n +2 -f "$work/log" &
    follower=$!
    wait "$server" || status=$?
    server=
    fail "the server ended by itself (exit status $status)"
}

case $mode in
demo | run) ;;
*)
    echo "usage: tests/demo.sh demo|run" >&2
    exit 2
    ;;
esac
[[ -x $spillway ]] || fail "$spillway is not built yet: run \`make\`"
command -v curl >/dev/null || fail "curl is missing: run \`make deps\`"

trap finish EXIT
trap 'exit 0' INT TERM HUP
work=$(mktemp -d)
issue_certificates
start_server
send_review
show_diff
if [[ $mode == run ]]; then
    serve_on
fi
step "Done"
echo "\`make run\` does the same and goes on serving."
