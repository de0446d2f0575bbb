//! Which recipients are accepted, decided at RCPT, and why others are refused.

use crate::gateway::Gateway;
use crate::gateway::accounts::addressee::Addressee;
pub use crate::gateway::accounts::addressee::Origin;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::Asker;
use crate::gateway::groups::facts::{Reachable, To};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::tables::META;
use crate::mail::address::Address;
use crate::mail::envelope::ForwardPath;
use crate::store::Read;

/// Whether a recipient is accepted.
#[derive(Clone, Debug)]
pub enum RecipientVerdict {
    Accept(AcceptedRecipient),
    Refuse(Reason),
}

/// A recipient that was checked.
#[derive(Clone, Debug)]
pub struct AcceptedRecipient {
    pub(in crate::gateway) reached: Reached,
    /// The path as the peer gave it.
    pub path: ForwardPath,
}

/// Whom an accepted recipient's address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Reached {
    Account(AccountId),
    /// Those who are its members when the message is stored.
    Group(GroupId),
}

/// Why a recipient is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    UnknownRecipient,
    NotLocal,
    AcceptFrom,
    Disabled,
    NotNow,
    /// Intranet mode: no mail passes the site's perimeter.
    Intranet,
    /// The account has no room for the message.
    MailboxFull,
    /// The recipient is in a closed group, and the sender is not in it.
    ClosedGroup,
    /// The sender is not among those who may write to the group.
    GroupWriters,
}

impl Gateway {
    /// Whether a sender from `origin` may write a message of `octets` to `to`; 0 if its size is not
    /// known. A message that is accepted here may still be larger: see `quota::admit_in_tx`.
    pub fn recipient_check(
        &self,
        to: &ForwardPath,
        origin: Origin,
        octets: u64,
    ) -> Result<RecipientVerdict, Error> {
        let inside = origin == Origin::Inside;
        self.recipient_check_from(to, &Asker { inside, ..Asker::default() }, origin, octets)
    }

    /// The same for a sender of whom more is known.
    pub(in crate::gateway) fn recipient_check_from(
        &self,
        to: &ForwardPath,
        asker: &Asker,
        origin: Origin,
        octets: u64,
    ) -> Result<RecipientVerdict, Error> {
        let address = match to {
            ForwardPath::Postmaster => return self.postmaster_check(to, octets),
            ForwardPath::Address(address) => address,
        };
        let Some(address) = &self.as_ours(address) else {
            return Ok(RecipientVerdict::Refuse(Reason::NotLocal));
        };
        if self.site()?.policy.intranet && origin == Origin::Outside {
            return Ok(RecipientVerdict::Refuse(Reason::Intranet));
        }
        if let Some(group) = self.group_at(address)? {
            return self.group_judge(group, (asker, origin), to, octets);
        }
        match self.recipient_find(address)? {
            // A mailbox that every domain has takes mail from everybody, in any case.
            Some(addressee)
                if addressee.closed
                    && !address.is_role()
                    && !self.reaches(asker, addressee.account)? =>
            {
                Ok(RecipientVerdict::Refuse(self.closed_reason(addressee.account)?))
            }
            Some(addressee) => self.recipient_judge(&addressee, to, origin, octets),
            None if address.is_role() => self.postmaster_check(to, octets),
            None => Ok(RecipientVerdict::Refuse(Reason::UnknownRecipient)),
        }
    }

    /// The same verdict, if it can be told from memory: most recipients of a busy site are known,
    /// and asking for them needs no thread that may wait for the disk. `None` says nothing.
    pub fn recipient_known(
        &self,
        to: &ForwardPath,
        origin: Origin,
        octets: u64,
    ) -> Option<RecipientVerdict> {
        let ForwardPath::Address(address) = to else { return None };
        if origin == Origin::Outside && self.site_known()?.policy.intranet {
            return None;
        }
        // If it is stored in another form, it is not known under this one.
        let addressee = self.addressee_known(&address.stored_forms().next()?)?;
        // Who may write to a member of a closed group is not told from memory.
        if addressee.closed {
            return None;
        }
        if let Some(reason) = refusal(&addressee, origin) {
            return Some(RecipientVerdict::Refuse(reason));
        }
        let account = addressee.account;
        let has_room = self.inner.addressees.has_room(account, octets);
        has_room.then(|| accepted(Reached::Account(account), to))
    }

