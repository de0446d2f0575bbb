//! Files of contacts: import and export, part by part.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::contacts::transfer::{Exported, Format, Imported};
use crate::mail::contacts::{self, Reason};
use crate::web::auth::Signed;
use crate::web::body::{MessageJson, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// How many times the octets of a file are in memory while it is read: its lines, what they say, what
/// is sealed of that, and what is written.
const HELD: usize = 4;

/// The form of a file.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// vCard of any version; 3.0 is written.
    VCard,
    VCard4,
    Csv,
}

/// A part of a file: at most 200 whole cards, or a table's first row and at most 200 others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactsImport {
    format: FileFormat,
    text: String,
}

/// Why something was not taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImportReason {
    TooMany,
    TooLong,
    Photo,
    Unreadable,
    Unfinished,
    Empty,
}

/// Something that was not taken.
#[derive(Serialize, ToSchema)]
pub struct ImportProblem {
    /// The number of the contact in this part, from 0.
    contact: usize,
    property: String,
    reason: ImportReason,
}

/// What became of a part of a file.
#[derive(Serialize, ToSchema)]
pub struct ContactsImported {
    added: usize,
    /// Contacts that were there and got what they did not have.
    changed: usize,
    unchanged: usize,
    problems: Vec<ImportProblem>,
}

/// Which part of a file is exported.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    #[param(inline)]
    format: FileFormat,
    /// The `next` of the part before.
    after: Option<String>,
}

/// A part of a file.
#[derive(Serialize, ToSchema)]
pub struct ContactsExport {
    text: String,
    /// The `after` of the next part; `null` at the end.
    next: Option<String>,
    /// How many contacts of this part could not be read whole, or say more than the table has columns
    /// for.
    incomplete: usize,
}

impl From<Imported> for ContactsImported {
    fn from(imported: Imported) -> ContactsImported {
        let Imported { added, changed, unchanged, problems } = imported;
        let problem = |(contact, problem): (usize, contacts::Problem)| ImportProblem {
            contact,
            property: problem.property,
            reason: match problem.reason {
                Reason::TooMany => ImportReason::TooMany,
                Reason::TooLong => ImportReason::TooLong,
                Reason::Photo => ImportReason::Photo,
                Reason::Unreadable => ImportReason::Unreadable,
                Reason::Unfinished => ImportReason::Unfinished,
                Reason::Empty => ImportReason::Empty,
            },
        };
        let problems = problems.into_iter().map(problem).collect();
        ContactsImported { added, changed, unchanged, problems }
    }
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Format {
        match format {
            FileFormat::VCard => Format::VCard3,
            FileFormat::VCard4 => Format::VCard4,
            FileFormat::Csv => Format::Csv,
        }
    }
}

/// Import a part of a file of contacts.
///
/// A contact that is there already, by its `UID` or because it says the same, gets what it does not
/// have; nothing is replaced.
#[utoipa::path(
    post,
    path = "/api/contacts/import",
    tag = "contacts",
    operation_id = "contactsImport",
    request_body = ContactsImport,
    responses((status = 200, description = "What became of it", body = ContactsImported), Problems)
)]
pub async fn import(
    signed: Signed,
    MessageJson(file): MessageJson<ContactsImport>,
) -> Result<axum::Json<ContactsImported>, Problem> {
    let ContactsImport { format, text } = file;
    let room = HELD * text.len();
    let done = signed.run_holding(room, move |gateway, actor| {
        gateway.contacts_import(actor, format.into(), &text)
    });
    let (imported, _) = done.await?;
    Ok(axum::Json(imported.into()))
}

/// Export a part of all contacts as a file.
#[utoipa::path(
    get,
    path = "/api/contacts/export",
    tag = "contacts",
    operation_id = "contactsExport",
    params(ExportQuery),
    responses((status = 200, description = "A part of the file", body = ContactsExport), Problems)
)]
pub async fn export(
    signed: Signed,
    Params(query): Params<ExportQuery>,
) -> Result<axum::Json<ContactsExport>, Problem> {
    let ExportQuery { format, after } = query;
    let done = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.contacts_export(actor, format.into(), after.as_deref())
    });
    let Exported { text, next, incomplete } = done.await?;
    Ok(axum::Json(ContactsExport { text, next, incomplete }))
}
