//! The names of people inside, by how they look: whether a stranger bears one is asked for each
//! message that arrives.
//!
//! The looks are kept in memory, a few octets for each account. They are read once, at the first
//! question; an account that is created later is added once it is durable, and one that is removed is
//! forgotten. Users are not renamed.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNTS, TEMPORARY};
use crate::mail::alike::{is_ours, name_looks, own_looks};
use crate::mail::message::NameAddr;
use crate::mail::warnings::{self, Warning};
use crate::store::Read;
use crate::terms::SenderWarning;

/// The looks of names.
#[derive(Default)]
pub(in crate::gateway) struct Names {
    /// A hash of each look, and whose it is; `None` before the first question.
    known: Mutex<Option<BTreeSet<(u64, AccountId)>>>,
    hasher: RandomState,
}

impl Names {
    /// Adds the name of an account that was created.
    pub fn add(&self, account: AccountId, name: &str) {
        let looks = own_looks(name);
        if let Some(known) = &mut *self.lock() {
            known.extend(looks.iter().map(|look| (self.hasher.hash_one(look), account)));
        }
    }

    /// Forgets the name of an account that is being removed.
    pub fn remove(&self, account: AccountId) {
        if let Some(known) = &mut *self.lock() {
            known.retain(|(_, whose)| *whose != account);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeSet<(u64, AccountId)>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Returns what contradicts the authors of a message from outside.
    pub(in crate::gateway) fn warnings(
        &self,
        authors: &[NameAddr],
        reply_to: &[NameAddr],
    ) -> Result<Vec<Warning>, Error> {
        let mut found = warnings::warnings(authors, reply_to, self.domains());
        for author in authors {
            if let Some(about) = self.borrowed_name(author)? {
                let address = author.address.clone().unwrap_or_default();
                let warning = Warning { kind: SenderWarning::BorrowedName, about, author: address };
                if !found.contains(&warning) {
                    found.insert(0, warning);
                }
            }
        }
        Ok(found)
    }

    /// Returns the name inside that an author with an address outside bears.
    fn borrowed_name(&self, author: &NameAddr) -> Result<Option<String>, Error> {
        let (Some(name), Some(address)) = (&author.name, &author.address) else { return Ok(None) };
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if is_ours(domain, self.domains()) {
            return Ok(None);
        }
        let looks = name_looks(name);
        let is_alike = |own: &str| own_looks(own).iter().any(|look| looks.contains(look));
        let organisation = &self.site()?.organisation;
        let own = self.domains().iter().chain([organisation]);
        if let Some(own) = own.into_iter().find(|own| is_alike(own)) {
            return Ok(Some(own.clone()));
        }
        for account in self.accounts_that_look(&looks)? {
            let record = match self.account(account) {
                Ok(record) => record,
                // A mark must not decide whether mail is taken.
                Err(error) if error.is_unreadable() => {
                    tracing::error!(%error, account.id = %account.to_text(), "a name was not compared");
                    continue;
                }
                Err(error) => return Err(error),
            };
            // Two looks may have one hash.
            if is_alike(&record.display_name) {
                return Ok(Some(record.display_name));
            }
        }
        Ok(None)
    }

    fn accounts_that_look(&self, looks: &[String]) -> Result<BTreeSet<AccountId>, Error> {
        let names = &self.inner.names;
        let mut known = names.lock();
        if known.is_none() {
            *known = Some(self.looks()?);
        }
        let hashes = looks.iter().map(|look| names.hasher.hash_one(look));
        let found =
            hashes.flat_map(|hash| known.iter().flat_map(move |known| known.range(of(hash))));
        Ok(found.map(|(_, account)| *account).collect())
    }

    /// The looks of the names of all users.
    fn looks(&self) -> Result<BTreeSet<(u64, AccountId)>, Error> {
        let mut all: Vec<(AccountId, String)> = Vec::new();
        self.inner.store.scan_readable(&ACCOUNTS, &(), |id, account| {
            all.extend(own_looks(&account.display_name).into_iter().map(|look| (id, look)));
            ControlFlow::Continue(())
        })?;
        let mut looks = BTreeSet::new();
        for (id, look) in all {
            // Outsiders have accounts as well, and the names that they bear are their own.
            if !self.inner.store.has(&TEMPORARY, &id)? {
                looks.insert((self.inner.names.hasher.hash_one(look), id));
            }
        }
        Ok(looks)
    }
}

fn of(hash: u64) -> RangeInclusive<(u64, AccountId)> {
    (hash, AccountId([0; 16]))..=(hash, AccountId([u8::MAX; 16]))
}
