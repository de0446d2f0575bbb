//! Preferences: the settings that an account chooses, within what the administrator allows.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::Preferences;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::PREFERENCES;
use crate::store::Read;
use crate::terms::{AcceptFrom, Choice, ConfirmOutside, Confirmations, LastInteraction, Mode};

/// A value in force and its origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    /// Whether the account itself set it.
    pub own: bool,
    /// The administrator does not allow another value.
    pub fixed: bool,
}

/// Every preference of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferencesView {
    pub undo_secs: Setting<u32>,
    pub choice: Setting<Option<Choice>>,
    pub last_interaction: Setting<LastInteraction>,
    pub confirm_outside: Setting<ConfirmOutside>,
    pub accept_from: Setting<AcceptFrom>,
    pub confirmations: Setting<Confirmations>,
}

/// The preferences to change; `Some(None)` follows the site's setting again.
#[derive(Clone, Debug, Default)]
pub struct PreferencesChange {
    pub undo_secs: Option<Option<u32>>,
    pub choice: Option<Option<Choice>>,
    pub last_interaction: Option<Option<LastInteraction>>,
    pub confirm_outside: Option<Option<ConfirmOutside>>,
    pub accept_from: Option<Option<AcceptFrom>>,
    pub confirmations: Option<Option<Confirmations>>,
}

/// The longest time during which sending can be undone.
pub const UNDO_SECS_MAX: u32 = 120;

impl<T: Copy> Setting<T> {
    fn of(own: Option<T>, system: T, fixed: bool) -> Setting<T> {
        let own = own.filter(|_| !fixed);
        Setting { value: own.unwrap_or(system), own: own.is_some(), fixed }
    }
}

impl Gateway {
    /// The actor's preferences in force.
    pub fn preferences(&self, actor: &Actor) -> Result<PreferencesView, Error> {
        self.preferences_of(actor.account())
    }

    pub(in crate::gateway) fn preferences_of(
        &self,
        account: AccountId,
    ) -> Result<PreferencesView, Error> {
        let own = self.inner.store.get(&PREFERENCES, &account)?.unwrap_or_default();
        let (settings, site) = (&self.inner.settings, self.site()?);
        let accept_from = self.account(account)?.accept_from;
        Ok(PreferencesView {
            undo_secs: Setting::of(own.undo_secs, settings.undo_secs, false),
            choice: Setting::of(
                own.choice.map(Some),
                None,
                site.policy.intranet || site.policy.mode == Mode::Fixed,
            ),
            last_interaction: Setting::of(
                own.last_interaction,
                site.last_interaction,
                site.last_interaction_fixed,
            ),
            confirm_outside: Setting::of(
                own.confirm_outside,
                site.confirm_outside,
                site.confirm_outside_fixed,
            ),
            // It is stored in the account record, so that a message can be refused before anything
            // else is looked up; a value other than the default was chosen by the user.
            accept_from: Setting {
                value: accept_from,
                own: accept_from != AcceptFrom::Both,
                fixed: false,
            },
            confirmations: Setting::of(own.confirmations, Confirmations::default(), false),
        })
    }

    /// Changes preferences; a change to a fixed one is denied.
    pub fn preferences_change(
        &self,
        actor: &Actor,
        change: &PreferencesChange,
    ) -> Result<PreferencesView, Error> {
        let account = actor.account();
        let now = self.preferences_of(account)?;
        let refused = (change.choice.is_some() && now.choice.fixed)
            || (change.last_interaction.is_some() && now.last_interaction.fixed)
            || (change.confirm_outside.is_some() && now.confirm_outside.fixed);
        if refused {
            return Err(Error::Denied { reason: "the administrator has fixed this setting" });
        }
        if change.undo_secs.flatten().is_some_and(|secs| secs > UNDO_SECS_MAX) {
            let what = format!("sending can be undone for at most {UNDO_SECS_MAX} seconds");
            return Err(Error::Invalid { what });
        }
        let wanted = change.clone();
        let done = self.inner.store.transact(move |tx| {
            let mut own: Preferences = tx.get(&PREFERENCES, &account)?.unwrap_or_default();
            own.undo_secs = wanted.undo_secs.unwrap_or(own.undo_secs);
            own.choice = wanted.choice.unwrap_or(own.choice);
            own.last_interaction = wanted.last_interaction.unwrap_or(own.last_interaction);
            own.confirm_outside = wanted.confirm_outside.unwrap_or(own.confirm_outside);
            own.confirmations = wanted.confirmations.unwrap_or(own.confirmations);
            Ok::<_, Error>(tx.put(&PREFERENCES, &account, &own)?)
        });
        done.wait()?;
        if let Some(accept) = change.accept_from {
            let name = self.account(account)?.name;
            self.account_accept_from(&name, accept.unwrap_or(AcceptFrom::Both))?;
        }
        self.preferences_of(account)
    }
}
