//! Site-wide settings made by managers, which override the configuration file.
//!
//! The configuration file provides the initial values. A manager's setting takes effect at once,
//! without a restart, until the manager resets it to the file's value.

use std::sync::{Arc, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::policy::Policy;
use crate::gateway::records::site::SiteChange;
use crate::gateway::records::tables::SITE;
use crate::store::Read;
use crate::terms::{ConfirmOutside, LastInteraction};

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteSettings {
    pub policy: Policy,
    pub last_interaction: LastInteraction,
    pub last_interaction_fixed: bool,
    pub confirm_outside: ConfirmOutside,
    pub confirm_outside_fixed: bool,
    pub organisation: String,
    /// Whether people inside find each other in a directory.
    pub directory: bool,
    pub phone: Option<String>,
    pub notification_text: Option<String>,
    pub accent: Option<String>,
    pub logo: Option<Vec<u8>>,
}

impl Gateway {
    /// The settings in force at this moment.
    pub fn site(&self) -> Result<Arc<SiteSettings>, Error> {
        let mut known = self.inner.site.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let site = Arc::new(self.site_of(self.site_change()?));
        *known = Some(site.clone());
        Ok(site)
    }

    /// As [`Gateway::site`], but only from memory, and without waiting for a change.
    pub(in crate::gateway) fn site_known(&self) -> Option<Arc<SiteSettings>> {
        self.inner.site.try_lock().ok()?.clone()
    }

    /// The settings that managers made.
    pub fn site_change(&self) -> Result<SiteChange, Error> {
        Ok(self.inner.store.get(&SITE, &())?.unwrap_or_default())
    }

    /// Changes the managers' settings, with immediate effect. Changes run one at a time, so that
    /// none is lost and the cached settings equal the stored ones.
    pub fn site_set(
        &self,
        change: impl FnOnce(SiteChange) -> SiteChange,
    ) -> Result<Arc<SiteSettings>, Error> {
        let mut known = self.inner.site.lock().unwrap_or_else(PoisonError::into_inner);
        let change = change(self.site_change()?);
        change.check()?;
        let site = Arc::new(self.site_of(change.clone()));
        let done =
            self.inner.store.transact(move |tx| Ok::<_, Error>(tx.put(&SITE, &(), &change)?));
        done.wait()?;
        *known = Some(site.clone());
        Ok(site)
    }

    fn site_of(&self, change: SiteChange) -> SiteSettings {
        let settings = &self.inner.settings;
        let file_last = (settings.last_interaction, settings.last_interaction_fixed);
        let file_confirm = (settings.confirm_outside, settings.confirm_outside_fixed);
        let (last_interaction, last_interaction_fixed) =
            change.last_interaction.unwrap_or(file_last);
        let (confirm_outside, confirm_outside_fixed) =
            change.confirm_outside.unwrap_or(file_confirm);
        let text = |own: Option<String>, file: &Option<String>| match own {
            Some(own) => Some(own.trim().to_owned()).filter(|own| !own.is_empty()),
            None => file.clone(),
        };
        SiteSettings {
            policy: change.policy.unwrap_or_else(|| settings.policy.clone()),
            last_interaction,
            last_interaction_fixed,
            confirm_outside,
            confirm_outside_fixed,
            organisation: change.organisation.unwrap_or_else(|| settings.organisation.clone()),
            directory: change.directory.unwrap_or(settings.directory),
            phone: text(change.phone, &settings.phone),
            notification_text: text(change.notification_text, &settings.notification_text),
            accent: change.accent,
            logo: change.logo,
        }
    }
}
