//! The sender of one submission: all account data that its steps need, read once.

use std::sync::Arc;

use crate::gateway::Gateway;
use crate::gateway::accounts::account::AccountView;
use crate::gateway::accounts::preference::PreferencesView;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::Asker;
use crate::gateway::records::ids::AccountId;
use crate::gateway::site::settings::SiteSettings;
use crate::mail::address::Address;
use crate::terms::Language;

/// The sending account, with the preferences and the site settings in force at that moment.
pub(in crate::gateway) struct Sender {
    pub account: AccountId,
    pub view: AccountView,
    /// The login name of the person who writes, whose rules apply: the account may be a role mailbox.
    pub writer: String,
    pub preferences: PreferencesView,
    pub site: Arc<SiteSettings>,
    /// The language in which this account reads.
    pub language: Language,
    /// What decides whom this account may write to.
    pub asker: Asker,
}

impl Sender {
    /// The reverse-path for mail that leaves; an account without an address has none.
    pub fn address(&self) -> Result<Address, Error> {
        Address::parse(&self.view.address).map_err(|_| Error::Denied {
            reason: "an account without an address cannot send to external recipients",
        })
    }

    /// The display name, if there is one.
    pub fn display_name(&self) -> Option<String> {
        Some(self.view.display_name.clone()).filter(|name| !name.is_empty())
    }
}

impl Gateway {
    pub(in crate::gateway) fn sender(&self, actor: &Actor) -> Result<Sender, Error> {
        let (account, person) = (actor.account(), actor.person());
        let view = self.account(account)?.view(account);
        let mut asker = self.asker(account)?;
        asker.groups.extend(actor.behind().map(|behind| behind.group));
        Ok(Sender {
            account,
            writer: self.account(person)?.name,
            view,
            preferences: self.preferences_of(person)?,
            site: self.site()?,
            language: self.language_of(person)?.unwrap_or(Language::English),
            asker,
        })
    }
}
