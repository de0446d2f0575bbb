//! The relay: sends due rows of the queue to their next hop and reports the results.
//!
//! | file | what it does |
//! | --- | --- |
//! | `route` | the hosts: a smarthost, or a domain's own (MX) |
//! | `policy` | a domain's policy for its hosts' TLS: MTA-STS, DANE |
//! | `trust` | the certificates that are accepted |
//! | `attempt` | one session with one host |
//! | `dkim` | signs what leaves |
//!
//! It decides nothing about a message: retries, delay notices and reports are the gateway's task. A
//! message is leased; if the daemon stops meanwhile, the lease expires and the message is sent
//! again: it may arrive twice, but it is never lost.

mod attempt;
pub mod dkim;
mod error;
mod policy;
mod route;
mod shared;
mod trust;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::gateway::queue::attempt::Attempted;
use crate::gateway::queue::rows::Leased;
use crate::gateway::{self, Gateway};
use crate::mail::envelope::Recipient;
use crate::mail::status::EnhancedStatus;
use crate::net::dns::Resolver;

pub use error::Error;

use attempt::Connection;
use dkim::Signers;
use route::{NoRoute, Route, domain_of, wants_checked};
use shared::{Shared, blocking};
use trust::Trust;

/// The most rows that are leased at once, in all and for one destination, so that a slow
/// destination leaves room.
const LEASED_MAX: usize = 500;
const LEASED_PER_DESTINATION_MAX: usize = 100;
/// Longer than any attempt can take, with every timeout of every host, so that no row is sent by
/// two sessions. Rows that were leased when the daemon stopped are free again at its next start.
const LEASE_SECS: i64 = 24 * 3_600;
/// After this time, a session makes room for another destination; the rest of its messages return
/// to the queue.
const SESSION_MAX: Duration = Duration::from_secs(600);
/// How long to wait if nothing is due, or the store is not available.
const IDLE: Duration = Duration::from_secs(60);

/// Reads every file that outgoing mail needs, and returns what is wrong with any of them.
pub fn file_errors(config: &config::Relay, dkim: &config::Dkim) -> Vec<Error> {
    let keys = dkim.keys.iter().map(|key| dkim::check(key).err());
    let trust = std::iter::once(Trust::load(config).err());
    let path = &config.smarthost_password_file;
    let has_password = !config.smarthost.is_empty() && !config.smarthost_user.is_empty();
    let password = has_password.then(|| std::fs::read_to_string(path).err()).flatten();
    let password = password
        .map(|error| Error::File { what: path.display().to_string(), problem: error.to_string() });
    keys.chain(trust).flatten().chain(password).collect()
}

/// A relay that is ready to run.
pub struct Relay {
    shared: Arc<Shared>,
}

impl Relay {
    /// Reads the keys and authorities of the configuration.
    pub fn new(
        gateway: Gateway,
        resolver: Resolver,
        config: config::Relay,
        dkim: &config::Dkim,
        host_name: String,
    ) -> Result<Relay, Error> {
        let signers = Signers::load(dkim)?;
        let trust = Trust::load(&config)?;
        let shared = Shared { gateway, resolver, config, host_name, signers, trust };
        Ok(Relay { shared: Arc::new(shared) })
    }

