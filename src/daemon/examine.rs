//! `postern check-config`: looks at everything that the daemon would need to start, and names all
//! that is wrong with it, not only the first.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use rustix::fs::statvfs;

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Config};
use crate::net::dns::Resolver;
use crate::net::remote_image;
use crate::net::tls::Identity;
use crate::{control, relay};

use super::credentials;
use super::ports::is_held_by_systemd;

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    pub what: &'static str,
    pub found: Found,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Good(String),
    /// The daemon starts, but something will not work as it should.
    Doubtful(String),
    /// The daemon does not start.
    Wrong(String),
}

impl fmt::Display for Examined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, text) = match &self.found {
            Found::Good(text) => ("ok", text),
            Found::Doubtful(text) => ("warning", text),
            Found::Wrong(text) => ("WRONG", text),
        };
        write!(f, "{sign:<8} {:<17} {text}", self.what)
    }
}

/// Looks at everything that a configuration names. Ports are not tried while a daemon with the same
/// data folder runs, because it has them.
pub fn examine(config: &Config) -> Vec<Examined> {
    let mut all = Vec::new();
    let mut add = |what, found| all.push(Examined { what, found });
    add("daemon key", daemon_key(&config.server.daemon_key, &config.server.data));
    add("data folder", data_folder(config));
    for found in certificate(config) {
        add("certificate", found);
    }
    add("DNS", dns(&config.dns));
    for error in relay::file_errors(&config.relay, &config.dkim) {
        add("outgoing mail", Found::Wrong(error.to_string()));
    }
    if let Err(error) = remote_image::authorities(&config.images) {
        add("images", Found::Wrong(error.to_string()));
    }
    if control::client::connect(&config.server.data).is_some() {
        add("ports", Found::Good("not tried: the daemon is running".to_owned()));
        return all;
    }
    let ports = [
        ("smtp.listen", &config.smtp.listen),
        ("https.listen", &config.https.listen),
        ("redirect_listen", &config.https.redirect_listen),
        ("metrics_listen", &config.telemetry.metrics_listen),
    ];
    let mut held: Vec<(&str, SocketAddr)> = Vec::new();
    for (what, addresses) in ports {
        for address in addresses {
            let before = held.iter().find(|(_, other)| overlap(*address, *other));
            add(what, before.map_or_else(|| port(*address), |(other, _)| both(*address, other)));
            held.push((what, *address));
        }
    }
    all
}

/// Whether only one listener can have both addresses.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let has_any = |address: SocketAddr| address.ip().is_unspecified();
    one.port() != 0
        && one.port() == other.port()
        && (one.ip() == other.ip() || has_any(one) || has_any(other))
}

fn both(address: SocketAddr, other: &str) -> Found {
    Found::Wrong(format!("{address}: {other} needs the same port of the same address"))
}

fn daemon_key(path: &Path, data: &Path) -> Found {
    if !path.exists() {
        return Found::Wrong(format!("{}: does not exist; run `postern setup`", path.display()));
    }
    let is_within = || {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        real(path).starts_with(real(data))
    };
    match credentials::daemon_key(path) {
        Ok(_) if is_within() => Found::Doubtful(format!(
            "{}: lies in the data folder, so that each copy of the folder has the key too",
            path.display()
        )),
        Ok(_) => Found::Good(path.display().to_string()),
        Err(error) => Found::Wrong(error.to_string()),
    }
}

fn data_folder(config: &Config) -> Found {
    let path = &config.server.data;
    let shown = path.display();
    let space = match statvfs(path) {
        Ok(space) => space,
        Err(error) if error == rustix::io::Errno::NOENT => {
            return Found::Doubtful(format!(
                "{shown}: does not exist yet; `postern setup` creates it"
            ));
        }
        Err(error) => return Found::Wrong(format!("{shown}: {error}")),
    };
    let (free, needed) = ((space.f_bavail * space.f_frsize) >> 20, config.store.free_min_mib);
    match free < needed {
        true => Found::Doubtful(format!(
            "{shown}: {free} MiB are free; new mail is deferred below {needed} (store.free_min_mib)"
        )),
        false => Found::Good(format!("{shown}: {free} MiB are free")),
    }
}

fn certificate(config: &Config) -> Vec<Found> {
    let identity = match Identity::load(&config.tls.certificate, &config.tls.key) {
        Ok(identity) => identity,
        Err(error) => return vec![Found::Wrong(error.to_string())],
    };
    let doubts = certificate_doubts(&identity, config, Clock::System.now());
    if doubts.is_empty() {
        return vec![Found::Good(config.tls.certificate.display().to_string())];
    }
    doubts.into_iter().map(Found::Doubtful).collect()
}

/// Returns what is wrong with a certificate that can be used, each in one sentence.
pub fn certificate_doubts(identity: &Identity, config: &Config, now: Timestamp) -> Vec<String> {
    let public = config.https.public_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    let public = public.as_ref().and_then(|url| url.host_str());
    let mut hosts = vec![config.server.host_name.as_str()];
    hosts.extend(public.filter(|host| *host != config.server.host_name));
    identity.doubts(now.to_utc(), &hosts)
}

fn dns(config: &config::Dns) -> Found {
    if let Err(error) = Resolver::new(config) {
        return Found::Wrong(error.to_string());
    }
    let servers: Vec<String> = config.servers.iter().map(ToString::to_string).collect();
    match servers.is_empty() {
        true => Found::Good("the servers in /etc/resolv.conf".to_owned()),
        false => Found::Good(servers.join(", ")),
    }
}

fn port(address: SocketAddr) -> Found {
    match TcpListener::bind(address) {
        Ok(_) => Found::Good(address.to_string()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Found::Doubtful(format!(
            "{address}: not tried, because only root and the service may listen there"
        )),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => in_use(address),
        Err(error) => Found::Wrong(format!("{address}: {error}")),
    }
}

fn in_use(address: SocketAddr) -> Found {
    match is_held_by_systemd(address.port()) {
        Some(true) => Found::Good(format!("{address}: systemd holds it for the service")),
        Some(false) => Found::Wrong(format!("{address}: another program listens there")),
        None => Found::Doubtful(format!(
            "{address}: in use; only root can see whether systemd holds it for the service"
        )),
    }
}
