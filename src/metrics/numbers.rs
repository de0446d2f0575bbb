//! What is counted and measured.

use std::ops::ControlFlow;

use crate::gateway::meters::Outcome;
use crate::gateway::{Error, Gateway, QueueState};

use super::text::{Exposition, Kind};

/// A number that another part of the daemon knows.
pub struct Gauge {
    pub name: &'static str,
    pub help: &'static str,
    /// Reads it; it takes no time.
    pub read: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Gauge {
    pub(super) fn write(&self, text: &mut Exposition) {
        text.one((self.name, Kind::Gauge, self.help), (self.read)());
    }
}

/// Collects what the core knows.
pub fn of(gateway: &Gateway) -> Result<Exposition, Error> {
    let mut text = Exposition::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    text.family(("postern_build", Kind::Info, "The version that runs."), [(version, 1)]);
    mail(gateway, &mut text);
    queue(gateway, &mut text)?;
    let sessions = ("postern_sessions", Kind::Gauge, "Sessions that are open.");
    text.one(sessions, gateway.session_count()?);
    store(gateway, &mut text)?;
    passwords(gateway, &mut text);
    if let Some(octets) = resident_octets() {
        let help = "Memory of the process that is resident.";
        text.one(("postern_memory_resident_bytes", Kind::Gauge, help), octets);
    }
    Ok(text)
}

fn mail(gateway: &Gateway, text: &mut Exposition) {
    let meters = gateway.meters();
    let help = "Messages that other servers handed over and that are stored.";
    text.one(("postern_messages_accepted", Kind::Counter, help), meters.accepted_count());
    let refused = meters.refused_counts().into_iter().map(|((at, status), count)| {
        let (class, subject, detail) = status;
        let status = ("status", format!("{class}.{subject}.{detail}"));
        (vec![("what", at.as_str().to_owned()), status], count)
    });
    let help = "Refusals over SMTP, by what was refused and the enhanced status code.";
    text.family(("postern_refused", Kind::Counter, help), refused);
    let attempts = Outcome::ALL.map(|outcome| {
        (vec![("outcome", outcome.as_str().to_owned())], meters.attempted_count(outcome))
    });
    let help = "Attempts to deliver to other servers, by their outcome.";
    text.family(("postern_delivery_attempts", Kind::Counter, help), attempts);
}

fn queue(gateway: &Gateway, text: &mut Exposition) -> Result<(), Error> {
    let (mut counts, mut oldest) = ([0u64; 3], None);
    gateway.queue_each(|row| {
        let at = match row.state {
            QueueState::Waiting => 0,
            QueueState::Leased => 1,
            QueueState::Held => 2,
        };
        counts[at] += 1;
        oldest = Some(oldest.map_or(row.queued, |known| row.queued.min(known)));
        ControlFlow::Continue(())
    })?;
    let states = [QueueState::Waiting, QueueState::Leased, QueueState::Held];
    let rows = states
        .into_iter()
        .zip(counts)
        .map(|(state, count)| (vec![("state", state.as_str().to_owned())], count));
    let help = "Recipients in the queue of outgoing mail, by state.";
    text.family(("postern_queue_recipients", Kind::Gauge, help), rows);
    let now = gateway.clock().now().unix_secs();
    let age = oldest.map_or(0, |oldest| now.saturating_sub(oldest.unix_secs()).max(0));
    let help = "How long the oldest in the queue has waited.";
    text.one(("postern_queue_oldest_seconds", Kind::Gauge, help), age);
    Ok(())
}

fn store(gateway: &Gateway, text: &mut Exposition) -> Result<(), Error> {
    let room = gateway.room()?;
    let help = "What the store takes on its disk.";
    text.one(("postern_store_used_bytes", Kind::Gauge, help), room.used);
    if let Some(free) = room.free {
        let help = "What is free on the disk of the store.";
        text.one(("postern_store_free_bytes", Kind::Gauge, help), free);
    }
    let help = "Whether nothing can be stored at present.";
    let refusing = u8::from(room.refusing.is_some());
    text.one(("postern_store_refusing", Kind::Gauge, help), refusing);
    Ok(())
}

fn passwords(gateway: &Gateway, text: &mut Exposition) {
    let line = gateway.password_line();
    let help = "Passwords that were hashed (Argon2id).";
    text.one(("postern_password_checks", Kind::Counter, help), line.done);
    let help = "Passwords that are being hashed.";
    text.one(("postern_password_checks_running", Kind::Gauge, help), line.running);
    let help = "Passwords that wait to be hashed.";
    text.one(("postern_password_checks_waiting", Kind::Gauge, help), line.waiting);
}

/// The resident memory of this process, as Linux tells it (proc(5)).
fn resident_octets() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
