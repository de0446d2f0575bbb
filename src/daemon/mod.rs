//! Connects everything: configuration → vault → store → gateway → edges; handles signals and the
//! shutdown.
//!
//! On SIGTERM or SIGINT, the listeners close, sessions finish what they are doing (within a time
//! limit), the store writes its checkpoint, and the process exits. On SIGHUP, the certificate is
//! read again; if the new one is invalid, the error is logged and the old one stays in use.

mod backup;
pub mod cli;
mod console;
mod credentials;
mod demo;
mod demo_ca;
mod demo_sink;
mod dns_check;
mod examine;
mod files;
mod idle;
mod import;
mod manual;
mod ports;
mod rules;
mod samples;
mod users;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::gateway::retry::RetryPlan;
use crate::gateway::{self, Gateway, Quota, Settings};
use crate::metrics::Gauge;
use crate::net::dns::Resolver;
use crate::net::listen::{self, Handed};
use crate::net::remote_image::RemoteImages;
use crate::net::throttles::{self, Throttles};
use crate::net::tls::Identity;
use crate::relay::{self, Relay};
use crate::smtp::verify::Verifier;
use crate::store::local::{LocalConfig, LocalEngine, restore};
use crate::store::{self, Store};
use crate::vault::{self, PasswordCost, PoolLimits, Vault};
use crate::wipe::{wipe_registers, wipe_stack};
use crate::{control, jobs, metrics, net, smtp, telemetry, web};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] config::Error),
    #[error(transparent)]
    Problem(#[from] config::Problem),
    #[error(transparent)]
    Vault(#[from] vault::Error),
    #[error("store: {0}")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Gateway(#[from] gateway::Error),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Relay(#[from] relay::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("the control socket {}: {source}", path.display())]
    Control { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Backup { path: PathBuf, source: restore::Error },
    #[error("standard output: {0}")]
    Output(#[source] std::io::Error),
    /// The text is the whole message.
    #[error("{0}")]
    Usage(String),
}

/// How long sessions may take to finish after the daemon was asked to stop.
const DRAIN: Duration = Duration::from_secs(20);
const DAY_SECS: i64 = 24 * 3600;

/// An open store with its gateway.
pub struct Opened {
    pub gateway: Gateway,
    engine: Arc<LocalEngine>,
    vault: Vault,
}

impl Opened {
    /// Writes the checkpoint and closes the store.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.engine.close()?)
    }
}

/// Opens the store that the configuration names. If the index has to be rebuilt, `progress` is
/// called with the octets done and in total.
pub fn open(config: &Config, progress: &mut dyn FnMut(u64, u64)) -> Result<Opened, Error> {
    files::private_folder(&config.server.data)?;
    let vault = Vault::new(
        credentials::daemon_key(&config.server.daemon_key)?,
        pool_limits(config),
        cost(config),
    );
    let local = LocalConfig::from_config(config.server.data.join("store"), &config.store);
    let engine = Arc::new(LocalEngine::open(local, vault.clone(), Clock::System, progress)?);
    let store = Store::new(engine.clone(), vault.clone());
    let gateway = Gateway::new(store, vault.clone(), Clock::System, settings(config));
    Ok(Opened { gateway, engine, vault })
}

/// Runs `postern serve` until it is asked to stop.
pub fn serve(config: &Config) -> Result<(), Error> {
    let form = match config.log.form {
        config::Form::Text => telemetry::Form::Text,
        config::Form::Json => telemetry::Form::Json,
    };
    telemetry::start(&config.log.level, form);
    // Whatever umask it was started with: the files are for the daemon alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let runtime = runtime()?;
    let answer = runtime.block_on(async {
        let mut stop_signals = StopSignals::new()?;
        let running = tokio::select! {
            running = start(config, Handed::from_env(), no_progress) => running?,
            // Whatever the start had begun is as after a crash, which loses nothing.
            () = stop_signals.wait() => return Ok(()),
        };
        notify(sd_notify::NotifyState::Ready);
        stop_signals.wait().await;
        notify(sd_notify::NotifyState::Stopping);
        running.stop().await
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    answer
}

/// A running daemon.
pub struct Running {
    pub smtp: SocketAddr,
    pub https: SocketAddr,
    pub gateway: Gateway,
    engine: Arc<LocalEngine>,
    throttles: Arc<Throttles>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// Stops accepting connections, lets sessions finish, and closes the store.
    pub async fn stop(self) -> Result<(), Error> {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("some sessions did not finish in time and were aborted");
        }
        let (gateway, engine, throttles) = (self.gateway, self.engine, self.throttles);
        let closed = tokio::task::spawn_blocking(move || {
            // Requests that were finished while stopping may have been refused.
            gateway.refusals_close();
            // The store comes first: it must not wait for what may be lost.
            let closed = engine.close();
            throttles.flush();
            closed
        });
        let closed = closed.await;
        tracing::info!("stopped");
        Ok(closed.map_err(|_| store::Error::Closed)??)
    }
}

/// Opens the store, binds every listener and starts every edge.
pub async fn start(
    config: &Config,
    mut handed: Handed,
    mut progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Running, Error> {
    let given = config.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let opened = open(&given, &mut progress)?;
        let throttles = open_throttles(&given, &opened.vault);
        Ok::<_, Error>((opened, throttles))
    });
    let (opened, throttles) = opened.await.map_err(|_| store::Error::Closed)??;
    let Opened { gateway, engine, vault } = opened;
    let identity = Identity::load(&config.tls.certificate, &config.tls.key)?;
    let resolver = Resolver::new(&config.dns).map_err(relay::Error::from)?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (identity, resolver) = (&identity, &resolver);
    let edge = Edge { gateway: &gateway, identity, resolver, stop: &stop, tasks: &tasks };
    let mut gauges = Vec::new();
    let smtp = edge.smtp(config, &mut handed, &mut gauges)?;
    let https = edge.https(config, (&mut handed, &mut gauges), throttles.clone())?;
    edge.metrics(config, gauges)?;
    edge.control(config.server.data.join(control::SOCKET_NAME))?;
    edge.relay(config)?;
    jobs::start(&gateway, &stop, &tasks);
    tasks.spawn(idle::run(vault, idle::PASSWORD_MEMORY, stop.clone()));
    warn_of_certificate(identity, config);
    edge.reload(config);
    tracing::info!(%smtp, %https, "started");
    Ok(Running { smtp, https, gateway, engine, throttles, stop, tasks })
}

/// Opens the folder of failed sign-ins. The store's lock keeps other daemons out of it.
fn open_throttles(config: &Config, vault: &Vault) -> Arc<Throttles> {
    let setup = throttles::Setup {
        key: vault.throttle_key(),
        keys_max: config.passwords.failures_remembered_max,
        now: Clock::System.now().millis(),
    };
    Arc::new(Throttles::open(&config.server.data.join("throttles"), setup))
}

/// What every edge is started with.
struct Edge<'e> {
    gateway: &'e Gateway,
    identity: &'e Identity,
    resolver: &'e Resolver,
    stop: &'e CancellationToken,
    tasks: &'e TaskTracker,
}

impl Edge<'_> {
    /// Starts the relay, which sends outgoing mail.
    fn relay(&self, config: &Config) -> Result<(), Error> {
        let (gateway, resolver) = (self.gateway.clone(), self.resolver.clone());
        let host = config.server.host_name.clone();
        let relay = Relay::new(gateway, resolver, config.relay.clone(), &config.dkim, host)?;
        self.tasks.spawn(relay.run(self.stop.clone()));
        Ok(())
    }

    /// Starts SMTP on every listener; returns the address of the first.
    fn smtp(
        &self,
        config: &Config,
        handed: &mut Handed,
        gauges: &mut Vec<Gauge>,
    ) -> Result<SocketAddr, Error> {
        let tls = self.identity.server_config(&[])?;
        let host = config.server.host_name.clone();
        let server = smtp::Server::new(self.gateway.clone(), config.smtp.clone(), host, Some(tls));
        let server = server.verifying(Verifier::new(self.resolver, &config.smtp));
        let (counted, all) = (server.clone(), config.smtp.memory_octets_max);
        gauges.push(Gauge {
            name: "postern_smtp_memory_bytes",
            help: "Memory for messages that are being received over SMTP (smtp.memory_octets_max).",
            read: Box::new(move || all.saturating_sub(counted.budget().free() as u64)),
        });
        let listeners = listeners(handed, "smtp", &config.smtp.listen)?;
        let first = first_address(&listeners)?;
        for listener in listeners {
            let (server, stop) = (server.clone(), self.stop.clone());
            self.tasks.spawn(server.serve(listener, stop, self.tasks.clone()));
        }
        Ok(first)
    }

    /// Starts HTTPS on every listener, and the redirect from plain HTTP; returns the address of
    /// the first HTTPS listener.
    fn https(
        &self,
        config: &Config,
        (handed, gauges): (&mut Handed, &mut Vec<Gauge>),
        throttles: Arc<Throttles>,
    ) -> Result<SocketAddr, Error> {
        let (gateway, https) = (self.gateway.clone(), config.https.clone());
        let mut server = web::server::Server::new(gateway, https, self.identity, throttles)?;
        let resolver = self.resolver.clone();
        if let Some(remote_images) = RemoteImages::new(config.images.clone(), resolver)? {
            server = server.showing(remote_images);
        }
        let counted = server.clone();
        gauges.push(Gauge {
            name: "postern_https_memory_bytes",
            help: "Memory for bodies over HTTPS (https.memory_octets_max).",
            read: Box::new(move || counted.memory_in_use() as u64),
        });
        let identity = self.identity.clone();
        gauges.push(Gauge {
            name: "postern_certificate_expiry_seconds",
            help: "When the certificate in use expires, in seconds since 1970; 0 if that is not known.",
            read: Box::new(move || u64::try_from(identity.ends().unwrap_or(0)).unwrap_or(0)),
        });
        let listeners = listeners(handed, "https", &config.https.listen)?;
        let first = first_address(&listeners)?;
        for listener in listeners {
            let (server, stop) = (server.clone(), self.stop.clone());
            self.tasks.spawn(server.serve(listener, stop, self.tasks.clone()));
        }
        for listener in self::listeners(handed, "http", &config.https.redirect_listen)? {
            let (server, stop) = (server.clone(), self.stop.clone());
            let tasks = self.tasks.clone();
            self.tasks.spawn(server.serve_redirect(listener, first.port(), stop, tasks));
        }
        Ok(first)
    }

    /// Starts the listener for programs that watch the daemon, if there is one.
    fn metrics(&self, config: &Config, gauges: Vec<Gauge>) -> Result<(), Error> {
        let server = metrics::Server::new(self.gateway.clone(), gauges);
        for address in &config.telemetry.metrics_listen {
            let listener = listen::bind(*address)?;
            tracing::info!(metrics = %listener.local_addr()?, "metrics are served");
            let (server, stop) = (server.clone(), self.stop.clone());
            self.tasks.spawn(server.serve(listener, stop, self.tasks.clone()));
        }
        Ok(())
    }

    /// Starts the control socket. It is bound before this returns: the command line takes a socket
    /// that does not answer for a daemon that does not run.
    fn control(&self, path: PathBuf) -> Result<(), Error> {
        let bound = control::bind(&path);
        let listener = bound.map_err(|source| Error::Control { path: path.clone(), source })?;
        let (gateway, stop) = (self.gateway.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            if let Err(error) = control::serve(listener, &path, gateway, stop).await {
                tracing::error!(%error, path = %path.display(), "control socket failed");
            }
        });
        Ok(())
    }

    /// Reads the certificate again on SIGHUP.
    fn reload(&self, config: &Config) {
        let (identity, stop, config) = (self.identity.clone(), self.stop.clone(), config.clone());
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => return tracing::warn!(%error, "SIGHUP cannot be handled"),
        };
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = hangups.recv() => {}
                }
                reload_certificate(&identity, &config);
            }
        });
    }
}

