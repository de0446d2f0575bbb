//! What is said in a room: lines, changes of them, reactions, and reading them in their order.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::chat::carried::{FileSaid, FileView, Voice};
use crate::gateway::chat::files::{Checked, NewFile, destroy_in_tx, take_in_tx, uploads_of};
use crate::gateway::chat::keys::{LineAt, Said, line_sealed, reaction_sealed, ring_of};
use crate::gateway::chat::rows::{allowed, lines_from, members_of, retried, uncharge_in_tx};
use crate::gateway::chat::rules::{Act, may_delete, may_edit, sees, standing};
use crate::gateway::chat::view::PersonSeen;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::rooms::{FileNow, LineNow};
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::sealing::{RingKeys, still_sealed_in_tx};
use crate::gateway::reaction::emoji;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::{LineNumber, LineReaction, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::records::tables::{ROOM_LINES, ROOM_MEMBERS, ROOM_POSTED, ROOM_WATCH, ROOMS};
use crate::gateway::text::{parse_hex, shown};
use crate::gateway::{Gateway, quota};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{LineKind, RoomKind};

/// What somebody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewLine {
    /// Drawn by the client, so that what it repeats is said once.
    pub client_id: [u8; 16],
    pub text: String,
    pub in_reply_to: Option<LineNumber>,
    /// The IDs of members whom it is meant for in particular.
    pub mentions: Vec<String>,
    pub files: Vec<NewFile>,
}

/// A line, as a member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    pub number: LineNumber,
    pub reference: String,
    pub at: Timestamp,
    pub who: String,
    pub own: bool,
    pub kind: LineKind,
    /// Who admitted or removed somebody.
    pub by: Option<String>,
    /// What was said; `None` of an event, of what was deleted, and of what the member's keys do not open.
    pub text: Option<String>,
    pub in_reply_to: Option<LineNumber>,
    pub mentions: Vec<String>,
    pub files: Vec<FileView>,
    pub edited: Option<Timestamp>,
    /// Each reaction, how many reacted so, and whether the member did.
    pub reactions: Vec<(String, usize, bool)>,
}

/// Some lines of a room, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesPage {
    pub items: Vec<LineView>,
    /// Those who said them, or about whom they are.
    pub persons: Vec<PersonSeen>,
    /// The first line that the member sees, and the last one that there is.
    pub first: LineNumber,
    pub last: LineNumber,
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinesQuery {
    /// Those after a line.
    After(LineNumber),
    /// The last ones before a line.
    Before(LineNumber),
}

/// The most characters of a line, members whom it mentions, and reactions to it.
pub const TEXT_CHARS_MAX: usize = 8_000;
pub const MENTIONS_MAX: usize = 50;
pub const REACTIONS_MAX: usize = 100;

/// The most lines in one answer.
pub const LINES_PAGE_MAX: usize = 100;

/// The most lines of a room, and the most octets of them.
pub const LINES_MAX: u64 = 1_000_000;
pub const OCTETS_MAX: u64 = 512 << 20;

/// How many of a member's lines are known by what its client called them.
const POSTED_KEPT: usize = 64;

const NO_LINE: Error = Error::NotFound { what: "line" };

/// The number of a line, and its reference number.
pub type LineId = (LineNumber, String);

/// What a line says. One that carries files need not say anything.
fn checked_text(text: &str, files: usize) -> Result<String, Error> {
    let text = text.trim_end();
    if text.trim().is_empty() && files > 0 {
        return Ok(String::new());
    }
    match (1..=TEXT_CHARS_MAX).contains(&text.trim().chars().count())
        && text.chars().count() <= TEXT_CHARS_MAX
    {
        true => Ok(text.to_owned()),
        false => {
            let what = format!("a line must have 1 to {TEXT_CHARS_MAX} characters");
            Err(Error::Invalid { what })
        }
    }
}

