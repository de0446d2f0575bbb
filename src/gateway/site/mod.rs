//! Site-wide settings: what managers set, and the policy for outgoing mail.

pub mod policy;
pub mod settings;
