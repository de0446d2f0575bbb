//! Accounts, what opens them, their sessions, and what they set for themselves.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::AccountId;
use crate::terms::{AcceptFrom, Choice, ConfirmOutside, Language, LastInteraction};
use crate::vault::passkey::PublicKey;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub display_name: String,
    /// Normalised forms; the first is the account's own address.
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub accept_from: AcceptFrom,
    pub created: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    pub last_interaction: Option<Timestamp>,
    /// May see and change what concerns everybody; opens nothing of anybody.
    pub manager: bool,
}

#[derive(Serialize, Deserialize)]
pub struct AccountKeys {
    pub public: Vec<u8>,
    pub sealed_private: Vec<u8>,
}

/// The account a login name or an address belongs to.
#[derive(Serialize, Deserialize)]
pub struct Owner(pub AccountId);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialKind {
    Password,
    Recovery,
    /// A program's own password, which reads and sends mail and no more.
    App,
    Passkey,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    pub kind: CredentialKind,
    pub wrapped_unlock: Vec<u8>,
    pub created: Timestamp,
    /// What its owner calls it; empty where there is only one of a kind.
    pub label: String,
    pub last_used: Option<Timestamp>,
    pub passkey: Option<PasskeyRecord>,
}

/// What a passkey's answers are checked against.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasskeyRecord {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
}

/// The codes that a sign-in by password needs besides (RFC 6238).
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpRecord {
    /// Opens with the account's own keys, so with the password.
    pub sealed_secret: Vec<u8>,
    /// Not before one code was shown to work.
    pub on: bool,
    /// The step of the last code that was taken: none is good twice.
    pub last_step: u64,
}

#[derive(Serialize, Deserialize)]
pub struct Session {
    pub id: [u8; 16],
    pub account: AccountId,
    pub key_thumbprint: String,
    pub agent: String,
    pub peer: String,
    pub created: Timestamp,
    pub last_used: Timestamp,
    pub idle_secs: i64,
    pub ends: Timestamp,
    pub previous_sign_in: Option<Timestamp>,
    pub wrapped_unlock: Vec<u8>,
    /// When the password was last said in it.
    pub confirmed: Timestamp,
    /// What it was opened with, and with which of them.
    pub by: CredentialKind,
    pub credential: [u8; 16],
}

/// Where a session's record is: under the hash of its token.
#[derive(Serialize, Deserialize)]
pub struct SessionRef(pub [u8; 32]);

/// What an account set for itself; `None` follows the system.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Preferences {
    pub undo_secs: Option<u32>,
    pub choice: Option<Choice>,
    pub last_interaction: Option<LastInteraction>,
    pub confirm_outside: Option<ConfirmOutside>,
    /// The language of the pages, for what is written to this person or in their name.
    pub language: Option<Language>,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Meta {
    /// The account made first.
    pub first_account: Option<AccountId>,
}
