//! What a renewal of an account's keys seals anew: the signing pair, and what the account knows of keys.
//!
//! Both open under the current keys alone, because who has those of before could otherwise put something
//! else there. What was sealed by then and does not open is left as it is, and is not believed.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::accounts::known_key;
use crate::gateway::accounts::signing;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{KNOWN_KEYS, SIGNING_KEYS};
use crate::gateway::records::vouching::SigningKey;
use crate::store::{Read, Tx};
use crate::vault::{AccountSecret, SigningPair};

/// The most known keys that a renewal seals anew. The others have to be compared again.
const KNOWN_MAX: usize = 10_000;

/// What a renewal means for the signing pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Pair {
    Stays,
    Ends,
}

/// Rows before a renewal, and after it.
pub(in crate::gateway) struct Resealed {
    pair: Option<(SigningKey, SigningKey)>,
    known: Vec<(AccountId, Sealed, Sealed)>,
}

impl Gateway {
    /// Seals anew what is about signing keys. A pair that ends is left as it is.
    pub(in crate::gateway) fn signing_resealed(
        &self,
        account: AccountId,
        (before, after): (&AccountSecret, &AccountSecret),
        pair: Pair,
    ) -> Result<Resealed, Error> {
        let row = self.signing_key(account)?;
        let row = row.filter(|row| pair == Pair::Stays && !row.ended);
        let pair = row.and_then(|row| {
            let bound = signing::binding(account, row.number);
            let sealed = SigningPair::reseal((before, after), &bound, &row.sealed_private).ok()?;
            Some((row.clone(), SigningKey { sealed_private: sealed, ..row }))
        });
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&KNOWN_KEYS, &account, |(_, of), row| {
            rows.push((of, row));
            match rows.len() < KNOWN_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        let mut known = Vec::with_capacity(rows.len());
        for (of, row) in rows {
            let bound = known_key::binding(account, of);
            if let Ok(plain) = before.open_current(&bound, &row.0) {
                known.push((of, row, Sealed(after.seal_own(&bound, &plain)?)));
            }
        }
        Ok(Resealed { pair, known })
    }
}

impl Resealed {
    /// Stores what was sealed anew in place of the rows that it was made from, as far as they are there.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
        if let Some((before, after)) = &self.pair
            && readable(tx.get(&SIGNING_KEYS, &account))?.flatten().as_ref() == Some(before)
        {
            tx.put(&SIGNING_KEYS, &account, after)?;
        }
        for (of, before, after) in &self.known {
            let key = (account, *of);
            if readable(tx.get(&KNOWN_KEYS, &key))?.flatten().as_ref() == Some(before) {
                tx.put(&KNOWN_KEYS, &key, after)?;
            }
        }
        Ok(())
    }
}
