//! The failed sign-ins of all accounts and addresses, kept in a folder of their own, so that a
//! restart does not forget them.
//!
//! | tree | key | at most |
//! | --- | --- | --- |
//! | `passwords` | account, or the name that was tried, and network | five wrong passwords without delay |
//! | `accounts` | account or name | thirty wrong passwords from networks that it does not know |
//! | `codes` | the same, or with a network that it knows | five wrong TOTP codes |
//! | `addresses` | address, or IPv6 /64 | thirty failures of any kind |
//! | `known` | account and network | somebody has signed in from there within 90 days |
//! | `browsers` | account and browser | five failures, and one more every ten minutes, until it counts as unknown |
//!
//! In memory alone is the order of those that wait to guess at one account: who failed there, and who
//! comes back sooner than it was asked to, comes later.
//!
//! A row is the keyed hash of a name, a network or an address, and a moment. Its loss harms nobody, so nothing
//! is synced before an answer: a kill may lose the failures of the last second. A folder that
//! cannot be used is removed and begun anew.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::hmac;
use sled::{Db, Mode};

use super::failures::{Failures, Key, Millis, Trouble, guarded};
use super::throttle::{Rate, Throttle, Watch};

/// How keys are made, and how many are kept.
pub struct Setup {
    /// What names and addresses are hashed with.
    pub key: hmac::Key,
    /// The most keys of each kind.
    pub keys_max: usize,
    /// The wall clock.
    pub now: Millis,
}

/// The failed sign-ins by name and by address.
pub struct Throttles {
    /// Wrong passwords, by name and network.
    pub passwords: Throttle,
    /// Wrong passwords, by name.
    pub accounts: Throttle,
    /// Wrong TOTP codes, by name, or by name and network.
    pub codes: Throttle,
    /// Both, by address.
    pub addresses: Throttle,
    /// Wrong passwords and codes, by account and a browser that it knows.
    pub browsers: Throttle,
    /// Until when an account knows a network.
    known: Failures,
    /// From when on a network is as good as one that never tried, by account and network.
    order: Failures,
    watch: Watch,
    key: hmac::Key,
    db: Option<Db>,
}

/// The least that sled works well with: its default is 1 GiB.
const CACHE_OCTETS: u64 = 1 << 20;
/// sled writes a segment at a time; 10,000 keys need 30 of these.
const SEGMENT_OCTETS: usize = 32 << 10;
const FLUSH_EVERY_MILLIS: u64 = 1_000;
/// How long an account knows a network: 90 days.
const KNOWN_MILLIS: Millis = 90 * 24 * 3_600_000;

/// What moves a network back among those that wait to guess at one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBack {
    /// A wrong password.
    Failed,
    /// A try for which there was no room. Who comes back after [`COMES_BACK`], as it was asked to, is
    /// where it was before.
    NoRoom,
}

/// When somebody may come back for whom there was no room.
pub const COMES_BACK: Duration = Duration::from_millis(COMES_BACK_MILLIS);
const COMES_BACK_MILLIS: Millis = 5_000;
/// How long a wrong password is remembered. One is tried in five seconds: it takes more than 720
/// networks to have one that has not failed at any time.
const FAILED_MILLIS: Millis = 3_600_000;
/// Nothing is remembered for longer.
const SET_BACK_MAX: Millis = 2 * FAILED_MILLIS;

impl SetBack {
    /// Returns from when on a network is as good as one that never tried.
    pub fn after(self, until: Option<Millis>, now: Millis) -> Millis {
        let by = match self {
            SetBack::Failed => FAILED_MILLIS,
            SetBack::NoRoom => COMES_BACK_MILLIS,
        };
        let from = until.map_or(now, |until| until.max(now));
        from.saturating_add(by).min(SetBack::latest(now))
    }

    fn latest(now: Millis) -> Millis {
        now.saturating_add(SET_BACK_MAX)
    }
}

