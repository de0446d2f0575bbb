//! A mailbox by conversations: one row for all messages of a conversation that are in the mailbox.
//!
//! ```text
//! the mailbox, newest first   a3  b2  a2  c1  a1  b1
//! its rows                    a   b       c
//! ```
//!
//! A row stands where the newest of its messages in the mailbox stands. That is decided from the
//! conversations as they are stored, when a page is read: no row of the store is written for it, and
//! the index of conversations is the one that exists. A conversation has at most 500 messages, and what
//! one page reads and says is bounded by [`BOUNDS`].
//! See `docs/decisions/0017-conversations.md`.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::mailboxes::correspondents::is_doubtful;
use crate::gateway::mailboxes::entry::NOT_FOUND;
use crate::gateway::mailboxes::item::{Flags, ItemView, OpenedEpochs, marks};
use crate::gateway::mailboxes::list::{PAGE_MAX, opened, parse_cursor};
use crate::gateway::mailboxes::standing::{StandingView, worst};
use crate::gateway::records::ids::{AccountId, ConversationId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, Place};
use crate::gateway::records::tables::{CONVERSATIONS, ENTRIES, MAILBOXES, PLACES};
use crate::mail::reference::Reference;
use crate::store::Read;

/// What one page may read and say. A page may be short for that, or empty; its cursor leads on.
#[derive(Clone, Copy)]
struct Bounds {
    /// How many messages of a mailbox are looked at.
    scanned: usize,
    /// How many places are read of conversations whose row is on an earlier page. At least one.
    passed: usize,
    /// How many messages the rows have together, where there are several rows.
    members: usize,
}

const BOUNDS: Bounds = Bounds { scanned: 5_000, passed: 5_000, members: 5_000 };

/// Of how many of its messages a row names the authors: each may have to be opened with a key of its
/// own.
const AUTHORS_OF: usize = 3;

/// A page of the conversations of a mailbox, the one with the newest message first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupedPage {
    pub state: String,
    /// Messages of the mailbox.
    pub total: u64,
    pub unread: u64,
    pub rows: Vec<Row>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

/// The messages of one conversation, as the list of a mailbox shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The newest message that is in the mailbox.
    pub latest: ItemView,
    /// How many messages the conversation has in all mailboxes; those in junk and trash count only for
    /// a row there.
    pub total: usize,
    /// How many messages in the mailbox are unread.
    pub unread: usize,
    /// Of what was sent, the standing that most needs the sender.
    pub standing: Option<StandingView>,
    /// The authors of the newest messages in the mailbox, each once, the newest first; without those
    /// whom something speaks against.
    pub authors: Vec<Author>,
    /// All other messages of the conversation, newest first, in whatever mailbox.
    pub members: Vec<Member>,
}

/// An author, as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// A message of a conversation, with what is known without opening its summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub flags: Flags,
    pub sent: bool,
    pub standing: Option<StandingView>,
}

/// The first message of a row, as it was found.
struct Head {
    entry: Entry,
    /// All messages of its conversation; only this one if there is no other.
    family: Vec<(Place, Entry)>,
}

