#!/bin/bash
# Measures how long it takes to decide whether somebody is a member of a group by an attestation, and
# whether somebody may write to a person in closed groups.
#
#   benches/members.sh
#
# Makes the rows of ACCOUNTS people in a store on the disk, each in ten closed groups of 200 whose members
# are computed, so that ten thousand people have a hundred thousand attestations. Asks ten thousand times
# about people drawn at random, compares each answer with the lists of members, and prints the times: who is
# a member, who may write to whom, and for a message whose sender's groups were read (read=sender, once),
# whether it may reach a recipient. The exit status is
#   0  99 of 100 decisions of each kind take less than a millisecond
#   1  they take longer, or an answer is wrong
#
# Optional: ACCOUNTS=10000, US_MAX=1000 (microseconds), PROFILE=release (or dev).
set -euo pipefail
cd "$(dirname "$0")/.."

export ACCOUNTS=${ACCOUNTS:-10000}
US_MAX=${US_MAX:-1000}

cargo test --profile "${PROFILE:-release}" --lib who_may_write_among_many -- --nocapture |
    tee /dev/stderr |
    awk -v most="$US_MAX" '
        /^decision=/ && match($0, /p99_us=[0-9]+/) {
            asked++
            if (substr($0, RSTART + 7, RLENGTH - 7) + 0 >= most) { slow = 1 }
        }
        END { exit slow || asked != 3 }'
