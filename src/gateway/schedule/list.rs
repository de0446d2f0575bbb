//! What happens between two times, and what waits for an answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::ControlFlow;
use std::rc::Rc;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::schedule::{EntryId, MeetingAsked};
use crate::gateway::records::tables::{MEETING_ASKED, MEETING_WAITS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::changes::Room;
use crate::gateway::schedule::ending::{asked_put_in_tx, waits_to_settle};
use crate::gateway::schedule::stored::Opened;
use crate::gateway::schedule::view::CardView;
use crate::gateway::text::{hex, shown};
use crate::mail::schedule::Fields;
use crate::mail::schedule::rule::Steps;
use crate::mail::schedule::times::Local;
use crate::store::Read;
use crate::terms::{MeetingState, PersonState};

/// One time that an entry happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub id: String,
    pub version: u32,
    pub fields: Fields,
    pub start: Local,
    /// In UTC.
    pub begins: i64,
    pub ends: i64,
    pub meeting: Option<OccurrenceOf>,
}

/// The meeting of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OccurrenceOf {
    pub reference: String,
    pub mine: bool,
    pub state: MeetingState,
    /// How it stands with the actor, if invited.
    pub answer: Option<PersonState>,
}

/// A page of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrences {
    pub items: Vec<Occurrence>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// The earliest starts of all, at most so many.
struct Earliest {
    /// By when each begins in UTC, of which entry it is, and the local time.
    found: BTreeMap<(i64, EntryId, Local), Rc<Opened>>,
    most: usize,
    /// Whether anything was left out.
    more: bool,
}

impl Earliest {
    fn new(most: usize) -> Earliest {
        Earliest { found: BTreeMap::new(), most, more: false }
    }

    /// Whether there are as many as may be, all before this time.
    fn is_before(&self, begins: i64) -> bool {
        let last = self.found.last_key_value();
        self.found.len() >= self.most && last.is_some_and(|((last, ..), _)| *last < begins)
    }

    fn add(&mut self, opened: Opened, starts: Vec<Local>) {
        let opened = Rc::new(opened);
        for start in starts {
            let begins = opened.stored.fields.span_of(start).0;
            self.found.insert((begins, opened.id, start), opened.clone());
            if self.found.len() > self.most {
                self.found.pop_last();
                self.more = true;
            }
        }
    }
}

const SPAN_DAYS_MAX: i64 = 400;
const DAY_SECS: i64 = 86_400;

impl Gateway {
    /// What happens between two times in UTC, the earliest first.
    pub fn schedule_list(&self, actor: &Actor, from: i64, to: i64) -> Result<Occurrences, Error> {
        self.has_schedule(actor)?;
        if to <= from || to.saturating_sub(from) > SPAN_DAYS_MAX * DAY_SECS {
            let what =
                format!("a list is of more than nothing and of at most {SPAN_DAYS_MAX} days");
            return Err(Error::Invalid { what });
        }
        self.schedule_settle(actor);
        let mut lines = self.schedule_lines(actor, (from, to))?;
        lines.sort_by_key(|line| (line.begins, line.id));
        let mut earliest = Earliest::new(self.inner.settings.schedule.shown_max);
        let mut steps = Steps::new(self.inner.settings.schedule.steps_max);
        for line in lines {
            // Nothing of it, or of those that follow, begins before what is there.
            if earliest.is_before(line.begins.saturating_sub(DAY_SECS)) {
                earliest.more = true;
                break;
            }
            // What cannot be read is left out: the others are there.
            let Some(mut opened) = unless_damaged(self.entry_listed(actor, line.id))?.flatten()
            else {
                continue;
            };
            // Texts are for who opens the entry: those of thousands together take much memory.
            let fields = &mut opened.stored.fields;
            fields.text = String::new();
            match fields.starts_between((from, to), line.ends, &mut steps) {
                Some(starts) => earliest.add(opened, starts),
                None => earliest.more = true,
            }
        }
        self.occurrences(actor, earliest)
    }

