//! Submissions as their sender sees them: one status line for each recipient.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::delivery::of_message;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::submission::{Delivery, Step, Submission};
use crate::gateway::records::tables::{HELD, SUBMISSIONS};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{DeliveryState, RejectReason, Route};

/// A sent message as its sender sees it.
#[derive(Clone, Debug)]
pub struct SubmissionView {
    pub reference: Reference,
    pub accepted: Timestamp,
    /// Until when sending can be undone.
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
    /// Whether the message stays in the sealed store all the way.
    pub protected: bool,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    pub temporary: Option<TemporaryView>,
}

impl Gateway {
    /// A message that the actor sent, with a status line for each recipient. Other accounts'
    /// messages are not found.
    pub fn submission(&self, actor: &Actor, reference: Reference) -> Result<SubmissionView, Error> {
        let key = reference.to_bytes();
        let missing = || Error::NotFound { what: "message" };
        let row = self.inner.store.get(&SUBMISSIONS, &key)?;
        let row = row.filter(|row| row.sender == actor.account()).ok_or_else(missing)?;
        self.submission_view(reference, &row)
    }

    pub(in crate::gateway) fn submission_view(
        &self,
        reference: Reference,
        row: &Submission,
    ) -> Result<SubmissionView, Error> {
        let key = reference.to_bytes();
        let held = self.inner.store.get(&HELD, &key)?.is_some();
        let now = self.inner.clock.now();
        let mut recipients = Vec::new();
        for (_, delivery) in of_message(&self.inner.store, key)? {
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
            (Route::TemporaryAccount, Some(account)) => {
                self.temporary_view(account, Some(sender))?
            }
            _ => None,
        };
        let at = delivery.history.last().map_or(Timestamp(0), |step| step.at);
        Ok(DeliveryView {
            state: delivery.state(),
            at,
            protected: matches!(delivery.route, Route::Inside | Route::TemporaryAccount),
            address: delivery.address,
            route: delivery.route,
            history: delivery.history,
            reason: delivery.reason,
            temporary,
        })
    }
}
