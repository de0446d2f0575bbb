//! `postern demo`: the whole product on loopback, with one command and no set-up.
//!
//! The demo creates a certificate authority, accounts and a daemon key in one folder, starts the
//! daemon with it, delivers a few messages by SMTP, and prints all addresses and passwords.
//! Without `--keep`, the folder is removed when the demo ends. With a kept folder, the demo
//! continues with what is in it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config};
use crate::gateway::{ChosenBy, Conflict, Error as GatewayError, Gateway, NewAccount, Password};
use crate::mail::address::Address;
use crate::net::listen::{self, Handed};
use crate::terms::{Choice, HandOff};
use crate::vault::{DaemonKey, random_password};

use super::demo_ca::DemoCertificates;
use super::demo_sink::Sink;
use super::files::private_folder;
use super::{Error, Running, samples};

/// Run everything on loopback, with a CA, users and messages of its own; Ctrl-C ends it.
#[derive(clap::Args, Debug)]
pub struct Demo {
    /// The folder to work in; by default, a new temporary one.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Keep the folder at the end.
    #[arg(long)]
    keep: bool,
    /// Do not deliver sample messages.
    #[arg(long)]
    no_samples: bool,
    /// The domain of the sample users.
    #[arg(long, default_value = "postern.example")]
    domain: String,
    /// Create this many accounts u1, u2, … instead of the sample users.
    #[arg(long)]
    accounts: Option<u32>,
    /// The file with a password for all accounts; by default, each has a random one.
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The address for other mail servers (SMTP).
    #[arg(long, default_value = "127.0.0.1:2525")]
    smtp: SocketAddr,
    /// The address for browsers (HTTPS).
    #[arg(long, default_value = "127.0.0.1:8443")]
    https: SocketAddr,
    /// Send all outgoing mail to this next hop, host:port, instead of to the page that stands for
    /// the outside world.
    #[arg(long)]
    relay: Option<String>,
    /// How long sending can be undone, in seconds.
    #[arg(long, default_value_t = 15)]
    undo_secs: u32,
    /// What links in notifications begin with, such as https://localhost:8443.
    #[arg(long)]
    public_url: Option<String>,
    /// What happens to a message for an external recipient: refuse, ask, portal, plain,
    /// verified-tls.
    #[arg(long, default_value = "temporary-account")]
    choice: Choice,
    /// How external recipients get their initial password: claim, in-mail, by-sender.
    #[arg(long, default_value = "claim")]
    hand_off: HandOff,
}

/// The demo's users: login name and display name.
const PEOPLE: [(&str, &str); 3] =
    [("dana", "Dana Levi"), ("omar", "Omar Haddad"), ("mira", "Mira Novak")];

