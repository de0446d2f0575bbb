//! The one door out: a letter becomes shares, rows of the queue and status lines.
//!
//! 1. each recipient's route, by the policy; what needs a yes and has none stops here, and the
//!    draft stays
//! 2. sealed once under a key of its own; the key wrapped for the sender's copy, for each reader
//!    inside, for each temporary account, and for the queue where the letter leaves in clear
//! 3. one transaction: the sender's copy, status lines, and everything else held back
//! 4. when the time to take it back is over, one more transaction lets everything go
//!
//! Nothing leaves before step 4, whatever crashes; taking back undoes step 3.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::mail::address::Address;
use crate::mail::envelope::{ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::mail::reply::Ids;
use crate::store::Read;
use crate::vault::{ContentKey, Lookup, wipe_stack};

use super::delivery::SubmissionView;
use super::draft::{AnswerKind, DraftContent, DraftView};
use super::letter::summary_of;
use super::notice::Telling;
use super::parcel::{Noted, Parcel, Placing, SealedSummary, Summarised};
use super::policy::{self, Asked, Decision, Route};
use super::receive::{Origin, RecipientVerdict};
use super::release::release_in_tx;
use super::tables::{
    AccountId, Answered, DELIVERIES, DRAFTS, Delivery, DeliveryState, Due, HELD, HELD_DUE, Held,
    HeldMail, Pickup, Protection, QueueKind, QueueRow, QueueState, REQUESTS, Requested,
    SUBMISSIONS, Step, Submission, TlsNeed, WRITTEN_TO,
};
use super::thread::Thread;
use super::{Actor, Error, Gateway, mailbox, queue};

/// A request to send a draft.
pub struct Submit<'a> {
    pub draft: &'a str,
    /// The version that the sender sees.
    pub version: u32,
    /// What [`Consent::token`] said, as the yes to it.
    pub consent: Option<&'a str>,
    /// What the sender typed, where that was asked.
    pub typed: Option<&'a str>,
    /// The same key sends once, however often it is asked.
    pub request: &'a str,
}

/// The answer to a request to send.
#[derive(Debug)]
pub enum Submitted {
    Accepted(SubmissionView),
    /// Nothing was sent: these recipients would get it in clear, and that needs a yes.
    NeedsConsent(Consent),
}

/// What a yes is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub token: String,
    pub addresses: Vec<String>,
    /// What must be typed, because a sealed thread would leave in clear.
    pub typed: Option<String>,
}

/// What would happen to a letter for one recipient.
#[derive(Clone, Debug)]
pub struct Check {
    pub address: String,
    pub decision: Decision,
    pub reason: Option<&'static str>,
}

/// One recipient with its route.
struct Planned {
    address: Address,
    decision: Decision,
    target: Target,
    consent: Option<Timestamp>,
}

enum Target {
    Inside(AccountId),
    Portal,
    Queue(TlsNeed),
    /// Not at all, and why.
    Nowhere(&'static str),
}

impl Planned {
    fn leaves_in_clear(&self) -> bool {
        matches!(self.target, Target::Queue(_))
    }
}

/// Change numbers of a submission: the sender's copy, whom the letter reached, each notice's
/// readers.
type Told = (Vec<u64>, Vec<(AccountId, u64)>, Vec<Vec<u64>>);

impl Gateway {
    /// What would happen to a letter of the actor's for these recipients.
    pub fn outgoing_check(
        &self,
        actor: &Actor,
        addresses: &[String],
        content: &DraftContent,
    ) -> Result<Vec<Check>, Error> {
        let mut checks = Vec::with_capacity(addresses.len());
        for text in addresses {
            let check = match Address::parse(text) {
                Ok(address) => {
                    let planned = self.plan_one(actor, &address, content)?;
                    let reason = match planned.target {
                        Target::Nowhere(reason) => Some(reason),
                        _ => None,
                    };
                    Check { address: text.clone(), decision: planned.decision, reason }
                }
                Err(_) => Check {
                    address: text.clone(),
                    decision: Decision::refused(policy::Level::Letter),
                    reason: Some("this is not an address"),
                },
            };
            checks.push(check);
        }
        Ok(checks)
    }

    /// Sends a draft. The reference number is told once everything is durable.
    pub fn submit(&self, actor: &Actor, submit: &Submit<'_>) -> Result<Submitted, Error> {
        let answer = self.submit_steps(actor, submit);
        wipe_stack();
        answer
    }

