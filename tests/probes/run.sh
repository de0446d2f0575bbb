#!/bin/bash
# Runs the external fault probes against `postern demo`.
#
#   PROBES=/folder/with/kill9_smtp.py tests/probes/run.sh MODE
#
#   kill9    50 rounds of kill -9 under load
#   drop     50 rounds of kill -9 and a power cut that loses everything that was never synced
#   random   the same, but only a random part of it is lost, and pages are torn
#   powercut both of these
#   faults   disk full, failing and slow fsync, then a power cut
#   all      everything
#
# Optional: POSTERN=binary (default target/release/postern), ROUNDS=50, SEED=number, KEEP=1 to
# leave the work folder behind. drop, random and faults need /dev/fuse, the package fuse3 and mfusepy.
# In the end `postern mail list` must show every message that got a 250; the exit status says
# whether it did. Meanwhile u2 sends messages with files to outside recipients, plain and to
# temporary accounts: each one whose reference number was printed must exist, whole, and have left.
set -euo pipefail

mode=${1:-}
PROBES=${PROBES:?set PROBES to the folder that holds kill9_smtp.py}
ROUNDS=${ROUNDS:-50}
here=$(cd "$(dirname "$0")/../.." && pwd)
POSTERN=$(readlink -f "${POSTERN:-${CARGO_TARGET_DIR:-$here/target}/release/postern}")
[ -x "$POSTERN" ] || { echo "no binary at $POSTERN: cargo build --release, or set POSTERN" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/postern-probe.XXXXXX")
fuse_pid=
printf 'probe-password-of-the-tests-1' > "$work/password"
chmod 600 "$work/password"

# Two ports that are free at this moment; the probes need them before the daemon starts.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
smtp=$(free_port)
https=$(free_port)
data=$work/plain

# Lists the processes of this run: our binary, with this work folder in its command line.
ours() {
    local proc
    for proc in /proc/[0-9]*; do
        [ "$(readlink "$proc/exe" 2>/dev/null)" = "$POSTERN" ] || continue
        if tr '\0' ' ' 2>/dev/null < "$proc/cmdline" | grep -qF -- "demo --data $work/"; then
            echo "${proc#/proc/}"
        fi
    done
}

kill_ours() {
    local pid
    for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
    for _ in $(seq 200); do [ -z "$(ours)" ] && return 0; sleep 0.05; done
    echo "a daemon of this run does not exit" >&2
    return 1
}

unmount() {
    [ -n "$fuse_pid" ] || return 0
    fusermount3 -u "$work/mount" 2>/dev/null || fusermount3 -uz "$work/mount"
    wait "$fuse_pid" 2>/dev/null || true
    fuse_pid=
}

clean_up() {
    kill_ours || true
    unmount || true
    [ -n "${KEEP:-}" ] && { echo "kept $work"; return; }
    mountpoint -q "$work/mount" || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mount_powercut() {
    command -v fusermount3 > /dev/null || { echo "fusermount3 is missing: install fuse3" >&2; return 1; }
    mkdir -p "$work/backing" "$work/mount"
    python3 "$PROBES/powercut_fs.py" "$work/backing" "$work/mount" > "$work/fuse.log" 2>&1 &
    fuse_pid=$!
    for _ in $(seq 200); do
        mountpoint -q "$work/mount" && return 0
        kill -0 "$fuse_pid" 2>/dev/null || { cat "$work/fuse.log" >&2; fuse_pid=; return 1; }
        sleep 0.05
    done
    echo "the power-cut file system did not mount" >&2
    return 1
}

# Writes the scripts that start, list, kill and send, so that the probes always run the same
# commands.
write_scripts() {
    # Two accounts are enough: only u1 gets mail.
    cat > "$work/start" <<S
#!/bin/bash
exec "$POSTERN" demo --data "$data" --keep --no-samples --domain test.example --accounts 2 \\
    --undo-secs 1 --password-file "$work/password" --smtp 127.0.0.1:$smtp --https 127.0.0.1:$https
S
    # Asks for the list until the daemon that was just started answers.
    cat > "$work/list" <<S
#!/bin/bash
for _ in \$(seq 100); do
    if "$POSTERN" mail list --url https://127.0.0.1:$https --ca "$data/ca.pem" --user u1 \\
        --password-file "$work/password" > "$work/list.out" 2>> "$work/list.err"; then
        exec cat "$work/list.out"
    fi
    sleep 0.2
done
exit 1
S
    cat > "$work/kill" <<S
#!/bin/bash
$(declare -f ours kill_ours)
work=$work
POSTERN=$POSTERN
kill_ours
S
    # While the file "sending" exists: sends messages with files, every other one in clear.
    cat > "$work/sender" <<S
#!/bin/bash
n=0
echo "A line of text." > "$work/body"
while [ -e "$work/sending" ]; do
    n=\$((n + 1))
    [ \$((n % 2)) = 0 ] && choice=plain || choice=temporary-account
    head -c \$((RANDOM * 8 + 1)) /dev/urandom > "$work/file"
    if number=\$("$POSTERN" mail send --url https://127.0.0.1:$https --ca "$data/ca.pem" \\
        --user u2 --password-file "$work/password" --to "p\$((n % 7))@outside.example" \\
        --subject "Out \$n" --body-file "$work/body" --attach "$work/file" --choice \$choice \\
        2>> "$work/send.err"); then
        echo "\$number \$choice" >> "$work/sent"
    fi
done
S
    chmod 755 "$work/start" "$work/list" "$work/kill" "$work/sender"
}

# Starts the daemon and waits for `ready`; the process ID is in $started.
start_and_wait() {
    local out=$work/start.log
    "$work/start" > "$out" 2>&1 &
    started=$!
    for _ in $(seq 1200); do
        grep -q '^ready' "$out" && return 0
        kill -0 "$started" 2>/dev/null || break
        sleep 0.1
    done
    echo "the daemon never printed `ready`:" >&2
    tail -20 "$out" >&2
    return 1
}

# The first start creates the accounts, which may take longer than a probe waits.
first_start() {
    start_and_wait
    kill "$started"
    wait "$started" || true
}

probe() {
    local script=$1
    env PROBE_SMTP_PORT="$smtp" PROBE_RCPT=u1@test.example PROBE_ROUNDS="$ROUNDS" \
        PROBE_SEED="${SEED:-1}" PROBE_START_CMD="exec $work/start" PROBE_LIST_CMD="$work/list" \
        PROBE_KILL_CMD="$work/kill" PROBE_CTL="$work/mount/.powercut" \
        PROBE_SERVER_LOG="$work/server.log" PROBE_AFTER_KILL_CMD="${AFTER_KILL:-}" \
        PROBE_SETTLE=2 python3 "$PROBES/$script"
}

sending() {
    : > "$work/sent"
    touch "$work/sending"
    "$work/sender" &
    sender_pid=$!
}

mail() {
    "$POSTERN" mail "$@" --url "https://127.0.0.1:$https" --ca "$data/ca.pem" --user u2 \
        --password-file "$work/password"
}

# Checks that every accepted message exists, whole, and that the plain ones have left.
all_sent() {
    rm "$work/sending"
    wait "$sender_pid"
    kill_ours
    start_and_wait
    local number choice status lost=0 messages=0
    while read -r number choice; do
        messages=$((messages + 1))
        mail get "$number" > /dev/null || { echo "lost: $number" >&2; lost=$((lost + 1)); continue; }
        [ "$choice" = plain ] || continue
        for _ in $(seq 100); do
            status=$(mail status "$number")
            grep -q delivered <<< "$status" && break
            sleep 0.1
        done
        grep -q delivered <<< "$status" || { echo "never left: $number $status" >&2; lost=$((lost + 1)); }
    done < "$work/sent"
    echo "sent meanwhile: $messages messages, $lost lost"
    [ "$messages" -gt 0 ] && [ "$lost" = 0 ]
}

kill9() {
    data=$work/plain
    write_scripts
    first_start
    sending
    AFTER_KILL='' probe kill9_smtp.py
    all_sent
}

cut_power() {
    local how=$1
    mount_powercut
    data=$work/mount/data
    write_scripts
    first_start
    sending
    AFTER_KILL="echo $how > $work/mount/.powercut" probe kill9_smtp.py
    all_sent
    tr -s " " < "$work/mount/.powercut"
    kill_ours
    unmount
    rm -rf "$work/backing"
}

both_cuts() {
    cut_power drop
    cut_power random
}

faults() {
    mount_powercut
    data=$work/mount/data
    write_scripts
    start_and_wait
    probe fault_fs.py
    kill_ours
    unmount
    rm -rf "$work/backing"
}

case $mode in
kill9) kill9 ;;
drop | random) cut_power "$mode" ;;
powercut) both_cuts ;;
faults) faults ;;
all)
    kill9
    kill_ours
    both_cuts
    faults
    ;;
*)
    sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
