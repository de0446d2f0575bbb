//! Accounts, their credentials, their sessions, and their preferences.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::AccountId;
use crate::terms::{
    AcceptFrom, AccountChange, Choice, ConfirmOutside, Confirmations, Language, LastInteraction,
};
use crate::vault::passkey;
use crate::vault::{NewAccountKeys, PublicKey};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub display_name: String,
    /// In normalised form; the first is the account's own address.
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub accept_from: AcceptFrom,
    pub created: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    pub last_interaction: Option<Timestamp>,
    /// May view and change site-wide settings; opens no one else's data.
    pub manager: bool,
    /// Somebody else chose the password: its owner chooses another before anything else.
    pub must_choose: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountV1 {
    name: String,
    display_name: String,
    addresses: Vec<String>,
    disabled: bool,
    accept_from: AcceptFrom,
    created: Timestamp,
    last_sign_in: Option<Timestamp>,
    last_interaction: Option<Timestamp>,
    manager: bool,
}

impl From<AccountV1> for Account {
    /// It is not known who chose the passwords of the accounts that were there before.
    fn from(old: AccountV1) -> Account {
        Account {
            name: old.name,
            display_name: old.display_name,
            addresses: old.addresses,
            disabled: old.disabled,
            accept_from: old.accept_from,
            created: old.created,
            last_sign_in: old.last_sign_in,
            last_interaction: old.last_interaction,
            manager: old.manager,
            must_choose: false,
        }
    }
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKeys {
    #[serde(with = "serde_bytes")]
    pub public: Vec<u8>,
    /// How often the keys were renewed.
    pub number: u32,
    #[serde(with = "serde_bytes")]
    pub sealed_private: Vec<u8>,
}

impl AccountKeys {
    pub(in crate::gateway) fn new(keys: &NewAccountKeys) -> AccountKeys {
        let PublicKey { octets, number } = keys.public.clone();
        AccountKeys { public: octets, number, sealed_private: keys.sealed_private.clone() }
    }

    pub(in crate::gateway) fn public_key(&self) -> PublicKey {
        PublicKey { octets: self.public.clone(), number: self.number }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountKeysV1 {
    #[serde(with = "serde_bytes")]
    public: Vec<u8>,
    #[serde(with = "serde_bytes")]
    sealed_private: Vec<u8>,
}

impl From<AccountKeysV1> for AccountKeys {
    fn from(AccountKeysV1 { public, sealed_private }: AccountKeysV1) -> AccountKeys {
        AccountKeys { public, number: 0, sealed_private }
    }
}

/// The account that a login name or an address belongs to.
#[derive(Serialize, Deserialize)]
pub struct Owner(pub AccountId);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialKind {
    Password,
    Recovery,
    /// An app password, which may only handle mail.
    App,
    Passkey,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    pub kind: CredentialKind,
    #[serde(with = "serde_bytes")]
    pub wrapped_unlock: Vec<u8>,
    pub created: Timestamp,
    /// The owner's name for it; empty where there is only one of a kind.
    pub label: String,
    pub last_used: Option<Timestamp>,
    pub passkey: Option<PasskeyRecord>,
}

/// What a passkey's assertions are verified against.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasskeyRecord {
    #[serde(with = "serde_bytes")]
    pub credential_id: Vec<u8>,
    pub public_key: passkey::PublicKey,
    pub sign_count: u32,
}

/// The TOTP codes that a sign-in by password requires in addition (RFC 6238).
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpRecord {
    /// Opens with the account's own keys, and so with the password.
    #[serde(with = "serde_bytes")]
    pub sealed_secret: Vec<u8>,
    /// Set only after a first code was verified.
    pub on: bool,
    /// The time step of the last accepted code: no code is accepted twice.
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
    #[serde(with = "serde_bytes")]
    pub wrapped_unlock: Vec<u8>,
    /// When the password was last entered in the session.
    pub confirmed: Timestamp,
    /// The kind of credential that opened the session; `credential` is its ID.
    pub by: CredentialKind,
    pub credential: [u8; 16],
}

/// Where a session's record is stored: under the hash of its token.
#[derive(Serialize, Deserialize)]
pub struct SessionRef(pub [u8; 32]);

/// A browser that the owner of an account signed in from, under the keyed hash of its key's
/// thumbprint.
#[derive(Clone, Serialize, Deserialize)]
pub struct KnownBrowser {
    /// Its User-Agent header.
    pub agent: String,
    pub since: Timestamp,
    pub last_sign_in: Timestamp,
    /// The session that it was given last.
    pub session: [u8; 16],
}

/// The settings that an account chose for itself; `None` follows the site's setting.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Preferences {
    pub undo_secs: Option<u32>,
    pub choice: Option<Choice>,
    pub last_interaction: Option<LastInteraction>,
    pub confirm_outside: Option<ConfirmOutside>,
    /// The language of the pages, for mail written to this person or in their name.
    pub language: Option<Language>,
    pub confirmations: Option<Confirmations>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PreferencesV1 {
    undo_secs: Option<u32>,
    choice: Option<Choice>,
    last_interaction: Option<LastInteraction>,
    confirm_outside: Option<ConfirmOutside>,
    language: Option<Language>,
}

impl From<PreferencesV1> for Preferences {
    fn from(old: PreferencesV1) -> Preferences {
        Preferences {
            undo_secs: old.undo_secs,
            choice: old.choice,
            last_interaction: old.last_interaction,
            confirm_outside: old.confirm_outside,
            language: old.language,
            confirmations: None,
        }
    }
}

/// A change of what opens an account, of which its owner is still to be told.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccountNews {
    pub change: AccountChange,
    pub at: Timestamp,
    /// The network address; `None` for a command on the server itself.
    pub from: Option<String>,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Meta {
    /// The account created first.
    pub first_account: Option<AccountId>,
}

/// A user who is being removed: what opened the account is destroyed, and what is left of it goes in
/// steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    pub since: Timestamp,
    /// The account's own address, which notices to senders name.
    pub address: String,
}

/// Until when nobody gets a login name or an address that somebody else had, under its keyed hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldName {
    pub until: Timestamp,
    /// The account that had it, which may have it back.
    pub of: AccountId,
}

/// How many codes in a row were tried at an account, and none was right; beyond the limit, what is known
/// of the stop (`accounts::code_failures`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeFailures {
    pub count: u32,
    pub last: Timestamp,
}
