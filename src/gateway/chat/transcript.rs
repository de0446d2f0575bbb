//! The transcript of a room for who leaves it: what was said there between the own joining and leaving,
//! without what was deleted, with the reference number of each line. Of a long one it has the end.

use std::collections::{BTreeSet, HashMap};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::rows::lines_from;
use crate::gateway::chat::transcript_files::{LineHeard, file_heard, files_of};
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::quota;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::text::shown;
use crate::mail::chat_text::{self, Extent, Heard};
use crate::terms::{Language, LineKind};

/// The most lines and octets of one message; a longer transcript is several messages.
const LINES_PER_MESSAGE: usize = 2_000;
const OCTETS_PER_MESSAGE: usize = 1 << 20;

/// The most lines of a transcript, and the most octets of what they say: the last ones.
pub const TRANSCRIPT_LINES_MAX: usize = 50_000;
pub const TRANSCRIPT_OCTETS_MAX: usize = 8 << 20;

/// How many rows are read at once.
const ROWS_AT_ONCE: u64 = 100;

/// A transcript, ready to be stored.
pub(super) struct Transcript {
    messages: Vec<SealedMessage>,
    /// The last line of the room, and how many changes of lines there were, when it was made.
    of: (LineNumber, u64),
}

impl Transcript {
    /// Whether it says what the room says now.
    pub fn is_of(&self, room: &Room) -> bool {
        self.of == (room.last, room.changes)
    }

    /// Stores it, if there is room for it in the mailbox.
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>, who: AccountId) -> Result<(), Error> {
        let sizes = self.messages.iter().map(|message| quota::message(message.size));
        let added = sizes.fold(Usage::default(), Usage::plus);
        quota::check_in_tx(tx, who, Usage::default(), added)?;
        self.messages.iter().try_for_each(|message| message.store_in_tx(tx))
    }
}

impl Gateway {
    /// The transcript for a member, up to the last line that the room's record knows.
    pub(super) fn room_transcript(
        &self,
        actor: &Actor,
        id: RoomId,
        (room, member): (&Room, &RoomMember),
    ) -> Result<Transcript, Error> {
        let language = self.language_of(actor.account())?.unwrap_or(Language::English);
        let mut keys = RingKeys::default();
        let name = self.room_name((actor, &mut keys), id, room)?.unwrap_or_default();
        let (from, extent) = self.transcript_from(id, (room, member))?;
        let mut parts = self.transcript_parts((actor, &mut keys), id, (from, room.last))?;
        self.transcript_files_choose((actor, &mut keys), id, &mut parts)?;
        let extent = match (extent, parts.len()) {
            (Extent::Whole, 2..) => Extent::Part,
            (extent, _) => extent,
        };
        let mut messages = Vec::new();
        for (number, part) in parts.into_iter().enumerate() {
            let subject = chat_text::transcript(language, &name, number + 1);
            let files = files_of(&part);
            let heard: Vec<Heard> = part.into_iter().map(|line| line.heard).collect();
            let text = chat_text::transcript_text(language, &shown(id), extent, &heard);
            let files = (id, files.as_slice());
            let message = self.transcript_message((actor, &mut keys), (&subject, &text), files)?;
            messages.push(message);
        }
        Ok(Transcript { messages, of: (room.last, room.changes) })
    }

    /// From which line on a transcript may have all, going back from the last one; and whether that is all.
    fn transcript_from(
        &self,
        id: RoomId,
        (room, member): (&Room, &RoomMember),
    ) -> Result<(LineNumber, Extent), Error> {
        let first = (member.joined + 1).max(member.from);
        let (mut from, mut lines, mut octets) = (room.last + 1, 0, 0);
        while from > first {
            let start = from.saturating_sub(ROWS_AT_ONCE).max(first);
            let limit = usize::try_from(from - start).unwrap_or(usize::MAX);
            let rows = lines_from(&self.inner.store, id, (start, limit))?;
            for (number, line) in rows.iter().rev().filter(|(number, _)| *number < from) {
                if line.kind != LineKind::Said {
                    continue;
                }
                (lines, octets) = (lines + 1, octets + line.sealed.len());
                if lines > TRANSCRIPT_LINES_MAX || octets > TRANSCRIPT_OCTETS_MAX {
                    return Ok((number + 1, Extent::Last));
                }
            }
            from = start;
        }
        Ok((first, Extent::Whole))
    }

    /// What was said in these lines, by message; one that says nothing, if nothing was.
    fn transcript_parts(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        id: RoomId,
        (mut from, last): (LineNumber, LineNumber),
    ) -> Result<Vec<Vec<LineHeard>>, Error> {
        let (mut parts, mut octets) = (vec![Vec::new()], 0);
        while from <= last {
            let limit = usize::try_from((last + 1 - from).min(ROWS_AT_ONCE)).unwrap_or(usize::MAX);
            let rows = lines_from(&self.inner.store, id, (from, limit))?;
            from = from.saturating_add(ROWS_AT_ONCE);
            let rows: Vec<_> = rows.into_iter().filter(|(number, _)| *number <= last).collect();
            for heard in self.room_heard((actor, &mut *keys), id, &rows)? {
                let names = heard.heard.files.iter().map(|file| file.name.len());
                let more = heard.heard.text.as_ref().map_or(0, String::len) + names.sum::<usize>();
                let part = parts.last_mut().filter(|part| {
                    part.len() < LINES_PER_MESSAGE && octets + more <= OCTETS_PER_MESSAGE
                });
                octets = if part.is_some() { octets + more } else { more };
                match part {
                    Some(part) => part.push(heard),
                    None => parts.push(vec![heard]),
                }
            }
        }
        Ok(parts)
    }

    /// What was said, as far as the member's keys open it.
    fn room_heard(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        id: RoomId,
        rows: &[(LineNumber, RoomLine)],
    ) -> Result<Vec<LineHeard>, Error> {
        let authors: BTreeSet<_> = rows.iter().map(|(_, line)| line.who).collect();
        let names: HashMap<String, String> = self
            .room_persons(authors)?
            .into_iter()
            .map(|one| (one.id, if one.name.is_empty() { one.address } else { one.name }))
            .collect();
        let mut heard = Vec::new();
        for (number, line) in rows.iter().filter(|(_, line)| line.kind == LineKind::Said) {
            let said = self.room_said((actor, keys), id, line)?;
            let (text, files) = said.map(|said| (said.text, said.files)).unzip();
            let files = files.unwrap_or_default().into_iter().map(file_heard);
            let heard_now = Heard {
                at: line.at.to_utc(),
                who: names.get(&line.who.to_text()).cloned().unwrap_or_default(),
                reference: shown(line.reference),
                text,
                files: files.collect(),
            };
            heard.push(LineHeard { number: *number, heard: heard_now });
        }
        Ok(heard)
    }
}
