//! Clearing what an account had, in transactions of a bounded length.
//!
//! An address book, an index and the changes of a mailbox have thousands of rows. Each transaction removes
//! at most 500 of them. What says that an account ends (the row of a temporary account, of a role mailbox,
//! of a removal) goes with the last of them, so that a start after a crash goes on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::gateway::error::{Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::mailboxes::holders::content_release_in_tx;
use crate::gateway::records::contact::{BOOK, ContactId, ReaderKey};
use crate::gateway::records::ids::{AccountId, GroupId, ReferenceKey, RingId};
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::keyring_rows::{removed_from_some_in_tx, removed_in_tx};
use crate::gateway::records::room::RoomId;
use crate::gateway::records::room_events::{RoomEvent, left_in_tx};
use crate::gateway::records::tables::{
    ACCOUNT_NEWS, ACCOUNTS, APPEARANCES, ATTESTATIONS, CHANGES, CODE_FAILURES, CONVERSATION_IDS,
    CONVERSATIONS, COUNTERS, CREDENTIALS, DRAFTS, ENTRIES, EPOCHS, FILTERS, GROUP_WAITING,
    GROUP_WRAPS, KNOWN_BROWSERS, KNOWN_KEYS, LABELS, MAILBOXES, OWN_IDS, PLACES, PREFERENCES,
    REGISTERS, REQUESTS, ROLE_ACTS, ROLE_INTERIM, SEARCH_BLOCKS, SEARCH_DELETED, SEARCH_PARTS,
    SEARCH_TEXTS, SEARCH_WAITING, SIGNING_KEYS, TOTP, UPLOADS, VOUCH_REQUESTS, WRITTEN_TO,
};
use crate::gateway::records::tables::{
    BOARD_ATTENTION, BOARD_POSITIONS, NOTICE_ADDRESSES, NOTICE_TERMS, NOTICE_WAITING, RING_SEEN,
    TOPIC_FOLLOWERS,
};
use crate::gateway::records::tables::{
    CONTACT_ASKED, CONTACT_BLOCKS, CONTACT_BOOKS, CONTACT_COPIES, CONTACT_EDITS, CONTACT_PHOTOS,
    CONTACT_REQUESTS, CONTACT_SHARED, CONTACTS, CONTACTS_DELETED, PROFILE_SHARED, PROFILES,
};
use crate::gateway::records::tables::{
    MEETING_ASKED, MEETING_ENDS, MEETING_NOTICES, MEETING_WAITS, MEETINGS, SCHEDULE_BLOCKS,
    SCHEDULE_DELETED, SCHEDULE_ENTRIES,
};
use crate::gateway::records::tables::{
    ROOM_ASKED, ROOM_HERE, ROOM_MEMBERS, ROOM_OF_TWO, ROOM_REFUSED, ROOM_REQUESTS, ROOMS_OF,
    TEMPORARY,
};
use crate::gateway::{Gateway, upload};
use crate::store::{Key, Read, Record, Table, Tx};
use crate::terms::LineKind;

/// How many rows one transaction removes at most.
pub(in crate::gateway) const ROWS_AT_ONCE: usize = 500;

/// How much one transaction removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Cleared {
    Some,
    /// Nothing is left.
    All,
}

/// The key of a copy of a book.
type CopyKey = ((ReaderKey, AccountId), u32, ContactId);