/// Runs the demo until it is asked to stop.
pub fn run(demo: &Demo) -> Result<(), Error> {
    let folder = Folder::open(demo)?;
    crate::telemetry::start(log_level(demo), crate::telemetry::Form::Text);
    let runtime = super::runtime()?;
    let https = {
        let _entered = runtime.enter();
        listen::bind(demo.https).map_err(super::Error::from)?
    };
    // Links in notifications contain the port, which may have been assigned just now.
    let mut config = configure(demo, &folder.path, https.local_addr()?)?;
    let answer = runtime.block_on(async {
        let mut stop_signals = super::StopSignals::new()?;
        let outside = outside(demo, &mut config).await?;
        let handed = Handed::from_env().with("https", https);
        let running = super::start(&config, handed, super::no_progress).await?;
        let made = make_accounts(demo, &running.gateway)?;
        if !demo.no_samples && !made.is_empty() {
            let addresses: Vec<&str> = made.iter().map(|one| one.address.as_str()).collect();
            let ca = folder.path.join("ca.pem");
            samples::deliver(running.smtp, &ca, &addresses).await?;
        }
        tell(demo, &folder, &running, &made, outside.as_ref())?;
        stop_signals.wait().await;
        let stopped = running.stop().await;
        if let Some(outside) = outside {
            outside.stop.cancel();
        }
        stopped
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    answer
}

/// The demo's own outside world.
struct Outside {
    page: SocketAddr,
    stop: CancellationToken,
}

/// Configures where outgoing mail goes: to a next hop, or to a page that shows it, which is
/// started and returned.
async fn outside(demo: &Demo, config: &mut Config) -> Result<Option<Outside>, Error> {
    config.relay.smarthost_tls = config::SmarthostTls::Opportunistic;
    if let Some(next_hop) = &demo.relay {
        config.relay.smarthost.clone_from(next_hop);
        config.check()?;
        return Ok(None);
    }
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (smtp, page) = Sink::start(&stop, &tasks).await?;
    config.relay.smarthost = smtp.to_string();
    Ok(Some(Outside { page, stop }))
}

/// The folder that the demo works in; it is removed at the end unless it is kept.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn open(demo: &Demo) -> Result<Folder, Error> {
        let path = match &demo.data {
            Some(path) => path.clone(),
            None => std::env::temp_dir().join(format!("postern-demo-{}", std::process::id())),
        };
        if demo.data.is_some() && !demo.keep && path.exists() {
            let text = format!("{} exists: add --keep to continue with it", path.display());
            return Err(Error::Usage(text));
        }
        private_folder(&path)?;
        Ok(Folder { path: path.canonicalize()?, keep: demo.keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            eprintln!("could not remove {}: {error}", self.path.display());
        }
    }
}

fn configure(demo: &Demo, folder: &Path, https: SocketAddr) -> Result<Config, Error> {
    let files = DemoCertificates::in_folder(folder)?;
    let key = folder.join("daemon.key");
    if !key.exists() {
        DaemonKey::create_file(&key)?;
    }
    let config = Config {
        server: config::Server {
            host_name: "localhost".to_owned(),
            domains: vec![demo.domain.to_lowercase()],
            data: folder.join("data"),
            daemon_key: key,
            postmaster: String::new(),
        },
        tls: config::Tls { certificate: files.certificate, key: files.key },
        smtp: config::Smtp { authentication: false, ..config::Smtp::for_demo(demo.smtp) },
        https: config::Https {
            public_url: demo.public_url.clone(),
            ..config::Https::for_demo(https)
        },
        outgoing: config::Outgoing {
            choice: demo.choice,
            undo_secs: demo.undo_secs,
            ..config::Outgoing::default()
        },
        temporary: config::Temporary { hand_off: demo.hand_off, ..config::Temporary::default() },
        // The demo makes no DNS queries: nothing answers at this address.
        dns: config::Dns {
            servers: vec![SocketAddr::from(([127, 0, 0, 1], 9))],
            timeout_secs: 1,
            ..config::Dns::default()
        },
        queue: config::Queue { retry_first_secs: 1, ..config::Queue::default() },
        store: config::Store { free_min_mib: 16, ..config::Store::default() },
        // The demonstration shows what is off elsewhere as well.
        schedule: config::Schedule { enabled: true, ..config::Schedule::default() },
        ..Config::default()
    };
    config.check()?;
    Ok(config)
}

/// An account that was just created.
struct DemoAccount {
    name: String,
    address: String,
    /// `None` if it came from the password file.
    password: Option<String>,
}

/// Creates the accounts that do not exist yet.
fn make_accounts(demo: &Demo, gateway: &Gateway) -> Result<Vec<DemoAccount>, Error> {
    let given = demo.password_file.as_deref().map(read_password).transpose()?;
    let there = gateway.account_list()?;
    let wanted = people(demo).into_iter();
    let missing: Vec<_> =
        wanted.filter(|(name, _)| there.iter().all(|row| row.view.name != *name)).collect();
    // Each account costs a password hash, and the pool computes one per core at the same time.
    std::thread::scope(|scope| {
        let mut made = Vec::with_capacity(missing.len());
        for few in missing.chunks(16) {
            let threads: Vec<_> = few
                .iter()
                .map(|person| {
                    let given = given.as_deref();
                    scope.spawn(move || make_account(gateway, person, &demo.domain, given))
                })
                .collect();
            for thread in threads {
                let one = thread
                    .join()
                    .map_err(|_| Error::Usage("an account could not be created".into()))?;
                made.push(one?);
            }
        }
        // The first account is an administrator, so that the demo shows the administrators' pages.
        if let (true, Some(first)) = (there.is_empty(), made.first()) {
            let name = first.name.clone();
            let thread = scope.spawn(move || gateway.account_manager(&name, true));
            thread.join().map_err(|_| {
                Error::Usage("the first account could not be made an administrator".into())
            })??;
        }
        Ok(made)
    })
}

fn make_account(
    gateway: &Gateway,
    (name, display_name): &(String, String),
    domain: &str,
    given: Option<&str>,
) -> Result<DemoAccount, Error> {
    let address = format!("{name}@{domain}");
    let random = match given {
        Some(_) => None,
        None => Some(random_password()?.expose().to_owned()),
    };
    let text = random.as_deref().or(given).unwrap_or_default();
    let parsed =
        Address::parse(&address).map_err(|error| Error::Usage(format!("{address}: {error}")))?;
    let new = NewAccount {
        name: name.clone(),
        display_name: display_name.clone(),
        addresses: vec![parsed],
        password: Password::new(text).map_err(|_| bad_password())?,
        chosen_by: ChosenBy::Owner,
    };
    match gateway.account_create(new) {
        Ok(_) | Err(GatewayError::Conflict(Conflict::Exists)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(DemoAccount { name: name.clone(), address, password: random })
}

fn people(demo: &Demo) -> Vec<(String, String)> {
    match demo.accounts {
        Some(count) => (1..=count).map(|n| (format!("u{n}"), format!("User {n}"))).collect(),
        None => PEOPLE.map(|(name, display)| (name.to_owned(), display.to_owned())).to_vec(),
    }
}

fn read_password(path: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Error::Usage(format!("{}: the first line is empty", path.display())));
    }
    Ok(line.to_owned())
}

fn bad_password() -> Error {
    Error::Usage("the password must have 1 to 1024 octets".to_owned())
}

fn log_level(demo: &Demo) -> &'static str {
    // With sample users, people read the addresses below; with many accounts, scripts read the
    // log.
    if demo.accounts.is_some() { "info" } else { "warn" }
}

