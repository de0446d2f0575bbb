//! Postern: a secure mail gateway in one daemon.
//!
//! Other mail servers relay to its SMTP listener; users read or reject the messages in a browser;
//! everything is stored sealed in one store, keyed by reference numbers that sender and recipient
//! both see. `docs/architecture.md` is the overview; the modules below are listed in the order in
//! which a newcomer may want to read them.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod clock;
pub mod mail;
pub mod telemetry;
pub mod terms;
pub mod wipe;

pub mod config;

pub mod net;
pub mod vault;

pub mod store;

pub mod gateway;

pub mod relay;
pub mod smtp;
pub mod web;

pub mod jobs;
pub mod metrics;

pub mod client;
pub mod control;
pub mod daemon;