    /// Runs until `stop`; attempts that are under way are finished.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.blocking(|gateway| gateway.queue_recover()).await {
            tracing::error!(%error, "the queue could not be recovered");
        }
        let wake = self.shared.gateway.queue_wake();
        let (sender, mut receiver) = mpsc::channel::<String>(64);
        let mut destinations = Destinations::default();
        loop {
            let pause = match self.fill(&mut destinations).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "the queue could not be read");
                    IDLE
                }
            };
            self.start(&mut destinations, &sender);
            tokio::select! {
                () = stop.cancelled() => break,
                done = receiver.recv() => if let Some(key) = done { destinations.done(&key) },
                () = wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while destinations.running > 0 {
            match receiver.recv().await {
                Some(key) => destinations.done(&key),
                None => break,
            }
        }
    }

    /// Leases rows that are due, and returns how long until more may be due.
    async fn fill(&self, destinations: &mut Destinations) -> Result<Duration, gateway::Error> {
        let room = LEASED_MAX.saturating_sub(destinations.waiting);
        let now = self.shared.gateway.clock().now();
        if room > 0 {
            let (waiting, next) = (destinations.sizes(), self.next_hop());
            let leased = self.blocking(move |gateway| {
                gateway.queue_lease(room, LEASE_SECS, &mut crowded(waiting, next))
            });
            for row in leased.await? {
                let key = destination(next, &row.recipient);
                destinations.push(key, row);
            }
        }
        let due = self.blocking(|gateway| gateway.queue_next_due()).await?;
        let until = |at: crate::clock::Timestamp| {
            Duration::from_millis(u64::try_from(at.0 - now.0).unwrap_or_default())
        };
        // Rows that are being sent are due when their lease expires, so this does not spin; the
        // short pause is for the case that the clock and the index disagree.
        Ok(due.map_or(IDLE, until).clamp(Duration::from_millis(50), IDLE))
    }

    /// Starts sessions for destinations with messages, while there are permits.
    fn start(&self, destinations: &mut Destinations, sender: &mpsc::Sender<String>) {
        let (all, each) = (
            self.shared.config.connections_max,
            self.shared.config.connections_per_destination_max,
        );
        while destinations.running < all {
            let Some((key, tasks)) = destinations.next(all, each) else { return };
            let (shared, sender) = (self.shared.clone(), sender.clone());
            tokio::spawn(async move {
                run_session(&shared, &key, tasks).await;
                // The relay has stopped, so the result is not needed.
                let _ = sender.send(key).await;
            });
        }
    }

    fn next_hop(&self) -> NextHop {
        match self.shared.config.smarthost.is_empty() {
            true => NextHop::OfDomain,
            false => NextHop::Smarthost,
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, gateway::Error> {
        blocking(&self.shared, work).await
    }
}

/// The rows that wait for each destination, and the number of its sessions.
#[derive(Default)]
struct Destinations {
    destinations: HashMap<String, Destination>,
    waiting: usize,
    running: usize,
}

#[derive(Default)]
struct Destination {
    tasks: VecDeque<Leased>,
    running: usize,
}

/// The most messages that are sent over one connection.
const MESSAGES_PER_CONNECTION: usize = 50;

impl Destinations {
    fn push(&mut self, key: String, task: Leased) {
        self.waiting += 1;
        self.destinations.entry(key).or_default().tasks.push_back(task);
    }

    /// The number of rows that wait for each destination.
    fn sizes(&self) -> HashMap<String, usize> {
        self.destinations
            .iter()
            .map(|(key, destination)| (key.clone(), destination.tasks.len()))
            .collect()
    }

    /// The next batch of a destination that may have another session; the last quarter of `all`
    /// sessions is reserved for destinations that have none.
    fn next(&mut self, all: usize, each: usize) -> Option<(String, Vec<Leased>)> {
        let each = if self.running * 4 >= all * 3 { 1 } else { each };
        let ready = |destination: &&mut Destination| {
            !destination.tasks.is_empty() && destination.running < each
        };
        let (key, destination) =
            self.destinations.iter_mut().find(|(_, destination)| ready(destination))?;
        // The rows are divided among all connections that the destination may have.
        let fair = destination
            .tasks
            .len()
            .div_ceil(each - destination.running)
            .min(MESSAGES_PER_CONNECTION);
        let tasks: Vec<Leased> = destination.tasks.drain(..fair).collect();
        destination.running += 1;
        self.running += 1;
        self.waiting -= tasks.len();
        Some((key.clone(), tasks))
    }

    fn done(&mut self, key: &str) {
        self.running = self.running.saturating_sub(1);
        if let Some(destination) = self.destinations.get_mut(key) {
            destination.running = destination.running.saturating_sub(1);
            if destination.running == 0 && destination.tasks.is_empty() {
                self.destinations.remove(key);
            }
        }
    }
}

/// The next hop of messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NextHop {
    /// All to one host.
    Smarthost,
    /// The hosts of each recipient's domain.
    OfDomain,
}

/// Whether enough rows wait for a recipient's destination.
fn crowded(mut waiting: HashMap<String, usize>, next: NextHop) -> impl FnMut(&Recipient) -> bool {
    move |recipient| {
        let waits = waiting.entry(destination(next, recipient)).or_default();
        *waits += 1;
        next == NextHop::OfDomain && *waits > LEASED_PER_DESTINATION_MAX
    }
}

