//! The relay: takes due rows of the queue to their next hop and reports what became of them.
//!
//! | file | what it does |
//! | --- | --- |
//! | `route` | which hosts: a smarthost, or a domain's own (MX) |
//! | `policy` | whether a domain vouches for its hosts' TLS: MTA-STS, DANE |
//! | `trust` | which certificates are taken |
//! | `attempt` | one conversation with one host |
//! | `dkim` | signs what leaves |
//!
//! It decides nothing about a letter: retry, delay notice and report are the gateway's. A letter
//! is leased; when we die with it, the lease runs out and it is sent again: at worst twice, never
//! not at all.

mod attempt;
pub mod dkim;
mod policy;
mod route;
mod trust;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::gateway::queue::{Attempted, Leased};
use crate::gateway::{self, Gateway};
use crate::mail::envelope::ForwardPath;
use crate::mail::status::EnhancedStatus;
use crate::net::dns::Resolver;

use attempt::Connection;
use dkim::Signers;
use route::{NoRoute, Route};
use trust::Trust;

/// What the relay was started with.
struct Shared {
    gateway: Gateway,
    resolver: Resolver,
    config: config::Relay,
    host_name: String,
    signers: Signers,
    trust: Trust,
}

/// Rows that are leased at once, and for how long.
const LEASED_MAX: usize = 500;
const LEASE_SECS: i64 = 3_600;
/// Past that, a leased row is left alone: its lease may run out while it is being sent.
const LEASE_USED_SECS_MAX: i64 = 1_800;
/// How long to wait where there is nothing to wait for, or the store cannot be asked.
const IDLE: Duration = Duration::from_secs(60);

/// Why the relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what}: {problem}")]
    File { what: String, problem: String },
    #[error(transparent)]
    Dns(#[from] crate::net::dns::DnsError),
}

/// The relay, ready to run.
pub struct Relay {
    shared: Arc<Shared>,
}

impl Relay {
    /// Reads the keys and authorities that the configuration names.
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

    /// Runs until `stop`; what is being sent then is finished.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(error) = self.blocking(|gateway| gateway.queue_recover()).await {
            tracing::error!(%error, "the queue could not be looked through");
        }
        let wake = self.shared.gateway.queue_wake();
        let (tell, mut told) = mpsc::channel::<String>(64);
        let mut lanes = Lanes::default();
        loop {
            let pause = match self.fill(&mut lanes).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "the queue could not be read");
                    IDLE
                }
            };
            self.start(&mut lanes, &tell);
            tokio::select! {
                () = stop.cancelled() => break,
                done = told.recv() => if let Some(key) = done { lanes.done(&key) },
                () = wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while lanes.running > 0 {
            match told.recv().await {
                Some(key) => lanes.done(&key),
                None => break,
            }
        }
    }

    /// Leases what is due; tells how long until more may be.
    async fn fill(&self, lanes: &mut Lanes) -> Result<Duration, gateway::Error> {
        let room = LEASED_MAX.saturating_sub(lanes.waiting);
        let now = self.shared.gateway.clock().now();
        if room > 0 {
            for row in self.blocking(move |gateway| gateway.queue_lease(room, LEASE_SECS)).await? {
                let key = destination(&self.shared.config, &row);
                lanes.push(key, Task { row, leased: now });
            }
        }
        let due = self.blocking(|gateway| gateway.queue_next_due()).await?;
        let until = |at: crate::clock::Timestamp| {
            Duration::from_millis(u64::try_from(at.0 - now.0).unwrap_or_default())
        };
        // Rows that are being sent count as due when their lease ends, so this does not spin;
        // a moment's pause where the clock and the index do not agree.
        Ok(due.map_or(IDLE, until).clamp(Duration::from_millis(50), IDLE))
    }

    /// Starts conversations where there is something to send and leave to send it.
    fn start(&self, lanes: &mut Lanes, tell: &mpsc::Sender<String>) {
        let (all, each) = (
            self.shared.config.connections_max,
            self.shared.config.connections_per_destination_max,
        );
        while lanes.running < all {
            let Some((key, tasks)) = lanes.next(each) else { return };
            let (shared, tell) = (self.shared.clone(), tell.clone());
            tokio::spawn(async move {
                converse(&shared, &key, tasks).await;
                // The relay has stopped listening: nobody needs to know.
                let _ = tell.send(key).await;
            });
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, gateway::Error> {
        blocking(&self.shared, work).await
    }
}

async fn blocking<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
) -> Result<T, gateway::Error> {
    let gateway = shared.gateway.clone();
    let done = tokio::task::spawn_blocking(move || work(&gateway)).await;
    done.unwrap_or(Err(gateway::Error::Conflict { code: "relay" }))
}

/// A leased row on its way.
struct Task {
    row: Leased,
    leased: crate::clock::Timestamp,
}

