#!/bin/sh
# Runs each fuzz target for FUZZ_SECS seconds, or those that are named: fuzz/run.sh [target…]
#
# Installs cargo-fuzz if it is missing, and begins with the seeds of tests/fuzz_short.rs and the
# transcripts of fixtures/. All targets are run; one that failed has its input in
# fuzz/artifacts/TARGET, and the script ends with an error that names it. `-O` leaves the choice of
# checks to the profile in fuzz/Cargo.toml.
set -eu
cd "$(dirname "$0")/.."
secs=${FUZZ_SECS:-1800}

cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked

FUZZ_SEEDS="$PWD/fuzz/corpus" cargo test --quiet --test fuzz_short
mkdir -p fuzz/corpus/smtp_session
# The first octet of a session says in what pieces it arrives.
for transcript in fixtures/transcripts/smtp/*.txt; do
    { printf '\377'; sed -n 's/^C: \(.*\)$/\1\r/p' "$transcript"; } \
        > "fuzz/corpus/smtp_session/$(basename "$transcript" .txt)"
done

failed=
for target in ${*:-$(cargo fuzz list)}; do
    dict="fuzz/corpus/$target.dict"
    set -- -max_total_time="$secs" -print_final_stats=1 -timeout=20 -rss_limit_mb=2048
    [ ! -f "$dict" ] || set -- "$@" -dict="$dict"
    echo "== $target"
    cargo fuzz run -O -s none "$target" -- "$@" || failed="$failed $target"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
