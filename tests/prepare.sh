#!/bin/sh
# Installs what the tests need, or says in one sentence what is missing.
set -eu
cd "$(dirname "$0")/.."

missing() {
    echo "make test: $1" >&2
    exit 1
}

command -v cargo >/dev/null || missing "Rust 1.95 is needed (cargo was not found)."
command -v node >/dev/null || missing "Node 20.19 or later is needed (node was not found)."
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
         process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    missing "Node 20.19 or later is needed (found $(node --version))."

packages=""
command -v chromium >/dev/null || packages="$packages chromium"
command -v firefox-esr >/dev/null || packages="$packages firefox-esr"
command -v postfix >/dev/null || [ -x /usr/sbin/postfix ] || packages="$packages postfix"
# If the kernel pipes core dumps to a program, the tests have gcore write the one that they search.
case "$(cat /proc/sys/kernel/core_pattern)" in
    '|'* | */*) command -v gcore >/dev/null || packages="$packages gdb" ;;
esac
for needed in ip:iproute2 nft:nftables tcpdump:tcpdump; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${needed%%:*}" >/dev/null ||
        packages="$packages ${needed##*:}"
done
if [ -n "$packages" ]; then
    [ "$(id -u)" = 0 ] || missing "as root, install these packages first:$packages."
    command -v apt-get >/dev/null || missing "install these first (no apt-get here):$packages."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi

# Keeps an installed tree while its lock file is unchanged.
npm_install() {
    stamp="$1/node_modules/.installed-for"
    if ! cmp -s "$1/package-lock.json" "$stamp" 2>/dev/null; then
        (cd "$1" && npm ci --silent)
        cp "$1/package-lock.json" "$stamp"
    fi
}
npm_install ui
npm_install tests/e2e
