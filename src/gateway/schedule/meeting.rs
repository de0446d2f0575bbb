//! Asking for a meeting, changing and cancelling it.
//!
//! A request is mail: it is refused where a message of its sender would be, and its messages count for the
//! quota of those whom they are for: a request is refused where one of them is full, and of what follows, a full
//! mailbox gets no message, only what the calendar shows. Everything of one request, change or cancellation is one transaction: so
//! each reaches everybody, and once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::schedule::{Invited, MeetingAsked, MeetingNotice, MeetingRow};
use crate::gateway::records::tables::{MEETING_ASKED, MEETING_NOTICES, MEETINGS};
use crate::gateway::schedule::ending::{asked_put_in_tx, earlier, kept_until, meeting_new_in_tx};
use crate::gateway::schedule::message::{Known, Told};
use crate::gateway::schedule::stored::Opened;
use crate::gateway::schedule::stored::{Facts, NO_MEETING, OfMeeting, StoredEntry};
use crate::gateway::schedule::view::{CardView, EntryView};
use crate::gateway::settings::Schedule as ScheduleSettings;
use crate::gateway::text::hex;
use crate::mail::contacts::contact::normalized;
use crate::mail::reference::Reference;
use crate::mail::schedule::Fields;
use crate::mail::schedule::fields::Own;
use crate::mail::schedule_text::News;
use crate::store::{Order, Read, Record, Table};
use crate::terms::{Heard, MeetingChange, MeetingFact, MeetingRule, Needed, PersonState};

/// What somebody asks others for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMeeting {
    pub fields: Fields,
    /// Addresses of people inside.
    pub invitees: Vec<(String, Needed)>,
    pub rule: MeetingRule,
}

/// What one invitee gets in the transaction.
pub(super) struct Delivered {
    pub to: AccountId,
    pub asked: Option<MeetingAsked>,
    /// `None` if only the calendar shows it.
    pub message: Option<SealedMessage>,
    pub notice: MeetingNotice,
}

const DAY_SECS: i64 = 86_400;
/// The shortest time for which what was asked is kept.
const MONTH_SECS: i64 = 28 * DAY_SECS;

fn invalid(what: impl Into<String>) -> Error {
    Error::Invalid { what: what.into() }
}

impl Gateway {
    /// Asks others for a meeting, which stands in the actor's calendar at once, as tentative. Once for each
    /// key of a request.
    pub fn meeting_ask(
        &self,
        actor: &Actor,
        new: &NewMeeting,
        key: &str,
    ) -> Result<EntryView, Error> {
        self.has_schedule(actor)?;
        let me = actor.account();
        let mark = self.schedule_mark(me, b"meeting", key);
        // With the key, which is stored nowhere: nobody can try what it may have said.
        let said = self.schedule_mark(me, b"meeting says", &format!("{key}\0{new:?}"));
        let meeting = self.contacts_retry(|| {
            // The answer to an earlier request with this key was lost.
            match self.inner.store.get(&MEETING_NOTICES, &(me, mark))? {
                Some(notice) => self.meeting_asked_already(me, notice.meeting, said),
                None => self.meeting_ask_once(actor, new, (mark, said)),
            }
        })?;
        self.schedule_entry(actor, &hex(&meeting))
    }

    /// The meeting that was asked for with the same key, if the request said the same.
    fn meeting_asked_already(
        &self,
        me: AccountId,
        meeting: ReferenceKey,
        said: [u8; 16],
    ) -> Result<ReferenceKey, Error> {
        let row = self.inner.store.get(&MEETINGS, &(me, meeting))?.ok_or(NO_MEETING)?;
        match row.said == said {
            true => Ok(meeting),
            false => Err(Error::Conflict(Conflict::RequestUsed)),
        }
    }