/// Removes some rows of an account from one table; returns how many.
type Clear = fn(&mut Tx<'_>, AccountId, usize) -> Result<usize, Error>;

/// What an account has. Uploads come before the counters, which they change.
const TABLES: [Clear; 64] = [
    entries_in_tx,
    uploads_in_tx,
    contacts_in_tx,
    schedule_entries_in_tx,
    vouch_requests_in_tx,
    |tx, id, room| removed_from_some_in_tx(tx, RingEntry::Account(id), room),
    |tx, id, room| some_in_tx(tx, &RING_SEEN, &id, room),
    |tx, id, room| some_in_tx(tx, &BOARD_POSITIONS, &id, room),
    attentions_in_tx,
    |tx, id, room| some_in_tx(tx, &NOTICE_TERMS, &id, room),
    |tx, id, room| some_in_tx(tx, &NOTICE_WAITING, &id, room),
    |tx, id, room| some_in_tx(tx, &NOTICE_ADDRESSES, &id, room),
    |tx, id, room| some_in_tx(tx, &GROUP_WRAPS, &(GroupId::EVERYBODY, id), room),
    // It may have waited for the keys of everybody inside.
    |tx, id, room| some_in_tx(tx, &GROUP_WAITING, &(GroupId::EVERYBODY, id), room),
    |tx, id, room| some_in_tx(tx, &MAILBOXES, &id, room),
    |tx, id, room| some_in_tx(tx, &PLACES, &id, room),
    |tx, id, room| some_in_tx(tx, &EPOCHS, &id, room),
    |tx, id, room| some_in_tx(tx, &CHANGES, &id, room),
    |tx, id, room| some_in_tx(tx, &CREDENTIALS, &id, room),
    |tx, id, room| some_in_tx(tx, &DRAFTS, &id, room),
    |tx, id, room| some_in_tx(tx, &REQUESTS, &id, room),
    |tx, id, room| some_in_tx(tx, &WRITTEN_TO, &id, room),
    |tx, id, room| some_in_tx(tx, &CONVERSATION_IDS, &id, room),
    |tx, id, room| some_in_tx(tx, &CONVERSATIONS, &id, room),
    |tx, id, room| some_in_tx(tx, &OWN_IDS, &id, room),
    |tx, id, room| some_in_tx(tx, &SEARCH_WAITING, &id, room),
    |tx, id, room| some_in_tx(tx, &SEARCH_PARTS, &id, room),
    |tx, id, room| some_in_tx(tx, &SEARCH_BLOCKS, &id, room),
    |tx, id, room| some_in_tx(tx, &SEARCH_TEXTS, &id, room),
    |tx, id, room| some_in_tx(tx, &SEARCH_DELETED, &id, room),
    |tx, id, room| some_in_tx(tx, &LABELS, &id, room),
    |tx, id, room| some_in_tx(tx, &FILTERS, &id, room),
    |tx, id, room| some_in_tx(tx, &APPEARANCES, &id, room),
    |tx, id, room| some_in_tx(tx, &TOTP, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_BLOCKS, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_PHOTOS, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_REQUESTS, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_ASKED, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_SHARED, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_BOOKS, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_COPIES, &id, room),
    |tx, id, room| some_in_tx(tx, &CONTACT_EDITS, &id, room),
    |tx, id, room| some_in_tx(tx, &PROFILE_SHARED, &id, room),
    |tx, id, room| some_in_tx(tx, &PROFILES, &id, room),
    |tx, id, room| some_in_tx(tx, &ATTESTATIONS, &id, room),
    |tx, id, room| some_in_tx(tx, &REGISTERS, &id, room),
    |tx, id, room| some_in_tx(tx, &SIGNING_KEYS, &id, room),
    |tx, id, room| some_in_tx(tx, &KNOWN_KEYS, &id, room),
    |tx, id, room| some_in_tx(tx, &CODE_FAILURES, &id, room),
    |tx, id, room| some_in_tx(tx, &ACCOUNT_NEWS, &id, room),
    |tx, id, room| some_in_tx(tx, &KNOWN_BROWSERS, &id, room),
    |tx, id, room| some_in_tx(tx, &ROLE_ACTS, &id, room),
    |tx, id, room| some_in_tx(tx, &ROLE_INTERIM, &id, room),
    room_asked_in_tx,
    |tx, id, room| some_in_tx(tx, &ROOM_HERE, &id, room),
    |tx, id, room| some_in_tx(tx, &ROOM_REFUSED, &id, room),
    |tx, id, room| some_in_tx(tx, &ROOM_OF_TWO, &id, room),
    |tx, id, room| some_in_tx(tx, &ROOMS_OF, &id, room),
    |tx, id, room| some_in_tx(tx, &SCHEDULE_BLOCKS, &id, room),
    meetings_in_tx,
    meetings_asked_in_tx,
    |tx, id, room| some_in_tx(tx, &MEETING_NOTICES, &id, room),
    |tx, id, room| some_in_tx(tx, &PREFERENCES, &id, room),
    |tx, id, room| some_in_tx(tx, &COUNTERS, &id, room),
];

impl Gateway {
    /// Removes some of what others see of an account's contacts and of its profile, and tells the readers of
    /// contacts; returns whether there is
    /// more. The account is shut, and `clear_some_in_tx` comes afterwards. Only the owner's keys say who the
    /// readers are, so that all rows are looked at; accounts that never had a contact or a profile share none.
    pub(in crate::gateway) fn contacts_unshare_some(
        &self,
        id: AccountId,
    ) -> Result<Cleared, Error> {
        let store = &self.inner.store;
        let has_none = store.count(&CONTACTS, &id)? == 0
            && !store.has(&CONTACT_SHARED, &(id.0, id, BOOK))?
            && !store.has(&CONTACT_BOOKS, &(id.0, id))?
            && !store.has(&PROFILES, &id)?;
        if has_none {
            return Ok(Cleared::All);
        }
        let some = self.contact_copies_some(id)?;
        if !some.is_empty() {
            let done = self.transact(move |tx| {
                some.iter().for_each(|key| tx.delete(&CONTACT_COPIES, key));
                Ok::<_, Error>(())
            });
            done.wait()?;
            return Ok(Cleared::Some);
        }
        let shared = keys_of(store, &CONTACT_SHARED, |(_, owner, _)| *owner == id)?;
        let books = keys_of(store, &CONTACT_BOOKS, |(_, owner)| *owner == id)?;
        let copies = keys_of(store, &CONTACT_COPIES, |((_, owner), ..)| *owner == id)?;
        let profile = keys_of(store, &PROFILE_SHARED, |(_, owner, _)| *owner == id)?;
        let most = shared.len().max(books.len()).max(copies.len()).max(profile.len());
        if most == 0 {
            return Ok(Cleared::All);
        }
        // The own row says that there are copies: it goes with the last of them.
        let are_last = copies.len() < ROWS_AT_ONCE;
        let of_books = books.iter().map(|(reader, _)| *reader);
        let readers = shared.iter().map(|(reader, ..)| *reader).chain(of_books);
        let readers: BTreeSet<AccountId> = readers.map(AccountId).collect();
        let done = self.transact(move |tx| {
            shared.iter().for_each(|key| tx.delete(&CONTACT_SHARED, key));
            let ended = books.iter().filter(|(to, _)| are_last || *to != id.0);
            ended.for_each(|key| tx.delete(&CONTACT_BOOKS, key));
            copies.iter().for_each(|key| tx.delete(&CONTACT_COPIES, key));
            profile.iter().for_each(|key| tx.delete(&PROFILE_SHARED, key));
            for reader in readers.iter().filter(|reader| **reader != id) {
                // The reader may be a group, whose identifier no account has.
                if tx.has(&ACCOUNTS, reader)? {
                    tx.changed(*reader, Changed::Contacts)?;
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()?;
        Ok(if most < ROWS_AT_ONCE { Cleared::All } else { Cleared::Some })
    }

    /// Some copies of a book of those readers who are known without its owner's keys. The others are found
    /// when none of these is left, by looking at all.
    fn contact_copies_some(&self, id: AccountId) -> Result<Vec<CopyKey>, Error> {
        let store = &self.inner.store;
        let own = readable(store.get(&CONTACT_BOOKS, &(id.0, id)))?.flatten();
        let mut readers: BTreeSet<ReaderKey> = BTreeSet::new();
        store.scan_keys(&CONTACT_BOOKS, &(), |(reader, owner)| {
            readers.extend((owner == id).then_some(reader));
            ControlFlow::Continue(())
        })?;
        readers.extend(own.iter().flat_map(|row| &row.over).map(|(reader, _)| *reader));
        let mut keys = Vec::new();
        for reader in readers {
            store.scan_keys(&CONTACT_COPIES, &(reader, id), |key| {
                keys.push(key);
                match keys.len() < ROWS_AT_ONCE {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            if keys.len() == ROWS_AT_ONCE {
                break;
            }
        }
        Ok(keys)
    }

    /// All that others see of an account's contacts and of its profile.
    pub(in crate::gateway) fn contacts_unshare(&self, id: AccountId) -> Result<(), Error> {
        while self.contacts_unshare_some(id)? == Cleared::Some {}
        Ok(())
    }
}

impl Gateway {
    /// Takes an account that is shut out of its chat rooms, and says so to those who stay. What it said
    /// stays with them.
    pub(in crate::gateway) fn rooms_leave(&self, id: AccountId) -> Result<(), Error> {
        for (_, room) in keys_of(&self.inner.store, &ROOMS_OF, |(who, _)| *who == id)? {
            let mut members = Vec::new();
            self.inner.store.scan_keys(&ROOM_MEMBERS, &room, |(_, account)| {
                members.extend((account != id).then_some(account));
                ControlFlow::Continue(())
            })?;
            let (reference, at) = (self.reference_new().to_bytes(), self.inner.clock.now());
            let event = RoomEvent { reference, at, who: id, kind: LineKind::Left, by: None };
            let done = self.inner.store.transact(move |tx| {
                removed_in_tx(tx, RingId(room), RingEntry::Account(id))?;
                left_in_tx(tx, room, &event, controls)
            });
            readable(done.wait())?;
            self.publish_room(&members, room, "members");
        }
        Ok(())
    }
}

/// Whether somebody may control a room: an account inside that can sign in.
fn controls(tx: &Tx<'_>, who: AccountId) -> Result<bool, Error> {
    let is_able = tx.get(&ACCOUNTS, &who)?.is_some_and(|row| !row.disabled);
    Ok(is_able && !tx.has(&TEMPORARY, &who)?)
}

/// Removes some of what an account has, and keeps its record.
pub(in crate::gateway) fn clear_some_in_tx(
    tx: &mut Tx<'_>,
    id: AccountId,
) -> Result<Cleared, Error> {
    let mut room = ROWS_AT_ONCE;
    for clear in TABLES {
        room = room.saturating_sub(clear(tx, id, room)?);
        if room == 0 {
            return Ok(Cleared::Some);
        }
    }
    Ok(Cleared::All)
}

/// Some keys of a table that are wanted.
fn keys_of<K: Key, V: Record>(
    reader: &impl Read,
    table: &Table<K, V>,
    wanted: impl Fn(&K) -> bool,
) -> Result<Vec<K>, Error> {
    let mut keys = Vec::new();
    reader.scan_keys(table, &(), |key| {
        keys.extend(wanted(&key).then_some(key));
        match keys.len() < ROWS_AT_ONCE {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(keys)
}

/// The first rows of an account, or of another beginning of a key.
fn some_keys<K: Key, V: Record>(
    tx: &Tx<'_>,
    table: &Table<K, V>,
    of: &impl Key,
    room: usize,
) -> Result<Vec<K>, Error> {
    let mut keys = Vec::new();
    tx.scan_keys(table, of, |key| {
        keys.push(key);
        match keys.len() < room {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(keys)
}

/// Removes rows, whether they can be read or not.
fn some_in_tx<K: Key, V: Record>(
    tx: &mut Tx<'_>,
    table: &Table<K, V>,
    of: &impl Key,
    room: usize,
) -> Result<usize, Error> {
    let keys = some_keys(tx, table, of, room)?;
    keys.iter().for_each(|key| tx.delete(table, key));
    Ok(keys.len())
}

fn entries_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &ENTRIES, &id, room)?;
    for key in &keys {
        // Of what cannot be read, the content stays: nobody has a key to it any more.
        let entry = readable(tx.get(&ENTRIES, key))?.flatten();
        tx.delete(&ENTRIES, key);
        if let Some(entry) = entry {
            tx.delete(&PLACES, &(id, entry.reference));
            content_release_in_tx(tx, entry.reference)?;
        }
    }
    Ok(keys.len())
}

fn uploads_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &UPLOADS, &id, room)?;
    for (_, upload) in &keys {
        upload::remove_in_tx(tx, id, *upload)?;
    }
    Ok(keys.len())
}

/// The contacts, and the rows that say when those that were deleted go for good.
fn contacts_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &CONTACTS, &id, room)?;
    for key in &keys {
        let row = readable(tx.get(&CONTACTS, key))?.flatten();
        if let Some(due) = row.and_then(|row| row.due()) {
            tx.delete(&CONTACTS_DELETED, &(due, key.0, key.1));
        }
        tx.delete(&CONTACTS, key);
    }
    Ok(keys.len())
}

/// What was followed or muted on boards; who follows a topic is known by the topic as well.
fn attentions_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &BOARD_ATTENTION, &id, room)?;
    for (account, board, topic) in &keys {
        tx.delete(&BOARD_ATTENTION, &(*account, *board, *topic));
        tx.delete(&TOPIC_FOLLOWERS, &(*board, *topic, *account));
    }
    Ok(keys.len())
}

fn schedule_entries_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &SCHEDULE_ENTRIES, &id, room)?;
    for key in &keys {
        let row = readable(tx.get(&SCHEDULE_ENTRIES, key))?.flatten();
        if let Some(due) = row.and_then(|row| row.due()) {
            tx.delete(&SCHEDULE_DELETED, &(due, key.0, key.1));
        }
        tx.delete(&SCHEDULE_ENTRIES, key);
    }
    Ok(keys.len())
}

/// Removes what an account has of a meeting, with the row that says when it ends.
fn meeting_in_tx(tx: &mut Tx<'_>, place: (AccountId, ReferenceKey)) -> Result<(), Error> {
    let row = readable(tx.get(&MEETINGS, &place))?.flatten().map(|row| row.until);
    let asked = readable(tx.get(&MEETING_ASKED, &place))?.flatten().map(|row| row.until);
    for until in [row, asked].into_iter().flatten() {
        tx.delete(&MEETING_ENDS, &(until, place.0, place.1));
    }
    tx.delete(&MEETINGS, &place);
    tx.delete(&MEETING_ASKED, &place);
    tx.delete(&MEETING_WAITS, &place);
    Ok(())
}

fn meetings_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &MEETINGS, &id, room)?;
    keys.iter().try_for_each(|key| meeting_in_tx(tx, *key))?;
    Ok(keys.len())
}

fn meetings_asked_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &MEETING_ASKED, &id, room)?;
    keys.iter().try_for_each(|key| meeting_in_tx(tx, *key))?;
    Ok(keys.len())
}

