//! The way in for an outsider: the notification, and what its link says before a sign-in.
//!
//! Following the link reads one record and changes nothing, however often and by whomever: mail
//! scanners fetch links. The link never signs in; the password is typed.

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::mail::address::Address;
use crate::mail::envelope::{ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::notice::{self, HandOffText, Kind, Language, Notification};
use crate::mail::reference::Reference;
use crate::store::{Piece, Read};
use crate::vault::{self, ContentKey, Lookup, Password};

use super::delivery;
use super::issue::TemporaryView;
use super::notice::Telling;
use super::parcel::Besides;
use super::parcel::Parcel;
use super::tables::{
    ACCOUNTS, AccountId, CREDENTIALS, CredentialKind, DeliveryState, Due, HandOff, HeldMail,
    MAILBOXES, PICKUPS, PICKUPS_OF, PREFERENCES, Pickup, PickupEnd, Protection, QueueKind,
    QueueRow, QueueState, ReferenceKey, SUBMISSIONS, TEMPORARY, Temporary, TlsNeed,
};
use super::{Actor, Error, Gateway, credential, mailbox, queue};

/// What a link says to whoever follows it.
#[derive(Clone, Debug)]
pub struct PickupView {
    pub organisation: String,
    pub state: PickupState,
    pub from_name: Option<String>,
    pub from_address: String,
    pub reference: Reference,
    pub sent: Timestamp,
    pub until: Timestamp,
    /// Letters that wait unopened.
    pub waiting: u64,
    pub login_name: Option<String>,
    pub hand_off: HandOff,
    pub phone: Option<String>,
    pub language: Option<&'static str>,
}

/// Whether the account is still there, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickupState {
    /// Nobody has signed in yet.
    Waiting,
    Claimed,
    Expired,
    Revoked,
}

/// An outsider asks for a letter to be sent again at most once in that time.
const ASK_EVERY_SECS: i64 = 24 * 3600;
const TOKEN_SYMBOLS: usize = 26;
/// More than two, one below the other, are read by nobody.
const LANGUAGES_MAX: usize = 2;
const MISSING: Error = Error::NotFound { what: "link" };

impl Gateway {
    /// A new token for a link, and the key of its record.
    pub(super) fn pickup_token(&self) -> Result<([u8; 16], Zeroizing<String>), Error> {
        let symbols = vault::random_password()?;
        let token: String = symbols.expose().chars().filter(|c| *c != '-').collect();
        Ok((self.pickup_key(&token), Zeroizing::new(token)))
    }

