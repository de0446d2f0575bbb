//! Registers: each account signs, in its own session, which attestations are in force that it made,
//! and which about itself it has seen.
//!
//! A register is renewed when its owner attests or revokes, and when the owner's page or a message
//! needs it and it is no longer true. What a register lists and is not there was left out by
//! somebody: it stays listed, until the one who made it says that it has ended.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ATTESTATIONS, REGISTERS, SIGNING_KEYS};
use crate::gateway::records::vouching::Attestation;
use crate::gateway::vouching::notice::About;
use crate::gateway::vouching::statement::{
    Attested, DigestOf, Listed, Party, Registered, Revoked, Statement,
};
use crate::store::{Read, Tx};
use crate::vault::{SigningPair, VerifyingKey};

/// What signs the register of an account.
#[derive(Clone)]
pub(in crate::gateway) struct Owner {
    pub party: Party,
    pub pair: Arc<SigningPair>,
    /// The number of the last register that the owner knows to have signed.
    pub floor: u64,
}

/// How the attestations that an account made change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Change {
    Nothing,
    /// The owner looked at a list that was put back, and signs it again.
    Confirmed,
    Given(AccountId, DigestOf),
    Revoked(AccountId),
}

/// A register that is to be signed, and the attestations that need no row any more.
struct Renewed {
    register: Registered,
    is_changed: bool,
    over: Vec<AccountId>,
    /// The vouchers who do not know yet that the owner has another key, or another address.
    outdated: Vec<AccountId>,
}

/// The attestations about the owner.
#[derive(Default)]
struct Received {
    listed: BTreeMap<AccountId, DigestOf>,
    over: Vec<AccountId>,
    outdated: Vec<AccountId>,
}

impl Attestation {
    /// The statement, if it is one of these two parties and its signature fits the key that it names.
    pub(in crate::gateway) fn read(
        &self,
        (subject, voucher): (AccountId, AccountId),
    ) -> Option<Attested> {
        let attested = Attested::parse(&self.attested.octets)?;
        let is_own = attested.subject.account == subject && attested.voucher.account == voucher;
        let key = attested.voucher.key;
        (is_own && key.has_signed(&self.attested.octets, &self.attested.signature))
            .then_some(attested)
    }

    /// The revocation, if its voucher signed it.
    pub(in crate::gateway) fn revocation(&self, attested: &Attested) -> Option<Revoked> {
        let signed = self.revoked.as_ref()?;
        let revoked = Revoked::verified(signed, attested.voucher.key)?;
        (revoked.attestation == attested.digest()).then_some(revoked)
    }
}

/// The register of an account, if `key` signed it.
fn register_in(
    reader: &impl Read,
    account: AccountId,
    key: VerifyingKey,
) -> Result<Option<Registered>, Error> {
    let signed = readable(reader.get(&REGISTERS, &account))?.flatten();
    let read = signed.and_then(|signed| Registered::verified(&signed, key));
    Ok(read.filter(|register| register.account == account && register.key == key))
}

/// Whether a register still gives what was left out elsewhere.
fn still_gives(
    reader: &impl Read,
    voucher: AccountId,
    subject: AccountId,
    digest: DigestOf,
) -> Result<bool, Error> {
    let Some(key) = readable(reader.get(&SIGNING_KEYS, &voucher))?.flatten() else {
        return Ok(true);
    };
    let register = register_in(reader, voucher, key.public)?;
    Ok(register.is_none_or(|register| register.given.contains(&(subject, digest))))
}

impl Owner {
    /// The register as it should be now.
    fn renewed(
        &self,
        reader: &impl Read,
        change: Change,
        now: Timestamp,
    ) -> Result<Renewed, Error> {
        let account = self.party.account;
        let before = register_in(reader, account, self.party.key)?;
        let is_old = before.as_ref().map_or(0, |before| before.number) < self.floor;
        if is_old && matches!(change, Change::Given(..) | Change::Revoked(_)) {
            return Err(Error::Conflict(Conflict::RegisterOld));
        }
        let given = self.given(reader, before.as_ref(), change, now)?;
        let Received { listed, over, outdated } = self.received(reader, before.as_ref(), now)?;
        let received: Vec<Listed> = listed.into_iter().collect();
        let is_changed = match &before {
            _ if is_old => change == Change::Confirmed,
            Some(before) => before.given != given || before.received != received,
            None => !given.is_empty() || !received.is_empty(),
        };
        let last = before.map_or(0, |before| before.number).max(self.floor);
        let register = Registered {
            account,
            key: self.party.key,
            number: last.saturating_add(1),
            at: now,
            given,
            received,
        };
        // Whose list is an old one looks at it before anything is removed.
        let is_left = is_old && !is_changed;
        let (over, outdated) = if is_left { Default::default() } else { (over, outdated) };
        Ok(Renewed { register, is_changed, over, outdated })
    }

