//! Users who are removed, and names and addresses that come and go.

pub mod addresses;
pub mod user;
