//! Answering a request for a meeting.
//!
//! An answer is one transaction: the entry in the invitee's calendar, the answer at the meeting, and the message
//! that tells the requester. So it is carried out once, whatever is repeated, and as a whole or not at all.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::feed::change::Changed;
use crate::gateway::quota;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::schedule::{MeetingAsked, MeetingNotice, MeetingRow};
use crate::gateway::records::tables::{ACCOUNT_KEYS, MEETING_ASKED, MEETINGS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::changes::EntryChange;
use crate::gateway::schedule::ending::{asked_put_in_tx, earlier, kept_until};
use crate::gateway::schedule::meeting::{Delivered, accounts, deliver_in_tx, meeting_put_in_tx};
use crate::gateway::schedule::message::{Known, Told};
use crate::gateway::schedule::stored::{Facts, NO_MEETING, OfMeeting, Said, StoredEntry};
use crate::gateway::schedule::view::CardView;
use crate::mail::reference::Reference;
use crate::mail::schedule::Fields;
use crate::mail::schedule::times::Local;
use crate::mail::schedule_text::News;
use crate::store::Read;
use crate::terms::{MeetingAnswer, MeetingFact, MeetingSaid, PersonState};

/// What an invitee answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The version that is answered.
    pub sequence: u32,
    /// How many own answers it follows, if it says so: one that comes late replaces no other.
    pub follows: Option<u32>,
    pub answer: MeetingAnswer,
    /// The time that is proposed, and its minutes.
    pub proposed: Option<(Local, u32)>,
    pub comment: String,
}

/// The most characters of an invitee's words.
pub const COMMENT_CHARS_MAX: usize = 500;

/// How many requests of one person are remembered, so that none is carried out twice.
const REQUESTS_KEPT: usize = 16;

const PROPOSED_MINUTES_MAX: u32 = 31 * 24 * 60;

impl Gateway {
    /// Answers a request for a meeting: once for each key.
    pub fn meeting_answer(
        &self,
        actor: &Actor,
        reference: Reference,
        answered: &Answered,
        key: &str,
    ) -> Result<CardView, Error> {
        self.has_schedule(actor)?;
        let said = said_of(answered)?;
        let mark = self.schedule_mark(actor.account(), b"answer", key);
        let meeting = reference.to_bytes();
        self.contacts_retry(|| self.meeting_answer_once(actor, meeting, (answered, &said), mark))?;
        self.meeting(actor, reference)
    }