    fn meeting_ask_once(
        &self,
        actor: &Actor,
        new: &NewMeeting,
        (mark, said): ([u8; 16], [u8; 16]),
    ) -> Result<ReferenceKey, Error> {
        let (me, at) = (actor.account(), self.inner.clock.now());
        let fields = self.schedule_checked(new.fields.clone())?;
        if fields.repeat.is_some() {
            return Err(invalid("a meeting with others cannot be repeated yet"));
        }
        let (people, addresses) = self.meeting_people(actor, &new.invitees)?;
        rule_checked(new.rule, people.len())?;
        // What is refused costs no more than this look; the transaction looks again.
        let limits = self.inner.settings.schedule;
        let accounts: BTreeSet<_> = people.iter().map(|one| one.account).collect();
        may_ask(&self.inner.store, (me, at), &limits, accounts.iter().copied())?;
        let key = self.reference_new().to_bytes();
        let mut heard = Heard::default();
        heard.hear(MeetingFact::Version(0, MeetingChange::Time));
        let until = kept_until(at, fields.span().1);
        let row = MeetingRow { asked: at, mark, said, until, rule: new.rule, heard, people };
        let of = OfMeeting { by: me, people: addresses.clone() };
        let stored = StoredEntry { fields: fields.clone(), meeting: Some(of) };
        let change = self.entry_change(actor, key, None, &stored)?;
        let facts = Facts { fields: Fields { own: Own::default(), ..fields }, people: addresses };
        let delivered = self.meeting_delivered(actor, key, &row, (&facts, News::Asks))?;
        self.schedule_commit(actor, vec![change], move |tx| {
            if tx.has(&MEETING_NOTICES, &(me, mark))? {
                return Err(Error::Busy);
            }
            may_ask(tx, (me, at), &limits, delivered.iter().map(|one| one.to))?;
            tx.put(&MEETING_NOTICES, &(me, mark), &MeetingNotice { by: me, meeting: key })?;
            meeting_new_in_tx(tx, (me, key), None, &row)?;
            for one in &delivered {
                // What the calendar keeps counts as the message does.
                let asked = one.asked.as_ref().map_or(0, |asked| quota::meeting(asked).octets);
                let size = one.message.as_ref().map_or(0, |message| message.size);
                quota::admit_in_tx(tx, [one.to], size + asked)?;
            }
            delivered.iter().try_for_each(|one| deliver_in_tx(tx, key, one))
        })?;
        Ok(key)
    }

    /// The accounts at the addresses of invitees, and the addresses as they were written, each once. Two addresses
    /// of one account are two places, as those of two accounts are: who asks learns of nobody's other addresses.
    fn meeting_people(
        &self,
        actor: &Actor,
        invitees: &[(String, Needed)],
    ) -> Result<(Vec<Invited>, Vec<String>), Error> {
        let most = self.inner.settings.schedule.invitees_max;
        if invitees.is_empty() || invitees.len() > most {
            return Err(invalid(format!("a meeting has 1 to {most} invitees")));
        }
        let (mut people, mut addresses): (Vec<Invited>, Vec<String>) = Default::default();
        for (address, needed) in invitees {
            let address = address.trim();
            if !self.is_inside(address) {
                let reason = "only people inside can be asked for a meeting yet";
                return Err(Error::Denied { reason });
            }
            let account = self.contact_owner(actor, address)?;
            let account = account.ok_or(Error::NotFound { what: "invitee" })?;
            if account == actor.account() {
                return Err(invalid("who asks for a meeting is in it anyway"));
            }
            let found = addresses.iter().position(|one| normalized(one) == normalized(address));
            match found.and_then(|at| people.get_mut(at)) {
                Some(one) if *needed == Needed::Required => one.needed = *needed,
                Some(_) => {}
                None => {
                    people.push(Invited {
                        account,
                        needed: *needed,
                        answered: None,
                        requests: Vec::new(),
                        encapsulation: Vec::new(),
                        sealed: Vec::new(),
                    });
                    addresses.push(address.to_owned());
                }
            }
        }
        Ok((people, addresses))
    }

