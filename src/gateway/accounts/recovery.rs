//! The recovery key: it opens the account when every password is lost, and it can be replaced.

use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::{Chosen, OwnChoice};
use crate::gateway::accounts::keys_check::Unlocked;
use crate::gateway::accounts::password::{
    FoundCredential, Opener, Renewal, Replaced, Still, credential_binding,
};
use crate::gateway::accounts::renewal::{Cause, Renewing};
use crate::gateway::actor::{Actor, ChangedFrom};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::{Credential, CredentialKind};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::ACCOUNTS;
use crate::store::Read;
use crate::vault::{self, Password, RecoveryKey, UnlockKey};

/// No account has this number, which is not random.
const NOBODY: AccountId = AccountId([0; 16]);
/// The octets of a wrapped key: a format, a nonce, the key, a tag.
const WRAPPED_OCTETS: usize = 1 + 12 + 32 + 16;
/// The format of what is sealed, so that it is not refused before any work.
const DECOY: u8 = 1;

impl Gateway {
    /// Creates a new recovery key, which is shown only once; the previous one becomes invalid.
    /// Requires the password.
    pub fn recovery_renew(&self, actor: &Actor, password: &Password) -> Result<RecoveryKey, Error> {
        let account = actor.account();
        let number = actor.secret().number();
        let (unlock, opened_by) = self.unlock_with(account, password)?;
        let recovery = RecoveryKey::generate()?;
        let new = self.recovery_new(account, &recovery, &unlock)?;
        let (renewal, from) = (Renewal::RecoveryKey, actor.changes_from());
        let still = Still { number, opened_by: Opener::Credential(opened_by) };
        self.credential_replace(account, Replaced { renewal, from, still, alone: None }, new)?;
        Ok(recovery)
    }

    /// Sets a new password with the recovery key, without losing any data, and renews the keys;
    /// returns the next recovery key. Every session, app password and passkey is revoked and two-step
    /// verification is turned off: the owner may have lost the phone too, or an attacker may be in the
    /// account. An unknown name is refused exactly like a wrong key.
    pub fn account_recover(
        &self,
        name: &str,
        recovery: &RecoveryKey,
        new: &Password,
        (from, choice): (ChangedFrom, OwnChoice),
    ) -> Result<RecoveryKey, Error> {
        let new = Chosen::checked(new)?;
        let (account, unlock, credential) = self.recovery_open(name, recovery)?;
        // Who recovers may do so because somebody else knows the password.
        match self.unlock_with(account, new.password()) {
            Ok(_) => return Err(Error::Conflict(Conflict::SamePassword)),
            Err(Error::Refused) => {}
            Err(error) => return Err(error),
        }
        self.keys_renew(Renewing {
            unlocked: Unlocked { account, credential, unlock: &unlock },
            password: new,
            choice,
            cause: Cause::Recovered,
            keeps: None,
            from,
        })
    }

    /// Opens an account by its recovery key. The same is done for a name that nobody has, and for a
    /// disabled account: the time tells no more than the answer.
    fn recovery_open(
        &self,
        name: &str,
        recovery: &RecoveryKey,
    ) -> Result<(AccountId, UnlockKey, [u8; 16]), Error> {
        let found = self.account_find(name)?;
        let id = found.unwrap_or(NOBODY);
        let is_enabled = self.inner.store.get(&ACCOUNTS, &id)?.is_some_and(|one| !one.disabled);
        let credential = self.credential(id, CredentialKind::Recovery)?;
        let decoy = FoundCredential { id: [0; 16], wrapped_unlock: vec![DECOY; WRAPPED_OCTETS] };
        let credential = credential.unwrap_or(decoy);
        let bound = credential_binding(id, credential.id);
        let unlock = recovery.open(&credential.wrapped_unlock, &bound)?;
        if is_enabled { Ok((id, unlock, credential.id)) } else { Err(Error::Refused) }
    }

    pub(in crate::gateway) fn recovery_new(
        &self,
        account: AccountId,
        recovery: &RecoveryKey,
        unlock: &UnlockKey,
    ) -> Result<([u8; 16], Credential), Error> {
        let id = vault::random_bytes()?;
        let wrapped_unlock = recovery.wrap(unlock, &credential_binding(account, id))?;
        let created = self.inner.clock.now();
        Ok((id, Credential::new(CredentialKind::Recovery, wrapped_unlock, created)))
    }
}
