//! What the relay reports about a queue row, and the consequences for its sender.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::holders;
use crate::gateway::mailboxes::sealed_message::Placement;
use crate::gateway::mailboxes::summary::Summarised;
use crate::gateway::meters::Outcome;
use crate::gateway::notices::mailed::{CameBack, mail_ended_in_tx};
use crate::gateway::outgoing::compose::summary_of;
use crate::gateway::outgoing::undo_send::release_in_tx;
use crate::gateway::queue::attempt::{Attempted, Reason};
use crate::gateway::queue::delivery::{self, Said};
use crate::gateway::queue::rows::{self, NO_ROW, QueueId, remove_in_tx, reschedule_in_tx};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::queue::{QueueRow, TlsNeed, Unreported};
use crate::gateway::records::submission::{Draft, Held};
use crate::gateway::records::tables::{DELIVERIES, QUEUE, SUBMISSIONS};
use crate::gateway::records::temporary::Pickup;
use crate::gateway::reporting::report::{self, Happened, report_in_tx};
use crate::gateway::text::shown;
use crate::mail::envelope::{ForwardPath, Notify as Wanted, Recipient};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::{Choice, DeliveryState, QueueKind, QueueState, Route, StepNote};

impl Gateway {
    /// Processes the result of an attempt: the row is removed or scheduled again; status lines and
    /// the sender's notices follow in the same transaction.
    pub fn queue_report(&self, id: QueueId, done: Attempted) -> Result<(), Error> {
        // It was reported before, or dropped meanwhile: there is nothing left to do.
        let Some(row) = self.inner.store.get(&QUEUE, &id.0)? else { return Ok(()) };
        self.meters().attempted(match done {
            Attempted::Delivered { .. } => Outcome::Delivered,
            Attempted::Deferred { .. } => Outcome::Deferred,
            Attempted::Failed { .. } => Outcome::Failed,
            Attempted::NoVerifiedTls { .. } => Outcome::Unverified,
        });
        match done {
            Attempted::Delivered { by, text } => {
                self.queue_delivered(id, &row, &format!("{by}: {text}"))
            }
            Attempted::Deferred { status, text, host } => {
                self.queue_deferred(id, &row, status, Reason { host, text })
            }
            Attempted::Failed { status, text, host } => {
                self.queue_failed(id, &row, status, Reason { host, text })
            }
            Attempted::NoVerifiedTls { text } => match self.queue_unverified(id, &row, text) {
                // Nothing was sent, and where it would go cannot be read: it is tried again, and
                // fails in the end, as with any other fault that may pass.
                Err(error) if error.is_unreadable() => {
                    tracing::error!(%error, queue.id = %id.to_text(), "no other route was found");
                    let text = "a record of the sending system cannot be read".to_owned();
                    self.queue_deferred(
                        id,
                        &row,
                        EnhancedStatus(4, 3, 0),
                        Reason { host: None, text },
                    )
                }
                done => done,
            },
        }
    }

    fn queue_delivered(&self, id: QueueId, row: &QueueRow, text: &str) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let (state, said) = match row.kind {
            QueueKind::Message => (DeliveryState::Delivered, Said::detail(text)),
            _ => (DeliveryState::Waiting, Said::note(StepNote::Notified)),
        };
        let message = row.message;
        self.queue_change(message, move |tx| {
            let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            remove_in_tx(tx, id.0, &row)?;
            report::forget_in_tx(tx, &row)?;
            mail_ended_in_tx(tx, &row)?;
            delivery::step_in_tx(tx, row.message, row.delivery, state, now, said.clone())
        })?;
        tracing::info!(queue.id = %id.to_text(), r#ref = %shown(message), "delivered to the next hop");
        Ok(())
    }

    fn queue_deferred(
        &self,
        id: QueueId,
        row: &QueueRow,
        status: EnhancedStatus,
        reason: Reason,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let plan = self.inner.settings.retry;
        let Some(due) = plan.next(row.queued, row.attempts + 1, now) else {
            return self.queue_failed(id, row, EnhancedStatus(5, 4, 7), reason);
        };
        let late = now >= row.queued.plus_secs(plan.delay_notice_secs);
        let tell = late && !row.delay_told && wants_delay(&row.recipient);
        let kind = DeliveryState::Waiting;
        let happened = Happened { kind, status, reason: &reason, at: now };
        let told = if tell { self.unreported(row, &happened)? } else { None };
        self.queue_change(row.message, move |tx| {
            let Some(mut row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            row.attempts += 1;
            row.delay_told |= tell;
            row.last = Some(reason.to_string());
            delivery::tried_in_tx(tx, &row, now, reason.to_string())?;
            match row.state {
                // An administrator held it during the attempt: it stays held.
                QueueState::Held => tx.put(&QUEUE, &id.0, &row)?,
                _ => reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, due)?,
            }
            told.iter().try_for_each(|told| report_in_tx(tx, &row, told))
        })?;
        if tell {
            self.report_at_once(row.message);
        }
        Ok(())
    }

