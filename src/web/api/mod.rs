//! The API, one file for each noun. JSON with camelCase names; times are RFC 3339 in UTC.

pub mod appearance;
pub mod change;
pub mod credential;
pub mod draft;
pub mod event;
pub mod filter;
pub mod label;
pub mod mailbox;
pub mod manage;
pub mod message;
pub mod passkey;
pub mod preference;
pub mod search;
pub mod session;
pub mod submission;
pub mod temporary;
mod view;

use utoipa::IntoResponses;

/// Done, and there is nothing to tell.
#[derive(IntoResponses)]
pub enum Done {
    /// Done.
    #[response(status = 204)]
    #[expect(dead_code, reason = "documents an answer without a body")]
    NoContent,
}