    /// An entry that was not deleted.
    pub(super) fn entry_listed(&self, actor: &Actor, id: EntryId) -> Result<Option<Opened>, Error> {
        let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), id))?;
        let Some(row) = row.filter(|row| row.deleted.is_none()) else { return Ok(None) };
        let stored = self.entry_read(actor, id, &row)?;
        Ok(Some(Opened { id, row, stored }))
    }

    fn occurrences(&self, actor: &Actor, earliest: Earliest) -> Result<Occurrences, Error> {
        let (mut items, mut meetings) = (Vec::new(), BTreeMap::new());
        let more = earliest.more;
        for ((begins, id, start), opened) in earliest.found {
            let meeting = match meetings.entry(id) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(new) => new.insert(self.occurrence_of(actor, &opened)?),
            };
            items.push(Occurrence {
                id: hex(&id),
                version: opened.row.version,
                fields: opened.stored.fields.clone(),
                start,
                begins,
                ends: opened.stored.fields.span_of(start).1,
                meeting: meeting.clone(),
            });
        }
        Ok(Occurrences { items, more })
    }

    fn occurrence_of(&self, actor: &Actor, opened: &Opened) -> Result<Option<OccurrenceOf>, Error> {
        let Some(of) = &opened.stored.meeting else { return Ok(None) };
        let mine = of.by == actor.account();
        let row = self.meeting_row(of.by, opened.id)?;
        let state = self.meeting_state_of(&row, Some(&opened.stored.fields))?;
        let row = row.row().filter(|_| !mine);
        let answer = row.map(|row| row.heard.person(actor.account()));
        Ok(Some(OccurrenceOf { reference: shown(opened.id), mine, state, answer }))
    }

    /// The meetings that wait for the actor's answer.
    pub fn meetings_waiting(&self, actor: &Actor) -> Result<Vec<CardView>, Error> {
        self.has_schedule(actor)?;
        let mut cards = Vec::new();
        for (key, asked) in self.asked_rows(actor)? {
            let row = self.meeting_row(asked.by, key)?;
            let waits = row.row().is_some_and(|row| {
                let person = row.heard.person(actor.account());
                !row.heard.is_cancelled() && person == PersonState::Waiting
            });
            if waits && let Some(found) = unless_damaged(self.meeting_found(actor, key))? {
                cards.push(self.card_view(actor, &found)?);
            }
        }
        Ok(cards)
    }

    /// What the actor is asked, the latest first.
    fn asked_rows(&self, actor: &Actor) -> Result<Vec<(ReferenceKey, MeetingAsked)>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&MEETING_ASKED, &actor.account(), |key, row| {
            rows.push((key.1, row));
            ControlFlow::Continue(())
        })?;
        rows.reverse();
        Ok(rows)
    }

    /// Brings the actor's entries of meetings up to what was asked last: changes come while nobody is signed
    /// in whose keys could seal them. What cannot be done is left for the next time, and keeps nobody from
    /// reading.
    pub(super) fn schedule_settle(&self, actor: &Actor) {
        if actor.is_temporary() || actor.behind().is_some() {
            return;
        }
        let mut waits = Vec::new();
        let looked = self.inner.store.scan_keys(&MEETING_WAITS, &actor.account(), |(_, key)| {
            waits.push(key);
            ControlFlow::Continue(())
        });
        if let Err(error) = looked {
            tracing::warn!(%error, "entries were not brought up to their meetings");
        }
        for key in waits {
            let done = self.contacts_retry(|| self.schedule_settle_one(actor, key));
            if let Err(error) = done {
                tracing::debug!(%error, "an entry was not brought up to its meeting");
            }
        }
    }

    fn schedule_settle_one(&self, actor: &Actor, key: ReferenceKey) -> Result<(), Error> {
        let place = (actor.account(), key);
        // Another request may have done it meanwhile.
        let asked = self.inner.store.get(&MEETING_ASKED, &place)?.filter(waits_to_settle);
        let Some(asked) = asked else { return Ok(()) };
        let facts = self.facts_read(actor, key, &asked)?;
        let change = match self.inner.store.get(&SCHEDULE_ENTRIES, &place)? {
            Some(row) if row.deleted.is_none() => {
                let mut stored = self.entry_read(actor, key, &row)?;
                stored.fields = Fields { own: stored.fields.own, ..facts.fields };
                vec![self.entry_change(actor, key, Some(row), &stored)?]
            }
            _ => Vec::new(),
        };
        let entered = (!change.is_empty()).then_some(asked.sequence);
        self.schedule_commit_with(actor, (change, Room::Given), move |tx| {
            if tx.get(&MEETING_ASKED, &place)?.as_ref() != Some(&asked) {
                return Err(Error::Busy);
            }
            let row = MeetingAsked { entered, ..asked.clone() };
            asked_put_in_tx(tx, place, Some(&asked), &row)
        })
    }
}
