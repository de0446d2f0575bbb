//! The directory: people inside, found by the beginning of a word of their name, of their address or
//! of the login name. A further address of theirs is found as a whole only, and without the name.
//!
//! What is compared is kept in memory, in order, some hundred octets for each account; so a question
//! costs as much as its answer, however many accounts there are. It is read once, at the first
//! question. A change of an account replaces its lines once it is durable; what is shown is read
//! from the account's record each time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::accounts::account::login_form;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::Account;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::ACCOUNTS;
use crate::mail::address::Address;
use crate::mail::words::spelled;
use crate::store::Read;

/// A person inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    pub name: Option<String>,
    pub address: String,
    /// Whether the question is the login name, or an address, as a whole.
    pub exact: bool,
}

/// The people who were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryPage {
    /// Whether there is a directory at this site.
    pub enabled: bool,
    /// The exact one first, the others, of those that were found first, by name.
    pub items: Vec<Colleague>,
    /// Whether there are more than were wanted.
    pub more: bool,
}

/// How much of a person one account may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All that the person shows to others.
    Whole,
    /// That an address exists, for who asks for exactly that.
    Address,
    Nothing,
}

/// The longest question, in characters.
pub const QUESTION_CHARS_MAX: usize = 100;

/// The most people that one question returns.
pub const COLLEAGUES_MAX: usize = 50;

/// How much of a name or an address is compared from each of its words on, in characters.
const LINE_CHARS_MAX: usize = QUESTION_CHARS_MAX;

/// The most accounts that are looked at for one question.
const FOUND_MAX: usize = 5_000;

/// How many words of a name or an address are compared.
const WORDS_MAX: usize = 8;

/// Each line by which an account is found, and whose it is, in order.
type Lines = BTreeSet<(Box<str>, AccountId)>;

/// What is known of the people inside.
#[derive(Default)]
pub(in crate::gateway) struct Directory {
    known: Mutex<Known>,
    /// Held by the one question that reads the accounts, while others wait for what it finds.
    reading: Mutex<()>,
}

#[derive(Default)]
enum Known {
    /// Before the first question.
    #[default]
    Nothing,
    /// While the accounts are read: what those that change meanwhile are found by.
    Reading(Vec<(AccountId, BTreeSet<Box<str>>)>),
    Lines(Lines),
}

impl Directory {
    /// Replaces what an account is found by. Call it once a change of the account is durable, in
    /// the order of the changes.
    pub fn put(&self, id: AccountId, account: &Account) {
        let listed = || if is_listed(account) { lines(account) } else { BTreeSet::new() };
        match &mut *self.lock() {
            Known::Nothing => {}
            Known::Reading(changes) => changes.push((id, listed())),
            Known::Lines(lines) => replace(lines, id, listed()),
        }
    }

    /// Returns at most `limit` accounts with a line that begins with `begin`, in the order of these
    /// lines; `None` if the accounts were not read yet.
    fn listed(&self, begin: &str, limit: usize) -> Option<Vec<AccountId>> {
        match &*self.lock() {
            Known::Lines(lines) => Some(found(lines, begin, limit)),
            _ => None,
        }
    }

    /// Keeps the lines that `read` returns, and the changes that were made meanwhile. Questions that
    /// come at the same time read once.
    fn read(&self, read: impl FnOnce() -> Result<Lines, Error>) -> Result<(), Error> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*self.lock(), Known::Lines(_)) {
            return Ok(());
        }
        *self.lock() = Known::Reading(Vec::new());
        let read = read();
        let mut known = self.lock();
        let changes = match std::mem::take(&mut *known) {
            Known::Reading(changes) => changes,
            _ => Vec::new(),
        };
        let mut all = read?;
        changes.into_iter().for_each(|(id, lines)| replace(&mut all, id, lines));
        *known = Known::Lines(all);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces the lines of an account. It goes through all of them: accounts seldom change.
fn replace(all: &mut Lines, id: AccountId, lines: BTreeSet<Box<str>>) {
    all.retain(|(line, whose)| *whose != id || lines.contains(line));
    all.extend(lines.into_iter().map(|line| (line, id)));
}

fn found(lines: &Lines, begin: &str, limit: usize) -> Vec<AccountId> {
    let first = (Box::from(begin), AccountId([0; 16]));
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    for (line, account) in lines.range((Bound::Included(first), Bound::Unbounded)) {
        if !line.starts_with(begin) || found.len() == limit {
            break;
        }
        if known.insert(*account) {
            found.push(*account);
        }
    }
    found
}

