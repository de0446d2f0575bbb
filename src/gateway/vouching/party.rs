//! Those who vouch, and for whom: people inside with a signing key.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::{KnownKey, NewlyKnownKey, Seen};
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::admission::Asker;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNTS, REMOVALS};
use crate::gateway::text::parse_hex;
use crate::gateway::vouching::statement::{DigestOf, Party, Registered};
use crate::store::Read;
use crate::vault::{self, VerifyingKey};

pub(in crate::gateway) const NOBODY: Error = Error::NotFound { what: "colleague" };

/// A person inside who has a signing key, as the records say.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Person {
    pub name: Option<String>,
    pub party: Party,
    pub disabled: bool,
    /// Since when the key is the account's.
    pub since: Timestamp,
    /// The account was recovered, and has made no other key yet: nobody relies on this one.
    pub ended: bool,
}

/// A person, and what the reader knows of the key.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Met {
    pub person: Person,
    pub known: KnownKey,
    /// The register, signed with the key that the records say.
    pub register: Option<Registered>,
    /// Whether the reader may write to the person, and so sees more than that the address exists.
    pub reached: bool,
}

impl Met {
    /// Whether the key is the one that the reader knows.
    pub fn is_known(&self) -> bool {
        self.known.key == self.person.party.key && !self.person.ended
    }

    /// The register, as it is compared with what was seen before.
    fn seen(&self) -> Option<Seen> {
        self.register.as_ref().map(Registered::seen)
    }

    /// Whether the register is not the last one that the reader saw, nor a later one.
    pub fn is_rolled_back(&self) -> bool {
        self.known.is_rolled_back(self.seen())
    }

    /// Whether the register gives an attestation, or cannot say that it does not: one that is signed with
    /// another key than the reader knows says nothing.
    pub fn still_gives(&self, subject: AccountId, digest: DigestOf) -> bool {
        let says = self.is_known() && !self.is_rolled_back();
        !says || self.register.as_ref().is_none_or(|one| one.given.contains(&(subject, digest)))
    }
}

/// Whether there is no such account any more, or it is being removed: what was signed with it is over.
pub(in crate::gateway) fn is_removed(reader: &impl Read, id: AccountId) -> Result<bool, Error> {
    Ok(!reader.has(&ACCOUNTS, &id)? || reader.has(&REMOVALS, &id)?)
}

impl Gateway {
    /// A person inside with a signing key. Temporary accounts have none.
    pub(in crate::gateway) fn vouching_person(
        &self,
        id: AccountId,
    ) -> Result<Option<Person>, Error> {
        let account = match self.account(id) {
            Ok(account) => account,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (Some(address), Some(key)) = (account.addresses.first(), self.signing_key(id)?) else {
            return Ok(None);
        };
        Ok(Some(Person {
            name: Some(account.display_name).filter(|name| !name.is_empty()),
            party: Party { account: id, address: address.clone(), key: key.public },
            disabled: account.disabled,
            since: key.since,
            ended: key.ended,
        }))
    }

    /// A person whom the actor may find; anybody else is not there, and neither is one whose key has
    /// ended.
    pub(in crate::gateway) fn colleague_at(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<Person, Error> {
        let id = parse_hex(id).map(AccountId).ok_or(NOBODY)?;
        if !self.reaches_from(actor.account(), id)? {
            return Err(NOBODY);
        }
        let is_there = |person: &Person| !person.disabled && !person.ended;
        self.vouching_person(id)?.filter(is_there).ok_or(NOBODY)
    }

    /// The actor as a party, with the key of the opened pair.
    pub(in crate::gateway) fn own_party(
        &self,
        actor: &Actor,
        key: VerifyingKey,
    ) -> Result<Party, Error> {
        let account = actor.account();
        let address = self.account(account)?.addresses.into_iter().next();
        let address = address.ok_or(Error::Denied { reason: "an account without an address" })?;
        Ok(Party { account, address, key })
    }
}

/// The people whom one request meets; each is looked at once, and what is new of their keys is kept at the
/// end, in one transaction, however it ends.
pub(in crate::gateway) struct Meeting<'r> {
    gateway: &'r Gateway,
    actor: &'r Actor,
    /// What decides whom the actor sees; looked for when the first one is met.
    asker: Option<Asker>,
    met: HashMap<AccountId, Option<Met>>,
    new: Vec<NewlyKnownKey>,
}

impl<'r> Meeting<'r> {
    pub fn new(gateway: &'r Gateway, actor: &'r Actor) -> Meeting<'r> {
        Meeting { gateway, actor, asker: None, met: HashMap::new(), new: Vec::new() }
    }

    /// A person, whose key is known from now on; `None` if there is no such person any more, or the
    /// records cannot be read.
    pub fn meet(&mut self, id: AccountId) -> Result<Option<&Met>, Error> {
        if !self.met.contains_key(&id) {
            let met = readable(self.look(id))?.flatten();
            self.met.insert(id, met);
        }
        Ok(self.met[&id].as_ref())
    }

    fn look(&mut self, id: AccountId) -> Result<Option<Met>, Error> {
        let Some(person) = self.gateway.vouching_person(id)? else { return Ok(None) };
        let reached = self.reaches(id)?;
        let register = self.gateway.register_of(id, person.party.key)?;
        let shown = (person.party.key, register.as_ref().map(Registered::seen));
        let own = (self.actor.account(), self.actor.secret());
        let known = match person.ended {
            false => self.gateway.known_key_meet(self.actor, id, shown).map(|(known, new)| {
                self.new.extend(new);
                known
            }),
            // A key that has ended is not the first one that is known.
            true => self
                .gateway
                .known_key(own, id)
                .map(|known| known.unwrap_or_else(|| KnownKey::new(shown.0, person.since))),
        };
        let known = match readable(known)? {
            Some(known) => known,
            // Somebody changed what was known: it is none that there could be, until one is accepted.
            None => KnownKey::new(VerifyingKey(vault::random_bytes()?), person.since),
        };
        Ok(Some(Met { person, known, register, reached }))
    }

    /// Whether the actor learns not even that the address of somebody exists to whom one may not write.
    pub fn is_hidden(&self, id: AccountId) -> Result<bool, Error> {
        self.gateway.is_hidden(id)
    }

    /// Whether the actor may write to somebody, and so sees more than that an address exists.
    pub fn reaches(&mut self, id: AccountId) -> Result<bool, Error> {
        let asker = match self.asker.take() {
            Some(asker) => asker,
            None => self.gateway.asker(self.actor.account())?,
        };
        self.gateway.reaches(self.asker.insert(asker), id)
    }
}

impl Drop for Meeting<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.gateway.known_keys_keep(self.actor, std::mem::take(&mut self.new));
        }
    }
}
