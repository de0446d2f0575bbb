//! Registers: each account signs, in its own session, which attestations are in force that it made,
//! and which about itself it has seen.
//!
//! A register is renewed when its owner attests or revokes, and when the owner's page or a message
//! needs it and it is no longer true. What a register lists and is not there was left out by
//! somebody: it stays listed, until the one who made it says that it has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::accounts::signing;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{ATTESTATIONS, KNOWN_KEYS, REGISTERS, SIGNING_KEYS};
use crate::gateway::records::vouching::{Attestation, SignedStatement};
use crate::gateway::vouching::notice::About;
use crate::gateway::vouching::party::{Meeting, is_removed};
use crate::gateway::vouching::statement::{
    Attested, DigestOf, Listed, Party, REGISTER_ENTRIES_MAX, Registered, Revoked, Statement,
};
use crate::store::{Read, Tx};
use crate::vault::{SigningPair, VerifyingKey};

/// How often an act is tried again because another request changed what it was made from.
const TRIES: usize = 3;

/// What signs the register of an account.
#[derive(Clone)]
pub(in crate::gateway) struct Owner {
    pub party: Party,
    pub pair: Arc<SigningPair>,
    /// What the owner knows of the own key, and of the register that was signed last.
    known: KnownKey,
    /// The same as it is stored.
    sealed: Sealed,
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

/// A register as it should be now, and the attestations that need no row any more.
struct Renewed {
    before: Option<SignedStatement>,
    register: Registered,
    is_changed: bool,
    over: Vec<(AccountId, Attestation)>,
    /// The vouchers who do not know yet that the owner has another key.
    outdated: Vec<AccountId>,
}

/// What is written for a register. Everything is verified and signed before the transaction, which
/// only compares what it was made from: the one writer waits for no signature.
pub(in crate::gateway) struct NewRegister {
    account: AccountId,
    key: VerifyingKey,
    before: Option<SignedStatement>,
    known_before: Sealed,
    register: Option<SignedStatement>,
    known: Option<Sealed>,
    over: Vec<(AccountId, Attestation)>,
}

/// The attestations about the owner.
#[derive(Default)]
struct Received {
    listed: BTreeMap<AccountId, DigestOf>,
    over: Vec<(AccountId, Attestation)>,
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
fn register_of(
    signed: &SignedStatement,
    account: AccountId,
    key: VerifyingKey,
) -> Option<Registered> {
    let read = Registered::verified(signed, key);
    read.filter(|register| register.account == account && register.key == key)
}

/// Whether a voucher, as the owner knows that person, still gives what was left out elsewhere.
fn still_gives(
    meeting: &mut Meeting<'_>,
    voucher: AccountId,
    (subject, digest): Listed,
) -> Result<bool, Error> {
    Ok(meeting.meet(voucher)?.is_none_or(|met| met.still_gives(subject, digest)))
}

/// Does something again if another request changed meanwhile what it was made from.
pub(in crate::gateway) fn tried<T>(mut act: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 1..TRIES {
        match act() {
            Err(Error::Busy) => {}
            done => return done,
        }
    }
    act()
}

/// Whether an account has this key now.
fn has_key(reader: &impl Read, account: AccountId, key: VerifyingKey) -> Result<bool, Error> {
    let row = readable(reader.get(&SIGNING_KEYS, &account))?.flatten();
    Ok(row.is_some_and(|row| row.public == key && !row.ended))
}

impl Owner {
    /// The register as it should be now.
    fn renewed(
        &self,
        (reader, meeting): (&impl Read, &mut Meeting<'_>),
        change: Change,
        now: Timestamp,
    ) -> Result<Renewed, Error> {
        let account = self.party.account;
        let row = readable(reader.get(&REGISTERS, &account))?.flatten();
        let before = row.as_ref().and_then(|row| register_of(row, account, self.party.key));
        let is_old = self.known.is_rolled_back(before.as_ref().map(Registered::seen));
        if is_old && matches!(change, Change::Given(..) | Change::Revoked(_)) {
            return Err(Error::Conflict(Conflict::RegisterOld));
        }
        let given = self.given(reader, before.as_ref(), change, now)?;
        if given.len() > REGISTER_ENTRIES_MAX {
            return Err(Error::OverQuota);
        }
        let Received { listed, over, outdated } =
            self.received((reader, meeting), before.as_ref(), now)?;
        let received: Vec<Listed> = listed.into_iter().collect();
        let is_changed = match &before {
            _ if is_old => change == Change::Confirmed,
            Some(before) => before.given != given || before.received != received,
            None => !given.is_empty() || !received.is_empty(),
        };
        let last = before.map_or(0, |before| before.number).max(self.known.register);
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
        Ok(Renewed { before: row, register, is_changed, over, outdated })
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
            if is_removed(reader, *subject)? {
                continue;
            }
            let row = readable(reader.get(&ATTESTATIONS, &(*subject, self.party.account)))?;
            let read = row.flatten().and_then(|row| row.read((*subject, self.party.account)));
            // What is not there any more stays listed: somebody left it out. So does one in whose
            // place an older one was put.
            let listed = read.filter(|read| read.digest() == *digest);
            let is_over = listed.is_some_and(|read| read.ends.is_some_and(|ends| ends <= now));
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
        (reader, meeting): (&impl Read, &mut Meeting<'_>),
        before: Option<&Registered>,
        now: Timestamp,
    ) -> Result<Received, Error> {
        let account = self.party.account;
        let mut rows = Vec::new();
        reader.scan_readable(&ATTESTATIONS, &account, |(_, voucher), row| {
            rows.push((voucher, row));
            ControlFlow::Continue(())
        })?;
        let before: BTreeMap<AccountId, DigestOf> =
            before.map_or(&[][..], |before| &before.received).iter().copied().collect();
        let (mut found, mut seen, mut new) = (Received::default(), BTreeSet::new(), Vec::new());
        for (voucher, row) in &rows {
            // One that was changed is no reason to change the list.
            let Some(attested) = row.read((account, *voucher)) else { continue };
            let (digest, listed) = (attested.digest(), before.get(voucher));
            // Neither is an older one that was put in the place of the listed one.
            if let Some(other) = listed.filter(|listed| **listed != digest)
                && still_gives(meeting, *voucher, (account, *other))?
            {
                continue;
            }
            seen.insert(*voucher);
            // A revocation that its voucher's list contradicts was put there.
            let is_revoked = row.revocation(&attested).is_some()
                && !still_gives(meeting, *voucher, (account, digest))?;
            let is_over = is_revoked || attested.ends.is_some_and(|ends| ends <= now);
            if is_removed(reader, *voucher)? {
                found.over.push((*voucher, row.clone()));
            } else if is_over {
                if !still_gives(meeting, *voucher, (account, digest))? {
                    found.over.push((*voucher, row.clone()));
                }
            } else if attested.subject.key != self.party.key {
                found.outdated.extend((!row.key_changed).then_some(*voucher));
            } else if attested.subject != self.party {
                // Another address: it says so of itself.
            } else if listed.is_some() {
                found.listed.insert(*voucher, digest);
            } else if has_key(reader, *voucher, attested.voucher.key)? {
                new.push((attested.at, *voucher, digest));
            }
        }
        for (voucher, digest) in before.iter().filter(|(voucher, _)| !seen.contains(voucher)) {
            if is_removed(reader, *voucher)? {
                continue;
            }
            let is_there = rows.iter().any(|(other, _)| other == voucher);
            if is_there || still_gives(meeting, *voucher, (account, *digest))? {
                found.listed.insert(*voucher, *digest);
            }
        }
        found.list(new);
        Ok(found)
    }
}

impl Received {
    /// Lists new ones as far as there is room. Those that are listed stay, or a new row could push one
    /// out.
    fn list(&mut self, mut new: Vec<(Timestamp, AccountId, DigestOf)>) {
        new.sort_unstable();
        let room = REGISTER_ENTRIES_MAX.saturating_sub(self.listed.len());
        let new = new.into_iter().take(room).map(|(_, voucher, digest)| (voucher, digest));
        self.listed.extend(new);
    }
}

impl NewRegister {
    /// Stores the register, and what its owner knows of it, and removes the rows that are over;
    /// [`Error::Busy`] if something that it was made from is another one now.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let (account, own) = (self.account, (self.account, self.account));
        signing::current_in_tx(tx, account, self.key)?;
        let before = readable(tx.get(&REGISTERS, &account))?.flatten();
        let known = readable(tx.get(&KNOWN_KEYS, &own))?.flatten();
        if before != self.before || known.as_ref() != Some(&self.known_before) {
            return Err(Error::Busy);
        }
        for (voucher, row) in &self.over {
            let key = (account, *voucher);
            if readable(tx.get(&ATTESTATIONS, &key))?.flatten().as_ref() == Some(row) {
                tx.delete(&ATTESTATIONS, &key);
            }
        }
        if let Some(register) = &self.register {
            tx.put(&REGISTERS, &account, register)?;
        }
        if let Some(known) = &self.known {
            tx.put(&KNOWN_KEYS, &own, known)?;
        }
        Ok(())
    }
}

impl Gateway {
    /// The register of an account, if `key` signed it.
    pub(in crate::gateway) fn register_of(
        &self,
        account: AccountId,
        key: VerifyingKey,
    ) -> Result<Option<Registered>, Error> {
        let signed = readable(self.inner.store.get(&REGISTERS, &account))?.flatten();
        Ok(signed.and_then(|signed| register_of(&signed, account, key)))
    }

