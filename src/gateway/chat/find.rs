//! Looking for words in what was said: the lines are opened with the actor's keys, from the last one back, and
//! nothing of it is kept. So there is no index of what people say, and a bound on how far back one looks.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::line::{LINES_PAGE_MAX, LineView};
use crate::gateway::chat::rows::{allowed, lines_from};
use crate::gateway::chat::rules::Act;
use crate::gateway::chat::view::PersonSeen;
use crate::gateway::error::Error;
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::room::{LineNumber, Room, RoomId, RoomLine, RoomMember};
use crate::gateway::text::shown;
use crate::mail::reference::Reference;
use crate::mail::words;
use crate::terms::LineKind;

/// The most characters of what is looked for, and its most words.
pub const FIND_CHARS_MAX: usize = 200;
const WORDS_MAX: usize = 8;

/// The most lines in one answer, the latest ones.
pub const FOUND_MAX: usize = 50;

/// How many lines one request opens, and how many octets of them. Each room has a share of what those before it
/// left.
pub const FIND_LINES_MAX: usize = 20_000;
pub const FIND_OCTETS_MAX: usize = 8 << 20;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesFound {
    /// Each with the number of its room, the latest first.
    pub items: Vec<(String, LineView)>,
    pub persons: Vec<PersonSeen>,
    /// Whether everything was opened that the actor may see, and all is here that was found.
    pub whole: bool,
}

/// A line that was found, as it is stored.
struct Hit {
    room: RoomId,
    number: LineNumber,
    line: RoomLine,
}

/// One request: what it looks for, what it may still open, and what it has found.
struct Search<'w> {
    wanted: &'w [String],
    lines: usize,
    octets: usize,
    hits: Vec<Hit>,
    whole: bool,
}

impl Search<'_> {
    /// Keeps the latest ones.
    fn keep_latest(&mut self) {
        self.hits.sort_by_key(|hit| Reverse((hit.line.at, hit.number)));
        self.whole &= self.hits.len() <= FOUND_MAX;
        self.hits.truncate(FOUND_MAX);
    }
}

impl Gateway {
    /// Looks for lines with all of these words, or words that begin so, in one room or in all of the actor's.
    pub fn rooms_find(
        &self,
        actor: &Actor,
        room: Option<Reference>,
        text: &str,
    ) -> Result<LinesFound, Error> {
        let wanted = checked(text)?;
        let (lines, octets) = (FIND_LINES_MAX, FIND_OCTETS_MAX);
        let mut search = Search { wanted: &wanted, lines, octets, hits: Vec::new(), whole: true };
        let places = self.places(actor, room)?;
        for (at, (id, room, member)) in places.iter().enumerate() {
            let left = places.len() - at;
            let share = (search.lines / left, search.octets / left);
            self.room_find(actor, (*id, room, member), (&mut search, share))?;
            search.keep_latest();
        }
        let (mut items, mut keys) = (Vec::new(), RingKeys::default());
        for Hit { room, number, line } in &search.hits {
            let view = self.room_line_view((actor, &mut keys), *room, (*number, line))?;
            items.push((shown(*room), view));
        }
        let who: BTreeSet<AccountId> = search.hits.iter().map(|hit| hit.line.who).collect();
        Ok(LinesFound { items, persons: self.room_persons(who)?, whole: search.whole })
    }

    fn places(
        &self,
        actor: &Actor,
        room: Option<Reference>,
    ) -> Result<Vec<(RoomId, Room, RoomMember)>, Error> {
        let who = actor.account();
        let Some(room) = room else { return self.rooms_of(who) };
        let id = room.to_bytes();
        let (room, member) = allowed(&self.inner.store, (id, who), Act::Read)?;
        Ok(vec![(id, room, member)])
    }

    /// Looks through one room, from its last line back.
    fn room_find(
        &self,
        actor: &Actor,
        (id, room, member): (RoomId, &Room, &RoomMember),
        (search, share): (&mut Search<'_>, (usize, usize)),
    ) -> Result<(), Error> {
        let (mut keys, mut found) = (RingKeys::default(), 0);
        let (mut lines, mut octets) = share;
        let mut end: LineNumber = room.last + 1;
        while end > member.from {
            let begin = end.saturating_sub(LINES_PAGE_MAX as u64).max(member.from);
            let rows = lines_from(&self.inner.store, id, (begin, LINES_PAGE_MAX))?;
            let rows = rows.into_iter().filter(|(number, _)| *number < end).rev();
            for (number, line) in rows {
                if lines == 0 || octets < line.sealed.len() || found > FOUND_MAX {
                    search.whole = false;
                    return Ok(());
                }
                (lines, octets) = (lines - 1, octets - line.sealed.len());
                search.lines -= 1;
                search.octets -= line.sealed.len();
                if line.kind != LineKind::Said {
                    continue;
                }
                let said = self.room_said((actor, &mut keys), id, &line)?;
                search.whole &= said.is_some();
                if said.is_some_and(|said| has_words(&said.text, search.wanted)) {
                    search.hits.push(Hit { room: id, number, line });
                    found += 1;
                }
            }
            end = begin;
        }
        Ok(())
    }
}

/// Whether a text has all of these words, or words that begin so.
fn has_words(text: &str, wanted: &[String]) -> bool {
    let mut left: Vec<&str> = wanted.iter().map(String::as_str).collect();
    for (_, _, word) in words::words(text) {
        left.retain(|one| !word.starts_with(one));
        if left.is_empty() {
            return true;
        }
    }
    false
}

fn checked(text: &str) -> Result<Vec<String>, Error> {
    let wanted = words::folded(text);
    let is_short = text.chars().count() <= FIND_CHARS_MAX && wanted.len() <= WORDS_MAX;
    match is_short && !wanted.is_empty() {
        true => Ok(wanted),
        false => {
            let what = format!("what is looked for must have 1 to {WORDS_MAX} words");
            Err(Error::Invalid { what })
        }
    }
}
