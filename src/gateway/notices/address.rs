//! The other address for notices: named by its owner with the password, and confirmed by a code that was sent
//! to it.
//!
//! | state | what is sent there |
//! | --- | --- |
//! | unconfirmed | codes, a few on a day for each account and for each address |
//! | confirmed | notices |
//! | failed | nothing: mail came back |
//!
//! An address that was removed keeps its counts, so that removing it allows no more codes.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::notices::mailed::{DAY_SECS, lately};
use crate::gateway::notices::terms::{NoticesView, code_waits, inside};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::notice::{NoticeAddress, NoticeAsked, NoticeCode};
use crate::gateway::records::tables::{ACCOUNT_KEYS, NOTICE_ADDRESSES, NOTICE_ASKED};
use crate::mail::address::{Address, Domain};
use crate::mail::waits_text;
use crate::store::Read;
use crate::terms::{Language, NoticeAddressState};
use crate::vault::{self, Lookup, Password};

/// How many digits a code has.
const CODE_DIGITS: usize = 8;
const CODES: u64 = 100_000_000;
/// How many rows one pass removes.
const ROWS_AT_ONCE: usize = 1_000;

impl Gateway {
    /// Names another address for notices, in place of an earlier one, and sends a code there. It needs the
    /// password: an open session alone sends nothing to strangers.
    pub fn notice_address_ask(
        &self,
        actor: &Actor,
        address: &str,
        password: &Password,
    ) -> Result<NoticesView, Error> {
        inside(actor)?;
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        let address = self.notice_address_checked(address)?;
        let now = self.inner.clock.now();
        let (code, hash) = self.notice_code_new(account, &address)?;
        let language = self.language_of(account)?.unwrap_or(Language::English);
        let subject = waits_text::code_subject(language);
        let url = &self.inner.settings.public_url;
        let text = waits_text::code_text(language, &code, url);
        let mail = self.mail_to_other(account, &address, (&subject, &text))?;
        let key = self.inner.vault.lookup(Lookup::NoticeAddress, folded(&address)?.as_bytes());
        let settings = self.inner.settings.notices;
        let done = self.transact(move |tx| {
            if !tx.has(&ACCOUNT_KEYS, &account)? {
                return Err(Error::Refused);
            }
            let row = tx.get(&NOTICE_ADDRESSES, &account)?;
            // Another code for what counts already would only end that.
            if row.as_ref().is_some_and(|row| row.is_confirmed(&address)) {
                return Err(Error::Invalid { what: "this address is confirmed".to_owned() });
            }
            let (asked, mailed) = row.map(|row| (row.asked, row.mailed)).unwrap_or_default();
            let there = tx.get(&NOTICE_ASKED, &key)?.unwrap_or_default();
            let (mut asked, mut at) = (lately(&asked, now), lately(&there.at, now));
            if asked.len() >= settings.code_mails_per_account_max
                || at.len() >= settings.code_mails_per_address_max
            {
                return Err(Error::Conflict(Conflict::AskedOften));
            }
            asked.push(now);
            at.push(now);
            tx.put(&NOTICE_ASKED, &key, &NoticeAsked { at })?;
            let row = NoticeAddress {
                address: Some(address.clone()),
                state: NoticeAddressState::Unconfirmed,
                since: now,
                code: Some(NoticeCode { hash, sent: now, wrong: 0 }),
                asked,
                mailed: lately(&mailed, now),
            };
            tx.put(&NOTICE_ADDRESSES, &account, &row)?;
            mail.queue_in_tx(tx)
        });
        done.wait()?;
        self.notices(actor)
    }

