//! Hints that something changed. A receiver re-reads the store; a lost hint loses nothing.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::Serialize;
use tokio::sync::broadcast;
use utoipa::ToSchema;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::records::ids::AccountId;

/// The kind of object that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    Mail,
    Mailboxes,
    /// The address book, or requests to add a contact.
    Contacts,
    /// A session ended: each stream checks whether it was its own.
    Session,
    /// A group of the account, its members or its keys.
    Groups,
    /// Something came to a role mailbox that the account reads.
    RoleMailboxes,
    /// A board that the account reads, or a post there.
    Boards,
    /// Something in a room that the account is in, or asked to join. Its state is the room's number and
    /// what it is about; it comes by a feed of its own.
    Chat,
    /// The calendar, or a meeting that the account asked for or was asked for.
    Schedule,
}

impl EventKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::Mail => "mail",
            EventKind::Mailboxes => "mailboxes",
            EventKind::Contacts => "contacts",
            EventKind::Session => "session",
            EventKind::Groups => "groups",
            EventKind::RoleMailboxes => "role-mailboxes",
            EventKind::Boards => "boards",
            EventKind::Chat => "chat",
            EventKind::Schedule => "schedule",
        }
    }
}

/// One hint: its kind, and the account's state after the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: EventKind,
    pub state: String,
}

/// The listeners of each account.
#[derive(Default)]
pub(in crate::gateway) struct Events {
    listeners: Mutex<HashMap<AccountId, broadcast::Sender<Event>>>,
}

/// How many hints a slow listener may fall behind before it learns that it missed some.
const BACKLOG: usize = 64;

impl Events {
    pub(in crate::gateway) fn publish(&self, account: AccountId, event: Event) {
        let mut listeners = self.listeners();
        if let Some(sender) = listeners.get(&account)
            && sender.send(event).is_err()
        {
            listeners.remove(&account);
        }
    }

    pub(super) fn subscribe(&self, account: AccountId) -> broadcast::Receiver<Event> {
        let mut listeners = self.listeners();
        listeners.entry(account).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    /// The accounts that somebody listens for.
    pub(in crate::gateway) fn listening(&self) -> Vec<AccountId> {
        self.listeners().keys().copied().collect()
    }

    fn listeners(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, broadcast::Sender<Event>>> {
        self.listeners.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Gateway {
    /// The hints about the actor's account from now on.
    pub fn events(&self, actor: &Actor) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe(actor.account())
    }

    /// The hints about the person who acts in a role mailbox: a stream of that mailbox ends with the person's
    /// session. `None` in an own account, whose hints are the same.
    pub fn person_events(&self, actor: &Actor) -> Option<broadcast::Receiver<Event>> {
        actor.behind().map(|behind| self.inner.events.subscribe(behind.person))
    }

    pub(in crate::gateway) fn publish(&self, account: AccountId, kind: EventKind, modseq: u64) {
        self.inner.events.publish(account, Event { kind, state: modseq.to_string() });
    }
}