/// Whether others may find the account: not a disabled one, and not one of an outsider, which has
/// no address inside.
fn is_listed(account: &Account) -> bool {
    !account.disabled && !account.addresses.is_empty()
}

/// Returns what an account is found by: its names and its first address, from each of their words on.
/// Further ones may be those of a role, and who has it is not for everybody to know.
fn lines(account: &Account) -> BTreeSet<Box<str>> {
    let address = account.addresses.first();
    let texts = [&account.display_name, &account.name].into_iter().chain(address);
    texts.flat_map(|text| line_of_each_word(text)).collect()
}

fn line_of_each_word(text: &str) -> Vec<Box<str>> {
    let text = compared(text);
    // A domain finds nobody: it is everybody's.
    let end = text.find('@').unwrap_or(text.len());
    let begins = |at: usize| {
        let (before, rest) = text.split_at(at);
        rest.starts_with(char::is_alphanumeric) && !before.ends_with(char::is_alphanumeric)
    };
    let starts = text.char_indices().map(|(at, _)| at).take_while(|at| *at < end);
    let starts = starts.filter(|at| begins(*at)).take(WORDS_MAX);
    starts.map(|at| text[at..].chars().take(LINE_CHARS_MAX).collect::<String>().into()).collect()
}

/// Returns a text as it is compared: without case and accents, its words parted by one blank.
fn compared(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(spelled).collect();
    words.join(" ")
}

