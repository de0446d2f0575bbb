//! Diagnostics of the daemon.

use std::net::IpAddr;
use std::ops::ControlFlow;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::gateway::{Error, Gateway, QueueState};
use crate::net::tls::Identity;
use crate::web::auth::Managing;
use crate::web::error::{Problem, Problems};
use crate::web::state::Web;

/// The state of the daemon.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    version: String,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    now: String,
    users: u64,
    disabled_users: u64,
    temporary_accounts: u64,
    messages: u64,
    waiting: u64,
    held: u64,
    #[schema(format = DateTime)]
    oldest_in_queue: Option<String>,
    /// The octets that the store uses on its disk.
    stored_octets: u64,
    /// The octets that are free on that disk.
    free_octets: Option<u64>,
    /// The reason why nothing can be stored at present, if there is one.
    refusing: Option<String>,
    /// When the certificate in use expires.
    #[schema(format = DateTime)]
    certificate_ends_at: Option<String>,
    /// Names of this host that the certificate is not for: browsers and mail servers refuse it there.
    hosts_without_certificate: Vec<String>,
    public_url: String,
    /// Domains of ours that `publicUrl` does not lie in: links to it look like fraud to mail
    /// filters when a message comes from one of these.
    domains_outside_url: Vec<String>,
}

/// Get the state of the daemon.
#[utoipa::path(
    get,
    path = "/api/manage/diagnostics",
    tag = "manage",
    operation_id = "manageDiagnostics",
    responses((status = 200, description = "The state", body = Diagnostics), Problems)
)]
pub async fn read(
    managing: Managing,
    State(web): State<Web>,
) -> Result<axum::Json<Diagnostics>, Problem> {
    let started = web.shared.started;
    let ends = web.shared.identity.ends().map(|secs| Timestamp(0).plus_secs(secs));
    let identity = web.shared.identity.clone();
    let found = managing.run(move |gateway| {
        let mut found = looked_at(gateway, started, ends)?;
        found.hosts_without_certificate = not_covered(gateway, &identity);
        Ok(found)
    });
    Ok(axum::Json(found.await?))
}

fn not_covered(gateway: &Gateway, identity: &Identity) -> Vec<String> {
    let settings = gateway.settings();
    let public = host_of(&settings.public_url);
    let mut hosts = vec![settings.host_name.as_str()];
    hosts.extend((public != settings.host_name).then_some(public));
    // An address is no name that somebody could be sent to by mail.
    hosts.retain(|host| host.parse::<IpAddr>().is_err());
    identity.not_for(&hosts).into_iter().map(str::to_owned).collect()
}

fn host_of(url: &str) -> &str {
    url.trim_start_matches("https://").split([':', '/']).next().unwrap_or_default()
}

fn looked_at(
    gateway: &Gateway,
    started: Timestamp,
    certificate_ends: Option<Timestamp>,
) -> Result<Diagnostics, Error> {
    let room = gateway.room()?;
    let users = gateway.account_list()?;
    let (mut waiting, mut held, mut oldest) = (0, 0, None);
    gateway.queue_each(|row| {
        match row.state {
            QueueState::Held => held += 1,
            _ => waiting += 1,
        }
        oldest = Some(oldest.map_or(row.queued, |known| row.queued.min(known)));
        ControlFlow::Continue(())
    })?;
    let settings = gateway.settings();
    let host = host_of(&settings.public_url);
    let outside =
        |domain: &&String| host != domain.as_str() && !host.ends_with(&format!(".{domain}"));
    Ok(Diagnostics {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: started.to_rfc3339(),
        now: gateway.clock().now().to_rfc3339(),
        users: users.len() as u64,
        disabled_users: users.iter().filter(|row| row.disabled).count() as u64,
        temporary_accounts: gateway.temporary_list(None)?.len() as u64,
        messages: gateway.message_count()?,
        waiting,
        held,
        oldest_in_queue: oldest.map(Timestamp::to_rfc3339),
        stored_octets: room.used,
        free_octets: room.free,
        refusing: room.refusing,
        certificate_ends_at: certificate_ends.map(Timestamp::to_rfc3339),
        hosts_without_certificate: Vec::new(),
        public_url: settings.public_url.clone(),
        domains_outside_url: settings.domains.iter().filter(outside).cloned().collect(),
    })
}
