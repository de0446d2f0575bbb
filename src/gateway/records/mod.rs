//! Every record in the store, and the tables that hold them. Records depend on no feature: all that
//! a feature stores is declared here, so that no feature depends on another's module.

pub mod account;
pub mod audit;
pub mod board;
pub mod contact;
pub mod group;
pub mod ids;
pub mod keyring;
pub(in crate::gateway) mod keyring_rows;
pub mod mailbox;
pub(in crate::gateway) mod membership;
pub mod message;
pub(in crate::gateway) mod numbers;
pub mod policy;
pub mod profile;
pub mod queue;
pub mod role;
pub mod room;
pub(in crate::gateway) mod room_events;
pub mod schedule;
pub(in crate::gateway) mod sealed_form;
pub mod search;
pub mod site;
pub mod submission;
pub(in crate::gateway) mod tables;
pub mod temporary;
pub mod vouching;

#[cfg(test)]
mod fixtures_tests;
#[cfg(test)]
mod samples_tests;
