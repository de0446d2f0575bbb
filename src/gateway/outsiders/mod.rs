//! Temporary accounts for people outside, and how they learn of a message that waits.

pub mod expiry;
pub mod notification;
pub mod pickup;
pub mod temporary;
