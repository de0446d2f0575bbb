//! What managers see and change for everybody, one file for each subject. None of it opens
//! anything of anybody: a manager reads names, times, states and settings.

pub mod diagnostics;
pub mod log;
pub mod policy;
pub mod queue;
pub mod site;
pub mod temporary;
pub mod users;
