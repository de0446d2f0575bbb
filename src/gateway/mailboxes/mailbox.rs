//! Mailboxes: the six that every account has, the one for confirmations, and the owner's folders,
//! whose names are sealed.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::{AccountId, MailboxId};
use crate::gateway::records::mailbox::{Mailbox, Role};
use crate::gateway::records::numbers::{self, number_in_tx};
use crate::gateway::records::tables::MAILBOXES;
use crate::store::{self, Order, Read};

/// A mailbox as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxView {
    pub id: String,
    pub role: Option<Role>,
    /// The name of a folder; empty for a mailbox with a role.
    pub name: String,
    pub total: u64,
    pub unread: u64,
    pub unopened: u64,
    /// How long an opened message is kept here; `None` means for ever.
    pub kept_secs: Option<i64>,
}

/// The inbox is created first, so it has this ID in every account.
pub(in crate::gateway) const INBOX: MailboxId = numbers::INBOX;

/// Sent is created third (see [`Role::CREATED`]).
pub(in crate::gateway) const SENT: MailboxId = 3;

/// The mailbox for confirmations, which is created with the first of them: a number that no other
/// mailbox gets, since numbers go upwards.
pub(in crate::gateway) const CONFIRMATIONS: MailboxId = MailboxId::MAX;

pub const NAME_CHARS_MAX: usize = 100;
const MAILBOXES_MAX: usize = 500;

fn name_binding(account: AccountId, id: MailboxId) -> Vec<u8> {
    [b"mailbox name".as_slice(), &account.0, &id.to_be_bytes()].concat()
}

impl Gateway {
    /// The account's state and its mailboxes, those with a role first.
    pub fn mailbox_list(&self, actor: &Actor) -> Result<(String, Vec<MailboxView>), Error> {
        let state = self.state(actor.account())?;
        let mut rows = Vec::new();
        let prefix = actor.account();
        self.inner.store.scan(&MAILBOXES, &prefix, Order::Ascending, |(_, id), mailbox| {
            rows.push((id, mailbox));
            ControlFlow::Continue(())
        })?;
        rows.sort_by_key(|(_, mailbox)| mailbox.role.is_none());
        let settings = &self.inner.settings;
        let views = rows.iter().map(|(id, mailbox)| {
            let view = mailbox_view(actor, *id, mailbox)?;
            let kept_secs = match mailbox.role {
                Some(Role::Trash) => settings.trash_kept_secs,
                Some(Role::Junk) => settings.junk_kept_secs,
                _ => None,
            };
            Ok::<_, Error>(MailboxView { kept_secs, ..view })
        });
        Ok((state, views.collect::<Result<_, _>>()?))
    }

    /// Creates a mailbox, whose name only the owner's keys open.
    pub fn mailbox_create(&self, actor: &Actor, name: &str) -> Result<MailboxView, Error> {
        let name = checked_name(name)?;
        let (_, existing) = self.mailbox_list(actor)?;
        if existing.len() >= MAILBOXES_MAX {
            return Err(Error::OverQuota);
        }
        if existing.iter().any(|mailbox| mailbox.name == name) {
            return Err(Error::Conflict(Conflict::Exists));
        }
        let account = actor.account();
        // The name is bound to the mailbox's ID, so the ID is assigned first; if creating the
        // mailbox then fails, the ID stays unused.
        let id = self.inner.store.transact(move |tx| number_in_tx(tx, account)).wait()?;
        let sealed_name = actor.secret().seal_own(&name_binding(account, id), name.as_bytes())?;
        let mailbox = Mailbox::new(id, None, sealed_name);
        let view = mailbox_view(actor, id, &mailbox)?;
        self.mailboxes_change(actor, move |tx| {
            Ok(tx.put(&MAILBOXES, &(account, id), &mailbox)?)
        })?;
        Ok(view)
    }

    /// Renames a mailbox of the owner's.
    pub fn mailbox_rename(
        &self,
        actor: &Actor,
        id: &str,
        name: &str,
    ) -> Result<MailboxView, Error> {
        let name = checked_name(name)?;
        let (account, id) = (actor.account(), self.mailbox_own(actor, id)?);
        let sealed_name = actor.secret().seal_own(&name_binding(account, id), name.as_bytes())?;
        let mailbox = self.mailboxes_change(actor, move |tx| {
            let mut mailbox = get_in_tx(tx, account, id)?;
            mailbox.sealed_name = sealed_name.clone();
            tx.put(&MAILBOXES, &(account, id), &mailbox)?;
            Ok(mailbox)
        })?;
        mailbox_view(actor, id, &mailbox)
    }

