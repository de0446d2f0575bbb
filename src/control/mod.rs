//! Administration: commands over a Unix socket in the data folder.
//!
//! Each connection carries one request and its answer, as lines of JSON; a long-running command
//! (verify) sends progress lines before its answer, and a backup its octets. Only the user that the daemon runs as, and
//! root, can reach the socket: its mode is 0600, in a folder of mode 0700. When no daemon is
//! running, the command line calls the same [`handle`] on a store that it opened itself.

mod board;
pub mod client;
mod handle;
mod outgoing;
mod protocol;
mod server;
mod user;

pub use handle::handle;
pub use protocol::{
    Answer, IMPORT_OCTETS_MAX, Limit, NewUser, Output, QueueRow, Request, SOCKET_NAME,
    TemporaryRow, UserRow,
};
pub use server::{bind, serve};