impl Throttles {
    /// Opens the folder, and creates it if it does not exist. If that fails, failures are kept in
    /// memory.
    pub fn open(folder: &Path, setup: Setup) -> Throttles {
        let opened = open_folder(folder, &setup).or_else(|trouble| {
            let path = folder.display();
            tracing::warn!(error = %trouble, %path, "failed sign-ins are counted from zero");
            fs::remove_dir_all(folder)?;
            open_folder(folder, &setup)
        });
        opened.unwrap_or_else(|trouble| {
            let path = folder.display();
            tracing::warn!(error = %trouble, %path, "failed sign-ins are counted in memory only");
            Throttles::in_memory(setup)
        })
    }

    /// Keeps failures in memory only.
    pub fn in_memory(setup: Setup) -> Throttles {
        let watch = Watch::start(setup.now);
        let throttle = |rate| Throttle::new(rate, Failures::in_memory(setup.keys_max), watch);
        Throttles {
            passwords: throttle(Rate::PASSWORDS_PER_ACCOUNT),
            accounts: throttle(Rate::PASSWORDS_FROM_STRANGERS),
            codes: throttle(Rate::TOTP_PER_ACCOUNT),
            addresses: throttle(Rate::PASSWORDS_PER_ADDRESS),
            browsers: throttle(Rate::FAILURES_PER_BROWSER),
            known: Failures::in_memory(setup.keys_max),
            order: Failures::in_memory(setup.keys_max),
            watch,
            key: setup.key,
            db: None,
        }
    }

    /// Returns the key of an account name, whether it exists or not.
    pub fn name_key(&self, name: &str) -> Key {
        self.hash(b"name\0", name.trim().to_lowercase().as_bytes())
    }

    /// Returns the key of an account name as seen from a network.
    pub fn pair_key(&self, name: &str, network: IpAddr) -> Key {
        let pair = format!("{network} {}", name.trim().to_lowercase());
        self.hash(b"pair\0", pair.as_bytes())
    }

    /// Returns the key of an account name as seen from a browser that the account knows.
    pub fn browser_key(&self, name: &str, key_thumbprint: &str) -> Key {
        let pair = format!("{key_thumbprint} {}", name.trim().to_lowercase());
        self.hash(b"browser\0", pair.as_bytes())
    }

    /// Returns the place of a pair among those that wait: the lowest goes first.
    pub fn place(&self, pair: &Key) -> Millis {
        let now = self.watch.now();
        self.order.full_at(pair).map_or(now, |until| until.max(now))
    }

    /// Moves a pair behind those that did not do what it did.
    pub fn set_back(&self, pair: &Key, by: SetBack) {
        let now = self.watch.now();
        if self.order.update(pair, |until| by.after(until, now)) {
            self.order.sweep(now, SetBack::latest(now));
        }
    }

    /// Whether the account of a pair knows its network.
    pub fn is_known(&self, pair: &Key) -> bool {
        self.known.full_at(pair).is_some_and(|until| until > self.watch.now())
    }

    /// Records that the owner of an account signed in from a network.
    pub fn set_known(&self, pair: &Key) {
        let now = self.watch.now();
        let until = now.saturating_add(KNOWN_MILLIS);
        if self.known.update(pair, |_| until) {
            self.known.sweep(now, until);
        }
    }

    /// Returns the key of an address.
    pub fn address_key(&self, address: IpAddr) -> Key {
        self.hash(b"address\0", address.to_string().as_bytes())
    }

    /// Writes what is not on the disk yet.
    pub fn flush(&self) {
        let Some(db) = &self.db else { return };
        if let Err(trouble) = guarded(|| db.flush()) {
            tracing::warn!(error = %trouble, "the last failed sign-ins could not be saved");
        }
    }

    fn hash(&self, kind: &[u8], text: &[u8]) -> Key {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(kind);
        context.update(text);
        *context.sign().as_ref().first_chunk().expect("a SHA-256 tag has 32 octets")
    }
}

fn open_folder(folder: &Path, setup: &Setup) -> Result<Throttles, Trouble> {
    private_folder(folder)?;
    guarded(|| open_trees(folder, setup))
}

