//! What became of a letter: one status line per recipient, each step with its time.
//!
//! ```text
//! held → accepted → waiting | delivered → read | rejected | expired
//!                 ↘ refused | failed
//! ```
//!
//! A final state stays. Times never run backwards within a line, whatever the clock did.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Tx};

use super::issue::TemporaryView;
use super::policy::Route;
use super::tables::{
    AccountId, DELIVERIES, Delivery, DeliveryState, HELD, ReferenceKey, RejectReason, SUBMISSIONS,
    Step, Submission,
};
use super::{Actor, Error, Gateway};

/// A letter that was sent, as its sender sees it.
#[derive(Clone, Debug)]
pub struct SubmissionView {
    pub reference: Reference,
    pub accepted: Timestamp,
    /// Until when it can be taken back.
    pub undo_until: Option<Timestamp>,
    pub recipients: Vec<DeliveryView>,
}

/// One recipient's status line.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    pub address: String,
    pub route: Route,
    pub state: DeliveryState,
    pub at: Timestamp,
    /// Whether it stays in the sealed store all the way.
    pub protected: bool,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    pub temporary: Option<TemporaryView>,
}

impl Delivery {
    /// Where it stands.
    pub(super) fn state(&self) -> DeliveryState {
        self.history.last().map_or(DeliveryState::Accepted, |step| step.state)
    }

    /// Takes a step; a line that has ended takes none.
    pub(super) fn step(&mut self, state: DeliveryState, at: Timestamp, detail: Option<String>) {
        if self.state().is_final() && !self.history.is_empty() {
            return;
        }
        let at = self.history.last().map_or(at, |last| last.at.max(at));
        self.history.push(Step { state, at, detail });
    }
}

/// Takes a step in the delivery a row belongs to, if there is one.
pub(super) fn step_in_tx(
    tx: &mut Tx<'_>,
    letter: ReferenceKey,
    index: Option<u32>,
    state: DeliveryState,
    at: Timestamp,
    detail: Option<String>,
) -> Result<(), Error> {
    let Some(index) = index else { return Ok(()) };
    let Some(mut delivery) = tx.get(&DELIVERIES, &(letter, index))? else { return Ok(()) };
    delivery.step(state, at, detail);
    Ok(tx.put(&DELIVERIES, &(letter, index), &delivery)?)
}

/// Ends a delivery by what its reader did.
pub(super) fn end_in_tx(
    tx: &mut Tx<'_>,
    letter: ReferenceKey,
    index: u32,
    state: DeliveryState,
    reason: Option<RejectReason>,
    at: Timestamp,
) -> Result<(), Error> {
    let Some(mut delivery) = tx.get(&DELIVERIES, &(letter, index))? else { return Ok(()) };
    delivery.step(state, at, None);
    delivery.reason = reason;
    Ok(tx.put(&DELIVERIES, &(letter, index), &delivery)?)
}

/// The deliveries of a letter, in the order of its recipients.
pub(super) fn of_letter(
    reader: &impl Read,
    letter: ReferenceKey,
) -> Result<Vec<(u32, Delivery)>, Error> {
    let mut found = Vec::new();
    reader.scan(&DELIVERIES, &letter, Order::Ascending, |(_, index), delivery| {
        found.push((index, delivery));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The delivery of a letter to an account.
pub(super) fn of_account(
    reader: &impl Read,
    letter: ReferenceKey,
    account: AccountId,
) -> Result<Option<(u32, Delivery)>, Error> {
    let mut found = None;
    reader.scan(&DELIVERIES, &letter, Order::Ascending, |(_, index), delivery| {
        if delivery.account == Some(account) {
            found = Some((index, delivery));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Gateway {
    /// A letter that the actor sent, with a status line for each recipient. Anybody else's is
    /// not found.
    pub fn submission(&self, actor: &Actor, reference: Reference) -> Result<SubmissionView, Error> {
        let key = reference.to_bytes();
        let missing = || Error::NotFound { what: "letter" };
        let row = self.inner.store.get(&SUBMISSIONS, &key)?;
        let row = row.filter(|row| row.sender == actor.account()).ok_or_else(missing)?;
        self.submission_view(reference, &row)
    }

    pub(super) fn submission_view(
        &self,
        reference: Reference,
        row: &Submission,
    ) -> Result<SubmissionView, Error> {
        let key = reference.to_bytes();
        let held = self.inner.store.get(&HELD, &key)?.is_some();
        let now = self.inner.clock.now();
        let mut recipients = Vec::new();
        for (_, delivery) in of_letter(&self.inner.store, key)? {
            recipients.push(self.delivery_view(row.sender, delivery)?);
        }
        Ok(SubmissionView {
            reference,
            accepted: row.accepted,
            undo_until: row.undo_until.filter(|until| held && *until > now),
            recipients,
        })
    }

    fn delivery_view(&self, sender: AccountId, delivery: Delivery) -> Result<DeliveryView, Error> {
        let temporary = match (delivery.route, delivery.account) {
            (Route::Portal, Some(account)) => self.temporary_view(account, Some(sender))?,
            _ => None,
        };
        let at = delivery.history.last().map_or(Timestamp(0), |step| step.at);
        Ok(DeliveryView {
            state: delivery.state(),
            at,
            protected: matches!(delivery.route, Route::Inside | Route::Portal),
            address: delivery.address,
            route: delivery.route,
            history: delivery.history,
            reason: delivery.reason,
            temporary,
        })
    }
}