impl Gateway {
    /// A page of the conversations of a mailbox: `limit` rows older than the cursor `before`, or fewer.
    pub fn conversation_list(
        &self,
        actor: &Actor,
        mailbox: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<GroupedPage, Error> {
        let account = actor.account();
        let id = self.mailbox_find(account, mailbox)?;
        let before = before.map(parse_cursor).transpose()?;
        let limit = limit.clamp(1, PAGE_MAX);
        let state = self.state(account)?;
        let counts = self.inner.store.get(&MAILBOXES, &(account, id))?.ok_or(NOT_FOUND)?;
        let (heads, next) = self.heads((account, id), before, limit, BOUNDS)?;
        let mut rows = Rows::new(self, actor);
        let rows = heads.into_iter().filter_map(|head| opened(rows.row(id, head)).transpose());
        let rows = rows.collect::<Result<_, _>>()?;
        let next = next.map(|uid| uid.saturating_add(1).to_string());
        Ok(GroupedPage { state, total: counts.total, unread: counts.unread, rows, next })
    }

    /// The row that shows a message in the list of its mailbox.
    pub fn conversation_row(&self, actor: &Actor, message: Reference) -> Result<Row, Error> {
        let account = actor.account();
        let (place, entry) = self.entry(account, message)?;
        let places = self.family_places(account, &entry)?;
        let family = self.family(account, &places)?;
        Rows::new(self, actor).row(place.mailbox, Head { entry, family })
    }

    /// The first messages of the rows of a page, and the number of the next message to look at.
    fn heads(
        &self,
        (account, id): (AccountId, MailboxId),
        mut before: Option<u32>,
        limit: usize,
        bounds: Bounds,
    ) -> Result<(Vec<Head>, Option<u32>), Error> {
        let (mut heads, mut seen) = (Vec::with_capacity(limit), HashSet::new());
        let (mut scanned, mut passed, mut members) = (0, 0, 0);
        loop {
            let (entries, more) = self.page_numbered(account, id, before, limit)?;
            scanned += entries.len();
            for (uid, entry) in entries {
                if entry.conversation.is_some_and(|one| seen.contains(&one)) {
                    continue;
                }
                if heads.len() == limit {
                    return Ok((heads, Some(uid)));
                }
                // Something was passed over by then, so the cursor has moved.
                if passed >= bounds.passed {
                    return Ok((heads, Some(uid)));
                }
                let places = self.family_places(account, &entry)?;
                if places.iter().any(|(_, at)| at.mailbox == id && at.uid > uid) {
                    // It belongs to a row of an earlier page.
                    seen.extend(entry.conversation);
                    passed += places.len();
                    continue;
                }
                let is_more = !heads.is_empty() && !places.is_empty();
                if is_more && members + places.len() > bounds.members {
                    return Ok((heads, Some(uid)));
                }
                seen.extend(entry.conversation);
                members += places.len();
                let family = self.family(account, &places)?;
                heads.push(Head { entry, family });
            }
            before = match more {
                // The cursor is exclusive.
                Some(uid) => Some(uid.saturating_add(1)),
                None => return Ok((heads, None)),
            };
            if heads.len() == limit || scanned >= bounds.scanned {
                return Ok((heads, more));
            }
        }
    }

    /// Where the messages of a message's conversation are; nothing if it is alone.
    fn family_places(
        &self,
        account: AccountId,
        entry: &Entry,
    ) -> Result<Vec<(ReferenceKey, Place)>, Error> {
        let Some(conversation) = entry.conversation else { return Ok(Vec::new()) };
        let store = &self.inner.store;
        let keys = self.conversation_keys(account, conversation)?;
        if keys.len() < 2 {
            return Ok(Vec::new());
        }
        let mut places = Vec::with_capacity(keys.len());
        for key in keys {
            // One may have been deleted since, or cannot be read.
            let place = readable(store.get(&PLACES, &(account, key)))?.flatten();
            places.extend(place.map(|place| (key, place)));
        }
        Ok(places)
    }

    fn conversation_keys(
        &self,
        account: AccountId,
        conversation: ConversationId,
    ) -> Result<Vec<ReferenceKey>, Error> {
        let mut keys = Vec::new();
        self.inner.store.scan_keys(
            &CONVERSATIONS,
            &(account, conversation),
            |(_, _, message)| {
                keys.push(message);
                ControlFlow::Continue(())
            },
        )?;
        Ok(keys)
    }

    fn family(
        &self,
        account: AccountId,
        places: &[(ReferenceKey, Place)],
    ) -> Result<Vec<(Place, Entry)>, Error> {
        let mut family = Vec::with_capacity(places.len());
        for (key, place) in places {
            let at = (account, place.mailbox, place.uid);
            let entry = readable(self.inner.store.get(&ENTRIES, &at))?.flatten();
            // It may have moved since.
            let entry = entry.filter(|entry| entry.reference == *key);
            family.extend(entry.map(|entry| (*place, entry)));
        }
        Ok(family)
    }
}

/// What one request opens for its rows.
struct Rows<'r> {
    gateway: &'r Gateway,
    epochs: OpenedEpochs<'r>,
    /// Whether a mailbox is junk or trash.
    away: HashMap<MailboxId, bool>,
}