impl Gateway {
    /// The people inside whose name, address or login name has a word that begins with `question`;
    /// at most `limit`. `sight` says how much of each may be seen.
    pub(in crate::gateway) fn directory(
        &self,
        actor: &Actor,
        (question, limit): (&str, usize),
        sight: impl Fn(AccountId) -> Result<Sight, Error>,
    ) -> Result<DirectoryPage, Error> {
        let question = question.trim();
        if !(1..=QUESTION_CHARS_MAX).contains(&question.chars().count()) {
            let what = format!("a question must have 1 to {QUESTION_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        if actor.is_temporary() {
            return Err(Error::Denied { reason: "the directory is for people inside" });
        }
        if !self.site()?.directory {
            return Ok(DirectoryPage::default());
        }
        let exact = self.colleague_named(question)?;
        let whose = exact.as_ref().map(|(id, _)| *id);
        let begin = compared(question);
        let mut others = Vec::new();
        if !begin.is_empty() {
            // One more than fits shows that there are more.
            for id in self.directory_seen(&begin, limit + 2, &sight)?.0 {
                let account = self.listed_account(id)?.filter(|_| Some(id) != whose);
                others.extend(account.map(|account| colleague(&account)));
            }
        }
        let mut items = Vec::new();
        if let Some((id, account)) = exact {
            items.extend(exactly_seen(&account, question, sight(id)?));
        }
        let more = items.len() + others.len() > limit;
        others.truncate(limit - items.len().min(limit));
        others.sort_by_cached_key(|one| {
            (compared(one.name.as_ref().unwrap_or(&one.address)), one.address.clone())
        });
        items.extend(others);
        Ok(DirectoryPage { enabled: true, items, more })
    }

    /// The address of the person inside with this login name, if the site has a directory in which the
    /// whole person may be seen.
    pub(in crate::gateway) fn address_of_login(
        &self,
        name: &str,
        sight: impl Fn(AccountId) -> Result<Sight, Error>,
    ) -> Result<Option<String>, Error> {
        if !self.site()?.directory {
            return Ok(None);
        }
        match self.colleague_named(name.trim())? {
            Some((id, account)) if sight(id)? == Sight::Whole => {
                Ok(account.addresses.into_iter().next())
            }
            _ => Ok(None),
        }
    }

    /// As [`Gateway::directory_find`], those who may be seen, and whether there may be more, because no
    /// more were looked at. Those who may not be seen are not counted, so that nothing tells that they are
    /// there.
    fn directory_seen(
        &self,
        begin: &str,
        limit: usize,
        sight: &impl Fn(AccountId) -> Result<Sight, Error>,
    ) -> Result<(Vec<AccountId>, bool), Error> {
        seen_of(|asked| self.directory_find(begin, asked), limit, sight)
    }

    /// The person inside with this first address or, if the site has a directory, this login name.
    /// Whose a further address is, is not said.
    pub(in crate::gateway) fn colleague_called(
        &self,
        typed: &str,
    ) -> Result<Option<AccountId>, Error> {
        let Some((id, account)) = self.colleague_named(typed)? else { return Ok(None) };
        let is_first = Address::parse(typed).is_ok_and(|address| {
            address.stored_forms().any(|form| account.addresses.first() == Some(&form))
        });
        let is_login = || [typed.to_lowercase(), login_form(typed)].contains(&account.name);
        let is_called = is_first || (self.site()?.directory && is_login());
        Ok(is_called.then_some(id))
    }

    /// The person inside with this login name or address.
    fn colleague_named(&self, name: &str) -> Result<Option<(AccountId, Account)>, Error> {
        let Some(id) = self.account_find(name)? else { return Ok(None) };
        Ok(self.listed_account(id)?.map(|account| (id, account)))
    }

    /// The people inside who may be seen as a whole, with a word that begins with `begin`; everybody, if
    /// that is empty. At most `limit`, and whether there are more.
    pub(in crate::gateway) fn people_listed(
        &self,
        begin: &str,
        limit: usize,
        sight: impl Fn(AccountId) -> Result<Sight, Error>,
    ) -> Result<(BTreeMap<AccountId, Account>, bool), Error> {
        let (mut seen, more) = self.directory_seen(&compared(begin), limit + 1, &sight)?;
        let more = more || seen.len() > limit;
        seen.truncate(limit);
        let mut found = BTreeMap::new();
        for id in seen {
            found.extend(self.listed_account(id)?.map(|account| (id, account)));
        }
        Ok((found, more))
    }

    /// Whose address this is as a whole, and the address as it was typed.
    pub(in crate::gateway) fn exactly_listed(
        &self,
        typed: &str,
    ) -> Result<Option<(AccountId, String)>, Error> {
        let Ok(address) = Address::parse(typed) else { return Ok(None) };
        let Some((id, account)) = self.colleague_named(typed)? else { return Ok(None) };
        let known = address.stored_forms().find(|form| account.addresses.contains(form));
        Ok(known.map(|form| (id, form)))
    }

    /// The account, if others may find it. One whose record is damaged is in nobody's way.
    pub(in crate::gateway) fn listed_account(
        &self,
        id: AccountId,
    ) -> Result<Option<Account>, Error> {
        match self.account(id) {
            Ok(account) => Ok(Some(account).filter(is_listed)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) if error.is_unreadable() => {
                tracing::error!(%error, account.id = %id.to_text(), "not in the directory");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn directory_find(&self, begin: &str, limit: usize) -> Result<Vec<AccountId>, Error> {
        let directory = &self.inner.directory;
        loop {
            match directory.listed(begin, limit) {
                Some(found) => return Ok(found),
                None => directory.read(|| self.directory_lines())?,
            }
        }
    }

    fn directory_lines(&self) -> Result<Lines, Error> {
        let mut all = Lines::new();
        self.inner.store.scan_readable(&ACCOUNTS, &(), |id, account| {
            if is_listed(&account) {
                all.extend(lines(&account).into_iter().map(|line| (line, id)));
            }
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}

/// Of those whom `find` finds, at most `limit` who may be seen as a whole; and whether there may be more of
/// them, because the search ended before all were looked at.
fn seen_of(
    find: impl Fn(usize) -> Result<Vec<AccountId>, Error>,
    limit: usize,
    sight: impl Fn(AccountId) -> Result<Sight, Error>,
) -> Result<(Vec<AccountId>, bool), Error> {
    let mut asked = limit;
    loop {
        let all = find(asked)?;
        let is_all = all.len() < asked;
        let mut seen = Vec::new();
        for id in all {
            if seen.len() < limit && sight(id)? == Sight::Whole {
                seen.push(id);
            }
        }
        if is_all || seen.len() == limit || asked >= FOUND_MAX {
            let is_cut = !is_all && seen.len() < limit;
            return Ok((seen, is_cut));
        }
        asked = asked.saturating_mul(4).min(FOUND_MAX);
    }
}

fn colleague(account: &Account) -> Colleague {
    Colleague {
        name: Some(account.display_name.clone()).filter(|name| !name.is_empty()),
        address: account.addresses.first().cloned().unwrap_or_default(),
        exact: false,
    }
}

/// The same, as far as the person may be seen.
fn exactly_seen(account: &Account, question: &str, sight: Sight) -> Option<Colleague> {
    let asked = compared(question);
    match sight {
        Sight::Whole => Some(exactly(account, question)),
        // A login name finds nobody of whom only an address may be known.
        Sight::Address => {
            let address = account.addresses.iter().find(|address| compared(address) == asked)?;
            Some(Colleague { name: None, address: address.clone(), exact: true })
        }
        Sight::Nothing => None,
    }
}

/// The person whose login name or address is the question. A further address stands for itself.
fn exactly(account: &Account, question: &str) -> Colleague {
    let asked = compared(question);
    let further = account.addresses.iter().skip(1).find(|address| compared(address) == asked);
    let found = match further {
        Some(address) => Colleague { name: None, address: address.clone(), exact: true },
        None => colleague(account),
    };
    Colleague { exact: true, ..found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    /// Where only some of all could be looked at, it is said that there may be more.
    #[test]
    fn a_search_that_ends_early_does_not_call_itself_whole() {
        let of = |count: usize, hidden: u64| {
            let id =
                |number: u64| AccountId(std::array::from_fn(|at| number.to_be_bytes()[at % 8]));
            let find = |asked: usize| Ok((0..count.min(asked) as u64).map(id).collect());
            let sight = |one: AccountId| {
                let number = u64::from_be_bytes(one.0[..8].try_into().unwrap());
                Ok(if number < hidden { Sight::Nothing } else { Sight::Whole })
            };
            let (seen, more) = seen_of(find, 2_001, sight).unwrap();
            (seen.len(), more)
        };
        assert_eq!(of(10_000, 3_500), (1_500, true));
        assert_eq!(of(4_999, 3_500), (1_499, false));
        assert_eq!(of(10_000, 0), (2_001, false), "it is full");
    }

    use crate::terms::AcceptFrom;

    #[test]
    fn a_text_is_found_from_each_of_its_words_on() {
        let lines = |text: &str| -> Vec<String> {
            line_of_each_word(text).into_iter().map(String::from).collect()
        };
        assert_eq!(lines("Omar  Al-Haddád"), ["omar al-haddad", "al-haddad", "haddad"]);
        assert_eq!(lines("omar.h@test.example"), ["omar.h@test.example", "h@test.example"]);
        assert_eq!(lines("דָּנָה לוי"), ["דנה לוי", "לוי"]);
        assert_eq!(lines("山田太郎"), ["山田太郎"]);
        assert_eq!(lines(" - "), [""; 0]);
        assert_eq!(lines(&"a ".repeat(200)).len(), WORDS_MAX);
        assert_eq!(lines(&"x".repeat(500))[0].len(), LINE_CHARS_MAX);
    }

    /// Whether an account changes before, during or after the reading, its last lines count.
    #[test]
    fn the_last_lines_of_an_account_count() {
        let account = |name: &str, disabled| Account {
            name: name.to_owned(),
            display_name: String::new(),
            addresses: vec!["a@test.example".to_owned()],
            disabled,
            accept_from: AcceptFrom::Both,
            created: Timestamp(0),
            last_sign_in: None,
            last_interaction: None,
            manager: false,
            must_choose: false,
        };
        let (one, two) = (AccountId([1; 16]), AccountId([2; 16]));
        let directory = Directory::default();
        directory.put(one, &account("Ignored", false));
        assert_eq!(directory.listed("i", 9), None);
        let read = directory.read(|| {
            directory.put(one, &account("Noa", false));
            directory.put(two, &account("Nina", true));
            let before = [("dana", one), ("nina", two)];
            Ok(before.into_iter().map(|(line, whose)| (Box::from(line), whose)).collect())
        });
        read.unwrap();
        assert_eq!(directory.listed("n", 9), Some(vec![one]));
        assert_eq!(directory.listed("dana", 9), Some(vec![]));
        directory.put(two, &account("Nina", false));
        directory.put(one, &account("Dana", false));
        assert_eq!(directory.listed("n", 9), Some(vec![two]));
        assert_eq!(directory.listed("dana", 9), Some(vec![one]));
        directory.put(one, &account("Dana", true));
        assert_eq!(directory.listed("dana", 9), Some(vec![]));
        directory.read(|| panic!("read twice")).unwrap();
    }
}
