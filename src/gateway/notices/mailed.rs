//! Notices that leave: to the other address that somebody confirmed, by the queue, with a reference number and
//! where to read, and nothing else. Mail that comes back ends that, and its owner is told.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::queue::generated::held_mail_in_tx;
use crate::gateway::records::account::Owner;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::notice::NoticeAddress;
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::{ACCOUNTS, NOTICE_ADDRESSES, NOTICE_MAILS};
use crate::gateway::text::shown;
use crate::mail::address::Address;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::envelope::{ForwardPath, ReversePath};
use crate::mail::waits_text;
use crate::store::Read;
use crate::terms::{Language, NoticeAddressState, QueueKind};

pub(super) const DAY_SECS: i64 = 24 * 3_600;

/// A mail to somebody's other address, prepared for the queue.
pub(in crate::gateway) struct Mailed {
    pub(super) account: AccountId,
    address: String,
    mail: HeldMail,
    at: Timestamp,
    per_day_max: usize,
}

/// What follows from a mail to somebody's other address that came back.
pub(in crate::gateway) struct CameBack {
    account: AccountId,
    address: String,
    at: Timestamp,
    message: SealedMessage,
}

/// Whether an account is there, and not disabled: who was locked out learns nothing outside.
fn is_able(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    Ok(reader.get(&ACCOUNTS, &account)?.is_some_and(|row| !row.disabled))
}

/// The moments of the last day.
pub(super) fn lately(all: &[Timestamp], now: Timestamp) -> Vec<Timestamp> {
    all.iter().copied().filter(|at| at.plus_secs(DAY_SECS) > now).collect()
}

impl Gateway {
    /// The mail that says that something waits, where the account confirmed another address.
    pub(in crate::gateway) fn notice_mail(
        &self,
        account: AccountId,
        about: ReferenceKey,
    ) -> Result<Option<Mailed>, Error> {
        let row = readable(self.inner.store.get(&NOTICE_ADDRESSES, &account))?.flatten();
        let row = row.filter(|row| row.state == NoticeAddressState::Confirmed);
        let Some(address) = row.and_then(|row| row.address) else { return Ok(None) };
        if !self.may_mail_notices()? || !is_able(&self.inner.store, account)? {
            return Ok(None);
        }
        let language = self.language_of(account)?.unwrap_or(Language::English);
        let url = &self.inner.settings.public_url;
        let number = shown(about).to_string();
        let subject = waits_text::mailed_subject(language, &number);
        let text = waits_text::mailed_text(language, &number, url);
        self.mail_to_other(account, &address, (&subject, &text)).map(Some)
    }

    /// A mail to an address that is not ours, in the name of the site.
    pub(super) fn mail_to_other(
        &self,
        account: AccountId,
        address: &str,
        (subject, text): (&str, &str),
    ) -> Result<Mailed, Error> {
        let (reference, at, site) = (self.reference_new(), self.inner.clock.now(), self.site()?);
        let to = Address::parse(address)
            .map_err(|_| Error::Invalid { what: "this is not an address".to_owned() })?;
        let from = (!site.organisation.is_empty()).then(|| site.organisation.clone());
        let octets = compose::begin(
            &Message {
                from: Mailbox { name: from, address: self.system_address() },
                to: &[Mailbox { name: None, address: address.to_owned() }],
                cc: &[],
                reply_to: None,
                subject,
                date: at.to_utc(),
                message_id: &self.message_id(reference),
                in_reply_to: None,
                references: &[],
                reference: &reference.to_string(),
                text: &format!("{}\n\n{text}", site.organisation),
                html: None,
                // RFC 3834 §5: no auto-responder answers it.
                extra: &[("Auto-Submitted", "auto-generated".to_owned())],
            },
            compose::Follows::default(),
            "",
        );
        // RFC 5321 §4.5.5: from the null reverse-path, so that nothing answers it.
        let path = ReversePath::Address(to);
        let mail = self.report(reference.to_bytes(), reference, &path, &octets, at)?;
        let per_day_max = self.inner.settings.notices.mails_per_day_max;
        Ok(Mailed { account, address: address.to_owned(), mail, at, per_day_max })
    }

    /// What follows if this row of the queue fails for good: something, if it went to somebody's other address.
    pub(in crate::gateway) fn notice_came_back(
        &self,
        row: &QueueRow,
    ) -> Result<Option<CameBack>, Error> {
        if row.kind != QueueKind::Report {
            return Ok(None);
        }
        let of = readable(self.inner.store.get(&NOTICE_MAILS, &row.content))?.flatten();
        let Some(Owner(account)) = of else { return Ok(None) };
        if !self.account_exists(account)? {
            return Ok(None);
        }
        let ForwardPath::Address(to) = &row.recipient.path else { return Ok(None) };
        let language = self.language_of(account)?.unwrap_or(Language::English);
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let number = reference.to_string();
        let subject = waits_text::came_back_subject(language, &number);
        let text = waits_text::came_back_text(language, &to.to_string(), &number);
        let message = self.plain_notice(account, reference, (subject, &text))?;
        Ok(Some(CameBack { account, address: to.to_string(), at, message }))
    }
}

impl Mailed {
    /// Queues a notice, unless its owner chose otherwise meanwhile, or got enough of them today: the notice in
    /// the inbox is there in any case.
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let row = readable(tx.get(&NOTICE_ADDRESSES, &self.account))?.flatten();
        let Some(row) = row.filter(|row| row.state == NoticeAddressState::Confirmed) else {
            return Ok(());
        };
        let mut mailed = lately(&row.mailed, self.at);
        if !is_able(&**tx, self.account)? {
            return Ok(());
        }
        if row.address.as_ref() != Some(&self.address) || mailed.len() >= self.per_day_max {
            return Ok(());
        }
        mailed.push(self.at);
        tx.put(&NOTICE_ADDRESSES, &self.account, &NoticeAddress { mailed, ..row })?;
        self.queue_in_tx(tx)
    }

    /// Queues it, and says whose it is.
    pub(super) fn queue_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        tx.put(&NOTICE_MAILS, &self.mail.row.content, &Owner(self.account))?;
        held_mail_in_tx(tx, &self.mail, self.at)
    }
}

impl CameBack {
    /// Turns the address off and says so to its owner, unless it is another one by now, or was off.
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let row = readable(tx.get(&NOTICE_ADDRESSES, &self.account))?.flatten();
        let is_it = |row: &NoticeAddress| {
            row.address.as_ref() == Some(&self.address) && row.state != NoticeAddressState::Failed
        };
        let Some(row) = row.filter(is_it) else { return Ok(()) };
        let (state, since) = (NoticeAddressState::Failed, self.at);
        let row = NoticeAddress { state, since, code: None, ..row };
        tx.put(&NOTICE_ADDRESSES, &self.account, &row)?;
        self.message.store_in_tx(tx)
    }
}

/// Forgets whose a mail was that is in the queue no more.
pub(in crate::gateway) fn mail_ended_in_tx(
    tx: &mut Tx<'_, '_>,
    row: &QueueRow,
) -> Result<(), Error> {
    if row.kind == QueueKind::Report && tx.has(&NOTICE_MAILS, &row.content)? {
        tx.delete(&NOTICE_MAILS, &row.content);
    }
    Ok(())
}
