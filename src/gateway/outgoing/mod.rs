//! Outgoing mail: drafts, the plan for each recipient, consent, storing, undo send.

pub mod awaited;
pub(in crate::gateway) mod compose;
pub mod consent;
pub mod draft;
pub mod pack;
pub mod plan;
pub(in crate::gateway) mod sealed_thread;
pub(in crate::gateway) mod sender;
pub mod submission;
pub mod submit;
pub(in crate::gateway) mod undo_send;
