//! What one who has the disk and the daemon's key can do to the records of a stopped daemon: each lie is
//! a change of some rows, without any user's key.

use std::path::Path;
use std::sync::Arc;

use postern::clock::{Clock, Timestamp};
use postern::gateway::records::group::GroupEpoch;
use postern::gateway::records::ids::{AccountId, GroupId, ReferenceKey};
use postern::gateway::records::search::Sealed;
use postern::gateway::records::vouching::{Attestation, SignedStatement, SigningKey};
use postern::store::local::{LocalConfig, LocalEngine};
use postern::store::{self, Read, Store, Table, Tx};
use postern::vault::{
    DaemonKey, PasswordCost, PoolLimits, SigningPair, Vault, account_keys, group_epoch,
};

// The numbers are those of `src/gateway/records/tables.rs`, which never change.
const GROUP_EPOCHS: Table<(GroupId, u32), GroupEpoch> = Table::new(66, "group_epochs");
const SIGNING_KEYS: Table<AccountId, SigningKey> = Table::new(72, "signing_keys");
const ATTESTATIONS: Table<(AccountId, AccountId), Attestation> = Table::new(73, "attestations");
const REGISTERS: Table<AccountId, SignedStatement> = Table::new(74, "registers");
const SIGNATURES: Table<ReferenceKey, Sealed> = Table::new(76, "message_signatures");
const KNOWN_KEYS: Table<(AccountId, AccountId), Sealed> = Table::new(77, "known_keys");

/// In the year 2100.
const LATER: Timestamp = Timestamp(4_102_444_800_000);

/// Those about whom a server lies, and to whom.
#[derive(Clone, Copy)]
pub struct Cast {
    /// Sends the messages. Both vouchers vouch for her.
    pub sender: AccountId,
    pub voucher: AccountId,
    /// Vouched as well, and revoked it.
    pub revoker: AccountId,
    /// Has read a message, and looked at the pages of the others.
    pub reader: AccountId,
    /// What the sender wrote to the reader, signed.
    pub message: ReferenceKey,
    pub other_message: ReferenceKey,
    /// A group in which the reader is.
    pub group: GroupId,
}

/// What the records said before the revoker revoked.
#[derive(Clone)]
pub struct Before {
    attestation: Attestation,
    register: SignedStatement,
}

/// A change of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// None: what is seen without one.
    Nothing,
    AttestationChanged,
    /// One that was revoked is put back.
    AttestationAdded,
    AttestationLeftOut,
    /// The same, with the list of that time.
    RegisterPutBack,
    /// The public half of the sender's signing key, as if it had been there before the message.
    KeySwapped,
    /// The sender's whole pair, as if it had come after the message.
    PairSwapped,
    /// What the reader knows of the sender's key is another sealed row of the reader's.
    KnownKeySwapped,
    SignatureLeftOut,
    SignatureChanged,
    /// The signature of another message of the same sender.
    SignatureOfAnother,
    /// The public half of the group's epoch in use.
    EpochSwapped,
}

pub const LIES: [Lie; 12] = [
    Lie::Nothing,
    Lie::AttestationChanged,
    Lie::AttestationAdded,
    Lie::AttestationLeftOut,
    Lie::RegisterPutBack,
    Lie::KeySwapped,
    Lie::PairSwapped,
    Lie::KnownKeySwapped,
    Lie::SignatureLeftOut,
    Lie::SignatureChanged,
    Lie::SignatureOfAnother,
    Lie::EpochSwapped,
];

/// Opens the store of a stopped daemon, as the daemon does.
pub fn opened(data: &Path) -> Store {
    let key = DaemonKey::load(&data.join("daemon.key")).unwrap();
    let vault = Vault::new(key, PoolLimits::default(), PasswordCost::default());
    let config = LocalConfig::in_folder(data.join("data/store"));
    let engine = LocalEngine::open(config, vault.clone(), Clock::System, &mut |_, _| ()).unwrap();
    Store::new(Arc::new(engine), vault)
}

