//! A message's delivery status: one status line per recipient, each step with its time.
//!
//! ```text
//! held → accepted → waiting | delivered → read | rejected | expired
//!                 ↘ refused | failed
//! ```
//!
//! A final state never changes. Times within a line never run backwards, whatever the clock does.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::mailboxes::standing;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::submission::{Delivery, Step};
use crate::gateway::records::tables::{DELIVERIES, SUBMISSIONS};
use crate::store::{Read, Tx};
use crate::terms::{DeliveryState, RejectReason, Route, StepNote};

/// What is said about a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Said {
    pub note: Option<StepNote>,
    pub detail: Option<String>,
}

impl Said {
    /// What a host said, or another detail.
    pub(in crate::gateway) fn detail(text: impl Into<String>) -> Said {
        Said { note: None, detail: Some(text.into()) }
    }

    /// A note alone.
    pub(in crate::gateway) fn note(note: StepNote) -> Said {
        Said { note: Some(note), detail: None }
    }
}

impl Delivery {
    /// Appends a step, unless the state is final.
    pub(in crate::gateway) fn step(&mut self, state: DeliveryState, at: Timestamp, said: Said) {
        if self.state().is_final() && !self.history.is_empty() {
            return;
        }
        let at = self.history.last().map_or(at, |last| last.at.max(at));
        let Said { note, detail } = said;
        self.history.push(Step { state, at, note, detail, tried: 0 });
    }

    /// Records one more attempt in vain: those in a row are one step, with what was said last.
    fn step_tried(&mut self, at: Timestamp, detail: String) {
        let is_more = self.history.last().is_some_and(|last| last.note == Some(StepNote::Tried));
        if !is_more {
            self.step(DeliveryState::Waiting, at, Said::note(StepNote::Tried));
        }
        // Nothing was appended to a final state.
        let last = self.history.last_mut().filter(|last| last.note == Some(StepNote::Tried));
        if let Some(last) = last {
            (last.at, last.detail) = (last.at.max(at), Some(detail));
            last.tried = last.tried.saturating_add(1);
        }
    }
}

/// Changes the delivery that a row belongs to, if there is one. One that cannot be read stays as it
/// is: what happened to the message has happened.
fn change_in_tx(
    tx: &mut Tx<'_>,
    message: ReferenceKey,
    index: Option<u32>,
    change: impl FnOnce(&mut Delivery),
) -> Result<(), Error> {
    let Some(index) = index else { return Ok(()) };
    let found = readable(tx.get(&DELIVERIES, &(message, index)))?.flatten();
    let Some(mut delivery) = found else { return Ok(()) };
    let before = (delivery.route, delivery.state());
    change(&mut delivery);
    standing::put_in_tx(tx, (message, index), before, &delivery)
}

/// Appends a step to the delivery that a row belongs to, if there is one.
pub(in crate::gateway) fn step_in_tx(
    tx: &mut Tx<'_>,
    message: ReferenceKey,
    index: Option<u32>,
    state: DeliveryState,
    at: Timestamp,
    said: Said,
) -> Result<(), Error> {
    change_in_tx(tx, message, index, |delivery| delivery.step(state, at, said))
}

/// Records an attempt in vain for the delivery that a row belongs to.
pub(in crate::gateway) fn tried_in_tx(
    tx: &mut Tx<'_>,
    row: &QueueRow,
    at: Timestamp,
    detail: String,
) -> Result<(), Error> {
    change_in_tx(tx, row.message, row.delivery, |delivery| delivery.step_tried(at, detail))
}

/// Gives the delivery that a row belongs to another route, since the way had no verified TLS.
pub(in crate::gateway) fn reroute_in_tx(
    tx: &mut Tx<'_>,
    row: &QueueRow,
    route: Route,
    at: Timestamp,
    detail: String,
) -> Result<(), Error> {
    let said = Said { note: Some(StepNote::NoVerifiedTls), detail: Some(detail) };
    change_in_tx(tx, row.message, row.delivery, |delivery| {
        delivery.route = route;
        delivery.step(DeliveryState::Waiting, at, said);
    })
}

/// Ends a delivery with the reader's outcome.
pub(in crate::gateway) fn end_in_tx(
    tx: &mut Tx<'_>,
    message: ReferenceKey,
    index: u32,
    state: DeliveryState,
    reason: Option<RejectReason>,
    at: Timestamp,
) -> Result<(), Error> {
    change_in_tx(tx, message, Some(index), |delivery| {
        delivery.step(state, at, Said::default());
        delivery.reason = reason;
    })
}

/// The deliveries of a message that can be read, in the order of its recipients.
pub(in crate::gateway) fn of_message(
    reader: &impl Read,
    message: ReferenceKey,
) -> Result<Vec<(u32, Delivery)>, Error> {
    let mut found = Vec::new();
    reader.scan_readable(&DELIVERIES, &message, |(_, index), delivery| {
        found.push((index, delivery));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The delivery of a message to one account, if it can be read.
pub(in crate::gateway) fn of_account(
    reader: &impl Read,
    message: ReferenceKey,
    account: AccountId,
) -> Result<Option<(u32, Delivery)>, Error> {
    let mut found = None;
    reader.scan_readable(&DELIVERIES, &message, |(_, index), delivery| {
        if delivery.account == Some(account) {
            found = Some((index, delivery));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Gateway {
    /// The delivery that a row belongs to, if it can be read.
    pub(in crate::gateway) fn row_delivery(
        &self,
        row: &QueueRow,
    ) -> Result<Option<Delivery>, Error> {
        match row.delivery {
            Some(index) => {
                let delivery = self.inner.store.get(&DELIVERIES, &(row.message, index));
                Ok(readable(delivery)?.flatten())
            }
            None => Ok(None),
        }
    }

    /// The sender of a message, if it was sent from here.
    pub(in crate::gateway) fn message_sender(
        &self,
        message: ReferenceKey,
    ) -> Result<Option<AccountId>, Error> {
        Ok(self.inner.store.get(&SUBMISSIONS, &message)?.map(|submission| submission.sender))
    }
}
