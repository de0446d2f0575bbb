//! Submission: a message becomes readers' copies, queue rows and status lines.
//!
//! 1. each recipient's route, by the policy; if consent is required and missing, nothing is sent
//!    and the draft stays
//! 2. the content is sealed once under a key of its own; the key is wrapped for the sender's copy,
//!    for each inside reader, for each temporary account, and for the queue if the message leaves
//!    unsealed
//! 3. one transaction: the sender's copy, status lines, and everything else held back
//! 4. when the undo time is over, one more transaction releases everything
//!
//! Nothing leaves before step 4, whatever crashes; undo send reverts step 3.

use crate::clock::Timestamp;
use crate::gateway::accounts::signing;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::mailbox;
use crate::gateway::mailboxes::sealed_message::{Placement, Reader, SealedMessage};
use crate::gateway::mailboxes::standing;
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::outgoing::compose::{Writing, Written};
use crate::gateway::outgoing::consent::Consent;
use crate::gateway::outgoing::draft::DraftContent;
use crate::gateway::outgoing::pack::{Outbound, Packing};
use crate::gateway::outgoing::plan::Planned;
use crate::gateway::outgoing::sealed_thread::Thread;
use crate::gateway::outgoing::sender::Sender;
use crate::gateway::outgoing::submission::SubmissionView;
use crate::gateway::outgoing::undo_send::release_in_tx;
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, ReferenceKey, UploadId};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::message::{Answered, Protection, Requested};
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::submission::{Draft, Held, Submission};
use crate::gateway::records::tables::{
    DELIVERIES, DRAFTS, HELD, HELD_DUE, MESSAGE_SIGNATURES, REQUESTS, SUBMISSIONS, UPLOADS,
    WRITTEN_TO,
};
use crate::gateway::reporting::notice::{Detail, NoticeDraft, Told};
use crate::gateway::roles::acts::wrote_in_tx;
use crate::gateway::vouching::signature::{Shown, Signer, Signing};
use crate::gateway::{Gateway, text};
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{DeliveryState, RelationKind};
use crate::vault::{ContentKey, Lookup, VerifyingKey, wipe_stack};

/// A request to send a draft.
pub struct Submit<'a> {
    pub draft: &'a str,
    /// The version of the draft that the sender sees.
    pub version: u32,
    /// The [`Consent::token`] that the sender agreed to.
    pub consent: Option<&'a str>,
    /// What the sender typed, where that was required.
    pub typed: Option<&'a str>,
    /// Requests with the same key send the message only once.
    pub request: &'a str,
}

/// The answer to a request to send.
#[derive(Debug)]
pub enum Submitted {
    Accepted(SubmissionView),
    /// Nothing was sent: the message would leave unprotected, which requires consent.
    NeedsConsent(Consent),
}

