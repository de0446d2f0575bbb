//! Gives the owner of an account notice that it takes no codes any more: somebody who has the password
//! tried too many.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::accounts::code_failures::{NOTIFIED, is_to_notify};
use crate::gateway::error::Error;
use crate::gateway::records::account::CodeFailures;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::CODE_FAILURES;
use crate::mail::codes_text;
use crate::store::Read;
use crate::terms::Language;

impl Gateway {
    /// Gives notice to the owners of at most `limit` accounts. Called by the job that gives owners notice
    /// of changes. Returns how many were due, and whether all of them have it.
    pub fn codes_stopped_notify(&self, limit: usize) -> Result<(usize, bool), Error> {
        let mut due = Vec::new();
        self.inner.store.scan_readable(&CODE_FAILURES, &(), |account, row| {
            due.extend(is_to_notify(row.count).then_some((account, row)));
            if due.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut all = true;
        for (account, row) in &due {
            // A failure in one account must not affect the others.
            if let Err(error) = self.codes_stopped_one(*account, row) {
                let id = account.to_text();
                tracing::error!(%error, account.id = %id, "a user got no notice about codes");
                all = false;
            }
        }
        Ok((due.len(), all))
    }

    fn codes_stopped_one(&self, account: AccountId, row: &CodeFailures) -> Result<(), Error> {
        let reference = self.reference_new();
        let language = self.language_of(account)?.unwrap_or(Language::English);
        let (address, number) =
            (self.account(account)?.view(account).address, reference.to_string());
        let text = codes_text::text(language, &address, &row.last.to_prose(), &number);
        let subject = codes_text::subject(language, &number);
        let notice = self.plain_notice(account, reference, (subject, &text))?;
        let done = self.transact(move |tx| {
            // Meanwhile another pass may have given it, or the count may have begun anew.
            let row = tx.get(&CODE_FAILURES, &account)?;
            let Some(row) = row.filter(|row| is_to_notify(row.count)) else { return Ok(()) };
            tx.put(&CODE_FAILURES, &account, &CodeFailures { count: NOTIFIED, ..row })?;
            notice.store_in_tx(tx)
        });
        done.wait()
    }
}