fn open_trees(folder: &Path, setup: &Setup) -> sled::Result<Throttles> {
    let db = sled::Config::new()
        .path(folder)
        .mode(Mode::LowSpace)
        .cache_capacity(CACHE_OCTETS)
        .segment_size(SEGMENT_OCTETS)
        .flush_every_ms(Some(FLUSH_EVERY_MILLIS))
        .open()?;
    let (watch, now) = (Watch::start(setup.now), setup.now);
    let throttle = |name: &str, rate: Rate| {
        let tree = db.open_tree(name)?;
        let failures = Failures::in_tree(tree, setup.keys_max, now, rate.latest(now))?;
        Ok::<_, sled::Error>(Throttle::new(rate, failures, watch))
    };
    Ok(Throttles {
        passwords: throttle("passwords", Rate::PASSWORDS_PER_ACCOUNT)?,
        accounts: throttle("accounts", Rate::PASSWORDS_FROM_STRANGERS)?,
        codes: throttle("codes", Rate::TOTP_PER_ACCOUNT)?,
        addresses: throttle("addresses", Rate::PASSWORDS_PER_ADDRESS)?,
        browsers: throttle("browsers", Rate::FAILURES_PER_BROWSER)?,
        order: Failures::in_memory(setup.keys_max),
        known: Failures::in_tree(
            db.open_tree("known")?,
            setup.keys_max,
            now,
            now.saturating_add(KNOWN_MILLIS),
        )?,
        watch,
        key: setup.key.clone(),
        db: Some(db),
    })
}

