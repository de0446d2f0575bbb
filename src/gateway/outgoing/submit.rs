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

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::after_commit::Noted;
use crate::gateway::mailboxes::mailbox;
use crate::gateway::mailboxes::sealed_message::{Parcel, Placing};
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::outgoing::consent::Consent;
use crate::gateway::outgoing::draft::{DraftContent, DraftView};
use crate::gateway::outgoing::pack::Packing;
use crate::gateway::outgoing::plan::{Planned, Target};
use crate::gateway::outgoing::sealed_thread::Thread;
use crate::gateway::outgoing::submission::SubmissionView;
use crate::gateway::outgoing::undo_send::release_in_tx;
use crate::gateway::records::ids::{AccountId, UploadId};
use crate::gateway::records::message::{Answered, Protection, Requested};
use crate::gateway::records::queue::Due;
use crate::gateway::records::submission::{Draft, Held, Submission};
use crate::gateway::records::tables::{
    DELIVERIES, DRAFTS, HELD, HELD_DUE, REQUESTS, SUBMISSIONS, WRITTEN_TO,
};
use crate::gateway::reporting::notice::Telling;
use crate::gateway::{Gateway, text};
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::vault::{ContentKey, Lookup, wipe_stack};

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

/// Change numbers of a submission: the sender's copy, whom the letter reached, each notice's
/// readers.
type Told = (Vec<u64>, Vec<(AccountId, u64)>, Vec<Vec<u64>>);

impl Gateway {
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
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        }
        let mut content = view.content.clone();
        let mut plan = self.plan(actor, &content)?;
        let thread = self.thread_of(actor, &content)?;
        let clear: Vec<&Planned> = plan.iter().filter(|one| one.leaves_in_clear()).collect();
        let sealed_leaves = thread.sealed && !clear.is_empty();
        if let Some(consent) = self.consent_needed(actor, &view, &clear, sealed_leaves)? {
            if !consent.is_given(submit.consent, submit.typed) {
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
                Target::Nowhere(reason) => packing.refused.push((index, *reason)),
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
        let draft_id = text::parse_hex(&view.id).expect("a view's id is one");
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
                    return Err(Error::Conflict(Conflict::AlreadySent));
                }
                let draft = tx.get(&DRAFTS, &(account, sending.draft_id))?;
                let draft = draft.filter(|draft| draft.version == sending.version);
                let draft = draft.ok_or(Error::Conflict(Conflict::EditedElsewhere))?;
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
                        tx.put(&HELD_DUE, &(held.due.millis(), letter), &Due)?;
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
            let detail = Some(one.detail(*reason));
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
}

/// Everything that the transaction of a submission writes.
struct Sending {
    parcel: Parcel,
    submission: Submission,
    packing: Packing,
    notices: Vec<Parcel>,
    draft_id: [u8; 16],
    version: u32,
    uploads: Vec<UploadId>,
    due: Timestamp,
    held: bool,
}

impl Sending {
    fn held_row(&self, draft: Draft) -> Held {
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