impl Gateway {
    /// Sends a draft. Returns the reference number once everything is durable.
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
        let sender = self.sender(actor)?;
        let mut plan = self.plan(actor, &sender, &content)?;
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
        let ready =
            Ready { sender, version: view.version, draft_id: view.id, content, plan, thread };
        self.submit_planned(actor, submit, &ready).map(Submitted::Accepted)
    }

    /// Composes and seals the message once, prepares what each recipient needs, and stores
    /// everything.
    fn submit_planned(
        &self,
        actor: &Actor,
        submit: &Submit<'_>,
        ready: &Ready,
    ) -> Result<SubmissionView, Error> {
        let now = self.inner.clock.now();
        let reference = self.reference_new();
        let key = ContentKey::generate()?;
        // For all recipients: a header that is there for some alone would tell others who they are.
        let signer = self.signer(actor, ready.content.signed)?;
        let writing = Writing {
            content: &ready.content,
            sender: &ready.sender,
            thread: &ready.thread,
            now,
            signing_key: signer.as_ref().map(Signer::key),
        };
        let written = self.write_message(actor, &writing, reference, &key)?;
        let signing_key = signer.as_ref().map(Signer::verifying_key);
        let signature = match &signer {
            Some(signer) => Some(signer.sign(ready.signing(reference, now, &written), &key)?),
            None => None,
        };
        let mut summary = ready.summary(&written);
        let arrives = summary.to_octets()?;
        let own = Some(self.message_id(reference));
        let ids = Ids { references: ready.thread.references.clone(), own };
        let outbound = Outbound {
            sender: &ready.sender,
            reference,
            key: &key,
            written: &written,
            summary: Summarised { octets: &arrives, ids: &ids },
            now,
        };
        let packing = self.pack(&outbound, &ready.plan)?;
        summary.recipients = ready.content.everybody().map(|one| one.address.clone()).collect();
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let own = own_placement(&packing, now);
        let reader = self.reader(ready.sender.account, reference, own, &summary, &key)?;
        let notices = self.refusal_notices(&ready.sender, reference, &ready.plan, &packing, now)?;
        let sending = Sending {
            signing_key,
            signature,
            ..ready.sending(reference, now, written, reader, packing, notices)?
        };
        let submission = sending.submission.clone();
        self.submit_store(actor, submit, sending)?;
        let recipients = submission.deliveries;
        tracing::info!(r#ref = %reference, recipients, "submission accepted");
        self.submission_view(reference, &submission)
    }

    /// One transaction: the sender's copy, the status lines, and everything else held back, or
    /// released at once if there is no undo time.
    fn submit_store(
        &self,
        actor: &Actor,
        submit: &Submit<'_>,
        sending: Sending,
    ) -> Result<(), Error> {
        let (account, behind, acting) = (actor.account(), actor.behind(), actor.acting());
        let request = self.request_key(submit.request);
        let written: Vec<[u8; 16]> =
            sending.packing.deliveries.iter().map(|one| self.written_key(&one.address)).collect();
        let done = self.transact(move |tx| {
            acting.is_there(tx)?;
            sending.packing.check(tx)?;
            let message = sending.sealed.reference.to_bytes();
            let at = sending.submission.accepted;
            let requested = Requested { reference: message, at };
            if !tx.insert(&REQUESTS, &(account, request), &requested)? {
                return Err(Error::Conflict(Conflict::AlreadySent));
            }
            let draft = tx.get(&DRAFTS, &(account, sending.draft_id))?;
            let draft = draft.filter(|draft| draft.version == sending.version);
            let draft = draft.ok_or(Error::Conflict(Conflict::EditedElsewhere))?;
            let own = quota::message(sending.sealed.size);
            quota::check_in_tx(tx, account, sending.freed_in_tx(tx, account, &draft)?, own)?;
            tx.delete(&DRAFTS, &(account, sending.draft_id));
            quota::discharge_in_tx(tx, account, quota::draft(&draft))?;
            sending.sealed.store_in_tx(tx)?;
            if let Some(key) = sending.signing_key {
                signing::current_in_tx(tx, account, key)?;
            }
            if let Some(signature) = &sending.signature {
                tx.put(&MESSAGE_SIGNATURES, &message, signature)?;
            }
            tx.put(&SUBMISSIONS, &message, &sending.submission)?;
            if let Some(behind) = behind {
                wrote_in_tx(tx, (account, message), sending.related, behind, at)?;
            }
            for (index, one) in (0..).zip(&sending.packing.deliveries) {
                tx.put(&DELIVERIES, &(message, index), one)?;
            }
            for key in &written {
                tx.put(&WRITTEN_TO, &(account, *key), &Answered { at })?;
            }
            for notice in &sending.notices {
                notice.store_in_tx(tx)?;
            }
            let held = sending.held_row(draft);
            if !sending.held {
                return release_in_tx(tx, account, message, &held, at);
            }
            tx.put(&HELD_DUE, &(held.due.millis(), message), &Due)?;
            tx.put(&HELD, &message, &held)?;
            tx.ring(Bell::Hold);
            Ok(())
        });
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

    /// Prepares the notices about the recipients that the message is not sent to: one for those
    /// who are refused, one for those where it failed.
    fn refusal_notices(
        &self,
        sender: &Sender,
        reference: Reference,
        plan: &[Planned],
        packing: &Packing,
        at: Timestamp,
    ) -> Result<Vec<SealedMessage>, Error> {
        let mut told: Vec<(DeliveryState, Vec<Told>)> = Vec::new();
        for (index, reason) in &packing.refused {
            let one = &plan[*index as usize];
            let detail = Some(one.detail(*reason, sender.language));
            let line = Told { recipient: one.address.to_string(), detail };
            match told.iter_mut().find(|(kind, _)| *kind == one.refused_state()) {
                Some((_, lines)) => lines.push(line),
                None => told.push((one.refused_state(), vec![line])),
            }
        }
        let notice = |(kind, lines): &(DeliveryState, Vec<Told>)| {
            let (first, others) = lines.split_first().ok_or(Error::NotFound { what: "report" })?;
            let draft = NoticeDraft {
                kind: *kind,
                about: reference.to_bytes(),
                recipient: &first.recipient,
                at,
                detail: first.detail.clone().map(Detail::Words),
                topic: None,
                others,
                report: None,
            };
            self.notice_prepare(sender.account, &draft)
        };
        told.iter().map(notice).collect()
    }
}

/// A draft that may be sent: the routes are planned, and the sender gave the required consent.
struct Ready {
    sender: Sender,
    draft_id: String,
    version: u32,
    content: DraftContent,
    plan: Vec<Planned>,
    thread: Thread,
}

impl Ready {
    /// The summary for readers' lists.
    fn summary(&self, written: &Written) -> SealedSummary {
        SealedSummary {
            from_name: self.sender.display_name(),
            from_address: Some(self.sender.view.address.clone()),
            subject: self.content.subject.clone(),
            attachments: u32::try_from(written.attachments).unwrap_or(u32::MAX),
            outline: Some(written.outline.clone()),
            ..SealedSummary::default()
        }
    }

    /// What of a message is signed: its octets, and what readers are shown beside them.
    fn signing(&self, reference: Reference, at: Timestamp, written: &Written) -> Signing {
        let summary = self.summary(written);
        let shown = Shown {
            from_name: summary.from_name.as_deref(),
            from_address: summary.from_address.as_deref(),
            subject: &summary.subject,
            attachments: summary.attachments,
            outline: &written.outline,
        };
        let (head, files) = (written.head, written.files);
        Signing { reference, at, head, files, shown: shown.digest() }
    }

    /// Combines everything that is stored.
    fn sending(
        &self,
        reference: Reference,
        now: Timestamp,
        written: Written,
        reader: Reader,
        packing: Packing,
        notices: Vec<SealedMessage>,
    ) -> Result<Sending, Error> {
        let undo_secs = i64::from(self.sender.preferences.undo_secs.value);
        let due = now.plus_secs(undo_secs);
        let submission = Submission {
            sender: self.sender.account,
            accepted: now,
            undo_until: (undo_secs > 0).then_some(due),
            deliveries: u32::try_from(packing.deliveries.len())
                .expect("the number of recipients is limited"),
            sealed: !self.plan.iter().any(Planned::leaves_in_clear),
            sealed_thread: self.thread.sealed,
            owed: None,
            standings: Some(standing::counted(&packing.deliveries)),
        };
        let sealed = SealedMessage {
            reference,
            received: now,
            filed: None,
            reverse_path: String::new(),
            trace_octets: 0,
            size: written.size,
            protection: Protection::Inside,
            content: written.pieces,
            readers: vec![reader],
            other_holders: packing.holders(),
        };
        Ok(Sending {
            sealed,
            submission,
            packing,
            signing_key: None,
            signature: None,
            notices,
            draft_id: text::parse_hex(&self.draft_id).expect("the id in a view is valid"),
            version: self.version,
            related: self.content.related.map(|one| (one.message, one.kind)),
            uploads: self.content.upload_ids()?,
            due,
            held: undo_secs > 0,
        })
    }
}

/// Where the sender's own copy goes: to Sent, or to the inbox if the sender is also a recipient.
fn own_placement(packing: &Packing, now: Timestamp) -> Placement {
    Placement {
        mailbox: match packing.to_self {
            Some(_) => mailbox::INBOX,
            None => mailbox::SENT,
        },
        opened: Some(now),
        unread: packing.to_self.is_some(),
        sent: true,
    }
}

/// Everything that the transaction of a submission writes.
struct Sending {
    sealed: SealedMessage,
    submission: Submission,
    packing: Packing,
    /// The key that signed the message.
    signing_key: Option<VerifyingKey>,
    /// What lies beside the message.
    signature: Option<Sealed>,
    notices: Vec<SealedMessage>,
    draft_id: [u8; 16],
    version: u32,
    related: Option<(ReferenceKey, RelationKind)>,
    uploads: Vec<UploadId>,
    due: Timestamp,
    held: bool,
}

impl Sending {
    /// What sending frees: the draft at once, and its files when the message can no longer be
    /// undone. Until then an account may store more than its quota, or nobody could send a file
    /// that takes more than a third of it.
    fn freed_in_tx(
        &self,
        tx: &Tx<'_, '_>,
        account: AccountId,
        draft: &Draft,
    ) -> Result<Usage, Error> {
        let mut freed = quota::draft(draft);
        for upload in &self.uploads {
            if let Some(upload) = tx.get(&UPLOADS, &(account, *upload))? {
                freed = freed.plus(quota::file(upload.size));
            }
        }
        Ok(freed)
    }

    fn held_row(&self, draft: Draft) -> Held {
        Held {
            due: self.due,
            size: self.sealed.size,
            draft_id: self.draft_id,
            draft,
            uploads: self.uploads.clone(),
            copies: self.packing.copies.clone(),
            rows: self.packing.rows.clone(),
            mails: self.packing.mails.clone(),
            pickups: self.packing.pickups.clone(),
        }
    }
}