impl Gateway {
    /// Says something in a room. Whatever is acknowledged is there once, however often it is repeated.
    pub fn room_say(&self, actor: &Actor, room: Reference, new: &NewLine) -> Result<LineId, Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let (row, member) = allowed(&self.inner.store, (id, who), Act::Say)?;
        if let Some(said) = posted(&self.inner.store, (id, who), new.client_id)? {
            return Ok(said);
        }
        self.room_other_takes(actor, id, &row)?;
        let said = self.room_checked(id, &member, new)?;
        let done = self.room_files_checked(actor, &new.files).and_then(|files| {
            retried(|| self.room_say_once(actor, id, (new.client_id, &said, &files)))
        });
        let done = match done {
            // The same request, sent twice at once, may have taken them.
            Err(error @ Error::NotFound { what: "upload" }) => {
                posted(&self.inner.store, (id, who), new.client_id)?.ok_or(error)?
            }
            done => done?,
        };
        let line = self.inner.store.get(&ROOM_LINES, &(id, done.0))?;
        // Who joined since the name was sealed reads it from now on, or with the next line.
        let has_name = !row.sealed_name.is_empty();
        if has_name && line.is_some_and(|line| line.under != row.under) {
            match self.room_name_tend(actor, id) {
                Ok(()) => self.publish_room(&self.room_accounts(id)?, id, "name"),
                Err(error) => {
                    tracing::debug!(%error, "the name of a chat room was not sealed anew");
                }
            }
        }
        Ok(done)
    }

    /// In a conversation the other one has to be there, and to take messages of the actor. Asked before
    /// anything that the other one would see, except deleting.
    pub(super) fn room_other_takes(
        &self,
        actor: &Actor,
        id: RoomId,
        row: &Room,
    ) -> Result<(), Error> {
        if row.kind != RoomKind::Conversation {
            return Ok(());
        }
        let other = self.room_accounts(id)?.into_iter().find(|one| *one != actor.account());
        let other = other.ok_or(Error::Denied { reason: "the other person has left" })?;
        let address = self.account(other)?.view(other).address;
        match self.contact_owner(actor, &address)? == Some(other) {
            true => Ok(()),
            false => Err(Error::Denied { reason: "the other person takes no messages from you" }),
        }
    }

    fn room_checked(&self, id: RoomId, member: &RoomMember, new: &NewLine) -> Result<Said, Error> {
        let invalid = |what: &str| Err(Error::Invalid { what: what.to_owned() });
        let text = checked_text(&new.text, new.files.len())?;
        let answers = match new.in_reply_to {
            None => None,
            Some(number) => {
                let line = self.inner.store.get(&ROOM_LINES, &(id, number))?;
                let line = line.filter(|_| sees(member, number)).ok_or(NO_LINE)?;
                Some(line.reference)
            }
        };
        if new.mentions.len() > MENTIONS_MAX {
            return Err(Error::OverQuota);
        }
        let mut mentions = BTreeSet::new();
        for one in &new.mentions {
            let Some(account) = parse_hex(one).map(AccountId) else {
                return invalid("somebody who is mentioned is not in the room");
            };
            if !self.inner.store.has(&ROOM_MEMBERS, &(id, account))? {
                return invalid("somebody who is mentioned is not in the room");
            }
            mentions.insert(account);
        }
        let mentions = mentions.into_iter().collect();
        Ok(Said { text, in_reply_to: new.in_reply_to, answers, mentions, files: Vec::new() })
    }

    fn room_say_once(
        &self,
        actor: &Actor,
        id: RoomId,
        (client_id, said, files): ([u8; 16], &Said, &[Checked]),
    ) -> Result<LineId, Error> {
        let (who, at) = (actor.account(), self.inner.clock.now());
        let (under, secret) = self.keyring_sealing(actor, ring_of(id))?;
        let author = (who, self.room_person(who)?);
        let reference = self.reference_new().to_bytes();
        let bound = LineAt { who, reference, version: 1, epoch: under.epoch };
        let (uploads, files) =
            (uploads_of(files), self.room_files_sealed(actor, (id, &bound, &secret), files)?);
        let said = Said { files: files.clone(), ..said.clone() };
        let line = RoomLine {
            reference,
            at,
            who,
            kind: LineKind::Said,
            by: None,
            edited: None,
            version: 1,
            under: under.epoch,
            sealed: line_sealed(id, &bound, &secret, &said)?,
            reactions: Vec::new(),
            contents: Vec::new(),
        };
        let done = self.transact(move |tx| {
            let (mut row, mut member) = allowed(&**tx, (id, who), Act::Say)?;
            if let Some(said) = posted(&**tx, (id, who), client_id)? {
                return Ok(said);
            }
            still_sealed_in_tx(&**tx, under)?;
            charge_in_tx(tx, &mut row, who, line.sealed.len() as u64)?;
            row.last += 1;
            let number = row.last;
            let contents = take_in_tx(tx, ((id, number), who), &uploads, &files)?;
            tx.put(&ROOM_LINES, &(id, number), &RoomLine { contents, ..line.clone() })?;
            tx.put(&ROOMS, &id, &row)?;
            posted_in_tx(tx, (id, who), (client_id, number))?;
            // Who says something has seen what was there, unless others said more meanwhile.
            if member.read + 1 == number {
                (member.read, member.read_at) = (number, at);
                tx.put(&ROOM_MEMBERS, &(id, who), &member)?;
            }
            if !tx.has(&ROOM_WATCH, &id)? {
                tx.put(&ROOM_WATCH, &id, &Due)?;
            }
            // Those who are in the room as of this line, and nobody else, hear it.
            let (hearers, author, said) = (members_of(&**tx, id)?, author.clone(), said.clone());
            tx.then(move |gateway| {
                let now = line_now((id, number), (reference, at), author, &said);
                gateway.publish_line(&hearers, now);
            });
            Ok((number, shown(reference)))
        });
        done.wait()
    }

    /// Changes what the actor said, for a time.
    pub fn room_line_edit(
        &self,
        actor: &Actor,
        (room, number): (Reference, LineNumber),
        text: &str,
    ) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let secs = self.inner.settings.chat.edit_secs;
        let (row, _) = allowed(&self.inner.store, (id, who), Act::Say)?;
        self.room_other_takes(actor, id, &row)?;
        retried(|| {
            let now = self.inner.clock.now();
            let (_, line) = self.room_line_seen(actor, (id, number))?;
            if !may_edit(&line, who, now, secs) {
                return Err(too_late());
            }
            let said = self.room_said((actor, &mut RingKeys::default()), id, &line)?;
            if said.is_none() && !line.contents.is_empty() {
                // What the keys do not open would be left out of the new line.
                return Err(Error::Conflict(Conflict::GroupKeysWait));
            }
            let said = said.unwrap_or_default();
            let said = Said { text: checked_text(text, said.files.len())?, ..said };
            let (under, secret) = self.keyring_sealing(actor, ring_of(id))?;
            let (version, reference) = (line.version + 1, line.reference);
            let bound = LineAt { who, reference, version, epoch: under.epoch };
            let sealed = line_sealed(id, &bound, &secret, &said)?;
            let done = self.transact(move |tx| {
                let (mut row, _) = allowed(&**tx, (id, who), Act::Say)?;
                let mut line = tx.get(&ROOM_LINES, &(id, number))?.ok_or(NO_LINE)?;
                if !may_edit(&line, who, now, secs) {
                    return Err(too_late());
                }
                still_sealed_in_tx(&**tx, under)?;
                if line.version + 1 != version {
                    return Err(Error::Busy);
                }
                release_in_tx(tx, &mut row, &line)?;
                charge_in_tx(tx, &mut row, who, sealed.len() as u64)?;
                (line.version, line.under, line.sealed) = (version, under.epoch, sealed.clone());
                line.edited = Some(now);
                row.changes += 1;
                tx.put(&ROOM_LINES, &(id, number), &line)?;
                Ok(tx.put(&ROOMS, &id, &row)?)
            });
            done.wait()
        })?;
        self.publish_line_change(&self.room_accounts(id)?, id, number);
        Ok(())
    }

    /// Deletes a line: what it said is destroyed, and its number stays.
    pub fn room_line_delete(
        &self,
        actor: &Actor,
        (room, number): (Reference, LineNumber),
    ) -> Result<(), Error> {
        let (id, who, now) = (room.to_bytes(), actor.account(), self.inner.clock.now());
        let secs = self.inner.settings.chat.edit_secs;
        self.room_line_seen(actor, (id, number))?;
        let done = self.transact(move |tx| {
            let (mut row, member) = allowed(&**tx, (id, who), Act::Say)?;
            let mut line = tx.get(&ROOM_LINES, &(id, number))?.ok_or(NO_LINE)?;
            if !may_delete(&line, (who, standing(Some(&member))), now, secs) {
                return Err(too_late());
            }
            release_in_tx(tx, &mut row, &line)?;
            row.octets = row.octets.saturating_sub(reactions_octets(&line));
            destroy_in_tx(tx, (id, number), &line)?;
            line.kind = LineKind::Deleted;
            (line.sealed, line.reactions, line.contents) = (Vec::new(), Vec::new(), Vec::new());
            line.edited = Some(now);
            row.changes += 1;
            tx.put(&ROOM_LINES, &(id, number), &line)?;
            Ok(tx.put(&ROOMS, &id, &row)?)
        });
        done.wait()?;
        self.publish_line_change(&self.room_accounts(id)?, id, number);
        Ok(())
    }

    /// Reacts to a line, in place of an earlier reaction; `None` takes that back.
    pub fn room_react(
        &self,
        actor: &Actor,
        (room, number): (Reference, LineNumber),
        reaction: Option<&str>,
    ) -> Result<(), Error> {
        let (id, who) = (room.to_bytes(), actor.account());
        let reaction = reaction.map(emoji).transpose()?;
        if reaction.is_some() {
            let (row, _) = allowed(&self.inner.store, (id, who), Act::Say)?;
            self.room_other_takes(actor, id, &row)?;
        }
        retried(|| {
            let (_, line) = self.room_line_seen(actor, (id, number))?;
            if line.kind != LineKind::Said {
                return Err(NO_LINE);
            }
            let sealed = match reaction {
                None => None,
                Some(reaction) => {
                    let (under, secret) = self.keyring_sealing(actor, ring_of(id))?;
                    let about = (id, line.reference, who);
                    Some((under, reaction_sealed(about, under.epoch, &secret, reaction)?))
                }
            };
            let done = self.transact(move |tx| {
                let (mut row, _) = allowed(&**tx, (id, who), Act::Say)?;
                let mut line = tx.get(&ROOM_LINES, &(id, number))?.ok_or(NO_LINE)?;
                let before = reactions_octets(&line);
                line.reactions.retain(|one| one.who != who);
                if let Some((under, sealed)) = &sealed {
                    still_sealed_in_tx(&**tx, *under)?;
                    if line.kind != LineKind::Said || line.reactions.len() >= REACTIONS_MAX {
                        return Err(Error::OverQuota);
                    }
                    let (under, sealed) = (under.epoch, sealed.clone());
                    line.reactions.push(LineReaction { who, under, sealed });
                    if row.octets.saturating_add(reactions_octets(&line)) > OCTETS_MAX + before {
                        return Err(Error::OverQuota);
                    }
                }
                row.octets = (row.octets + reactions_octets(&line)).saturating_sub(before);
                tx.put(&ROOMS, &id, &row)?;
                Ok(tx.put(&ROOM_LINES, &(id, number), &line)?)
            });
            done.wait()
        })?;
        self.publish_line_hint(&self.room_accounts(id)?, id, number);
        Ok(())
    }

    /// A line that the actor sees.
    pub(super) fn room_line_seen(
        &self,
        actor: &Actor,
        (id, number): (RoomId, LineNumber),
    ) -> Result<(RoomMember, RoomLine), Error> {
        let (_, member) = allowed(&self.inner.store, (id, actor.account()), Act::Read)?;
        let line = self.inner.store.get(&ROOM_LINES, &(id, number))?;
        let line = line.filter(|_| sees(&member, number)).ok_or(NO_LINE)?;
        Ok((member, line))
    }

    /// One line.
    pub fn room_line(
        &self,
        actor: &Actor,
        (room, number): (Reference, LineNumber),
    ) -> Result<LineView, Error> {
        let id = room.to_bytes();
        let (_, line) = self.room_line_seen(actor, (id, number))?;
        self.room_line_view((actor, &mut RingKeys::default()), id, (number, &line))
    }

    /// Some lines of a room, in their order.
    pub fn room_lines(
        &self,
        actor: &Actor,
        room: Reference,
        (query, limit): (LinesQuery, usize),
    ) -> Result<LinesPage, Error> {
        let id = room.to_bytes();
        let (row, member) = allowed(&self.inner.store, (id, actor.account()), Act::Read)?;
        // Members who wait for the keys get them from those who read.
        if let Err(error) = self.keyring_tend(actor, ring_of(id)) {
            tracing::debug!(%error, "the keys of a room were not tended");
        }
        let limit = limit.clamp(1, LINES_PAGE_MAX);
        // Numbers have no gaps, so that what is before a line is found without looking for it.
        let (from, below) = match query {
            LinesQuery::After(number) => (number.saturating_add(1), u64::MAX),
            LinesQuery::Before(number) => (number.saturating_sub(limit as u64), number),
        };
        let from = from.max(member.from);
        let rows = lines_from(&self.inner.store, id, (from, limit))?;
        let mut keys = RingKeys::default();
        let (mut items, mut accounts) = (Vec::with_capacity(rows.len()), BTreeSet::new());
        for (number, line) in rows.into_iter().filter(|(number, _)| *number < below) {
            accounts.insert(line.who);
            accounts.extend(line.by);
            items.push(self.room_line_view((actor, &mut keys), id, (number, &line))?);
        }
        let persons = self.room_persons(accounts)?;
        Ok(LinesPage { items, persons, first: member.from, last: row.last })
    }

    pub(super) fn room_line_view(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        id: RoomId,
        (number, line): (LineNumber, &RoomLine),
    ) -> Result<LineView, Error> {
        let said = match line.kind {
            LineKind::Said => self.room_said((actor, keys), id, line)?,
            _ => None,
        };
        let mut reactions: BTreeMap<String, (usize, bool)> = BTreeMap::new();
        for one in &line.reactions {
            let opened = self.room_reaction((actor, keys), (id, line.reference), one)?;
            if let Some(text) = opened {
                let (count, own) = reactions.entry(text).or_default();
                *count += 1;
                *own |= one.who == actor.account();
            }
        }
        let Said { in_reply_to, answers, mentions, files, .. } = said.clone().unwrap_or_default();
        let in_reply_to = self.room_answered(id, in_reply_to, answers)?;
        Ok(LineView {
            number,
            reference: shown(line.reference),
            at: line.at,
            who: line.who.to_text(),
            own: line.who == actor.account(),
            kind: line.kind,
            by: line.by.map(AccountId::to_text),
            text: said.map(|said| said.text),
            in_reply_to,
            mentions: mentions.into_iter().map(AccountId::to_text).collect(),
            files: files.into_iter().map(FileView::from).collect(),
            edited: line.edited,
            reactions: reactions.into_iter().map(|(text, (n, own))| (text, n, own)).collect(),
        })
    }
}

