//! Whom an account has written with, for filling in recipients. Read from its latest mail, and
//! kept nowhere.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::mail::address::Address;
use crate::store::{Order, Read};

use super::mailbox::{INBOX, SENT};
use super::message::OpenedEpochs;
use super::tables::{ENTRIES, MailboxId};
use super::{Actor, Error, Gateway};

/// Somebody the account has written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    pub address: String,
}

/// How many of the latest letters of each mailbox are looked at.
const LOOKED_AT_MAX: usize = 500;
const PEOPLE_MAX: usize = 300;
/// One letter that was sent says as much as so many that came.
const SENT_COUNTS: u32 = 5;

impl Gateway {
    /// Whom the actor has written with lately, the most often first.
    pub fn people(&self, actor: &Actor) -> Result<Vec<Person>, Error> {
        let mut found: HashMap<String, (u32, Person)> = HashMap::new();
        let mut note = |address: &str, name: Option<String>, count: u32| {
            // What is no address cannot be written to.
            let Ok(address) = Address::parse(address) else { return };
            let row = found
                .entry(address.normalized())
                .or_insert_with(|| (0, Person { name: None, address: address.to_string() }));
            row.0 += count;
            if row.1.name.is_none() {
                row.1.name = name;
            }
        };
        let own = self.account(actor.account())?.own_addresses();
        let mut epochs = OpenedEpochs::new(self, actor);
        for (mailbox, sent) in [(SENT, true), (INBOX, false)] {
            for entry in self.latest(actor, mailbox)? {
                let summary = epochs.summary(&entry)?;
                if summary.notice.is_some() {
                    continue;
                }
                match sent {
                    true => summary.recipients.iter().for_each(|one| note(one, None, SENT_COUNTS)),
                    false => {
                        note(
                            summary.from_address.as_deref().unwrap_or_default(),
                            summary.from_name,
                            1,
                        );
                    }
                }
            }
        }
        let mut people: Vec<(u32, Person)> = found.into_values().collect();
        people.retain(|(_, one)| !own.iter().any(|own| own.eq_ignore_ascii_case(&one.address)));
        people.sort_by(|(a, one), (b, other)| b.cmp(a).then(one.address.cmp(&other.address)));
        people.truncate(PEOPLE_MAX);
        Ok(people.into_iter().map(|(_, person)| person).collect())
    }

    fn latest(
        &self,
        actor: &Actor,
        mailbox: MailboxId,
    ) -> Result<Vec<super::tables::Entry>, Error> {
        let mut rows = Vec::new();
        let prefix = (actor.account(), mailbox);
        self.inner.store.scan(&ENTRIES, &prefix, Order::Descending, |_, entry| {
            rows.push(entry);
            match rows.len() == LOOKED_AT_MAX {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        Ok(rows)
    }
}
