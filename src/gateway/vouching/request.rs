//! Requests to be vouched for. Each of its two parties has a row, so that each can list its own.
//!
//! One person can ask another once; who was refused, or took a request back, can ask again after some
//! days: each request is a message for the other. One that was answered is gone.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::VOUCH_REQUESTS;
use crate::gateway::records::vouching::{RequestSide, VouchRequest};
use crate::gateway::text::parse_hex;
use crate::gateway::vouching::notice::About;
use crate::gateway::vouching::party::NOBODY;
use crate::store::Read;

/// The most requests of an account, asked and asking together.
pub const REQUESTS_MAX: u64 = 200;

/// How long who was refused, or took a request back, cannot ask the same person again.
const ENDED_SECS: i64 = 7 * 24 * 60 * 60;

const NO_REQUEST: Error = Error::NotFound { what: "request" };

impl VouchRequest {
    /// Whether it still says something: one that has ended only stops another for a while.
    pub(in crate::gateway) fn is_kept(&self, now: Timestamp) -> bool {
        self.ended.is_none_or(|ended| ended.plus_secs(ENDED_SECS) > now)
    }

    pub(in crate::gateway) fn is_open(&self) -> bool {
        self.ended.is_none()
    }
}

/// Removes both rows of a request.
pub(in crate::gateway) fn answered_in_tx(tx: &mut Tx<'_, '_>, asked: AccountId, asking: AccountId) {
    tx.delete(&VOUCH_REQUESTS, &(asked, asking));
    tx.delete(&VOUCH_REQUESTS, &(asking, asked));
}

/// Removes the rows of an account that say nothing any more; returns how many it has left.
fn kept_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, now: Timestamp) -> Result<u64, Error> {
    let (mut over, mut kept) = (Vec::new(), 0);
    tx.scan_readable(&VOUCH_REQUESTS, &account, |key, row| {
        match row.is_kept(now) {
            true => kept += 1,
            false => over.push(key),
        }
        ControlFlow::Continue(())
    })?;
    for key in over {
        tx.delete(&VOUCH_REQUESTS, &key);
    }
    Ok(kept)
}

impl Gateway {
    /// Asks the person with this first address, or login name, to vouch for the actor. An address that
    /// nobody has is not told from one of somebody who cannot vouch, nor from a further one.
    pub fn vouch_ask(&self, actor: &Actor, address: &str) -> Result<(), Error> {
        let asking = actor.account();
        let asked = self.colleague_called(address.trim())?.ok_or(NOBODY)?;
        let person =
            self.vouching_person(asked)?.filter(|person| !person.disabled).ok_or(NOBODY)?;
        // The one who is asked has to see who asks, and may answer.
        let reached = self.reaches_from(asking, asked)? && self.reaches_from(asked, asking)?;
        if !reached {
            return Err(NOBODY);
        }
        if asked == asking {
            return Err(Error::Denied { reason: "nobody vouches for oneself" });
        }
        // Who compares needs a key to compare.
        let own = self.own_party(actor, self.signing_pair(actor)?.public())?;
        let notice = self.vouch_notice(person.party.account, About::Asked, actor, &own)?;
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            let keys = [(asked, asking), (asking, asked)];
            for (owner, other) in keys {
                // One who was asked and refused may ask the other way round.
                let found = tx.get(&VOUCH_REQUESTS, &(owner, other))?;
                let stops = |row: &VouchRequest| row.is_open() || owner == asking;
                if found.is_some_and(|row| stops(&row) && row.is_kept(now)) {
                    return Err(Error::Conflict(Conflict::AskedAlready));
                }
                if kept_in_tx(tx, owner, now)? >= REQUESTS_MAX {
                    return Err(Error::OverQuota);
                }
            }
            for ((owner, other), side) in
                keys.into_iter().zip([RequestSide::Asked, RequestSide::Asking])
            {
                let row = VouchRequest { side, at: now, ended: None };
                tx.put(&VOUCH_REQUESTS, &(owner, other), &row)?;
            }
            notice.as_ref().map_or(Ok(()), |notice| notice.store_in_tx(tx))
        });
        done.wait()
    }

    /// Refuses a request, or takes an own one back.
    pub fn vouch_request_end(&self, actor: &Actor, other: &str) -> Result<(), Error> {
        let other = parse_hex(other).map(AccountId).ok_or(NO_REQUEST)?;
        let account = actor.account();
        let row = self.inner.store.get(&VOUCH_REQUESTS, &(account, other))?;
        let row = row.filter(VouchRequest::is_open).ok_or(NO_REQUEST)?;
        let own = self.own_party(actor, self.signing_pair(actor)?.public())?;
        let notice = match row.side {
            RequestSide::Asked => self.vouch_notice(other, About::Refused, actor, &own)?,
            RequestSide::Asking => None,
        };
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            let found = tx.get(&VOUCH_REQUESTS, &(account, other))?;
            let found = found.filter(VouchRequest::is_open).ok_or(NO_REQUEST)?;
            // The row of the one who asked stays for a while, whichever of the two ended it.
            let (asking, asked) = match found.side {
                RequestSide::Asking => (account, other),
                RequestSide::Asked => (other, account),
            };
            tx.delete(&VOUCH_REQUESTS, &(asked, asking));
            if let Some(mut row) = tx.get(&VOUCH_REQUESTS, &(asking, asked))? {
                row.ended = Some(now);
                tx.put(&VOUCH_REQUESTS, &(asking, asked), &row)?;
            }
            match &notice {
                Some(notice) => notice.store_in_tx(tx),
                None => Ok(()),
            }
        });
        done.wait()
    }
}