    fn given(
        &self,
        reader: &impl Read,
        before: Option<&Registered>,
        change: Change,
        now: Timestamp,
    ) -> Result<Vec<Listed>, Error> {
        let mut given: BTreeMap<AccountId, DigestOf> = BTreeMap::new();
        for (subject, digest) in before.map_or(&[][..], |before| &before.given) {
            let row = readable(reader.get(&ATTESTATIONS, &(*subject, self.party.account)))?;
            let read = row.flatten().and_then(|row| row.read((*subject, self.party.account)));
            // What is not there any more stays listed: somebody left it out.
            let is_over = read.is_some_and(|read| read.ends.is_some_and(|ends| ends <= now));
            if !is_over {
                given.insert(*subject, *digest);
            }
        }
        match change {
            Change::Nothing | Change::Confirmed => {}
            Change::Given(subject, digest) => drop(given.insert(subject, digest)),
            Change::Revoked(subject) => drop(given.remove(&subject)),
        }
        Ok(given.into_iter().collect())
    }

    /// The attestations about the owner: those that are to be listed, and those that are over. A row
    /// stays as long as its voucher's register lists it, or the voucher would miss it.
    fn received(
        &self,
        reader: &impl Read,
        before: Option<&Registered>,
        now: Timestamp,
    ) -> Result<Received, Error> {
        let account = self.party.account;
        let mut rows = Vec::new();
        reader.scan_readable(&ATTESTATIONS, &account, |(_, voucher), row| {
            rows.push((voucher, row));
            ControlFlow::Continue(())
        })?;
        let (mut found, mut seen) = (Received::default(), Vec::new());
        for (voucher, row) in &rows {
            // One that was changed is no reason to change the list.
            let Some(attested) = row.read((account, *voucher)) else { continue };
            seen.push(*voucher);
            let digest = attested.digest();
            let is_over = row.revocation(&attested).is_some()
                || attested.ends.is_some_and(|ends| ends <= now);
            if is_over {
                if !still_gives(reader, *voucher, account, digest)? {
                    found.over.push(*voucher);
                }
            } else if attested.subject != self.party {
                found.outdated.extend((!row.key_changed).then_some(*voucher));
            } else {
                found.listed.insert(*voucher, digest);
            }
        }
        for (voucher, digest) in before.map_or(&[][..], |before| &before.received) {
            let is_changed = rows.iter().any(|(other, _)| other == voucher);
            let is_owed = is_changed || still_gives(reader, *voucher, account, *digest)?;
            if !seen.contains(voucher) && is_owed {
                found.listed.insert(*voucher, *digest);
            }
        }
        Ok(found)
    }

    /// Signs the register anew if it changed, and removes the rows that are over; returns its number.
    pub fn sign_in_tx(
        &self,
        tx: &mut Tx<'_>,
        change: Change,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let Renewed { register, is_changed, over, .. } = self.renewed(tx, change, now)?;
        for voucher in over {
            tx.delete(&ATTESTATIONS, &(self.party.account, voucher));
        }
        if !is_changed {
            return Ok(register.number.saturating_sub(1));
        }
        tx.put(&REGISTERS, &self.party.account, &register.signed(&self.pair))?;
        Ok(register.number)
    }
}

impl Gateway {
    /// The register of an account, if `key` signed it.
    pub(in crate::gateway) fn register_of(
        &self,
        account: AccountId,
        key: VerifyingKey,
    ) -> Result<Option<Registered>, Error> {
        register_in(&self.inner.store, account, key)
    }

    /// What signs the actor's register.
    pub(in crate::gateway) fn register_owner(&self, actor: &Actor) -> Result<Owner, Error> {
        let pair = Arc::new(self.signing_pair(actor)?);
        let own = (actor.account(), actor.secret());
        let known = readable(self.known_key(own, own.0))?.flatten();
        let floor = known.map_or(0, |known| known.register);
        Ok(Owner { party: self.own_party(actor, pair.public())?, pair, floor })
    }

    /// Signs the actor's register anew if it is no longer true, unless it is an old one. Those who
    /// vouched for an earlier key of the actor are notified that it changed.
    pub(in crate::gateway) fn register_refresh(
        &self,
        actor: &Actor,
        owner: &Owner,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let renewed = owner.renewed(&self.inner.store, Change::Nothing, now)?;
        if !renewed.is_changed && renewed.over.is_empty() && renewed.outdated.is_empty() {
            return Ok(());
        }
        let (signs, account) = (owner.clone(), owner.party.account);
        let mut notices = Vec::new();
        for voucher in renewed.outdated {
            let notice = self.vouch_notice(voucher, About::KeyChanged, actor, &owner.party)?;
            notices.push((voucher, notice));
        }
        let done = self.transact(move |tx| {
            for (voucher, notice) in &notices {
                // Another request may have been first.
                let row = tx.get(&ATTESTATIONS, &(account, *voucher))?;
                if let Some(mut row) = row.filter(|row| !row.key_changed) {
                    row.key_changed = true;
                    tx.put(&ATTESTATIONS, &(account, *voucher), &row)?;
                    notice.store_in_tx(tx)?;
                }
            }
            signs.sign_in_tx(tx, Change::Nothing, now)
        });
        let number = done.wait()?;
        self.register_known(actor, owner, number)
    }

    /// Keeps the number of a register that the actor signed: one with a lower number is an old one.
    pub(in crate::gateway) fn register_known(
        &self,
        actor: &Actor,
        owner: &Owner,
        number: u64,
    ) -> Result<(), Error> {
        let own = (actor.account(), actor.secret());
        let known = readable(self.known_key(own, own.0))?.flatten();
        let known = KnownKey::instead(known, owner.party.key, self.inner.clock.now());
        if known.register >= number {
            return Ok(());
        }
        self.known_key_keep(own, own.0, &KnownKey { register: number, ..known })
    }
}
