//! Slowing down password guessing, by account, network and address, without ever locking an account.
//!
//! | failures of | without delay | who is delayed |
//! | --- | --- | --- |
//! | one account, from one network or known browser | 5, and each refused try counts | that network or browser, at that account |
//! | one address | 30 | that address, at accounts that do not know its network |
//! | one account, from anywhere | 30 | networks and browsers that the account does not know: they wait in line |
//!
//! An account knows the networks from which its owner signed in, by anything but an app password, and
//! the browsers (`gateway::accounts::known_browser`). Each has a line of its own: a stranger elsewhere
//! neither makes the owner wait nor takes the turn of the owner's password check. A browser that
//! failed five times counts as unknown until it is trusted again, once more for every ten minutes.
//! Names that nobody has are treated as accounts that know nothing.
//!
//! Of the networks that an account does not know, those that did least come first (`room`).
//!
//! Tries of one account from one network are processed one after another: otherwise many parallel
//! guesses would all be made before the first failure counts. Names are kept as hashes, whether they
//! exist or not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::gateway;
use crate::gateway::records::account::CredentialKind;
use crate::net::failures::Key;
use crate::net::listen::{counted_as, network_of};
use crate::net::shares::{Held, Limits, Shares};
use crate::net::throttles::{COMES_BACK, SetBack, Throttles};

use super::error::Problem;
use super::room::{self, Rooms, Waiting};

type Lines = Arc<Mutex<HashMap<Key, Arc<Semaphore>>>>;

/// The failed attempts, and the turns of password checks.
pub struct Attempts {
    /// Asked on the async threads: that takes microseconds, as measured for decision 9.
    throttles: Arc<Throttles>,
    /// The attempts that wait, by what they wait for.
    lines: Lines,
    /// Those that wait because their account is being guessed.
    rooms: Rooms,
    /// Turns of networks that an account does not know. One check is always left for the others.
    strangers: Shares<IpAddr>,
    /// Turns of networks that an account knows, and of sessions.
    known: Shares<Key>,
}

/// Who tries to open something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trier {
    /// Anybody who says a name.
    Anybody,
    /// Somebody in an open session. That is counted apart, so that no stranger slows it down.
    Session,
}

/// What a try costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The memory and the time of a password check.
    Password,
    Little,
}

/// One try.
#[derive(Clone, Copy)]
pub struct Try<'n> {
    /// What is to be opened.
    pub name: &'n str,
    pub peer: IpAddr,
    /// The thumbprint of the browser's key, if the account knows the browser.
    pub browser: Option<&'n str>,
    pub trier: Trier,
    pub cost: Cost,
}

/// Why something may not be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    SlowDown(Duration),
    Busy,
}

/// A permit to try once. The next attempt from the same network waits until it is dropped. It
/// belongs to the work that tries: a client that disconnects must not leave with it.
pub struct Attempt {
    throttles: Arc<Throttles>,
    keys: Keys,
    _turns: (Permit, Option<Waiting>, Option<Turn>),
}

