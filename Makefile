# Two commands do everything on a fresh machine with Rust 1.95 and Node 20.19+:
#   make demo    builds and starts the whole product on loopback
#   make test    installs what the tests need and runs all of them
.PHONY: demo test lint ui-test rust-test deny prepare release \
        crash-sim fuzz kill9 powercut faults queue-kill walks meetings bench-smtp bench-disk bench-memory \
        bench-store bench-mailbox bench-contacts bench-schedule bench-boards bench-chat bench-members attacks bench-roundcube lighthouse \
        large-list large-file pictures installation grants boards rooms

demo:
	cargo run --quiet -- demo

test: prepare lint ui-test rust-test

prepare:
	tests/prepare.sh

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cd ui && npm run --silent check && npm run --silent lint

ui-test:
	cd ui && npm test --silent

# The last line of the output is the test runner's summary.
rust-test:
	@if cargo nextest --version >/dev/null 2>&1; \
	then cargo nextest run --no-fail-fast; \
	else cargo test --no-fail-fast; fi

# Checks licences and advisories; needs cargo-deny and its advisory database.
deny:
	cargo deny check

release:
	cargo build --release

# ---- slow suites; `make test` runs a short form of each ----

# Simulates a million crashes: make crash-sim CRASH_SEEDS=1000000
CRASH_SEEDS ?= 1000000
crash-sim:
	CRASH_SEEDS=$(CRASH_SEEDS) cargo test --release --lib store::local::sim

# Runs each fuzz target for FUZZ_SECS seconds; installs cargo-fuzz, and seeds it from the fixtures.
FUZZ_SECS ?= 1800
fuzz:
	FUZZ_SECS=$(FUZZ_SECS) fuzz/run.sh

# Follows the README on a fresh Debian machine with systemd; needs root, and Debian's mirror.
installation: release
	tests/installation/run.sh

# Fault injection: PROBES is the folder of the probes.
kill9 powercut faults: release
	tests/probes/run.sh $@

# Measures accepting messages, disk space and memory: BENCH is the folder of the generators.
bench-smtp: release
	benches/smtp_accept.sh

bench-disk: release
	benches/disk_octets.sh

bench-memory: release
	benches/memory.sh

# Plays the attacks that must shut nobody out at full size, and measures what a victim feels.
attacks: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/attacks.mjs

# Measures a large mailbox through the API: lists, messages, search.
bench-mailbox: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/mailbox.mjs

# Measures an address book of 20,000 contacts through the API: list, search, changes.
bench-contacts: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/contacts.mjs

# Measures a calendar of 20,000 entries over ten years through the API: a month, a year, changes.
bench-schedule: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/schedule.mjs

# Measures boards that 10,000 people read: posting, lists, unread marks, and what the disk is given.
bench-boards: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/boards.mjs

# How long a line takes to each of a thousand readers of a chat room.
bench-chat: release
	POSTERN=$${CARGO_TARGET_DIR:-target}/release/postern node benches/chat.mjs

# Measures who is a member and who may write, with 10,000 accounts and 100,000 attestations.
bench-members:
	benches/members.sh

# Measures the same messages in Debian's Roundcube, if it is installed:
#   apt-get install roundcube-core roundcube-sqlite3 dovecot-imapd php-cli php-sqlite3
bench-roundcube:
	node benches/roundcube.mjs

# Runs Lighthouse for accessibility and best practices; installs it from the npm registry.
lighthouse: release
	cd benches/lighthouse && npm ci
	POSTERN=$${CARGO_TARGET_DIR:-$(CURDIR)/target}/release/postern node benches/lighthouse/lighthouse.mjs

# Scrolls a list of LARGE messages in Chromium.
LARGE ?= 100000
large-list:
	MESSAGES_E2E=$(LARGE) cargo test --release --test browser a_large_mailbox -- --nocapture

# Sends a file of FILE_MIB MiB from one account to another, which saves it.
FILE_MIB ?= 1024
large-file:
	FILE_MIB=$(FILE_MIB) cargo test --release --test site a_large_file -- --nocapture

# Takes a screenshot of every screen into docs/screens.
pictures:
	SCREENS=$(CURDIR)/docs/screens cargo test --test browser every_screen -- --nocapture
	SCREENS=$(CURDIR)/docs/screens cargo test --test browser passkeys -- --nocapture
	SCREENS=$(CURDIR)/docs/screens cargo test --test browser people_ -- --nocapture
	SCREENS=$(CURDIR)/docs/screens cargo test --test sending -- --nocapture

bench-store:
	cargo bench --bench store_commit

# Kills the daemon while messages are queued, and runs random walks over replies and forwards.
queue-kill:
	QUEUE_MESSAGES=5000 QUEUE_KILLS=50 cargo test --release --test queue_kill -- --nocapture

# Takes random walks over lost, repeated and late facts about meetings.
meetings:
	MEETING_WALKS=100000 cargo test --release --lib terms::meeting -- --nocapture

walks:
	WALKS=10000 cargo test --release --lib walk_tests -- --nocapture

# Takes random steps over what is granted of address books, and asks after each what a reader sees.
STEPS ?= 100000
grants:
	STEPS=$(STEPS) cargo test --release --lib whatever_is_granted -- --nocapture

# The same over boards, and asks after each step what every reader finds in every way.
boards:
	STEPS=$(STEPS) cargo test --release --lib every_way_shows_each_reader -- --nocapture

# Takes random steps in chat rooms, and asks after each what everybody sees.
rooms:
	STEPS=$(STEPS) cargo test --release --lib each_sees_what_the_rules_say -- --nocapture