    /// Confirms the address by the code that was sent there.
    pub fn notice_address_confirm(&self, actor: &Actor, code: &str) -> Result<NoticesView, Error> {
        inside(actor)?;
        let (account, now) = (actor.account(), self.inner.clock.now());
        let code: String =
            code.chars().filter(char::is_ascii_digit).take(CODE_DIGITS + 1).collect();
        let row = self.inner.store.get(&NOTICE_ADDRESSES, &account)?.ok_or(NO_CODE)?;
        let address = row.address.ok_or(NO_CODE)?;
        let hash = self.notice_code_hash(account, &address, &code);
        let settings = self.inner.settings.notices;
        let done = self.transact(move |tx| {
            let row = tx.get(&NOTICE_ADDRESSES, &account)?.ok_or(NO_CODE)?;
            let sent = row.code.filter(|code| {
                code_waits(&settings, *code, now) && row.address.as_ref() == Some(&address)
            });
            let sent = sent.ok_or(NO_CODE)?;
            let is_right = sent.hash == hash;
            let row = match is_right {
                true => NoticeAddress {
                    state: NoticeAddressState::Confirmed,
                    since: now,
                    code: None,
                    ..row
                },
                false => NoticeAddress {
                    code: Some(NoticeCode { wrong: sent.wrong + 1, ..sent }),
                    ..row
                },
            };
            tx.put(&NOTICE_ADDRESSES, &account, &row)?;
            Ok(is_right)
        });
        match done.wait()? {
            true => self.notices(actor),
            false => Err(Error::Invalid { what: "this is not the code that was sent".to_owned() }),
        }
    }

    /// Sends no more notices to the other address.
    pub fn notice_address_remove(&self, actor: &Actor) -> Result<NoticesView, Error> {
        inside(actor)?;
        let (account, now) = (actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            let Some(row) = tx.get(&NOTICE_ADDRESSES, &account)? else { return Ok(()) };
            let (asked, mailed) = (lately(&row.asked, now), lately(&row.mailed, now));
            let row = NoticeAddress { address: None, code: None, asked, mailed, ..row };
            Ok::<_, Error>(tx.put(&NOTICE_ADDRESSES, &account, &row)?)
        });
        done.wait()?;
        self.notices(actor)
    }

    /// An address outside, to which mail may go.
    fn notice_address_checked(&self, address: &str) -> Result<String, Error> {
        if !self.may_mail_notices()? {
            return Err(Error::Denied { reason: "notices do not leave this site" });
        }
        let invalid = |what: &str| Error::Invalid { what: what.to_owned() };
        let parsed = Address::parse(address.trim()).map_err(|_| invalid("this is no address"))?;
        if !matches!(parsed.domain(), Domain::Name(_)) {
            return Err(invalid("the address needs the name of a domain"));
        }
        // Whichever form of the domain it is written in.
        if self.as_ours(&parsed).is_some() {
            return Err(invalid("the address is one of ours: notices are in the inbox already"));
        }
        Ok(parsed.to_string())
    }

    fn notice_code_new(
        &self,
        account: AccountId,
        address: &str,
    ) -> Result<(String, [u8; 16]), Error> {
        let drawn = u64::from_be_bytes(vault::random_bytes()?) % CODES;
        let code = format!("{drawn:0width$}", width = CODE_DIGITS);
        let hash = self.notice_code_hash(account, address, &code);
        Ok((code, hash))
    }

    fn notice_code_hash(&self, account: AccountId, address: &str, code: &str) -> [u8; 16] {
        let text = [&account.0, address.as_bytes(), b"\0", code.as_bytes()].concat();
        self.inner.vault.lookup(Lookup::NoticeCode, &text)
    }

    /// Forgets to which addresses codes were sent more than a day ago.
    pub(in crate::gateway) fn notice_asked_expire(&self, now: Timestamp) -> Result<(), Error> {
        let mut old = Vec::new();
        self.inner.store.scan_readable(&NOTICE_ASKED, &(), |key, row| {
            old.extend(row.at.iter().all(|at| at.plus_secs(DAY_SECS) <= now).then_some(key));
            if old.len() < ROWS_AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if old.is_empty() {
            return Ok(());
        }
        let done = self.transact(move |tx| {
            for key in &old {
                let row = tx.get(&NOTICE_ASKED, key)?.unwrap_or_default();
                if lately(&row.at, now).is_empty() {
                    tx.delete(&NOTICE_ASKED, key);
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}

const NO_CODE: Error = Error::NotFound { what: "code" };

/// An address as it counts: nobody gets more codes by writing it otherwise.
fn folded(address: &str) -> Result<String, Error> {
    let parsed = Address::parse(address)
        .map_err(|_| Error::Invalid { what: "this is no address".to_owned() })?;
    Ok(parsed.normalized())
}
