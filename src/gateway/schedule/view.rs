//! Entries and meetings as one person sees them.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::schedule::{Invited, MeetingAsked, MeetingRow};
use crate::gateway::records::tables::{MEETING_ASKED, MEETING_NOTICES, MEETINGS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::stored::{Facts, NO_MEETING, Opened, Said};
use crate::gateway::text::{hex, shown};
use crate::mail::address::Address;
use crate::mail::contacts::contact::normalized;
use crate::mail::reference::Reference;
use crate::mail::schedule::Fields;
use crate::store::Read;
use crate::terms::{Heard, MeetingRule, MeetingState, Needed, PersonState};

/// An entry as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    pub id: String,
    pub version: u32,
    pub fields: Fields,
    pub meeting: Option<MeetingView>,
}

/// A meeting as one of those sees it who are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingView {
    pub reference: String,
    pub sequence: u32,
    pub state: MeetingState,
    pub mine: bool,
    /// The requester's name and address; empty if the account ended.
    pub requester: (String, String),
    pub rule: MeetingRule,
    pub people: Vec<PersonView>,
    /// How it stands with the actor, if invited.
    pub answer: Option<PersonState>,
    /// How many answers of the actor were heard: the next one says that it follows these.
    pub answer_count: u32,
}

/// An invitee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    pub name: String,
    pub address: String,
    pub needed: Needed,
    pub state: PersonState,
    pub said: Said,
    pub answered: Option<Timestamp>,
}

/// A meeting with what it is about, for the card of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardView {
    pub meeting: MeetingView,
    /// `None` if they cannot be read.
    pub fields: Option<Fields>,
    /// The id of the actor's entry.
    pub entry: Option<String>,
}

/// A meeting as one of those finds it who are in it.
pub(super) struct Found {
    pub by: AccountId,
    pub key: ReferenceKey,
    pub row: RowFound,
    pub asked: Option<MeetingAsked>,
    /// `None` if the requester's entry, which has them, is not there or cannot be read.
    pub facts: Option<Facts>,
}

/// The row of a meeting.
pub(super) enum RowFound {
    /// Who asked is gone, and the meeting is cancelled; or it was over long ago.
    Gone,
    /// Nobody knows how the meeting stands.
    Damaged,
    Row(MeetingRow),
}

impl RowFound {
    pub fn row(&self) -> Option<&MeetingRow> {
        match self {
            RowFound::Row(row) => Some(row),
            RowFound::Gone | RowFound::Damaged => None,
        }
    }
}

impl Gateway {
    pub(super) fn entry_view(&self, actor: &Actor, opened: Opened) -> Result<EntryView, Error> {
        let Opened { id, row, stored } = opened;
        let meeting = match stored.meeting {
            None => None,
            Some(of) => {
                let facts = Some(Facts { fields: stored.fields.clone(), people: of.people });
                let asked = self.inner.store.get(&MEETING_ASKED, &(actor.account(), id));
                let asked = unless_damaged(asked)?.flatten();
                let row = self.meeting_row(of.by, id)?;
                let found = Found { by: of.by, key: id, row, asked, facts };
                Some(self.meeting_view(actor, &found)?)
            }
        };
        Ok(EntryView { id: hex(&id), version: row.version, fields: stored.fields, meeting })
    }

    /// A meeting that the actor asked for, or is invited to.
    pub(super) fn meeting_found(&self, actor: &Actor, key: ReferenceKey) -> Result<Found, Error> {
        let me = actor.account();
        if let Some(asked) = self.inner.store.get(&MEETING_ASKED, &(me, key))? {
            let facts = Some(self.facts_read(actor, key, &asked)?);
            let row = self.meeting_row(asked.by, key)?;
            return Ok(Found { by: asked.by, key, row, asked: Some(asked), facts });
        }
        let row = self.inner.store.get(&MEETINGS, &(me, key))?.ok_or(NO_MEETING)?;
        // Who cannot read the own entry any more, or deleted it, still sees who answered what.
        let entry = unless_damaged(self.entry_listed(actor, key))?.flatten();
        let facts = entry.map(|entry| entry.stored).map(|stored| Facts {
            people: stored.meeting.map(|of| of.people).unwrap_or_default(),
            fields: stored.fields,
        });
        Ok(Found { by: me, key, row: RowFound::Row(row), asked: None, facts })
    }

    /// The row of a meeting. One that cannot be read keeps nobody from reading what the own calendar has.
    pub(super) fn meeting_row(&self, by: AccountId, key: ReferenceKey) -> Result<RowFound, Error> {
        let row = unless_damaged(self.inner.store.get(&MEETINGS, &(by, key)))?;
        Ok(match row {
            None => RowFound::Damaged,
            Some(None) => RowFound::Gone,
            Some(Some(row)) => RowFound::Row(row),
        })
    }

    /// How it stands with a meeting of which the row was looked for, and what it is about is known, or not.
    pub(super) fn meeting_state_of(
        &self,
        row: &RowFound,
        fields: Option<&Fields>,
    ) -> Result<MeetingState, Error> {
        let now = self.inner.clock.now().0.div_euclid(1_000);
        let is_over = fields.is_some_and(|fields| fields.span().1 < now);
        match row {
            RowFound::Row(row) => self.meeting_state(row),
            RowFound::Gone if is_over => Ok(MeetingState::Past),
            RowFound::Gone => Ok(MeetingState::Cancelled),
            RowFound::Damaged => Ok(MeetingState::Unknown),
        }
    }

