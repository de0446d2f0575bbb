//! All records of the store, and their tables. The records of every feature are declared here,
//! below all features, so that no feature depends on another's file.

pub mod account;
pub mod audit;
pub mod ids;
pub mod mailbox;
pub mod message;
pub(in crate::gateway) mod numbers;
pub mod policy;
pub mod queue;
pub(in crate::gateway) mod sealed_form;
pub mod search;
pub mod site;
pub mod submission;
pub(in crate::gateway) mod tables;
pub mod temporary;

#[cfg(test)]
mod fixtures_tests;
#[cfg(test)]
mod samples_tests;
