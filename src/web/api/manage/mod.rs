//! What managers can see and change for the whole site, one file for each subject. None of it
//! gives access to any user's mail: a manager sees names, times, states and settings.

pub mod boards;
pub mod diagnostics;
pub mod log;
pub mod policy;
pub mod queue;
pub mod removal;
pub mod site;
pub mod temporary;
pub mod users;
