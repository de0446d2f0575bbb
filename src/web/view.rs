//! HTML mail in a frame of its own: sanitised, under its own policy, from its own URL.
//!
//! There are three defences, each sufficient on its own: the sanitiser, the policy header (no
//! scripts, nothing from other servers), and the sandbox of the frame that our page puts it in.

use std::cell::Cell;

use axum::Extension;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::gateway::mailboxes::content::Pieces;
use crate::mail::{message, sanitize};
use crate::net::remote_image::RemoteImages;

use super::asker::Asker;
use super::body::Id;
use super::download::{holder, message_of, redeem, session_of};
use super::error::{Problem, ProblemBody, Problems};
use super::headers::{DOWNLOAD_POLICY, MAIL_POLICY};
use super::memory::STREAM_OCTETS;
use super::state::{CostClass, Web};
use super::stream::{Source, streamed};
use super::ticket::{Target, link_open, link_seal};

/// Get a message's sanitised HTML, for a frame.
#[utoipa::path(
    get,
    path = "/m/{ticket}/",
    tag = "links",
    operation_id = "messageFrame",
    params(("ticket" = String, Path, description = "From `POST /api/messages/{ref}/ticket`")),
    responses(
        (status = 200, description = "The document", body = String, content_type = "text/html"),
        (status = 410, description = "The link has expired", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn frame(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    Id(secret): Id,
) -> Result<Response, Problem> {
    let grant = redeem(&web, &secret, is_view)?;
    holder(&grant, &asker);
    let shows = grant.target == Target::View { remote: true };
    let most = web.remote_images().filter(|_| shows).map_or(0, RemoteImages::per_message_max);
    let document = message_of(&web, grant, move |content, grant| {
        let inner = match grant.within.is_empty() {
            true => None,
            false => Some(content.inside(grant.within)?.ok_or_else(Problem::not_found)?),
        };
        match inner {
            Some(inner) => document(&inner, &|_| None, &secret, most),
            None => document(content.shown(), &|source| content.image(source), &secret, most),
        }
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, MAIL_POLICY),
    ];
    Ok((headers, document.await?.0).into_response())
}

fn is_view(target: Target) -> bool {
    matches!(target, Target::View { .. })
}

/// Returns the document, which shows at most the first `elsewhere_max` remote images. `apart` knows
/// the images that are no part of `octets`.
fn document(
    octets: &[u8],
    apart: &dyn Fn(&str) -> Option<u32>,
    secret: &str,
    elsewhere_max: usize,
) -> Result<String, Problem> {
    let view = message::view(octets);
    if view.html.is_empty() {
        return Err(Problem::not_found());
    }
    let image = |source: &str| {
        let index = apart(source).or_else(|| Some(view.image(source)?.index))?;
        Some(format!("/m/{secret}/cid/{index}"))
    };
    let shown = Cell::new(0);
    let remote = |address: &str| {
        let fits = shown.get() < elsewhere_max && address.len() <= ADDRESS_OCTETS_MAX;
        let sealed = fits.then(|| link_seal(secret, address)).flatten()?;
        shown.set(shown.get() + 1);
        Some(format!("/m/{secret}/from/{sealed}"))
    };
    let images = sanitize::Images { inside: &image, remote: &remote };
    let safe = sanitize::html_with(&view.html, &images);
    Ok(safe.map_err(|refused| Problem::invalid(format!("HTML not shown: {refused}.")))?.html)
}

/// The maximum length of a remote image's URL, in octets; images with longer ones are not shown.
const ADDRESS_OCTETS_MAX: usize = 2_000;

/// The two parts of a path within a frame: the frame's ticket, and the requested item.
pub struct Within<T> {
    secret: String,
    wanted: T,
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Within<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Within<T>, Problem> {
        let path = Path::<(String, T)>::from_request_parts(parts, state).await;
        let Path((secret, wanted)) = path.map_err(|_| Problem::not_found())?;
        Ok(Within { secret, wanted })
    }
}

/// Get an image that a message's HTML shows.
#[utoipa::path(
    get,
    path = "/m/{ticket}/cid/{part}",
    tag = "links",
    operation_id = "messageFrameImage",
    params(
        ("ticket" = String, Path, description = "The frame's ticket"),
        ("part" = u32, Path, description = "The part's number within the message")
    ),
    responses(
        (status = 200, description = "The image", content_type = "image/*"),
        (status = 415, description = "Not one of PNG, JPEG, GIF, WebP", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn image(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    inline: Within<u32>,
) -> Result<Response, Problem> {
    let grant = redeem(&web, &inline.secret, is_view)?;
    let holder = holder(&grant, &asker);
    let found = message_of(&web, grant, move |content, grant| {
        let found = content.part_inside(grant.within, inline.wanted)?;
        let (_, mut rest) = found.ok_or_else(Problem::not_found)?;
        Ok(Started { first: rest.take_next()?, rest })
    });
    let (started, mut memory) = found.await?;
    memory.shrink_to(started.rest.octets_held() + STREAM_OCTETS);
    let media = message::image_type(started.first.as_deref().map_or(&[], Vec::as_slice))
        .ok_or_else(Problem::not_an_image)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
    ];
    Ok((headers, streamed(web, started, memory, holder)).into_response())
}

/// Get a remote image that a message's HTML shows.
#[utoipa::path(
    get,
    path = "/m/{ticket}/from/{address}",
    tag = "links",
    operation_id = "messageFrameRemote",
    params(
        ("ticket" = String, Path, description = "The frame's ticket"),
        ("address" = String, Path, description = "The sealed URL in the frame's document")
    ),
    responses(
        (status = 200, description = "The image, re-encoded", content_type = "image/*"),
        (status = 502, description = "It could not be fetched", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn remote(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    from: Within<String>,
) -> Result<Response, Problem> {
    let shows = |target| target == Target::View { remote: true };
    let grant = redeem(&web, &from.secret, shows)?;
    let address = link_open(&from.secret, &from.wanted).ok_or_else(Problem::gone)?;
    // The link works only while the session is live, like all other requests of the frame.
    let (holder, reader) = (holder(&grant, &asker), grant.account);
    let live = move |gateway: &_| session_of(gateway, &grant);
    web.run_for(holder, CostClass::Records, live).await?;
    let remote_images = web.remote_images().ok_or_else(Problem::gone)?;
    let image = remote_images.fetch(reader.0, &address).await.map_err(|why| {
        Problem::new(StatusCode::BAD_GATEWAY, "no-image", format!("No image: {why}."))
    })?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(image.media)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
    ];
    Ok((headers, image.octets).into_response())
}

/// A part whose first piece has already been read, to determine its type.
struct Started {
    first: Option<Zeroizing<Vec<u8>>>,
    rest: Pieces,
}

impl Source for Started {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => Source::take_next(&mut self.rest),
        }
    }
}
