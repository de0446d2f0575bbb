//! The vault: the only module that handles key bytes.
//!
//! | key | created | where it is kept |
//! | --- | --- | --- |
//! | daemon key | at set-up | in a 0600 file or a systemd credential; the vault keeps only keys derived from it |
//! | account pair (X-Wing) | with the account, and at a renewal | the public half in the clear; the private half, and those before a renewal, sealed under the unlock key |
//! | unlock key | with the account, and at a renewal | wrapped once per credential: password (Argon2id), app password, passkey, recovery key, session token |
//! | epoch secret | anew after 1,000 messages or 10 minutes | in memory only; its encapsulation is stored |
//! | signing pair (Ed25519) | with the account, and after a recovery | the public half in the clear; the private half sealed as the owner's own data |
//! | group's pair (X-Wing) | with each epoch of the group | the public half in the clear; the private half wrapped for each member's account |
//! | keyring's secret | with each epoch of the keyring | wrapped for each account and each group that reads |
//! | content key | per message | wrapped per reader under an epoch; until the message is sent, under the queue key |
//!
//! Every ciphertext begins with a format byte and is bound, by associated data, to what it
//! belongs to: if it is moved anywhere else, it cannot be opened. No type here shows key bytes in
//! `Debug`, and all of them are wiped when dropped.

mod account;
mod aead;
mod content;
mod credential;
mod daemon_key;
mod epoch;
mod group;
pub mod passkey;
mod pool;
mod ring;
mod session;
mod signing;
mod strong;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

pub use account::{
    AccountSecret, NewAccountKeys, PublicKey, RENEWALS_MAX, UnlockKey, account_keys,
};
pub use content::{
    CHUNK_OCTETS, ContentKey, ContentSealer, open, open_chunk, plain_len, seal, sealed_chunk_at,
    sealed_len,
};
pub use credential::{PASSWORD_OCTETS_MAX, Password, PasswordCost};
pub use daemon_key::DaemonKey;
pub use epoch::{Epoch, epoch_begin};
pub use group::{GroupSecret, group_epoch, group_public_digest, group_wrap_content};
pub use pool::{PasswordLine, PasswordPool, PoolLimits};
pub use ring::RingSecret;
pub use session::SessionToken;
pub use signing::{Digest, SigningPair, VerifyingKey, digest};
pub use strong::{AppPassword, PasskeySecret, RecoveryKey, as_issued, random_password};

pub use crate::wipe::wipe_stack;

use aead::Sealer;

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key, the binding or the bytes do not match: the password is wrong, or the ciphertext
    /// was moved or changed.
    #[error("refused")]
    Refused,
    /// Too many passwords are already waiting to be checked.
    #[error("too many passwords are being checked")]
    Busy,
    /// The system returned no random bytes.
    #[error("no random bytes are available")]
    Random,
    /// The input does not have the expected form.
    #[error("malformed")]
    Malformed,
    /// The daemon key's file cannot be used.
    #[error("daemon key {path}: {problem}")]
    KeyFile { path: String, problem: String },
}

/// Returns `N` bytes from the system's random number generator.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// What stands for octets in a comparison, where it is sealed like them: the first half of their hash
/// (SHA-256).
pub fn short_digest(octets: &[u8]) -> [u8; 16] {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets);
    *hash.as_ref().first_chunk().expect("a hash has 32 octets")
}

/// The purpose of a lookup hash; the same text has different hashes for different purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    Address,
    LoginName,
    /// An external address that has a temporary account.
    Outsider,
    /// The token in a notification's link.
    Pickup,
    /// A request that must not be executed twice.
    Request,
    /// What a sender consented to.
    Consent,
    /// A sender and a recipient, to limit auto-responses to one a day.
    Answered,
    /// A domain that publishes how mail is delivered to it.
    Domain,
    /// The identifier of a message, within an account.
    MessageId,
    /// An app password, within an account.
    AppPassword,
    /// The identifier of a passkey, within an account.
    Passkey,
    /// A challenge that a passkey is asked to sign.
    Challenge,
    /// The key of a browser, within an account.
    Browser,
    /// The request that adds a contact, of whose identifier its author chooses nothing.
    Contact,
    /// The request that adds an entry to a calendar, asks for a meeting, or answers.
    Schedule,
}

impl Lookup {
    fn label(self) -> &'static [u8] {
        match self {
            Lookup::Address => b"address\0",
            Lookup::LoginName => b"login name\0",
            Lookup::Outsider => b"outsider\0",
            Lookup::Pickup => b"pickup\0",
            Lookup::Request => b"request\0",
            Lookup::Consent => b"consent\0",
            Lookup::Answered => b"answered\0",
            Lookup::Domain => b"domain\0",
            Lookup::MessageId => b"message id\0",
            Lookup::AppPassword => b"app password\0",
            Lookup::Passkey => b"passkey\0",
            Lookup::Challenge => b"challenge\0",
            Lookup::Browser => b"browser\0",
            Lookup::Contact => b"contact\0",
            Lookup::Schedule => b"schedule\0",
        }
    }
}

/// The keys derived from the daemon key. Clones share them.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<Keys>,
}

