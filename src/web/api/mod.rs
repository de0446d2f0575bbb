//! The API, one file for each resource. Bodies are JSON with camelCase names; times are in RFC 3339
//! format, in UTC.

pub mod appearance;
pub mod attached;
pub mod board;
pub mod browser;
pub mod change;
pub mod contact;
pub mod contact_book;
pub mod contact_fields;
pub mod contact_file;
pub mod contact_request;
pub mod contact_share;
pub mod conversation;
pub mod credential;
pub mod directory;
pub mod draft;
mod entry_fields;
pub mod event;
pub mod filter;
pub mod group;
pub mod group_member;
pub mod group_voucher;
pub mod label;
pub mod link;
pub mod mailbox;
pub mod manage;
pub mod meeting;
pub mod message;
pub mod notice;
pub mod passkey;
mod photo;
pub mod post;
pub mod preference;
pub mod profile;
mod readable;
pub mod role;
pub mod room;
pub mod room_file;
pub mod room_find;
pub mod room_line;
pub mod room_request;
pub mod schedule;
pub mod search;
pub mod session;
pub mod submission;
mod tag;
pub mod temporary;
mod view;
pub mod vouching;

use utoipa::IntoResponses;

/// The response without a body, for a request that succeeded.
#[derive(IntoResponses)]
pub enum Done {
    /// Done.
    #[response(status = 204)]
    #[expect(dead_code, reason = "documents a response without a body")]
    NoContent,
}
