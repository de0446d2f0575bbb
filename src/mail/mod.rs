//! Mail vocabulary and grammar: pure, without a server in it.
//!
//! Text from outside becomes one of these types once, at the edge; after that there is no
//! string to doubt. The libraries that read whole messages stand behind strict parsers of our
//! own (`header`, `mime_guard`), so that we and every later reader see the same message.

pub mod address;
pub mod auto_response;
pub mod compose;
pub mod dsn;
pub mod envelope;
pub mod header;
pub mod mdn;
pub mod message;
pub mod mime_guard;
pub mod notice_text;
pub mod notification;
mod notification_text;
pub mod reference;
pub mod reply;
pub mod sanitize;
pub mod status;
pub mod trace;
pub mod words;
