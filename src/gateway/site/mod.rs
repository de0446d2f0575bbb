//! The settings of the whole site, and the policy for outgoing mail.

pub mod policy;
pub mod settings;
