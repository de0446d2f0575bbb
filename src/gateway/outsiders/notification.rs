//! Notifications tell outsiders that a message waits and how to reach it. They have no content.

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::mailbox;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::outsiders::pickup::MISSING;
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::generated;
use crate::gateway::queue::generated::NewRow;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::queue::{Due, TlsNeed};
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::{MAILBOXES, PICKUPS, PICKUPS_OF, TEMPORARY};
use crate::gateway::records::temporary::{OpensBy, Pickup, Temporary};
use crate::gateway::reporting::notice::NoticeDraft;
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
        let parts = Parts { sender, account, temporary, pickup, token, kind: Kind::New };
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
        let hand_off = match (parts.temporary.opens_by(), &password) {
            (OpensBy::OneTime, Some(password)) => HandOffText::Claim(password.expose()),
            (OpensBy::OneTime, None) => HandOffText::BySender,
            (OpensBy::InMail, Some(password)) => HandOffText::InMail(password.expose()),
            (OpensBy::InMail, None) => HandOffText::Known,
            (OpensBy::Own, _) => HandOffText::Claimed,
        };
        let inbox = self.inner.store.get(&MAILBOXES, &(parts.account, mailbox::INBOX))?;
        // What is announced for the first time is not in the mailbox yet.
        let announced = u64::from(parts.kind == Kind::New);
        let waiting = inbox.map_or(0, |inbox| inbox.unopened) + announced;
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
        self.notify_again(id, Kind::Again)?;
        self.temporary_view(id, Some(actor.account()))?.ok_or(MISSING)
    }

    /// Warns the outsider and the sponsor that the account expires soon.
    pub(in crate::gateway) fn temporary_warn_one(&self, id: AccountId) -> Result<(), Error> {
        self.notify_again(id, Kind::Expiring)
    }

    fn notify_again(&self, id: AccountId, kind: Kind) -> Result<(), Error> {
        let temporary = self.temporary(id)?.ok_or(MISSING)?;
        let Some(latest) = self.pickup_latest(id)? else {
            return match kind {
                // The sending of its only message was undone: there is nobody to warn.
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
                &NoticeDraft {
                    kind: DeliveryState::Waiting,
                    about: pickup.message,
                    recipient: &temporary.address,
                    at: now,
                    detail: Some(format!(
                        "The temporary account expires at {}; you can renew it.",
                        temporary.expires.to_rfc3339()
                    )),
                    topic: Some(NoticeTopic::Ending),
                    report: None,
                },
            )?),
            _ => None,
        };
        self.notice_transact(notice, pickup.message, move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            if kind == Kind::Expiring && row.warned {
                return Ok(false);
            }
            row.warned |= kind == Kind::Expiring;
            tx.put(&TEMPORARY, &id, &row)?;
            tx.put(&PICKUPS, &key, &pickup)?;
            tx.put(&PICKUPS_OF, &(id, key), &Due)?;
            generated::held_mail_in_tx(tx, &mail, now)?;
            Ok(kind == Kind::Expiring)
        })
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
}

/// The inputs of a notification.
struct Parts<'a> {
    sender: AccountId,
    account: AccountId,
    temporary: &'a Temporary,
    pickup: &'a Pickup,
    token: &'a str,
    kind: Kind,
}
