//! The files and recordings of a line.

use axum::extract::{FromRequestParts, Path};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, RANGE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::gateway::chat::carried::{FileView, Voice};
use crate::gateway::chat::fetching::FilePieces;
use crate::gateway::chat::files::NewFile;
use crate::gateway::{self, FileNow};
use crate::mail::reference::Reference;
use crate::mail::sound;
use crate::net::byte_range::{Wanted, wanted};
use crate::web::auth::Signed;
use crate::web::download::{disposition, harmless};
use crate::web::error::{Problem, Problems};
use crate::web::headers::DOWNLOAD_POLICY;
use crate::web::memory::STREAM_OCTETS;
use crate::web::stream::{Source, streamed};

/// What is known of a recording besides its octets, as its sender's client measured it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatVoice {
    /// The length in milliseconds.
    length_ms: u32,
    /// How loud it is, part by part, each from 0 to 255.
    levels: Vec<u8>,
}

/// A file of a line.
#[derive(Serialize, ToSchema)]
pub struct ChatFile {
    name: String,
    /// As the sender states it; of a recording, as its octets say.
    #[serde(rename = "type")]
    media: String,
    /// The size in octets.
    size: u64,
    /// Of a recording.
    #[schema(nullable)]
    voice: Option<ChatVoice>,
}

/// A file that a line is to carry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatFileNew {
    /// The ID of a complete upload, which is the line's from then on.
    upload: String,
    /// Of a recording in WebM, Ogg, MP4 or WAV, of which a line has one.
    #[serde(default)]
    #[schema(nullable)]
    voice: Option<ChatVoice>,
}

impl From<ChatFileNew> for NewFile {
    fn from(ChatFileNew { upload, voice }: ChatFileNew) -> NewFile {
        let voice = voice.map(|ChatVoice { length_ms, levels }| Voice { length_ms, levels });
        NewFile { upload, voice }
    }
}

impl From<FileView> for ChatFile {
    fn from(FileView { name, content_type, size, voice }: FileView) -> ChatFile {
        let voice = voice.map(|Voice { length_ms, levels }| ChatVoice { length_ms, levels });
        ChatFile { name, media: content_type, size, voice }
    }
}

impl ChatFile {
    /// A file of a line that was just said.
    pub(super) fn now(file: &FileNow) -> ChatFile {
        let FileNow { name, content_type, size, voice } = file;
        let voice = voice.clone().map(|(length_ms, levels)| ChatVoice { length_ms, levels });
        ChatFile { name: name.clone(), media: content_type.clone(), size: *size, voice }
    }
}

/// A file of a line in the path. An invalid one gets the same answer as an unknown one.
pub struct OfLine {
    line: (Reference, u64),
    index: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for OfLine {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OfLine, Problem> {
        let missing = |what| Problem::from(gateway::Error::NotFound { what });
        let path = Path::<(String, String, String)>::from_request_parts(parts, state).await;
        let Path((room, number, index)) = path.map_err(|_| missing("room"))?;
        let room = room.parse().map_err(|_| missing("room"))?;
        let number = number.parse().map_err(|_| missing("line"))?;
        let index = index.parse().map_err(|_| missing("file"))?;
        Ok(OfLine { line: (room, number), index })
    }
}

impl Source for FilePieces {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        Ok(FilePieces::take_next(self)?)
    }
}

/// Get a file of a line, or a part of it.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}/lines/{number}/files/{index}",
    tag = "chat",
    operation_id = "roomFile",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
        ("index" = String, Path, description = "The file's place in the line, from 0 on"),
        ("Range" = Option<String>, Header, description = "One range of octets (RFC 9110 §14)"),
    ),
    responses(
        (status = 200, description = "The octets, to be saved", content_type = "*/*"),
        (status = 206, description = "Some of the octets", content_type = "*/*"),
        (status = 416, description = "There are no such octets"),
        Problems
    )
)]
pub async fn fetch(
    signed: Signed,
    OfLine { line, index }: OfLine,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (web, holder) = (signed.web.clone(), signed.holder());
    let field = headers.get(RANGE).and_then(|field| field.to_str().ok());
    let field = field.unwrap_or_default().to_owned();
    let found = signed.run_holding(STREAM_OCTETS, move |gateway, actor| {
        let file = gateway.room_file(actor, line, index)?;
        let view = file.view.clone();
        let wanted = wanted(&field, view.size);
        let pieces = match &wanted {
            Wanted::All => Some(file.whole()?),
            Wanted::Part(part) => Some(file.part(part)?),
            Wanted::Nothing => None,
        };
        Ok::<_, gateway::Error>((view, wanted, pieces))
    });
    let ((view, wanted, pieces), memory) = found.await?;
    let size = view.size;
    let Some(pieces) = pieces else {
        let there = HeaderValue::try_from(format!("bytes */{size}")).expect("it is ASCII");
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, there)]).into_response());
    };
    let media = match view.voice {
        Some(_) => sound::known(&view.content_type).unwrap_or("application/octet-stream"),
        None => harmless(&view.content_type),
    };
    let length = match &wanted {
        Wanted::Part(part) => part.end - part.start,
        Wanted::All | Wanted::Nothing => size,
    };
    let common = [
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CONTENT_DISPOSITION, disposition(&view.name)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CONTENT_LENGTH, HeaderValue::from(length)),
    ];
    let body = streamed(web, pieces, memory, holder);
    let Wanted::Part(part) = wanted else { return Ok((common, body).into_response()) };
    // A part has at least one octet.
    let there = format!("bytes {}-{}/{size}", part.start, part.end - 1);
    let there = [(CONTENT_RANGE, HeaderValue::try_from(there).expect("it is ASCII"))];
    Ok((StatusCode::PARTIAL_CONTENT, common, there, body).into_response())
}