struct Keys {
    records: Sealer,
    queue: Sealer,
    held: Sealer,
    lookups: hmac::Key,
    journal: Zeroizing<[u8; 32]>,
    throttles: hmac::Key,
    passwords: PasswordPool,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// Derives all keys and drops the daemon key.
    pub fn new(key: DaemonKey, pool: PoolLimits, cost: PasswordCost) -> Vault {
        let records = Sealer::new(&AES_256_GCM_SIV, &key.derive(b"postern record v1"));
        let queue = Sealer::new(&AES_256_GCM_SIV, &key.derive(b"postern queue v1"));
        let held = Sealer::new(&AES_256_GCM_SIV, &key.derive(b"postern hold v1"));
        let lookups = hmac::Key::new(hmac::HMAC_SHA256, &*key.derive(b"postern lookup v1"));
        let journal = key.derive(b"postern journal v1");
        let throttles = hmac::Key::new(hmac::HMAC_SHA256, &*key.derive(b"postern throttle v1"));
        let passwords = PasswordPool::new(pool, cost);
        let keys = Keys { records, queue, held, lookups, journal, throttles, passwords };
        Vault { keys: Arc::new(keys) }
    }

    /// Seals a record's plaintext, bound to its table, its version and its key.
    pub fn record_seal(
        &self,
        table: u8,
        version: u8,
        key: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.keys.records.seal_with_prefix(&[version], &record_binding(table, version, key), plain)
    }

    /// Opens a record; returns its version and plaintext.
    pub fn record_open(
        &self,
        table: u8,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<(u8, Zeroizing<Vec<u8>>), Error> {
        // The version is stored in the clear after the format byte, and is bound as well.
        let version = *sealed.get(1).ok_or(Error::Malformed)?;
        let bound = record_binding(table, version, key);
        Ok((version, self.keys.records.open_with_prefix(1, &bound, sealed)?))
    }

    /// Wraps a content key for the queue: until the message is sent, the daemon can read it.
    pub fn queue_wrap(&self, binding: &[u8], key: &ContentKey) -> Result<Vec<u8>, Error> {
        self.keys.queue.seal(binding, key.bytes())
    }

    /// Unwraps a content key of the queue.
    pub fn queue_unwrap(&self, binding: &[u8], wrapped: &[u8]) -> Result<ContentKey, Error> {
        ContentKey::from_sealed(&self.keys.queue.open(binding, wrapped)?)
    }

    /// Seals data that the daemon itself must be able to read later, such as an initial password
    /// that has not been claimed yet.
    pub fn held_seal(&self, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        self.keys.held.seal(binding, plain)
    }

    /// Opens what [`Vault::held_seal`] sealed.
    pub fn held_open(&self, binding: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.keys.held.open(binding, sealed)
    }

    /// Returns the key of one journal segment. Each frame number is used only once with it.
    pub fn segment_key(&self, segment: u64, salt: &[u8; 32]) -> SegmentKey {
        self.file_key(b"segment ", segment, salt)
    }

    /// Returns the key of a run of the index.
    pub fn run_key(&self, run: u64, salt: &[u8; 32]) -> SegmentKey {
        self.file_key(b"index run ", run, salt)
    }

    /// Returns the key of a backup. Each block's number is used only once with it.
    pub fn backup_key(&self, salt: &[u8; 32]) -> SegmentKey {
        self.file_key(b"backup ", 0, salt)
    }

    fn file_key(&self, kind: &[u8], number: u64, salt: &[u8; 32]) -> SegmentKey {
        let info = [kind, &number.to_be_bytes()].concat();
        let key = aead::hkdf(salt, &*self.keys.journal, &info);
        let unbound = UnboundKey::new(&AES_256_GCM, &*key).expect("the key has 32 bytes");
        SegmentKey(LessSafeKey::new(unbound))
    }

    /// Returns a keyed hash, for finding a row by a value that must not be readable in its key.
    pub fn lookup(&self, kind: Lookup, text: &[u8]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.keys.lookups);
        context.update(kind.label());
        context.update(text);
        let tag = context.sign();
        *tag.as_ref().first_chunk().expect("a SHA-256 tag has 32 bytes")
    }

    /// Returns the hash by which an account's app password is found.
    pub fn app_password_lookup(&self, account: &[u8; 16], password: &AppPassword) -> [u8; 16] {
        let text = Zeroizing::new([&account[..], password.octets()].concat());
        self.lookup(Lookup::AppPassword, &text)
    }

    /// Returns the key that names and addresses of failed sign-ins are hashed with. It shows no
    /// bytes of itself.
    pub fn throttle_key(&self) -> hmac::Key {
        self.keys.throttles.clone()
    }

    /// Returns the pool that checks passwords.
    pub fn passwords(&self) -> &PasswordPool {
        &self.keys.passwords
    }
}

fn record_binding(table: u8, version: u8, key: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(key.len() + 2);
    bound.extend_from_slice(&[table, version]);
    bound.extend_from_slice(key);
    bound
}

/// The key of one journal segment, or of one run of the index: AES-256-GCM with a number as the
/// nonce. Nothing is appended to a file after it was closed or failed, so no number is used twice.
pub struct SegmentKey(LessSafeKey);

impl SegmentKey {
    /// Seals what `out` has from `start` on, in place, and appends the tag. If that fails, it removes
    /// what it could not seal.
    pub fn seal_in_place(
        &self,
        frame: u64,
        binding: &[u8],
        out: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), Error> {
        let aad = aws_lc_rs::aead::Aad::from(binding);
        let body = &mut out[start..];
        let Ok(tag) = self.0.seal_in_place_separate_tag(nonce_of(frame), aad, body) else {
            // What could not be sealed must not be written.
            out.truncate(start);
            return Err(Error::Refused);
        };
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens a frame's body in place and returns the plaintext.
    pub fn open_in_place<'b>(
        &self,
        frame: u64,
        binding: &[u8],
        body: &'b mut [u8],
    ) -> Result<&'b mut [u8], Error> {
        let aad = aws_lc_rs::aead::Aad::from(binding);
        self.0.open_in_place(nonce_of(frame), aad, body).map_err(|_| Error::Refused)
    }
}

fn nonce_of(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}
