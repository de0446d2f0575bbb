//! Downloads: a message as it was sent, or one of its parts, by a link that is good once.
//!
//! A browser saves what comes from here and never shows it: were it to, it could do nothing.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::gateway::{self, Gateway};
use crate::mail::message;

use super::body::Id;
use super::error::{Problem, Problems};
use super::headers::DOWNLOAD_POLICY;
use super::ticket::{Grant, Target};
use super::{Web, Weight};

/// What is saved, and as what.
struct File {
    name: String,
    media: &'static str,
    octets: Zeroizing<Vec<u8>>,
}

/// Get what a ticket is for: a whole message or one attachment. Good once.
#[utoipa::path(
    get,
    path = "/dl/{ticket}",
    tag = "links",
    operation_id = "download",
    params(("ticket" = String, Path, description = "From `POST /api/messages/{ref}/ticket`")),
    responses(
        (status = 200, description = "The octets", content_type = "application/octet-stream"),
        (status = 410, description = "Used already, or over", body = super::error::ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn download(State(web): State<Web>, Id(secret): Id) -> Result<Response, Problem> {
    let grant = redeem(&web, &secret, |target| target != Target::View)?;
    let file = web.run(Weight::Content, move |gateway| fetch(gateway, &grant)).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(file.media)),
        (CONTENT_DISPOSITION, disposition(&file.name)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
    ];
    // The octets are wiped when they are sent.
    Ok((headers, Bytes::from_owner(Wiped(file.octets))).into_response())
}

/// Octets that are wiped when the last reader is done.
pub struct Wiped(pub Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// What a ticket is good for; what it is not, it is in the same words, whatever the reason.
pub fn redeem(web: &Web, secret: &str, wanted: impl Fn(Target) -> bool) -> Result<Grant, Problem> {
    web.shared.tickets.redeem(secret, web.now(), wanted).ok_or_else(Problem::gone)
}

/// The message a grant is for, as it was sent. The session must still live.
pub fn message_of(gateway: &Gateway, grant: &Grant) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let actor = gateway.session_actor(&grant.token, &grant.thumbprint);
    let actor = actor.map_err(|error| match error {
        gateway::Error::Refused => Problem::gone(),
        other => Problem::from(other),
    })?;
    Ok(gateway.message_raw(&actor, grant.reference)?.1)
}

fn fetch(gateway: &Gateway, grant: &Grant) -> Result<File, Problem> {
    let octets = message_of(gateway, grant)?;
    match grant.target {
        Target::Attachment(index) => {
            let (part, octets) =
                message::part_bytes(&octets, index).ok_or_else(Problem::not_found)?;
            let name = if part.name.is_empty() { format!("part-{index}") } else { part.name };
            let media = harmless(&part.content_type);
            Ok(File { name, media, octets: Zeroizing::new(octets) })
        }
        Target::Raw | Target::View => {
            Ok(File { name: format!("{}.eml", grant.reference), media: "message/rfc822", octets })
        }
    }
}

/// Types that are told as they are, so that a phone picks the right program; every other one is
/// just octets.
fn harmless(content_type: &str) -> &'static str {
    const KNOWN: [&str; 10] = [
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "message/rfc822",
        "text/calendar",
        "video/mp4",
    ];
    let known = KNOWN.into_iter().find(|known| *known == content_type);
    known.unwrap_or("application/octet-stream")
}

/// `attachment`, with the name in plain ASCII and in full (RFC 6266 §4.3, RFC 8187).
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\%".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    let mut full = String::new();
    for octet in name.bytes() {
        match octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            true => full.push(char::from(octet)),
            false => full.push_str(&format!("%{octet:02X}")),
        }
    }
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}");
    HeaderValue::try_from(value).expect("printable ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        let table = [
            ("a.pdf", "a.pdf", "a.pdf"),
            ("a\"; x=\"b", "a_; x=_b", "a%22%3B%20x%3D%22b"),
            ("a\r\nSet-Cookie: x", "a__Set-Cookie: x", "a%0D%0ASet-Cookie%3A%20x"),
            ("דוח.pdf", "___.pdf", "%D7%93%D7%95%D7%97.pdf"),
            ("50%.txt", "50_.txt", "50%25.txt"),
        ];
        for (name, plain, full) in table {
            let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}");
            assert_eq!(disposition(name), expected.as_str());
        }
    }

    #[test]
    fn active_types_are_just_octets() {
        for media in ["text/html", "image/svg+xml", "text/xml", "application/javascript", "", "x"] {
            assert_eq!(harmless(media), "application/octet-stream");
        }
        assert_eq!(harmless("image/png"), "image/png");
    }
}
