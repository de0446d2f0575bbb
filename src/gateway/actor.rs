//! The account on whose behalf a call runs.

use std::net::IpAddr;

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::is_member;
use crate::gateway::records::tables::{ACCOUNTS, GROUPS, ROLE_MAILBOXES};
use crate::gateway::text::hex;
use crate::store::Read;
use crate::vault::AccountSecret;

/// Where a change of an account comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedFrom {
    /// The address of a client. In a session, it is the one from which that was opened.
    Address(String),
    /// A command on the server itself.
    Server,
}

impl ChangedFrom {
    /// The address of a client that has no session.
    pub fn peer(peer: IpAddr) -> ChangedFrom {
        ChangedFrom::Address(peer.to_string())
    }
}

/// The person who acts in a role mailbox: a member of the group that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    pub person: AccountId,
    pub group: GroupId,
    /// The epoch of the group that what the person writes is sealed under.
    pub epoch: u32,
    /// When the mailbox was opened for the request.
    pub at: Timestamp,
}

/// What a transaction asks about the one who acts: nothing in an own account.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct Acting {
    account: AccountId,
    behind: Option<Behind>,
}

const NO_MAILBOX: Error = Error::NotFound { what: "role mailbox" };

impl Acting {
    /// Refuses what somebody does who is no member any more by now, or whose mailbox ended.
    pub fn is_there(self, reader: &impl Read) -> Result<(), Error> {
        let Some(Behind { person, group, at, .. }) = self.behind else { return Ok(()) };
        let row = reader.get(&ROLE_MAILBOXES, &self.account)?.filter(|row| !row.ending);
        let is_kept = row.is_some_and(|row| row.group == group);
        let is_member = is_member(reader, (group, person), at)?;
        let is_able = reader.get(&ACCOUNTS, &person)?.is_some_and(|row| !row.disabled);
        match is_kept && is_member && is_able {
            true => Ok(()),
            false => Err(NO_MAILBOX),
        }
    }

    /// Refuses as well what was sealed under an epoch that is no longer in use, or is due: another try
    /// seals it anew.
    pub fn may_write(self, reader: &impl Read) -> Result<(), Error> {
        self.is_there(reader)?;
        let Some(Behind { group, epoch, .. }) = self.behind else { return Ok(()) };
        let row = reader.get(&GROUPS, &group)?;
        match row.is_some_and(|row| row.epoch == epoch && !row.due) {
            true => Ok(()),
            false => Err(Error::Busy),
        }
    }
}

/// The account on whose behalf one request runs, with its opened keys, which are wiped on drop.
pub struct Actor {
    pub(in crate::gateway) account: AccountId,
    pub(in crate::gateway) session: [u8; 16],
    pub(in crate::gateway) secret: AccountSecret,
    pub(in crate::gateway) is_temporary: bool,
    pub(in crate::gateway) is_app: bool,
    pub(in crate::gateway) is_manager: bool,
    pub(in crate::gateway) confirmed: Timestamp,
    /// The address of the client that opened the session.
    pub(in crate::gateway) peer: String,
    pub(in crate::gateway) must_choose: bool,
    /// `None` where a person acts in the own account.
    pub(in crate::gateway) behind: Option<Behind>,
}

impl Actor {
    /// Whether the account is a manager.
    pub fn is_manager(&self) -> bool {
        self.is_manager
    }

    /// When the password was last entered in this session.
    pub fn confirmed(&self) -> Timestamp {
        self.confirmed
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The person who acts, if the account is a role mailbox.
    pub fn behind(&self) -> Option<Behind> {
        self.behind
    }

    /// What a transaction asks about the one who acts.
    pub(in crate::gateway) fn acting(&self) -> Acting {
        Acting { account: self.account, behind: self.behind }
    }

    /// The account of the person who acts.
    pub fn person(&self) -> AccountId {
        self.behind.map_or(self.account, |behind| behind.person)
    }

    /// Whether the account may only read, reject and reply.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Whether the session was opened with an app password, which may only handle mail.
    pub fn is_app(&self) -> bool {
        self.is_app
    }

    /// Whether the owner has to choose a password before anything else.
    pub fn must_choose(&self) -> bool {
        self.must_choose
    }

    /// The session's ID in text form.
    pub fn session_id(&self) -> String {
        hex(&self.session)
    }

    /// Where the owner is told that this actor's changes come from.
    pub(in crate::gateway) fn changes_from(&self) -> ChangedFrom {
        ChangedFrom::Address(self.peer.clone())
    }

    pub(in crate::gateway) fn session(&self) -> [u8; 16] {
        self.session
    }

    pub(in crate::gateway) fn secret(&self) -> &AccountSecret {
        &self.secret
    }
}
