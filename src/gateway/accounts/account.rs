//! Accounts: their names, their addresses and their keys.
//!
//! The administrator creates and disables accounts but cannot read their content: the keys are
//! created with the account, and open only with its password or its recovery key, which is shown
//! once.

use std::ops::ControlFlow;

use unicode_normalization::char::is_combining_mark;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::{Chosen, ChosenBy};
use crate::gateway::accounts::code_failures::CODES_WRONG_MAX;
use crate::gateway::accounts::{session_rows, signing};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::event::EventKind;
use crate::gateway::quota::{self, QuotaView};
use crate::gateway::records::account::{Account, AccountKeys, Owner};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::keyring_rows::keys_changed_in_tx;
use crate::gateway::records::mailbox::{Holder, OwnQuota};
use crate::gateway::records::membership::epochs_due_in_tx;
use crate::gateway::records::numbers;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, ADDRESSES, COUNTERS, CREDENTIALS, GROUP_ADDRESSES, HELD_NAMES,
    KNOWN_KEYS, LOGIN_NAMES, META, REMOVALS, ROLE_MAILBOXES, SIGNING_KEYS, TEMPORARY,
};
use crate::gateway::records::temporary::{OpensBy, Temporary};
use crate::mail::address::{Address, Domain, composed};
use crate::mail::mailboxes::ascii_domain;
use crate::store::{Order, Read, Tx};
use crate::terms::AcceptFrom;
use crate::vault::{self, Lookup, Password, RecoveryKey};

/// The data for a new account.
pub struct NewAccount {
    /// The login name: letters, digits, `.`, `_`, `-`.
    pub name: String,
    pub display_name: String,
    /// At least one, each in a local domain; the first is the account's own address.
    pub addresses: Vec<Address>,
    pub password: Password,
    pub chosen_by: ChosenBy,
}

/// What other users may know about an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    pub id: String,
    pub name: String,
    pub display_name: String,
    pub address: String,
    /// Set for a temporary account.
    pub temporary: Option<TemporaryFacts>,
    pub manager: bool,
    /// Whether the owner has to choose a password before anything else.
    pub must_choose: bool,
    /// Whether the account has a calendar; in the view for its owner.
    pub calendar: bool,
}

/// What the owner of a temporary account should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemporaryFacts {
    pub expires: Timestamp,
    /// The user who wrote first, and who can renew the account.
    pub sponsor_name: String,
    pub sponsor_address: String,
    pub organisation: String,
    /// Whether the owner has something to sign in with again: not while one-time passwords open the
    /// account.
    pub can_return: bool,
}

/// An account as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub view: AccountView,
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub accept_from: AcceptFrom,
    pub created: Timestamp,
    pub last_interaction: Option<Timestamp>,
    pub quota: QuotaView,
    /// What managers set for this account.
    pub own_quota: OwnQuota,
    /// Whether it takes no codes any more, because too many were wrong.
    pub totp_stopped: bool,
}

/// The maximum length of a login name, in characters.
pub const NAME_CHARS_MAX: usize = 64;

pub const DISPLAY_NAME_CHARS_MAX: usize = 200;