    /// What each invitee gets who is still there: what is asked, and a message that says so.
    fn meeting_delivered(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        row: &MeetingRow,
        (facts, news): (&Facts, News),
    ) -> Result<Vec<Delivered>, Error> {
        let by = actor.account();
        let mut delivered = Vec::with_capacity(row.people.len());
        for to in accounts(row) {
            if !self.account_exists(to)? {
                continue;
            }
            let before =
                unless_damaged(self.inner.store.get(&MEETING_ASKED, &(to, key)))?.flatten();
            let sealed = self.facts_sealed(to, key, facts)?;
            let now = self.inner.clock.now();
            // Who declined has no use for it until the time is another one.
            let is_declined = row.heard.person(to) == PersonState::Declined;
            let over = if is_declined { 0 } else { facts.fields.span().1 };
            let asked = MeetingAsked {
                by,
                sequence: row.heard.sequence(),
                until: kept_until(now, over),
                entered: before.as_ref().and_then(|before| before.entered),
                encapsulation: sealed.encapsulation,
                sealed: sealed.sealed,
                said: before.map(|before| before.said).unwrap_or_default(),
            };
            // Who may not write to somebody any more does not by changing a meeting.
            if news == News::Changed && !self.reaches_from(by, to)? {
                continue;
            }
            let (known, fields) = (Known::Account, Some(&facts.fields));
            let told = Told { by, known, to, meeting: key, news, fields, words: "" };
            let message = Some(self.meeting_message(&told)?);
            let notice = MeetingNotice { by, meeting: key };
            delivered.push(Delivered { to, asked: Some(asked), message, notice });
        }
        Ok(delivered)
    }

    /// Changes a meeting that the actor asked for. `meeting-changed` if `over` is not its latest version.
    pub fn meeting_change(
        &self,
        actor: &Actor,
        reference: Reference,
        over: u32,
        fields: &Fields,
    ) -> Result<CardView, Error> {
        self.has_schedule(actor)?;
        let fields = self.schedule_checked(fields.clone())?;
        if fields.repeat.is_some() {
            return Err(invalid("a meeting with others cannot be repeated yet"));
        }
        self.contacts_retry(|| {
            self.meeting_change_once(actor, reference.to_bytes(), over, &fields)
        })?;
        self.meeting(actor, reference)
    }

    fn meeting_change_once(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        over: u32,
        fields: &Fields,
    ) -> Result<(), Error> {
        let me = actor.account();
        let before = self.inner.store.get(&MEETINGS, &(me, key))?.ok_or(NO_MEETING)?;
        if before.heard.is_cancelled() {
            return Err(Error::Conflict(Conflict::MeetingCancelled));
        }
        let Opened { id, row: entry, mut stored } = self.entry_opened(actor, key)?;
        let fields = Fields { own: stored.fields.own.clone(), ..fields.clone() };
        if fields == stored.fields {
            return Ok(());
        }
        if over != before.heard.sequence() {
            return Err(Error::Conflict(Conflict::MeetingChanged));
        }
        let kind = match fields.is_same_time(&stored.fields) {
            true => MeetingChange::Words,
            false => MeetingChange::Time,
        };
        let mut after = self.meeting_next(&before, kind)?;
        // Whom the change does not reach keeps what was asked before.
        after.until = after.until.max(kept_until(self.inner.clock.now(), fields.span().1));
        stored.fields = fields.clone();
        let people = stored.meeting.as_ref().map(|of| of.people.clone()).unwrap_or_default();
        let facts = Facts { fields: Fields { own: Own::default(), ..fields }, people };
        let delivered = self.meeting_delivered(actor, key, &after, (&facts, News::Changed))?;
        let change = self.entry_change(actor, id, Some(entry), &stored)?;
        self.schedule_commit(actor, vec![change], move |tx| {
            meeting_put_in_tx(tx, (me, key), &before, &after)?;
            delivered.iter().try_for_each(|one| deliver_in_tx(tx, key, one))
        })
    }

