//! The relay: sends due queue rows to their next hop and reports the outcomes.
//!
//! | file | what it does |
//! | --- | --- |
//! | `route` | finds the hosts: a smarthost, or a domain's own (MX) |
//! | `policy` | looks up a domain's TLS policies for its hosts: MTA-STS, DANE |
//! | `trust` | decides which certificates are accepted |
//! | `attempt` | runs one session with one host |
//! | `dkim` | signs outgoing messages |
//!
//! The relay decides nothing about a message: the gateway handles retries, delay notices and
//! delivery reports. A message is leased; if the process dies during an attempt, the message is
//! sent again. At worst a message is sent twice; it is never lost.

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

/// Rows that are leased at the same time, in total and for one destination, so that a slow
/// destination leaves room for others.
const LEASED_MAX: usize = 500;
const LEASED_PER_DESTINATION_MAX: usize = 100;
/// Longer than any attempt can take, with every timeout of every host, so that two sessions never
/// send the same row. Rows that were leased when the daemon died are released at its next start.
const LEASE_SECS: i64 = 24 * 3_600;
/// After this time a batch of messages makes room for another destination; its remaining messages
/// return to the queue.
const CONVERSATION_MAX: Duration = Duration::from_secs(600);
/// How long to wait when nothing is queued, or the queue cannot be read.
const IDLE: Duration = Duration::from_secs(60);

/// The relay, ready to run.
pub struct Relay {
    shared: Arc<Shared>,
}

impl Relay {
    /// Creates a relay and reads the keys and certificate authorities that the configuration
    /// names.
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

    /// Runs until `stop`, and then finishes the batches in progress.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.blocking(|gateway| gateway.queue_recover()).await {
            tracing::error!(%error, "cannot recover the queue");
        }
        let wake = self.shared.gateway.queue_wake();
        let (sender, mut receiver) = mpsc::channel::<String>(64);
        let mut destinations = Destinations::default();
        loop {
            let pause = match self.fill(&mut destinations).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "cannot read the queue");
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

    /// Leases the rows that are due, and returns how long to wait until more may be due.
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
        // Rows that are being sent count as due when their lease ends, so this does not spin; the
        // minimum is for when the clock and the index disagree.
        Ok(due.map_or(IDLE, until).clamp(Duration::from_millis(50), IDLE))
    }

    /// Starts a batch for each destination that has messages waiting, as far as the limits allow.
    fn start(&self, destinations: &mut Destinations, sender: &mpsc::Sender<String>) {
        let (all, each) = (
            self.shared.config.connections_max,
            self.shared.config.connections_per_destination_max,
        );
        while destinations.running < all {
            let Some((key, tasks)) = destinations.next(all, each) else { return };
            let (shared, sender) = (self.shared.clone(), sender.clone());
            tokio::spawn(async move {
                converse(&shared, &key, tasks).await;
                // Fails only when the relay has stopped, and then no one needs to know.
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

/// The rows that wait for each destination, and the number of batches in progress.
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

/// The largest number of messages in one batch, which are sent one after another.
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

    /// Returns the next batch of a destination that is below its limit. The last quarter of `all`
    /// slots is reserved for destinations that have no batch in progress.
    fn next(&mut self, all: usize, each: usize) -> Option<(String, Vec<Leased>)> {
        let each = if self.running * 4 >= all * 3 { 1 } else { each };
        let ready = |destination: &&mut Destination| {
            !destination.tasks.is_empty() && destination.running < each
        };
        let (key, destination) =
            self.destinations.iter_mut().find(|(_, destination)| ready(destination))?;
        // Divided among the connections that the destination may still open.
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

/// Where messages are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NextHop {
    /// All to one host.
    Smarthost,
    /// Each to the hosts of its recipient's domain.
    OfDomain,
}

/// Returns a test of whether enough rows already wait for a recipient's destination.
fn crowded(mut waiting: HashMap<String, usize>, next: NextHop) -> impl FnMut(&Recipient) -> bool {
    move |recipient| {
        let waits = waiting.entry(destination(next, recipient)).or_default();
        *waits += 1;
        next == NextHop::OfDomain && *waits > LEASED_PER_DESTINATION_MAX
    }
}

/// Returns a recipient's destination; rows for one destination share its connections.
fn destination(next: NextHop, recipient: &Recipient) -> String {
    match next {
        NextHop::Smarthost => String::new(),
        NextHop::OfDomain => domain_of(recipient).unwrap_or_default(),
    }
}

/// Sends a batch of messages to a destination over as few connections as possible.
async fn converse(shared: &Shared, key: &str, tasks: Vec<Leased>) {
    let mut open: Option<Connection> = None;
    let started = std::time::Instant::now();
    // Set when no host responds, so that the remaining messages need not wait for every timeout
    // again.
    let mut nobody: Option<Attempted> = None;
    for row in tasks {
        let (id, reference) = (row.id, row.reference);
        if started.elapsed() > CONVERSATION_MAX {
            if let Err(error) = blocking(shared, move |gateway| gateway.queue_return(id)).await {
                tracing::error!(
                    %error, queue.id = %id.to_text(), "cannot return a row to the queue"
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
            tracing::error!(%error, queue.id = %id.to_text(), "cannot record an outcome");
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
        let text = "the message is too large to be sent as ordinary mail".to_owned();
        return Attempted::Failed { status: EnhancedStatus::TOO_LARGE, text, host: None };
    }
    // Reuse the open connection, unless the message requires more protection than it has.
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

/// Tries one host after another until one accepts the message or refuses it permanently.
async fn try_hosts(
    shared: &Shared,
    route: &Route,
    row: &Leased,
    open: &mut Option<Connection>,
    nobody: &mut Option<Attempted>,
) -> Attempted {
    let mut answered = false;
    let mut last = deferred(EnhancedStatus(4, 4, 1), "no mail host responds".to_owned());
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
                // When a host defers the message, another may accept it (RFC 5321 §5.1).
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
        // Security features not supported, or not working (RFC 3463 §3.8).
        Attempted::Deferred { text, status: EnhancedStatus(4, 7, 5 | 10), .. }
            if route.may_lack_tls =>
        {
            Attempted::NoVerifiedTls { text }
        }
        last => last,
    }
}

fn no_tls() -> Attempted {
    deferred(
        EnhancedStatus(4, 7, 10),
        "the host does not offer TLS that can be verified".to_owned(),
    )
}

fn deferred(status: EnhancedStatus, text: String) -> Attempted {
    Attempted::Deferred { status, text, host: None }
}
