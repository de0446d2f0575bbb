#!/bin/bash
# Follows the README's *Run it as a service* literally, on a fresh Debian machine with a real
# systemd, until a message has come in and a message has gone out.
#
#   tests/installation/run.sh
#
# Two machines are made with debootstrap and started with systemd-nspawn: `mail`, on which nothing
# is installed but Debian's minimum, without certificate authorities, and `world`, with DNS and a
# Postfix for the domain world.example. A cable joins them; they reach nothing else. What the README
# leaves to the reader is done as its comments say: two names in the configuration, and a certificate.
#
# Needs root, and Debian's packages debootstrap, systemd-container, iproute2, openssl and curl.
# Optional: POSTERN=binary (default target/release/postern), SUITE=name, MIRROR=url instead of the
# one that debootstrap takes by itself, BASE=folder that it made before, KEEP=1 to leave the machines'
# folders behind.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
POSTERN=$(readlink -f "${POSTERN:-${CARGO_TARGET_DIR:-$here/target}/release/postern}")
SUITE=${SUITE:-bookworm}
MACHINE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# A password that is printed is longer than this, in characters.
SECRET_CHARS=20

fail() { echo "installation: $1" >&2; exit 1; }
step() { printf '\n== %s\n' "$1"; }

[ "$(id -u)" = 0 ] || fail "this needs root, to make machines."
[ -x "$POSTERN" ] || fail "there is no binary at $POSTERN: cargo build --release, or set POSTERN."
for needed in debootstrap systemd-nspawn ip openssl nsenter curl; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$needed" >/dev/null || fail "$needed is missing."
done

work=$(mktemp -d "${TMPDIR:-/tmp}/postern-installation.XXXXXX")
declare -A init
cleanup() {
    for machine in "${!init[@]}"; do
        # SIGRTMIN+4 asks systemd to power off.
        kill -s RTMIN+4 "${init[$machine]}" 2>/dev/null || true
    done
    wait
    [ -n "${KEEP:-}" ] && echo "the machines' folders: $work" || rm -rf "$work"
}
trap cleanup EXIT

# Runs a command in a machine, as root, in the folder that holds the source.
on() {
    local machine=$1
    shift
    nsenter --target "${init[$machine]}" --mount --uts --ipc --net --pid --root \
        env -i --chdir=/srv/postern HOME=/srv "PATH=$MACHINE_PATH" "$@"
}

# Waits up to a minute until a command in a machine succeeds.
until_on() {
    local deadline=$((SECONDS + 60))
    until on "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "this never became true on $1: ${*:2}"
        sleep 0.2
    done
}

# Starts a machine and remembers the process that is its init.
start() {
    local machine=$1
    systemd-nspawn --quiet --directory="$work/$machine" --machine="$machine" --boot \
        --private-network --register=no --keep-unit > "$work/$machine.log" 2>&1 < /dev/null &
    local outer=$! deadline=$((SECONDS + 60))
    until init[$machine]=$(pgrep --parent "$outer" --exact systemd) &&
        on "$machine" systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
        [ $SECONDS -lt $deadline ] || fail "$machine did not start: see $work/$machine.log"
        kill -0 $outer 2>/dev/null || { cat "$work/$machine.log" >&2; fail "$machine ended."; }
        sleep 0.2
    done
}

step "two fresh machines"
if [ -n "${BASE:-}" ]; then
    cp -a "$BASE" "$work/mail"
else
    debootstrap --variant=minbase --include=systemd,systemd-sysv,ca-certificates "$SUITE" "$work/mail" ${MIRROR:+"$MIRROR"} \
        > "$work/debootstrap.log" 2>&1 ||
        { tail -20 "$work/debootstrap.log" >&2; fail "Debian cannot be installed."; }
