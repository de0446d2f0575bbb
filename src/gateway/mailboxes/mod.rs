//! Mailboxes and the messages in them: sealed, filed, listed, changed, and deleted in time.
//!
//! Everything that ends up in a mailbox is stored by `sealed_message`, whatever its source.

pub mod content;
pub(in crate::gateway) mod conversation;
pub mod correspondents;
pub mod entry;
pub mod epoch;
pub(in crate::gateway) mod filing;
pub mod filter;
pub mod flags;
pub mod grouping;
pub(in crate::gateway) mod holders;
pub mod import;
pub(in crate::gateway) mod indexing;
pub mod item;
pub mod label;
pub mod list;
pub mod mailbox;
pub(in crate::gateway) mod owed;
pub mod reading;
pub mod retention;
pub mod sealed_message;
pub mod standing;
pub(in crate::gateway) mod summary;
