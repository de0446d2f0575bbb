//! Changing a password that is known.
//!
//! | what else opens the account | the keys |
//! | --- | --- |
//! | ends: other sessions, app passwords, passkeys, the recovery key | are renewed |
//! | stays | stay, and are wrapped for the new password |

use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::{Chosen, ChosenBy, OwnChoice};
use crate::gateway::accounts::keys_check::Unlocked;
use crate::gateway::accounts::password::{Opener, Renewal, Replaced, Still};
use crate::gateway::accounts::renewal::{Cause, Renewing};
use crate::gateway::accounts::session::KeptSession;
use crate::gateway::actor::{Actor, ChangedFrom};
use crate::gateway::error::Error;
use crate::vault::{Password, RecoveryKey};

/// What becomes of everything else that opens the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    End,
    Keep,
}

/// A change of a known password.
pub struct PasswordChange {
    pub old: Password,
    pub new: Password,
    pub others: Others,
}

impl Gateway {
    /// Changes a password and renews the keys: whatever else opened the account ends. Returns the new
    /// recovery key.
    pub fn account_password(
        &self,
        name: &str,
        old: &Password,
        new: &Password,
        chosen_by: ChosenBy,
    ) -> Result<RecoveryKey, Error> {
        let password = Chosen::instead_of(old, new)?;
        let account = self.account_named(name)?;
        if self.temporary(account)?.is_some() {
            return Err(Error::Denied { reason: "the owner of a temporary account changes it" });
        }
        let (unlock, credential) = self.unlock_with(account, old)?;
        self.keys_renew(Renewing {
            unlocked: Unlocked { account, credential, unlock: &unlock },
            password,
            choice: chosen_by.into(),
            cause: Cause::PasswordChanged,
            keeps: None,
            from: ChangedFrom::Server,
        })
    }

    /// The same for the account's owner, whose current session stays. What else opens the account may
    /// stay too, unless somebody else chose the password. Returns the new recovery key, if there is
    /// one. A temporary account has nothing but its password and its sessions; these end.
    pub fn password_change(
        &self,
        actor: &Actor,
        keeps: KeptSession,
        change: &PasswordChange,
    ) -> Result<Option<RecoveryKey>, Error> {
        let password = Chosen::instead_of(&change.old, &change.new)?;
        let (account, from) = (actor.account(), actor.changes_from());
        let number = actor.secret().number();
        let (unlock, credential) = self.unlock_with(account, &change.old)?;
        let ends = change.others == Others::End || actor.must_choose();
        if !actor.is_temporary() && ends {
            let renewing = Renewing {
                unlocked: Unlocked { account, credential, unlock: &unlock },
                password,
                choice: OwnChoice::Made,
                cause: Cause::PasswordChanged,
                keeps: Some(keeps),
                from,
            };
            return self.keys_renew(renewing).map(Some);
        }
        let new = self.credential_new(account, password, &unlock)?;
        let still = Still { number, opened_by: Opener::Credential(credential) };
        let alone = actor.is_temporary().then(|| actor.session());
        let replaced = Replaced { renewal: Renewal::Password, from, still, alone };
        self.credential_replace(account, replaced, new)?;
        Ok(None)
    }
}
