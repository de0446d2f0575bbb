//! Sockets: accepting connections within limits, TLS with a certificate that can be replaced while
//! it is in use, throttling of failed logins, and blocking work off the async threads.
//!
//! | file | what it is |
//! | --- | --- |
//! | `authority` | the host and the port that a request is for |
//! | `listen` | listeners (ours or systemd's), permits, the accept loop, the drain |
//! | `tls` | the certificate and its reload, the TLS configuration, the handshake |
//! | `dns` | mail hosts, addresses and other DNS records |
//! | `remote_image` | fetches and re-encodes remote images |
//! | `shares` | a limited amount of octets, turns or places, with a share for each holder |
//! | `failures`, `throttle` | what is known of each caller that failed; how long it has to wait |
//! | `throttles` | the folder in which failed sign-ins survive a restart |
//! | `work` | runs blocking work off the async threads |

pub mod authority;
pub mod byte_range;
pub mod dns;
pub mod failures;
pub mod listen;
pub mod remote_image;
pub mod shares;
pub mod throttle;
pub mod throttles;
pub mod tls;
pub mod work;

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a listener, a certificate or TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the listener {name:?} handed over by systemd cannot be used: {source}")]
    Handed { name: String, source: std::io::Error },
    #[error("{}: {what}", path.display())]
    Certificate { path: PathBuf, what: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