    fn queue_failed(
        &self,
        id: QueueId,
        row: &QueueRow,
        status: EnhancedStatus,
        reason: Reason,
    ) -> Result<(), Error> {
        let came_back = self.notice_came_back(row)?;
        self.queue_ended(id, row, (status, reason), came_back)
    }

    fn queue_ended(
        &self,
        id: QueueId,
        row: &QueueRow,
        (status, reason): (EnhancedStatus, Reason),
        came_back: Option<CameBack>,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let state = DeliveryState::Failed;
        let happened = Happened { kind: state, status, reason: &reason, at: now };
        let told = self.unreported(row, &happened)?;
        let message = row.message;
        self.queue_change(message, move |tx| {
            let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            remove_in_tx(tx, id.0, &row)?;
            mail_ended_in_tx(tx, &row)?;
            came_back.iter().try_for_each(|one| one.store_in_tx(tx))?;
            let said = Said::detail(reason.to_string());
            delivery::step_in_tx(tx, message, row.delivery, state, now, said)?;
            told.iter().try_for_each(|told| report_in_tx(tx, &row, told))
        })?;
        self.report_at_once(message);
        tracing::info!(
            queue.id = %id.to_text(), r#ref = %shown(message), %status,
            "failed permanently"
        );
        Ok(())
    }

    /// Runs `work` and records for the message's sender that its status changed.
    fn queue_change(
        &self,
        message: ReferenceKey,
        mut work: impl FnMut(&mut Tx<'_, '_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.notice_transact(None, message, move |tx| work(tx).map(|()| false))
    }

    /// Drops a row: it is not sent, and its sender gets a failure notice.
    pub fn queue_drop(&self, id: QueueId) -> Result<(), Error> {
        let row = self.inner.store.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
        let text = "withdrawn by the administrator".to_owned();
        let reason = Reason { host: None, text };
        // It says nothing about an address.
        self.queue_ended(id, &row, (EnhancedStatus(5, 7, 0), reason), None)
    }

    /// There is no verified TLS: the message takes the policy's fallback route.
    fn queue_unverified(&self, id: QueueId, row: &QueueRow, text: String) -> Result<(), Error> {
        match self.site()?.policy.verified_else {
            Choice::Plain => self.queue_downgrade(id, row, text),
            Choice::TemporaryAccount if self.is_full(row)? => {
                let text = "the recipient's temporary account is full".to_owned();
                self.queue_failed(id, row, EnhancedStatus(5, 2, 2), Reason { host: None, text })
            }
            Choice::TemporaryAccount if !self.has_sender(row)? => {
                let text = "the sender's account was removed".to_owned();
                self.queue_failed(id, row, EnhancedStatus(5, 7, 10), Reason { host: None, text })
            }
            Choice::TemporaryAccount => self.queue_to_portal(id, row, text),
            _ => self.queue_failed(id, row, EnhancedStatus(5, 7, 10), Reason { host: None, text }),
        }
    }

    /// Whether the recipient has a temporary account that has no room for the message.
    fn is_full(&self, row: &QueueRow) -> Result<bool, Error> {
        let ForwardPath::Address(address) = &row.recipient.path else { return Ok(false) };
        match self.temporary_of(address)? {
            Some(account) => Ok(!self.quota_of(account)?.has_room(row.size)),
            None => Ok(false),
        }
    }

    /// Whether the sender still has an account, who would sponsor one of the recipient's.
    fn has_sender(&self, row: &QueueRow) -> Result<bool, Error> {
        match self.message_sender(row.message)? {
            Some(sender) => self.account_exists(sender),
            None => Ok(false),
        }
    }

    /// What the sender is told of a message that takes another route for want of verified TLS.
    fn rerouted(
        &self,
        row: &QueueRow,
        route: Route,
        text: &str,
    ) -> Result<Option<Unreported>, Error> {
        let reason = Reason { host: None, text: text.to_owned() };
        self.unreported(
            row,
            &Happened {
                kind: report::rerouted_kind(route),
                status: EnhancedStatus(4, 7, 10),
                reason: &reason,
                at: self.inner.clock.now(),
            },
        )
    }

    /// Changes a row to plain mail, and says so to its sender.
    fn queue_downgrade(&self, id: QueueId, row: &QueueRow, text: String) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let told = self.rerouted(row, Route::Plain, &text)?;
        let message = row.message;
        self.queue_change(message, move |tx| {
            let Some(mut row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            // Another report of the same attempt has changed it already.
            if row.tls == TlsNeed::Opportunistic && !row.require_tls {
                return Ok(());
            }
            (row.tls, row.require_tls) = (TlsNeed::Opportunistic, false);
            row.attempts += 1;
            row.last = Some(text.clone());
            delivery::reroute_in_tx(tx, &row, Route::Plain, now, text.clone())?;
            told.iter().try_for_each(|told| report_in_tx(tx, &row, told))?;
            match row.state {
                QueueState::Held => Ok(tx.put(&QUEUE, &id.0, &row)?),
                _ => {
                    tx.ring(Bell::Queue);
                    reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, now)
                }
            }
        })?;
        self.report_at_once(message);
        Ok(())
    }

