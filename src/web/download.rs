//! Downloads: a message's source or its files, by a single-use link.
//!
//! A browser saves these and never displays them; if it did, they could do nothing.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::response::{IntoResponse, Response};

use crate::gateway::boards::file::FileOpened;
use crate::gateway::mailboxes::content::{Content, Pieces};
use crate::gateway::{self, Gateway};
use crate::net::shares::Held;

use super::archive::Archive;
use super::asker::{Asker, Holder};
use super::auth::Signed;
use super::body::{Id, Ref};
use super::error::{Problem, Problems};
use super::headers::DOWNLOAD_POLICY;
use super::memory::STREAM_OCTETS;
use super::state::{CostClass, Reads, Web};
use super::stream::streamed;
use super::ticket::{Grant, Target};

/// A file to be downloaded.
enum File {
    One { name: String, media: &'static str, pieces: Pieces },
    All { name: String, archive: Box<Archive> },
    OfPost(FileOpened),
}

impl File {
    fn octets_held(&self) -> usize {
        match self {
            File::One { pieces, .. } => pieces.octets_held(),
            File::All { archive, .. } => archive.octets_held(),
            // Its pieces are smaller than those of a message.
            File::OfPost(_) => 0,
        }
    }
}

/// Get what a ticket is for: a message's source, one attachment, or all of them in a ZIP. Each
/// ticket can be used once.
#[utoipa::path(
    get,
    path = "/dl/{ticket}",
    tag = "links",
    operation_id = "download",
    params(("ticket" = String, Path, description = "From `POST /api/messages/{ref}/ticket`")),
    responses(
        (status = 200, description = "The octets, of a type that does nothing", content_type = "*/*"),
        (status = 410, description = "The link was used already, or has expired",
            body = super::error::ProblemBody, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn download(
    State(web): State<Web>,
    Extension(asker): Extension<Asker>,
    Id(secret): Id,
) -> Result<Response, Problem> {
    let is_download = |target| !matches!(target, Target::View { .. });
    let found = web.shared.tickets.look(&secret, web.now(), is_download);
    let grant = found.ok_or_else(Problem::gone)?;
    let holder = holder(&grant, &asker);
    let opened = match grant.target {
        Target::PostFile(file) => post_file(&web, grant, file).await,
        _ => message_of(&web, grant, fetch).await,
    };
    // If there was no room, the link is as good as before; of several requests, one gets it.
    if !opened.as_ref().is_err_and(Problem::is_busy) {
        redeem(&web, &secret, is_download)?;
    }
    let (file, mut memory) = opened?;
    memory.shrink_to(file.octets_held() + STREAM_OCTETS);
    let headers = |name: &str, media| {
        [
            (CONTENT_TYPE, HeaderValue::from_static(media)),
            (CONTENT_DISPOSITION, disposition(name)),
            (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
        ]
    };
    Ok(match file {
        File::One { name, media, pieces } => {
            // With a length, an incomplete download is recognised as such.
            let length = [(CONTENT_LENGTH, HeaderValue::from(pieces.octets()))];
            let body = streamed(web, pieces, memory, holder);
            (headers(&name, media), length, body).into_response()
        }
        File::OfPost(file) => {
            let (media, name) = (harmless(&file.content_type), file.name.clone());
            let length = [(CONTENT_LENGTH, HeaderValue::from(file.size))];
            (headers(&name, media), length, streamed(web, file, memory, holder)).into_response()
        }
        File::All { name, archive } => {
            let body = streamed(web, *archive, memory, holder);
            (headers(&name, "application/zip"), body).into_response()
        }
    })
}

/// Get the source of an opened message, preceded by its trace fields.
#[utoipa::path(
    get,
    path = "/api/messages/{ref}/source",
    tag = "messages",
    operation_id = "messageSource",
    params(("ref" = String, Path, description = "The reference number")),
    responses(
        (status = 200, description = "The octets", content_type = "message/rfc822"),
        (status = 409, description = "It has not been opened yet", body = super::error::ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn source(signed: Signed, Ref(reference): Ref) -> Result<Response, Problem> {
    let (web, holder) = (signed.web.clone(), signed.holder());
    let found = web.run_message(
        (holder, signed.actor),
        (reference, Reads::Itself),
        move |gateway, actor| {
            Ok::<_, gateway::Error>(gateway.message_raw(actor, reference)?.1.raw())
        },
    );
    let (pieces, mut memory) = found.await?;
    memory.shrink_to(pieces.octets_held() + STREAM_OCTETS);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("message/rfc822")),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
        (CONTENT_LENGTH, HeaderValue::from(pieces.octets())),
    ];
    Ok((headers, streamed(web, pieces, memory, holder)).into_response())
}

/// Redeems a ticket. A failure has the same answer, whatever the reason.
pub fn redeem(web: &Web, secret: &str, wanted: impl Fn(Target) -> bool) -> Result<Grant, Problem> {
    web.shared.tickets.redeem(secret, web.now(), wanted).ok_or_else(Problem::gone)
}

/// Returns the actor that a grant was issued to, whose session must still be live.
pub fn session_of(gateway: &Gateway, grant: &Grant) -> Result<gateway::Actor, Problem> {
    let actor = gateway.session_actor(&grant.token, &grant.thumbprint);
    let actor = actor.and_then(|actor| match grant.mailbox {
        Some(mailbox) => gateway.role_actor(&actor, &mailbox.to_text()),
        None => Ok(actor),
    });
    actor.map_err(|error| match error {
        gateway::Error::Refused => Problem::gone(),
        other => Problem::from(other),
    })
}

/// Returns whose share the request of a grant is taken from, and says whose request it is.
pub fn holder(grant: &Grant, asker: &Asker) -> Holder {
    asker.is(grant.account);
    Holder::Account(grant.account)
}

/// Opens the message that a grant is for, once there is room for it in memory, and passes it to
/// `work`.
pub async fn message_of<T: Send + 'static>(
    web: &Web,
    grant: Grant,
    work: impl FnOnce(&Content, &Grant) -> Result<T, Problem> + Send + 'static,
) -> Result<(T, Held<Holder>), Problem> {
    let holder = Holder::Account(grant.account);
    let opened = web.run_for(holder, CostClass::Records, move |gateway| {
        session_of(gateway, &grant).map(|actor| (actor, grant))
    });
    let (actor, grant) = opened.await?;
    let reads = if grant.within.is_empty() { Reads::Itself } else { Reads::Within };
    let wanted = (grant.reference, reads);
    let done = web.run_message((holder, actor), wanted, move |gateway, actor| {
        work(&gateway.message_raw(actor, grant.reference)?.1, &grant)
    });
    done.await
}

/// Opens the file of a post that a grant is for.
async fn post_file(
    web: &Web,
    grant: Grant,
    file: [u8; 16],
) -> Result<(File, Held<Holder>), Problem> {
    let holder = Holder::Account(grant.account);
    let memory = web.shared.memory.wait(&holder, STREAM_OCTETS).await?;
    let opened = web.run_for(holder, CostClass::Records, move |gateway| {
        let actor = session_of(gateway, &grant)?;
        Ok::<_, Problem>(gateway.post_file(&actor, grant.reference, file)?)
    });
    Ok((File::OfPost(opened.await?), memory))
}

fn fetch(content: &Content, grant: &Grant) -> Result<File, Problem> {
    match grant.target {
        Target::Attachment(index) => {
            let found = content.part_inside(grant.within, index)?;
            let (part, pieces) = found.ok_or_else(Problem::not_found)?;
            let name = if part.name.is_empty() { format!("part-{index}") } else { part.name };
            let media = harmless(&part.content_type);
            Ok(File::One { name, media, pieces })
        }
        Target::Attachments => {
            let archive = Archive::of(content);
            if archive.is_empty() {
                return Err(Problem::not_found());
            }
            Ok(File::All { name: format!("{}.zip", grant.reference), archive: Box::new(archive) })
        }
        Target::PostFile(_) => Err(Problem::not_found()),
        Target::Raw | Target::View { .. } => {
            let (name, media) = (format!("{}.eml", grant.reference), "message/rfc822");
            Ok(File::One { name, media, pieces: content.raw() })
        }
    }
}

/// Returns a content type that is safe to state. Known types are kept, so that a phone picks the
/// right program; all others become plain octets.
pub fn harmless(content_type: &str) -> &'static str {
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

/// Returns the disposition `attachment`, with the name in ASCII and in full (RFC 6266 §4.3,
/// RFC 8187).
pub fn disposition(name: &str) -> HeaderValue {
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
    HeaderValue::try_from(value).expect("the value is printable ASCII")
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