    /// The account that mail to an address comes to.
    pub(in crate::gateway) fn recipient_find(
        &self,
        address: &Address,
    ) -> Result<Option<Addressee>, Error> {
        for form in address.stored_forms() {
            if let Some(found) = self.recipient_called(&form)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn recipient_called(&self, normalized: &str) -> Result<Option<Addressee>, Error> {
        if let Some(found) = self.addressee(normalized)? {
            return Ok(Some(found));
        }
        // user+detail@domain goes to user@domain (RFC 5233) unless an account has that address.
        let (local, domain) = normalized.rsplit_once('@').unwrap_or((normalized, ""));
        match local.split_once('+') {
            Some((user, _)) if !user.is_empty() => self.addressee(&format!("{user}@{domain}")),
            _ => Ok(None),
        }
    }

    /// Whether a group takes a message: its sender may write to it, and a member has room.
    fn group_judge(
        &self,
        group: GroupId,
        (asker, origin): (&Asker, Origin),
        to: &ForwardPath,
        octets: u64,
    ) -> Result<RecipientVerdict, Error> {
        if !self.group_admits(asker, group)? {
            return Ok(RecipientVerdict::Refuse(Reason::GroupWriters));
        }
        let message = To { group, origin, octets };
        Ok(match self.group_reached(asker, message)? {
            Reachable::Nobody => RecipientVerdict::Refuse(Reason::NotNow),
            Reachable::Full => RecipientVerdict::Refuse(Reason::MailboxFull),
            Reachable::Somebody => accepted(Reached::Group(group), to),
        })
    }

    /// What is said of a member of a closed group to whom the sender may not write: of one who is hidden,
    /// what is said of nobody.
    fn closed_reason(&self, account: AccountId) -> Result<Reason, Error> {
        Ok(match self.is_hidden(account)? {
            true => Reason::UnknownRecipient,
            false => Reason::ClosedGroup,
        })
    }

    fn recipient_judge(
        &self,
        addressee: &Addressee,
        to: &ForwardPath,
        origin: Origin,
        octets: u64,
    ) -> Result<RecipientVerdict, Error> {
        match refusal(addressee, origin) {
            Some(reason) => Ok(RecipientVerdict::Refuse(reason)),
            None => self.accept(addressee.account, to, octets),
        }
    }

    /// Mail for postmaster goes to the role mailbox at that address of the domain. Where no group has it,
    /// it goes to the account configured for it, else to the first account,
    /// whatever that account's own settings are. Its quota applies: a mailbox that takes everything
    /// would let anybody fill the disk (RFC 5321 §4.5.1 permits refusing mail in such a case).
    fn postmaster_check(&self, to: &ForwardPath, octets: u64) -> Result<RecipientVerdict, Error> {
        let domain = match to {
            ForwardPath::Address(address) => {
                let ours = self.as_ours(address).unwrap_or_else(|| address.clone()).normalized();
                ours.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()
            }
            ForwardPath::Postmaster => self.domain().to_owned(),
        };
        if let Some(account) = self.role_postmaster(&domain)? {
            return self.accept(account, to, octets);
        }
        let named = match &self.inner.settings.postmaster {
            Some(name) => self.account_find(name)?,
            None => None,
        };
        let meta = self.inner.store.get(&META, &())?.unwrap_or_default();
        match named.or(meta.first_account) {
            Some(account) => self.accept(account, to, octets),
            None => Ok(RecipientVerdict::Refuse(Reason::NotNow)),
        }
    }

    fn accept(
        &self,
        account: AccountId,
        to: &ForwardPath,
        octets: u64,
    ) -> Result<RecipientVerdict, Error> {
        // Mail that nobody could read would be lost; a member may be there before the peer gives up.
        if !self.has_readers(account)? {
            return Ok(RecipientVerdict::Refuse(Reason::NotNow));
        }
        let stored = self.inner.addressees.stored();
        let found = self.quota_of(account)?;
        self.inner.addressees.keep_quota(stored, account, found);
        Ok(match found.has_room(octets) {
            true => accepted(Reached::Account(account), to),
            false => RecipientVerdict::Refuse(Reason::MailboxFull),
        })
    }
}

fn accepted(reached: Reached, to: &ForwardPath) -> RecipientVerdict {
    RecipientVerdict::Accept(AcceptedRecipient { reached, path: to.clone() })
}

/// Why an account takes no mail from a sender, as far as its own settings say.
fn refusal(addressee: &Addressee, origin: Origin) -> Option<Reason> {
    match (addressee.disabled, origin.is_taken(addressee.accept_from)) {
        (true, _) => Some(Reason::Disabled),
        (false, false) => Some(Reason::AcceptFrom),
        (false, true) => None,
    }
}
