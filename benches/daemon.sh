# What the measurements of the daemon share. Scripts `source` it; it does nothing by itself.
#
# Everything runs on loopback in one temporary folder, $work. When the script ends, the processes
# that it started are stopped, each by its process id.
#
#   BENCH=/folder/with/smtpload   the load generator, and the reference server
#   POSTERN=binary                by default the release build of this folder
#   BENCH_TARGET=folder           for the build output of BENCH
#   EXTRA="--pipeline"            options for the load generator, instead of the script's own

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ -d "${BENCH:-}" ] || { echo "set BENCH to the folder that holds smtpload and refsmtpd" >&2; exit 2; }
BENCH=$(readlink -f "$BENCH")
POSTERN=${POSTERN:-${CARGO_TARGET_DIR:-$here/target}/release/postern}
BENCH_TARGET=${BENCH_TARGET:-${XDG_CACHE_HOME:-$HOME/.cache}/postern-bench}
read -ra extra <<< "${EXTRA:-}"
[ -x "$POSTERN" ] || { echo "no binary at $POSTERN: cargo build --release, or set POSTERN" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/postern-bench.XXXXXX")
chmod 755 "$work"
pids=()

stop() {
    if kill "$1" 2>/dev/null; then wait "$1" 2>/dev/null || true; fi
}

clean_up() {
    local pid
    for pid in "${pids[@]}"; do stop "$pid"; done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Waits until a command succeeds, for at most 60 s.
until_true() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || { echo "timeout while waiting for $what" >&2; return 1; }
        sleep 0.1
    done
}

# Builds programs of BENCH, from a copy, because the folder may be read-only.
build() {
    local name
    for name in "$@"; do
        [ -x "$BENCH_TARGET/release/$name" ] && continue
        cp -rL --no-preserve=mode "$BENCH/$name" "$work/$name"
        (cd "$work/$name" && CARGO_TARGET_DIR=$BENCH_TARGET cargo build --release --quiet)
    done
}

# Starts the daemon in the folder $work/NAME. Its log is $work/NAME.log, or what LOG says.
start_postern() {
    local name=${1:-postern}
    printf 'bench-password-of-the-tests-1' > "$work/password"
    chmod 600 "$work/password"
    : > "$work/$name.out" # what an earlier start said is no answer
    "$POSTERN" demo --data "$work/$name" --keep --no-samples --domain test.example --accounts 19 \
        --password-file "$work/password" --smtp 127.0.0.1:0 --https 127.0.0.1:0 \
        >> "$work/$name.out" 2>> "${LOG:-$work/$name.log}" &
    postern_pid=$!
    pids+=("$postern_pid")
    until_true "postern" grep -q '^ready' "$work/$name.out"
    postern_port=$(sed -n 's/^smtp .*:\([0-9]*\)$/\1/p' "$work/$name.out")
    postern_url=$(sed -n 's/^https .*:\([0-9]*\)\/$/https:\/\/localhost:\1/p' "$work/$name.out")
}

# Puts load on a port, and prints the generator's line. Of an option that is given twice, the
# generator takes the first.
load() {
    local name=$1 port=$2
    shift 2
    # `%d` counts from 0 to 9: accounts u10 to u19.
    timeout $((${secs:-60} + 240)) "$BENCH_TARGET/release/smtpload" --port "$port" --label "$name" \
        "${extra[@]}" "$@" --tls starttls --per-conn 0 --users 10 --to 'u1%d@test.example'
}