fn reload_certificate(identity: &Identity, config: &Config) {
    let tls = &config.tls;
    if credentials::folder().is_some_and(|folder| tls.certificate.starts_with(folder)) {
        return tracing::warn!(
            "the certificate is a credential, which systemd reads when it starts the service: \
             restart it to use a new one"
        );
    }
    match identity.reload(&tls.certificate, &tls.key) {
        Ok(()) => {
            tracing::info!("certificate reloaded");
            warn_of_certificate(identity, config);
        }
        Err(error) => tracing::error!(%error, "reload failed; the old certificate stays in use"),
    }
}

fn warn_of_certificate(identity: &Identity, config: &Config) {
    for doubt in examine::certificate_doubts(identity, config, Clock::System.now()) {
        tracing::warn!("{doubt}");
    }
}

/// Returns the sockets that systemd passed under a name, or else binds the configured addresses.
fn listeners(
    handed: &mut Handed,
    name: &str,
    addresses: &[SocketAddr],
) -> Result<Vec<TcpListener>, Error> {
    let given = handed.take(name)?;
    if !given.is_empty() {
        return Ok(given);
    }
    let mut bound = Vec::with_capacity(addresses.len());
    for address in addresses {
        bound.push(listen::bind(*address)?);
    }
    Ok(bound)
}