impl Gateway {
    /// The line that another one answers, if it is the one that its author saw there.
    fn room_answered(
        &self,
        id: RoomId,
        number: Option<LineNumber>,
        reference: Option<ReferenceKey>,
    ) -> Result<Option<LineNumber>, Error> {
        let Some(number) = number else { return Ok(None) };
        let line = readable(self.inner.store.get(&ROOM_LINES, &(id, number)))?.flatten();
        let is_same = line.is_some_and(|line| Some(line.reference) == reference);
        Ok(is_same.then_some(number))
    }
}

/// A line as it goes to the streams of those who are in the room.
fn line_now(
    (id, number): (RoomId, LineNumber),
    (reference, at): (ReferenceKey, Timestamp),
    (who, author): (AccountId, Option<PersonSeen>),
    said: &Said,
) -> LineNow {
    let (name, address, outside) = author
        .map(|PersonSeen { name, address, outside, .. }| (name, address, outside))
        .unwrap_or_default();
    LineNow {
        room: shown(id),
        number,
        reference: shown(reference),
        at,
        who,
        name,
        address,
        outside,
        text: Zeroizing::new(said.text.clone()),
        in_reply_to: said.in_reply_to,
        mentions: said.mentions.clone(),
        files: said.files.iter().map(file_now).collect(),
    }
}