enum Turn {
    Stranger(#[expect(dead_code, reason = "held")] Held<IpAddr>),
    Known(#[expect(dead_code, reason = "held")] Held<Key>),
}

#[derive(Clone, Copy)]
struct Keys {
    /// The account, as seen from the network, or from a browser that it knows.
    pair: Key,
    /// What a try from here counts under besides, if `pair` is that of a browser.
    around: Option<Around>,
    account: Key,
    address: Key,
    network: IpAddr,
    is_known: bool,
}

/// What the same try counts under without its browser.
#[derive(Clone, Copy)]
struct Around {
    /// The account, as seen from the network.
    pair: Key,
    /// What wrong codes count under.
    code: Key,
}

/// How long an attempt waits for earlier ones of the same account and network.
const LINE_WAIT: Duration = Duration::from_secs(10);
/// How long an attempt waits for a seat to come to its turn, or for a turn of the password checks.
const TURN_WAIT: Duration = Duration::from_secs(25);
/// How many attempts of one network, which an account does not know, wait for a turn.
const WAITING_PER_NETWORK: usize = 8;

impl Attempts {
    /// Makes `checks_at_once` password checks at the same time.
    pub fn new(throttles: Arc<Throttles>, checks_at_once: usize) -> Attempts {
        let strangers = Limits::new(checks_at_once.saturating_sub(1).max(1), 1);
        let known = Limits::new(checks_at_once, 1);
        let (strangers, known) = (Shares::new(strangers), Shares::new(known));
        let (lines, rooms) = (Lines::default(), Rooms::default());
        Attempts { throttles, lines, rooms, strangers, known }
    }

    /// Waits until something may be tried, or says why it may not be.
    pub async fn begin(&self, wanted: Try<'_>) -> Result<Attempt, NotNow> {
        let keys = Keys::of(&self.throttles, wanted);
        // An attempt that is refused anyway must not wait for its turn.
        self.check(&keys)?;
        let line = self.line(keys.pair, LINE_WAIT).await;
        let line = line.ok_or(NotNow::SlowDown(Duration::from_secs(1)))?;
        self.check(&keys)?;
        let end = Instant::now() + TURN_WAIT;
        let (slow, turn) = loop {
            let slow = if keys.is_known { None } else { self.slowed(&keys, end).await? };
            let turn = match wanted.cost {
                Cost::Password => Some(self.turn(&keys).await?),
                Cost::Little => None,
            };
            // Others may have failed while it waited for its turn.
            if keys.is_known || self.throttles.accounts.wait(&keys.account).is_none() {
                break (slow, turn);
            }
        };
        Ok(Attempt { throttles: self.throttles.clone(), keys, _turns: (line, slow, turn) })
    }

    /// Whether a browser that the account knows has not failed so often that it counts as unknown.
    pub fn trusts(&self, name: &str, browser: &str) -> bool {
        let key = self.throttles.browser_key(name, browser);
        self.throttles.browsers.wait(&key).is_none()
    }

    fn check(&self, keys: &Keys) -> Result<(), NotNow> {
        let Throttles { passwords, codes, addresses, .. } = &*self.throttles;
        let mut waits = vec![passwords.wait(&keys.pair), codes.wait(keys.code())];
        if !keys.is_known {
            waits.push(addresses.wait(&keys.address));
        }
        // Who gets as far as a code has the password: a browser gives no more tries at it.
        waits.push(keys.around.and_then(|around| codes.wait(&around.code)));
        let Some(wait) = waits.into_iter().flatten().max() else { return Ok(()) };
        self.refused(keys);
        Err(NotNow::SlowDown(wait))
    }

    /// A try that is refused costs as much as a wrong one, at that account: others behind the same
    /// address have nothing to do with it.
    fn refused(&self, keys: &Keys) {
        if !keys.is_known {
            self.throttles.passwords.failed(&keys.pair);
        }
    }

    /// Waits while the account is being guessed from many networks, one attempt after another.
    async fn slowed(&self, keys: &Keys, end: Instant) -> Result<Option<Waiting>, NotNow> {
        const LATER: NotNow = NotNow::SlowDown(COMES_BACK);
        let accounts = &self.throttles.accounts;
        // Nobody passes those that wait for this moment.
        if accounts.wait(&keys.account).is_none() && self.rooms.is_free(&keys.account) {
            return Ok(None);
        }
        let place = self.throttles.place(&keys.pair);
        let Some(mut waiting) = self.rooms.enter(keys.account, place) else {
            self.throttles.set_back(&keys.pair, SetBack::NoRoom);
            return Err(LATER);
        };
        while Instant::now() < end {
            let changed = waiting.changed();
            let changed = changed.notified();
            let wait = match (waiting.turn(), accounts.wait(&keys.account)) {
                (room::Turn::Lost, _) => return Err(LATER),
                (room::Turn::Now, Some(wait)) => Instant::now() + wait,
                (room::Turn::Now, None) if waiting.take_turn() => return Ok(Some(waiting)),
                (room::Turn::Now | room::Turn::Later, _) => end,
            };
            drop(tokio::time::timeout_at(wait.min(end), changed).await);
        }
        Err(LATER)
    }

    async fn turn(&self, keys: &Keys) -> Result<Turn, NotNow> {
        if keys.is_known {
            let held = self.known.wait(&keys.pair, 1, TURN_WAIT).await;
            return held.map(Turn::Known).map_err(|_| NotNow::Busy);
        }
        if self.strangers.waiting_for(&keys.network) >= WAITING_PER_NETWORK {
            self.refused(keys);
            return Err(NotNow::Busy);
        }
        let held = self.strangers.wait(&keys.network, 1, TURN_WAIT).await;
        held.map(Turn::Stranger).map_err(|_| NotNow::Busy)
    }

    async fn line(&self, key: Key, timeout: Duration) -> Option<Permit> {
        tokio::time::timeout(timeout, Permit::take(self.lines.clone(), key)).await.ok()
    }
}

impl Keys {
    fn of(throttles: &Throttles, wanted: Try<'_>) -> Keys {
        let Try { name, peer, trier, browser, .. } = wanted;
        let network = network_of(peer);
        // A session that is used from many networks gets no more tries.
        let (name, from) = match trier {
            Trier::Anybody => (name.to_owned(), network),
            Trier::Session => (format!("session of {name}"), IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let (by_network, account) = (throttles.pair_key(&name, from), throttles.name_key(&name));
        let is_network_known = trier == Trier::Session || throttles.is_known(&by_network);
        let by_browser = browser
            .map(|thumbprint| throttles.browser_key(&name, thumbprint))
            .filter(|browser| throttles.browsers.wait(browser).is_none());
        Keys {
            pair: by_browser.unwrap_or(by_network),
            around: by_browser.map(|_| Around {
                pair: by_network,
                code: if is_network_known { by_network } else { account },
            }),
            account,
            address: throttles.address_key(counted_as(peer)),
            network,
            is_known: by_browser.is_some() || is_network_known,
        }
    }

    /// What wrong TOTP codes are counted under. Who gets this far has the password, so that only the
    /// owner's own networks are kept apart.
    fn code(&self) -> &Key {
        if self.is_known { &self.pair } else { &self.account }
    }
}

impl Attempt {
    /// Records that the password was wrong.
    pub fn failed(&self) {
        self.throttles.passwords.failed(&self.keys.pair);
        match &self.keys.around {
            // Who uses up what a browser may do has used up what its network may.
            Some(around) => {
                self.throttles.browsers.failed(&self.keys.pair);
                self.throttles.passwords.failed(&around.pair);
            }
            None if !self.keys.is_known => {
                self.throttles.set_back(&self.keys.pair, SetBack::Failed);
            }
            None => {}
        }
        self.throttles.accounts.failed(&self.keys.account);
        self.throttles.addresses.failed(&self.keys.address);
    }

    /// Records that the password was right, but the TOTP code was wrong.
    pub fn failed_code(&self) {
        self.throttles.codes.failed(self.keys.code());
        if let Some(around) = &self.keys.around {
            self.throttles.browsers.failed(&self.keys.pair);
            self.throttles.codes.failed(&around.code);
        }
        self.throttles.addresses.failed(&self.keys.address);
    }

    /// Counts a refusal, and writes it to the log as one of `what`. This belongs into the work that
    /// tries, which goes on when its client disconnects.
    pub fn count<T>(&self, done: &Result<T, gateway::Error>, what: &str, peer: IpAddr) {
        match done {
            Err(gateway::Error::Refused) => {
                self.failed();
                tracing::info!(peer.ip = %peer, what, "refused");
            }
            Err(gateway::Error::WrongCode) => {
                self.failed_code();
                tracing::info!(peer.ip = %peer, what = "a TOTP code", "refused");
            }
            _ => {}
        }
    }

    /// Records that an account was opened from here, by the name that guesses are counted under.
    pub fn succeeded(&self, name: &str, by: CredentialKind) {
        self.throttles.set_known(&self.opened_from(name, by));
    }

    /// Whether the network is not known for this.
    pub fn is_new(&self, name: &str, by: CredentialKind) -> bool {
        !self.throttles.is_known(&self.opened_from(name, by))
    }

    /// Programs run anywhere, and their passwords lie in files: where one was used is remembered
    /// apart, and makes no line of its own.
    fn opened_from(&self, name: &str, by: CredentialKind) -> Key {
        match by {
            CredentialKind::App => {
                self.throttles.pair_key(&format!("program of {name}"), self.keys.network)
            }
            CredentialKind::Password | CredentialKind::Passkey | CredentialKind::Recovery => {
                self.throttles.pair_key(name, self.keys.network)
            }
        }
    }
}

impl From<NotNow> for Problem {
    fn from(why: NotNow) -> Problem {
        match why {
            NotNow::SlowDown(wait) => Problem::slow_down(wait),
            NotNow::Busy => gateway::Error::Busy.into(),
        }
    }
}

/// The single permit of a line; the semaphore is removed with the last attempt that uses it.
struct Permit {
    lines: Lines,
    name: Key,
    permit: Option<OwnedSemaphorePermit>,
}

impl Permit {
    async fn take(lines: Lines, name: Key) -> Permit {
        let line = {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.entry(name).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
        };
        // Created before waiting, so that an attempt that is cancelled cleans up as well.
        let mut permit = Permit { lines, name, permit: None };
        permit.permit = Some(line.acquire_owned().await.expect("the semaphore is never closed"));
        permit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // No other attempt can obtain the semaphore while `lines` is locked.
        if lines.get(&self.name).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use crate::net::throttles::Setup;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn attempts() -> Attempts {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a test");
        let setup = Setup { key, keys_max: 1_000, now: 1_790_000_000_000 };
        Attempts::new(Arc::new(Throttles::in_memory(setup)), 2)
    }

    fn elsewhere(number: u8) -> IpAddr {
        IpAddr::from([192, 0, number, 1])
    }

    async fn begin(attempts: &Attempts, name: &str, peer: IpAddr) -> Result<Attempt, NotNow> {
        let cost = Cost::Password;
        attempts.begin(Try { name, peer, browser: None, trier: Trier::Anybody, cost }).await
    }

    async fn guess(attempts: &Attempts, name: &str, peer: IpAddr) -> Result<(), NotNow> {
        begin(attempts, name, peer).await.map(|attempt| attempt.failed())
    }

    fn waits(result: Result<Attempt, NotNow>) -> Option<u64> {
        match result {
            Err(NotNow::SlowDown(wait)) => Some(wait.as_secs_f64().ceil() as u64),
            Err(NotNow::Busy) | Ok(_) => None,
        }
    }

    /// P-13
    #[tokio::test]
    async fn five_wrong_passwords_slow_one_network_down_at_one_name_and_nobody_else() {
        let attempts = attempts();
        for _ in 0..5 {
            guess(&attempts, "Dana", PEER).await.unwrap();
        }
        assert!(waits(begin(&attempts, " dana ", PEER).await).is_some_and(|wait| wait > 8));
        assert!(begin(&attempts, "omar", PEER).await.is_ok());
        assert!(begin(&attempts, "dana", elsewhere(2)).await.is_ok());
    }

    /// P-13
    #[tokio::test]
    async fn an_address_that_tries_many_names_is_slowed_down() {
        let attempts = attempts();
        for n in 0..30 {
            guess(&attempts, &n.to_string(), PEER).await.unwrap();
        }
        assert!(waits(begin(&attempts, "dana", PEER).await).is_some());
        assert!(begin(&attempts, "dana", elsewhere(2)).await.is_ok());
    }

    /// The owner of an account has been here before: what others do elsewhere is nothing to her.
    #[tokio::test(start_paused = true)]
    async fn a_known_network_has_a_line_of_its_own() {
        let attempts = attempts();
        begin(&attempts, "dana", elsewhere(1))
            .await
            .unwrap_or_else(|_| panic!())
            .succeeded("dana", CredentialKind::Password);
        for network in 2..100 {
            guess(&attempts, "dana", elsewhere(network)).await.ok();
        }
        // All turns of strangers are taken as well.
        let busy = begin(&attempts, "omar", elsewhere(150)).await;
        let began = Instant::now();
        for _ in 0..3 {
            let known = begin(&attempts, "dana", elsewhere(1)).await;
            assert!(known.is_ok() && began.elapsed().is_zero());
        }
        // Her own guesses count, of passwords and codes.
        for _ in 0..5 {
            begin(&attempts, "dana", elsewhere(1)).await.ok().unwrap().failed_code();
        }
        assert!(waits(begin(&attempts, "dana", elsewhere(1)).await).is_some());
        drop(busy);
    }

    /// P-13: a browser that the account knows waits for nobody, wherever it is, until it fails.
    #[tokio::test]
    async fn a_known_browser_has_a_line_of_its_own_and_a_few_failures_end_that() {
        let attempts = attempts();
        for network in 0..30 {
            guess(&attempts, "dana", elsewhere(network)).await.unwrap();
        }
        let began = Instant::now();
        let from = |browser| {
            let (name, peer, cost) = ("dana", elsewhere(99), Cost::Password);
            attempts.begin(Try { name, peer, browser, trier: Trier::Anybody, cost })
        };
        for _ in 0..4 {
            from(Some("a key")).await.ok().unwrap().failed();
        }
        from(Some("another key")).await.ok().unwrap().failed_code();
        let last = from(Some("a key")).await.ok().unwrap();
        assert!(last.keys.is_known && began.elapsed() < Duration::from_secs(3));
        last.failed();
        // Now it is like any other from its network, which has used up its guesses with it.
        assert!(waits(from(Some("a key")).await).is_some_and(|wait| wait > 8));
        assert!(waits(from(None).await).is_some_and(|wait| wait > 8));
        let other = from(Some("another key")).await.ok().unwrap();
        assert!(other.keys.is_known && began.elapsed() < Duration::from_secs(3));
    }

    /// Regression: who had the password had five codes as a browser that the account knows, and five
    /// more without it.
    #[tokio::test]
    async fn a_wrong_code_of_a_known_browser_counts_without_the_browser_too() {
        let from = async |attempts: &Attempts, network, browser| {
            let (name, peer, cost) = ("dana", elsewhere(network), Cost::Password);
            attempts.begin(Try { name, peer, browser, trier: Trier::Anybody, cost }).await
        };
        let anywhere = attempts();
        for _ in 0..5 {
            from(&anywhere, 1, Some("a key")).await.ok().unwrap().failed_code();
        }
        for (network, browser) in [(1, None), (2, None), (1, Some("a key")), (3, Some("another"))] {
            let wait = waits(from(&anywhere, network, browser).await);
            assert!(wait.is_some_and(|wait| wait > 200), "{network} {browser:?}: {wait:?}");
        }
        // In a network that the account knows, they count there alone.
        let at_home = attempts();
        let first = from(&at_home, 1, None).await.ok().unwrap();
        first.succeeded("dana", CredentialKind::Password);
        drop(first);
        for _ in 0..5 {
            from(&at_home, 1, Some("a key")).await.ok().unwrap().failed_code();
        }
        assert!(waits(from(&at_home, 1, None).await).is_some_and(|wait| wait > 200));
        assert!(waits(from(&at_home, 1, Some("another")).await).is_some_and(|wait| wait > 200));
        assert!(from(&at_home, 2, None).await.is_ok());
        assert!(from(&at_home, 2, Some("another")).await.is_ok());
    }

    /// However many networks guess, the right password is tried in the end.
    #[tokio::test]
    async fn an_account_that_is_guessed_from_everywhere_is_slow_and_never_shut() {
        let attempts = attempts();
        let began = Instant::now();
        for network in 0..30 {
            guess(&attempts, "dana", elsewhere(network)).await.unwrap();
        }
        guess(&attempts, "nobody", elsewhere(31)).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(3), "that was within the limit");
        assert!(begin(&attempts, "dana", elsewhere(32)).await.is_ok());
        assert!(began.elapsed() > Duration::from_secs(3), "one more waits for its turn");
    }

    /// Regression: those that waited for their turn together passed on the strength of one token.
    #[tokio::test(start_paused = true)]
    async fn guesses_from_many_networks_at_once_are_no_more_than_the_account_allows() {
        let attempts = Arc::new(attempts());
        let guesses: Vec<_> = (0..100)
            .map(|network| {
                let attempts = attempts.clone();
                tokio::spawn(async move {
                    let attempt = begin(&attempts, "dana", elsewhere(network)).await;
                    tokio::task::yield_now().await;
                    attempt.map(|attempt| attempt.failed()).is_ok()
                })
            })
            .collect();
        let mut tried = 0;
        for guess in guesses {
            tried += usize::from(guess.await.unwrap());
        }
        assert!((25..=32).contains(&tried), "{tried}");
    }

    /// P-13
    #[tokio::test]
    async fn guesses_at_once_are_counted_one_after_another() {
        let attempts = Arc::new(attempts());
        let guesses: Vec<_> = (0..20)
            .map(|_| {
                let attempts = attempts.clone();
                tokio::spawn(async move {
                    let Ok(attempt) = begin(&attempts, "dana", PEER).await else { return false };
                    tokio::task::yield_now().await;
                    attempt.failed();
                    true
                })
            })
            .collect();
        let mut tried = 0;
        for guess in guesses {
            tried += usize::from(guess.await.unwrap());
        }
        assert_eq!(tried, 5);
        assert!(attempts.lines.lock().unwrap().is_empty());
    }
}
