//! Which recipients are accepted, decided at RCPT, and why others are refused.

use crate::gateway::Gateway;
use crate::gateway::accounts::addressee::Addressee;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::META;
use crate::mail::address::Address;
use crate::mail::envelope::ForwardPath;
use crate::store::Read;
use crate::terms::AcceptFrom;

/// Where a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Outside,
    Inside,
}

/// Whether a recipient is accepted.
#[derive(Clone, Debug)]
pub enum RecipientVerdict {
    Accept(AcceptedRecipient),
    Refuse(Reason),
}

/// A recipient that was checked.
#[derive(Clone, Debug)]
pub struct AcceptedRecipient {
    pub(in crate::gateway) account: AccountId,
    /// The path as the peer gave it.
    pub path: ForwardPath,
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
}

impl Gateway {
    /// Whether a sender from `origin` may write to `to`.
    pub fn recipient_check(
        &self,
        to: &ForwardPath,
        origin: Origin,
    ) -> Result<RecipientVerdict, Error> {
        let address = match to {
            ForwardPath::Postmaster => return self.postmaster_check(to),
            ForwardPath::Address(address) => address,
        };
        if !self.is_ours(address) {
            return Ok(RecipientVerdict::Refuse(Reason::NotLocal));
        }
        if self.site()?.policy.intranet && origin == Origin::Outside {
            return Ok(RecipientVerdict::Refuse(Reason::Intranet));
        }
        match self.recipient_find(address)? {
            Some(addressee) => Ok(judge(&addressee, to, origin)),
            // RFC 5321 §4.5.1: postmaster always exists.
            None if address.local().eq_ignore_ascii_case("postmaster") => self.postmaster_check(to),
            None => Ok(RecipientVerdict::Refuse(Reason::UnknownRecipient)),
        }
    }

    /// The same verdict, if it can be told from memory: most recipients of a busy site are known,
    /// and asking for them needs no thread that may wait for the disk. `None` says nothing.
    pub fn recipient_known(&self, to: &ForwardPath, origin: Origin) -> Option<RecipientVerdict> {
        let ForwardPath::Address(address) = to else { return None };
        if origin == Origin::Outside && self.site_known()?.policy.intranet {
            return None;
        }
        let addressee = self.addressee_known(&address.normalized())?;
        Some(judge(&addressee, to, origin))
    }

    fn recipient_find(&self, address: &Address) -> Result<Option<Addressee>, Error> {
        let normalized = address.normalized();
        if let Some(found) = self.addressee(&normalized)? {
            return Ok(Some(found));
        }
        // user+detail@domain goes to user@domain (RFC 5233) unless an account has that address.
        let (local, domain) = normalized.rsplit_once('@').unwrap_or((&normalized, ""));
        match local.split_once('+') {
            Some((user, _)) if !user.is_empty() => self.addressee(&format!("{user}@{domain}")),
            _ => Ok(None),
        }
    }

    /// Mail for postmaster goes to the account configured for it, else to the first account,
    /// whatever that account's own settings are.
    fn postmaster_check(&self, to: &ForwardPath) -> Result<RecipientVerdict, Error> {
        let named = match &self.inner.settings.postmaster {
            Some(name) => self.account_find(name)?,
            None => None,
        };
        let meta = self.inner.store.get(&META, &())?.unwrap_or_default();
        Ok(match named.or(meta.first_account) {
            Some(account) => accept(account, to),
            None => RecipientVerdict::Refuse(Reason::NotNow),
        })
    }
}

fn judge(addressee: &Addressee, to: &ForwardPath, origin: Origin) -> RecipientVerdict {
    let taken = match addressee.accept_from {
        AcceptFrom::Both => true,
        AcceptFrom::Inside => origin == Origin::Inside,
        AcceptFrom::Outside => origin == Origin::Outside,
    };
    match (addressee.disabled, taken) {
        (true, _) => RecipientVerdict::Refuse(Reason::Disabled),
        (false, false) => RecipientVerdict::Refuse(Reason::AcceptFrom),
        (false, true) => accept(addressee.account, to),
    }
}

fn accept(account: AccountId, to: &ForwardPath) -> RecipientVerdict {
    RecipientVerdict::Accept(AcceptedRecipient { account, path: to.clone() })
}
