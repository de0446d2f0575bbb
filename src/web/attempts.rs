//! Slowing down password guessing, by account name and by address, without ever locking an account.
//!
//! Log-ins to one name are processed one after another: otherwise many parallel guesses would all
//! be made before the first failure counts. Names are kept as hashes, whether they exist or not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::net::listen::counted_as;
use crate::net::throttle::{Rate, Throttle};

type Name = [u8; 32];
type Lines = Arc<Mutex<HashMap<Name, Arc<Semaphore>>>>;

/// The failed attempts by account name and by address.
pub struct Attempts {
    by_name: Throttle<Name>,
    /// Wrong TOTP codes, which only a client that knows the password can submit.
    codes: Throttle<Name>,
    by_address: Throttle<IpAddr>,
    /// The attempts that wait, by name.
    lines: Lines,
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts {
            by_name: Throttle::new(Rate::PASSWORDS_PER_ACCOUNT),
            codes: Throttle::new(Rate::TOTP_PER_ACCOUNT),
            by_address: Throttle::new(Rate::PASSWORDS_PER_ADDRESS),
            lines: Lines::default(),
        }
    }
}

/// A permit to try one password. The next attempt for the same name waits until it is dropped.
pub struct Attempt<'a> {
    attempts: &'a Attempts,
    name: Name,
    address: IpAddr,
    _turn: Permit,
}

/// How long a log-in waits for earlier ones to the same name.
const LINE_WAIT: Duration = Duration::from_secs(10);

impl Attempts {
    /// Returns a permit to try a password for `name`, or how long to wait before trying again.
    pub async fn begin(&self, name: &str, peer: IpAddr) -> Result<Attempt<'_>, Duration> {
        let (name, address) = (name_key(name), counted_as(peer));
        // An attempt that is refused anyway must not wait for its turn.
        self.check(&name, &address)?;
        let permit = tokio::time::timeout(LINE_WAIT, Permit::take(self.lines.clone(), name)).await;
        let permit = permit.map_err(|_| Duration::from_secs(1))?;
        self.check(&name, &address)?;
        Ok(Attempt { attempts: self, name, address, _turn: permit })
    }

    fn check(&self, name: &Name, address: &IpAddr) -> Result<(), Duration> {
        let waits = [self.by_name.wait(name), self.codes.wait(name), self.by_address.wait(address)];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }
}

impl Attempt<'_> {
    /// Records that the password was wrong.
    pub fn failed(self) {
        self.attempts.by_name.failed(&self.name);
        self.attempts.by_address.failed(&self.address);
    }

    /// Records that the password was right, but the TOTP code was wrong.
    pub fn failed_code(self) {
        self.attempts.codes.failed(&self.name);
        self.attempts.by_address.failed(&self.address);
    }
}

fn name_key(name: &str) -> Name {
    let hash = digest(&SHA256, name.trim().to_lowercase().as_bytes());
    *hash.as_ref().first_chunk().expect("a SHA-256 hash has 32 octets")
}

/// A name's single permit; the semaphore is removed with the last attempt that uses it.
struct Permit {
    lines: Lines,
    name: Name,
    permit: Option<OwnedSemaphorePermit>,
}

impl Permit {
    async fn take(lines: Lines, name: Name) -> Permit {
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

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    /// P-13
    #[tokio::test]
    async fn five_wrong_passwords_slow_one_name_down_and_nobody_else() {
        let attempts = Attempts::default();
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
        let attempts = Attempts::default();
        for n in 0..30 {
            attempts.begin(&n.to_string(), PEER).await.unwrap_or_else(|_| panic!("{n}")).failed();
        }
        assert!(attempts.begin("dana", PEER).await.is_err());
        assert!(attempts.begin("dana", IpAddr::from([192, 0, 2, 1])).await.is_ok());
    }

    /// P-13
    #[tokio::test]
    async fn guesses_at_once_are_counted_one_after_another() {
        let attempts = Arc::new(Attempts::default());
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
