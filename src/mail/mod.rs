//! Mail vocabulary and grammar: pure, without a server in it.
//!
//! Text from outside becomes one of these types once, at the edge; after that there is no
//! string to doubt. The libraries that read whole messages stand behind fences of our own
//! (`header`, `mime_fence`), so that we and whoever reads after us see the same message.

pub mod address;
pub mod answer;
pub mod compose;
pub mod dsn;
pub mod envelope;
pub mod header;
pub mod mdn;
pub mod message;
pub mod mime_fence;
pub mod notice;
mod notice_words;
pub mod reference;
pub mod reply;
pub mod sanitize;
pub mod status;
pub mod trace;
pub mod words;