    /// A meeting with what it is about.
    pub fn meeting(&self, actor: &Actor, reference: Reference) -> Result<CardView, Error> {
        self.has_schedule(actor)?;
        self.schedule_settle(actor);
        let found = self.meeting_found(actor, reference.to_bytes())?;
        self.card_view(actor, &found)
    }

    pub(super) fn card_view(&self, actor: &Actor, found: &Found) -> Result<CardView, Error> {
        let entry = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), found.key));
        let entry = unless_damaged(entry)?.flatten();
        let entry = entry.filter(|row| row.deleted.is_none()).map(|_| hex(&found.key));
        let meeting = self.meeting_view(actor, found)?;
        let fields = found.facts.as_ref().map(|facts| facts.fields.clone());
        Ok(CardView { meeting, fields, entry })
    }

    /// Which meeting a message of the actor is about. Where that cannot be read, the message is read without it.
    pub fn meeting_of(&self, actor: &Actor, message: Reference) -> Result<Option<String>, Error> {
        let key = (actor.account(), message.to_bytes());
        let notice = unless_damaged(self.inner.store.get(&MEETING_NOTICES, &key))?.flatten();
        Ok(notice.map(|notice| shown(notice.meeting)))
    }

    fn meeting_view(&self, actor: &Actor, found: &Found) -> Result<MeetingView, Error> {
        let (me, gone) = (actor.account(), Vec::new());
        let people = found.row.row().map_or(&gone, |row| &row.people);
        let addresses = found.facts.as_ref().map_or(&[][..], |facts| &facts.people);
        let mut views = Vec::with_capacity(people.len());
        let mut answer = None;
        for (at, invited) in people.iter().enumerate() {
            let address = addresses.get(at).cloned().unwrap_or_default();
            let view = self.invited_view(actor, found, invited, address)?;
            if invited.account == me {
                answer = Some(view.state);
            }
            views.push(view);
        }
        let fields = found.facts.as_ref().map(|facts| &facts.fields);
        let state = self.meeting_state_of(&found.row, fields)?;
        let row = found.row.row();
        let rule = row.map_or(MeetingRule::All, |row| row.rule);
        let latest = row.map_or(0, |row| row.heard.sequence());
        // The version of what an invitee sees: a change may not have reached everybody.
        let sequence = found.asked.as_ref().map_or(latest, |asked| asked.sequence);
        Ok(MeetingView {
            reference: shown(found.key),
            sequence,
            state,
            mine: found.by == me,
            requester: self.requester_shown(found.by)?,
            rule,
            people: views,
            answer,
            answer_count: row.map_or(0, |row| row.heard.said_count(me)),
        })
    }

    fn requester_shown(&self, by: AccountId) -> Result<(String, String), Error> {
        if !self.account_exists(by)? {
            return Ok((String::new(), String::new()));
        }
        let view = self.account(by)?.view(by);
        Ok((view.display_name, view.address))
    }

    fn invited_view(
        &self,
        actor: &Actor,
        found: &Found,
        invited: &Invited,
        address: String,
    ) -> Result<PersonView, Error> {
        let me = actor.account();
        let said = match (&found.asked, found.by == me, invited.account == me) {
            // Words that cannot be read do not hide the answer.
            (_, true, _) => self.said_read(actor, found.key, invited).unwrap_or_default(),
            (Some(asked), _, true) => self.said_own(actor, found.key, asked).unwrap_or_default(),
            _ => Said::default(),
        };
        let heard = found.row.row().map(|row| &row.heard);
        let state = match heard {
            Some(heard) => self.person_state(heard, invited.account)?,
            None => PersonState::Waiting,
        };
        let name = match state {
            PersonState::Removed => String::new(),
            _ => self.name_shown(me, invited.account, &address)?,
        };
        let answered = invited.answered;
        Ok(PersonView { name, address, needed: invited.needed, state, said, answered })
    }

    /// A person's name for another, who may know it, and only beside the first address: who has which others
    /// is not for everybody to know.
    fn name_shown(&self, for_: AccountId, id: AccountId, address: &str) -> Result<String, Error> {
        let view = self.account(id)?.view(id);
        let is_first = normalized(&view.address) == normalized(address);
        match is_first && (for_ == id || self.reaches_from(for_, id)?) {
            true => Ok(view.display_name),
            false => Ok(String::new()),
        }
    }

    fn person_state(
        &self,
        heard: &Heard<AccountId>,
        account: AccountId,
    ) -> Result<PersonState, Error> {
        match self.account_exists(account)? {
            true => Ok(heard.person(account)),
            false => Ok(PersonState::Removed),
        }
    }

    /// How it stands with a meeting.
    pub(super) fn meeting_state(&self, row: &MeetingRow) -> Result<MeetingState, Error> {
        let mut people = Vec::with_capacity(row.people.len());
        for invited in &row.people {
            people.push((self.person_state(&row.heard, invited.account)?, invited.needed));
        }
        Ok(row.heard.state(row.rule, &people))
    }

    /// Whether an address is one of ours at all.
    pub(super) fn is_inside(&self, address: &str) -> bool {
        Address::parse(address.trim()).is_ok_and(|address| self.as_ours(&address).is_some())
    }
}