    /// Cancels a meeting that the actor asked for, and tells everybody, once.
    pub fn meeting_cancel(&self, actor: &Actor, reference: Reference) -> Result<CardView, Error> {
        self.has_schedule(actor)?;
        self.contacts_retry(|| self.meeting_cancel_once(actor, reference.to_bytes()))?;
        self.meeting(actor, reference)
    }

    fn meeting_cancel_once(&self, actor: &Actor, key: ReferenceKey) -> Result<(), Error> {
        let me = actor.account();
        let before = self.inner.store.get(&MEETINGS, &(me, key))?.ok_or(NO_MEETING)?;
        if before.heard.is_cancelled() {
            return Ok(());
        }
        let fields = self.meeting_found(actor, key)?.facts.map(|facts| facts.fields);
        let mut after = self.meeting_next(&before, MeetingChange::Cancelled)?;
        after.until = earlier(after.until, kept_until(self.inner.clock.now(), 0));
        let delivered = self.meeting_cancelled_delivered(actor, key, &after, fields.as_ref())?;
        self.schedule_commit(actor, Vec::new(), move |tx| {
            meeting_put_in_tx(tx, (me, key), &before, &after)?;
            delivered.iter().try_for_each(|one| deliver_in_tx(tx, key, one))
        })
    }

    /// What each invitee gets who is still there: that it is cancelled, of what was seen last. What it is
    /// about is said to those whom a message of its requester would reach, if the requester's entry can be read.
    fn meeting_cancelled_delivered(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        row: &MeetingRow,
        fields: Option<&Fields>,
    ) -> Result<Vec<Delivered>, Error> {
        let by = actor.account();
        let mut delivered = Vec::with_capacity(row.people.len());
        for to in accounts(row) {
            if !self.account_exists(to)? {
                continue;
            }
            let before = unless_damaged(self.inner.store.get(&MEETING_ASKED, &(to, key)))?;
            let sequence = row.heard.sequence();
            let asked = before.flatten().map(|before| {
                let until = earlier(before.until, row.until);
                MeetingAsked { sequence, until, ..before }
            });
            let fields = match self.reaches_from(by, to)? {
                true => fields,
                false => None,
            };
            let (known, news) = (Known::Account, News::Cancelled);
            let told = Told { by, known, to, meeting: key, news, fields, words: "" };
            let message = Some(self.meeting_message(&told)?);
            let notice = MeetingNotice { by, meeting: key };
            delivered.push(Delivered { to, asked, message, notice });
        }
        Ok(delivered)
    }

    /// The meeting after one more change.
    fn meeting_next(&self, row: &MeetingRow, kind: MeetingChange) -> Result<MeetingRow, Error> {
        let sequence = row.heard.sequence() + 1;
        // It can be cancelled however often it was changed.
        let most = self.inner.settings.schedule.changes_max;
        if sequence > most && kind != MeetingChange::Cancelled {
            return Err(invalid(format!("a meeting can be changed at most {most} times")));
        }
        let mut after = row.clone();
        after.heard.hear(MeetingFact::Version(sequence, kind));
        Ok(after)
    }
}

fn rule_checked(rule: MeetingRule, people: usize) -> Result<(), Error> {
    match rule {
        MeetingRule::Number(number) if number == 0 || number as usize > people => {
            Err(invalid("the number of those who must accept is between one and all"))
        }
        _ => Ok(()),
    }
}

/// The accounts that are asked, each once.
pub(super) fn accounts(row: &MeetingRow) -> BTreeSet<AccountId> {
    row.people.iter().map(|one| one.account).collect()
}

