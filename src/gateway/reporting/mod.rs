//! What the daemon reports about messages: notices to inside users, confirmations to outsiders.

pub(in crate::gateway) mod confirmation;
pub(in crate::gateway) mod notice;
mod quota;
