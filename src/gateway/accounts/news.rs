//! What the owner of an account is told about the ways into it.
//!
//! Each change of what opens an account is written to a table in the same transaction, so that none
//! goes untold. A message is sealed for its reader, which takes too long for that transaction:
//! `reporting` makes one of each row.
//!
//! A temporary account has one way in. Who changes that comes in afterwards, and others soon do not, so that a
//! message inside would reach nobody else: there is none. Nor is there one to the address outside: its owner,
//! who is kept out, asks for the account anew there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::ChangedFrom;
use crate::gateway::error::Error;
use crate::gateway::records::account::{AccountNews, CredentialKind};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNT_NEWS, ACCOUNTS, TEMPORARY};
use crate::store::{Read, Tx};
use crate::terms::AccountChange;
use crate::vault;

/// The limit on told sign-ins per account and day, of people and of programs: somebody who has a
/// password and many networks must not fill the mailbox, and one who has an app password must not use
/// up what is told of people. The audit log has them all.
const SIGN_INS_PER_DAY: u32 = 20;

/// How many sign-ins were told today, by account, of people and of programs.
#[derive(Default)]
pub(in crate::gateway) struct SignInsTold(Mutex<(i64, Counts)>);

type Counts = HashMap<(AccountId, Who), u32>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Person,
    Program,
}

impl From<CredentialKind> for Who {
    fn from(by: CredentialKind) -> Who {
        match by {
            CredentialKind::App => Who::Program,
            CredentialKind::Password | CredentialKind::Passkey | CredentialKind::Recovery => {
                Who::Person
            }
        }
    }
}

impl SignInsTold {
    fn may_tell(&self, account: AccountId, who: Who, now: Timestamp) -> bool {
        let today = now.unix_secs() / (24 * 3_600);
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.0 != today {
            *told = (today, HashMap::new());
        }
        let count = told.1.entry((account, who)).or_default();
        *count = count.saturating_add(1);
        *count <= SIGN_INS_PER_DAY
    }
}

impl Gateway {
    /// Runs `work`, which changes what opens an account and says what that was, if anything. Its owner
    /// is told.
    /// Blocks until both are durable.
    pub(in crate::gateway) fn account_changed(
        &self,
        account: AccountId,
        from: &ChangedFrom,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<Option<AccountChange>, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let at = self.inner.clock.now();
        let key = news_key(at)?;
        let from = match from {
            ChangedFrom::Address(address) => Some(address.clone()),
            ChangedFrom::Server => None,
        };
        let done = self.inner.store.transact(move |tx| {
            let Some(change) = work(tx)? else { return Ok(()) };
            if tx.has(&TEMPORARY, &account)? || !tx.has(&ACCOUNTS, &account)? {
                return Ok(());
            }
            let news = AccountNews { change, at, from: from.clone() };
            Ok::<_, Error>(tx.put(&ACCOUNT_NEWS, &(account, key), &news)?)
        });
        done.wait()?;
        self.inner.news_wake.notify_one();
        Ok(())
    }

    /// Tells the owner of an account of a sign-in from a network that was not known, within limits.
    /// Returns whether it was told.
    pub fn sign_in_tell(
        &self,
        account: AccountId,
        by: CredentialKind,
        peer: IpAddr,
    ) -> Result<bool, Error> {
        if !self.inner.sign_ins_told.may_tell(account, by.into(), self.inner.clock.now()) {
            return Ok(false);
        }
        self.account_changed(account, &ChangedFrom::peer(peer), |_| {
            Ok(Some(AccountChange::SignedIn))
        })?;
        Ok(true)
    }

    /// Notified when there is something to tell the owner of an account.
    pub fn news_wake(&self) -> Arc<Notify> {
        self.inner.news_wake.clone()
    }
}

/// The rows of an account stand in the order of their times.
fn news_key(at: Timestamp) -> Result<[u8; 16], Error> {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&u64::try_from(at.0).unwrap_or_default().to_be_bytes());
    key[8..].copy_from_slice(&vault::random_bytes::<8>()?);
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_ins_are_told_within_limits_for_each_account_and_day() {
        let told = SignInsTold::default();
        let (dana, omar) = (AccountId([1; 16]), AccountId([2; 16]));
        let now = Timestamp(1_795_424_523_000);
        for _ in 0..SIGN_INS_PER_DAY {
            assert!(told.may_tell(dana, Who::Program, now));
        }
        assert!(!told.may_tell(dana, Who::Program, now));
        assert!(told.may_tell(dana, Who::Person, now), "a program uses up nothing of a person's");
        assert!(told.may_tell(omar, Who::Program, now));
        assert!(told.may_tell(dana, Who::Program, now.plus_secs(24 * 3_600)));
    }
}