/// Refuses more meetings than one may ask for in a day, and more than one may be asked for in a month.
fn may_ask(
    reader: &impl Read,
    (me, now): (AccountId, Timestamp),
    limits: &ScheduleSettings,
    people: impl Iterator<Item = AccountId>,
) -> Result<(), Error> {
    let daily = limits.meetings_per_day_max;
    if latest(reader, &MEETINGS, me, now.plus_secs(-DAY_SECS), daily)?.len() >= daily {
        return Err(Error::Conflict(Conflict::RequestedOften));
    }
    let (most, of_one) = (limits.requests_per_month_max, limits.requests_of_one_max);
    let since = now.plus_secs(-MONTH_SECS);
    // More of the own ones make no difference: nobody was asked for more of them.
    let own: BTreeSet<_> = latest(reader, &MEETINGS, me, since, daily * 31)?.into_iter().collect();
    for to in people {
        let asked = latest(reader, &MEETING_ASKED, to, since, most)?;
        let by_me = asked.iter().filter(|key| own.contains(*key)).count();
        if asked.len() >= most || by_me >= of_one {
            return Err(Error::Conflict(Conflict::InvitedOften));
        }
    }
    Ok(())
}

/// The numbers of the meetings of an account since a time, the latest first, and at most so many. A number begins
/// with when it was given: no row is read, and no key that is older.
fn latest<V: Record>(
    reader: &impl Read,
    table: &Table<(AccountId, ReferenceKey), V>,
    account: AccountId,
    since: Timestamp,
    most: usize,
) -> Result<Vec<ReferenceKey>, Error> {
    let since = u64::try_from(since.0).unwrap_or_default();
    let mut found = Vec::new();
    reader.scan_keys_in(table, &account, Order::Descending, |(_, key)| {
        if Reference::from_bytes(key).map_or(0, Reference::millis) <= since || found.len() >= most {
            return ControlFlow::Break(());
        }
        found.push(key);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Stores a meeting; [`Error::Busy`] if it is not what it was.
pub(super) fn meeting_put_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (AccountId, ReferenceKey),
    before: &MeetingRow,
    after: &MeetingRow,
) -> Result<(), Error> {
    match tx.get(&MEETINGS, &key)?.as_ref() == Some(before) {
        true => meeting_new_in_tx(tx, key, Some(before), after),
        false => Err(Error::Busy),
    }
}

/// Gives somebody what is new about a meeting. An account that ended meanwhile gets nothing.
pub(super) fn deliver_in_tx(
    tx: &mut Tx<'_, '_>,
    key: ReferenceKey,
    one: &Delivered,
) -> Result<(), Error> {
    let to = one.to;
    if !tx.has(&crate::gateway::records::tables::ACCOUNT_KEYS, &to)? {
        return Ok(());
    }
    if let Some(asked) = &one.asked {
        let found = unless_damaged(tx.get(&MEETING_ASKED, &(to, key)))?;
        let is_certain = found.is_some();
        let before = found.flatten();
        // Its reader may have answered since it was looked at.
        let (entered, said) = match &before {
            Some(before) => (before.entered, before.said.clone()),
            None => (None, Vec::new()),
        };
        let asked = MeetingAsked { entered, said, ..asked.clone() };
        asked_put_in_tx(tx, (to, key), before.as_ref(), &asked)?;
        let removed = before.as_ref().map(quota::meeting).unwrap_or_default();
        match is_certain {
            true => quota::replace_in_tx(tx, to, removed, quota::meeting(&asked))?,
            // Nobody knows how long a damaged row was.
            false => quota::again_in_tx(tx, to)?,
        }
    }
    if let Some(message) = &one.message {
        // The calendar says it as well: no mailbox is ever more than one message over its limit.
        match quota::admit_in_tx(tx, [to], message.size) {
            Ok(()) => {
                message.store_in_tx(tx)?;
                let reference = message.reference.to_bytes();
                tx.put(&MEETING_NOTICES, &(to, reference), &one.notice)?;
            }
            Err(Error::MailboxFull) => {}
            Err(error) => return Err(error),
        }
    }
    tx.changed(to, Changed::Schedule).map(drop)
}