    fn submit_steps(&self, actor: &Actor, submit: &Submit<'_>) -> Result<Submitted, Error> {
        if let Some(done) = self.request_done(actor, submit.request)? {
            return self.submission(actor, done).map(Submitted::Accepted);
        }
        let view = self.draft(actor, submit.draft)?;
        if view.version != submit.version {
            return Err(Error::Conflict { code: "edited-elsewhere" });
        }
        let mut content = view.content.clone();
        let mut plan = self.plan(actor, &content)?;
        let thread = self.thread_of(actor, &content)?;
        let clear: Vec<&Planned> = plan.iter().filter(|one| one.leaves_in_clear()).collect();
        let sealed_leaves = thread.sealed && !clear.is_empty();
        if let Some(consent) = self.consent_needed(actor, &view, &clear, sealed_leaves)? {
            if !consent.is_given(submit) {
                return Ok(Submitted::NeedsConsent(consent));
            }
            let now = self.inner.clock.now();
            for one in plan.iter_mut().filter(|one| one.leaves_in_clear()) {
                one.consent = Some(now);
            }
        }
        if sealed_leaves {
            thread.strip(&mut content)?;
        }
        self.submit_planned(actor, submit, &view, &content, plan, &thread).map(Submitted::Accepted)
    }

    /// The routes of everybody a letter is for; each account once.
    fn plan(&self, actor: &Actor, content: &DraftContent) -> Result<Vec<Planned>, Error> {
        let (mut plan, mut seen) = (Vec::new(), BTreeSet::new());
        for one in content.everybody() {
            let invalid =
                |_| Error::Invalid { what: format!("{:?} is not an address", one.address) };
            let address = Address::parse(&one.address).map_err(invalid)?;
            if !seen.insert(address.normalized()) {
                continue;
            }
            let planned = self.plan_one(actor, &address, content)?;
            let twice = |other: &Planned| match (&other.target, &planned.target) {
                (Target::Inside(a), Target::Inside(b)) => a == b,
                _ => false,
            };
            if !plan.iter().any(twice) {
                plan.push(planned);
            }
        }
        match plan.is_empty() {
            true => Err(Error::Invalid { what: "the letter has no recipient".to_owned() }),
            false => self.plan_allowed(actor, content, plan),
        }
    }

    /// A temporary account answers within the conversation, and nothing else.
    fn plan_allowed(
        &self,
        actor: &Actor,
        content: &DraftContent,
        plan: Vec<Planned>,
    ) -> Result<Vec<Planned>, Error> {
        if self.temporary(actor.account())?.is_none() {
            return Ok(plan);
        }
        let denied = Error::Denied { reason: "a temporary account can only reply" };
        let answers = content.answers.filter(|one| one.kind != AnswerKind::Forward);
        let Some(answers) = answers else { return Err(denied) };
        let reference = Reference::from_bytes(answers.letter)
            .ok_or(Error::Denied { reason: "a temporary account can only reply" })?;
        let (item, letter) = self.message_raw(actor, reference)?;
        // A notice of the system's own is no conversation.
        if item.notice.is_some() {
            return Err(denied);
        }
        let view = message::view(letter.shown());
        let people = view.from.iter().chain(&view.to).chain(&view.cc).chain(&view.reply_to);
        let known: BTreeSet<String> = people
            .filter_map(|one| Address::parse(one.address.as_deref()?).ok())
            .map(|address| address.normalized())
            .collect();
        let within = |one: &Planned| {
            matches!(one.target, Target::Inside(_)) && known.contains(&one.address.normalized())
        };
        match plan.iter().all(within) {
            true => Ok(plan),
            false => Err(denied),
        }
    }

    fn plan_one(
        &self,
        actor: &Actor,
        address: &Address,
        content: &DraftContent,
    ) -> Result<Planned, Error> {
        let account = self.account(actor.account())?;
        let inside = self.is_ours(address);
        let normalized = address.normalized();
        let wanted = content
            .choices
            .iter()
            .find(|(key, _)| Address::parse(key).is_ok_and(|key| key.normalized() == normalized));
        let decision = policy::outgoing(
            &self.house()?.policy,
            &Asked {
                user: &account.name,
                recipient: &normalized,
                inside,
                own: self.preferences_of(actor.account())?.choice.value,
                wanted: wanted.map(|(_, choice)| *choice),
            },
        );
        let target = match decision.route {
            Route::Inside => self.plan_inside(address)?,
            Route::Portal => Target::Portal,
            Route::Ask | Route::Plain => Target::Queue(TlsNeed::Opportunistic),
            Route::VerifiedTls => Target::Queue(TlsNeed::Verified),
            Route::Refused => Target::Nowhere("mail to outside is refused by the rules"),
        };
        Ok(Planned { address: address.clone(), decision, target, consent: None })
    }

