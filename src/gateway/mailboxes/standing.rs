//! How a sent message stands with its recipients, as the list shows it: the state that most needs its
//! sender, and how many recipients are in it.
//!
//! The row of the submission counts its deliveries by state and route, and every change of a delivery
//! goes through [`put_in_tx`], which keeps the count. So a list reads one row for each message that
//! was sent, however many recipients it has, and opens nothing.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::submission::{Delivery, Standing};
use crate::gateway::records::tables::{DELIVERIES, SUBMISSIONS};
use crate::store::{Read, Tx};
use crate::terms::{DeliveryState, Route};

/// How a sent message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingView {
    /// The state that most needs the sender.
    pub state: DeliveryState,
    /// How many recipients are in this state, of how many.
    pub count: u32,
    pub recipients: u32,
    /// The least protected route by which it reaches a recipient; `None` if it reaches nobody.
    pub route: Option<Route>,
}

/// The states, the one that most needs the sender first. `Accepted` is also that of senders who wrote
/// to themselves among others, and says the least.
const STATES: [DeliveryState; 9] = [
    DeliveryState::Failed,
    DeliveryState::Rejected,
    DeliveryState::Refused,
    DeliveryState::Expired,
    DeliveryState::Waiting,
    DeliveryState::Held,
    DeliveryState::Delivered,
    DeliveryState::Read,
    DeliveryState::Accepted,
];

/// The routes, the least protected first. Nothing takes the last one.
const ROUTES: [Route; 6] = [
    Route::Plain,
    Route::Ask,
    Route::VerifiedTls,
    Route::TemporaryAccount,
    Route::Inside,
    Route::Refused,
];

/// Counts deliveries by state and route.
pub(in crate::gateway) fn counted<'d>(
    deliveries: impl IntoIterator<Item = &'d Delivery>,
) -> Vec<Standing> {
    let mut counts = Vec::new();
    deliveries.into_iter().for_each(|one| add(&mut counts, one.route, one.state()));
    counts
}

/// Stores a delivery that was in the state `before` on a route, and keeps the count of its message.
/// If that cannot be read, it stays as it is: what happened to the message has happened.
pub(in crate::gateway) fn put_in_tx(
    tx: &mut Tx<'_>,
    (message, index): (ReferenceKey, u32),
    before: (Route, DeliveryState),
    delivery: &Delivery,
) -> Result<(), Error> {
    tx.put(&DELIVERIES, &(message, index), delivery)?;
    if before == (delivery.route, delivery.state()) {
        return Ok(());
    }
    let submission = readable(tx.get(&SUBMISSIONS, &message))?.flatten();
    let Some(mut submission) = submission else { return Ok(()) };
    match &mut submission.standings {
        Some(counts) => {
            let (route, state) = before;
            let found = counts.iter_mut().find(|one| (one.route, one.state) == (route, state));
            found.into_iter().for_each(|one| one.count = one.count.saturating_sub(1));
            counts.retain(|one| one.count > 0);
            add(counts, delivery.route, delivery.state());
        }
        none => *none = Some(counted(&of_message(tx, message)?)),
    }
    Ok(tx.put(&SUBMISSIONS, &message, &submission)?)
}

fn add(counts: &mut Vec<Standing>, route: Route, state: DeliveryState) {
    match counts.iter_mut().find(|one| (one.route, one.state) == (route, state)) {
        Some(one) => one.count = one.count.saturating_add(1),
        None => counts.push(Standing { route, state, count: 1 }),
    }
}

/// The deliveries of a message that can be read.
fn of_message(reader: &impl Read, message: ReferenceKey) -> Result<Vec<Delivery>, Error> {
    let mut found = Vec::new();
    reader.scan_readable(&DELIVERIES, &message, |_, delivery| {
        found.push(delivery);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// What the list shows of these counts.
fn shown(counts: &[Standing]) -> Option<StandingView> {
    let state = STATES.into_iter().find(|state| counts.iter().any(|one| one.state == *state))?;
    let sum = |of: &dyn Fn(&Standing) -> bool| {
        counts.iter().filter(|one| of(one)).fold(0, |sum: u32, one| sum.saturating_add(one.count))
    };
    let goes = |one: &Standing| {
        !matches!(one.state, DeliveryState::Failed | DeliveryState::Refused)
            && one.route != Route::Refused
    };
    let by = |route: &Route| counts.iter().any(|one| goes(one) && one.route == *route);
    Some(StandingView {
        state,
        count: sum(&|one| one.state == state),
        recipients: sum(&|_| true),
        route: ROUTES.into_iter().find(by),
    })
}

/// Of several standings, the one that most needs the sender; of equal ones, the first.
pub(in crate::gateway) fn worst(
    views: impl IntoIterator<Item = StandingView>,
) -> Option<StandingView> {
    let rank = |view: &StandingView| STATES.iter().position(|state| *state == view.state);
    views.into_iter().min_by_key(rank)
}

impl Gateway {
    /// How a message stands that the account sent; `None` for any other, such as one that was imported.
    pub(in crate::gateway) fn standing(
        &self,
        account: AccountId,
        message: ReferenceKey,
    ) -> Result<Option<StandingView>, Error> {
        let store = &self.inner.store;
        let submission = readable(store.get(&SUBMISSIONS, &message))?.flatten();
        let Some(submission) = submission.filter(|row| row.sender == account) else {
            return Ok(None);
        };
        let counts = match submission.standings {
            Some(counts) => counts,
            // It was sent by an earlier version, and nothing has happened to it since.
            None => counted(&of_message(store, message)?),
        };
        let mut view = shown(&counts);
        if let Some(view) = view.as_mut()
            && view.state == DeliveryState::Accepted
            && submission.undo_until.is_some_and(|until| until > self.inner.clock.now())
        {
            view.state = DeliveryState::Held;
        }
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stands_as_its_sender_needs_to_know() {
        use DeliveryState::{Accepted, Delivered, Failed, Read, Refused, Rejected, Waiting};
        for (given, expected) in [
            (vec![], None),
            (vec![(Route::Inside, Read, 2)], Some((Read, 2, 2, Some(Route::Inside)))),
            (
                vec![(Route::Inside, Accepted, 1), (Route::Inside, Read, 1)],
                Some((Read, 1, 2, Some(Route::Inside))),
            ),
            (
                vec![(Route::Inside, Read, 1), (Route::Plain, Delivered, 2)],
                Some((Delivered, 2, 3, Some(Route::Plain))),
            ),
            (
                vec![(Route::VerifiedTls, Delivered, 1), (Route::TemporaryAccount, Waiting, 1)],
                Some((Waiting, 1, 2, Some(Route::VerifiedTls))),
            ),
            // What reaches nobody travels by no way.
            (vec![(Route::Plain, Failed, 1)], Some((Failed, 1, 1, None))),
            (
                vec![(Route::Refused, Refused, 1), (Route::Inside, Rejected, 1)],
                Some((Rejected, 1, 2, Some(Route::Inside))),
            ),
        ] {
            let counts: Vec<Standing> = given
                .iter()
                .map(|(route, state, count)| Standing {
                    route: *route,
                    state: *state,
                    count: *count,
                })
                .collect();
            let view = shown(&counts).map(|one| (one.state, one.count, one.recipients, one.route));
            assert_eq!(view, expected, "{given:?}");
        }
    }

    #[test]
    fn every_state_and_route_has_its_rank() {
        assert!(DeliveryState::ALL.iter().all(|state| STATES.contains(state)));
        assert!(Route::ALL.iter().all(|route| ROUTES.contains(route)));
    }
}
