//! The outbound queue and the status lines that follow from it. Nothing here opens a connection.

pub mod admin;
pub mod attempt;
pub mod delivery;
pub mod generated;
pub mod rows;
pub mod tls_policy;