fi
cp -a "$work/mail" "$work/world"
# The daemon needs none of the system's authorities; apt may need them to reach the mirror.
rm -rf "$work/mail/etc/ssl/certs"
cp /etc/resolv.conf "$work/world/etc/resolv.conf"
env -i PATH="$MACHINE_PATH" chroot "$work/world" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends postfix dnsmasq-base ca-certificates' \
    > "$work/apt.log" 2>&1 || { tail -20 "$work/apt.log" >&2; fail "Postfix cannot be installed."; }

step "the source, a binary built from it, and a certificate"
mkdir -p "$work/mail/srv/postern/target/release" "$work/world/srv/postern"
(cd "$here" && git archive HEAD) | tar -x -C "$work/mail/srv/postern"
# The working copy's own versions of what is tried here.
cp "$here/config/postern.toml" "$work/mail/srv/postern/config/"
cp "$here/systemd/postern.service" "$work/mail/srv/postern/systemd/"
cp "$here/README.md" "$work/mail/srv/postern/"
cp "$POSTERN" "$work/mail/srv/postern/target/release/postern"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Test CA" \
    -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=mail.inside.example" \
    -keyout "$work/privkey.pem" -out "$work/leaf.csr" 2>/dev/null
openssl x509 -req -in "$work/leaf.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -days 20 \
    -CAcreateserial -out "$work/leaf.pem" 2>/dev/null \
    -extfile <(echo "subjectAltName = DNS:mail.inside.example")
cat "$work/leaf.pem" "$work/ca.pem" > "$work/fullchain.pem"
chmod 600 "$work/privkey.pem"
cp "$work/ca.pem" "$work/mail/srv/ca.pem"
cp "$work/ca.pem" "$work/world/srv/ca.pem"

step "start, and a cable between them"
for machine in mail world; do
    echo "nameserver 10.9.0.2" > "$work/$machine/etc/resolv.conf"
done
start mail
start world
ip link add name cable netns "${init[mail]}" type veth peer name cable netns "${init[world]}"
for end in mail:10.9.0.1 world:10.9.0.2; do
    machine=${end%%:*}
    nsenter --target "${init[$machine]}" --net ip address add "${end##*:}/24" dev cable
    nsenter --target "${init[$machine]}" --net ip link set cable up
done

step "world: DNS and Postfix"
on world sh -c 'useradd --create-home alice; cat > /etc/dnsmasq.conf' <<'DNS'
no-resolv
no-hosts
host-record=mail.inside.example,10.9.0.1
host-record=mx.world.example,10.9.0.2
mx-host=inside.example,mail.inside.example,10
mx-host=world.example,mx.world.example,10
local=/example/
DNS
on world systemd-run --quiet --unit=dns dnsmasq --keep-in-foreground
on world sh -c 'postconf -e myhostname=mx.world.example mydestination=world.example \
    mynetworks=127.0.0.0/8 inet_interfaces=all inet_protocols=ipv4 home_mailbox= \
    smtp_tls_loglevel=1 smtp_tls_security_level=verify smtp_tls_CAfile=/srv/ca.pem \
    smtp_host_lookup=dns smtp_tls_verify_cert_match=hostname maillog_file=/var/log/postfix.log \
    myorigin=world.example smtp_dns_support_level=enabled && newaliases && systemctl restart postfix'

step "mail: the README, line by line"
block=$(awk '/^## Run it as a service/ { found = 1 }
    found && /^```$/ { exit }
    found && inside { print }
    found && /^```sh$/ { inside = 1 }' "$work/mail/srv/postern/README.md")
[ -n "$block" ] || fail "the README has no commands under *Run it as a service*."
while IFS= read -r line; do
    printf '# %s\n' "$line"
    case $line in
        'cargo build --release') continue ;; # built before: the machine has no compiler
        '# put fullchain.pem and privkey.pem'*)
            cp "$work/fullchain.pem" "$work/privkey.pem" "$work/mail/etc/postern/tls/" ;;
        *)
            on mail bash -c "$line" 2>&1 | tee -a "$work/printed" ||
                { on mail journalctl --no-pager --lines=30 >&2; fail "this failed: $line"; }
            ;;
    esac
    case $line in
        *'# set host_name, domains'*)
            on mail sed -i -e 's/^host_name = .*/host_name = "mail.inside.example"/' \
                -e 's/^domains = .*/domains = ["inside.example"]/' /etc/postern/postern.toml ;;
    esac