    /// What signs the actor's register.
    pub(in crate::gateway) fn register_owner(&self, actor: &Actor) -> Result<Owner, Error> {
        let pair = Arc::new(self.signing_pair(actor)?);
        let own = (actor.account(), actor.secret());
        let (sealed, known) = self.known_row(own, own.0)?;
        // Another request may have made another pair meanwhile.
        let known = known.filter(|known| known.key == pair.public());
        let (Some(sealed), Some(known)) = (sealed, known) else { return Err(Error::Busy) };
        Ok(Owner { party: self.own_party(actor, pair.public())?, pair, known, sealed })
    }

    /// The actor's register after a change, signed, and those who do not know yet that the actor has
    /// another key.
    fn register_renewed(
        &self,
        actor: &Actor,
        owner: &Owner,
        change: Change,
    ) -> Result<(NewRegister, Vec<AccountId>), Error> {
        let now = self.inner.clock.now();
        let mut meeting = Meeting::new(self, actor);
        let renewed = owner.renewed((&self.inner.store, &mut meeting), change, now)?;
        let Renewed { before, register, is_changed, over, outdated } = renewed;
        let lost = owner.known.lost.filter(|_| change != Change::Confirmed);
        let known = KnownKey { lost, ..owner.known.clone() };
        let known = known.after(is_changed.then(|| register.seen()));
        let own = (actor.account(), actor.secret());
        let known = match known == owner.known {
            true => None,
            false => Some(Gateway::known_sealed(own, own.0, &known)?),
        };
        let new = NewRegister {
            account: own.0,
            key: owner.party.key,
            before,
            known_before: owner.sealed.clone(),
            register: is_changed.then(|| register.signed(&owner.pair)),
            known,
            over,
        };
        Ok((new, outdated))
    }

