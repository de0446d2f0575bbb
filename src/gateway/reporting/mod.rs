//! Reports about messages: notices to users inside, confirmations to senders outside.

pub(in crate::gateway) mod confirmation;
pub(in crate::gateway) mod notice;
