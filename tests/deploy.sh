#!/bin/sh
# deploy.sh - what is shipped in deploy/ agrees with the program, and so do the
# README's three commands.  Needs no kubectl: the program, named by $SPILLWAY,
# and the tools of any POSIX system.
set -u

cd "$(dirname "$0")/.." || exit 1
. tests/check.sh

# --- what the program prints ---------------------------------------------------

prints() # FILE COMMAND...: the file is what the command prints
{
    file=$1
    shift
    "$SPILLWAY" "$@" | diff -u "$file" -
}

# The policy inside the ConfigMap, without the indentation of its block.
shipped_policy()
{
    sed -n '/^  policy.yaml: |$/,$ { /^  policy.yaml/d; s/^    //; p; }' \
        deploy/base/policy.yaml
}

holds_the_policy()
{
    "$SPILLWAY" manifest policy --bare >"$work/bare.yaml" &&
        shipped_policy | diff -u "$work/bare.yaml" -
}

policy_file_becomes_the_same()
{
    "$SPILLWAY" manifest policy --policy "$work/bare.yaml" |
        diff -u deploy/base/policy.yaml -
}

directory_keeps_names()
{
    mkdir "$work/policies" &&
        cp "$work/bare.yaml" "$work/policies/10-edge.yaml" &&
        "$SPILLWAY" manifest policy --policy "$work/policies" |
        grep -qx '  10-edge.yaml: |'
}

check 'policy.yaml is what the program prints' \
    prints deploy/base/policy.yaml manifest policy
check 'webhook.yaml is what the program prints' \
    prints deploy/base/webhook.yaml manifest webhook
check 'companion.yaml is what the program prints' \
    prints deploy/base/companion.yaml manifest companion
check 'the ConfigMap holds the policy byte for byte' holds_the_policy
check 'the policy, printed and given back, makes the same ConfigMap' \
    policy_file_becomes_the_same
check 'the files of a policy directory keep their names' directory_keeps_names

# --- the component fill-first -----------------------------------------------------

component=deploy/components/fill-first

is_built_in_but_for_spillover()
{
    "$SPILLWAY" manifest policy --bare --policy $component/policy.yaml \
        >"$work/fill-first.yaml" &&
        cmp "$work/fill-first.yaml" $component/policy.yaml &&
        grep -qx '  spillover:' $component/policy.yaml &&
        sed '/^  spillover:$/,$d' $component/policy.yaml |
        diff -u "$work/bare.yaml" -
}

# The patch of kubectl 1.30's kustomize is one document; the other is that of
# the base.
component_companion_is_printed()
{
    "$SPILLWAY" manifest companion --policy $component/policy.yaml \
        >"$work/companion.yaml" || return 1
    sed '/^---$/,$d' "$work/companion.yaml" |
        diff -u $component/companion.yaml - &&
        sed '1,/^---$/d' deploy/base/companion.yaml >"$work/binding.yaml" &&
        [ -s "$work/binding.yaml" ] &&
        sed '1,/^---$/d' "$work/companion.yaml" |
        diff -u "$work/binding.yaml" -
}

bindings_say() # LINE...: members of the second webhook
{
    sed -n '/^- name: bindings/,$p' $component/webhook.yaml >"$work/bindings"
    for line; do
        grep -qx -- "$line" "$work/bindings" || {
            echo "not there: $line"
            return 1
        }
    done
}

check 'the policy of fill-first is the built-in one and spillover' \
    is_built_in_but_for_spillover
check 'the webhook.yaml of fill-first is what the program prints' \
    prints $component/webhook.yaml manifest webhook \
    --policy $component/policy.yaml
check 'the companion.yaml of fill-first is what the program prints' \
    component_companion_is_printed
check 'a binding is never refused, and waits two seconds at most' bindings_say \
    '- name: bindings.spillway.dev' '    - pods/binding' \
    '  failurePolicy: Ignore' '  timeoutSeconds: 2' '  reinvocationPolicy: Never'

