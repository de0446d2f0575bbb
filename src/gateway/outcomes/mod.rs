//! The outcomes of a message: read or rejected by its reader, delivered or failed at the relay.

pub mod reading;
pub mod relaying;
