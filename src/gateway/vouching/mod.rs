//! Vouching: attestations between people inside, and signatures on the messages that they send.
//!
//! ```text
//! ask → compare the fingerprint → attest            statement: who, whom, both keys, how, when
//!                                  │
//!            register of the voucher (given), register of the other (received), each numbered and
//!            signed in its owner's session: what is on neither list is not in force, and what is on
//!            a list and not there was left out
//!                                  │
//! a message signed by the other carries copies of the attestations in force
//! ```
//!
//! Nothing here believes a record: each statement is verified with the key that it names, the key is
//! compared with the one that the reader knows, and the registers say what is in force. What a server
//! can still do is in `docs/decisions/0015-signing-and-vouching.md`.

pub mod attest;
pub mod colleague;
pub mod fingerprint;
pub(in crate::gateway) mod grouping;
pub(in crate::gateway) mod hashed;
pub(in crate::gateway) mod notice;
pub mod overview;
pub(in crate::gateway) mod party;
pub(in crate::gateway) mod register;
pub mod request;
pub mod signature;
pub mod standing;
pub mod statement;

#[cfg(test)]
mod tests;
