//! Work that the clock starts: each job wakes on a signal or a timer, takes no input, re-reads
//! the store and does a bounded amount. Running one twice does no harm.

mod release;

pub use release::run as release;
