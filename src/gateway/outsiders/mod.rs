//! Temporary accounts for outsiders, and the notifications of waiting messages.

pub mod expiry;
pub mod notification;
pub mod pickup;
pub mod temporary;
