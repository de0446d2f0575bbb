//! The outbound queue and the deliveries' status lines. Nothing here opens a connection.

pub mod admin;
pub mod attempt;
pub mod delivery;
pub mod generated;
pub mod rows;
pub mod tls_policy;
