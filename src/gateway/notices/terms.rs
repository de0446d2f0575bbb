//! When somebody wants notices of chats and boards.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::notices::due::{DAY_MINUTES, may_be_given, zone_named};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::notice::{NoticeCode, NoticeTerms};
use crate::gateway::records::tables::{ACCOUNT_KEYS, NOTICE_ADDRESSES, NOTICE_TERMS};
use crate::gateway::settings::Notices;
use crate::store::Read;
use crate::terms::NoticeAddressState;

/// What somebody chose about notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticesView {
    pub terms: NoticeTerms,
    /// Whether notices may go to another address here.
    pub may_mail: bool,
    pub address: Option<NoticeAddressView>,
}

/// The other address for notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeAddressView {
    pub address: String,
    pub state: NoticeAddressState,
    pub since: Timestamp,
    /// Whether the code that was sent there can still be entered.
    pub code_waits: bool,
}

impl Gateway {
    /// What the actor chose about notices.
    pub fn notices(&self, actor: &Actor) -> Result<NoticesView, Error> {
        inside(actor)?;
        let (account, now) = (actor.account(), self.inner.clock.now());
        let settings = &self.inner.settings.notices;
        let row = self.inner.store.get(&NOTICE_ADDRESSES, &account)?;
        let address = row.and_then(|row| {
            let code_waits = row.code.is_some_and(|code| code_waits(settings, code, now));
            let (state, since) = (row.state, row.since);
            row.address.map(|address| NoticeAddressView { address, state, since, code_waits })
        });
        Ok(NoticesView {
            terms: self.notice_terms(account)?,
            may_mail: self.may_mail_notices()?,
            address,
        })
    }

    /// Replaces what the actor chose about the time of notices.
    pub fn notices_set(&self, actor: &Actor, wanted: &NoticeTerms) -> Result<NoticesView, Error> {
        inside(actor)?;
        checked(wanted)?;
        let (account, wanted) = (actor.account(), wanted.clone());
        let done = self.inner.store.transact(move |tx| {
            // A user who is being removed leaves nothing.
            if !tx.has(&ACCOUNT_KEYS, &account)? {
                return Err(Error::Refused);
            }
            Ok(tx.put(&NOTICE_TERMS, &account, &wanted)?)
        });
        done.wait()?;
        self.notices(actor)
    }

    pub(in crate::gateway) fn notice_terms(
        &self,
        account: AccountId,
    ) -> Result<NoticeTerms, Error> {
        Ok(self.inner.store.get(&NOTICE_TERMS, &account)?.unwrap_or_default())
    }

    /// Whether a notice to somebody may be given now, of what waits since a moment.
    pub(in crate::gateway) fn notice_may_be_given(
        &self,
        account: AccountId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Error> {
        Ok(may_be_given(&self.notice_terms(account)?, since, now))
    }

    /// Whether notices may leave at all.
    pub(in crate::gateway) fn may_mail_notices(&self) -> Result<bool, Error> {
        Ok(self.inner.settings.notices.other_address && !self.site()?.policy.intranet)
    }
}

/// Whether a code can still be entered.
pub(super) fn code_waits(settings: &Notices, code: NoticeCode, now: Timestamp) -> bool {
    code.sent.plus_secs(settings.code_secs) > now && code.wrong < settings.code_tries_max
}

/// Notices are for people inside.
pub(super) fn inside(actor: &Actor) -> Result<(), Error> {
    match actor.is_temporary() {
        false => Ok(()),
        true => Err(Error::Denied { reason: "a temporary account has no notices of chats" }),
    }
}

fn checked(terms: &NoticeTerms) -> Result<(), Error> {
    let invalid = |what: &str| Err(Error::Invalid { what: what.to_owned() });
    if zone_named(&terms.zone).is_none() {
        return invalid("there is no such time zone");
    }
    let minutes = terms.quiet.map_or([0, 0], |quiet| [quiet.from, quiet.until]);
    if minutes.iter().chain([&terms.daily_minute]).any(|minute| *minute >= DAY_MINUTES) {
        return invalid("a time of the day is a number of minutes after midnight, below 1,440");
    }
    match terms.quiet {
        Some(quiet) if quiet.from == quiet.until => {
            invalid("the quiet hours begin and end at different times")
        }
        _ => Ok(()),
    }
}
