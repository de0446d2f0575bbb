//! Accounts, their credentials, their sessions, and their preferences.

pub mod account;
pub(in crate::gateway) mod addressee;
pub mod app_password;
pub mod appearance;
pub mod change;
pub mod chosen;
pub mod claim;
pub mod code_failures;
pub mod directory;
pub(in crate::gateway) mod keys_check;
pub mod known_browser;
pub mod known_key;
pub mod listing;
pub mod log_in;
pub(in crate::gateway) mod names;
pub mod news;
pub mod passkey;
pub mod password;
pub mod preference;
pub mod recovery;
pub mod renewal;
pub mod session;
pub(in crate::gateway) mod session_rows;
pub mod signing;
pub mod totp;
