//! The web edge: HTTPS for browsers and scripts. It turns requests into calls of the gateway and
//! answers into JSON; it decides nothing.
//!
//! | file | what it is |
//! | --- | --- |
//! | `server` | listeners, TLS, HTTP/1.1 and HTTP/2, limits, the drain; `patience`: timeouts; `redirect`: plain HTTP |
//! | `state` | what every request shares, and how the core is called; `streams`: how many are open |
//! | `router` | the index of routes, and the OpenAPI document made from it |
//! | `dpop`, `replay`, `auth` | who asks: a signed request (RFC 9449), never twice, a living session |
//! | `api` | one file for each noun |
//! | `ticket`, `download`, `view` | links for a minute: octets (`stream`, `archive`), and HTML mail in its own frame |
//! | `attempts` | slowing down who guesses passwords |
//! | `assets` | the browser UI, embedded |
//! | `body`, `error`, `headers` | limits on what is read; one table of answers; headers |
//!
//! What must hold: no cookie is ever set or read; a token without its key answers nothing;
//! no key is held between requests; no log names a ticket, a token or a proof.

mod api;
mod archive;
mod assets;
mod attempts;
mod auth;
mod body;
mod download;
mod dpop;
mod error;
mod headers;
mod redirect;
mod replay;
mod router;
pub mod server;
mod state;
mod stream;
mod streams;
mod ticket;
mod timeout;
mod view;
