//! An audience: whom something is for, as its author chose it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, GroupId};

/// Whom something is for. Its author reads it in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    #[default]
    Nobody,
    /// Everybody inside; no temporary account.
    Everybody,
    /// These accounts, and who is in one of these groups.
    Named { accounts: Vec<AccountId>, groups: Vec<GroupId> },
}

/// The most accounts and groups that an audience names.
pub const NAMED_MAX: usize = 200;

/// What the answer depends on, about somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub account: AccountId,
    /// Whether it is an account inside, and not a temporary one.
    pub inside: bool,
    pub groups: BTreeSet<GroupId>,
}

impl Audience {
    /// Whether somebody belongs to the audience.
    #[must_use]
    pub fn may_read(&self, reader: &Reader) -> bool {
        match self {
            Audience::Nobody => false,
            Audience::Everybody => reader.inside,
            // Outsiders are never in a group, but may be named.
            Audience::Named { accounts, groups } => {
                accounts.contains(&reader.account)
                    || reader.inside && groups.iter().any(|group| reader.holds(*group))
            }
        }
    }

    /// Refuses an audience that names too many.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Audience::Named { accounts, groups } if accounts.len() + groups.len() > NAMED_MAX => {
                Err(Error::OverQuota)
            }
            _ => Ok(()),
        }
    }
}

impl Reader {
    fn holds(&self, group: GroupId) -> bool {
        group == GroupId::EVERYBODY || self.groups.contains(&group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(number: u8, inside: bool, groups: &[u8]) -> Reader {
        Reader {
            account: AccountId([number; 16]),
            inside,
            groups: groups.iter().map(|one| GroupId([*one; 16])).collect(),
        }
    }

    #[test]
    fn an_audience_is_who_is_named_or_in_a_named_group() {
        let named = |accounts: &[u8], groups: &[u8]| Audience::Named {
            accounts: accounts.iter().map(|one| AccountId([*one; 16])).collect(),
            groups: groups.iter().map(|one| GroupId([*one; 16])).collect(),
        };
        let dana = reader(1, true, &[7]);
        let omar = reader(2, true, &[]);
        let outsider = reader(3, false, &[7]);
        for (audience, readers) in [
            (Audience::Nobody, [false, false, false]),
            (Audience::Everybody, [true, true, false]),
            (named(&[], &[]), [false, false, false]),
            (named(&[2], &[]), [false, true, false]),
            (named(&[3], &[]), [false, false, true]),
            (named(&[], &[7]), [true, false, false]),
            (named(&[], &[0]), [true, true, false]),
            (named(&[2], &[7, 8]), [true, true, false]),
        ] {
            let found = [&dana, &omar, &outsider].map(|one| audience.may_read(one));
            assert_eq!(found, readers, "{audience:?}");
        }
        let many = vec![AccountId([1; 16]); NAMED_MAX + 1];
        assert!(Audience::Named { accounts: many, groups: Vec::new() }.check().is_err());
    }
}
