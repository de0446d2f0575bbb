//! When somebody is given a notice of what happened in chats and on boards, what it says, and the other
//! address to which it goes as well.

pub mod address;
pub mod due;
pub mod mailed;
pub mod terms;
pub(in crate::gateway) mod waiting;

#[cfg(test)]
mod address_tests;
