//! SMTP in: the door that other mail servers knock at (RFC 5321 and extensions).
//!
//! | file | what it is |
//! | --- | --- |
//! | `server` | connections: permits, STARTTLS between two sessions, the drain |
//! | `shared` | what every session of one service shares |
//! | `session` | one conversation: its state, and how octets come and go |
//! | `dialogue` | the loop that reads a command and answers it |
//! | `transaction` | DATA and BDAT, and what follows the last octet |
//! | `body` | a message as it comes in, and how fast it must come |
//! | `gate` | which command lines are looked at at all |
//! | `command` | a line that passed → a typed command, by smtp-proto |
//! | `data` | octets on the wire → a message: framing, dots, line ends, limits |
//! | `budget` | one memory budget for all messages that are coming in |
//! | `reply` | every reply, and what an error means to a peer |
//!
//! Nothing is decided here: who may be written to and what becomes of a message is the
//! gateway's business. A `250` after the last octet is sent only when the message is durable.
//!
//! Deliberately absent: AUTH (submission is another door), BINARYMIME (a message consists of
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
