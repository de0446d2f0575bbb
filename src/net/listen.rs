//! Accepting connections until asked to stop, with one limit in total and one per address.
//!
//! ```text
//! accept → permit? → task (tracked, holds the permit) → the session
//!             no → refused with one line, closed
//! ```
//!
//! An IPv6 customer usually has a whole /64, so a /64 counts as one address.
//!
//! When all places are taken, the connection that has been idle for longest gives up its own, if
//! there is one that says when it is idle.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Error;

/// How many connections there may be at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connections_max: usize,
    pub per_address_max: usize,
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    All,
    Address,
}

/// Counts the connections of one service. Clones share the count.
#[derive(Clone, Debug)]
pub struct Permits {
    limits: Limits,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    /// The connections that may be ended, the idlest first.
    idle: BTreeMap<u64, (SocketAddr, CancellationToken)>,
    idle_at: HashMap<SocketAddr, u64>,
    next: u64,
}

impl Open {
    fn busy(&mut self, peer: SocketAddr) {
        if let Some(at) = self.idle_at.remove(&peer) {
            self.idle.remove(&at);
        }
    }

    /// Ends the idlest connection, if there is one. It holds its permit for a moment longer.
    fn evict(&mut self) -> bool {
        let Some((_, (peer, end))) = self.idle.pop_first() else { return false };
        self.idle_at.remove(&peer);
        end.cancel();
        true
    }
}

/// Permission to hold one connection, returned when dropped.
#[derive(Debug)]
pub struct Permit {
    permits: Permits,
    counted_as: IpAddr,
}

impl Permits {
    pub fn new(limits: Limits) -> Permits {
        Permits { limits, open: Arc::default() }
    }

    /// Takes a permit for a connection from `peer`.
    pub fn take(&self, peer: IpAddr) -> Result<Permit, Full> {
        let counted_as = counted_as(peer);
        let mut open = self.open();
        let here = open.by_address.get(&counted_as).copied().unwrap_or_default();
        if here >= self.limits.per_address_max {
            return Err(Full::Address);
        }
        if open.all >= self.limits.connections_max && !open.evict() {
            return Err(Full::All);
        }
        *open.by_address.entry(counted_as).or_default() += 1;
        open.all += 1;
        Ok(Permit { permits: self.clone(), counted_as })
    }

    /// Says that the connection of `peer` is idle from now on, and is ended by `end` if another one
    /// needs its place.
    pub fn idle(&self, peer: SocketAddr, end: CancellationToken) {
        let mut open = self.open();
        open.busy(peer);
        let at = open.next;
        open.next += 1;
        open.idle.insert(at, (peer, end));
        open.idle_at.insert(peer, at);
    }

    /// Says that the connection of `peer` is no longer idle, or is over.
    pub fn busy(&self, peer: SocketAddr) {
        self.open().busy(peer);
    }

    /// The number of open connections.
    pub fn in_use(&self) -> usize {
        self.open().all
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.permits.open();
        open.all -= 1;
        if let Some(here) = open.by_address.get_mut(&self.counted_as) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.counted_as);
            }
        }
    }
}

/// Returns what an address counts as: an IPv4 address as itself, an IPv6 address as its /64.
pub fn counted_as(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// Returns the network that an address belongs to, as far as can be told from outside: its /24, or
/// its /48 in IPv6, which is what one site gets (RFC 6177 §2).
pub fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 80))),
    }
}

/// How many connections may wait to be accepted; Linux uses `net.core.somaxconn` if that is less.
/// When a burst does not fit, Linux answers some connections with SYN cookies and then drops them
/// because the queue is full: such a peer believes it is connected and waits for a greeting
/// forever.
const BACKLOG: u32 = 4096;

/// Listens on `address`. `[::]` accepts IPv4 connections as well, which is the default on Linux.
pub fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source| Error::Listen { address, source })
}