impl<'r> Rows<'r> {
    fn new(gateway: &'r Gateway, actor: &'r Actor) -> Rows<'r> {
        Rows { gateway, epochs: OpenedEpochs::new(gateway, actor), away: HashMap::new() }
    }

    fn row(&mut self, mailbox: MailboxId, head: Head) -> Result<Row, Error> {
        let Head { entry, mut family } = head;
        family.sort_by_key(|(_, one)| std::cmp::Reverse((one.received, one.reference)));
        let first = family.iter().position(|(at, _)| at.mailbox == mailbox);
        let latest = match first {
            Some(at) => family.remove(at).1,
            None => entry,
        };
        let account = self.epochs.account();
        let shown = self.epochs.item(mailbox, &latest)?;
        let here = family.iter().filter(|(at, _)| at.mailbox == mailbox).map(|(_, one)| one);
        let unread = usize::from(latest.unread) + here.filter(|one| one.unread).count();
        let authors = self.authors(mailbox, &shown, &family);
        let (mut total, mut members) = (1, Vec::with_capacity(family.len()));
        for (place, one) in &family {
            total += usize::from(place.mailbox == mailbox || !self.is_away(place.mailbox)?);
            let sent = if one.sent { self.gateway.standing(account, one.reference)? } else { None };
            members.push(Member {
                flags: marks(place.mailbox, one)?,
                sent: one.sent,
                standing: sent,
            });
        }
        let here = members.iter().filter(|one| one.flags.mailbox == shown.mailbox);
        let standing = worst(here.filter_map(|one| one.standing).chain(shown.standing));
        Ok(Row { latest: shown, total, unread, standing, authors, members })
    }

    /// The authors of the newest messages in the mailbox. Those that cannot be read are left out, and
    /// those whom something speaks against: a row has a mark for its first message alone.
    fn authors(
        &mut self,
        mailbox: MailboxId,
        latest: &ItemView,
        family: &[(Place, Entry)],
    ) -> Vec<Author> {
        let first = Author { name: latest.from_name.clone(), address: latest.from_address.clone() };
        let is_named = !latest.sent && !is_doubtful(latest.sender, &latest.warnings);
        let mut authors = Vec::from_iter(is_named.then_some(first));
        let here = family.iter().filter(|(at, _)| at.mailbox == mailbox).take(AUTHORS_OF - 1);
        for (_, entry) in here.filter(|(_, entry)| !entry.sent) {
            let Ok(summary) = self.epochs.summary(entry) else { continue };
            if is_doubtful(summary.sender, &summary.warnings) {
                continue;
            }
            if authors.iter().all(|known| known.address != summary.from_address) {
                authors.push(Author { name: summary.from_name, address: summary.from_address });
            }
        }
        authors
    }

    fn is_away(&mut self, mailbox: MailboxId) -> Result<bool, Error> {
        if let Some(known) = self.away.get(&mailbox) {
            return Ok(*known);
        }
        let is_away = self.gateway.is_away(self.epochs.account(), mailbox)?;
        self.away.insert(mailbox, is_away);
        Ok(is_away)
    }
}

#[cfg(test)]
mod tests {
    use crate::gateway::tests::{deliver, gateway, sign_in};

    use super::*;

    /// The subjects of the rows of the inbox, page by page.
    fn pages(gateway: &Gateway, actor: &Actor, bounds: Bounds) -> Vec<Vec<String>> {
        let (account, id) =
            (actor.account(), gateway.mailbox_find(actor.account(), "inbox").unwrap());
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let (heads, next) = gateway.heads((account, id), before, 4, bounds).unwrap();
            let mut rows = Rows::new(gateway, actor);
            let subject = |head| rows.row(id, head).unwrap().latest.subject;
            pages.push(heads.into_iter().map(subject).collect());
            before = match next {
                Some(uid) => Some(uid + 1),
                None => return pages,
            };
        }
    }

    /// What one page reads and says is bounded, and the next one goes on where it stopped.
    #[test]
    fn a_page_that_would_be_too_much_is_short_and_leads_on() {
        let gateway = gateway();
        let dana = sign_in(&gateway, "dana");
        let arrive = |subject: &str, of: &str| {
            gateway.clock().advance_secs(60);
            let text = format!(
                "From: rachel@outside.example\nMessage-ID: <{subject}@x>\n\
                 References: <{of}@x>\nSubject: {subject}\n\nText.\n"
            );
            deliver(&gateway, &["dana@example.org"], &text);
        };
        arrive("z", "z0");
        for at in 0..12 {
            arrive(&format!("a{at}"), "a");
        }
        for at in 0..3 {
            arrive(&format!("b{at}"), "b");
        }
        let wide = Bounds { scanned: 100, passed: 100, members: 100 };
        assert_eq!(pages(&gateway, &dana, wide), [["b2", "a11", "z"]]);
        // Behind the two rows come only messages that belong to them, for a page and a half.
        let scanned = pages(&gateway, &dana, Bounds { scanned: 4, ..wide });
        assert_eq!(scanned.concat(), ["b2", "a11", "z"]);
        assert!(scanned.len() > 2 && scanned.contains(&Vec::new()), "{scanned:?}");
        let members = pages(&gateway, &dana, Bounds { members: 4, ..wide });
        assert_eq!(members, [vec!["b2"], vec!["a11", "z"]]);
        // One row has its conversation, however large it is.
        let none = pages(&gateway, &dana, Bounds { members: 0, ..wide });
        assert_eq!(none.concat(), ["b2", "a11", "z"]);
        // From a6 on: what belongs to an earlier row is looked up once, and then the page ends.
        let id = gateway.mailbox_find(dana.account(), "inbox").unwrap();
        let from_a6 = |bounds| gateway.heads((dana.account(), id), Some(9), 4, bounds).unwrap();
        let (heads, next) = from_a6(wide);
        assert_eq!((heads.len(), next), (1, None));
        let (heads, next) = from_a6(Bounds { passed: 1, ..wide });
        assert_eq!((heads.len(), next), (0, Some(1)));
    }
}