    fn meeting_answer_once(
        &self,
        actor: &Actor,
        key: ReferenceKey,
        (answered, said): (&Answered, &Said),
        mark: [u8; 16],
    ) -> Result<(), Error> {
        let me = actor.account();
        let asked = self.inner.store.get(&MEETING_ASKED, &(me, key))?.ok_or(NO_MEETING)?;
        let by = asked.by;
        let over = Error::Conflict(Conflict::MeetingCancelled);
        let before = self.inner.store.get(&MEETINGS, &(by, key))?.ok_or(over)?;
        let answered = &seen(answered, &asked, before.heard.sequence())?;
        let entered = asked.entered.is_some();
        let (after, is_new) = match self.meeting_after(actor, &before, (answered, entered), mark)? {
            After::Heard => return Ok(()),
            After::Same(after) => (after, false),
            After::New(after) => (after, true),
        };
        if !is_new {
            // The request is remembered: its repetition after another answer changes nothing either.
            let done = self.transact(move |tx| meeting_put_in_tx(tx, (by, key), &before, &after));
            return done.wait();
        }
        // To decline needs nothing of what was asked.
        let facts = match (self.facts_read(actor, key, &asked), answered.answer) {
            (Err(Error::Damaged { .. }), MeetingAnswer::Decline) => None,
            (facts, _) => Some(facts?),
        };
        let change = self.answer_entry(actor, (key, &asked), facts.as_ref(), answered.answer)?;
        let (sealed, own) = self.said_sealed(actor, by, key, said)?;
        let mut after = after;
        for invited in after.people.iter_mut().filter(|one| one.account == me) {
            invited.encapsulation.clone_from(&sealed.encapsulation);
            invited.sealed.clone_from(&sealed.sealed);
        }
        let entered = match answered.answer {
            MeetingAnswer::Accept | MeetingAnswer::Tentative => Some(asked.sequence),
            MeetingAnswer::Decline => None,
            MeetingAnswer::Propose => asked.entered,
        };
        // What was declined is kept for as long as somebody may think better of it.
        let now = self.inner.clock.now();
        let until = match (answered.answer, &facts) {
            (MeetingAnswer::Decline, _) => earlier(asked.until, kept_until(now, 0)),
            (_, Some(facts)) => kept_until(now, facts.fields.span().1),
            (_, None) => asked.until,
        };
        let answered_row = MeetingAsked { entered, until, said: own, ..asked.clone() };
        let news = match answered.answer {
            MeetingAnswer::Accept => News::Accepted,
            MeetingAnswer::Decline => News::Declined,
            MeetingAnswer::Tentative => News::Tentative,
            MeetingAnswer::Propose => News::Proposed,
        };
        let shown = facts.as_ref().map(|facts| proposed(&facts.fields, said));
        let words = said.comment.as_str();
        // The requester learns no other address of who answers than the one that was asked.
        let at = before.people.iter().position(|one| one.account == me);
        let known = at.zip(facts.as_ref()).and_then(|(at, facts)| facts.people.get(at));
        let known = known.map_or(Known::Nothing, |known| Known::At(known));
        let (fields, meeting) = (shown.as_ref(), key);
        let told = Told { by: me, known, to: by, meeting, news, fields, words };
        let message = Some(self.meeting_message(&told)?);
        let notice = MeetingNotice { by, meeting: key };
        let delivered = Delivered { to: by, asked: None, message, notice };
        let mut others = accounts(&before);
        others.remove(&me);
        self.schedule_commit(actor, change, move |tx| {
            meeting_put_in_tx(tx, (by, key), &before, &after)?;
            if tx.get(&MEETING_ASKED, &(me, key))?.as_ref() != Some(&asked) {
                return Err(Error::Busy);
            }
            asked_put_in_tx(tx, (me, key), Some(&asked), &answered_row)?;
            let (was, is) = (quota::meeting(&asked), quota::meeting(&answered_row));
            quota::replace_in_tx(tx, me, was, is)?;
            deliver_in_tx(tx, key, &delivered)?;
            for other in &others {
                if tx.has(&ACCOUNT_KEYS, other)? {
                    tx.changed(*other, Changed::Schedule)?;
                }
            }
            Ok(())
        })
    }

    /// The meeting with an answer.
    fn meeting_after(
        &self,
        actor: &Actor,
        before: &MeetingRow,
        (answered, entered): (&Answered, bool),
        mark: [u8; 16],
    ) -> Result<After, Error> {
        let me = actor.account();
        let mut after = before.clone();
        let mut places = after.people.iter_mut().filter(|one| one.account == me);
        // The first place remembers the requests.
        let invited = places.next().ok_or(NO_MEETING)?;
        if invited.requests.contains(&mark) {
            return Ok(After::Heard);
        }
        let heard = &before.heard;
        if heard.is_cancelled() {
            return Err(Error::Conflict(Conflict::MeetingCancelled));
        }
        let counts = heard.time_sequence()..=heard.sequence();
        if !counts.contains(&answered.sequence) {
            return Err(Error::Conflict(Conflict::MeetingChanged));
        }
        let last = heard.said_count(me);
        if answered.follows.is_some_and(|follows| follows != last) {
            return Err(Error::Conflict(Conflict::MeetingChanged));
        }
        // The same again, by a page that did not know: there is nothing new to tell.
        let is_same = answered.answer != MeetingAnswer::Propose
            && answered.comment.trim().is_empty()
            && heard.person(me) == state_of(answered.answer)
            // Who lost the entry gets it again.
            && entered == (answered.answer != MeetingAnswer::Decline);
        if is_same {
            remember(&mut invited.requests, mark);
            return Ok(After::Same(after));
        }
        let most = self.inner.settings.schedule.changes_max;
        let order = last + 1;
        if order > most {
            return Err(Error::Conflict(Conflict::RequestedOften));
        }
        remember(&mut invited.requests, mark);
        let now = self.inner.clock.now();
        invited.answered = Some(now);
        places.for_each(|one| one.answered = Some(now));
        let said = MeetingSaid { order, sequence: answered.sequence, answer: answered.answer };
        after.heard.hear(MeetingFact::Said(me, said));
        Ok(After::New(after))
    }