    fn plan_inside(&self, address: &Address) -> Result<Target, Error> {
        let path = ForwardPath::Address(address.clone());
        Ok(match self.recipient_check(&ReversePath::Null, &path, Origin::Inside)? {
            RecipientVerdict::Accept(accepted) => Target::Inside(accepted.account),
            RecipientVerdict::Refuse(reason) => Target::Nowhere(reason.reply().2),
        })
    }

    /// What must be agreed to before anything leaves, or `None`.
    fn consent_needed(
        &self,
        actor: &Actor,
        view: &DraftView,
        clear: &[&Planned],
        sealed_leaves: bool,
    ) -> Result<Option<Consent>, Error> {
        let asked = clear.iter().filter(|one| sealed_leaves || one.decision.route == Route::Ask);
        let addresses: Vec<String> = asked.map(|one| one.address.to_string()).collect();
        let Some(first) = addresses.first() else { return Ok(None) };
        let typed = sealed_leaves.then(|| first.clone());
        // Bound to everything the yes is about: another version needs another yes.
        let about = format!("{}\0{}\0{}", view.id, view.version, addresses.join("\0"));
        let bound = [actor.account().0.as_slice(), about.as_bytes()].concat();
        let token = super::session::hex(&self.inner.vault.lookup(Lookup::Consent, &bound));
        Ok(Some(Consent { token, addresses, typed }))
    }

