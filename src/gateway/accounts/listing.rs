//! The accounts as a table for administrators: searched, sorted, one page at a time.

use std::cmp::Ordering;

use crate::gateway::Gateway;
use crate::gateway::accounts::account::AccountRow;
use crate::gateway::error::Error;
use crate::mail::address::composed;
use crate::terms::AccountSort;

/// Which accounts are wanted, and in which order.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Text that must occur in a name or an address of the account; empty for all.
    pub find: String,
    pub sort: AccountSort,
    /// Reverses the order.
    pub descending: bool,
    /// How many of the accounts found come before the page.
    pub from: usize,
}

/// A page of the accounts that were found.
#[derive(Debug)]
pub struct AccountPage {
    pub items: Vec<AccountRow>,
    /// The number of accounts that match.
    pub found: usize,
    /// The number of all accounts.
    pub total: usize,
}

impl AccountRow {
    /// What a list shows as the name, as it is compared.
    fn shown_name(&self) -> String {
        let AccountRow { view, .. } = self;
        let shown = if view.display_name.is_empty() { &view.name } else { &view.display_name };
        shown.to_lowercase()
    }

    /// Whether the account matches the search text `word`, which is composed and in lower case.
    fn has(&self, word: &str) -> bool {
        [&self.view.name, &self.view.display_name]
            .into_iter()
            .chain(&self.addresses)
            .any(|text| composed(text).to_lowercase().contains(word))
    }

    fn compared(&self, other: &AccountRow, sort: AccountSort) -> Ordering {
        match sort {
            AccountSort::Name => self.shown_name().cmp(&other.shown_name()),
            AccountSort::Used => self.quota.usage.octets.cmp(&other.quota.usage.octets),
            AccountSort::Active => self.last_interaction.cmp(&other.last_interaction),
        }
    }
}

impl Gateway {
    /// At most `limit` of the accounts that `query` asks for; never a temporary one. Equal ones are
    /// in the order of their login names, so that pages neither repeat nor leave out an account.
    pub fn account_page(&self, query: &AccountQuery, limit: usize) -> Result<AccountPage, Error> {
        let word = composed(query.find.trim()).to_lowercase();
        let mut rows = self.account_list()?;
        let total = rows.len();
        rows.retain(|row| row.has(&word));
        let found = rows.len();
        rows.sort_by(|a, b| {
            let order = a.compared(b, query.sort);
            if query.descending { order.reverse() } else { order }
        });
        let items = rows.into_iter().skip(query.from).take(limit).collect();
        Ok(AccountPage { items, found, total })
    }
}