    fn pickup_key(&self, token: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Pickup, token.to_ascii_lowercase().as_bytes())
    }

    fn pickup_row(&self, token: &str) -> Result<([u8; 16], Pickup), Error> {
        if token.len() != TOKEN_SYMBOLS {
            return Err(MISSING);
        }
        let key = self.pickup_key(token);
        Ok((key, self.inner.store.get(&PICKUPS, &key)?.ok_or(MISSING)?))
    }

    /// What a link says. Changes nothing.
    pub fn pickup(&self, token: &str) -> Result<PickupView, Error> {
        let (_, row) = self.pickup_row(token)?;
        let temporary = self.temporary(row.account)?;
        let now = self.inner.clock.now();
        let state = match (&temporary, row.end) {
            (_, Some(PickupEnd::Revoked | PickupEnd::Deleted)) => PickupState::Revoked,
            (None, _) | (_, Some(PickupEnd::Expired)) => PickupState::Expired,
            (Some(found), None) if found.expires <= now => PickupState::Expired,
            (Some(found), None) if found.claimed.is_some() => PickupState::Claimed,
            _ => PickupState::Waiting,
        };
        let living = matches!(state, PickupState::Waiting | PickupState::Claimed);
        let account = self.inner.store.get(&ACCOUNTS, &row.account)?;
        let sender = self.inner.store.get(&ACCOUNTS, &row.sender)?;
        let inbox = self.inner.store.get(&MAILBOXES, &(row.account, mailbox::INBOX))?;
        let from = sender.map(|sender| sender.view(row.sender));
        let (settings, house) = (&self.inner.settings, self.house()?);
        Ok(PickupView {
            organisation: house.organisation.clone(),
            state,
            from_name: from.as_ref().map(|from| from.display_name.clone()),
            from_address: from.map(|from| from.address).unwrap_or_default(),
            reference: Reference::from_bytes(row.letter).ok_or(MISSING)?,
            sent: row.sent,
            until: temporary.as_ref().map_or(row.until, |found| found.expires),
            waiting: inbox.map_or(0, |inbox| inbox.unopened),
            login_name: account.filter(|_| living).map(|account| account.name),
            hand_off: temporary.map_or(settings.hand_off, |found| found.hand_off),
            phone: house.phone.clone(),
            language: match self.languages_for(row.account, row.sender)?.as_slice() {
                [one] => Some(one.tag()),
                // The reader's is not known: their browser says more than we can.
                _ => None,
            },
        })
    }

    /// Whether a letter with this number was sent from here, and when; never by or to whom.
    pub fn reference_verify(&self, reference: Reference) -> Result<Option<Timestamp>, Error> {
        let row = self.inner.store.get(&SUBMISSIONS, &reference.to_bytes())?;
        Ok(row.map(|row| row.accepted))
    }

    /// The outsider asks the sender to send the letter again; once a day at most, and only when
    /// the account is gone.
    pub fn pickup_ask(&self, token: &str) -> Result<(), Error> {
        let view = self.pickup(token)?;
        if matches!(view.state, PickupState::Waiting | PickupState::Claimed) {
            return Err(Error::Conflict { code: "still-there" });
        }
        let (key, row) = self.pickup_row(token)?;
        let now = self.inner.clock.now();
        if row.asked.is_some_and(|asked| asked.plus_secs(ASK_EVERY_SECS) > now) {
            return Ok(());
        }
        let recipient = self.recipient_of(row.letter, row.account)?;
        let telling = Telling {
            kind: DeliveryState::Expired,
            about: row.letter,
            recipient: &recipient,
            at: now,
            detail: Some("The recipient asks you to send the message again.".to_owned()),
            besides: Some(Besides::AskedAgain),
            report: None,
        };
        let notice = self.notice_prepare(row.sender, &telling)?;
        self.notice_transact(Some(notice), row.letter, move |tx| {
            let mut row = tx.get(&PICKUPS, &key)?.ok_or(MISSING)?;
            let again = row.asked.is_none_or(|asked| asked.plus_secs(ASK_EVERY_SECS) <= now);
            if again {
                row.asked = Some(now);
                tx.put(&PICKUPS, &key, &row)?;
            }
            Ok(again)
        })
    }

    fn recipient_of(&self, letter: ReferenceKey, account: AccountId) -> Result<String, Error> {
        let found = delivery::of_account(&self.inner.store, letter, account)?;
        Ok(found.map(|(_, delivery)| delivery.address).unwrap_or_default())
    }

    /// In which languages somebody is written to: in their own, where they ever chose one here.
    /// Else in the sender's, as one writes to people one knows, with the house's beside it.
    fn languages_for(&self, reader: AccountId, sender: AccountId) -> Result<Vec<Language>, Error> {
        if let Some(own) = self.language_of(reader)? {
            return Ok(vec![own]);
        }
        let mut languages: Vec<Language> = self.language_of(sender)?.into_iter().collect();
        for house in &self.inner.settings.notification_languages {
            if languages.len() < LANGUAGES_MAX && !languages.contains(house) {
                languages.push(*house);
            }
        }
        Ok(languages)
    }

    fn language_of(&self, account: AccountId) -> Result<Option<Language>, Error> {
        Ok(self.inner.store.get(&PREFERENCES, &account)?.and_then(|own| own.language))
    }

    /// The mail that says that a letter waits.
    pub(super) fn notification(
        &self,
        sender: AccountId,
        account: AccountId,
        temporary: &Temporary,
        pickup: &Pickup,
        token: &str,
        delivery: u32,
    ) -> Result<HeldMail, Error> {
        let parts = Parts { sender, account, temporary, pickup, token, kind: Kind::New };
        self.notification_of(&parts, Some(delivery))
    }

    fn notification_of(&self, parts: &Parts<'_>, delivery: Option<u32>) -> Result<HeldMail, Error> {
        let now = self.inner.clock.now();
        let reference = self.reference_new();
        let octets = self.notification_octets(parts, reference)?;
        let key = ContentKey::generate()?;
        let content = reference.to_bytes();
        let denied = Error::Denied { reason: "an account without an address of its own" };
        let from = Address::parse(&self.account(parts.sender)?.view(parts.sender).address);
        let from = from.map_err(|_| denied)?;
        let to = Address::parse(&parts.temporary.address).map_err(|_| MISSING)?;
        let row = QueueRow {
            letter: parts.pickup.letter,
            content,
            kind: QueueKind::Notification,
            wrapped_key: self.inner.vault.queue_wrap(&queue::binding(content), &key)?,
            delivery,
            smtputf8: from.needs_smtputf8() || to.needs_smtputf8(),
            reverse_path: ReversePath::Address(from),
            recipient: Recipient {
                path: ForwardPath::Address(to),
                notify: Notify::default(),
                orcpt: None,
            },
            ret: None,
            envid: None,
            eight_bit: !octets.is_ascii(),
            require_tls: false,
            tls: TlsNeed::Opportunistic,
            size: octets.len() as u64,
            state: QueueState::Waiting,
            due: now,
            attempts: 0,
            queued: now,
            delay_told: false,
            last: None,
        };
        Ok(HeldMail { content: vault::seal(&key, content, &[&octets])?, row })
    }

    fn notification_octets(
        &self,
        parts: &Parts<'_>,
        reference: Reference,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let settings = &self.inner.settings;
        let from = self.account(parts.sender)?.view(parts.sender);
        let password = match parts.temporary.hand_off {
            HandOff::BySender => None,
            _ => self.initial_password(parts.account, parts.temporary)?,
        };
        let claimed = parts.temporary.claimed.is_some();
        let hand_off = match (claimed, parts.temporary.hand_off, &password) {
            (true, ..) => HandOffText::Claimed,
            (_, HandOff::Claim, Some(password)) => HandOffText::Claim(password.expose()),
            (_, HandOff::InMail, Some(password)) => HandOffText::InMail(password.expose()),
            _ => HandOffText::BySender,
        };
        let inbox = self.inner.store.get(&MAILBOXES, &(parts.account, mailbox::INBOX))?;
        let waiting = inbox.map_or(0, |inbox| inbox.unopened);
        let house = self.house()?;
        let link = format!("{}/pickup/{}", settings.public_url, parts.token);
        let letter = Reference::from_bytes(parts.pickup.letter).ok_or(MISSING)?;
        Ok(Zeroizing::new(notice::notification(&Notification {
            kind: parts.kind,
            languages: &self.languages_for(parts.account, parts.sender)?,
            organisation: &house.organisation,
            from_name: Some(from.display_name.as_str()).filter(|name| !name.is_empty()),
            from_address: &from.address,
            to: &parts.temporary.address,
            reference: &letter.to_string(),
            sent: parts.pickup.sent.to_utc(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX).max(1),
            until: parts.pickup.until.to_utc(),
            link: &link,
            site: &settings.public_url,
            login_name: &self.account(parts.account)?.name,
            hand_off,
            phone: house.phone.as_deref(),
            extra_text: house.notification_text.as_deref(),
            message_id: &self.message_id(reference),
            thread: None,
        })))
    }

    /// Sends the notification again, with the initial password while nobody has claimed the
    /// account; the sponsor's doing.
    pub fn temporary_resend(&self, actor: &Actor, id: &str) -> Result<TemporaryView, Error> {
        let id = self.sponsored(actor, id)?;
        self.notify_again(id, Kind::Again)?;
        self.temporary_view(id, Some(actor.account()))?.ok_or(MISSING)
    }

    /// Tells the outsider and the sponsor that the account ends soon.
    pub(super) fn temporary_warn_one(&self, id: AccountId) -> Result<(), Error> {
        self.notify_again(id, Kind::Expiring)
    }

    fn notify_again(&self, id: AccountId, kind: Kind) -> Result<(), Error> {
        let temporary = self.temporary(id)?.ok_or(MISSING)?;
        let Some(latest) = self.pickup_latest(id)? else {
            return match kind {
                // Its only letter was taken back: there is nobody to warn.
                Kind::Expiring => self.temporary_warned(id),
                _ => Err(MISSING),
            };
        };
        let (key, token) = self.pickup_token()?;
        let now = self.inner.clock.now();
        let pickup = Pickup { until: temporary.expires, asked: None, end: None, ..latest };
        let sender = pickup.sender;
        let parts = Parts {
            sender,
            account: id,
            temporary: &temporary,
            pickup: &pickup,
            token: &token,
            kind,
        };
        let mail = self.notification_of(&parts, None)?;
        let notice = match kind {
            Kind::Expiring => Some(self.notice_prepare(
                temporary.sponsor,
                &Telling {
                    kind: DeliveryState::Waiting,
                    about: pickup.letter,
                    recipient: &temporary.address,
                    at: now,
                    detail: Some(format!(
                        "The temporary account ends at {}; you can renew it.",
                        temporary.expires.to_rfc3339()
                    )),
                    besides: Some(Besides::Ending),
                    report: None,
                },
            )?),
            _ => None,
        };
        let (letter, wake) = (pickup.letter, self.inner.queue_wake.clone());
        self.notice_transact(notice, letter, move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            if kind == Kind::Expiring && row.warned {
                return Ok(false);
            }
            row.warned |= kind == Kind::Expiring;
            tx.put(&TEMPORARY, &id, &row)?;
            tx.put(&PICKUPS, &key, &pickup)?;
            tx.put(&PICKUPS_OF, &(id, key), &Due)?;
            queue::held_mail_in_tx(tx, &mail, now)?;
            Ok(kind == Kind::Expiring)
        })?;
        wake.notify_one();
        Ok(())
    }

    fn temporary_warned(&self, id: AccountId) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            row.warned = true;
            Ok::<_, Error>(tx.put(&TEMPORARY, &id, &row)?)
        });
        done.wait()
    }

    fn pickup_latest(&self, id: AccountId) -> Result<Option<Pickup>, Error> {
        let mut keys = Vec::new();
        let order = crate::store::Order::Ascending;
        self.inner.store.scan(&PICKUPS_OF, &id, order, |(_, key), Due| {
            keys.push(key);
            std::ops::ControlFlow::Continue(())
        })?;
        let mut latest: Option<Pickup> = None;
        for key in keys {
            if let Some(pickup) = self.inner.store.get(&PICKUPS, &key)?
                && latest.as_ref().is_none_or(|found| found.sent < pickup.sent)
            {
                latest = Some(pickup);
            }
        }
        Ok(latest)
    }

    /// The first sign-in of a temporary account in hand-off `claim`: the password from the mail
    /// opens it once more, is replaced by the outsider's own, and then opens nothing. Of two
    /// browsers in the same second one wins, and the other is refused.
    pub(super) fn claim(
        &self,
        id: AccountId,
        unlock: &vault::UnlockKey,
        own: &Password,
    ) -> Result<(), Error> {
        let (credential_id, credential) = self.credential_new(id, own, unlock)?;
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(Error::Refused)?;
            if row.claimed.is_some() {
                return Err(Error::Refused);
            }
            (row.claimed, row.sealed_password) = (Some(now), None);
            tx.put(&TEMPORARY, &id, &row)?;
            credential::drop_in_tx(tx, id, |kind| kind == CredentialKind::Password)?;
            Ok::<_, Error>(tx.put(&CREDENTIALS, &(id, credential_id), &credential)?)
        });
        done.wait()
    }

    /// The first sign-in in the other hand-offs: the password stays, our copy of it goes.
    pub(super) fn first_sign_in(&self, id: AccountId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(Error::Refused)?;
            if row.claimed.is_none() {
                (row.claimed, row.sealed_password) = (Some(now), None);
                tx.put(&TEMPORARY, &id, &row)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}

/// What a notification is made from.
struct Parts<'a> {
    sender: AccountId,
    account: AccountId,
    temporary: &'a Temporary,
    pickup: &'a Pickup,
    token: &'a str,
    kind: Kind,
}

/// The parcel of a generated message that waits in a record.
pub(super) fn parcel_of(mail: &HeldMail, now: Timestamp) -> Result<Parcel, Error> {
    Ok(Parcel {
        reference: Reference::from_bytes(mail.row.content).ok_or(MISSING)?,
        received: now,
        filed: None,
        reverse_path: String::new(),
        trace_octets: 0,
        size: mail.row.size,
        protection: Protection::Inside,
        content: vec![Piece::Inline(mail.content.clone().into())],
        readers: Vec::new(),
        other_holders: 1,
    })
}