    /// The actor's register after a change, signed.
    pub(in crate::gateway) fn register_new(
        &self,
        actor: &Actor,
        owner: &Owner,
        change: Change,
    ) -> Result<NewRegister, Error> {
        self.register_renewed(actor, owner, change).map(|(new, _)| new)
    }

    /// Signs the actor's register anew if it is no longer true, unless it is an old one; returns what
    /// signs. Those who vouched for an earlier key of the actor are notified that it changed. A page
    /// can be read when nothing can be stored.
    pub(in crate::gateway) fn register_refresh(&self, actor: &Actor) -> Result<Owner, Error> {
        let done = tried(|| {
            let owner = self.register_owner(actor)?;
            self.register_refreshed(actor, &owner)
        });
        match done {
            Ok(()) => {}
            Err(error @ (Error::Busy | Error::Full | Error::Unavailable(_))) => {
                tracing::warn!(%error, "a list of attestations was not signed anew");
            }
            Err(error) => return Err(error),
        }
        tried(|| self.register_owner(actor))
    }

    fn register_refreshed(&self, actor: &Actor, owner: &Owner) -> Result<(), Error> {
        let (new, outdated) = self.register_renewed(actor, owner, Change::Nothing)?;
        if new.register.is_none() && new.over.is_empty() && outdated.is_empty() {
            return Ok(());
        }
        let account = owner.party.account;
        let mut notices = Vec::new();
        for voucher in outdated {
            let notice = self.vouch_notice(voucher, About::KeyChanged, actor, &owner.party)?;
            notices.push((voucher, notice));
        }
        let done = self.transact(move |tx| {
            new.store_in_tx(tx)?;
            for (voucher, notice) in &notices {
                // Another request may have been first.
                let row = readable(tx.get(&ATTESTATIONS, &(account, *voucher)))?.flatten();
                if let Some(mut row) = row.filter(|row| !row.key_changed) {
                    row.key_changed = true;
                    tx.put(&ATTESTATIONS, &(account, *voucher), &row)?;
                    notice.as_ref().map_or(Ok(()), |notice| notice.store_in_tx(tx))?;
                }
            }
            Ok(())
        });
        done.wait()
    }
}
