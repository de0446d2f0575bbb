//! The settings of the site, and its public branding: name, colour and logo.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::records::audit::Act;
use crate::gateway::records::policy::Policy;
use crate::gateway::records::site::SiteChange;
use crate::gateway::site::settings::SiteSettings;
use crate::gateway::{Error, Gateway};
use crate::web::api::Done;
use crate::web::auth::Managing;
use crate::web::body::{Json, Octets};
use crate::web::error::{Problem, Problems};
use crate::web::state::{CostClass, Web};

use super::policy::PolicySet;
use crate::terms::{ConfirmOutside, LastInteraction};

/// The settings of the site; `null` means the value from the configuration file.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    policy: Option<PolicySet>,
    last_interaction: Option<LastSet>,
    confirm_outside: Option<ConfirmSet>,
    organisation: Option<String>,
    /// A phone number for outsiders who want to ask whether a notification is genuine; empty for
    /// none.
    phone: Option<String>,
    /// The organisation's own text in each notification; empty for none.
    notification_text: Option<String>,
    /// The colour of buttons, as `#rrggbb`; white text on it must be legible.
    accent: Option<String>,
    /// Whether people inside find each other in the directory.
    directory: Option<bool>,
}

/// How precisely outside senders learn when a recipient was last active, and whether users may
/// choose something else.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LastSet {
    /// `never`, `day` or `exact`.
    #[schema(value_type = String)]
    value: LastInteraction,
    fixed: bool,
}

/// Whether outside senders learn the fate of a message, and whether users may choose something
/// else.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSet {
    /// `never`, `ask`, `known` or `always`.
    #[schema(value_type = String)]
    value: ConfirmOutside,
    fixed: bool,
}

/// The settings that were made, and the resulting settings in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SiteView {
    set: Rules,
    in_force: Rules,
    has_logo: bool,
}

/// The public branding of the site.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Brand {
    organisation: String,
    accent: Option<String>,
    has_logo: bool,
}

impl From<SiteChange> for Rules {
    fn from(change: SiteChange) -> Rules {
        Rules {
            policy: change.policy.map(PolicySet::from),
            last_interaction: change
                .last_interaction
                .map(|(value, fixed)| LastSet { value, fixed }),
            confirm_outside: change
                .confirm_outside
                .map(|(value, fixed)| ConfirmSet { value, fixed }),
            organisation: change.organisation,
            phone: change.phone,
            notification_text: change.notification_text,
            accent: change.accent,
            directory: change.directory,
        }
    }
}

impl Rules {
    fn in_force(site: &SiteSettings) -> Rules {
        Rules {
            policy: Some(site.policy.clone().into()),
            last_interaction: Some(LastSet {
                value: site.last_interaction,
                fixed: site.last_interaction_fixed,
            }),
            confirm_outside: Some(ConfirmSet {
                value: site.confirm_outside,
                fixed: site.confirm_outside_fixed,
            }),
            organisation: Some(site.organisation.clone()),
            phone: site.phone.clone(),
            notification_text: site.notification_text.clone(),
            accent: site.accent.clone(),
            directory: Some(site.directory),
        }
    }

    fn change(self, logo: Option<Vec<u8>>) -> SiteChange {
        SiteChange {
            policy: self.policy.map(Policy::from),
            last_interaction: self.last_interaction.map(|one| (one.value, one.fixed)),
            confirm_outside: self.confirm_outside.map(|one| (one.value, one.fixed)),
            organisation: self.organisation,
            phone: self.phone,
            notification_text: self.notification_text,
            accent: self.accent,
            logo,
            directory: self.directory,
        }
    }
}

/// Get the settings of the site.
#[utoipa::path(
    get,
    path = "/api/manage/site",
    tag = "manage",
    operation_id = "manageSite",
    responses((status = 200, description = "The settings", body = SiteView), Problems)
)]
pub async fn read(managing: Managing) -> Result<axum::Json<SiteView>, Problem> {
    let found =
        managing.run(|gateway| Ok::<_, Error>((gateway.site_change()?, gateway.site()?))).await?;
    let (set, site) = found;
    let has_logo = set.logo.is_some();
    Ok(axum::Json(SiteView { set: set.into(), in_force: Rules::in_force(&site), has_logo }))
}

/// Replace all settings of the site, with immediate effect.
#[utoipa::path(
    put,
    path = "/api/manage/site",
    tag = "manage",
    operation_id = "manageSiteSet",
    request_body = Rules,
    responses(Done, Problems)
)]
pub async fn set(managing: Managing, Json(rules): Json<Rules>) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::SiteChanged, String::new(), move |gateway| {
        gateway.site_set(|set| rules.change(set.logo)).map(|_| ())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set the logo: a PNG of at most 64 KiB.
#[utoipa::path(
    put,
    path = "/api/manage/logo",
    tag = "manage",
    operation_id = "manageLogoSet",
    request_body(content = String, content_type = "application/octet-stream",
        description = "The PNG's octets"),
    responses(Done, Problems)
)]
pub async fn logo_set(managing: Managing, Octets(octets): Octets) -> Result<StatusCode, Problem> {
    logo_change(managing, Some(octets.to_vec())).await
}

/// Remove the logo.
#[utoipa::path(
    delete,
    path = "/api/manage/logo",
    tag = "manage",
    operation_id = "manageLogoDrop",
    responses(Done, Problems)
)]
pub async fn logo_drop(managing: Managing) -> Result<StatusCode, Problem> {
    logo_change(managing, None).await
}

async fn logo_change(managing: Managing, logo: Option<Vec<u8>>) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::SiteChanged, "logo".to_owned(), move |gateway| {
        gateway.site_set(|set| SiteChange { logo, ..set }).map(|_| ())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the public branding of the site: its name, its colour, and whether it has a logo.
#[utoipa::path(
    get,
    path = "/api/brand",
    tag = "manage",
    operation_id = "brand",
    security(()),
    responses((status = 200, description = "The branding", body = Brand), Problems)
)]
pub async fn brand(State(web): State<Web>) -> Result<axum::Json<Brand>, Problem> {
    let site = web.run(CostClass::Records, Gateway::site).await?;
    Ok(axum::Json(Brand {
        organisation: site.organisation.clone(),
        accent: site.accent.clone(),
        has_logo: site.logo.is_some(),
    }))
}

/// Get the site's logo.
#[utoipa::path(
    get,
    path = "/api/brand/logo.png",
    tag = "manage",
    operation_id = "brandLogo",
    security(()),
    responses((status = 200, description = "The PNG", content_type = "image/png"), Problems)
)]
pub async fn logo(State(web): State<Web>) -> Result<Response, Problem> {
    let site = web.run(CostClass::Records, Gateway::site).await?;
    let logo = site.logo.clone().ok_or_else(Problem::not_found)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, logo).into_response())
}
