//! The administrator's door: commands over a unix socket in the data folder.
//!
//! One request and its answer for each connection, as lines of JSON; a long one (verify) sends
//! progress lines before its answer. Only the user the daemon runs as, and root, can reach the
//! socket: its mode is 0600 in a folder of mode 0700. The same [`handle`] serves the command
//! line when no daemon runs, on a store that it opened itself.

pub mod client;
mod handle;
mod outgoing;
mod protocol;
mod server;
mod user;

pub use handle::handle;
pub use protocol::{Answer, NewUser, QueueRow, Request, SOCKET_NAME, TemporaryRow, UserRow};
pub use server::serve;
