//! Every row of the data folders that earlier versions wrote is read as its record.
//!
//! `rows.txt` beside such a folder says how many rows each table had when the folder was written:
//! a table that is not in it came later, and one that is in it can never disappear. What is sealed
//! in the rows, and what the daemon makes of them, is checked in `tests/upgrade`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::{Clock, Timestamp};
use crate::gateway::records::queue::TlsPolicy;
use crate::gateway::records::samples_tests::Samples;
use crate::gateway::records::tables::*;
use crate::store::local::{LocalConfig, LocalEngine};
use crate::store::{Engine, Error, Key, Order, Read, Record, Span, Store, Table};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/store");
/// The fixtures that exist; each later version reads all of them.
const VERSIONS: &[&str] = &["v1"];
/// The name of a fixture that `tests/upgrade` has just written.
const WRITE: &str = "WRITE_FIXTURE";
/// The highest numbers are the store's own rows.
const OWN_ROWS: u8 = 200;
/// The year 2100: nothing that is checked ends before.
const FAR: Timestamp = Timestamp(4_102_444_800_000);

/// The rows of a store, by the number of their table: its name, and how many were read.
type Rows = BTreeMap<u8, (&'static str, u64)>;

macro_rules! each_table {
    ($($table:ident)*) => {
        /// Reads every row of every table; adds a sentence for each table that cannot be read.
        fn read_all(store: &Store, wrong: &mut Vec<String>) -> Rows {
            let mut rows = Rows::new();
            $(read_table(store, &$table, &mut rows, wrong);)*
            rows
        }
    };
}

each_table!(
    ACCOUNTS ACCOUNT_KEYS LOGIN_NAMES ADDRESSES CREDENTIALS SESSIONS SESSION_IDS MAILBOXES ENTRIES
    PLACES MESSAGES EPOCHS COUNTERS CHANGES OUTCOMES META DRAFTS UPLOADS UPLOAD_CHUNKS SUBMISSIONS
    DELIVERIES HELD HELD_DUE QUEUE QUEUE_DUE TEMPORARY OUTSIDERS PICKUPS PREFERENCES REQUESTS
    ANSWERS ANSWERED WRITTEN_TO PICKUPS_OF SEARCH_WAITING SEARCH_PARTS SEARCH_BLOCKS SEARCH_TEXTS
    SEARCH_DELETED TLS_POLICIES FILTERS CONVERSATION_IDS CONVERSATIONS OWN_IDS LABELS APPEARANCES
    SITE AUDIT TOTP ACCOUNT_NEWS
);

fn read_table<K: Key, V: Record>(
    store: &Store,
    table: &Table<K, V>,
    rows: &mut Rows,
    wrong: &mut Vec<String>,
) {
    let mut count = 0;
    let read =
        store.scan_span(table, &Span::prefix(&[table.id], Order::Ascending), |_: K, _: V| {
            count += 1;
            ControlFlow::Continue(())
        });
    if let Err(error) = read {
        wrong.push(error.to_string());
    }
    rows.insert(table.id, (table.name, count));
}

/// A copy of a fixture, whose store is open.
struct Opened {
    home: tempfile::TempDir,
    engine: Arc<LocalEngine>,
    store: Store,
}

impl Opened {
    fn copy_of(version: &str) -> Opened {
        let home = tempfile::tempdir().unwrap();
        copy(&fixture(version), home.path());
        let key = home.path().join("daemon.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let key = DaemonKey::load(&key).unwrap();
        let vault = Vault::new(key, PoolLimits::default(), PasswordCost::default());
        let config = LocalConfig {
            free_min_octets: 0,
            ..LocalConfig::in_folder(home.path().join("data/store"))
        };
        let engine = LocalEngine::open(config, vault.clone(), Clock::System, &mut |_, _| ());
        let engine = Arc::new(engine.unwrap());
        let store = Store::new(engine.clone(), vault);
        Opened { home, engine, store }
    }

    /// The number of rows by the number of their table, without opening any.
    fn counted(&self) -> BTreeMap<u8, u64> {
        let mut counted = BTreeMap::new();
        let all = Span::prefix(&[], Order::Ascending);
        let scanned = self.engine.scan(&all, &mut |key, _| {
            *counted.entry(key[0]).or_default() += u64::from(key[0] < OWN_ROWS);
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        counted.retain(|_, count| *count > 0);
        counted
    }
}

fn fixture(version: &str) -> PathBuf {
    Path::new(FIXTURES).join(version)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Says what is wrong with a fixture's rows.
fn wrong_with(version: &str) -> Vec<String> {
    let opened = Opened::copy_of(version);
    let mut wrong = opened.engine.report().damage.clone();
    let rows = read_all(&opened.store, &mut wrong);
    let listed = fs::read_to_string(fixture(version).join("rows.txt")).unwrap();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [number, name, count] = words[..] else { panic!("{line}") };
        let read = rows.get(&number.parse().unwrap());
        match read {
            None => wrong.push(format!("table {name} ({number}) is gone, and {version} has rows")),
            Some((other, _)) if *other != name => {
                wrong.push(format!("table {number} was {name}, and is now {other}"));
            }
            Some((_, read)) if read.to_string() != count => {
                wrong.push(format!("{read} of {count} rows of table {name} are read"));
            }
            Some(_) => {}
        }
    }
    let unread = opened.counted().into_keys().filter(|number| !rows.contains_key(number));
    wrong.extend(unread.map(|number| format!("no table here has the number {number}")));
    wrong.extend(opened.engine.verify(&mut |_, _| ()).unwrap().damage);
    wrong
}

#[test]
fn every_row_of_the_data_folders_of_earlier_versions_is_read() {
    if let Ok(version) = std::env::var(WRITE) {
        complete(&version);
    }
    for version in VERSIONS {
        let wrong = wrong_with(version);
        assert!(
            wrong.is_empty(),
            "fixtures/store/{version} is on somebody's disk, and has to be read; see \
             docs/hacking.md\n{}",
            wrong.join("\n")
        );
    }
}

/// Adds what the daemon did not write, and lists the rows of each table. A table without a row is
/// refused: it would not be frozen.
fn complete(version: &str) {
    let list = fixture(version).join("rows.txt");
    assert!(!list.exists(), "{version} is never written again");
    let opened = Opened::copy_of(version);
    opened.store.transact(add_rows).wait().unwrap();
    let mut wrong = Vec::new();
    let rows = read_all(&opened.store, &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
    let empty: Vec<_> = rows.values().filter(|(_, count)| *count == 0).collect();
    assert!(empty.is_empty(), "without a row: {empty:?}");
    let known = include_str!("../tables.rs").matches("Table::new(").count();
    assert_eq!(rows.len(), known, "a table is missing in `each_table` in this file");
    let Opened { home, engine, store } = opened;
    engine.close().unwrap();
    drop((store, engine));
    let lines = rows.iter().map(|(number, (name, count))| format!("{number} {name} {count}\n"));
    fs::write(list, lines.collect::<String>()).unwrap();
    let journal = fixture(version).join("data/store/journal");
    fs::remove_dir_all(&journal).unwrap();
    copy(&home.path().join("data/store/journal"), &journal);
}

/// A policy of MTA-STS is only written after a host outside was asked for it. Temporary accounts end
/// after a year at the latest, and the tests are run after that.
fn add_rows(tx: &mut crate::store::Tx<'_>) -> Result<(), Error> {
    for policy in TlsPolicy::samples() {
        tx.put(&TLS_POLICIES, &[7; 16], &policy)?;
    }
    let mut temporary = Vec::new();
    tx.scan(&TEMPORARY, &(), Order::Ascending, |id, row| {
        temporary.push((id, row));
        ControlFlow::Continue(())
    })?;
    for (id, mut row) in temporary {
        row.expires = FAR;
        row.warned = true;
        tx.put(&TEMPORARY, &id, &row)?;
    }
    let mut pickups = Vec::new();
    tx.scan(&PICKUPS, &(), Order::Ascending, |id, row| {
        pickups.push((id, row));
        ControlFlow::Continue(())
    })?;
    for (id, mut row) in pickups {
        row.until = FAR;
        tx.put(&PICKUPS, &id, &row)?;
    }
    Ok(())
}
