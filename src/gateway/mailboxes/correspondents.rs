//! The people an account has corresponded with, for completing recipients. They are read from its
//! latest mail and stored nowhere.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::item::OpenedEpochs;
use crate::gateway::mailboxes::mailbox::{INBOX, SENT};
use crate::gateway::records::ids::{AccountId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::message::Answerable;
use crate::gateway::records::tables::{ANSWERS, ENTRIES, WRITTEN_TO};
use crate::gateway::text::reverse_text;
use crate::mail::address::{Address, compared};
use crate::mail::warnings::Warning;
use crate::store::{Order, Read};
use crate::terms::{ConfirmOutside, SenderCheck, SenderWarning};
use crate::vault::Lookup;

impl Gateway {
    /// Whether the reader is asked before the sender is notified of a message's outcome (D5).
    pub(in crate::gateway) fn confirmation_asked(
        &self,
        account: AccountId,
        message: ReferenceKey,
    ) -> Result<bool, Error> {
        let Some(facts) = self.inner.store.get(&ANSWERS, &message)? else { return Ok(false) };
        Ok(match self.preferences_of(account)?.confirm_outside.value {
            ConfirmOutside::Ask => true,
            ConfirmOutside::Known => !self.is_known(account, &facts)?,
            ConfirmOutside::Never | ConfirmOutside::Always => false,
        })
    }

    pub(in crate::gateway) fn is_known(
        &self,
        account: AccountId,
        facts: &Answerable,
    ) -> Result<bool, Error> {
        let key = self.written_key(&reverse_text(&facts.reverse_path));
        Ok(self.inner.store.get(&WRITTEN_TO, &(account, key))?.is_some())
    }

    /// The people the actor has corresponded with lately, most frequent first.
    pub fn people(&self, actor: &Actor) -> Result<Vec<Correspondent>, Error> {
        let mut found: HashMap<String, (u32, Correspondent)> = HashMap::new();
        let mut note = |address: &str, name: Option<String>, count: u32| {
            // Skip what is not a valid address: nobody can write to it.
            let Ok(address) = Address::parse(address) else { return };
            let row = found
                .entry(address.normalized())
                .or_insert_with(|| (0, Correspondent { name: None, address: address.to_string() }));
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
                // A stranger who poses as somebody else is not to be suggested in that one's place.
                if summary.notice.is_some()
                    || (!sent && is_doubtful(summary.sender, &summary.warnings))
                {
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
        let mut people: Vec<(u32, Correspondent)> = found.into_values().collect();
        let own: Vec<String> = own.iter().map(|own| compared(own)).collect();
        people.retain(|(_, one)| !own.contains(&compared(&one.address)));
        people.sort_by(|(a, one), (b, other)| b.cmp(a).then(one.address.cmp(&other.address)));
        people.truncate(CORRESPONDENTS_MAX);
        Ok(people.into_iter().map(|(_, person)| person).collect())
    }

    fn latest(&self, actor: &Actor, mailbox: MailboxId) -> Result<Vec<Entry>, Error> {
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

    pub(in crate::gateway) fn written_key(&self, address: &str) -> [u8; 16] {
        let normalized = Address::parse(address).map(|address| address.normalized());
        self.inner.vault.lookup(Lookup::Address, normalized.unwrap_or_default().as_bytes())
    }
}

/// Whether something speaks against the sender of a message. That replies go elsewhere is usual.
pub(super) fn is_doubtful(sender: SenderCheck, warnings: &[Warning]) -> bool {
    let is_forged =
        matches!(sender, SenderCheck::Failed | SenderCheck::Quarantined | SenderCheck::OwnDomain);
    is_forged || warnings.iter().any(|one| one.kind != SenderWarning::ReplyDomain)
}

/// A person the account has corresponded with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correspondent {
    pub name: Option<String>,
    pub address: String,
}

/// How many of the latest messages in each mailbox are examined.
const LOOKED_AT_MAX: usize = 500;

const CORRESPONDENTS_MAX: usize = 300;

/// The weight of a sent message, where a received one has 1.
const SENT_COUNTS: u32 = 5;
