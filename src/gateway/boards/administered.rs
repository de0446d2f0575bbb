//! Boards as administrators see them: by number, with days and amounts. Nothing of this opens anything.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{Counted, GRANTS_MAX, NO_BOARD, People, Seen, reader_in_tx};
use crate::gateway::boards::content::NOBODY;
use crate::gateway::boards::rights::right;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::keyrings::change::RingEdit;
use crate::gateway::records::board::BoardGrant;
use crate::gateway::records::ids::BoardId;
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::tables::{BOARDS, RING_ENTRIES};
use crate::gateway::text::parse_hex;
use crate::store::Read;
use crate::terms::BoardRight;

/// A board, as administrators see it. There are at most [`super::board::BOARDS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardRow {
    pub id: BoardId,
    pub created: Timestamp,
    /// With those that were deleted.
    pub posts: u64,
    pub topics: u32,
    /// Of the posts with their earlier versions and files.
    pub octets: u64,
    pub readers: People,
    pub managers: People,
}

impl Gateway {
    /// All boards, the latest first.
    pub fn boards_all(&self) -> Result<Vec<BoardRow>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&BOARDS, &(), |id, row| {
            found.extend((!row.ending).then_some((id, row)));
            ControlFlow::Continue(())
        })?;
        found.sort_by_key(|(id, row)| (std::cmp::Reverse(row.created.millis()), *id));
        let mut counted = Counted::default();
        let mut rows = Vec::with_capacity(found.len());
        for (id, row) in found {
            rows.push(BoardRow {
                id,
                created: row.created,
                posts: row.posts,
                topics: row.topics,
                octets: row.octets,
                readers: self.board_people(&mut counted, &row, BoardRight::Read)?,
                managers: self.board_people(&mut counted, &row, BoardRight::Manage)?,
            });
        }
        Ok(rows)
    }

    /// Names a manager of a board that nobody who can sign in manages, among those who read it. The keys are
    /// theirs already, or come from the other readers.
    pub fn board_manager_name(&self, id: &str, name: &str) -> Result<(), Error> {
        let id = BoardId(parse_hex(id).ok_or(NO_BOARD)?);
        let account = self.account_named(name)?;
        self.boards_retry(|| {
            let row = self.inner.store.get(&BOARDS, &id)?.filter(|row| !row.ending);
            let row = row.ok_or(NO_BOARD)?;
            let managers = self.board_people(&mut Counted::default(), &row, BoardRight::Manage)?;
            if managers != People::Some(0) {
                return Err(Error::Conflict(Conflict::BoardManaged));
            }
            let (version, now) = (row.version, self.inner.clock.now());
            let done = self.transact(move |tx| {
                let mut row = tx.get(&BOARDS, &id)?.ok_or(NO_BOARD)?;
                if row.version != version || row.ending {
                    return Err(Error::Busy);
                }
                right(&row.grants, &reader_in_tx(tx, account, now)?).ok_or(NOBODY)?;
                let own = BoardGrant { to: RingEntry::Account(account), right: BoardRight::Manage };
                row.grants.retain(|grant| grant.to != own.to);
                if row.grants.len() >= GRANTS_MAX {
                    return Err(Error::OverQuota);
                }
                row.grants.push(own);
                row.version = row.version.wrapping_add(1);
                Ok(tx.put(&BOARDS, &id, &row)?)
            });
            done.wait()
        })?;
        self.board_publish(id);
        Ok(())
    }

    /// Lets a manager into the keyring whom an administrator named, and who is not in it yet.
    pub(super) fn board_entries_tend(&self, actor: &Actor, seen: &Seen) -> Result<(), Error> {
        let (id, ring, version) = (seen.id, seen.row.ring, seen.row.version);
        let mut add = Vec::new();
        for grant in seen.row.grants.iter().filter(|grant| grant.right == BoardRight::Manage) {
            let RingEntry::Account(account) = grant.to else { continue };
            let is_in = self.inner.store.has(&RING_ENTRIES, &(ring, grant.to))?;
            if !is_in && self.group_able(account)? {
                add.push(grant.to);
            }
        }
        if add.is_empty() {
            return Ok(());
        }
        let edit = RingEdit { add, ..RingEdit::default() };
        let change = self.keyring_change(actor, ring, &edit)?;
        let done = self.transact(move |tx| match tx.get(&BOARDS, &id)? {
            Some(row) if row.version == version && !row.ending => change.store_in_tx(tx),
            _ => Ok(()),
        });
        done.wait()
    }
}
