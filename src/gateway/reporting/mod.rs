//! What the daemon reports about messages and accounts: notices to inside users, confirmations to
//! outsiders.

mod account;
mod codes;
pub(in crate::gateway) mod confirmation;
pub(in crate::gateway) mod notice;
mod plain;
mod quota;
pub(in crate::gateway) mod report;
