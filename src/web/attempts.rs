//! Slowing down password guessing, by account and by address, without ever locking an account.
//!
//! Log-ins to one name are processed one after another: otherwise many parallel guesses would all
//! be made before the first failure counts. Names are kept as hashes, whether they exist or not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::net::failures::Key;
use crate::net::listen::counted_as;
use crate::net::throttles::Throttles;

type Lines = Arc<Mutex<HashMap<Key, Arc<Semaphore>>>>;

/// The failed attempts by account name and by address.
pub struct Attempts {
    /// Asked on the async threads: that takes microseconds, as measured for decision 9.
    throttles: Arc<Throttles>,
    /// The attempts that wait, by name.
    lines: Lines,
}

/// A permit to try one password. The next attempt for the same name waits until it is dropped.
pub struct Attempt<'a> {
    attempts: &'a Attempts,
    name: Key,
    address: Key,
    _turn: Permit,
}

/// How long a log-in waits for earlier ones to the same name.
const LINE_WAIT: Duration = Duration::from_secs(10);

impl Attempts {
    pub fn new(throttles: Arc<Throttles>) -> Attempts {
        Attempts { throttles, lines: Lines::default() }
    }

    /// Returns a permit to try a password for `name`, or how long to wait before trying again.
    pub async fn begin(&self, name: &str, peer: IpAddr) -> Result<Attempt<'_>, Duration> {
        let name = self.throttles.name_key(name);
        let address = self.throttles.address_key(counted_as(peer));
        // An attempt that is refused anyway must not wait for its turn.
        self.check(&name, &address)?;
        let permit = tokio::time::timeout(LINE_WAIT, Permit::take(self.lines.clone(), name)).await;
        let permit = permit.map_err(|_| Duration::from_secs(1))?;
        self.check(&name, &address)?;
        Ok(Attempt { attempts: self, name, address, _turn: permit })
    }

    fn check(&self, name: &Key, address: &Key) -> Result<(), Duration> {
        let Throttles { passwords, codes, addresses, .. } = &*self.throttles;
        let waits = [passwords.wait(name), codes.wait(name), addresses.wait(address)];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }
}

impl Attempt<'_> {
    /// Records that the password was wrong.
    pub fn failed(self) {
        self.attempts.throttles.passwords.failed(&self.name);
        self.attempts.throttles.addresses.failed(&self.address);
    }

    /// Records that the password was right, but the TOTP code was wrong.
    pub fn failed_code(self) {
        self.attempts.throttles.codes.failed(&self.name);
        self.attempts.throttles.addresses.failed(&self.address);
    }
}

/// A name's single permit; the semaphore is removed with the last attempt that uses it.
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
    use std::net::Ipv4Addr;

    use aws_lc_rs::hmac;

    use crate::net::throttles::Setup;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn attempts() -> Attempts {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a test");
        let setup = Setup { key, keys_max: 1_000, now: 1_790_000_000_000 };
        Attempts::new(Arc::new(Throttles::in_memory(setup)))
    }

    /// P-13
    #[tokio::test]
    async fn five_wrong_passwords_slow_one_name_down_and_nobody_else() {
        let attempts = attempts();
        for _ in 0..5 {
            attempts.begin("Dana", PEER).await.unwrap_or_else(|_| panic!("too early")).failed();
        }
        let wait = attempts.begin(" dana ", PEER).await.err().unwrap();
        assert!(wait > Duration::from_secs(8) && wait <= Duration::from_secs(10), "{wait:?}");
        assert!(attempts.begin("omar", PEER).await.is_ok());
    }

    /// P-13
    #[tokio::test]
    async fn an_address_that_tries_many_names_is_slowed_down() {
        let attempts = attempts();
        for n in 0..30 {
            attempts.begin(&n.to_string(), PEER).await.unwrap_or_else(|_| panic!("{n}")).failed();
        }
        assert!(attempts.begin("dana", PEER).await.is_err());
        assert!(attempts.begin("dana", IpAddr::from([192, 0, 2, 1])).await.is_ok());
    }

    /// P-13
    #[tokio::test]
    async fn guesses_at_once_are_counted_one_after_another() {
        let attempts = Arc::new(attempts());
        let guesses: Vec<_> = (0..20)
            .map(|_| {
                let attempts = attempts.clone();
                tokio::spawn(async move {
                    let Ok(attempt) = attempts.begin("dana", PEER).await else { return false };
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
