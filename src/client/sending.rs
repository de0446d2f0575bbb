//! Sending messages, and their delivery status.

use std::path::Path;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::mail::reference::Reference;

use super::http::Body;
use super::problem::{Consent, Error, Problem, checked};
use super::session::Client;

/// A message to send.
#[derive(Debug, Default)]
pub struct Outgoing<'a> {
    pub to: &'a [String],
    pub cc: &'a [String],
    pub bcc: &'a [String],
    pub subject: &'a str,
    pub text: &'a str,
    pub files: &'a [std::path::PathBuf],
    /// The choice for every outside recipient; `None` leaves it to the policy.
    pub choice: Option<&'a str>,
    /// Whether the sender agrees that the message leaves unprotected.
    pub consent: bool,
}

/// Whether the sender agrees that a message leaves unprotected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InClear {
    Agreed,
    NotAgreed,
}

impl From<bool> for InClear {
    fn from(consent: bool) -> InClear {
        if consent { InClear::Agreed } else { InClear::NotAgreed }
    }
}

/// A message that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    pub reference: Reference,
    pub accepted_at: String,
    pub undo_until: Option<String>,
    pub recipients: Vec<Status>,
}

/// The delivery status for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub address: String,
    pub route: String,
    pub state: String,
    pub at: String,
    pub history: Vec<Value>,
    pub temporary: Option<Value>,
}

/// A message that has not been sent yet.
#[derive(Clone, Debug, Deserialize)]
pub struct Draft {
    pub id: String,
    pub version: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    id: String,
    received: u64,
    chunk_octets: usize,
}

impl Client {
    /// Sends a message.
    pub async fn submit(&mut self, message: &Outgoing<'_>) -> Result<Sent, Error> {
        let draft = self.draft(message).await?;
        self.submit_draft(&draft, message.consent.into()).await
    }

    /// Saves a message as a draft.
    pub async fn draft(&mut self, message: &Outgoing<'_>) -> Result<Draft, Error> {
        let attachments = self.upload_all(message.files).await?;
        let people = |list: &[String]| -> Vec<Value> {
            list.iter().map(|address| json!({ "name": null, "address": address })).collect()
        };
        let everybody = message.to.iter().chain(message.cc).chain(message.bcc);
        let choices: serde_json::Map<String, Value> = message
            .choice
            .map(|choice| everybody.map(|one| (one.clone(), choice.into())).collect())
            .unwrap_or_default();
        let body = json!({
            "to": people(message.to), "cc": people(message.cc), "bcc": people(message.bcc),
            "subject": message.subject, "text": message.text, "html": null,
            "attachments": attachments, "related": null, "choices": choices,
        });
        self.call(Method::POST, "/api/drafts", Some(body)).await
    }

    /// Replies to a message, opening it first.
    pub async fn reply(
        &mut self,
        reference: Reference,
        text: &str,
        files: &[std::path::PathBuf],
        in_clear: InClear,
    ) -> Result<Sent, Error> {
        let path = format!("/api/messages/{reference}/open");
        let _: Value = self.call(Method::POST, &path, None).await?;
        let path = format!("/api/drafts/from/{reference}?kind=reply");
        let mut draft: Value = self.call(Method::POST, &path, None).await?;
        let quoted = draft["text"].as_str().unwrap_or_default();
        draft["text"] = format!("{text}\n{quoted}").into();
        draft["html"] = Value::Null;
        draft["attachments"] = json!(self.upload_all(files).await?);
        let id = draft["id"].as_str().unwrap_or_default().to_owned();
        if let Some(fields) = draft.as_object_mut() {
            for not_content in ["id", "savedAt", "uploads"] {
                fields.remove(not_content);
            }
        }
        let path = format!("/api/drafts/{id}");
        let saved: Draft = self.call(Method::PUT, &path, Some(draft)).await?;
        self.submit_draft(&saved, in_clear).await
    }

    /// Sends a draft, and gives consent where it is needed and the sender has agreed.
    async fn submit_draft(&mut self, draft: &Draft, in_clear: InClear) -> Result<Sent, Error> {
        let mut body = json!({ "draft": draft.id, "version": draft.version });
        // Both requests use the same key, because they send the same message.
        let key = [("idempotency-key", draft.id.clone())];
        let path = "/api/submissions";
        let (status, octets) =
            self.send_with(Method::POST, path, &key, Body::Json(body.clone())).await?;
        let Some(asked) = consent(status, &octets) else { return parsed(status, octets) };
        if in_clear == InClear::NotAgreed {
            let detail = format!(
                "it would be sent unprotected to {}; to agree, pass --consent",
                asked.addresses.join(", ")
            );
            let (status, code) = (status.as_u16(), "consent-required".to_owned());
            return Err(Error::Refused { status, code, detail });
        }
        body["consent"] = asked.token.into();
        body["typed"] = asked.typed.into();
        let (status, octets) = self.send_with(Method::POST, path, &key, Body::Json(body)).await?;
        parsed(status, octets)
    }

    /// Returns the delivery status of a message.
    pub async fn status(&mut self, reference: Reference) -> Result<Sent, Error> {
        self.call(Method::GET, &format!("/api/submissions/{reference}"), None).await
    }

    /// Opens a message and returns what the reader shows.
    pub async fn open(&mut self, reference: Reference) -> Result<Value, Error> {
        self.call(Method::POST, &format!("/api/messages/{reference}/open"), None).await
    }

    /// Returns what the link of a notification shows, which needs no sign-in.
    pub async fn pickup(&mut self, token: &str) -> Result<Value, Error> {
        let path = format!("/api/pickup/{token}");
        let (status, octets) = self.connection.request(Method::GET, &path, &[], Body::None).await?;
        parsed(status, octets)
    }

    pub(super) async fn upload_all(
        &mut self,
        files: &[std::path::PathBuf],
    ) -> Result<Vec<String>, Error> {
        let mut ids = Vec::with_capacity(files.len());
        for file in files {
            ids.push(self.upload(file).await?);
        }
        Ok(ids)
    }

    /// Uploads a file piece by piece, and returns its id.
    pub async fn upload(&mut self, path: &Path) -> Result<String, Error> {
        let failed = |error: std::io::Error| Error::Local {
            what: path.display().to_string(),
            problem: error.to_string(),
        };
        let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
        let size = file.metadata().await.map_err(failed)?.len();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
        // By the ending of its name, as a browser does it.
        let media = mime_guess::from_path(path).first_or_octet_stream();
        let body = json!({ "name": name, "type": media.essence_str(), "size": size });
        let mut upload: Upload = self.call(Method::POST, "/api/uploads", Some(body)).await?;
        while upload.received < size {
            let mut piece = Vec::with_capacity(upload.chunk_octets);
            let most = upload.chunk_octets as u64;
            (&mut file).take(most).read_to_end(&mut piece).await.map_err(failed)?;
            if piece.is_empty() {
                return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let path = format!("/api/uploads/{}/content?offset={}", upload.id, upload.received);
            let body = Body::Octets(piece.into());
            let (status, octets) = self.send_with(Method::PUT, &path, &[], body).await?;
            upload = parsed(status, octets)?;
        }
        Ok(upload.id)
    }
}

fn consent(status: StatusCode, octets: &[u8]) -> Option<Consent> {
    if status != StatusCode::CONFLICT {
        return None;
    }
    serde_json::from_slice::<Problem>(octets).ok()?.consent
}

fn parsed<T: serde::de::DeserializeOwned>(status: StatusCode, octets: Bytes) -> Result<T, Error> {
    let octets = checked(status, octets)?;
    serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
}
