//! The end of a room: at once for everybody, and then, row by row, on the disk.
//!
//! The keys go first: what was said opens for nobody from then on, however long the rows take. Rooms that end
//! have their turn one after another, so that a long one keeps no other from its end.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::files::destroy_in_tx;
use crate::gateway::chat::keys::ring_of;
use crate::gateway::chat::rows::{allowed, uncharge_in_tx};
use crate::gateway::chat::rules::Act;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::ending::ring_of_accounts_out_in_tx;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{RoomId, RoomOf};
use crate::gateway::records::tables::{
    RINGS, ROOM_FILES, ROOM_LINES, ROOM_MEMBERS, ROOM_OF_TWO, ROOM_POSTED, ROOM_REQUESTS,
    ROOM_WATCH, ROOMS, ROOMS_OF,
};
use crate::mail::reference::Reference;
use crate::store::Read;

/// How many rows of a table one transaction deletes of a room that ends, and about how many pieces of files.
pub(super) const ROWS_AT_ONCE: usize = 500;

/// About how many rows of rooms that end one pass deletes, besides the first keys of those whose turn does not
/// come.
pub(super) const ROWS_IN_A_PASS: usize = 10_000;

/// What one transaction deleted.
struct Step {
    rows: usize,
    /// Whether nothing is left, not even the room's own row.
    is_last: bool,
}

impl Gateway {
    /// Ends a room for all who are in it.
    pub fn room_end(&self, actor: &Actor, room: Reference) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let members = self.room_accounts(id)?;
        let done = self.transact(move |tx| {
            let (mut row, _) = allowed(&**tx, (id, who), Act::End)?;
            row.ending = true;
            tx.put(&ROOM_WATCH, &id, &Due)?;
            Ok(tx.put(&ROOMS, &id, &row)?)
        });
        done.wait()?;
        members.iter().for_each(|one| self.retract_lines(*one, id));
        self.publish_room(&members, id, "ended");
        Ok(())
    }

    /// Deletes what these rooms hold, some rows in each transaction, each room in its turn. Called by a job:
    /// nobody finds the rooms meanwhile, and the next pass goes on with the room after the last one.
    pub(super) fn rooms_finish(&self, ending: Vec<RoomId>) {
        let mut ending = self.inner.room_passes.in_turn(ending);
        let (mut left, mut last) = (ROWS_IN_A_PASS, None);
        while left > 0
            && let Some(id) = ending.pop_front()
        {
            last = Some(id);
            match self.transact(move |tx| finish_some_in_tx(tx, id)).wait() {
                Ok(Step { is_last: true, rows }) => left = left.saturating_sub(rows),
                Ok(Step { rows, .. }) => {
                    left = left.saturating_sub(rows);
                    ending.push_back(id);
                }
                // One room that cannot be deleted is in no other's way.
                Err(error) => tracing::error!(%error, "a chat room that ends was passed over"),
            }
        }
        self.inner.room_passes.ended(last);
        // However much the others hold, what was said in these opens for nobody.
        for id in ending {
            if let Err(error) = self.room_keys_end(id) {
                tracing::error!(%error, "the keys of a chat room that ends were passed over");
            }
        }
    }

    /// Deletes some of the keys of a room, if there still are any.
    fn room_keys_end(&self, id: RoomId) -> Result<(), Error> {
        let ring = ring_of(id);
        if !self.inner.store.has(&RINGS, &ring)? {
            return Ok(());
        }
        let some = move |tx: &mut Tx<'_, '_>| ring_of_accounts_out_in_tx(tx, ring, ROWS_AT_ONCE);
        self.transact(some).wait()?;
        Ok(())
    }
}

/// Deletes some rows of a room that ends: its keys, then what was said and who was in it, and its own row in
/// the transaction that finds nothing else.
fn finish_some_in_tx(tx: &mut Tx<'_, '_>, id: RoomId) -> Result<Step, Error> {
    let keys = ring_of_accounts_out_in_tx(tx, ring_of(id), ROWS_AT_ONCE)?;
    if !keys.is_all {
        return Ok(Step { rows: keys.rows, is_last: false });
    }
    let lines = lines_out_in_tx(tx, id)?;
    let people = people_out_in_tx(tx, id)?;
    let is_last = lines.is_last && people.is_last;
    if is_last {
        tx.delete(&ROOMS, &id);
        tx.delete(&ROOM_WATCH, &id);
    }
    Ok(Step { rows: keys.rows + lines.rows + people.rows + 1, is_last })
}

fn lines_out_in_tx(tx: &mut Tx<'_, '_>, id: RoomId) -> Result<Step, Error> {
    let mut lines = Vec::new();
    tx.scan_keys(&ROOM_LINES, &id, |key| some(&mut lines, key))?;
    let (mut rows, mut contents) = (0, 0);
    for key in &lines {
        if contents >= ROWS_AT_ONCE {
            return Ok(Step { rows, is_last: false });
        }
        rows += 1;
        // Of what cannot be read, nothing is known but that it goes.
        let line = readable(tx.get(&ROOM_LINES, key))?.flatten();
        tx.delete(&ROOM_LINES, key);
        let Some(line) = line else {
            // Whose its files were, and where they are, stood in the line.
            tx.delete(&ROOM_FILES, key);
            continue;
        };
        contents += line.contents.len();
        destroy_in_tx(tx, *key, &line)?;
        uncharge_in_tx(tx, line.who, line.sealed.len() as u64)?;
    }
    Ok(Step { rows, is_last: lines.len() < ROWS_AT_ONCE })
}

fn people_out_in_tx(tx: &mut Tx<'_, '_>, id: RoomId) -> Result<Step, Error> {
    let (mut members, mut requests) = (Vec::new(), Vec::new());
    tx.scan_keys(&ROOM_MEMBERS, &id, |key| some(&mut members, key.1))?;
    tx.scan_keys(&ROOM_REQUESTS, &id, |key| some(&mut requests, key.1))?;
    if let [one, other] = members[..] {
        for key in [(one, other), (other, one)] {
            if tx.get(&ROOM_OF_TWO, &key)? == Some(RoomOf(id)) {
                tx.delete(&ROOM_OF_TWO, &key);
            }
        }
    }
    for who in &members {
        tx.delete(&ROOM_MEMBERS, &(id, *who));
        tx.delete(&ROOMS_OF, &(*who, id));
        tx.delete(&ROOM_POSTED, &(id, *who));
    }
    for who in &requests {
        // What the sender keeps of it stays: its going would say that there was a room.
        tx.delete(&ROOM_REQUESTS, &(id, *who));
    }
    let is_last = members.len() < ROWS_AT_ONCE && requests.len() < ROWS_AT_ONCE;
    Ok(Step { rows: members.len() + requests.len(), is_last })
}

fn some<K>(found: &mut Vec<K>, key: K) -> ControlFlow<()> {
    found.push(key);
    if found.len() < ROWS_AT_ONCE { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}
