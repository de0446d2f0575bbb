//! Notifications tell outsiders that a message waits and how to reach it. They have no content.

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::mailbox;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::outsiders::asking::{asking, check_asks};
use crate::gateway::outsiders::pickup::MISSING;
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::generated;
use crate::gateway::queue::generated::NewRow;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::{Due, TlsNeed};
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::{MAILBOXES, PICKUPS, PICKUPS_OF, TEMPORARY};
use crate::gateway::records::temporary::{OpensBy, Pickup, Temporary};
use crate::gateway::reporting::notice::{Detail, NoticeDraft, changed_in_tx};
use crate::mail::address::Address;
use crate::mail::envelope::{Notify, ReversePath};
use crate::mail::notification::{self, HandOffText, Kind, Notification};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{DeliveryState, HandOff, Language, QueueKind};

/// A mail with more than two languages is not readable.
const LANGUAGES_MAX: usize = 2;

impl Gateway {
    /// The languages of mail to a reader: the reader's own, if one was ever chosen here.
    /// Otherwise in the sender's, as people write to people they know, and in the organisation's.
    pub(in crate::gateway) fn languages_for(
        &self,
        reader: AccountId,
        sender: AccountId,
    ) -> Result<Vec<Language>, Error> {
        if let Some(own) = self.language_of(reader)? {
            return Ok(vec![own]);
        }
        let mut languages: Vec<Language> = self.language_of(sender)?.into_iter().collect();
        for site in &self.inner.settings.notification_languages {
            if languages.len() < LANGUAGES_MAX && !languages.contains(site) {
                languages.push(*site);
            }
        }
        Ok(languages)
    }

    /// The notification that a message waits.
    pub(in crate::gateway) fn notification(
        &self,
        sender: AccountId,
        account: AccountId,
        temporary: &Temporary,
        pickup: &Pickup,
        token: &str,
        delivery: u32,
    ) -> Result<HeldMail, Error> {
        let unopened = self.unopened_in(account)?;
        let parts = Parts { sender, account, temporary, pickup, token, kind: Kind::New, unopened };
        self.notification_of(&parts, Some(delivery))
    }

