//! One-time codes from an authenticator app (RFC 6238), required in addition to the password.

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::TotpRecord;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNT_KEYS, CODE_FAILURES, TOTP};
use crate::store::Read;
use crate::terms::AccountChange;
use crate::vault::{self, AccountSecret, Password, UnlockKey};

/// What the user enters in an authenticator app; shown once.
pub struct TotpNew {
    /// In base32, for manual entry.
    pub secret: Zeroizing<String>,
    /// `otpauth://…`, for a QR code.
    pub uri: Zeroizing<String>,
}

impl Gateway {
    /// Creates a secret for an authenticator app. Codes are required only after one was verified.
    /// Requires the password; fails with `totp-on` if two-step verification is already on.
    pub fn totp_start(&self, actor: &Actor, password: &Password) -> Result<TotpNew, Error> {
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        let secret = Zeroizing::new(vault::random_bytes::<SECRET_OCTETS>()?);
        let sealed_secret = actor.secret().seal_own(&totp_binding(account), &*secret)?;
        let codes = TotpRecord { sealed_secret, on: false, last_step: 0 };
        let done = self.inner.store.transact(move |tx| {
            if tx.get(&TOTP, &account)?.is_some_and(|codes| codes.on) {
                return Err(Error::Conflict(Conflict::TotpOn));
            }
            Ok(tx.put(&TOTP, &account, &codes)?)
        });
        done.wait()?;
        // The colon separates the two names, so neither may contain one.
        let plain = |text: &str| text.replace(':', " ");
        let bad_name = || Error::Invalid { what: "a name for the authenticator app".to_owned() };
        let totp = Builder::new()
            .with_secret(secret.to_vec())
            .with_issuer(Some(plain(&self.site()?.organisation)))
            .with_account_name(plain(&self.account(account)?.name))
            .build()
            .map_err(|_| bad_name())?;
        let uri = totp.to_url().map_err(|_| bad_name())?;
        let secret = totp_rs::Secret::from(secret.to_vec()).to_base32();
        Ok(TotpNew { secret: Zeroizing::new(secret), uri: Zeroizing::new(uri) })
    }

    /// Requires codes from now on, once `code` is verified.
    pub fn totp_on(&self, actor: &Actor, code: &str) -> Result<(), Error> {
        const MISSING: Error = Error::NotFound { what: "secret for two-step verification" };
        let account = actor.account();
        let codes = self.inner.store.get(&TOTP, &account)?.ok_or(MISSING)?;
        let step = self.matched_step(account, actor.secret(), &codes, code)?;
        self.account_changed(account, &actor.changes_from(), move |tx| {
            let mut now = tx.get(&TOTP, &account)?.ok_or(MISSING)?;
            if now.sealed_secret != codes.sealed_secret || step <= now.last_step {
                return Err(Error::WrongCode);
            }
            (now.on, now.last_step) = (true, step);
            tx.put(&TOTP, &account, &now)?;
            Ok(Some(AccountChange::TotpOn))
        })
    }

    /// Stops requiring codes. Requires the password.
    pub fn totp_off(&self, actor: &Actor, password: &Password) -> Result<(), Error> {
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        self.account_changed(account, &actor.changes_from(), move |tx| {
            let was_on = tx.get(&TOTP, &account)?.is_some_and(|codes| codes.on);
            tx.delete(&TOTP, &account);
            tx.delete(&CODE_FAILURES, &account);
            Ok(was_on.then_some(AccountChange::TotpOff))
        })
    }

    /// Verifies the code of a sign-in by password; returns its time step, or `None` where no code
    /// is required.
    pub(in crate::gateway) fn code_step(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
        code: Option<&str>,
    ) -> Result<Option<u64>, Error> {
        let Some(codes) = self.inner.store.get(&TOTP, &account)?.filter(|codes| codes.on) else {
            return Ok(None);
        };
        self.codes_allowed(account)?;
        let code = code.ok_or(Error::CodeNeeded)?;
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &account)?.ok_or(Error::Refused)?;
        let secret = unlock.open_account(&keys.sealed_private, &account.0)?;
        self.code_counted(account)?;
        match self.matched_step(account, &secret, &codes, code) {
            Err(Error::WrongCode) => {
                self.code_failed(account)?;
                Err(Error::WrongCode)
            }
            step => step.map(Some),
        }
    }

    fn matched_step(
        &self,
        account: AccountId,
        secret: &AccountSecret,
        codes: &TotpRecord,
        code: &str,
    ) -> Result<u64, Error> {
        let secret = secret.open_own(&totp_binding(account), &codes.sealed_secret)?;
        let totp = totp_of(&secret)?;
        let now = u64::try_from(self.inner.clock.now().unix_secs()).unwrap_or_default();
        let digits: Zeroizing<String> = Zeroizing::new(
            code.chars().filter(|c| !c.is_whitespace()).take(CODE_CHARS_MAX).collect(),
        );
        totp.check(&digits, now).ok_or(Error::WrongCode)
    }
}

/// The length of a TOTP secret (RFC 4226 §4, R6).
const SECRET_OCTETS: usize = 20;

pub const CODE_CHARS_MAX: usize = 16;

/// The settings that every authenticator app supports: SHA-1, six digits, 30 seconds; codes from
/// one step earlier or later are accepted (RFC 6238 §5.2).
fn totp_of(secret: &[u8]) -> Result<Totp, Error> {
    let damaged = |_| Error::Damaged { what: "the secret for two-step verification".to_owned() };
    Builder::new().with_secret(secret.to_vec()).build().map_err(damaged)
}

fn totp_binding(account: AccountId) -> Vec<u8> {
    [b"codes ".as_slice(), &account.0].concat()
}