/// Rows for one destination share its connections.
fn destination(next: NextHop, recipient: &Recipient) -> String {
    match next {
        NextHop::Smarthost => String::new(),
        NextHop::OfDomain => domain_of(recipient).unwrap_or_default(),
    }
}

/// Sends a destination's messages over as few connections as possible.
async fn run_session(shared: &Shared, key: &str, tasks: Vec<Leased>) {
    let mut open: Option<Connection> = None;
    let started = std::time::Instant::now();
    // No host answered: the remaining messages do not wait for every timeout again.
    let mut nobody: Option<Attempted> = None;
    for row in tasks {
        let (id, reference) = (row.id, row.reference);
        if started.elapsed() > SESSION_MAX {
            if let Err(error) = blocking(shared, move |gateway| gateway.queue_return(id)).await {
                tracing::error!(
                    %error, queue.id = %id.to_text(), "a message could not be requeued"
                );
            }
            continue;
        }
        let same_need = !wants_checked(&row);
        let done = match nobody.clone().filter(|_| same_need) {
            Some(done) => done,
            None => send(shared, key, row, &mut open, &mut nobody).await,
        };
        tracing::info!(
            queue.id = %id.to_text(), r#ref = %reference, outcome = %done.word(),
            "delivery attempted"
        );
        if let Err(error) = blocking(shared, move |gateway| gateway.queue_report(id, done)).await {
            tracing::error!(
                %error, queue.id = %id.to_text(), "the result of an attempt could not be recorded"
            );
        }
    }
    if let Some(connection) = open {
        connection.quit().await;
    }
}

async fn send(
    shared: &Shared,
    key: &str,
    row: Leased,
    open: &mut Option<Connection>,
    nobody: &mut Option<Attempted>,
) -> Attempted {
    if row.size > shared.config.size_octets_max {
        let text = "the message exceeds the size limit for outgoing mail".to_owned();
        return Attempted::Failed { status: EnhancedStatus::TOO_LARGE, text, host: None };
    }
    // The open connection, if it has the protection that the message needs.
    if let Some(connection) = open.take_if(|connection| !connection.serves(&row)) {
        connection.quit().await;
    }
    if let Some(mut connection) = open.take()
        && let Some(done) = connection.send_again(shared, &row).await
    {
        *open = connection.kept();
        return done;
    }
    match route::find(shared, key, &row).await {
        Ok(route) => try_hosts(shared, &route, &row, open, nobody).await,
        Err(NoRoute::Later(text)) => deferred(EnhancedStatus(4, 4, 3), text),
        Err(NoRoute::Never(status, text)) => Attempted::Failed { status, text, host: None },
        Err(NoRoute::NotVerified(text)) => Attempted::NoVerifiedTls { text },
    }
}

/// Tries one host after another, until one accepts or refuses.
async fn try_hosts(
    shared: &Shared,
    route: &Route,
    row: &Leased,
    open: &mut Option<Connection>,
    nobody: &mut Option<Attempted>,
) -> Attempted {
    let mut answered = false;
    let mut last =
        deferred(EnhancedStatus(4, 4, 1), "no mail host of the domain answers".to_owned());
    for hop in route.hops.iter().take(shared.config.hosts_tried_max) {
        match Connection::open(shared, hop, row).await {
            Ok(connection) if !connection.serves(row) => {
                (answered, last) = (true, no_tls());
                connection.quit().await;
            }
            Ok(mut connection) => {
                answered = true;
                let done = connection.send(shared, row).await;
                *open = connection.kept();
                // After a temporary refusal, another host may accept (RFC 5321 §5.1).
                if !matches!(done, Attempted::Deferred { .. }) {
                    return done;
                }
                last = done;
            }
            Err(done) => last = done,
        }
    }
    if !answered && !wants_checked(row) {
        *nobody = Some(last.clone());
    }
    match last {
        // Security features are not supported, or do not work (RFC 3463 §3.8).
        Attempted::Deferred { text, status: EnhancedStatus(4, 7, 5 | 10), .. }
            if route.may_lack_tls =>
        {
            Attempted::NoVerifiedTls { text }
        }
        last => last,
    }
}

fn no_tls() -> Attempted {
    deferred(EnhancedStatus(4, 7, 10), "the host does not offer verifiable TLS".to_owned())
}

fn deferred(status: EnhancedStatus, text: String) -> Attempted {
    Attempted::Deferred { status, text, host: None }
}