    fn notification_of(&self, parts: &Parts<'_>, delivery: Option<u32>) -> Result<HeldMail, Error> {
        let now = self.inner.clock.now();
        let reference = self.reference_new();
        let octets = self.notification_octets(parts, reference)?;
        let denied = Error::Denied {
            reason: "an account without an address cannot send to external recipients",
        };
        let from = Address::parse(&self.account(parts.sender)?.view(parts.sender).address);
        let from = from.map_err(|_| denied)?;
        let to = Address::parse(&parts.temporary.address).map_err(|_| MISSING)?;
        let row = NewRow {
            kind: QueueKind::Notification,
            about: parts.pickup.message,
            delivery,
            from: ReversePath::Address(from),
            to: &to,
            notify: Notify::default(),
            tls: TlsNeed::Opportunistic,
            size: octets.len() as u64,
            eight_bit: !octets.is_ascii(),
            now,
        };
        row.with_content(self, reference, &octets)
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
        let sponsor = self.sponsor_name(parts.temporary)?.unwrap_or_default();
        let hand_off = match (parts.temporary.opens_by(), &password) {
            (OpensBy::OneTime, Some(password)) => HandOffText::Claim(password.expose()),
            (OpensBy::OneTime, None) => HandOffText::BySender(&sponsor),
            (OpensBy::InMail, Some(password)) => HandOffText::InMail(password.expose()),
            (OpensBy::InMail, None) => HandOffText::Known,
            (OpensBy::Own, _) => HandOffText::Claimed,
        };
        // What is announced for the first time is not in the mailbox yet.
        let announced = u64::from(parts.kind == Kind::New);
        let waiting = parts.unopened + announced;
        let site = self.site()?;
        let link = format!("{}/pickup/{}", settings.public_url, parts.token);
        let message = Reference::from_bytes(parts.pickup.message).ok_or(MISSING)?;
        Ok(Zeroizing::new(notification::notification(&Notification {
            kind: parts.kind,
            languages: &self.languages_for(parts.account, parts.sender)?,
            organisation: &site.organisation,
            from_name: Some(from.display_name.as_str()).filter(|name| !name.is_empty()),
            from_address: &from.address,
            to: &parts.temporary.address,
            reference: &message.to_string(),
            sent: parts.pickup.sent.to_utc(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            until: parts.pickup.until.to_utc(),
            link: &link,
            site: &settings.public_url,
            login_name: &self.account(parts.account)?.name,
            hand_off,
            phone: site.phone.as_deref(),
            extra_text: site.notification_text.as_deref(),
            message_id: &self.message_id(reference),
            thread: None,
        })))
    }

    /// Sends the notification again for the sponsor, with a password as long as the outsider has
    /// chosen none.
    pub fn temporary_resend(&self, actor: &Actor, id: &str) -> Result<TemporaryView, Error> {
        let id = self.sponsored(actor, id)?;
        self.notify_again(id, Why::Sponsor)?;
        self.temporary_view(id, Some(actor.account()))?.ok_or(MISSING)
    }

    /// Warns the outsider and the sponsor that the account expires soon.
    pub(in crate::gateway) fn temporary_warn_one(&self, id: AccountId) -> Result<(), Error> {
        self.notify_again(id, Why::Expiring)
    }

    /// Sends the notification again for the outsider, who asked for it, and tells the sponsor.
    pub(in crate::gateway) fn temporary_notify_asked(&self, id: AccountId) -> Result<(), Error> {
        self.notify_again(id, Why::Asked)
    }

    fn notify_again(&self, id: AccountId, why: Why) -> Result<(), Error> {
        let temporary = self.temporary(id)?.ok_or(MISSING)?;
        let Some(latest) = self.pickup_latest(id, |_| true)? else {
            return match why {
                // The sending of its only message was undone: there is nobody to warn.
                Why::Expiring => self.temporary_warned(id),
                Why::Sponsor | Why::Asked => Err(MISSING),
            };
        };
        // Who wrote was removed since: nobody would answer for a notification in that name.
        if !self.account_exists(latest.sender)? || !self.account_exists(temporary.sponsor)? {
            return match why {
                Why::Expiring => self.temporary_warned(id),
                Why::Sponsor | Why::Asked => Err(MISSING),
            };
        }
        let (key, token) = self.pickup_token()?;
        let now = self.inner.clock.now();
        let asked = (why == Why::Asked).then_some(now);
        let pickup = Pickup { until: temporary.expires, asked, end: None, ..latest };
        let parts = Parts {
            sender: pickup.sender,
            account: id,
            temporary: &temporary,
            pickup: &pickup,
            token: &token,
            kind: why.kind(),
            unopened: self.unopened_in(id)?,
        };
        let mail = self.notification_of(&parts, None)?;
        let notice = match why.tells(&temporary, pickup.message, now) {
            Some(draft) => Some(self.notice_prepare(temporary.sponsor, &draft)?),
            None => None,
        };
        let max = self.inner.settings.temporary_asks_max;
        self.notice_transact(notice, pickup.message, move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            if why == Why::Expiring && row.warned {
                return Ok(false);
            }
            if why == Why::Asked {
                check_asks(tx, id, max, now)?;
            }
            row.warned |= why == Why::Expiring;
            tx.put(&TEMPORARY, &id, &row)?;
            tx.put(&PICKUPS, &key, &pickup)?;
            tx.put(&PICKUPS_OF, &(id, key), &Due)?;
            generated::held_mail_in_tx(tx, &mail, now)?;
            Ok(why != Why::Sponsor)
        })
    }