/// What waits for each destination, and how many conversations run with it.
#[derive(Default)]
struct Lanes {
    lanes: HashMap<String, Lane>,
    waiting: usize,
    running: usize,
}

#[derive(Default)]
struct Lane {
    tasks: VecDeque<Task>,
    running: usize,
}

/// Letters that one connection takes one after another.
const LETTERS_PER_CONNECTION: usize = 50;

impl Lanes {
    fn push(&mut self, key: String, task: Task) {
        self.waiting += 1;
        self.lanes.entry(key).or_default().tasks.push_back(task);
    }

    /// The next batch of a destination that may be spoken to.
    fn next(&mut self, each: usize) -> Option<(String, Vec<Task>)> {
        let ready = |lane: &&mut Lane| !lane.tasks.is_empty() && lane.running < each;
        let (key, lane) = self.lanes.iter_mut().find(|(_, lane)| ready(lane))?;
        // Shared among as many connections as there may be.
        let fair = lane.tasks.len().div_ceil(each - lane.running).min(LETTERS_PER_CONNECTION);
        let tasks: Vec<Task> = lane.tasks.drain(..fair).collect();
        lane.running += 1;
        self.running += 1;
        self.waiting -= tasks.len();
        Some((key.clone(), tasks))
    }

    fn done(&mut self, key: &str) {
        self.running = self.running.saturating_sub(1);
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.running = lane.running.saturating_sub(1);
            if lane.running == 0 && lane.tasks.is_empty() {
                self.lanes.remove(key);
            }
        }
    }
}

/// Rows for one destination share its connections.
fn destination(config: &config::Relay, row: &Leased) -> String {
    match config.smarthost.is_empty() {
        false => String::new(),
        true => domain_of(row).unwrap_or_default(),
    }
}

fn domain_of(row: &Leased) -> Option<String> {
    match &row.recipient.path {
        ForwardPath::Postmaster => None,
        ForwardPath::Address(address) => {
            Some(address.normalized().rsplit_once('@')?.1.trim_matches(['[', ']']).to_owned())
        }
    }
}

/// Sends a destination's letters over as few connections as it takes.
async fn converse(shared: &Shared, key: &str, tasks: Vec<Task>) {
    let mut open: Option<Connection> = None;
    for task in tasks {
        let used = shared.gateway.clock().now().unix_secs() - task.leased.unix_secs();
        if used > LEASE_USED_SECS_MAX {
            continue;
        }
        let (id, reference) = (task.row.id, task.row.reference);
        let done = send(shared, key, task.row, &mut open).await;
        tracing::info!(queue.id = %id.to_text(), r#ref = %reference, outcome = %done.word(), "attempted");
        if let Err(error) = blocking(shared, move |gateway| gateway.queue_report(id, done)).await {
            tracing::error!(%error, queue.id = %id.to_text(), "an outcome could not be noted");
        }
    }
    if let Some(connection) = open {
        connection.quit().await;
    }
}

async fn send(shared: &Shared, key: &str, row: Leased, open: &mut Option<Connection>) -> Attempted {
    if row.size > shared.config.size_octets_max {
        let text = "the letter is too large for ordinary mail".to_owned();
        return Attempted::Failed { status: EnhancedStatus::TOO_LARGE, text, host: None };
    }
    // A connection that was good a moment ago, for a letter that asks no more of it.
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
        Ok(route) => try_hosts(shared, &route, &row, open).await,
        Err(NoRoute::Later(text)) => deferred(EnhancedStatus(4, 4, 3), text),
        Err(NoRoute::Never(status, text)) => Attempted::Failed { status, text, host: None },
        Err(NoRoute::NotVerified(text)) => Attempted::NoVerifiedTls { text },
    }
}

/// One host after another, until one says yes or no.
async fn try_hosts(
    shared: &Shared,
    route: &Route,
    row: &Leased,
    open: &mut Option<Connection>,
) -> Attempted {
    let mut last = deferred(EnhancedStatus(4, 4, 1), "no host of the domain answers".to_owned());
    for hop in route.hops.iter().take(shared.config.hosts_tried_max) {
        match Connection::open(shared, hop, row).await {
            Ok(mut connection) => {
                let done = connection.send(shared, row).await;
                *open = connection.kept();
                // A host that puts us off may not be the only one (RFC 5321 §5.1).
                if !matches!(done, Attempted::Deferred { .. }) {
                    return done;
                }
                last = done;
            }
            Err(done) => last = done,
        }
    }
    match last {
        Attempted::Deferred { text, .. } if route.unverified() => Attempted::NoVerifiedTls { text },
        last => last,
    }
}

fn deferred(status: EnhancedStatus, text: String) -> Attempted {
    Attempted::Deferred { status, text, host: None }
}
