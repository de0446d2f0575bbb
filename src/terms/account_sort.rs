//! What a list of accounts is sorted by.

/// What a list of accounts is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountSort {
    /// The display name, or the login name of an account without one.
    #[default]
    Name,
    /// How much is stored.
    Used,
    /// When the account was last active; never comes first.
    Active,
}

super::words!(AccountSort { Name => "name", Used => "used", Active => "active" });