# --- the Deployment and the server --------------------------------------------

deployment=deploy/base/deployment.yaml

# The long options in the container's arguments.
used_options()
{
    sed -n 's/^ *- \(--[a-z-]*\).*/\1/p' "$deployment"
}

# The options of serve, each on one line.
serve_help()
{
    "$SPILLWAY" serve --help |
        sed -e ':join' -e N -e '$!b join' -e 's/\n  *\([^ -]\)/ \1/g'
}

options_exist()
{
    serve_help >"$work/help" || return 1
    used_options | grep -q . || return 1
    for option in $(used_options); do
        grep -q -- " $option " "$work/help" || {
            echo "serve has no $option"
            return 1
        }
    done
}

# What the Deployment says for an option, or else its default, in seconds.
seconds_of()
{
    value=$(sed -n "s/^ *- --$1=//p" "$deployment")
    [ -n "$value" ] ||
        value=$(serve_help |
            sed -n "s/^ *--$1 .*(default \([0-9]*s\)).*/\1/p")
    echo "${value%s}"
}

grace_is_long_enough()
{
    grace=$(sed -n 's/^ *terminationGracePeriodSeconds: //p' "$deployment")
    drain=$(seconds_of drain)
    request=$(seconds_of request-timeout)
    echo "grace ${grace}s, drain ${drain}s, request timeout ${request}s"
    [ "$grace" -gt $((drain + request)) ]
}

# A Service learns that a replica is no longer ready when its probe has failed
# often enough; until then it sends connections.
drain_outlasts_the_service()
{
    probe=$(sed -n '/readinessProbe:/,/resources:/p' "$deployment")
    period=$(echo "$probe" | sed -n 's/^ *periodSeconds: //p')
    failures=$(echo "$probe" | sed -n 's/^ *failureThreshold: //p')
    drain=$(seconds_of drain)
    echo "probed every ${period}s, $failures times; drain ${drain}s"
    [ "$drain" -gt $((period * failures)) ]
}

# The port of an address that serve listens on by default.
default_port()
{
    serve_help |
        sed -n "s/^ *--$1 .*(default [^),]*:\([0-9]*\).*/\1/p"
}

ports_are_the_defaults()
{
    for port in "$(default_port listen)" "$(default_port admin)"; do
        echo "port '$port'"
        grep -qx " *containerPort: $port" "$deployment" || return 1
        grep -qx " *port: $port" deploy/base/networkpolicy.yaml || return 1
    done
}

path_is_the_default()
{
    path=$(sed -n 's/^ *path: //p' deploy/base/webhook.yaml)
    echo "path '$path'"
    serve_help | grep -q -- "--path .*(default $path)"
}

