#!/bin/bash
# Measures how many messages per second are durably accepted, compared with a reference server and
# with Postfix.
#
#   BENCH=/folder/with/smtpload benches/smtp_accept.sh [REPS] [SECS]
#
# The targets take turns in every repetition, so that noise on the machine affects all of them:
#   postern    the release build as `postern demo`
#   refsmtpd   the reference server: seals, one fdatasync per group, no checks
#   postfix    a private Postfix that accepts mail into its queue and discards it
# 4 KiB messages, 64 sessions, STARTTLS, all messages of a session over one connection.
# Prints one line for each run, then the medians and the two ratios, then the resident memory of
# postern when idle and with 256 open TLS sessions.
#
# Optional: TARGETS="postern refsmtpd postfix", POSTERN=binary, SIZE=4096, SESSIONS=64,
# BENCH_TARGET=folder for the build output of BENCH, EXTRA="--pipeline".
# The postfix target needs root and the package postfix. Everything runs on loopback in one
# temporary folder, and processes are stopped by their process id.
set -euo pipefail

BENCH=$(readlink -f "${BENCH:?set BENCH to the folder that holds smtpload and refsmtpd}")
reps=${1:-5}
secs=${2:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
TARGETS=${TARGETS:-postern refsmtpd postfix}
SIZE=${SIZE:-4096}
SESSIONS=${SESSIONS:-64}
POSTERN=${POSTERN:-${CARGO_TARGET_DIR:-$here/target}/release/postern}
BENCH_TARGET=${BENCH_TARGET:-${XDG_CACHE_HOME:-$HOME/.cache}/postern-bench}

work=$(mktemp -d "${TMPDIR:-/tmp}/postern-bench.XXXXXX")
chmod 755 "$work"
pids=()
postfix_up=

clean_up() {
    [ -z "$postfix_up" ] || postfix -c "$work/postfix/etc" stop > "$work/postfix.stop" 2>&1 || true
    local pid
    for pid in "${pids[@]}"; do
        if kill "$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || true; fi
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Waits until CONDITION (a command) holds, for at most 60 s.
until_true() {
    local what=$1
    shift
    for _ in $(seq 600); do "$@" && return 0; sleep 0.1; done
    echo "timeout while waiting for $what" >&2
    return 1
}
greets() { timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && read -r -u 3 line && [[ \$line == 220* ]]" 2>/dev/null; }

build() {
    local name
    for name in smtpload refsmtpd; do
        [ -x "$BENCH_TARGET/release/$name" ] && continue
        # Built from a copy, because the folder may be read-only.
        cp -rL --no-preserve=mode "$BENCH/$name" "$work/$name"
        (cd "$work/$name" && CARGO_TARGET_DIR=$BENCH_TARGET cargo build --release --quiet)
    done
}

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    chmod 644 "$work/key.pem" # a temporary key; Postfix reads it as another user
}

start_postern() {
    [ -x "$POSTERN" ] || { echo "no binary at $POSTERN: cargo build --release, or set POSTERN" >&2; exit 2; }
    printf 'bench-password-of-the-tests-1' > "$work/password"
    chmod 600 "$work/password"
    "$POSTERN" demo --data "$work/data" --keep --no-samples --domain test.example --accounts 19 \
        --password-file "$work/password" --smtp 127.0.0.1:0 --https 127.0.0.1:0 \
        > "$work/postern.log" 2>&1 &
    postern_pid=$!
    pids+=("$postern_pid")
    until_true "postern" grep -q '^ready' "$work/postern.log"
    postern_port=$(sed -n 's/^smtp .*:\([0-9]*\)$/\1/p' "$work/postern.log")
}

start_refsmtpd() {
    refsmtpd_port=$(free_port)
    "$BENCH_TARGET/release/refsmtpd" --port "$refsmtpd_port" --cert "$work/cert.pem" \
        --key "$work/key.pem" --dir "$work/ref" --store file --seal > "$work/ref.log" 2>&1 &
    pids+=("$!")
    until_true "refsmtpd" greets "$refsmtpd_port"
}

start_postfix() {
    postfix_port=$(free_port)
    local root=$work/postfix
    mkdir -p "$root/etc" "$root/queue" "$root/data"
    chown postfix "$root/data"
    cat > "$root/etc/main.cf" <<C
compatibility_level = 3.6
queue_directory = $root/queue
data_directory = $root/data
maillog_file = $root/maillog
maillog_file_prefixes = $root
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.test.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = test.example
virtual_mailbox_maps = static:ok
virtual_transport = discard:
smtpd_tls_cert_file = $work/cert.pem
smtpd_tls_key_file = $work/key.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
default_process_limit = 300
in_flow_delay = 0
message_size_limit = 0
mailbox_size_limit = 0
notify_classes =
C
    cat > "$root/etc/master.cf" <<C
127.0.0.1:$postfix_port inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - 50 discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
C
    postfix -c "$root/etc" start > "$work/postfix.start" 2>&1 || { cat "$work/postfix.start" >&2; exit 1; }
    postfix_up=1
    until_true "postfix" greets "$postfix_port"
}

# A full Postfix queue would slow the next target's run.
queue_empty() {
    local q=$work/postfix/queue
    [ -z "$(find "$q/incoming" "$q/active" "$q/deferred" -type f -print -quit 2>/dev/null)" ]
}

load() {
    local name=$1 port=$2
    shift 2
    # `%d` counts from 0 to 9: accounts u10 to u19.
    timeout $((secs + 90)) "$BENCH_TARGET/release/smtpload" --port "$port" --tls starttls \
        --size "$SIZE" --per-conn 0 --users 10 --to 'u1%d@test.example' --label "$name" "$@"
}

run_all() {
    local name port
    for _ in $(seq "$reps"); do
        for name in $TARGETS; do
            port=${name}_port
            load "$name" "${!port}" --sessions "$SESSIONS" --secs "$secs" ${EXTRA:-} | tee -a "$work/results"
            [ -z "$postfix_up" ] || until_true "Postfix to drain" queue_empty
        done
    done
}

medians() {
    python3 - "$work/results" <<'P'
import re, statistics, sys
rates, errors = {}, 0
for line in open(sys.argv[1]):
    found = dict(re.findall(r"(\S+?)=(\S+)", line))
    rates.setdefault(found["label"], []).append(float(found["msgs/s"]))
    errors += int(found["errors"])
median = {name: statistics.median(all) for name, all in rates.items()}
for name, all in rates.items():
    print(f"{name}: median {median[name]:.0f}/s ({min(all):.0f} to {max(all):.0f}, {len(all)} runs)")
for other, wanted in (("refsmtpd", 0.5), ("postfix", 3.0)):
    if "postern" in median and other in median:
        ratio = median["postern"] / median[other]
        print(f"postern/{other} = {ratio:.2f}, wanted at least {wanted}: {'yes' if ratio >= wanted else 'NO'}")
print(f"errors: {errors}")
P
}

rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$postern_pid/status"; }

# Opens sessions that are idle after STARTTLS and EHLO.
hold_sessions() {
    python3 - "$postern_port" "$1" "$work/held" "$work/release" <<'P'
import os, socket, ssl, sys, time
port, count, held, release = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
def reply(s):
    data = b""
    while not (data.endswith(b"\r\n") and data.splitlines()[-1][3:4] == b" "):
        more = s.recv(4096)
        if not more:
            sys.exit("postern closed a session: %r" % data)
        data += more
    return data
open_now = []
for _ in range(count):
    s = socket.create_connection(("127.0.0.1", port), 30)
    reply(s); s.sendall(b"EHLO bench.example\r\n"); reply(s)
    s.sendall(b"STARTTLS\r\n"); reply(s)
    t = context.wrap_socket(s)
    t.sendall(b"EHLO bench.example\r\n"); reply(t)
    open_now.append(t)
open(held, "w").close()
end = time.time() + 120
while not os.path.exists(release) and time.time() < end:
    time.sleep(0.05)
P
}

memory() {
    echo "rss fresh and idle: $idle_kib KiB"
    echo "rss idle after the load: $(rss_kib) KiB"
    hold_sessions 256 &
    local holder=$!
    pids+=("$holder")
    until_true "256 TLS sessions" test -e "$work/held"
    echo "rss with 256 TLS sessions: $(rss_kib) KiB"
    touch "$work/release"
    wait "$holder"
}

build
certificate
for name in $TARGETS; do "start_$name"; done
case " $TARGETS " in *" postern "*) idle_kib=$(rss_kib) ;; *) idle_kib= ;; esac
: > "$work/results"
run_all
medians
[ -z "$idle_kib" ] || memory
