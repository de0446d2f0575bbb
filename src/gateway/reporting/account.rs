//! Tells the owner of an account what happened to the ways into it: each change becomes a message of
//! the system in the owner's mailbox, in the owner's language.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::records::account::AccountNews;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::ACCOUNT_NEWS;
use crate::gateway::reporting::notice::{Detail, NoticeDraft};
use crate::store::Read;
use crate::terms::DeliveryState;

impl Gateway {
    /// Tells at most `limit` changes. Called by a job, which [`Gateway::news_wake`] wakes. Returns how
    /// many were due, and whether all of them were told.
    pub fn owners_tell(&self, limit: usize) -> Result<(usize, bool), Error> {
        let mut due = Vec::new();
        self.inner.store.scan_readable(&ACCOUNT_NEWS, &(), |key, news| {
            due.push((key, news));
            if due.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut all = true;
        for ((account, key), news) in &due {
            // A failure in one account must not affect the others.
            if let Err(error) = self.owner_tell_one(*account, *key, news) {
                let id = account.to_text();
                tracing::error!(%error, account.id = %id, "a user could not be told of a change");
                all = false;
            }
        }
        Ok((due.len(), all))
    }

    fn owner_tell_one(
        &self,
        account: AccountId,
        key: [u8; 16],
        news: &AccountNews,
    ) -> Result<(), Error> {
        let reference = self.reference_new();
        let address = self.account(account)?.view(account).address;
        let draft = NoticeDraft {
            kind: DeliveryState::Accepted,
            about: reference.to_bytes(),
            recipient: &address,
            at: news.at,
            detail: news.from.clone().map(Detail::Words),
            others: &[],
            topic: Some(NoticeTopic::Account(news.change)),
            report: None,
        };
        let notice = self.notice_prepare_as(reference, account, &draft)?;
        let done = self.transact(move |tx| {
            // Another pass may have told it meanwhile.
            if !tx.has(&ACCOUNT_NEWS, &(account, key))? {
                return Ok(());
            }
            tx.delete(&ACCOUNT_NEWS, &(account, key));
            notice.store_in_tx(tx)
        });
        done.wait()
    }
}
