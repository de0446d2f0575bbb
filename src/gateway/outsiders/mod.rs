//! Temporary accounts for outsiders, and how outsiders are notified of a waiting message.

pub mod again;
pub mod asking;
pub mod clearing;
pub mod expiry;
pub mod notification;
pub mod pickup;
pub mod temporary;