fn file_now(file: &FileSaid) -> FileNow {
    let FileSaid { name, content_type, size, voice, .. } = file.clone();
    let voice = voice.map(|Voice { length_ms, levels }| (length_ms, levels));
    FileNow { name, content_type, size, voice }
}

fn too_late() -> Error {
    Error::Denied { reason: "a line is changed by its author, and only for a time" }
}

/// What a member said already under this identifier of its client.
fn posted(
    reader: &impl Read,
    (id, who): (RoomId, AccountId),
    client_id: [u8; 16],
) -> Result<Option<LineId>, Error> {
    let row = reader.get(&ROOM_POSTED, &(id, who))?.unwrap_or_default();
    let Some((_, number)) = row.recent.iter().find(|(one, _)| *one == client_id) else {
        return Ok(None);
    };
    let line = reader.get(&ROOM_LINES, &(id, *number))?;
    Ok(line.map(|line| (*number, shown(line.reference))))
}

fn posted_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (RoomId, AccountId),
    said: ([u8; 16], LineNumber),
) -> Result<(), Error> {
    let mut row = tx.get(&ROOM_POSTED, &key)?.unwrap_or_default();
    row.recent.push(said);
    let over = row.recent.len().saturating_sub(POSTED_KEPT);
    row.recent.drain(..over);
    Ok(tx.put(&ROOM_POSTED, &key, &row)?)
}

/// Counts a line for its author, and for the room. The caller stores the room.
fn charge_in_tx(
    tx: &mut Tx<'_, '_>,
    row: &mut Room,
    who: AccountId,
    octets: u64,
) -> Result<(), Error> {
    if row.last >= LINES_MAX || row.octets + octets > OCTETS_MAX {
        return Err(Error::OverQuota);
    }
    row.octets += octets;
    quota::check_in_tx(tx, who, Usage::default(), quota::file(octets))?;
    quota::said_in_tx(tx, who, (octets, 0))
}

/// How many octets the reactions to a line are: they count for the room, and for nobody's quota.
fn reactions_octets(line: &RoomLine) -> u64 {
    line.reactions.iter().map(|one| one.sealed.len() as u64).sum()
}

/// Counts what a line said no longer.
fn release_in_tx(tx: &mut Tx<'_, '_>, row: &mut Room, line: &RoomLine) -> Result<(), Error> {
    let octets = line.sealed.len() as u64;
    row.octets = row.octets.saturating_sub(octets);
    uncharge_in_tx(tx, line.who, octets)
}