/// Prints all addresses and passwords, and `ready` at the end.
fn tell(
    demo: &Demo,
    folder: &Folder,
    running: &Running,
    made: &[DemoAccount],
    outside: Option<&Outside>,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "smtp {}", running.smtp)?;
    writeln!(out, "https https://{}/", running.https)?;
    writeln!(out, "ca {}", folder.path.join("ca.pem").display())?;
    if let Some(outside) = outside {
        writeln!(out, "outside http://{}/", outside.page)?;
    }
    for one in made {
        if let Some(password) = &one.password {
            writeln!(out, "account {} {} password {password}", one.name, one.address)?;
        }
    }
    if demo.accounts.is_none() {
        tell_people(&mut out, running, made)?;
    }
    writeln!(out, "ready")?;
    out.flush()
}

fn tell_people(out: &mut impl Write, running: &Running, made: &[DemoAccount]) -> io::Result<()> {
    let address = made.first().map_or("dana@postern.example", |one| one.address.as_str());
    writeln!(out)?;
    writeln!(out, "Open https://localhost:{}/ in a browser and sign in.", running.https.port())?;
    writeln!(out, "It does not know the demo's certificate authority: confirm that you trust it.")?;
    if made.is_empty() {
        writeln!(out, "The accounts and passwords were printed at the first start.")?;
    }
    writeln!(out, "Send mail:  swaks --server {} --tls --to {address}", running.smtp)?;
    writeln!(
        out,
        "Mail to outside, such as to anybody@outside.example, is shown on the page `outside`."
    )?;
    writeln!(out, "Ctrl-C ends the demo.")?;
    writeln!(out)
}
