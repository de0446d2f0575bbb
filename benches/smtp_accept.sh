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
# Messages of each size come from 64 sessions with STARTTLS: first all of a session over one
# connection, then one per connection. Prints one line for each run, and then the ratios of the
# medians beside what is wanted of them. The exit status is
#   0  every ratio is as wanted, and every message was accepted
#   1  a ratio is too low, a run is missing, or a message was not accepted
#   2  something that is needed is missing
#
# Optional: TARGETS="postern refsmtpd postfix", SIZES="4096 65536 1048576", PER_CONN="0 1" (messages
# per connection; 0 is all), SESSIONS=64, and the variables in benches/daemon.sh.
# The postfix target needs root and the package postfix. A whole measurement takes about ten minutes
# and 20 GB in TMPDIR.
set -euo pipefail
source "$(dirname "$0")/daemon.sh"

reps=${1:-5}
secs=${2:-5}
TARGETS=${TARGETS:-postern refsmtpd postfix}
SIZES=${SIZES:-4096 65536 1048576}
PER_CONN=${PER_CONN:-0 1}
SESSIONS=${SESSIONS:-64}
postfix_up=

stop_all() {
    [ -z "$postfix_up" ] || postfix -c "$work/postfix/etc" stop > "$work/postfix.stop" 2>&1 || true
    clean_up
}
trap stop_all EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
greets() { timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1 && read -r -u 3 line && [[ \$line == 220* ]]" 2>/dev/null; }

certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
    chmod 644 "$work/key.pem" # a temporary key; Postfix reads it as another user
}

start_refsmtpd() {
    refsmtpd_port=$(free_port)
    "$BENCH_TARGET/release/refsmtpd" --port "$refsmtpd_port" --cert "$work/cert.pem" \
        --key "$work/key.pem" --dir "$work/ref" --store file --seal > "$work/ref.log" 2>&1 &
    pids+=("$!")
    until_true "refsmtpd" greets "$refsmtpd_port"
}

start_postfix() {
    command -v postfix > /dev/null || { echo "postfix is not installed: leave it out of TARGETS" >&2; exit 2; }
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

# Lets every target run once. If a message is not accepted, the generator says so and fails.
turn() {
    local name port
    for name in $TARGETS; do
        port=${name}_port
        load "$name" "${!port}" --sessions "$SESSIONS" --secs "$secs" "$@" | tee -a "$work/results" ||
            echo "$name: the generator failed" >&2
        [ -z "$postfix_up" ] || until_true "Postfix to drain" queue_empty
    done
}

run_all() {
    local size per_conn
    for _ in $(seq "$reps"); do
        for size in $SIZES; do
            for per_conn in $PER_CONN; do turn --size "$size" --per-conn "$per_conn"; done
        done
    done
}

# Prints the table, and fails unless everything in it is as wanted.
ratios() {
    python3 - "$work/results" "$reps" $TARGETS <<'P'
import collections, re, statistics, sys

# The least share of the other target's rate, by size, sessions and messages per connection.
WANTED = {
    ("4096", "64", "0"): {"refsmtpd": 0.85, "postfix": 5.0},
    ("65536", "64", "0"): {"refsmtpd": 0.9},
    ("1048576", "64", "0"): {"refsmtpd": 0.9},
}
results, reps, targets = sys.argv[1], int(sys.argv[2]), sys.argv[3:]

rates = collections.defaultdict(lambda: {target: [] for target in targets})
errors = wanted_all = low_all = missing_all = 0
for line in open(results):
    run = dict(re.findall(r"(\S+?)=(\S+)", line))
    key = (run["size"], run["sessions"], run["per_conn"])
    rates[key][run["label"]].append(int(run["n"]) / float(run["secs"]))
    errors += int(run["errors"])

def row(key, target, runs):
    """Prints the line of a target."""
    global wanted_all, low_all, missing_all
    size, sessions, per_conn = key
    ours, median = rates[key].get("postern"), statistics.median(runs or [0])
    compared = target != "postern" and ours and median
    ratio = statistics.median(ours) / median if compared else None
    wanted = WANTED.get(key, {}).get(target) if compared else None
    low, missing = wanted is not None and ratio < wanted, max(0, reps - len(runs))
    print(f"{size:>8} {sessions:>8} {'all' if per_conn == '0' else per_conn:>8}  {target:<9}"
          f"{median:9.0f}{min(runs, default=0):9.0f}{max(runs, default=0):9.0f}"
          f"{'' if ratio is None else format(ratio, '.2f'):>8}{'' if wanted is None else wanted:>8}"
          f"{'  too low' if low else ''}{f'  {missing} missing' if missing else ''}")
    wanted_all, low_all, missing_all = wanted_all + (wanted is not None), low_all + low, missing_all + missing

print(f"\n{'octets':>8} {'sessions':>8} {'per conn':>8}  {'target':<9}{'median/s':>9}{'from':>9}{'to':>9}"
      f"{'ratio':>8}{'wanted':>8}")
for key, by_target in rates.items():
    for target, runs in by_target.items():
        row(key, target, runs)
print(f"errors: {errors}, runs missing: {missing_all}, ratios too low: {low_all} of the {wanted_all} that are wanted")
sys.exit(1 if errors or missing_all or low_all or not rates else 0)
P
}

build smtpload refsmtpd
certificate
for name in $TARGETS; do "start_$name"; done
: > "$work/results"
run_all
ratios
