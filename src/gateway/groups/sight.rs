//! The directory as one account sees it: of a member of a closed group that it is not in, it learns at
//! most that the address exists.

use crate::gateway::Gateway;
use crate::gateway::accounts::directory::{DirectoryPage, Sight};
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::{self, Asker};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::closed_of;

impl Gateway {
    /// The people inside whom the actor may find, whose name, address or login name has a word that
    /// begins with `question`; at most `limit`.
    pub fn colleagues(
        &self,
        actor: &Actor,
        question: &str,
        limit: usize,
    ) -> Result<DirectoryPage, Error> {
        let asker = self.asker(actor.account())?;
        self.directory(actor, (question, limit), |account| self.sight(&asker, account))
    }

    /// The address of the person inside with this login name, if the directory shows the person to
    /// `asker`.
    pub(in crate::gateway) fn address_of_colleague(
        &self,
        asker: &Asker,
        name: &str,
    ) -> Result<Option<String>, Error> {
        self.address_of_login(name, |account| self.sight(asker, account))
    }

    /// How much of an account `asker` may see.
    pub(in crate::gateway) fn sight(
        &self,
        asker: &Asker,
        account: AccountId,
    ) -> Result<Sight, Error> {
        let closed = closed_of(&self.inner.store, account, self.inner.clock.now())?;
        Ok(admission::sight(asker, (account, &closed), self.hiding(&closed)?))
    }
}
