#![forbid(unsafe_code)]
pub mod client;
pub mod clock;
pub mod config;
pub mod gateway;
pub mod mail;
pub mod net;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