done <<< "$block"
on mail systemctl is-active postern
on mail test -s /usr/local/share/man/man1/postern.1 || fail "the page that the unit names is missing."

step "sign in as the user that the README adds"
password=$(awk '$1 == "password" { print $2; exit }' "$work/printed")
[ ${#password} -ge $SECRET_CHARS ] || fail "no password was printed."
(umask 077; printf '%s\n' "$password" > "$work/mail/srv/first"
    printf '%s\n' "words that dana chose" > "$work/mail/srv/password")
# The webmail asks her for a password of her own before anything else; this is the same by command.
on mail postern user passwd dana --old-password-file /srv/first --new-password-file /srv/password \
    --own-password
mail() {
    on mail postern mail --url https://mail.inside.example --ca /srv/ca.pem --user dana \
        --password-file /srv/password "$@"
}
mail list

step "a message comes in"
on world sh -c 'printf "From: Alice <alice@world.example>\nTo: dana@inside.example\n\
Subject: Good morning\n\nThe gate is open.\n" | sendmail -f alice@world.example dana@inside.example'
deadline=$((SECONDS + 60))
until reference=$(mail list | awk '/Good morning/ { print $1 }') && [ -n "$reference" ]; do
    [ $SECONDS -lt $deadline ] || { on world cat /var/log/postfix.log >&2; fail "nothing came in."; }
    sleep 0.5
done
mail open "$reference" | tee "$work/read" | grep -q "The gate is open." ||
    { cat "$work/read" >&2; fail "the message that came in does not say what was sent."; }
on world grep -q 'Verified TLS connection established to mail.inside.example' /var/log/postfix.log ||
    fail "the message did not come over verified TLS."
echo "$reference is open"

step "a message goes out"
on mail sh -c 'echo "The ferry leaves at nine." > /srv/text'
sent=$(mail send --to alice@world.example --subject "Ferry" --choice plain --consent \
    --body-file /srv/text)
until_on world grep -q "The ferry leaves at nine." /var/mail/alice
echo "$sent has arrived"

step "a message goes out signed, with a key that only root can read"
on mail sh -c 'mkdir -p /etc/postern/dkim && postern dkim new --domain inside.example \
    --selector s1 --key-file /etc/postern/dkim/s1.pem && cat >> /etc/postern/postern.toml' <<'DKIM'
[dkim]
keys = [{ domain = "inside.example", selector = "s1", key_file = "/etc/postern/dkim/s1.pem" }]
DKIM
# The ports are the daemon's own, which holds them at this moment.
on mail postern check-config || fail "check-config does not accept the key it was told of."
on mail systemctl restart postern
[ "$(on mail stat --format=%a:%U /etc/postern/dkim/s1.pem)" = 600:root ] || fail "the key is open."
on mail sh -c 'echo "The harbour is closed." > /srv/text'
sent=$(mail send --to alice@world.example --subject "Harbour" --choice plain --consent \
    --body-file /srv/text)
until_on world grep -q "The harbour is closed." /var/mail/alice
on world grep -q '^DKIM-Signature: .*d=inside.example' /var/mail/alice || fail "it is not signed."
echo "$sent has arrived"

step "the webmail answers, and is ready"
for page in healthz readyz ""; do
    nsenter --target "${init[mail]}" --net curl --silent --show-error --fail --cacert "$work/ca.pem" \
        --resolve mail.inside.example:443:10.9.0.1 --output "$work/page" \
        "https://mail.inside.example/$page"
done
grep -qi '<html' "$work/page" || fail "the webmail is not a page."

step "a stop and a start"
on mail systemctl restart postern
mail list | grep -q "Good morning" || fail "the message is not there after a restart."
on mail postern verify
on mail journalctl --unit=postern --priority=warning --no-pager

printf '\ninstallation: the README works: a message in, a message out.\n'