/// Reads what is put back later.
pub fn before(store: &Store, cast: &Cast) -> Before {
    let attestation = store.get(&ATTESTATIONS, &(cast.sender, cast.revoker)).unwrap();
    let register = store.get(&REGISTERS, &cast.revoker).unwrap();
    Before { attestation: attestation.unwrap(), register: register.unwrap() }
}

/// Whether a row with a signature lies beside a message.
pub fn has_signature(store: &Store, message: ReferenceKey) -> bool {
    store.has(&SIGNATURES, &message).unwrap()
}

/// Changes the records. Each row that is changed has to be there.
pub fn lie(store: &Store, lie: Lie, cast: Cast, before: &Before) {
    let before = before.clone();
    let change = move |tx: &mut Tx<'_>| changed(tx, lie, &cast, &before);
    store.transact(change).wait().unwrap();
}

fn changed(tx: &mut Tx<'_>, lie: Lie, cast: &Cast, before: &Before) -> Result<(), store::Error> {
    let vouched = (cast.sender, cast.voucher);
    match lie {
        Lie::Nothing => {}
        Lie::AttestationChanged => {
            let mut row = tx.get(&ATTESTATIONS, &vouched)?.unwrap();
            *row.attested.octets.last_mut().unwrap() ^= 1;
            tx.put(&ATTESTATIONS, &vouched, &row)?;
        }
        Lie::AttestationLeftOut => {
            assert!(tx.has(&ATTESTATIONS, &vouched)?);
            tx.delete(&ATTESTATIONS, &vouched);
        }
        Lie::AttestationAdded => {
            tx.put(&ATTESTATIONS, &(cast.sender, cast.revoker), &before.attestation)?;
        }
        Lie::RegisterPutBack => {
            assert!(tx.get(&REGISTERS, &cast.revoker)?.unwrap() != before.register);
            tx.put(&REGISTERS, &cast.revoker, &before.register)?;
            tx.put(&ATTESTATIONS, &(cast.sender, cast.revoker), &before.attestation)?;
        }
        Lie::KeySwapped | Lie::PairSwapped => {
            let (public, sealed_private) = pair_of_the_server();
            let mut row = tx.get(&SIGNING_KEYS, &cast.sender)?.unwrap();
            (row.public, row.since) = (public, Timestamp(0));
            if lie == Lie::PairSwapped {
                (row.sealed_private, row.since) = (sealed_private, LATER);
            }
            tx.put(&SIGNING_KEYS, &cast.sender, &row)?;
        }
        Lie::KnownKeySwapped => {
            let row = tx.get(&KNOWN_KEYS, &(cast.reader, cast.voucher))?.unwrap();
            assert!(tx.has(&KNOWN_KEYS, &(cast.reader, cast.sender))?);
            tx.put(&KNOWN_KEYS, &(cast.reader, cast.sender), &row)?;
        }
        Lie::SignatureLeftOut => {
            assert!(tx.has(&SIGNATURES, &cast.message)?);
            tx.delete(&SIGNATURES, &cast.message);
        }
        Lie::SignatureChanged => {
            let mut row = tx.get(&SIGNATURES, &cast.message)?.unwrap();
            *row.0.last_mut().unwrap() ^= 1;
            tx.put(&SIGNATURES, &cast.message, &row)?;
        }
        Lie::SignatureOfAnother => {
            let row = tx.get(&SIGNATURES, &cast.other_message)?.unwrap();
            tx.put(&SIGNATURES, &cast.message, &row)?;
        }
        Lie::EpochSwapped => {
            let key = (cast.group, 1);
            let mut row = tx.get(&GROUP_EPOCHS, &key)?.unwrap();
            row.public = group_epoch().1;
            tx.put(&GROUP_EPOCHS, &key, &row)?;
        }
    }
    Ok(())
}

/// A signing pair that the server made for itself, its private half sealed under keys of its own.
fn pair_of_the_server() -> (postern::vault::VerifyingKey, Vec<u8>) {
    let keys = account_keys(b"server").unwrap();
    let secret = keys.unlock.open_account(&keys.sealed_private, b"server").unwrap();
    let (pair, sealed) = SigningPair::generate(&secret, b"").unwrap();
    (pair.public(), sealed)
}