    fn submit_planned(
        &self,
        actor: &Actor,
        submit: &Submit<'_>,
        view: &DraftView,
        content: &DraftContent,
        plan: Vec<Planned>,
        thread: &Thread,
    ) -> Result<SubmissionView, Error> {
        let now = self.inner.clock.now();
        let reference = self.reference_new();
        let key = ContentKey::generate()?;
        let written = self.write_letter(actor, content, reference, thread, &key, now)?;
        let sealed = !plan.iter().any(Planned::leaves_in_clear);
        let sender = self.account(actor.account())?;
        let from = sender.view(actor.account());
        let mut summary = SealedSummary {
            from_name: Some(from.display_name.clone()).filter(|name| !name.is_empty()),
            from_address: Some(from.address.clone()),
            subject: content.subject.clone(),
            attachments: u32::try_from(written.outline.files.len()).unwrap_or(u32::MAX),
            outline: Some(written.outline.clone()),
            ..SealedSummary::default()
        };
        let arrives = summary.to_octets()?;
        let ids = Ids { answers: thread.references.clone(), own: Some(self.message_id(reference)) };
        let arrives = Summarised { octets: &arrives, ids: &ids };
        summary.recipients = content.everybody().map(|one| one.address.clone()).collect();
        let mut packing = Packing::default();
        for (index, one) in plan.iter().enumerate() {
            let index = u32::try_from(index).expect("recipients are limited");
            packing.deliveries.push(one.delivery(now));
            match &one.target {
                Target::Inside(account) if *account == actor.account() => {
                    packing.to_self = Some(index);
                }
                Target::Inside(account) => {
                    let reader =
                        self.reader(*account, reference, Placing::ARRIVES, &arrives, &key)?;
                    packing.deliveries.last_mut().expect("just pushed").account = Some(*account);
                    packing.shares.push(reader.held(index));
                }
                Target::Portal => {
                    let portal = self.pack_portal(
                        actor,
                        &one.address,
                        reference,
                        &key,
                        &arrives,
                        index,
                        now,
                    )?;
                    packing.deliveries.last_mut().expect("just pushed").account =
                        Some(portal.share.share.account);
                    packing.shares.push(portal.share);
                    packing.mails.push(portal.mail);
                    packing.pickups.push(portal.pickup);
                }
                Target::Queue(tls) => packing.rows.push(self.queue_row(
                    reference,
                    &key,
                    &from.address,
                    &one.address,
                    *tls,
                    index,
                    written.size,
                    written.eight_bit,
                    now,
                )?),
                Target::Nowhere(reason) => packing.refused.push((index, reason)),
            }
        }
        let own = Placing {
            mailbox: match packing.to_self {
                Some(_) => mailbox::INBOX,
                None => mailbox::SENT,
            },
            opened: Some(now),
            unread: packing.to_self.is_some(),
            sent: true,
        };
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let reader = self.reader(actor.account(), reference, own, &summary, &key)?;
        let undo_secs = i64::from(self.preferences_of(actor.account())?.undo_secs.value);
        let due = now.plus_secs(undo_secs);
        let parcel = Parcel {
            reference,
            received: now,
            filed: None,
            reverse_path: String::new(),
            trace_octets: 0,
            size: written.size,
            protection: Protection::Inside,
            content: written.pieces,
            readers: vec![reader],
            other_holders: u32::try_from(packing.shares.len() + packing.rows.len())
                .expect("recipients are limited"),
        };
        let notices = self.refusal_notices(actor, reference, &plan, &packing, now)?;
        let draft_id = super::session::parse_hex(&view.id).expect("a view's id is one");
        let submission = Submission {
            sender: actor.account(),
            accepted: now,
            undo_until: (undo_secs > 0).then_some(due),
            deliveries: u32::try_from(packing.deliveries.len()).expect("recipients are limited"),
            sealed,
            sealed_thread: thread.sealed,
        };
        self.submit_store(
            actor,
            submit,
            Sending {
                parcel,
                submission: submission.clone(),
                packing,
                notices,
                draft_id,
                version: view.version,
                uploads: content.upload_ids()?,
                due,
                held: undo_secs > 0,
            },
        )?;
        tracing::info!(r#ref = %reference, recipients = submission.deliveries, "accepted from inside");
        self.submission_view(reference, &submission)
    }

    /// One transaction: the sender's copy, the status lines, and everything else held back, or
    /// let go at once when it cannot be taken back.
    fn submit_store(
        &self,
        actor: &Actor,
        submit: &Submit<'_>,
        sending: Sending,
    ) -> Result<(), Error> {
        let (account, kept) = (actor.account(), self.inner.settings.changes_kept);
        let request = self.request_key(submit.request);
        let written: Vec<[u8; 16]> =
            sending.packing.deliveries.iter().map(|one| self.written_key(&one.address)).collect();
        let sending = std::sync::Arc::new(sending);
        let (told, this) = (sending.clone(), self.clone());
        let noted = Noted::<Told>::default();
        let settled = noted.clone();
        let done = self.inner.store.transact_then(
            move |tx| {
                let letter = sending.parcel.reference.to_bytes();
                let at = sending.submission.accepted;
                if !tx.insert(
                    &REQUESTS,
                    &(account, request),
                    &Requested { reference: letter, at },
                )? {
                    return Err(Error::Conflict { code: "already-sent" });
                }
                let draft = tx.get(&DRAFTS, &(account, sending.draft_id))?;
                let draft = draft.filter(|draft| draft.version == sending.version);
                let draft = draft.ok_or(Error::Conflict { code: "edited-elsewhere" })?;
                tx.delete(&DRAFTS, &(account, sending.draft_id));
                let modseqs = sending.parcel.store_in_tx(tx, kept)?;
                tx.put(&SUBMISSIONS, &letter, &sending.submission)?;
                for (index, one) in (0..).zip(&sending.packing.deliveries) {
                    tx.put(&DELIVERIES, &(letter, index), one)?;
                }
                for key in &written {
                    tx.put(&WRITTEN_TO, &(account, *key), &Answered { at })?;
                }
                let mut notices = Vec::new();
                for notice in &sending.notices {
                    notices.push(notice.store_in_tx(tx, kept)?);
                }
                let held = sending.held_row(draft);
                let released = match sending.held {
                    true => {
                        tx.put(&HELD_DUE, &(millis(held.due), letter), &Due)?;
                        tx.put(&HELD, &letter, &held)?;
                        Vec::new()
                    }
                    false => release_in_tx(tx, account, letter, &held, at, kept)?,
                };
                noted.set((modseqs, released, notices));
                Ok::<_, Error>(())
            },
            move |answer| {
                if answer.is_ok() {
                    let (modseqs, released, notices) = settled.lock().clone();
                    this.parcel_told(&told.parcel, &modseqs);
                    for (notice, modseqs) in told.notices.iter().zip(&notices) {
                        this.parcel_told(notice, modseqs);
                    }
                    this.released_told(&released);
                    this.inner.hold_wake.notify_one();
                }
            },
        );
        done.wait()
    }

    fn request_key(&self, request: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Request, request.as_bytes())
    }