/// The listeners that systemd handed over (sd_listen_fds(3)), by the names from its units, and
/// those that were bound beforehand.
pub struct Handed {
    names: Vec<String>,
    sockets: listenfd::ListenFd,
    bound: Vec<(String, TcpListener)>,
}

impl Handed {
    /// Returns the listeners that this process was started with; none outside systemd.
    pub fn from_env() -> Handed {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(str::to_owned).collect();
        Handed { names, sockets: listenfd::ListenFd::from_env(), bound: Vec::new() }
    }

    /// Adds a listener called `name`.
    pub fn with(mut self, name: &str, listener: TcpListener) -> Handed {
        self.bound.push((name.to_owned(), listener));
        self
    }

    /// Takes every listener called `name` (`FileDescriptorName=`); each can be taken once.
    pub fn take(&mut self, name: &str) -> Result<Vec<TcpListener>, Error> {
        let failed = |source| Error::Handed { name: name.to_owned(), source };
        let mut taken: Vec<_> =
            self.bound.extract_if(.., |(given, _)| given == name).map(|(_, one)| one).collect();
        for at in 0..self.sockets.len() {
            if self.names.get(at).is_none_or(|given| given != name) {
                continue;
            }
            if let Some(listener) = self.sockets.take_tcp_listener(at).map_err(failed)? {
                listener.set_nonblocking(true).map_err(failed)?;
                taken.push(TcpListener::from_std(listener).map_err(failed)?);
            }
        }
        Ok(taken)
    }
}

/// The pause after an accept that failed because of a lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stop`; each gets a tracked task. A connection over a limit is sent
/// `turned_away` and closed.
pub async fn accept<F, S>(
    listener: TcpListener,
    permits: Permits,
    stop: CancellationToken,
    tasks: TaskTracker,
    turned_away: &'static [u8],
    session: F,
) where
    F: Fn(TcpStream, SocketAddr) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let mut refused = Refused::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, SocketAddr::new(peer.ip().to_canonical(), peer.port())),
            Err(error) => {
                accept_failed(&error).await;
                continue;
            }
        };
        match permits.take(peer.ip()) {
            Ok(permit) => {
                let session = session(stream, peer);
                tasks.spawn(async move {
                    session.await;
                    drop(permit);
                });
            }
            Err(full) => {
                if let Some(connections) = refused.line(Instant::now()) {
                    tracing::warn!(peer.ip = %peer.ip(), ?full, connections, "turned away");
                }
                turn_away(stream, turned_away);
            }
        }
    }
}

/// What was refused, such as connections. Peers decide how often that is, so there is one log line
/// for all in [`Refused::EVERY`].
#[derive(Debug, Default)]
pub struct Refused {
    logged: Option<Instant>,
    unlogged: u64,
}

impl Refused {
    const EVERY: Duration = Duration::from_secs(10);

