//! The rule for passwords, which is the same at each door: the owner's own, an administrator's, the
//! command line's, recovery, an external recipient's passphrase.

use crate::gateway::error::{Conflict, Error};
use crate::vault::Password;

/// The minimum length of a new passphrase, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// A password that may open an account: nothing else is wrapped, and only the rule makes one.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Chosen<'p>(&'p Password);

impl<'p> Chosen<'p> {
    /// One that was chosen by somebody.
    pub fn checked(password: &'p Password) -> Result<Chosen<'p>, Error> {
        match password.expose().chars().count() >= PASSPHRASE_CHARS_MIN {
            true => Ok(Chosen(password)),
            false => Err(Error::WeakPassword),
        }
    }

    /// One that is to take the place of `old`.
    pub fn instead_of(old: &Password, new: &'p Password) -> Result<Chosen<'p>, Error> {
        match old.expose() == new.expose() {
            true => Err(Error::Conflict(Conflict::SamePassword)),
            false => Chosen::checked(new),
        }
    }

    /// One that we generated.
    pub fn generated(password: &'p Password) -> Chosen<'p> {
        Chosen(password)
    }

    pub fn password(self) -> &'p Password {
        self.0
    }
}
