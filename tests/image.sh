#!/bin/sh
# image.sh - the container image, built without any registry.
#
#   tests/image.sh build   leaves build/spillway-image.tar, which `docker load`,
#                          `podman load` and `ctr image import` take
#   tests/image.sh test    builds it, and runs the program in a chroot of it
#
# The Dockerfile is built by buildah, on a Debian that debootstrap makes from
# the package sources of this machine.  All of it happens in a directory that is
# removed at the end.  Needs root, and asks for it with sudo.
set -eu

limit_bytes=20000000

fail()
{
    echo "image.sh: $*" >&2
    exit 1
}

case ${1-} in
build | test) ;;
*) fail 'say what to do: build or test' ;;
esac

cd "$(dirname "$0")/.."
.ci/deps buildah debootstrap debian-archive-keyring curl
[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$@"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/spillway-image.XXXXXX")
server=
cleanup()
{
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    # Whatever a build that was cut short left mounted in there stays whole.
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Run a command; show what it said only when it fails.
quietly()
{
    "$@" >"$work/log" 2>&1 || {
        tail -n 40 "$work/log" >&2
        fail "failed: $*"
    }
}

in_storage()
{
    buildah --root "$work/storage" --runroot "$work/run" \
        --storage-driver vfs "$@"
}

# --- the Debian to build on ----------------------------------------------------

# "URI SUITE main", as this machine's apt knows them.
sources()
{
    # shellcheck disable=SC2016 # the variables are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' |
        sed -n '/ bookworm\(-updates\|-security\)\{0,1\} main$/p' | sort -u
}

make_base()
{
    sources >"$work/sources"
    mirror=$(sed -n 's/ bookworm main$//p' "$work/sources" | head -n 1)
    include=
    case $mirror in
    https:*) include=--include=ca-certificates ;;
    esac
    # Without a mirror, which another distribution will not name, debootstrap
    # takes its own.
    # shellcheck disable=SC2086 # empty is no argument
    quietly debootstrap --variant=minbase $include bookworm "$work/base" \
        $mirror
    if [ -s "$work/sources" ]; then
        sed 's/^/deb /' "$work/sources" >"$work/base/etc/apt/sources.list"
    fi
    apt-config dump | sed -n '/^Acquire::https\{0,1\}::Proxy /p' \
        >"$work/base/etc/apt/apt.conf.d/90proxy"
}

import_base()
{
    container=$(in_storage from scratch)
    quietly in_storage copy --quiet "$container" "$work/base" /
    quietly in_storage commit --quiet --rm "$container" \
        docker.io/library/debian:bookworm-slim
    rm -rf --one-file-system "$work/base"
}

# --- the image -------------------------------------------------------------------

build_image()
{
    version=$(sed -n 's/^#define SPILLWAY_VERSION "\(.*\)"/\1/p' include/spillway/version.h)
    revision=$(git -c safe.directory="$PWD" rev-parse HEAD 2>/dev/null || :)
    quietly in_storage bud --pull=never --isolation chroot --network host \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
        --tag "spillway:$version" .
    container=$(in_storage from --pull-never "spillway:$version")
    image=$(in_storage mount "$container")
}

check_size()
{
    bytes=$(find "$image" -type f -printf '%s\n' |
        awk '{ sum += $1 } END { print sum + 0 }')
    echo "image spillway:$version: $bytes bytes in" \
        "$(find "$image" -type f | wc -l) files (at most $limit_bytes)"
    [ "$bytes" -gt 0 ] || fail 'the image is empty'
    [ "$bytes" -le $limit_bytes ] || {
        find "$image" -type f -printf '%s %P\n' | sort -rn | head -n 5 >&2
        fail 'the image is too large; the largest files are these'
    }
}

save_image()
{
    mkdir -p build
    rm -f build/spillway-image.tar
    quietly in_storage push --quiet "spillway:$version" \
        "docker-archive:build/spillway-image.tar:spillway:$version"
    [ -z "${SUDO_UID-}" ] ||
        chown "$SUDO_UID" build build/spillway-image.tar
    echo 'wrote build/spillway-image.tar (docker load -i takes it)'
}

# --- running it -------------------------------------------------------------------

# The program in a copy of the image, as the image's user.
inside()
{
    chroot --userspec=65532:65532 "$work/root" /spillway "$@"
}

check_content()
{
    strange=$(find "$image" ! -type d ! -name '*.so*' ! -path "$image/spillway")
    [ -z "$strange" ] || fail "files that have no place in the image: $strange"
    user=$(in_storage inspect --type image --format '{{.OCIv1.Config.User}}' \
        "spillway:$version")
    [ "$user" = 65532:65532 ] || fail "the image's user is '$user'"
}

check_offline()
{
    review=tests/golden/asm-gateway/review.json
    said=$(inside --version)
    [ "$said" = "spillway $version" ] || fail "--version says '$said'"
    inside certs issue --dir /tmp/certs --name localhost >/dev/null
    inside mutate -o response - <$review >"$work/offline"
    grep -q '"patchType":"JSONPatch"' "$work/offline" ||
        fail "mutate sends no patch for $review"
}

# The port in the line that says where the server listens: listen or admin.
port_of()
{
    sed -n "s/.*$1[^ ]*:\([0-9]*\)\( .*\)\{0,1\}\$/\1/p" "$work/server.log"
}

start_server()
{
    # Not by inside(): a function would get a shell of its own to be waited for.
    chroot --userspec=65532:65532 "$work/root" /spillway serve \
        --cert /tmp/certs/tls.crt --key /tmp/certs/tls.key --drain 0s \
        --listen 127.0.0.1:0 --admin 127.0.0.1:0 2>"$work/server.log" &
    server=$!
    tries=200
    until grep -q 'listening on ' "$work/server.log"; do
        tries=$((tries - 1))
        if [ $tries -eq 0 ] || ! kill -0 $server 2>/dev/null; then
            fail "the server does not start: $(cat "$work/server.log")"
        fi
        sleep 0.1
    done
}

check_online()
{
    start_server
    curl --silent --show-error --fail --max-time 10 \
        --cacert "$work/root/tmp/certs/ca.crt" \
        --header 'Content-Type: application/json' --data-binary "@$review" \
        --connect-to "localhost:443:127.0.0.1:$(port_of 'listening on ')" \
        https://localhost/mutate >"$work/online"
    cmp "$work/offline" "$work/online" ||
        fail 'the server answers otherwise than mutate'
    curl --silent --fail --max-time 10 --output /dev/null \
        "http://127.0.0.1:$(port_of admin=)/readyz" || fail 'it is not ready'
    kill -TERM $server
    wait $server || fail "the server ends with status $?"
    server=
}

test_image()
{
    check_content
    cp -a "$image" "$work/root"
    mkdir "$work/root/tmp"
    chown 65532:65532 "$work/root/tmp"
    check_offline
    check_online
    echo 'the program runs in the image: offline, and over TLS'
}

make_base
import_base
build_image
check_size
if [ "$1" = test ]; then
    test_image
else
    save_image
fi
