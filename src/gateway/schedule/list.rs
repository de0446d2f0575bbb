//! What happens between two times, and what waits for an answer.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::schedule::MeetingAsked;
use crate::gateway::records::tables::{MEETING_ASKED, MEETINGS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::stored::Opened;
use crate::gateway::schedule::view::CardView;
use crate::gateway::text::{hex, shown};
use crate::mail::schedule::Fields;
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
        self.schedule_settle(actor)?;
        let limits = self.schedule_limits();
        let most = self.inner.settings.schedule.shown_max;
        let mut lines = self.schedule_lines(actor, (from, to))?;
        lines.sort_by_key(|line| (line.begins, line.id));
        let (mut items, mut more) = (Vec::new(), false);
        for line in lines {
            let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), line.id));
            let Some(row) = unless_damaged(row.map_err(Error::from))?.flatten() else { continue };
            if row.deleted.is_some() {
                continue;
            }
            // What cannot be read is left out: the others are there.
            let stored = unless_damaged(self.entry_read(actor, line.id, &row))?;
            let Some(stored) = stored else { continue };
            let opened = Opened { id: line.id, row, stored };
            let starts = opened.stored.fields.starts_between(from, to, limits);
            if starts.is_empty() {
                continue;
            }
            let meeting = self.occurrence_of(actor, &opened)?;
            for start in starts {
                let (begins, ends) = opened.stored.fields.span_of(start);
                items.push(Occurrence {
                    id: hex(&opened.id),
                    version: opened.row.version,
                    // Texts are for who opens the entry.
                    fields: Fields { text: String::new(), ..opened.stored.fields.clone() },
                    start,
                    begins,
                    ends,
                    meeting: meeting.clone(),
                });
            }
            if items.len() > most {
                more = true;
                break;
            }
        }
        items.sort_by(|one, other| (one.begins, &one.id).cmp(&(other.begins, &other.id)));
        items.truncate(most);
        Ok(Occurrences { items, more })
    }

    fn occurrence_of(&self, actor: &Actor, opened: &Opened) -> Result<Option<OccurrenceOf>, Error> {
        let Some(of) = &opened.stored.meeting else { return Ok(None) };
        let mine = of.by == actor.account();
        let row = self.inner.store.get(&MEETINGS, &(of.by, opened.id))?;
        let state = match &row {
            Some(row) => self.meeting_state(row)?,
            None => MeetingState::Cancelled,
        };
        let own = |row: &crate::gateway::records::schedule::MeetingRow| {
            (!mine).then(|| row.heard.person(actor.account()))
        };
        let answer = row.as_ref().and_then(own);
        Ok(Some(OccurrenceOf { reference: shown(opened.id), mine, state, answer }))
    }

    /// The meetings that wait for the actor's answer.
    pub fn meetings_waiting(&self, actor: &Actor) -> Result<Vec<CardView>, Error> {
        self.has_schedule(actor)?;
        let mut cards = Vec::new();
        for (key, asked) in self.asked_rows(actor)? {
            let row = self.inner.store.get(&MEETINGS, &(asked.by, key))?;
            let waits = row.is_some_and(|row| {
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
    /// in whose keys could seal them.
    pub(super) fn schedule_settle(&self, actor: &Actor) -> Result<(), Error> {
        if actor.is_temporary() || actor.behind().is_some() {
            return Ok(());
        }
        for (key, asked) in self.asked_rows(actor)? {
            if asked.entered.is_some_and(|entered| entered < asked.sequence) {
                unless_damaged(self.contacts_retry(|| self.schedule_settle_one(actor, key)))?;
            }
        }
        Ok(())
    }

    fn schedule_settle_one(&self, actor: &Actor, key: ReferenceKey) -> Result<(), Error> {
        let place = (actor.account(), key);
        let Some(asked) = self.inner.store.get(&MEETING_ASKED, &place)? else { return Ok(()) };
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
        self.schedule_commit(actor, change, move |tx| {
            if tx.get(&MEETING_ASKED, &place)?.as_ref() != Some(&asked) {
                return Err(Error::Busy);
            }
            let row = MeetingAsked { entered, ..asked.clone() };
            Ok(tx.put(&MEETING_ASKED, &place, &row)?)
        })
    }
}
