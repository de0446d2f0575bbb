//! Inbound SMTP: the listener for other mail servers (RFC 5321 and extensions).
//!
//! | file | what it is |
//! | --- | --- |
//! | `server` | connections: permits, STARTTLS between two sessions, the drain |
//! | `shared` | what every session of one service shares |
//! | `session` | one session: its state, its input and its output |
//! | `dialogue` | the loop that reads a command and replies to it |
//! | `transaction` | DATA and BDAT, and what follows the last octet |
//! | `body` | a message while it is received, and the minimum rate |
//! | `lines` | the strict parser that decides which command lines are accepted at all |
//! | `command` | an accepted line → a typed command, by smtp-proto |
//! | `data` | octets on the wire → a message: framing, dots, line ends, limits |
//! | `budget` | one memory budget for all messages that are being received |
//! | `reply` | every reply, and which reply a peer gets for which error |
//! | `verify` | SPF, DKIM and DMARC checks |
//! | `spf` | SPF by itself: the library's records are too lenient |
//! | `dns_records` | rules for the records that these checks ask for |
//! | `judge` | what these checks mean: refused, or taken and marked |
//!
//! Nothing else is decided here: the gateway decides which recipients are valid and what becomes of
//! a message. A `250` after the last octet is sent only when the message is durable.
//!
//! Deliberately absent: AUTH (submission has its own listener), BINARYMIME (a message consists of
//! lines), relaying.

mod body;
pub mod budget;
pub mod command;
pub mod data;
mod dialogue;
mod dns_records;
mod judge;
pub mod lines;
pub mod reply;
pub mod server;
pub mod session;
pub mod shared;
mod spf;
mod transaction;
pub mod verify;

pub use server::Server;
pub use session::{End, Session};