    /// Deletes an empty mailbox of the owner's; `not-empty` if it contains messages.
    pub fn mailbox_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (account, id) = (actor.account(), self.mailbox_own(actor, id)?);
        self.mailboxes_change(actor, move |tx| {
            if get_in_tx(tx, account, id)?.total > 0 {
                return Err(Error::Conflict(Conflict::NotEmpty));
            }
            tx.delete(&MAILBOXES, &(account, id));
            Ok(())
        })
    }

    /// Resolves a mailbox's ID, or the code of its role.
    pub(in crate::gateway) fn mailbox_find(
        &self,
        account: AccountId,
        id: &str,
    ) -> Result<MailboxId, Error> {
        let missing = Error::NotFound { what: "mailbox" };
        let by_role = Role::CREATED.iter().position(|role| role.as_str() == id);
        let number = match by_role {
            None if id == Role::Confirmations.as_str() => CONFIRMATIONS,
            // Mailboxes with a role are created first, in this order.
            Some(at) => INBOX + u32::try_from(at).expect("there are six roles"),
            None => id.parse().map_err(|_| Error::NotFound { what: "mailbox" })?,
        };
        self.inner.store.get(&MAILBOXES, &(account, number))?.map(|_| number).ok_or(missing)
    }

    /// Like `mailbox_find`, but the mailbox must be one that the owner created.
    fn mailbox_own(&self, actor: &Actor, id: &str) -> Result<MailboxId, Error> {
        let number = self.mailbox_find(actor.account(), id)?;
        let mailbox = self.inner.store.get(&MAILBOXES, &(actor.account(), number))?;
        match mailbox.is_some_and(|mailbox| mailbox.role.is_some()) {
            true => Err(Error::Denied { reason: "every account has this folder" }),
            false => Ok(number),
        }
    }

    /// Changes the list of mailboxes and notifies listeners.
    fn mailboxes_change<T: Send + 'static>(
        &self,
        actor: &Actor,
        mut work: impl FnMut(&mut Tx<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (account, acting) = (actor.account(), actor.acting());
        let done = self.transact(move |tx| {
            acting.may_write(tx)?;
            let answer = work(tx)?;
            tx.changed(account, Changed::Mailboxes)?;
            Ok(answer)
        });
        done.wait()
    }
}

/// The mailbox, which must exist.
pub(in crate::gateway) fn get_in_tx(
    tx: &store::Tx<'_>,
    account: AccountId,
    id: MailboxId,
) -> Result<Mailbox, Error> {
    tx.get(&MAILBOXES, &(account, id))?.ok_or(Error::NotFound { what: "mailbox" })
}

/// The mailbox that a message is put into. The one for confirmations is created with the first.
pub(in crate::gateway) fn filled_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    id: MailboxId,
) -> Result<Mailbox, Error> {
    if id == CONFIRMATIONS && !tx.has(&MAILBOXES, &(account, id))? {
        let created = Mailbox::new(id, Some(Role::Confirmations), Vec::new());
        tx.put(&MAILBOXES, &(account, id), &created)?;
        tx.changed(account, Changed::Mailboxes)?;
    }
    get_in_tx(tx, account, id)
}

fn mailbox_view(actor: &Actor, id: MailboxId, mailbox: &Mailbox) -> Result<MailboxView, Error> {
    let name = match mailbox.role {
        Some(_) => String::new(),
        None => {
            let bound = name_binding(actor.account(), id);
            let name = actor.secret().open_own(&bound, &mailbox.sealed_name)?;
            String::from_utf8_lossy(&name).into_owned()
        }
    };
    Ok(MailboxView {
        id: id.to_string(),
        role: mailbox.role,
        name,
        total: mailbox.total,
        unread: mailbox.unread,
        unopened: mailbox.unopened,
        kept_secs: None,
    })
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let what = format!(
        "a folder's name must have 1 to {NAME_CHARS_MAX} characters, without control characters"
    );
    Err(Error::Invalid { what })
}