    /// Counts one; returns how many there were since the last line, if it is time for another.
    pub fn line(&mut self, now: Instant) -> Option<u64> {
        self.unlogged += 1;
        if self.logged.is_some_and(|last| now.duration_since(last) < Refused::EVERY) {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }
}

async fn accept_failed(error: &io::Error) {
    // The peer disconnected before our accept, which is not an error here.
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    tracing::warn!(%error, "accept failed");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Sends one line, without waiting because a new socket's buffer has room for it, and closes the
/// connection even if that fails.
fn turn_away(stream: TcpStream, line: &[u8]) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(line);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn many_refusals_have_one_line() {
        let (mut refused, start) = (Refused::default(), Instant::now());
        assert_eq!(refused.line(start), Some(1));
        for at in 1..100 {
            assert_eq!(refused.line(start + Duration::from_millis(at)), None);
        }
        assert_eq!(refused.line(start + Refused::EVERY), Some(100));
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn connections_are_limited_in_all_and_per_address_and_come_back() {
        let permits = Permits::new(Limits { connections_max: 3, per_address_max: 2 });
        let first = permits.take(ip("192.0.2.1")).unwrap();
        let second = permits.take(ip("192.0.2.1")).unwrap();
        assert_eq!(permits.take(ip("192.0.2.1")).unwrap_err(), Full::Address);
        assert_eq!(permits.take(ip("::ffff:192.0.2.1")).unwrap_err(), Full::Address);
        let _third = permits.take(ip("192.0.2.2")).unwrap();
        assert_eq!(permits.take(ip("192.0.2.3")).unwrap_err(), Full::All);
        drop((first, second));
        assert_eq!(permits.in_use(), 1);
        assert!(permits.take(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let permits = Permits::new(Limits { connections_max: 9, per_address_max: 1 });
        let _one = permits.take(ip("2001:db8:1:2::1")).unwrap();
        assert_eq!(permits.take(ip("2001:db8:1:2:ffff::9")).unwrap_err(), Full::Address);
        assert!(permits.take(ip("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn the_addresses_of_one_site_are_one_network() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.254", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("192.0.2.1", "::ffff:192.0.2.9", true),
            ("2001:db8:1::1", "2001:db8:1:ffff::1", true),
            ("2001:db8:1::1", "2001:db8:2::1", false),
        ] {
            assert_eq!(network_of(ip(one)) == network_of(ip(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn nothing_is_remembered_of_a_peer_that_left() {
        let permits = Permits::new(Limits { connections_max: 9, per_address_max: 1 });
        drop(permits.take(ip("192.0.2.1")).unwrap());
        assert!(permits.open().by_address.is_empty());
    }

    #[tokio::test]
    async fn a_peer_over_the_limit_gets_a_reply_and_the_drain_waits_for_the_rest() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let permits = Permits::new(Limits { connections_max: 1, per_address_max: 1 });
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let session = |mut stream: TcpStream, _| async move {
            // Until the client closes.
            let _ = stream.read(&mut [0]).await;
        };
        let loop_ =
            accept(listener, permits.clone(), stop.clone(), tasks.clone(), b"no\n", session);
        let loop_ = tokio::spawn(loop_);
        let first = TcpStream::connect(address).await.unwrap();
        while permits.in_use() == 0 {
            tokio::task::yield_now().await;
        }
        let mut reply = String::new();
        let mut second = TcpStream::connect(address).await.unwrap();
        second.read_to_string(&mut reply).await.unwrap();
        assert_eq!(reply, "no\n");
        stop.cancel();
        loop_.await.unwrap();
        tasks.close();
        assert!(!tasks.is_empty());
        drop(first);
        tasks.wait().await;
        assert_eq!(permits.in_use(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn an_address_in_use_is_an_error_that_names_it() {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        let error = bind(address).unwrap_err().to_string();
        assert!(error.contains(&address.to_string()), "{error}");
    }

    /// Regression: with a backlog of 128, the default of a listener here, the rest of a burst waits
    /// for seconds or is dropped.
    #[tokio::test]
    async fn a_burst_of_connections_waits_in_line_and_none_is_forgotten() {
        const PEERS: usize = 400;
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut peers = Vec::new();
        for n in 0..PEERS {
            let connecting = tokio::time::timeout(Duration::from_secs(10), async {
                TcpStream::connect(address).await.unwrap()
            });
            peers.push(connecting.await.unwrap_or_else(|_| panic!("no room for peer {n}")));
        }
        for _ in 0..PEERS {
            let accepting = tokio::time::timeout(Duration::from_secs(10), listener.accept());
            accepting.await.expect("every peer that is connected is there").unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_bound_beforehand_is_given_by_its_name_once() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut handed = Handed::from_env().with("https", listener);
        assert!(handed.take("smtp").unwrap().is_empty());
        assert_eq!(handed.take("https").unwrap()[0].local_addr().unwrap(), address);
        assert!(handed.take("https").unwrap().is_empty());
    }

    #[tokio::test]
    async fn outside_systemd_nothing_is_handed_over() {
        assert!(Handed::from_env().take("smtp").unwrap().is_empty());
    }
}
