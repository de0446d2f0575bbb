//! Profiles: what each user says about himself or herself, each field for nobody, for named people and
//! groups, or for everybody inside; and the directory that shows each reader what is for that reader.
//!
//! | row | sealed for |
//! | --- | --- |
//! | the fields, whom each is for, the picture | their owner |
//! | a copy of the fields that one reader sees, and one of the picture | that reader: a person, a group, everybody inside |
//!
//! The copies are those of shared contacts (`contacts/shared.rs`): whatever a reader asks is answered from
//! copies that open with the reader's own keys, and never from the owner's row. The server decides as well,
//! at each request: a copy for a group is read only while both its reader and its owner are in the group,
//! and nothing is read of somebody whom the reader may not see
//! (`docs/decisions/0023-profiles.md`).

pub mod fields;
pub mod own;
pub mod people;
mod reading;
mod sealing;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod readers_tests;
#[cfg(test)]
mod tests;
