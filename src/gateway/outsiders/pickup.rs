//! Pick-up: what the link in a notification shows before a sign-in.
//!
//! Following the link reads one record and changes nothing, because mail scanners fetch links. The
//! link never signs in; the password is typed.

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::mailbox;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::queue::delivery;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::tables::{ACCOUNTS, MAILBOXES, PICKUPS, SUBMISSIONS};
use crate::gateway::records::temporary::{OpensBy, Pickup, PickupEnd, Temporary};
use crate::gateway::reporting::notice::NoticeDraft;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{DeliveryState, HandOff, PickupState};
use crate::vault::{self, Lookup};

/// What a browser that follows the link is shown.
#[derive(Clone, Debug)]
pub struct PickupView {
    pub organisation: String,
    pub state: PickupState,
    pub from_name: Option<String>,
    pub from_address: String,
    pub reference: Reference,
    pub sent: Timestamp,
    pub until: Timestamp,
    /// The number of unopened messages.
    pub waiting: u64,
    pub login_name: Option<String>,
    pub hand_off: HandOff,
    pub phone: Option<String>,
    /// The name of the sponsor, or the address if there is none; while the account exists.
    pub sponsor: Option<String>,
    pub language: Option<&'static str>,
}

/// The shortest time between two requests to send a message again.
const ASK_EVERY_SECS: i64 = 24 * 3600;

const TOKEN_SYMBOLS: usize = 26;
pub(in crate::gateway) const MISSING: Error = Error::NotFound { what: "link" };

impl Gateway {
    /// A new token for a link, and the key of its record.
    pub(in crate::gateway) fn pickup_token(&self) -> Result<([u8; 16], Zeroizing<String>), Error> {
        let symbols = vault::random_password()?;
        let token: String = symbols.expose().chars().filter(|c| *c != '-').collect();
        Ok((self.pickup_key(&token), Zeroizing::new(token)))
    }

    fn pickup_key(&self, token: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Pickup, token.to_ascii_lowercase().as_bytes())
    }

    pub(in crate::gateway) fn pickup_row(&self, token: &str) -> Result<([u8; 16], Pickup), Error> {
        if token.len() != TOKEN_SYMBOLS {
            return Err(MISSING);
        }
        let key = self.pickup_key(token);
        Ok((key, self.inner.store.get(&PICKUPS, &key)?.ok_or(MISSING)?))
    }

    /// The page of a link. Changes nothing.
    pub fn pickup(&self, token: &str) -> Result<PickupView, Error> {
        let (_, row) = self.pickup_row(token)?;
        let temporary = self.temporary(row.account)?;
        let now = self.inner.clock.now();
        let state = match (&temporary, row.end) {
            (_, Some(PickupEnd::Revoked | PickupEnd::Deleted)) => PickupState::Revoked,
            (None, _) | (_, Some(PickupEnd::Expired)) => PickupState::Expired,
            (Some(found), None) if found.expires <= now => PickupState::Expired,
            (Some(found), None) => match (found.claimed, found.opens_by()) {
                (None, _) => PickupState::Waiting,
                (Some(_), OpensBy::OneTime) => PickupState::Visited,
                (Some(_), OpensBy::InMail | OpensBy::Own) => PickupState::Claimed,
            },
        };
        let living = state.is_living();
        let account = self.inner.store.get(&ACCOUNTS, &row.account)?;
        let sender = self.inner.store.get(&ACCOUNTS, &row.sender)?;
        let inbox = self.inner.store.get(&MAILBOXES, &(row.account, mailbox::INBOX))?;
        let from = sender.map(|sender| sender.view(row.sender));
        let sponsor = match temporary.as_ref().filter(|_| living) {
            Some(row) => self.sponsor_name(row)?,
            None => None,
        };
        let (settings, site) = (&self.inner.settings, self.site()?);
        Ok(PickupView {
            organisation: site.organisation.clone(),
            state,
            from_name: from.as_ref().map(|from| from.display_name.clone()),
            from_address: from.map(|from| from.address).unwrap_or_default(),
            reference: Reference::from_bytes(row.message).ok_or(MISSING)?,
            sent: row.sent,
            until: temporary.as_ref().map_or(row.until, |found| found.expires),
            waiting: inbox.map_or(0, |inbox| inbox.unopened),
            login_name: account.filter(|_| living).map(|account| account.name),
            hand_off: temporary.map_or(settings.hand_off, |found| found.hand_off),
            phone: site.phone.clone(),
            sponsor,
            language: match self.languages_for(row.account, row.sender)?.as_slice() {
                [one] => Some(one.tag()),
                // The reader's language is unknown; the browser's preference is better.
                _ => None,
            },
        })
    }

    /// The name of an account's sponsor, or the address of one without a name.
    pub(in crate::gateway) fn sponsor_name(
        &self,
        row: &Temporary,
    ) -> Result<Option<String>, Error> {
        let sponsor = self.inner.store.get(&ACCOUNTS, &row.sponsor)?;
        Ok(sponsor.map(|one| one.view(row.sponsor)).map(|one| match one.display_name.is_empty() {
            true => one.address,
            false => one.display_name,
        }))
    }

    /// Whether and when a message with this number was sent from here; never its sender or
    /// recipients.
    pub fn reference_verify(&self, reference: Reference) -> Result<Option<Timestamp>, Error> {
        let row = self.inner.store.get(&SUBMISSIONS, &reference.to_bytes())?;
        Ok(row.map(|row| row.accepted))
    }

    /// Asks the sender to send the message again, at most once a day, and only if the account has
    /// expired.
    pub fn pickup_ask(&self, token: &str) -> Result<(), Error> {
        let view = self.pickup(token)?;
        if view.state.is_living() {
            return Err(Error::Conflict(Conflict::StillThere));
        }
        let (key, row) = self.pickup_row(token)?;
        let now = self.inner.clock.now();
        if row.asked.is_some_and(|asked| asked.plus_secs(ASK_EVERY_SECS) > now) {
            return Err(Error::Conflict(Conflict::AskedLately));
        }
        let recipient = self.recipient_of(row.message, row.account)?;
        let draft = NoticeDraft {
            kind: DeliveryState::Expired,
            about: row.message,
            recipient: &recipient,
            at: now,
            detail: None,
            topic: Some(NoticeTopic::AskedAgain),
            others: &[],
            report: None,
        };
        // The sender was removed since.
        if !self.account_exists(row.sender)? {
            return Err(MISSING);
        }
        let notice = self.notice_prepare(row.sender, &draft)?;
        self.notice_transact(Some(notice), row.message, move |tx| {
            let mut row = tx.get(&PICKUPS, &key)?.ok_or(MISSING)?;
            let again = row.asked.is_none_or(|asked| asked.plus_secs(ASK_EVERY_SECS) <= now);
            if again {
                row.asked = Some(now);
                tx.put(&PICKUPS, &key, &row)?;
            }
            Ok(again)
        })
    }

    fn recipient_of(&self, message: ReferenceKey, account: AccountId) -> Result<String, Error> {
        let found = delivery::of_account(&self.inner.store, message, account)?;
        Ok(found.map(|(_, delivery)| delivery.address).unwrap_or_default())
    }
}