/// The requests to join a chat room, each of which has a row at the room as well.
fn room_asked_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys: Vec<(AccountId, RoomId)> = some_keys(tx, &ROOM_ASKED, &id, room)?;
    for (who, asked) in &keys {
        tx.delete(&ROOM_ASKED, &(*who, *asked));
        tx.delete(&ROOM_REQUESTS, &(*asked, *who));
    }
    Ok(keys.len())
}

/// The requests to be vouched for, each of which has a row at either side.
fn vouch_requests_in_tx(tx: &mut Tx<'_>, id: AccountId, room: usize) -> Result<usize, Error> {
    let keys = some_keys(tx, &VOUCH_REQUESTS, &id, room)?;
    for (own, other) in &keys {
        tx.delete(&VOUCH_REQUESTS, &(*own, *other));
        tx.delete(&VOUCH_REQUESTS, &(*other, *own));
    }
    Ok(keys.len())
}

/// Removes an account's rows from a table, whether they can be read or not: those of which there are few.
pub(in crate::gateway) fn clear_in_tx<K: Key, V: Record>(
    tx: &mut Tx<'_>,
    table: &Table<K, V>,
    id: AccountId,
) -> Result<(), Error> {
    some_in_tx(tx, table, &id, usize::MAX).map(drop)
}
