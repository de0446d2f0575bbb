//! App passwords: separate passwords for mail programs, which may only handle mail: read, send,
//! import, file, label and delete it.
//!
//! An app password cannot create another credential, so an attacker who finds one in a program's
//! settings cannot take over the account.

use crate::gateway::Gateway;
use crate::gateway::accounts::log_in::OpenedBy;
use crate::gateway::accounts::password::{
    Added, CredentialView, Opener, Still, checked_label, credential_binding,
};
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::{Credential, CredentialKind};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::CREDENTIALS;
use crate::gateway::text::hex;
use crate::store::Read;
use crate::terms::AccountChange;
use crate::vault::{AppPassword, Password};

impl Gateway {
    /// Creates an app password, which is shown only once. Requires the account's password.
    pub fn app_password_new(
        &self,
        actor: &Actor,
        password: &Password,
        label: &str,
    ) -> Result<(CredentialView, AppPassword), Error> {
        let label = checked_label(label)?;
        let account = actor.account();
        let number = actor.secret().number();
        let (unlock, opened_by) = self.unlock_with(account, password)?;
        let made = AppPassword::generate()?;
        // The ID derives from the password itself, since users do not type an ID.
        let id = self.inner.vault.app_password_lookup(&account.0, &made);
        let wrapped = made.wrap(&unlock, &credential_binding(account, id))?;
        let created = self.inner.clock.now();
        let credential = Credential {
            label: label.clone(),
            ..Credential::new(CredentialKind::App, wrapped, created)
        };
        let max = self.inner.settings.app_passwords_max;
        let still = Still { number, opened_by: Opener::Credential(opened_by) };
        let added = Added { change: AccountChange::AppPasswordCreated, max, still };
        self.credential_add(actor, id, credential, added)?;
        Ok((CredentialView { id: hex(&id), label, created, last_used: None }, made))
    }

    /// Opens the account if `typed` is one of its app passwords.
    pub(in crate::gateway) fn open_by_app_password(
        &self,
        account: AccountId,
        typed: &Password,
    ) -> Result<Option<OpenedBy>, Error> {
        let Ok(typed) = AppPassword::parse(typed) else { return Ok(None) };
        let id = self.inner.vault.app_password_lookup(&account.0, &typed);
        let found = self.inner.store.get(&CREDENTIALS, &(account, id))?;
        let Some(found) = found.filter(|row| row.kind == CredentialKind::App) else {
            return Ok(None);
        };
        let unlock = typed.open(&found.wrapped_unlock, &credential_binding(account, id))?;
        let kind = CredentialKind::App;
        Ok(Some(OpenedBy { account, unlock, kind, credential: id, sign_count: None, step: None }))
    }
}