    /// Moves a message that required verified TLS, where there is none, to a temporary account. The
    /// relay's `text` says what was missing.
    pub(in crate::gateway) fn queue_to_portal(
        &self,
        id: rows::QueueId,
        row: &QueueRow,
        text: String,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let message = row.message;
        let submission = self.inner.store.get(&SUBMISSIONS, &message)?;
        let sender = submission.ok_or(Error::NotFound { what: "message" })?.sender;
        let ForwardPath::Address(address) = &row.recipient.path else {
            return Err(Error::Invalid { what: "postmaster has no temporary account".to_owned() });
        };
        let reference =
            Reference::from_bytes(message).ok_or(Error::NotFound { what: "message" })?;
        let key = self.inner.vault.queue_unwrap(&rows::binding(row.content), &row.wrapped_key)?;
        let octets = self.queue_octets(row)?;
        let (summary, ids) = summary_of(&octets);
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let (account, temporary) = self.issue(sender, address)?;
        let reader = self.reader(account, reference, Placement::ARRIVES, &summary, &key)?;
        let until = temporary.expires.max(now.plus_secs(self.inner.settings.temporary_secs));
        let (pickup_key, token) = self.pickup_token()?;
        let pickup = Pickup { account, message, sender, sent: now, until, end: None, asked: None };
        let index = row.delivery.unwrap_or_default();
        let mail = self.notification(sender, account, &temporary, &pickup, &token, index)?;
        let held = Held {
            due: now,
            size: row.size,
            draft_id: [0; 16],
            draft: Draft { version: 0, saved: now, sealed: Vec::new() },
            uploads: Vec::new(),
            copies: vec![reader.held(index)],
            rows: Vec::new(),
            mails: vec![mail],
            pickups: vec![(pickup_key, pickup)],
        };
        let told = self.rerouted(row, Route::TemporaryAccount, &text)?;
        let done = self.transact(move |tx| {
            // An administrator may have removed the row meanwhile, or put it on hold.
            let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            if row.state == QueueState::Held {
                return Ok(());
            }
            let Some(mut one) = tx.get(&DELIVERIES, &(message, index))? else { return Ok(()) };
            // The recipient's account may have been started again meanwhile.
            reader.epoch.check(tx, account)?;
            one.account = Some(account);
            tx.put(&DELIVERIES, &(message, index), &one)?;
            let route = Route::TemporaryAccount;
            delivery::reroute_in_tx(tx, &row, route, now, text.clone())?;
            release_in_tx(tx, sender, message, &held, now)?;
            // The reader takes the row's place as a holder of the content.
            holders::hold_in_tx(tx, message)?;
            report::forget_in_tx(tx, &row)?;
            told.iter().try_for_each(|told| report_in_tx(tx, &row, told))?;
            Gateway::queue_end_in_tx(tx, id)?;
            Ok(())
        });
        done.wait()?;
        self.report_at_once(message);
        Ok(())
    }
}

fn wants_delay(recipient: &Recipient) -> bool {
    matches!(recipient.notify, Wanted::On { delay: true, .. })
        || recipient.notify == Wanted::default()
}
