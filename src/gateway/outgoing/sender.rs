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
        let account = actor.account();
        Ok(Sender {
            account,
            view: self.account(account)?.view(account),
            preferences: self.preferences_of(account)?,
            site: self.site()?,
            language: self.language_of(account)?.unwrap_or(Language::English),
            asker: self.asker(account)?,
        })
    }
}
