#!/bin/bash
# Measures how much memory the daemon keeps when it has nothing to do, and where it is.
#
#   BENCH=/folder/with/smtpload benches/memory.sh [SECS]
#
# Starts the release build as `postern demo` in a new folder, and again when there are accounts, since
# their passwords cost memory, with the environment of systemd/postern.service. Reports its memory when
# it is idle, and a minute after SECS seconds of load; after eight log-ins, and a minute later; and with
# 256 TLS sessions that do nothing. The exit status is
#   0  idle memory is as wanted, each time
#   1  it is more, or a message or log-in was not accepted
#   2  something that is needed is missing
#
# Optional: SESSIONS=64, SIZE=4096, LOG_INS=8, REST=60 (seconds after load and log-ins), HELD=256,
# UNIT_ENV=0 (the environment of the unit is left out), and the variables in benches/daemon.sh.
set -euo pipefail
source "$(dirname "$0")/daemon.sh"

secs=${1:-5}
SESSIONS=${SESSIONS:-64}
SIZE=${SIZE:-4096}
REST=${REST:-60}
LOG_INS=${LOG_INS:-8}
HELD=${HELD:-256}
MB_MAX=24

# Sets what the unit sets: `Environment=A=1 B=2`, in one line or several.
unit_environment() {
    local words
    words=$(sed -n 's/^Environment=//p' "$here/systemd/postern.service")
    [ -n "$words" ] || { echo "systemd/postern.service sets no environment" >&2; exit 2; }
    # shellcheck disable=SC2086 # each word is a variable
    export $words
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$postern_pid/stat"; }

# Holds when the daemon needed next to no CPU for two seconds.
idles() {
    local before
    before=$(cpu_ticks)
    sleep 2
    [ $(($(cpu_ticks) - before)) -le 1 ]
}

# Prints what is resident and where, and fails if it is more than wanted.
report() {
    python3 - "$postern_pid" "$(readlink -f "$POSTERN")" "$1" "$MB_MAX" <<'P'
import collections, re, sys

pid, binary, when, wanted = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
ARENA = 64 << 20  # malloc aligns every arena but the first to this

def place(start, rights, path, below):
    """Names what a mapping is for; `below` is whether a guard page lies below it."""
    if path == binary:
        return {"r-xp": "binary: code", "r--p": "binary: constants"}.get(rights, "binary: data")
    if path.startswith("/"):
        return "libraries"
    if path == "[heap]":
        return "heap: first arena"
    if path == "[stack]":
        return "stacks"
    if start % ARENA == 0:
        return "heap: arenas of threads"
    return "stacks" if below else "other"

resident, dirty, count = (collections.Counter() for _ in range(3))
guard_end, name = None, None
for line in open(f"/proc/{pid}/smaps"):
    mapping = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
    if mapping:
        start, end = int(mapping[1], 16), int(mapping[2], 16)
        name = place(start, mapping[3], mapping[4].strip(), guard_end == start)
        guard_end = end if mapping[3] == "---p" and not mapping[4].strip() else None
    elif line.startswith("Rss:"):
        kib = int(line.split()[1])
        resident[name] += kib
        count[name] += kib > 0
    elif line.startswith("Private_Dirty:"):
        dirty[name] += int(line.split()[1])

status = dict(re.findall(r"(\w+):\s+(\d+)", open(f"/proc/{pid}/status").read()))
mb = int(status["VmRSS"]) * 1024 / 1e6
good = mb <= wanted
print(f"{when}: {mb:.1f} MB resident (wanted at most {wanted:g}: {'yes' if good else 'NO'}), "
      f"{status['RssAnon']} KiB anonymous, {status['RssFile']} KiB of files, {status['Threads']} threads")
for name, kib in resident.most_common():
    if kib:
        print(f"  {name:<24}{kib:8} KiB resident {dirty[name]:8} KiB dirty {count[name]:4} mappings")
sys.exit(0 if good else 1)
P
}

# Opens TLS sessions that do nothing after EHLO, and keeps them until the file $work/release exists.
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

# Shows the resident memory in one line.
resident() {
    awk -v when="$1" '/^VmRSS/ { printf "%s: %.1f MB resident\n", when, $2 * 1024 / 1e6 }' \
        "/proc/$postern_pid/status"
}

# Logs in to as many accounts at once, and lists each inbox.
log_in() {
    local at clients=() good=0
    for at in $(seq "$LOG_INS"); do
        "$POSTERN" mail list --url "$postern_url" --ca "$work/postern/ca.pem" --user "u$at" \
            --password-file "$work/password" > "$work/list.$at" &
        clients+=("$!")
    done
    for at in "${clients[@]}"; do wait "$at" || good=1; done
    return "$good"
}

report_held() {
    hold_sessions "$HELD" &
    local holder=$!
    pids+=("$holder")
    until_true "$HELD TLS sessions" test -e "$work/held"
    resident "with $HELD TLS sessions"
    touch "$work/release"
    wait "$holder"
}

build smtpload
[ "${UNIT_ENV:-1}" = 0 ] || unit_environment
start_postern
stop "$postern_pid"
start_postern
bad=0
until_true "an idle daemon" idles
report "idle" || bad=1
load "load" "$postern_port" --size "$SIZE" --sessions "$SESSIONS" --secs "$secs" || bad=1
sleep "$REST"
report "$REST s after the load" || bad=1
log_in || bad=1
resident "after $LOG_INS log-ins"
sleep "$REST"
report "$REST s after the log-ins" || bad=1
report_held
exit "$bad"
