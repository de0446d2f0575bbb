//! Agreeing to vouch for the members of a group, which are computed from then on.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::computed::Given;
use crate::gateway::groups::group::NewGroup;
use crate::gateway::groups::view::GroupDetail;
use crate::gateway::records::membership::parties_digest;
use crate::gateway::records::tables::ATTESTATIONS;
use crate::gateway::vouching::statement::{Attested, Statement};
use crate::store::Read;

impl Attested {
    /// The same, as far as groups depend on it.
    pub(super) fn given(&self) -> Given {
        let (voucher, subject) = (&self.voucher, &self.subject);
        Given {
            voucher: voucher.account,
            subject: subject.account,
            attestation: self.digest(),
            parties: parties_digest(
                (voucher.account, &voucher.address, voucher.key),
                (subject.account, &subject.address, subject.key),
            ),
            ends: self.ends,
        }
    }
}

impl Gateway {
    /// Creates a group whose members are those whom the actor attests. If it is interrupted, there is a
    /// group of which the actor is a member, and asked.
    pub fn group_create_vouched(&self, actor: &Actor, new: NewGroup) -> Result<GroupDetail, Error> {
        self.register_owner(actor)?;
        let id = self.group_create(actor, new)?.view.id.to_text();
        self.group_voucher_ask(actor, &id, &actor.account().to_text())?;
        self.group_vouch(actor, &id)
    }

    /// Agrees to vouch for the members of a group, as a manager of it asked: from then on, whom the actor
    /// attests is a member, and its other members learn that.
    pub fn group_vouch(&self, actor: &Actor, id: &str) -> Result<GroupDetail, Error> {
        let owner = self.register_owner(actor)?;
        let register = self.register_of(actor.account(), owner.party.key)?;
        let mut given = Vec::new();
        for (subject, digest) in register.map_or(Vec::new(), |register| register.given) {
            let key = (subject, actor.account());
            let row = readable(self.inner.store.get(&ATTESTATIONS, &key))?.flatten();
            let attested = row.and_then(|row| row.read(key).filter(|_| row.revoked.is_none()));
            // What is not the one that the voucher signed last is none.
            given.extend(attested.filter(|one| one.digest() == digest).map(|one| one.given()));
        }
        self.group_voucher_agree(actor, id, given)
    }
}
