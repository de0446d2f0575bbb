//! The rule for passwords, which is the same at each door: the owner's own, an administrator's, the
//! command line's, recovery, an external recipient's passphrase.

use crate::gateway::error::{Conflict, Error};
use crate::vault::{self, Password};

/// The minimum length of a new passphrase, in characters.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// Who chose the password of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    Owner,
    /// Somebody else, such as an administrator. The owner chooses another at the next sign-in, which
    /// gives the account other keys as well: who knows this one opens nothing of it after that.
    Other,
}

/// Whether the owner of an account still has to choose a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnChoice {
    /// The owner chose this one, in a session, or as a command on the server says.
    Made,
    /// It is due as before. Who has the recovery key may be the one who created the account.
    AsBefore,
    Due,
}

impl From<ChosenBy> for OwnChoice {
    fn from(by: ChosenBy) -> OwnChoice {
        match by {
            ChosenBy::Owner => OwnChoice::Made,
            ChosenBy::Other => OwnChoice::Due,
        }
    }
}

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

    /// One that is to take the place of `old`. Another spelling of a password that we issued is the
    /// same password.
    pub fn instead_of(old: &Password, new: &'p Password) -> Result<Chosen<'p>, Error> {
        let issued = (vault::as_issued(old), vault::as_issued(new));
        let is_issued = matches!(&issued, (Ok(old), Ok(new)) if old.expose() == new.expose());
        match is_issued || old.expose() == new.expose() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_of_an_issued_password_is_no_other_password() {
        let issued = vault::random_password().unwrap();
        let plain = issued.expose().to_uppercase().replace('-', " ");
        let own = Password::new("words of my own").unwrap();
        for same in [issued.expose(), &plain] {
            let same = Password::new(same).unwrap();
            for (old, new) in [(&issued, &same), (&same, &issued)] {
                let refused = Chosen::instead_of(old, new).err();
                assert!(matches!(refused, Some(Error::Conflict(Conflict::SamePassword))));
            }
        }
        assert!(Chosen::instead_of(&issued, &own).is_ok());
    }
}
