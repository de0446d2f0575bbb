//! Warns the owner of an account that it fills up: once when it reaches a level, and again only
//! after it fell below that level.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::COUNTERS;
use crate::gateway::reporting::notice::NoticeDraft;
use crate::store::Read;
use crate::terms::{DeliveryState, Fullness};

impl Gateway {
    /// Warns the owners of at most `limit` accounts. Called by a job, which [`Gateway::quota_wake`]
    /// wakes: the notice is sealed for its reader, and that takes too long for the transaction that
    /// stores what fills the account.
    pub fn quotas_warn(&self, limit: usize) -> Result<usize, Error> {
        let mut due = Vec::new();
        self.inner.store.scan_readable(&COUNTERS, &(), |account, counters| {
            due.extend(self.quota_warning(&counters).map(|reached| (account, reached)));
            if due.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        for (account, reached) in &due {
            // A failure in one account must not affect the others.
            if let Err(error) = self.quota_warn_one(*account, *reached) {
                let id = account.to_text();
                tracing::error!(%error, account.id = %id, "a user could not be warned of the quota");
            }
        }
        Ok(due.len())
    }

    fn quota_warn_one(&self, account: AccountId, reached: Fullness) -> Result<(), Error> {
        let reference = self.reference_new();
        let address = self.account(account)?.view(account).address;
        let topic = match reached {
            Fullness::Filling | Fullness::Room => NoticeTopic::Filling,
            Fullness::AlmostFull | Fullness::Full => NoticeTopic::AlmostFull,
        };
        let draft = NoticeDraft {
            kind: DeliveryState::Accepted,
            about: reference.to_bytes(),
            recipient: &address,
            at: self.inner.clock.now(),
            detail: None,
            topic: Some(topic),
            others: &[],
            report: None,
        };
        let notice = self.notice_prepare_as(reference, account, &draft)?;
        let gateway = self.clone();
        let done = self.transact(move |tx| {
            let Some(mut counters) = tx.get(&COUNTERS, &account)? else { return Ok(()) };
            // Meanwhile somebody else may have warned, or the account may have emptied or filled
            // further: then the next pass decides anew.
            if gateway.quota_warning(&counters) != Some(reached) {
                return Ok(());
            }
            counters.warned = reached;
            tx.put(&COUNTERS, &account, &counters)?;
            notice.store_in_tx(tx)
        });
        done.wait()
    }
}
