//! A message's outcome: read or rejected by its reader, delivered or failed on its way out.

pub mod reading;
pub mod relaying;
pub mod role_end;
