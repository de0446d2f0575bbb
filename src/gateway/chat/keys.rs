//! What is sealed in a room, and what it is bound to: so that the text of one line opens in no other, and what
//! somebody said not as another member's. Every member has the secret, and the row around a text is the
//! server's word: its place, its times, and whether it is the row of today
//! (`docs/decisions/0025-chat.md`).

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::carried::FileSaid;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::ids::{AccountId, ReferenceKey, RingId};
use crate::gateway::records::keyring::RingUnder;
use crate::gateway::records::room::{LineNumber, LineReaction, Room, RoomId, RoomLine};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::ROOM_LINES;
use crate::store::{self, Record};
use crate::vault::RingSecret;

/// What somebody said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    /// The line that it answers.
    pub in_reply_to: Option<LineNumber>,
    /// The reference number of that line, so that no other can be put in its place.
    pub answers: Option<ReferenceKey>,
    /// Whom it is meant for in particular, of those who are in the room.
    pub mentions: Vec<AccountId>,
    pub files: Vec<FileSaid>,
}

impl Record for Said {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Said> {
        store::migrated::<SaidV1, Said>(version, bytes)
    }
}

/// Before a line carried files.
#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SaidV1 {
    text: String,
    in_reply_to: Option<LineNumber>,
    answers: Option<ReferenceKey>,
    mentions: Vec<AccountId>,
}

impl Record for SaidV1 {
    const VERSION: u8 = 1;
}

impl From<SaidV1> for Said {
    fn from(SaidV1 { text, in_reply_to, answers, mentions }: SaidV1) -> Said {
        Said { text, in_reply_to, answers, mentions, files: Vec::new() }
    }
}

/// The keyring of a room has the same identifier.
pub(super) fn ring_of(room: RoomId) -> RingId {
    RingId(room)
}

pub(super) fn under(room: RoomId, epoch: u32) -> RingUnder {
    RingUnder { ring: ring_of(room), epoch }
}

fn name_binding(room: RoomId, (version, epoch): (u32, u32)) -> Vec<u8> {
    [b"room name\0".as_slice(), &room, &version.to_be_bytes(), &epoch.to_be_bytes()].concat()
}

/// What a line is bound to, besides the room: who said it, its reference number, its version and its epoch.
pub(super) struct LineAt {
    pub who: AccountId,
    pub reference: ReferenceKey,
    pub version: u32,
    pub epoch: u32,
}

pub(super) fn line_binding(room: RoomId, at: &LineAt) -> Vec<u8> {
    let LineAt { who, reference, version, epoch } = at;
    let numbers = [version.to_be_bytes(), epoch.to_be_bytes()].concat();
    [b"room line\0".as_slice(), &room, &who.0, reference, &numbers].concat()
}

fn reaction_binding(room: RoomId, line: ReferenceKey, who: AccountId, epoch: u32) -> Vec<u8> {
    [b"room reaction\0".as_slice(), &room, &line, &who.0, &epoch.to_be_bytes()].concat()
}

/// What the key of a piece of a file is bound to: the line, who said it, and the piece.
pub(super) fn piece_binding(room: RoomId, at: &LineAt, content: ReferenceKey) -> Vec<u8> {
    let LineAt { who, reference, epoch, .. } = at;
    [b"room file\0".as_slice(), &room, &who.0, reference, &content, &epoch.to_be_bytes()].concat()
}

pub(super) fn name_sealed(
    room: RoomId,
    (version, epoch): (u32, u32),
    secret: &RingSecret,
    name: &str,
) -> Result<Vec<u8>, Error> {
    Ok(secret.seal(&name_binding(room, (version, epoch)), name.as_bytes())?)
}

pub(super) fn line_sealed(
    room: RoomId,
    at: &LineAt,
    secret: &RingSecret,
    said: &Said,
) -> Result<Vec<u8>, Error> {
    Ok(secret.seal(&line_binding(room, at), &sealed_form::octets_of(said)?)?)
}

pub(super) fn reaction_sealed(
    (room, line, who): (RoomId, ReferenceKey, AccountId),
    epoch: u32,
    secret: &RingSecret,
    reaction: &str,
) -> Result<Vec<u8>, Error> {
    Ok(secret.seal(&reaction_binding(room, line, who, epoch), reaction.as_bytes())?)
}

/// Whether somebody has no key yet, or what is stored is not what was sealed: then it is shown as closed.
fn is_closed(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::KeysDiffer
            | Error::Damaged { .. }
            | Error::Conflict(Conflict::GroupKeysWait | Conflict::GroupKeysUnproven)
    )
}

impl Gateway {
    fn room_opened(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        (room, epoch): (RoomId, u32),
        (binding, sealed): (&[u8], &[u8]),
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        match self.keyring_opening_in(actor, keys, under(room, epoch)) {
            Ok(secret) => Ok(secret.open(binding, sealed).ok()),
            Err(error) if is_closed(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The name of a room, if the actor's keys open it.
    pub(super) fn room_name(
        &self,
        with: (&Actor, &mut RingKeys),
        id: RoomId,
        room: &Room,
    ) -> Result<Option<String>, Error> {
        if room.sealed_name.is_empty() {
            return Ok(None);
        }
        let bound = name_binding(id, (room.version, room.under));
        let plain = self.room_opened(with, (id, room.under), (&bound, &room.sealed_name))?;
        Ok(plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok()))
    }

    /// What a line says, if the actor's keys open it.
    pub(super) fn room_said(
        &self,
        with: (&Actor, &mut RingKeys),
        id: RoomId,
        line: &RoomLine,
    ) -> Result<Option<Said>, Error> {
        let RoomLine { who, reference, version, under, .. } = line;
        let at = LineAt { who: *who, reference: *reference, version: *version, epoch: *under };
        let bound = line_binding(id, &at);
        let Some(plain) = self.room_opened(with, (id, *under), (&bound, &line.sealed))? else {
            return Ok(None);
        };
        match sealed_form::read(ROOM_LINES.name, &plain) {
            Err(error @ Error::NewerRecord { .. }) => Err(error),
            said => Ok(said.ok()),
        }
    }

    /// A reaction, if the actor's keys open it.
    pub(super) fn room_reaction(
        &self,
        with: (&Actor, &mut RingKeys),
        (id, line): (RoomId, ReferenceKey),
        reaction: &LineReaction,
    ) -> Result<Option<String>, Error> {
        let LineReaction { who, under, sealed } = reaction;
        let bound = reaction_binding(id, line, *who, *under);
        let plain = self.room_opened(with, (id, *under), (&bound, sealed))?;
        Ok(plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok()))
    }
}
