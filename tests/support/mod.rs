//! What the end-to-end tests share: the real daemon, a strict SMTP client, a sink, a private
//! Postfix, the message fixtures, and a searcher for secrets at rest.
//!
//! Everything runs on loopback, on ports that the system chose, in temporary folders, and is ended
//! by its own process ID when the value goes out of scope. Every wait is for a condition, with a
//! deadline.
#![allow(dead_code)] // every test binary includes the whole module and uses a part of it

pub mod browser;

pub mod daemon;
pub mod day;
pub mod deployment;
pub mod dump;
pub mod http2;
pub mod https;
pub mod lies;
pub mod messages;
pub mod network;
pub mod postfix;
pub mod search;
pub mod sink;
pub mod site;
pub mod smtp;
pub mod tls;

#[path = "../../fixtures/hostile/mod.rs"]
pub mod hostile;

use std::time::{Duration, Instant};

/// Calls `check` until it returns a value; panics with `what` if that takes longer than `limit`.
pub fn wait_for<T>(what: &str, limit: Duration, mut check: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(Instant::now() < end, "gave up after {limit:?} waiting for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns twenty random lower-case letters and digits, which do not occur anywhere by chance.
pub fn token() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 20];
    aws_lc_rs::rand::fill(&mut random).expect("the system's generator answers");
    random.iter().map(|b| ALPHABET[usize::from(b & 31)] as char).collect()
}
