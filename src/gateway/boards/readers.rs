//! The readers whom a post or a topic names, and who of them holds its keys.
//!
//! Who may not read the board any more is taken out before anything else is sealed, and waits for the keys
//! when that comes back: another reader who holds them hands them on by opening the topic. Who was removed
//! still stands among those who are named, and is neither: an account that is gone never comes back.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::Seen;
use crate::gateway::boards::content::NOBODY;
use crate::gateway::boards::rights::right;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::audience::Reader;
use crate::gateway::groups::view::KeysState;
use crate::gateway::keyrings::change::RingEdit;
use crate::gateway::records::board::{Board, Post, PostReaders, Topic};
use crate::gateway::records::ids::{AccountId, RingId};
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::keyring_rows::removed_in_tx;
use crate::gateway::records::tables::{RING_ENTRIES, RINGS};
use crate::gateway::vouching::party::is_removed;
use crate::store::Read;

/// The most people whom one post names.
pub const POST_READERS_MAX: usize = 50;

/// Some named readers, with the author, who is one of them.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    readers: &'a PostReaders,
    author: AccountId,
}

/// Who of the named readers is to leave the keyring, and who is to come back.
#[derive(Default)]
struct Unsettled {
    gone: Vec<RingEntry>,
    back: Vec<RingEntry>,
}

impl<'a> Named<'a> {
    /// Those whom a topic is for, if it is not for all readers of the board.
    pub(super) fn of_topic(topic: &'a Topic) -> Option<Named<'a>> {
        let author = topic.author;
        topic.limited.as_ref().map(|readers| Named { readers, author })
    }

    /// Those whom a post is for, if it is not for all readers of the topic.
    pub(super) fn of_post(post: &'a Post) -> Option<Named<'a>> {
        let author = post.author;
        post.readers.as_ref().map(|readers| Named { readers, author })
    }

    pub(super) fn ring(self) -> RingId {
        self.readers.ring
    }

    fn accounts(self) -> impl Iterator<Item = AccountId> + 'a {
        let others = self.readers.accounts.iter().copied();
        others.filter(move |one| *one != self.author).chain([self.author])
    }
}

impl Gateway {
    /// The people whom a post names: readers of the board, and of the topic. `None` if nobody is named.
    pub(super) fn post_readers(
        &self,
        actor: &Actor,
        seen: &Seen,
        (limited, begun_by): (Option<&PostReaders>, Option<AccountId>),
        named: &[NamedReader],
    ) -> Result<Option<Vec<AccountId>>, Error> {
        if named.is_empty() {
            return Ok(None);
        }
        if named.len() > POST_READERS_MAX {
            return Err(Error::OverQuota);
        }
        let accounts = self.people_named(actor, named)?;
        for account in &accounts {
            let reads = self.board_reads(&seen.row, *account)?
                && (begun_by == Some(*account)
                    || limited.is_none_or(|limited| limited.accounts.contains(account)));
            if !reads {
                return Err(NOBODY);
            }
        }
        Ok(Some(accounts.into_iter().collect()))
    }

    fn board_reads(&self, board: &Board, account: AccountId) -> Result<bool, Error> {
        // A grant to everybody, or one that still names the account, outlives it.
        if is_removed(&self.inner.store, account)? {
            return Ok(false);
        }
        let asker = self.asker(account)?;
        let reader = Reader { account, inside: asker.inside, groups: asker.groups };
        Ok(right(&board.grants, &reader).is_some())
    }

    /// Before anything else is sealed for some readers, takes those out of their keyring who may not read
    /// the board any more, and lets those in who may again. Only somebody who holds the keys does it: of
    /// readers who were all taken out, nobody would ever open what was written.
    pub(super) fn readers_settled(
        &self,
        (actor, seen): (&Actor, &Seen),
        named: Named<'_>,
    ) -> Result<(), Error> {
        let ring = named.readers.ring;
        let Unsettled { gone, back } = self.readers_unsettled(seen, named)?;
        if gone.is_empty() && back.is_empty() {
            return Ok(());
        }
        match self.keyring_state(actor, ring)? {
            KeysState::Held => {}
            KeysState::Waiting if !self.keyring_is_lost(ring)? => {
                return Err(Error::Conflict(Conflict::GroupKeysWait));
            }
            KeysState::Waiting => {}
            // The caller finds out, and says so.
            KeysState::Unproven | KeysState::Differ => return Ok(()),
        }
        if !gone.is_empty() {
            let done = self.transact(move |tx| {
                gone.iter().try_for_each(|entry| removed_in_tx(tx, ring, *entry))
            });
            done.wait()?;
        }
        self.readers_in(actor, named, back)
    }

    /// Lets those in again who may read the board again, because somebody who holds the keys opens what is
    /// for them. Nothing else is in its way if that cannot be done.
    pub(super) fn readers_back(&self, (actor, seen): (&Actor, &Seen), named: Named<'_>) {
        if let Err(error) = self.readers_back_or_not((actor, seen), named) {
            tracing::debug!(%error, "readers of a post did not get its keys back");
        }
    }

    fn readers_back_or_not(
        &self,
        (actor, seen): (&Actor, &Seen),
        named: Named<'_>,
    ) -> Result<(), Error> {
        let ring = named.readers.ring;
        let row = readable(self.inner.store.get(&RINGS, &ring))?.flatten();
        if row.is_none_or(|row| row.accounts as usize >= named.accounts().count()) {
            return Ok(());
        }
        // Of a keyring whose readers were removed somebody is always missing: what is cheap to know comes
        // first, because this is asked on each look.
        if !self.readers_missing(named)? || self.keyring_state(actor, ring)? != KeysState::Held {
            return Ok(());
        }
        let Unsettled { back, .. } = self.readers_unsettled(seen, named)?;
        self.readers_in(actor, named, back)
    }

    fn readers_in(
        &self,
        actor: &Actor,
        named: Named<'_>,
        back: Vec<RingEntry>,
    ) -> Result<(), Error> {
        if back.is_empty() {
            return Ok(());
        }
        let edit = RingEdit { add: back, ..RingEdit::default() };
        let change = self.keyring_change(actor, named.readers.ring, &edit)?;
        self.transact(move |tx| change.store_in_tx(tx)).wait()
    }

    /// Whether somebody who is named, and was not removed, is not in the keyring.
    fn readers_missing(&self, named: Named<'_>) -> Result<bool, Error> {
        for account in named.accounts() {
            let key = (named.readers.ring, RingEntry::Account(account));
            if !self.inner.store.has(&RING_ENTRIES, &key)?
                && !is_removed(&self.inner.store, account)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn readers_unsettled(&self, seen: &Seen, named: Named<'_>) -> Result<Unsettled, Error> {
        let mut found = Unsettled::default();
        for account in named.accounts() {
            let entry = RingEntry::Account(account);
            let is_in = self.inner.store.has(&RING_ENTRIES, &(named.readers.ring, entry))?;
            match self.board_reads(&seen.row, account)? {
                false if is_in => found.gone.push(entry),
                true if !is_in => found.back.push(entry),
                _ => {}
            }
        }
        Ok(found)
    }
}
