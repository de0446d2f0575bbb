//! What the daemon tells people about their messages: notices inside, confirmations outside.

pub(in crate::gateway) mod confirmation;
pub(in crate::gateway) mod notice;
