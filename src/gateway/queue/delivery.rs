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
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::submission::{Delivery, Step};
use crate::gateway::records::tables::{DELIVERIES, SUBMISSIONS};
use crate::store::{Read, Tx};
use crate::terms::{DeliveryState, RejectReason};

impl Delivery {
    /// The current state.
    pub(in crate::gateway) fn state(&self) -> DeliveryState {
        self.history.last().map_or(DeliveryState::Accepted, |step| step.state)
    }

    /// Appends a step, unless the state is final.
    pub(in crate::gateway) fn step(
        &mut self,
        state: DeliveryState,
        at: Timestamp,
        detail: Option<String>,
    ) {
        if self.state().is_final() && !self.history.is_empty() {
            return;
        }
        let at = self.history.last().map_or(at, |last| last.at.max(at));
        self.history.push(Step { state, at, detail });
    }
}

/// Appends a step to the delivery that a row belongs to, if there is one. One that cannot be read
/// stays as it is: what happened to the message has happened.
pub(in crate::gateway) fn step_in_tx(
    tx: &mut Tx<'_>,
    message: ReferenceKey,
    index: Option<u32>,
    state: DeliveryState,
    at: Timestamp,
    detail: Option<String>,
) -> Result<(), Error> {
    let Some(index) = index else { return Ok(()) };
    let Some(mut delivery) = readable(tx.get(&DELIVERIES, &(message, index)))?.flatten() else {
        return Ok(());
    };
    delivery.step(state, at, detail);
    Ok(tx.put(&DELIVERIES, &(message, index), &delivery)?)
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
    let Some(mut delivery) = readable(tx.get(&DELIVERIES, &(message, index)))?.flatten() else {
        return Ok(());
    };
    delivery.step(state, at, None);
    delivery.reason = reason;
    Ok(tx.put(&DELIVERIES, &(message, index), &delivery)?)
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
