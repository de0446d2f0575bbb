//! What the daemon reports about messages and accounts: notices to inside users, confirmations to
//! outsiders.

mod account;
pub(in crate::gateway) mod confirmation;
pub(in crate::gateway) mod notice;
mod quota;
pub(in crate::gateway) mod report;