/// Creates a folder that only its owner can access, or makes it one.
fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Instant;

    use super::*;

    const START: Millis = 1_790_000_000_000;
    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 77));

    fn open(folder: &Path, now: Millis) -> Throttles {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a test");
        Throttles::open(folder, Setup { key, keys_max: 50_000, now })
    }

    /// Closes the folder, and waits until threads of sled that are ending have released its lock.
    fn close(throttles: Throttles, folder: &Path) {
        throttles.flush();
        drop(throttles);
        let end = Instant::now() + Duration::from_secs(20);
        let file = fs::File::open(folder.join("db")).unwrap();
        let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
        while rustix::fs::flock(&file, exclusive).is_err() {
            assert!(Instant::now() < end, "sled never released its folder");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails until dana and an address have to wait.
    fn fail(throttles: &Throttles) {
        let (dana, address) = (throttles.name_key("dana"), throttles.address_key(ADDRESS));
        for _ in 0..5 {
            throttles.passwords.failed(&dana);
            throttles.codes.failed(&dana);
        }
        for _ in 0..30 {
            throttles.addresses.failed(&address);
        }
    }

    /// Returns the seconds that dana has to wait for a password and a code, and the address.
    fn waits(throttles: &Throttles) -> [u64; 3] {
        let (dana, address) = (throttles.name_key("dana"), throttles.address_key(ADDRESS));
        let waits = [
            throttles.passwords.wait(&dana),
            throttles.codes.wait(&dana),
            throttles.addresses.wait(&address),
        ];
        waits.map(|wait| wait.map_or(0, |wait| wait.as_millis().div_ceil(1_000) as u64))
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    fn octets_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        files(folder, &mut found);
        found.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn what_failed_before_a_restart_still_counts() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("throttles");
        let began = Instant::now();
        let throttles = open(&folder, START);
        fail(&throttles);
        let before = waits(&throttles);
        assert_eq!(before, [10, 300, 2]);
        close(throttles, &folder);
        // The wall clock has gone on since the start, however long the first part took.
        let wall = START + Millis::try_from(began.elapsed().as_millis()).unwrap();
        let again = open(&folder, wall + 3_000);
        let [password, code, address] = waits(&again);
        assert!((1..=7).contains(&password) && (290..=297).contains(&code), "{password} {code}");
        assert_eq!(address, 0, "it recovers by now");
        close(again, &folder);
        let later = open(&folder, START + 3_600_000);
        let kept = [&later.passwords, &later.codes, &later.addresses].map(Throttle::keys);
        assert_eq!((waits(&later), kept), ([0; 3], [0; 3]), "all have recovered, and are gone");
    }

    #[test]
    fn a_network_stays_known_after_a_restart_and_not_for_ever() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("throttles");
        let throttles = open(&folder, START);
        let pair = throttles.pair_key("dana", ADDRESS);
        assert!(!throttles.is_known(&pair));
        throttles.set_known(&pair);
        close(throttles, &folder);
        let again = open(&folder, START + 1_000);
        assert!(again.is_known(&again.pair_key(" Dana", ADDRESS)));
        assert!(!again.is_known(&again.pair_key("omar", ADDRESS)));
        close(again, &folder);
        let later = open(&folder, START + KNOWN_MILLIS + 60_000);
        assert!(!later.is_known(&pair) && later.known.is_empty());
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("throttles");
        let throttles = open(&folder, START);
        fail(&throttles);
        close(throttles, &folder);
        let year = 365 * 24 * 3_600_000;
        let back = open(&folder, START - year);
        assert_eq!(waits(&back), [10, 300, 2]);
        close(back, &folder);
        let soon = open(&folder, START - year + 11_000);
        let [password, code, address] = waits(&soon);
        assert_eq!((password, address), (0, 0), "time went on from the new clock");
        assert!((280..300).contains(&code), "{code}");
    }

    #[test]
    fn neither_names_nor_addresses_are_in_the_files() {
        let home = tempfile::tempdir().unwrap();
        let throttles = open(home.path(), START);
        fail(&throttles);
        throttles.flush();
        let (name, address) = (throttles.name_key("dana"), throttles.address_key(ADDRESS));
        let plain = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"dana");
        let octets = octets_of(home.path());
        let found = |searched: &[u8]| {
            octets.iter().any(|(_, file)| file.windows(searched.len()).any(|part| part == searched))
        };
        // sled stores what keys have in common once, so the last octets are searched.
        assert!(found(&name[8..]) && found(&address[8..]), "the rows are in the files");
        for secret in [&b"dana"[..], b"192.0.2.77", &[192, 0, 2, 77], &plain.as_ref()[..8]] {
            assert!(!found(secret), "{secret:?} is in a file");
        }
    }

    #[test]
    fn only_the_owner_can_access_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("throttles");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        drop(open(&folder, START));
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    /// Damages a folder that has failures in it in many ways. Each time it can be opened and counts,
    /// also after another restart.
    #[test]
    fn a_damaged_folder_is_begun_anew() {
        let home = tempfile::tempdir().unwrap();
        let good = home.path().join("good");
        let throttles = open(&good, START);
        fail(&throttles);
        for number in 0..500 {
            throttles.passwords.failed(&throttles.name_key(&number.to_string()));
        }
        close(throttles, &good);
        let (intact, mut begun) = (octets_of(&good), 0);
        for seed in 0..60 {
            let folder = home.path().join(seed.to_string());
            for (path, octets) in damaged(&intact, seed) {
                let path = folder.join(path.strip_prefix(&good).unwrap());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, octets).unwrap();
            }
            let throttles = open(&folder, START);
            assert!(throttles.db.is_some(), "seed {seed}: in memory only");
            begun += u32::from(throttles.passwords.keys() == 0);
            fail(&throttles);
            assert_eq!(waits(&throttles), [10, 300, 2], "seed {seed}");
            close(throttles, &folder);
            assert_eq!(waits(&open(&folder, START)), [10, 300, 2], "seed {seed}");
        }
        assert!(begun > 20, "{begun} folders were begun anew");
    }

    /// One file cut off, one bit turned, or a stretch of a file overwritten.
    fn damaged(intact: &[(PathBuf, Vec<u8>)], seed: u64) -> Vec<(PathBuf, Vec<u8>)> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut files = intact.to_vec();
        files.retain(|(_, octets)| !octets.is_empty());
        let one = random.usize(..files.len());
        let octets = &mut files[one].1;
        let at = random.usize(..octets.len());
        let end = (at + 4_096).min(octets.len());
        match random.u8(..4) {
            0 => octets.truncate(at),
            1 => octets[at] ^= 1 << random.u8(..8),
            2 => octets[at..end].fill(0),
            _ => random.fill(&mut octets[at..end]),
        }
        files
    }

    #[test]
    fn a_folder_that_cannot_be_made_leaves_counting_in_memory() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("throttles");
        fs::write(&taken, "a file").unwrap();
        let throttles = open(&taken, START);
        assert!(throttles.db.is_none());
        fail(&throttles);
        assert_eq!(waits(&throttles), [10, 300, 2]);
        throttles.flush();
    }
}