    /// The notification of an account that is started again. `row` has the password that it brings, and
    /// `brought` the messages that are in it again, `unopened` of them not opened.
    pub(in crate::gateway) fn notification_anew(
        &self,
        id: AccountId,
        row: &Temporary,
        brought: impl Fn(&ReferenceKey) -> bool,
        unopened: u64,
    ) -> Result<Anew, Error> {
        let latest = match self.pickup_latest(id, |pickup| brought(&pickup.message))? {
            Some(found) => Some(found),
            None => self.pickup_latest(id, |_| true)?,
        };
        let latest = latest.ok_or(MISSING)?;
        let (key, token) = self.pickup_token()?;
        let sender = row.sponsor;
        let pickup = Pickup { sender, until: row.expires, asked: None, end: None, ..latest };
        let (temporary, pickup, token) = (row, &pickup, token.as_str());
        let kind = Kind::Again;
        let parts = Parts { sender, account: id, temporary, pickup, token, kind, unopened };
        Ok(Anew { key, mail: self.notification_of(&parts, None)?, pickup: pickup.clone() })
    }

    fn unopened_in(&self, id: AccountId) -> Result<u64, Error> {
        let inbox = self.inner.store.get(&MAILBOXES, &(id, mailbox::INBOX))?;
        Ok(inbox.map_or(0, |inbox| inbox.unopened))
    }

    fn temporary_warned(&self, id: AccountId) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            row.warned = true;
            Ok::<_, Error>(tx.put(&TEMPORARY, &id, &row)?)
        });
        done.wait()
    }

    fn pickup_latest(
        &self,
        id: AccountId,
        wanted: impl Fn(&Pickup) -> bool,
    ) -> Result<Option<Pickup>, Error> {
        let mut keys = Vec::new();
        let order = crate::store::Order::Ascending;
        self.inner.store.scan(&PICKUPS_OF, &id, order, |(_, key), Due| {
            keys.push(key);
            std::ops::ControlFlow::Continue(())
        })?;
        let mut latest: Option<Pickup> = None;
        for key in keys {
            if let Some(pickup) = self.inner.store.get(&PICKUPS, &key)?
                && wanted(&pickup)
                && latest.as_ref().is_none_or(|found| found.sent < pickup.sent)
            {
                latest = Some(pickup);
            }
        }
        Ok(latest)
    }
}

/// Why a notification is sent that announces no new message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The sponsor wants it.
    Sponsor,
    /// The outsider asked for it.
    Asked,
    /// The account expires soon.
    Expiring,
}

impl Why {
    fn kind(self) -> Kind {
        match self {
            Why::Sponsor | Why::Asked => Kind::Again,
            Why::Expiring => Kind::Expiring,
        }
    }

    /// What the sponsor is told.
    fn tells(
        self,
        row: &Temporary,
        message: ReferenceKey,
        now: Timestamp,
    ) -> Option<NoticeDraft<'_>> {
        match self {
            Why::Sponsor => None,
            Why::Asked => Some(asking(row, message, now)),
            Why::Expiring => Some(NoticeDraft {
                kind: DeliveryState::Waiting,
                about: message,
                recipient: &row.address,
                at: now,
                detail: Some(Detail::Expires(row.expires)),
                topic: Some(NoticeTopic::Ending),
                others: &[],
                report: None,
            }),
        }
    }
}

/// The inputs of a notification.
struct Parts<'a> {
    sender: AccountId,
    account: AccountId,
    temporary: &'a Temporary,
    pickup: &'a Pickup,
    token: &'a str,
    kind: Kind,
    /// How many messages wait in the inbox.
    unopened: u64,
}

/// The notification of an account that is started again, with its link.
pub(in crate::gateway) struct Anew {
    key: [u8; 16],
    pickup: Pickup,
    mail: HeldMail,
}

impl Anew {
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>, now: Timestamp) -> Result<(), Error> {
        tx.put(&PICKUPS, &self.key, &self.pickup)?;
        tx.put(&PICKUPS_OF, &(self.pickup.account, self.key), &Due)?;
        generated::held_mail_in_tx(tx, &self.mail, now)?;
        changed_in_tx(tx, self.pickup.message)
    }
}