    /// What becomes of the invitee's calendar.
    fn answer_entry(
        &self,
        actor: &Actor,
        (key, asked): (ReferenceKey, &MeetingAsked),
        facts: Option<&Facts>,
        answer: MeetingAnswer,
    ) -> Result<Vec<EntryChange>, Error> {
        let row = self.inner.store.get(&SCHEDULE_ENTRIES, &(actor.account(), key))?;
        match (answer, facts) {
            (MeetingAnswer::Propose, _) => Ok(Vec::new()),
            (MeetingAnswer::Decline, _) | (_, None) => {
                Ok(row.map(|row| EntryChange::gone(key, row)).into_iter().collect())
            }
            (MeetingAnswer::Accept | MeetingAnswer::Tentative, Some(facts)) => {
                let own = match &row {
                    // What cannot be read any more is entered anew.
                    Some(row) => unless_damaged(self.entry_read(actor, key, row))?
                        .map_or_else(|| facts.fields.own.clone(), |stored| stored.fields.own),
                    None => facts.fields.own.clone(),
                };
                let fields = Fields { own, ..facts.fields.clone() };
                let of = OfMeeting { by: asked.by, people: facts.people.clone() };
                let stored = StoredEntry { fields, meeting: Some(of) };
                Ok(vec![self.entry_change(actor, key, row, &stored)?])
            }
        }
    }
}

/// What an answer changes.
enum After {
    /// Nothing: this request was heard.
    Heard,
    /// Nothing but that this request was heard, too.
    Same(MeetingRow),
    New(MeetingRow),
}

/// The answer, as one to what its author saw. A change does not reach those whom its requester may not write to
/// any more: they accept nothing that they did not see, and decline it all the same.
fn seen(answered: &Answered, asked: &MeetingAsked, latest: u32) -> Result<Answered, Error> {
    if answered.sequence > asked.sequence {
        return Err(Error::Conflict(Conflict::MeetingChanged));
    }
    let is_all = answered.answer == MeetingAnswer::Decline && answered.sequence == asked.sequence;
    let sequence = if is_all { latest } else { answered.sequence };
    Ok(Answered { sequence, ..answered.clone() })
}

/// What is met about, at the time that is proposed, if one is.
fn proposed(fields: &Fields, said: &Said) -> Fields {
    let (start, duration_minutes) =
        said.proposed.unwrap_or((fields.start, fields.duration_minutes));
    Fields { start, duration_minutes, ..fields.clone() }
}

fn remember(requests: &mut Vec<[u8; 16]>, mark: [u8; 16]) {
    requests.push(mark);
    let old = requests.len().saturating_sub(REQUESTS_KEPT);
    requests.drain(..old);
}

fn state_of(answer: MeetingAnswer) -> PersonState {
    match answer {
        MeetingAnswer::Accept => PersonState::Accepted,
        MeetingAnswer::Decline => PersonState::Declined,
        MeetingAnswer::Tentative => PersonState::Tentative,
        MeetingAnswer::Propose => PersonState::Proposed,
    }
}

/// What is said beside yes or no, as it is stored.
fn said_of(answered: &Answered) -> Result<Said, Error> {
    let invalid = |what: String| Error::Invalid { what };
    let comment = crate::mail::contacts::contact::clean_lines(&answered.comment);
    if comment.chars().count() > COMMENT_CHARS_MAX {
        let what = format!("words with an answer can have at most {COMMENT_CHARS_MAX} characters");
        return Err(invalid(what));
    }
    match (answered.answer, answered.proposed) {
        (MeetingAnswer::Propose, Some((_, minutes))) if minutes <= PROPOSED_MINUTES_MAX => {
            Ok(Said { comment, proposed: answered.proposed })
        }
        (MeetingAnswer::Propose, Some(_)) => Err(invalid("that takes too long".to_owned())),
        (MeetingAnswer::Propose, None) => Err(invalid("another time is missing".to_owned())),
        (_, Some(_)) => Err(invalid("a time is for who proposes another one".to_owned())),
        (_, None) => Ok(Said { comment, proposed: None }),
    }
}
