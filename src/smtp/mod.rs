//! The SMTP server to which other mail servers relay (RFC 5321 and extensions).
//!
//! | file | what it is |
//! | --- | --- |
//! | `server` | connections: permits, STARTTLS between two sessions, the drain |
//! | `shared` | the state that all sessions of one service share |
//! | `session` | one session: its state, reading and writing |
//! | `dialogue` | the loop that reads a command and replies |
//! | `transaction` | DATA and BDAT, and the steps after the last octet |
//! | `body` | a message that is being received, and its minimum rate |
//! | `lines` | the strict parser of command lines |
//! | `command` | a line that passed → a typed command, by smtp-proto |
//! | `data` | octets on the wire → a message: framing, dots, line ends, limits |
//! | `budget` | one memory budget for all messages that are being received |
//! | `reply` | all replies, and the reply to each error |
//!
//! Nothing is decided here: the gateway decides which recipients are accepted and what happens to a
//! message. A `250` after the last octet is sent only when the message is durable.
//!
//! Deliberately absent: AUTH (submission has its own listener), BINARYMIME (a message consists of
//! lines), relaying.

mod body;
pub mod budget;
pub mod command;
pub mod data;
mod dialogue;
pub mod lines;
pub mod reply;
pub mod server;
pub mod session;
pub mod shared;
mod transaction;
pub mod verify;

pub use server::Server;
pub use session::{End, Session};