fn first_address(listeners: &[TcpListener]) -> Result<SocketAddr, Error> {
    let first =
        listeners.first().ok_or_else(|| Error::Usage("no address to listen on".to_owned()))?;
    Ok(first.local_addr()?)
}

/// The signals that ask the process to stop. They are caught from the moment this is made, so that
/// one that arrives at any time after the start was reported stops the daemon in order.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> Result<StopSignals, Error> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(StopSignals { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until the process is asked to stop.
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn notify(state: sd_notify::NotifyState<'_>) {
    // Without systemd, this does nothing.
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "sd_notify");
    }
}

fn no_progress(_done: u64, _total: u64) {}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // A waiting thread keeps its registers, and the system keeps the stacks of ended threads for new
    // ones.
    builder.on_thread_park(wipe_registers).on_thread_stop(wipe_stack);
    builder.enable_all().build()
}

fn cost(config: &Config) -> PasswordCost {
    let passwords = &config.passwords;
    PasswordCost { memory_kib: passwords.memory_kib, passes: passwords.passes, lanes: 1 }
}

fn pool_limits(config: &Config) -> PoolLimits {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let at_once = match config.passwords.checks_at_once {
        0 => cores,
        set => set,
    };
    PoolLimits { at_once, waiting: config.passwords.checks_waiting_max }
}

