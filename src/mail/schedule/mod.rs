//! What an entry of a calendar says, and when it happens: pure rules, without a store.
//!
//! | module | contents |
//! | --- | --- |
//! | `times` | local times, time zones, and what one is in the other |
//! | `days` | the days that a rule of repetition names, within so many steps |
//! | `rule` | rules of repetition: which are taken, and the starts that follow from one |
//! | `fields` | the fields of an entry, and how long each may be |

mod days;
pub mod fields;
pub mod rule;
pub mod times;

pub use fields::{Fields, Limits, PlaceKind, Wrong};

#[cfg(test)]
mod expansion_tests;
#[cfg(test)]
mod oracle_tests;
