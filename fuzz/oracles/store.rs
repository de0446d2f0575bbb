//! The store's encodings: whatever octets the disk returns, nothing panics, and everything that can
//! be decoded is encoded again as the same octets.

use std::cell::RefCell;

use postern::store::local::{forms, restore};
use postern::store::{Record, Table};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

/// Octets in place of a journal frame.
pub fn journal_frame(input: &[u8]) {
    assert_ne!(forms::frame_head(input), Some(false));
    assert_ne!(forms::transaction(input), Some(false));
}

/// Octets in place of an index row or a sealed record.
pub fn stored_record(input: &[u8]) {
    assert_ne!(forms::index_block(input), Some(false));
    assert_ne!(forms::piece_places(input), Some(false));
    VAULT.with_borrow(|vault| {
        let (key, sealed) = input.split_at(input.len().min(8));
        let raw = RECORDS.raw(&[0u8; 8]);
        // Without the key nobody can create a record that opens.
        assert!(vault.record_open(RECORDS.id, &raw, sealed).is_err());
        // A record that we sealed does not open under another record key.
        let ours = vault.record_seal(RECORDS.id, Entry::VERSION, &raw, sealed).unwrap();
        assert_eq!(*vault.record_open(RECORDS.id, &raw, &ours).unwrap().1, sealed);
        let moved = [raw.as_slice(), key].concat();
        assert!(moved == raw || vault.record_open(RECORDS.id, &moved, &ours).is_err());
    });
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Entry(Vec<u8>);

impl Record for Entry {
    const VERSION: u8 = 1;
}

const RECORDS: Table<[u8; 8], Entry> = Table::new(200, "fuzzed");

thread_local! {
    static VAULT: RefCell<Vault> = RefCell::new(Vault::new(
        DaemonKey::from_bytes([3; 32]),
        PoolLimits::default(),
        PasswordCost::default(),
    ));
}

/// Octets in place of a backup: whatever they are, nothing is restored and nothing is left.
pub fn backup(input: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    VAULT.with_borrow(|vault| {
        assert!(
            !restore::opens(input, vault, folder.path()),
            "nobody can make one without the key"
        );
        // Sealed by us, so that what is behind the seal is read as well.
        let sealed = forms::backup_of(vault, input);
        restore::opens(&sealed, vault, &folder.path().join("data"));
    });
    assert!(std::fs::read_dir(folder.path()).is_ok());
}