/// Converts the configuration to the gateway's settings.
fn settings(config: &Config) -> Settings {
    let postmaster = &config.server.postmaster;
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    Settings {
        domains: config.server.domains.clone(),
        postmaster: given(postmaster),
        session_idle_secs: i64::from(config.sessions.idle_minutes) * 60,
        session_shared_idle_secs: i64::from(config.sessions.shared_idle_minutes) * 60,
        session_max_secs: i64::from(config.sessions.max_hours) * 3600,
        sessions_max: config.sessions.per_account_max as usize,
        app_passwords_max: config.sessions.app_passwords_max as usize,
        passkeys_max: config.sessions.passkeys_max as usize,
        challenge_secs: i64::from(config.sessions.passkey_secs),
        host_name: config.server.host_name.clone(),
        directory: config.mailboxes.directory,
        organisation: config.notification.organisation.clone(),
        public_url: config.https.public_url.clone().unwrap_or_else(|| own_url(config)),
        phone: given(&config.notification.phone),
        notification_text: given(&config.notification.text),
        notification_languages: config.notification.language.list(),
        policy: rules::policy(&config.outgoing),
        recipients_max: config.outgoing.recipients_max,
        attachments_octets_max: config.outgoing.attachments_octets_max,
        uploads_octets_max: config.outgoing.uploads_octets_max,
        temporary_uploads_octets_max: config.temporary.uploads_octets_max,
        quota: Quota {
            octets: config.mailboxes.quota_octets_max,
            messages: config.mailboxes.quota_messages_max,
        },
        temporary_quota: Quota {
            octets: config.temporary.quota_octets_max,
            messages: config.temporary.quota_messages_max,
        },
        undo_secs: config.outgoing.undo_secs,
        manager_fresh_secs: i64::try_from(config.manage.fresh_secs).unwrap_or(i64::MAX),
        log_kept_secs: i64::from(config.manage.log_days) * DAY_SECS,
        trash_kept_secs: kept_secs(config.mailboxes.trash_days),
        junk_kept_secs: kept_secs(config.mailboxes.junk_days),
        search_text_octets_max: usize::try_from(config.search.text_kib << 10).unwrap_or(usize::MAX),
        temporary_secs: i64::from(config.temporary.days) * DAY_SECS,
        temporary_warn_secs: i64::from(config.temporary.warn_days) * DAY_SECS,
        hand_off: config.temporary.hand_off,
        temporary_asks_max: config.temporary.asks_per_day_max as usize,
        acceptance_notice: config.auto_response.accepted,
        last_interaction: config.auto_response.last_interaction,
        last_interaction_fixed: config.auto_response.last_interaction_fixed,
        confirm_outside: config.auto_response.confirm,
        confirm_outside_fixed: config.auto_response.confirm_fixed,
        retry: RetryPlan {
            first_secs: i64::from(config.queue.retry_first_secs),
            longest_secs: i64::from(config.queue.retry_longest_secs),
            give_up_secs: i64::from(config.queue.give_up_hours) * 3600,
            delay_notice_secs: i64::from(config.queue.delay_notice_hours) * 3600,
        },
        report_wait_secs: i64::from(config.queue.report_wait_secs),
        groups_by: config.groups.create,
        group_kinds_by: config.groups.kinds,
        group_addresses_by: config.groups.addresses,
        closed_members: config.groups.closed_members,
        chat: gateway::ChatSettings {
            members_max: config.chat.members_max.into(),
            hidden_members_max: config.chat.hidden_members_max.into(),
            edit_secs: config.chat.edit_secs.into(),
            stopped_reading_secs: config.chat.stopped_reading_secs.into(),
            notice_secs: config.chat.notice_secs.into(),
            presence_fixed: config.chat.presence_fixed,
            voice_minutes: config.chat.voice_minutes,
            file_octets: config.chat.file_octets,
        },
        notices: gateway::NoticeSettings {
            post_secs: config.notices.post_secs.into(),
            other_address: config.notices.other_address,
            code_mails_per_account_max: config.notices.code_mails_per_account_max as usize,
            code_mails_per_address_max: config.notices.code_mails_per_address_max as usize,
            code_secs: i64::from(config.notices.code_minutes) * 60,
            code_tries_max: config.notices.code_tries_max,
            mails_per_day_max: config.notices.mails_per_day_max as usize,
        },
        schedule: gateway::ScheduleSettings {
            enabled: config.schedule.enabled,
            entries_max: config.schedule.entries_max.into(),
            text_chars_max: config.schedule.text_chars_max as usize,
            steps_max: config.schedule.steps_max.into(),
            shown_max: config.schedule.shown_max as usize,
            invitees_max: config.schedule.invitees_max as usize,
            meetings_per_day_max: config.schedule.meetings_per_day_max as usize,
            requests_per_month_max: config.schedule.requests_per_month_max as usize,
            requests_of_one_max: config.schedule.requests_of_one_max as usize,
            changes_max: config.schedule.changes_max,
        },
        changes_kept: config.mailboxes.changes_kept,
    }
}

/// Returns the URL of the webmail if the configuration does not set it.
fn own_url(config: &Config) -> String {
    let host = &config.server.host_name;
    match config.https.listen.first().map_or(443, SocketAddr::port) {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

fn kept_secs(days: u32) -> Option<i64> {
    (days > 0).then(|| i64::from(days) * DAY_SECS)
}
