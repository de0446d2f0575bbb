#!/bin/bash
# Measures how many octets a message takes on disk, and how many are written for it.
#
#   BENCH=/folder/with/smtpload benches/disk_octets.sh
#
# For each size, starts the release build as `postern demo` in a new folder, sends messages, and
# stops it, upon which it writes a checkpoint. Prints for each octet of the messages
#   on disk   the blocks of the whole store: journal, index and manifest
#   written   what the kernel counted while the daemon ran (write_bytes, proc_pid_io(5)), without
#             the checkpoint at the end
# The exit status is
#   0  the octets on disk are as wanted, and every message was accepted
#   1  they are more, or a message was not accepted
#   2  something that is needed is missing
#
# Optional: RUNS="4096:20000 1048576:200" (octets of a message, and how many), SESSIONS=64, and the
# variables in benches/daemon.sh.
set -euo pipefail
source "$(dirname "$0")/daemon.sh"

RUNS=${RUNS:-4096:20000 1048576:200}
SESSIONS=${SESSIONS:-64}
LOG=/dev/null # a log file would be counted as written

# The most octets on disk for each octet of the messages; none for other sizes.
declare -A wanted=([4096]=1.6 [1048576]=1.05)

octets_on_disk() { du --summarize --block-size=1 "$1" | cut -f1; }
octets_written() { awk '/^write_bytes/ { print $2 }' "/proc/$postern_pid/io"; }

# Prints one line, and fails if the octets on disk are more than wanted.
report() {
    awk -v size="$1" -v count="$2" -v disk="$3" -v written="$4" -v wanted="${wanted[$1]:-}" 'BEGIN {
        total = size * count
        good = wanted == "" || disk / total <= wanted
        printf "%8d octets, %d messages: on disk %.3f", size, count, disk / total
        if (wanted != "") printf " (wanted at most %s: %s)", wanted, good ? "yes" : "NO"
        printf ", written %.3f\n", written / total
        exit !good
    }'
}

measure() {
    local size=$1 count=$2 before written
    start_postern "$size"
    before=$(octets_written)
    load "$size" "$postern_port" --size "$size" --count "$count" --sessions "$SESSIONS" || bad=1
    written=$(($(octets_written) - before))
    stop "$postern_pid"
    report "$size" "$count" "$(octets_on_disk "$work/$size/data/store")" "$written" || bad=1
}

build smtpload
bad=0
for run in $RUNS; do measure "${run%:*}" "${run#*:}"; done
exit "$bad"
