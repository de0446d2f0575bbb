//! Accounts, with their credentials, sessions and preferences.

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
    /// Whether the account may see and change settings for all; it can open nobody's mail.
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
    /// An app password, which may only read and send mail.
    App,
    Passkey,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    pub kind: CredentialKind,
    pub wrapped_unlock: Vec<u8>,
    pub created: Timestamp,
    /// The owner's name for it; empty if there is only one of its kind.
    pub label: String,
    pub last_used: Option<Timestamp>,
    pub passkey: Option<PasskeyRecord>,
}

/// The data against which a passkey's responses are verified.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasskeyRecord {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
}

/// Two-step verification by TOTP codes (RFC 6238).
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpRecord {
    /// Sealed under the account's own keys, so it opens only with the password.
    pub sealed_secret: Vec<u8>,
    /// False until one code was confirmed.
    pub on: bool,
    /// The time step of the last code that was used: no code is valid twice.
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
    /// When the password was last confirmed in it.
    pub confirmed: Timestamp,
    /// The kind of the credential that opened it.
    pub by: CredentialKind,
    pub credential: [u8; 16],
}

/// The key of a session's record: the hash of its token.
#[derive(Serialize, Deserialize)]
pub struct SessionRef(pub [u8; 32]);

/// The preferences of an account; `None` follows the system.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Preferences {
    pub undo_secs: Option<u32>,
    pub choice: Option<Choice>,
    pub last_interaction: Option<LastInteraction>,
    pub confirm_outside: Option<ConfirmOutside>,
    /// The language of the pages, in which mail to this user is written.
    pub language: Option<Language>,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Meta {
    /// The account that was created first.
    pub first_account: Option<AccountId>,
}
