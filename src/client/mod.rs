//! A small client of the public HTTPS API, for scripts and tests. It makes the same requests as
//! the browser, with proofs signed by a key that lives as long as the client (RFC 9449).

mod boards;
mod calendar;
mod chat;
pub mod cli;
mod contacts;
pub mod groups;
mod http;
mod problem;
mod profiles;
mod proof;
mod search;
pub mod sending;
mod session;
mod text;
mod vouching;

pub use problem::Error;
pub use session::{Client, Item, Sender};