/// Whether another account is an enabled manager.
pub(in crate::gateway) fn has_other_manager(
    reader: &impl Read,
    id: AccountId,
) -> Result<bool, Error> {
    let mut found = false;
    reader.scan(&ACCOUNTS, &(), Order::Ascending, |other, account| {
        found = other != id && account.manages();
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

impl Account {
    /// Whether the account is an enabled manager.
    pub(in crate::gateway) fn manages(&self) -> bool {
        self.manager && !self.disabled
    }

    /// All addresses that reach the account.
    pub(in crate::gateway) fn own_addresses(&self) -> Vec<String> {
        match self.addresses.is_empty() {
            // The name of a temporary account is its outside address.
            true => vec![self.name.clone()],
            false => self.addresses.clone(),
        }
    }

    pub(in crate::gateway) fn view(&self, id: AccountId) -> AccountView {
        AccountView {
            id: id.to_text(),
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            address: self.addresses.first().unwrap_or(&self.name).clone(),
            temporary: None,
            manager: self.manages(),
            must_choose: self.must_choose,
            calendar: false,
        }
    }
}

/// What guesses of an account's password are counted under.
pub fn guessed_of(account: AccountId) -> String {
    format!("account {}", account.to_text())
}

impl Gateway {
    /// Creates an account with its keys and mailboxes. The recovery key is returned only here.
    /// Fails with `exists` if the name or an address is already in use, and if the password is weak.
    pub fn account_create(&self, new: NewAccount) -> Result<(AccountView, RecoveryKey), Error> {
        let name = checked_name(&new.name)?;
        let addresses = self.checked_addresses(&new.addresses)?;
        let id = AccountId(vault::random_bytes()?);
        let keys = vault::account_keys(&id.0)?;
        let chosen = Chosen::checked(&new.password)?;
        let (password_id, password) = self.credential_new(id, chosen, &keys.unlock)?;
        let recovery = RecoveryKey::generate()?;
        let (recovery_id, recovery_record) = self.recovery_new(id, &recovery, &keys.unlock)?;
        let account = Account {
            name: name.clone(),
            display_name: checked_display_name(&new.display_name)?,
            addresses,
            disabled: false,
            accept_from: AcceptFrom::Both,
            created: self.inner.clock.now(),
            last_sign_in: None,
            last_interaction: None,
            manager: false,
            must_choose: new.chosen_by == ChosenBy::Other,
        };
        if self.is_taken_otherwise(&account)? {
            return Err(Error::Conflict(Conflict::Exists));
        }
        let (view, listed) = (account.view(id), account.clone());
        let now = account.created;
        let vault = self.inner.vault.clone();
        // Who chose the first password could open the pair for ever: then it is made later.
        let signing = match new.chosen_by {
            ChosenBy::Owner => {
                Some(signing::first(id, &keys.unlock, &keys.sealed_private, account.created)?)
            }
            ChosenBy::Other => None,
        };
        let keys = AccountKeys::new(&keys);
        let done = self.inner.store.transact(move |tx| {
            claim_names_in_tx(tx, &vault, (id, now), &account)?;
            tx.put(&ACCOUNTS, &id, &account)?;
            tx.put(&ACCOUNT_KEYS, &id, &keys)?;
            if let Some((signing, known)) = &signing {
                tx.put(&SIGNING_KEYS, &id, signing)?;
                tx.put(&KNOWN_KEYS, &(id, id), known)?;
            }
            tx.put(&CREDENTIALS, &(id, password_id), &password)?;
            tx.put(&CREDENTIALS, &(id, recovery_id), &recovery_record)?;
            numbers::create_all_in_tx(tx, id, Holder::User)?;
            let mut meta = tx.get(&META, &())?.unwrap_or_default();
            meta.first_account.get_or_insert(id);
            tx.put(&META, &(), &meta)?;
            Ok::<_, Error>(())
        });
        done.wait()?;
        self.inner.names.add(id, &view.display_name);
        self.inner.directory.put(id, &listed);
        Ok((view, recovery))
    }

    /// The view of an account for its owner.
    pub(in crate::gateway) fn account_view(&self, id: AccountId) -> Result<AccountView, Error> {
        let view = self.account(id)?.view(id);
        let Some(temporary) = self.temporary(id)? else {
            let calendar = self.inner.settings.schedule.enabled;
            return Ok(AccountView { calendar, ..view });
        };
        let sponsor = self.account(temporary.sponsor).map(|one| one.view(temporary.sponsor));
        let (sponsor_name, sponsor_address) = match sponsor {
            Ok(sponsor) => (sponsor.display_name, sponsor.address),
            Err(Error::NotFound { .. }) => (String::new(), String::new()),
            Err(error) => return Err(error),
        };
        let facts = TemporaryFacts {
            expires: temporary.expires,
            sponsor_name,
            sponsor_address,
            organisation: self.site()?.organisation.clone(),
            can_return: temporary.opens_by() != OpensBy::OneTime,
        };
        Ok(AccountView { temporary: Some(facts), ..view })
    }

    /// Every account except temporary ones, sorted by name.
    pub fn account_list(&self) -> Result<Vec<AccountRow>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan(&ACCOUNTS, &(), Order::Ascending, |id, account| {
            // Temporary accounts have no local address, and a list of their own.
            if !account.addresses.is_empty() {
                found.push((id, account));
            }
            ControlFlow::Continue(())
        })?;
        let mut rows = Vec::with_capacity(found.len());
        for (id, account) in found {
            if self.inner.store.has(&REMOVALS, &id)? {
                continue;
            }
            let counters = self.inner.store.get(&COUNTERS, &id)?.unwrap_or_default();
            let totp_stopped = self.code_failures(id)? >= CODES_WRONG_MAX;
            rows.push(AccountRow {
                totp_stopped,
                quota: quota::view(&counters, self.inner.settings.quota_for(counters.holder)),
                own_quota: counters.own_quota,
                view: account.view(id),
                addresses: account.addresses,
                disabled: account.disabled,
                accept_from: account.accept_from,
                created: account.created,
                last_interaction: account.last_interaction,
            });
        }
        rows.sort_by(|a, b| a.view.name.cmp(&b.view.name));
        Ok(rows)
    }

    /// Disables an account: it cannot sign in, its sessions end, and it gets no mail. Its data
    /// stays.
    pub fn account_disable(&self, name: &str) -> Result<(), Error> {
        let id = self.account_named(name)?;
        self.account_change(id, |account| account.disabled = true)?;
        self.publish_session(id);
        Ok(())
    }

    /// Enables a disabled account again.
    pub fn account_enable(&self, name: &str) -> Result<(), Error> {
        let id = self.account_named(name)?;
        // It may have been disabled for its keys, and these may be its own again.
        self.inner.renewals.add();
        self.account_change(id, |account| account.disabled = false)
    }

    /// Makes an account a manager, or revokes that. The last enabled manager must stay:
    /// `last-manager`.
    pub fn account_manager(&self, name: &str, manager: bool) -> Result<(), Error> {
        let id = self.account_named(name)?;
        self.account_change(id, move |account| account.manager = manager)
    }

    /// Sets from whom the account accepts mail.
    pub fn account_accept_from(&self, name: &str, accept: AcceptFrom) -> Result<(), Error> {
        let id = self.account_named(name)?;
        self.account_change(id, move |account| account.accept_from = accept)
    }

    /// Sets how much the account may store, in place of the configured limits.
    pub fn account_quota(&self, name: &str, own: OwnQuota) -> Result<(), Error> {
        let id = self.account_named(name)?;
        self.transact(move |tx| quota::own_in_tx(tx, id, own)).wait()
    }

    /// What managers set for the account, in place of the configured limits.
    pub fn account_own_quota(&self, name: &str) -> Result<OwnQuota, Error> {
        let id = self.account_named(name)?;
        Ok(self.inner.store.get(&COUNTERS, &id)?.unwrap_or_default().own_quota)
    }

    /// The account with this login name or address.
    pub(in crate::gateway) fn account_named(&self, name: &str) -> Result<AccountId, Error> {
        self.account_find(name)?.ok_or(Error::NotFound { what: "account" })
    }

    /// Returns what guesses of a password are counted under: the account, however its name or one
    /// of its addresses is spelled. If nobody has the name, it is the name itself.
    pub fn guessed(&self, name: &str) -> Result<String, Error> {
        let name = name.trim();
        Ok(match self.account_find(name)? {
            Some(account) => guessed_of(account),
            None => format!("name {}", login_form(name)),
        })
    }

    /// How many passwords are checked at the same time.
    pub fn password_checks_at_once(&self) -> usize {
        self.inner.vault.passwords().at_once()
    }

    pub(in crate::gateway) fn account_find(&self, name: &str) -> Result<Option<AccountId>, Error> {
        // Earlier versions kept names and addresses as they were composed: who has exactly what was
        // typed comes first.
        for form in [name.to_lowercase(), login_form(name)] {
            let login = self.inner.vault.lookup(Lookup::LoginName, form.as_bytes());
            if let Some(Owner(id)) = self.inner.store.get(&LOGIN_NAMES, &login)? {
                return Ok(Some(id));
            }
        }
        let Ok(address) = Address::parse(name) else { return Ok(None) };
        for form in address.stored_forms() {
            // Nobody signs in to a role mailbox, and it is no user's account.
            if let Some(id) = self.account_at(&form)?
                && !self.inner.store.has(&ROLE_MAILBOXES, &id)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether a name or an address that another account has, as it was composed, would be the new
    /// one's. Keys are hashes, so the records are looked at; new ones are all composed alike.
    fn is_taken_otherwise(&self, new: &Account) -> Result<bool, Error> {
        let wanted: Vec<&String> = new.addresses.iter().chain([&new.name]).collect();
        self.is_composed(&wanted)
    }

    /// Whether an account has one of these names or addresses in another composition.
    pub(in crate::gateway) fn is_composed(&self, wanted: &[&String]) -> Result<bool, Error> {
        if wanted.iter().all(|one| one.is_ascii()) {
            return Ok(false);
        }
        let mut taken = false;
        self.inner.store.scan_readable(&ACCOUNTS, &(), |_, account| {
            let mut texts = account.addresses.iter().chain([&account.name]);
            taken = texts
                .any(|text| !text.is_ascii() && wanted.iter().any(|one| **one == composed(text)));
            if taken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(taken)
    }

    /// The account that has exactly this normalised address.
    pub(in crate::gateway) fn account_at(
        &self,
        normalized: &str,
    ) -> Result<Option<AccountId>, Error> {
        let key = self.inner.vault.lookup(Lookup::Address, normalized.as_bytes());
        Ok(self.inner.store.get(&ADDRESSES, &key)?.map(|Owner(id)| id))
    }

    /// Whether something can be sealed for an account: not for a user who is being removed, whose keys are
    /// gone before the record. A role mailbox has none of its own.
    pub(in crate::gateway) fn account_exists(&self, id: AccountId) -> Result<bool, Error> {
        let store = &self.inner.store;
        Ok(store.has(&ACCOUNT_KEYS, &id)? || store.has(&ROLE_MAILBOXES, &id)?)
    }

    pub(in crate::gateway) fn account(&self, id: AccountId) -> Result<Account, Error> {
        self.inner.store.get(&ACCOUNTS, &id)?.ok_or(Error::NotFound { what: "account" })
    }

    /// Disables an account that is about to be deleted: it cannot sign in, and its sessions end.
    pub(in crate::gateway) fn account_shut(&self, id: AccountId) -> Result<(), Error> {
        self.account_change(id, |account| account.disabled = true)?;
        self.publish_session(id);
        Ok(())
    }

    fn account_change(
        &self,
        id: AccountId,
        change: impl Fn(&mut Account) + Send + 'static,
    ) -> Result<(), Error> {
        self.account_change_in(id, move |_, account| {
            change(account);
            Ok(())
        })
    }

    /// Changes an account's record, and what goes with it in the same transaction.
    pub(in crate::gateway) fn account_change_in(
        &self,
        id: AccountId,
        change: impl Fn(&mut Tx<'_>, &mut Account) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let done = self.transact(move |tx| {
            let found = tx.get(&ACCOUNTS, &id)?;
            let mut account = found.ok_or(Error::NotFound { what: "account" })?;
            if tx.has(&REMOVALS, &id)? {
                return Err(Error::NotFound { what: "account" });
            }
            let (was, was_disabled) = (account.manages(), account.disabled);
            change(tx, &mut account)?;
            if was && !account.manages() && !has_other_manager(tx, id)? {
                return Err(Error::Conflict(Conflict::LastManager));
            }
            tx.put(&ACCOUNTS, &id, &account)?;
            if account.disabled {
                session_rows::end_others_in_tx(tx, id, None)?;
            }
            // Temporary accounts, which have no address inside, hold no group's keys.
            if account.disabled && !was_disabled && !account.addresses.is_empty() {
                epochs_due_in_tx(tx, id)?;
            } else if account.disabled != was_disabled {
                keys_changed_in_tx(tx)?;
            }
            tx.then(move |gateway| {
                gateway.inner.addressees.forget(id);
                gateway.inner.directory.put(id, &account);
            });
            Ok(())
        });
        done.wait()
    }

    fn checked_addresses(&self, addresses: &[Address]) -> Result<Vec<String>, Error> {
        if addresses.is_empty() {
            return Err(Error::Invalid { what: "an account must have an address".to_owned() });
        }
        addresses.iter().map(|address| self.checked_address(address)).collect()
    }

    pub(in crate::gateway) fn checked_address(&self, address: &Address) -> Result<String, Error> {
        match self.is_ours(address) {
            true => Ok(address.normalized()),
            false => Err(Error::Invalid { what: format!("{address} is not in a local domain") }),
        }
    }

    /// The local domains, in lower case.
    pub fn domains(&self) -> &[String] {
        &self.inner.settings.domains
    }

    /// The address as one in a local domain, whichever form of the domain it is written in
    /// (RFC 5891 §4): hosts without SMTPUTF8 know only A-labels. `None` if it is not in one.
    pub(in crate::gateway) fn as_ours(&self, address: &Address) -> Option<Address> {
        if self.is_ours(address) {
            return Some(address.clone());
        }
        let Domain::Name(name) = address.domain() else { return None };
        let ascii = ascii_domain(name)?;
        let is_same = |own: &&String| ascii_domain(own).as_ref() == Some(&ascii);
        let own = self.domains().iter().find(is_same)?;
        Some(address.at(own))
    }

    /// Whether an address is in a local domain, in the form that the configuration has.
    pub(in crate::gateway) fn is_ours(&self, address: &Address) -> bool {
        let normalized = address.normalized();
        let domain = normalized.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains().iter().any(|ours| ours == domain)
    }

    /// Notifies the account's listeners that its sessions changed.
    pub(in crate::gateway) fn publish_session(&self, account: AccountId) {
        let counters = self.inner.store.get(&COUNTERS, &account).ok().flatten();
        self.publish(account, EventKind::Session, counters.unwrap_or_default().modseq);
    }

    pub(in crate::gateway) fn temporary(&self, id: AccountId) -> Result<Option<Temporary>, Error> {
        Ok(self.inner.store.get(&TEMPORARY, &id)?)
    }
}

/// Reserves the login name and the addresses, or fails if one is already in use.
fn claim_names_in_tx(
    tx: &mut Tx<'_>,
    vault: &vault::Vault,
    (id, now): (AccountId, Timestamp),
    account: &Account,
) -> Result<(), Error> {
    let login = vault.lookup(Lookup::LoginName, account.name.as_bytes());
    claim_in_tx(tx, login, (id, now))?;
    if !tx.insert(&LOGIN_NAMES, &login, &Owner(id))? {
        return Err(Error::Conflict(Conflict::Exists));
    }
    let mut addresses = account.addresses.iter();
    addresses.try_for_each(|address| claim_address_in_tx(tx, vault, (id, now), address))
}

/// Reserves an address, or fails if somebody has it, or had it lately. Mail to `user+detail` reaches that
/// user, so such an address is taken as long as somebody else has, or had, the part before the `+`.
pub(in crate::gateway) fn claim_address_in_tx(
    tx: &mut Tx<'_>,
    vault: &vault::Vault,
    (id, now): (AccountId, Timestamp),
    address: &str,
) -> Result<(), Error> {
    let key_of = |address: &str| vault.lookup(Lookup::Address, address.as_bytes());
    if let Some(base) = base_of(address) {
        let key = key_of(&base);
        claim_in_tx(tx, key, (id, now))?;
        let owner = tx.get(&ADDRESSES, &key)?;
        if owner.is_some_and(|Owner(owner)| owner != id) || tx.has(&GROUP_ADDRESSES, &key)? {
            return Err(Error::Conflict(Conflict::Exists));
        }
    }
    let key = key_of(address);
    claim_in_tx(tx, key, (id, now))?;
    let is_free = !tx.has(&GROUP_ADDRESSES, &key)? && tx.insert(&ADDRESSES, &key, &Owner(id))?;
    if is_free { Ok(()) } else { Err(Error::Conflict(Conflict::Exists)) }
}

/// The address whose owner gets mail for `user+detail`.
fn base_of(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let (user, _) = local.split_once('+')?;
    (!user.is_empty()).then(|| format!("{user}@{domain}"))
}

/// Fails if a name is still held for another account that had it.
fn claim_in_tx(
    tx: &mut Tx<'_>,
    key: [u8; 16],
    (id, now): (AccountId, Timestamp),
) -> Result<(), Error> {
    match tx.get(&HELD_NAMES, &key)? {
        Some(held) if held.until > now && held.of != id => Err(Error::Conflict(Conflict::NameHeld)),
        held => {
            if held.is_some() {
                tx.delete(&HELD_NAMES, &key);
            }
            Ok(())
        }
    }
}

/// Records that the account's owner was active, for the notice to outside senders.
pub(in crate::gateway) fn touch_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    let found = tx.get(&ACCOUNTS, &account)?;
    let mut record = found.ok_or(Error::NotFound { what: "account" })?;
    if record.last_interaction < Some(now) {
        record.last_interaction = Some(now);
        tx.put(&ACCOUNTS, &account, &record)?;
    }
    Ok(())
}

/// The form in which login names are stored and looked up, however they are composed (RFC 8265 §3.3).
pub(in crate::gateway) fn login_form(name: &str) -> String {
    composed(&name.to_lowercase()).into_owned()
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = login_form(name);
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    // Some characters are composed of two: one and its mark.
    let is_mark = |(at, c)| at > 0 && is_combining_mark(c);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let plain = name.chars().enumerate().all(|(at, c)| is_plain(c) || is_mark((at, c)));
    if fits && plain {
        return Ok(name);
    }
    let what = format!(
        "the login name {name:?} must have 1 to {NAME_CHARS_MAX} letters, digits, '.', '_' or '-'"
    );
    Err(Error::Invalid { what })
}

fn checked_display_name(name: &str) -> Result<String, Error> {
    let fits = name.chars().count() <= DISPLAY_NAME_CHARS_MAX;
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.trim().to_owned());
    }
    Err(Error::Invalid {
        what: "the display name is too long or contains control characters".to_owned(),
    })
}
