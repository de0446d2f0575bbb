//! What a reader sees of the people beside posts, and of their reactions.

use std::collections::HashMap;

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::Asker;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::ids::AccountId;

/// Somebody, as a reader sees it beside a post. Both are empty of one who is not here any more, or whom the
/// reader may not find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonShown {
    pub address: String,
    pub name: String,
}

/// A reaction to a post, how many reacted so, and whether the reader did.
pub type ReactionView = (String, usize, bool);

/// What one reader sees of people in one answer.
pub(super) struct People {
    asker: Asker,
    known: HashMap<AccountId, PersonShown>,
}

impl People {
    pub fn for_reader(reader: &Reader) -> People {
        let Reader { account, inside, groups } = reader.clone();
        People { asker: Asker { account: Some(account), inside, groups }, known: HashMap::new() }
    }

    pub fn of(&mut self, gateway: &Gateway, account: AccountId) -> Result<PersonShown, Error> {
        if let Some(known) = self.known.get(&account) {
            return Ok(known.clone());
        }
        let shown = match gateway.reaches(&self.asker, account)? {
            true => gateway.person(account)?,
            false => Default::default(),
        };
        let (name, address) =
            Some(shown).filter(|(_, address)| !address.is_empty()).unwrap_or_default();
        let shown = PersonShown { address, name };
        self.known.insert(account, shown.clone());
        Ok(shown)
    }
}
