//! Postern: a secure mail gateway in one daemon.
//!
//! Other mail servers relay to its SMTP front door; people read or reject what arrived in a
//! browser; everything rests sealed in one store, keyed by reference numbers that sender and
//! recipient both see. `docs/architecture.md` is the map; the modules below are in the order
//! in which a newcomer may want to read them.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod clock;
pub mod mail;
pub mod telemetry;
pub mod terms;

pub mod config;

pub mod net;
pub mod vault;

pub mod store;

pub mod gateway;

pub mod relay;
pub mod smtp;
pub mod web;

pub mod jobs;

pub mod client;
pub mod control;
pub mod daemon;