# Every file that the arguments name lies below something that is mounted.
files_are_mounted()
{
    sed -n 's/^ *- --[a-z-]*=\(\/.*\)/\1/p' "$deployment" >"$work/paths"
    while read -r path; do
        directory=$path
        until grep -qx " *mountPath: $directory" "$deployment"; do
            directory=${directory%/*}
            [ -n "$directory" ] || {
                echo "$path is not mounted"
                return 1
            }
        done
    done <"$work/paths"
    [ -s "$work/paths" ]
}

stands_in() # FILE WORDS: however they are broken into lines
{
    tr -s ' \n' ' ' <"$1" | grep -qF -- "$2"
}

check 'the options of the Deployment are options of serve' options_exist
check 'the grace period is longer than drain and request timeout' \
    grace_is_long_enough
check 'the drain is longer than a Service takes to learn of it' \
    drain_outlasts_the_service
check 'the ports are those that serve listens on' ports_are_the_defaults
check 'the webhook calls the path that serve answers' path_is_the_default
check 'the files that serve is given are mounted' files_are_mounted
check 'the Secret can be read by the group of the server only' \
    stands_in $deployment 'secretName: spillway-tls defaultMode: 0440'
check 'the server gets that group' stands_in $deployment 'fsGroup: 65532'
check 'replicas keep off virtual nodes' stands_in $deployment \
    'key: type operator: NotIn values: - virtual-kubelet'
check 'an update never takes a replica away first' stands_in $deployment \
    'maxUnavailable: 0'
check 'the server holds no token' stands_in $deployment \
    'automountServiceAccountToken: false'
check 'the namespace enforces the restricted profile' \
    stands_in deploy/base/namespace.yaml \
    'pod-security.kubernetes.io/enforce: restricted'

# --- one version, one list of files ---------------------------------------------

versions_agree()
{
    version=$("$SPILLWAY" --version) || return 1
    version=${version#spillway }
    for overlay in deploy/overlays/*/kustomization.yaml; do
        grep -qx "  newTag: $version" "$overlay" || {
            echo "$overlay: newTag is not $version"
            return 1
        }
    done
    grep -qx "ARG VERSION=$version" Dockerfile
}

listed() # the entries of one kustomization's resources, files and patches
{
    sed -n -e 's/^- path: //p' -e 's/^ *- \([a-z-]*\.yaml\)$/\1/p' "$1"
}

all_files_are_listed()
{
    for kustomization in deploy/base deploy/overlays/* deploy/components/*; do
        {
            listed "$kustomization/kustomization.yaml"
            echo kustomization.yaml
        } | sort >"$work/listed"
        {
            ls "$kustomization"
            # Made by the user, and ignored by git until then.
            sed -n 's/^\///p' "$kustomization/.gitignore" 2>/dev/null
        } | sort -u >"$work/there"
        diff -u "$work/listed" "$work/there" || return 1
    done
}

check 'program, image and overlays bear one version' versions_agree
check 'every manifest is listed by its kustomization' all_files_are_listed

# --- certificates ----------------------------------------------------------------

server=spillway.spillway-system.svc

issue()
{
    "$SPILLWAY" certs issue --dir "$work/certs" --name $server
}

secret_is_the_pair()
{
    "$SPILLWAY" manifest tls "$work/certs" >"$work/tls.yaml" || return 1
    for file in tls.crt tls.key; do
        sed -n "s/^  $file: //p" "$work/tls.yaml" | base64 -d |
            cmp - "$work/certs/$file" || return 1
    done
    grep -qx 'type: kubernetes.io/tls' "$work/tls.yaml"
}

# Each of that many webhooks trusts it; apart from that they are what is shipped.
bundle_is_the_authority() # FILE WEBHOOKS OPTION...
{
    file=$1 webhooks=$2
    shift 2
    "$SPILLWAY" manifest webhook "$@" "$work/certs" >"$work/webhook.yaml" &&
        sed -n 's/^ *caBundle: //p' "$work/webhook.yaml" >"$work/bundles" &&
        [ "$(wc -l <"$work/bundles")" -eq "$webhooks" ] || return 1
    while read -r bundle; do
        echo "$bundle" | base64 -d | cmp - "$work/certs/ca.crt" || return 1
    done <"$work/bundles"
    grep -v ' caBundle:' "$work/webhook.yaml" | diff -u "$file" -
}

# refuses TEXT COMMAND...: exit 2, nothing on stdout, TEXT on stderr.
refuses()
{
    text=$1
    shift
    "$SPILLWAY" "$@" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/err"
    [ $status -eq 2 ] && [ ! -s "$work/out" ] && grep -qF -- "$text" "$work/err"
}

nothing_to_check() # MODE: the policy, not at its full strength
{
    sed "s/^  match:\$/  $1\\
  match:/" "$work/bare.yaml" >"$work/weak.yaml" &&
        grep -qx "  $1" "$work/weak.yaml" &&
        refuses 'nothing to check' manifest companion \
            --policy "$work/weak.yaml"
}

# with FILE FROM COMMAND...: the command, while FILE holds what FROM holds.
with()
{
    cp -p "$work/certs/$1" "$work/saved" && cp "$2" "$work/certs/$1" || return 1
    file=$1
    shift 2
    "$@"
    result=$?
    cp -p "$work/saved" "$work/certs/$file"
    return $result
}

change_the_ca()
{
    "$SPILLWAY" certs rotate --dir "$work/certs" --ca &&
        [ "$(grep -c '^-----BEGIN CERTIFICATE' "$work/certs/ca.crt")" -eq 2 ]
}

warns_of_another_name()
{
    "$SPILLWAY" certs issue --dir "$work/other" --name localhost >/dev/null &&
        "$SPILLWAY" manifest tls "$work/other" 2>"$work/err" |
        grep -q '^kind: Secret$' && grep -q "not valid for $server" "$work/err"
}

check 'the pair is issued for the name of the Service' issue
check 'the Secret holds the pair' secret_is_the_pair
check 'caBundle is the authority, and nothing else differs' \
    bundle_is_the_authority deploy/base/webhook.yaml 1
check 'with fill-first both webhooks trust it' bundle_is_the_authority \
    $component/webhook.yaml 2 --policy $component/policy.yaml
check 'while the CA is changed there are two' change_the_ca
check 'both CAs are in the caBundle of both webhooks' bundle_is_the_authority \
    $component/webhook.yaml 2 --policy $component/policy.yaml
check 'another name than the Service has is warned of' warns_of_another_name
check 'a key that does not fit is refused' with tls.key "$work/other/tls.key" \
    refuses 'does not fit' manifest tls "$work/certs"
check 'a directory without a pair is refused' \
    refuses 'No such file' manifest tls "$work/policies"
check 'a pair without its directory is refused' \
    refuses 'give one directory' manifest tls
check 'a private key in ca.crt is never published' with ca.crt \
    "$work/certs/ca.key" refuses 'private key' manifest webhook "$work/certs"
check 'a certificate of no authority is not published' with ca.crt \
    "$work/certs/tls.crt" refuses 'not that of an authority' \
    manifest webhook "$work/certs"
check 'a path that no Service takes is refused' \
    refuses '--path' manifest webhook --path mutate
check 'a policy in shadow mode has no companion' nothing_to_check 'mode: shadow'
check 'a policy below 100 percent has none either' \
    nothing_to_check 'percent: 99'
check 'a policy with mistakes is not printed' \
    refuses 'kustomization' manifest policy --policy deploy/base/kustomization.yaml
check 'the certificate of cert-manager bears the name of the Service' \
    stands_in deploy/overlays/cert-manager/certificates.yaml "- $server"

# The reference in the README is what --help prints, line by line.
readme_has_help()
{
    "$SPILLWAY" help |
        sed -n 's/^  \([a-z]\{1,\}\( [a-z]\{1,\}\)\{0,1\}\)  .*/\1/p' \
        >"$work/commands"
    grep -q '^serve$' "$work/commands" || return 1
    while read -r command; do
        # shellcheck disable=SC2086 # a command can be two words
        "$SPILLWAY" help $command >"$work/help" || return 1
        while IFS= read -r line; do
            [ -z "$line" ] || grep -qxF -- "    $line" README.md || {
                echo "not in README.md: $line"
                return 1
            }
        done <"$work/help"
    done <"$work/commands"
}

check 'the README prints the help of every command' readme_has_help

# And every rule of check stands in its table, as it is.
readme_has_rules()
{
    "$SPILLWAY" check --rules | sed -n \
        's/^\(SPW[0-9]*\)  \([a-z]*\) *  \([a-z-]*\)$/| \1 | \2 | \3 |/p' \
        >"$work/rules"
    [ "$(wc -l <"$work/rules")" -gt 40 ] || return 1
    while IFS= read -r row; do
        grep -qF -- "$row" README.md || {
            echo "not in README.md: $row"
            return 1
        }
    done <"$work/rules"
}

check 'the README lists every rule of check' readme_has_rules

[ $failed -eq 0 ] || {
    echo "$failed failed" >&2
    exit 1
}
