//! The web edge: HTTPS for browsers and scripts. It turns requests into gateway calls and their
//! results into JSON; it makes no decisions of its own.
//!
//! | file | purpose |
//! | --- | --- |
//! | `server` | listeners, TLS, HTTP/1.1 and HTTP/2, limits, the drain; `timeout`, `activity`, `sent`, `ledger`: stalled and idle peers, and those that ask nothing; `redirect`: plain HTTP |
//! | `state` | what all requests share, and how the core is called; `asker`, `memory`: whose share of the memory a request takes |
//! | `router` | the list of routes, and the OpenAPI document generated from it |
//! | `site_name` | which site a request is for, and whether that is this one |
//! | `dpop`, `replay`, `auth` | authentication: a signed request (RFC 9449), accepted once, in a live session |
//! | `api` | the API, one file for each resource |
//! | `ticket`, `download`, `view` | short-lived links: to downloads (`stream`, `archive`), and to HTML mail in its own frame |
//! | `attempts` | slowing down password guessing |
//! | `assets` | the browser UI, embedded |
//! | `body`, `error`, `headers` | limits on request bodies; the table of error responses; response headers |
//!
//! Invariants: no cookie is ever set or read; a token is useless without its key; no key is held
//! between requests; no log contains a ticket, a token or a proof.

mod activity;
mod api;
mod archive;
mod asker;
mod assets;
mod attempts;
mod auth;
mod body;
#[cfg(test)]
mod document;
mod download;
mod dpop;
mod error;
mod headers;
mod ledger;
mod memory;
mod redirect;
mod replay;
mod room;
mod router;
mod sent;
pub mod server;
mod site_name;
mod state;
mod stream;
mod ticket;
mod timeout;
mod view;
