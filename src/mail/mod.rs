//! Mail types and grammar: pure functions, without any I/O.
//!
//! Text from outside is parsed into one of these types once, at the edge; after that no unchecked
//! string is passed on. The libraries that parse whole messages are behind our own guards
//! (`header`, `mime_guard`), so that we and every later reader interpret a message alike.

pub mod account_text;
pub mod address;
pub mod alike;
pub mod attachable;
pub mod auto_response;
pub mod cards;
pub mod chat_text;
mod cms;
mod code_page;
pub mod codes_text;
pub mod compose;
pub mod contact_text;
pub mod contacts;
mod date;
pub mod dsn;
pub mod envelope;
pub mod header;
mod isolate;
pub mod mailboxes;
pub mod mbox;
pub mod mdn;
pub mod message;
pub mod mime_guard;
pub mod notice_detail;
pub mod notice_many;
pub mod notice_text;
pub mod notification;
mod notification_text;
pub mod picture;
pub mod plain;
pub mod quotation;
pub mod reference;
pub mod reply;
pub mod results;
mod rtf;
pub mod sanitize;
pub mod schedule;
pub mod schedule_text;
pub mod sound;
pub mod spf;
pub mod status;
pub mod tnef;
pub mod trace;
mod unpacked;
mod uuencode;
pub mod vouching_text;
pub mod warnings;
pub mod words;
