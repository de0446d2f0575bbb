//! The directory: people inside, found by the beginning of a word of their name, of an address or of
//! the login name.
//!
//! What is compared is kept in memory, in order, some hundred octets for each account; so a question
//! costs as much as its answer, however many accounts there are. It is read once, at the first
//! question. A change of an account replaces its lines once it is durable; what is shown is read
//! from the account's record each time.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::Account;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::ACCOUNTS;
use crate::mail::words::spelled;
use crate::store::Read;

/// A person inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    pub name: Option<String>,
    pub address: String,
    /// Whether the question is the login name, or one of the addresses, as a whole.
    pub exact: bool,
}

/// The people who were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryPage {
    /// Whether there is a directory at this site.
    pub enabled: bool,
    /// The exact one first, the others by name.
    pub items: Vec<Colleague>,
    /// Whether there are more than were wanted.
    pub more: bool,
}

/// The longest question, in characters.
pub const QUESTION_CHARS_MAX: usize = 100;

/// The most people that one question returns.
pub const COLLEAGUES_MAX: usize = 50;

/// How much of a name or an address is compared from each of its words on, in characters.
const LINE_CHARS_MAX: usize = QUESTION_CHARS_MAX;

/// How many words of a name or an address are compared.
const WORDS_MAX: usize = 8;

/// How often the accounts are read again because one changed meanwhile.
const READS_MAX: usize = 3;

/// Each line by which an account is found, and whose it is, in order.
type Lines = BTreeSet<(Box<str>, AccountId)>;

/// What is known of the people inside.
#[derive(Default)]
pub(in crate::gateway) struct Directory {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// How many changes of accounts there were. What was read before one is not kept after it.
    changes: u64,
    /// `None` before the first question.
    lines: Option<Lines>,
}

impl Directory {
    /// Replaces what an account is found by. Call it once a change of the account is durable.
    pub fn put(&self, id: AccountId, account: &Account) {
        let mut known = self.lock();
        known.changes += 1;
        let Some(kept) = &mut known.lines else { return };
        for line in lines(account) {
            match is_listed(account) {
                true => kept.insert((line, id)),
                false => kept.remove(&(line, id)),
            };
        }
    }

    /// Returns at most `limit` accounts with a line that begins with `begin`, in the order of these
    /// lines.
    fn listed(&self, begin: &str, limit: usize) -> Option<Vec<AccountId>> {
        let known = self.lock();
        Some(found(known.lines.as_ref()?, begin, limit))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn found(lines: &Lines, begin: &str, limit: usize) -> Vec<AccountId> {
    let first = (Box::from(begin), AccountId([0; 16]));
    let mut found = Vec::new();
    for (line, account) in lines.range((Bound::Included(first), Bound::Unbounded)) {
        if !line.starts_with(begin) || found.len() == limit {
            break;
        }
        if !found.contains(account) {
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

/// Returns what an account is found by: its names and its addresses, from each of their words on.
fn lines(account: &Account) -> BTreeSet<Box<str>> {
    let texts = [&account.display_name, &account.name].into_iter().chain(&account.addresses);
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
    /// at most `limit`.
    pub fn directory(
        &self,
        actor: &Actor,
        question: &str,
        limit: usize,
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
            for id in self.directory_find(&begin, limit + 2)? {
                let account = self.account(id)?;
                if Some(id) != whose && is_listed(&account) {
                    others.push(colleague(&account, false));
                }
            }
        }
        let mut items: Vec<Colleague> =
            exact.iter().map(|(_, account)| colleague(account, true)).collect();
        let more = items.len() + others.len() > limit;
        others.truncate(limit - items.len().min(limit));
        others.sort_by_cached_key(|one| {
            (compared(one.name.as_ref().unwrap_or(&one.address)), one.address.clone())
        });
        items.extend(others);
        Ok(DirectoryPage { enabled: true, items, more })
    }

    /// The address of the person inside with this login name, if the site has a directory.
    pub(in crate::gateway) fn address_of_login(&self, name: &str) -> Result<Option<String>, Error> {
        if !self.site()?.directory {
            return Ok(None);
        }
        let found = self.colleague_named(name.trim())?;
        Ok(found.and_then(|(_, account)| account.addresses.into_iter().next()))
    }

    /// The person inside with this login name or address.
    fn colleague_named(&self, name: &str) -> Result<Option<(AccountId, Account)>, Error> {
        let Some(id) = self.account_find(name)? else { return Ok(None) };
        let account = self.account(id)?;
        Ok(is_listed(&account).then_some((id, account)))
    }

    fn directory_find(&self, begin: &str, limit: usize) -> Result<Vec<AccountId>, Error> {
        let directory = &self.inner.directory;
        for _ in 0..READS_MAX {
            if let Some(found) = directory.listed(begin, limit) {
                return Ok(found);
            }
            let before = directory.lock().changes;
            let lines = self.directory_lines()?;
            let mut known = directory.lock();
            if known.changes == before {
                known.lines = Some(lines);
            }
        }
        // Accounts change all the time: the next question tries again to keep them.
        Ok(found(&self.directory_lines()?, begin, limit))
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

fn colleague(account: &Account, exact: bool) -> Colleague {
    Colleague {
        name: Some(account.display_name.clone()).filter(|name| !name.is_empty()),
        address: account.addresses.first().cloned().unwrap_or_default(),
        exact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