    fn request_done(&self, actor: &Actor, request: &str) -> Result<Option<Reference>, Error> {
        let key = (actor.account(), self.request_key(request));
        let done = self.inner.store.get(&REQUESTS, &key)?;
        Ok(done.and_then(|done| Reference::from_bytes(done.reference)))
    }

    pub(super) fn written_key(&self, address: &str) -> [u8; 16] {
        let normalized = Address::parse(address).map(|address| address.normalized());
        self.inner.vault.lookup(Lookup::Address, normalized.unwrap_or_default().as_bytes())
    }

    /// A notice for each recipient that the letter does not go to.
    fn refusal_notices(
        &self,
        actor: &Actor,
        reference: Reference,
        plan: &[Planned],
        packing: &Packing,
        at: Timestamp,
    ) -> Result<Vec<Parcel>, Error> {
        let mut notices = Vec::new();
        for (index, reason) in &packing.refused {
            let one = &plan[*index as usize];
            let kind = one.refused_state();
            let recipient = one.address.to_string();
            let detail = Some(format!("{reason}. {}", one.decision.sentence()));
            let about = reference.to_bytes();
            let telling = Telling {
                kind,
                about,
                recipient: &recipient,
                at,
                detail,
                besides: None,
                report: None,
            };
            notices.push(self.notice_prepare(actor.account(), &telling)?);
        }
        Ok(notices)
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one row")]
    fn queue_row(
        &self,
        reference: Reference,
        key: &ContentKey,
        from: &str,
        to: &Address,
        tls: TlsNeed,
        delivery: u32,
        size: u64,
        eight_bit: bool,
        now: Timestamp,
    ) -> Result<QueueRow, Error> {
        let content = reference.to_bytes();
        let from = Address::parse(from).map_err(|_| Error::Denied {
            reason: "an account without an address of its own cannot write to outside",
        })?;
        Ok(QueueRow {
            letter: content,
            content,
            kind: QueueKind::Letter,
            wrapped_key: self.inner.vault.queue_wrap(&queue::binding(content), key)?,
            delivery: Some(delivery),
            smtputf8: from.needs_smtputf8() || to.needs_smtputf8(),
            reverse_path: ReversePath::Address(from),
            recipient: recipient(to),
            ret: None,
            envid: None,
            eight_bit,
            require_tls: tls == TlsNeed::Verified,
            tls,
            size,
            state: QueueState::Waiting,
            due: now,
            attempts: 0,
            queued: now,
            delay_told: false,
            last: None,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what one recipient's share is made from")]
    fn pack_portal(
        &self,
        actor: &Actor,
        address: &Address,
        reference: Reference,
        key: &ContentKey,
        summary: &Summarised<'_>,
        index: u32,
        now: Timestamp,
    ) -> Result<Portal, Error> {
        let sender = actor.account();
        let (account, temporary) = self.issue(sender, address)?;
        let reader = self.reader(account, reference, Placing::ARRIVES, summary, key)?;
        let until = temporary.expires.max(now.plus_secs(self.inner.settings.temporary_secs));
        let (pickup_key, token) = self.pickup_token()?;
        let pickup = Pickup {
            account,
            letter: reference.to_bytes(),
            sender,
            sent: now,
            until,
            end: None,
            asked: None,
        };
        let mail = self.notification(sender, account, &temporary, &pickup, &token, index)?;
        Ok(Portal { share: reader.held(index), mail, pickup: (pickup_key, pickup) })
    }

    /// A letter that was to travel over verified TLS only, and cannot: it waits in a temporary
    /// account instead.
    pub(super) fn queue_to_portal(&self, id: queue::QueueId, row: &QueueRow) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let letter = row.letter;
        let submission = self.inner.store.get(&SUBMISSIONS, &letter)?;
        let sender = submission.ok_or(Error::NotFound { what: "letter" })?.sender;
        let ForwardPath::Address(address) = &row.recipient.path else {
            return Err(Error::Invalid { what: "postmaster has no temporary account".to_owned() });
        };
        let reference = Reference::from_bytes(letter).ok_or(Error::NotFound { what: "letter" })?;
        let key = self.inner.vault.queue_unwrap(&queue::binding(row.content), &row.wrapped_key)?;
        let octets = self.queue_octets(row)?;
        let (summary, ids) = summary_of(&octets);
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let (account, temporary) = self.issue(sender, address)?;
        let reader = self.reader(account, reference, Placing::ARRIVES, &summary, &key)?;
        let until = temporary.expires.max(now.plus_secs(self.inner.settings.temporary_secs));
        let (pickup_key, token) = self.pickup_token()?;
        let pickup = Pickup { account, letter, sender, sent: now, until, end: None, asked: None };
        let index = row.delivery.unwrap_or_default();
        let mail = self.notification(sender, account, &temporary, &pickup, &token, index)?;
        let held = Held {
            due: now,
            size: row.size,
            draft_id: [0; 16],
            draft: super::tables::Draft { version: 0, saved: now, sealed: Vec::new() },
            uploads: Vec::new(),
            shares: vec![reader.held(index)],
            rows: Vec::new(),
            mails: vec![mail],
            pickups: vec![(pickup_key, pickup)],
        };
        let kept = self.inner.settings.changes_kept;
        let this = self.clone();
        let noted: Noted<Vec<(AccountId, u64)>> = Noted::default();
        let settled = noted.clone();
        let done = self.inner.store.transact_then(
            move |tx| {
                let Some(mut one) = tx.get(&DELIVERIES, &(letter, index))? else { return Ok(()) };
                one.route = Route::Portal;
                one.account = Some(account);
                tx.put(&DELIVERIES, &(letter, index), &one)?;
                noted.set(release_in_tx(tx, sender, letter, &held, now, kept)?);
                // The row's hold on the content passes to the reader.
                super::parcel::hold_in_tx(tx, letter)?;
                Gateway::queue_end_in_tx(tx, id)?;
                Ok::<_, Error>(())
            },
            move |answer| {
                if answer.is_ok() {
                    this.released_told(&settled.lock());
                }
            },
        );
        done.wait()
    }
}

/// What each recipient needs.
#[derive(Default)]
struct Packing {
    deliveries: Vec<Delivery>,
    shares: Vec<super::tables::HeldShare>,
    rows: Vec<QueueRow>,
    mails: Vec<HeldMail>,
    pickups: Vec<([u8; 16], Pickup)>,
    refused: Vec<(u32, &'static str)>,
    to_self: Option<u32>,
}

struct Portal {
    share: super::tables::HeldShare,
    mail: HeldMail,
    pickup: ([u8; 16], Pickup),
}

/// Everything that the transaction of a submission writes.
struct Sending {
    parcel: Parcel,
    submission: Submission,
    packing: Packing,
    notices: Vec<Parcel>,
    draft_id: [u8; 16],
    version: u32,
    uploads: Vec<super::tables::UploadId>,
    due: Timestamp,
    held: bool,
}

impl Sending {
    fn held_row(&self, draft: super::tables::Draft) -> Held {
        Held {
            due: self.due,
            size: self.parcel.size,
            draft_id: self.draft_id,
            draft,
            uploads: self.uploads.clone(),
            shares: self.packing.shares.clone(),
            rows: self.packing.rows.clone(),
            mails: self.packing.mails.clone(),
            pickups: self.packing.pickups.clone(),
        }
    }
}

impl Consent {
    fn is_given(&self, submit: &Submit<'_>) -> bool {
        let typed = match &self.typed {
            Some(phrase) => submit.typed.is_some_and(|typed| typed.trim() == phrase),
            None => true,
        };
        typed && submit.consent == Some(self.token.as_str())
    }
}

impl Planned {
    fn refused_state(&self) -> DeliveryState {
        match self.decision.route {
            Route::Refused => DeliveryState::Refused,
            _ => DeliveryState::Failed,
        }
    }

    fn delivery(&self, now: Timestamp) -> Delivery {
        let mut history = vec![Step { state: DeliveryState::Accepted, at: now, detail: None }];
        if let Target::Nowhere(reason) = self.target {
            let detail = Some(format!("{reason}. {}", self.decision.sentence()));
            history.push(Step { state: self.refused_state(), at: now, detail });
        }
        Delivery {
            address: self.address.to_string(),
            account: None,
            route: self.decision.route,
            history,
            reason: None,
            consent: self.consent,
        }
    }
}

/// As the index of due times has it.
pub(super) fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or_default()
}

fn recipient(to: &Address) -> Recipient {
    Recipient { path: ForwardPath::Address(to.clone()), notify: Notify::default(), orcpt: None }
}
