//! The OpenAPI document. It is made in tests alone: the daemon serves the committed one.
//!
//! What the routes and types say of themselves is completed here, in three ways that attributes
//! cannot: the limits that the core enforces, from its own constants; the statuses that follow from
//! what an operation takes; and objects that are made of several types, which are closed as a whole
//! or not at all.

use serde_json::{Map, Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder};

use crate::gateway::PASSWORD_OCTETS_MAX;
use crate::gateway::accounts::account::{DISPLAY_NAME_CHARS_MAX, NAME_CHARS_MAX};
use crate::gateway::accounts::appearance::{
    PLACE_CHARS_MAX, QUERY_CHARS_MAX as SAVED_QUERY_CHARS_MAX, SEARCHES_MAX, SIGNATURE_CHARS_MAX,
    WORD_CHARS_MAX,
};
use crate::gateway::accounts::chosen::PASSPHRASE_CHARS_MIN;
use crate::gateway::accounts::directory::{COLLEAGUES_MAX, QUESTION_CHARS_MAX};
use crate::gateway::accounts::password::LABEL_CHARS_MAX;
use crate::gateway::accounts::preference::UNDO_SECS_MAX;
use crate::gateway::accounts::totp::CODE_CHARS_MAX;
use crate::gateway::boards::board::GRANTS_MAX;
use crate::gateway::boards::content::{TEXT_CHARS_MAX, TITLE_CHARS_MAX};
use crate::gateway::boards::readers::POST_READERS_MAX;
use crate::gateway::boards::reading::POSTS_PAGE_MAX;
use crate::gateway::boards::search::QUESTION_CHARS_MAX as POSTS_QUESTION_CHARS_MAX;
use crate::gateway::boards::topic::TOPICS_PAGE_MAX;
use crate::gateway::chat::files as chat_files;
use crate::gateway::chat::find::FIND_CHARS_MAX;
use crate::gateway::chat::line as chat_line;
use crate::gateway::chat::room::NAME_CHARS_MAX as ROOM_CHARS_MAX;
use crate::gateway::contacts::list::{
    LOOKED_UP_MAX, PAGE_MAX as CONTACTS_PAGE_MAX, QUERY_CHARS_MAX as CONTACTS_QUERY_CHARS_MAX,
};
use crate::gateway::contacts::request::NOTE_CHARS_MAX as REQUEST_NOTE_CHARS_MAX;
use crate::gateway::contacts::shares::READERS_MAX as SHARED_READERS_MAX;
use crate::gateway::contacts::stored::MERGED_MAX;
use crate::gateway::groups::about::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX as GROUP_CHARS_MAX};
use crate::gateway::mailboxes::filter::{FILTERS_MAX, TEXT_CHARS_MAX as FILTER_CHARS_MAX};
use crate::gateway::mailboxes::label::{LABELS_MAX, NAME_CHARS_MAX as LABEL_NAME_CHARS_MAX};
use crate::gateway::mailboxes::list::PAGE_MAX;
use crate::gateway::mailboxes::mailbox::NAME_CHARS_MAX as MAILBOX_CHARS_MAX;
use crate::gateway::outgoing::draft::{ATTACHMENTS_MAX, SUBJECT_CHARS_MAX};
use crate::gateway::profiles::fields as profile;
use crate::gateway::profiles::people::PEOPLE_PAGE_MAX;
use crate::gateway::reaction::REACTION_CHARS_MAX;
use crate::gateway::records::site;
use crate::gateway::search::QUERY_CHARS_MAX;
use crate::gateway::upload::NAME_CHARS_MAX as FILE_CHARS_MAX;
use crate::gateway::vouching::attest::NOTE_CHARS_MAX;
use crate::mail::contacts::contact;

use super::api::submission;
use super::auth::{ROLE_MAY, begins_with_one_of};

/// Returns the document.
pub fn document(routes: impl FnOnce(OpenApi) -> OpenApi) -> Value {
    let mut document = serde_json::to_value(routes(head())).unwrap();
    closed_as_a_whole(&mut document);
    limited(&mut document);
    for (path, item) in document["paths"].as_object_mut().unwrap() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            answered(path, operation);
        }
    }
    document
}

fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Postern")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let header = ApiKeyValue::with_description(
        "Authorization",
        "`DPoP <token>`, with a fresh proof in the `DPoP` header (RFC 9449, ES256) whose `ath` \
         is the hash of the token.",
    );
    let mut components = Components::new();
    components.add_security_scheme("dpop", SecurityScheme::ApiKey(ApiKey::Header(header)));
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("dpop", [] as [&str; 0])]))
        .build()
}

const DESCRIPTION: &str = "Mail, for browsers and scripts. Times are RFC 3339 in UTC. Errors are \
    `application/problem+json`. Reference numbers are accepted in either case, with or without \
    dashes; one that is unknown, rejected or belongs to another account is not found. No cookies \
    are used. A request that does not name exactly one host is answered with 400, and one for \
    another site with 421.";

/// `additionalProperties` looks at one schema alone, so an object that is made of a closed one and
/// more members fits none. The closed one is opened, and what was closed by it is closed as a whole.
fn closed_as_a_whole(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let parts = |schema: &Value| -> Vec<String> {
        let all = schema["allOf"].as_array().into_iter().flatten();
        all.filter_map(|part| part["$ref"].as_str().map(str::to_owned)).collect()
    };
    let is_closed = |pointer: &String| {
        document.pointer(&pointer[1..]).unwrap()["additionalProperties"] == false
    };
    let whole: Vec<(String, Vec<String>)> = schemas
        .iter()
        .map(|(name, schema)| (name.clone(), parts(schema)))
        .filter(|(_, parts)| parts.iter().any(is_closed))
        .collect();
    let opened: Vec<String> =
        whole.iter().flat_map(|(_, parts)| parts).filter(|one| is_closed(one)).cloned().collect();
    for pointer in &opened {
        let schema = document.pointer_mut(&pointer[1..]).unwrap();
        schema.as_object_mut().unwrap().remove("additionalProperties");
    }
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            let Some(body) = operation.pointer_mut(JSON_BODY) else { continue };
            if body["$ref"].as_str().is_some_and(|pointer| opened.iter().any(|one| one == pointer))
            {
                *body = json!({"allOf": [body.clone()], "unevaluatedProperties": false});
            }
        }
    }
    let asked: Vec<String> = asked(document);
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, _) in whole.iter().filter(|(name, _)| asked.contains(name)) {
        schemas[name]["unevaluatedProperties"] = json!(false);
    }
}

const JSON_BODY: &str = "/requestBody/content/application~1json/schema";

/// The names of the schemas of requests.
fn asked(document: &Value) -> Vec<String> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let bodies = operations.filter_map(|one| one.pointer(JSON_BODY)?["$ref"].as_str());
    bodies.filter_map(|pointer| Some(pointer.rsplit_once('/')?.1.to_owned())).collect()
}

/// Numbers of labels.
const NUMBERS_MAX: usize = u16::MAX as usize;

/// The limits of what is sent: the schema, the member, the keyword and its value.
const LIMITS: &[(&str, &str, &str, usize)] = &[
    ("Appearance", "place", "maxLength", PLACE_CHARS_MAX),
    ("Appearance", "searches", "maxItems", SEARCHES_MAX),
    ("Appearance", "signature", "maxLength", SIGNATURE_CHARS_MAX),
    ("Appearance", "zone", "maxLength", WORD_CHARS_MAX),
    ("BoardEdit", "description", "maxLength", DESCRIPTION_CHARS_MAX),
    ("BoardEdit", "grants", "maxItems", GRANTS_MAX),
    ("BoardEdit", "name", "minLength", 1),
    ("BoardEdit", "name", "maxLength", GROUP_CHARS_MAX),
    ("BoardNew", "description", "maxLength", DESCRIPTION_CHARS_MAX),
    ("BoardNew", "grants", "maxItems", GRANTS_MAX),
    ("BoardNew", "name", "minLength", 1),
    ("BoardNew", "name", "maxLength", GROUP_CHARS_MAX),
    ("ChangePassword", "newPassword", "minLength", PASSPHRASE_CHARS_MIN),
    ("ChangePassword", "newPassword", "maxLength", PASSWORD_OCTETS_MAX),
    ("ChangePassword", "password", "minLength", 1),
    ("ChangePassword", "password", "maxLength", PASSWORD_OCTETS_MAX),
    ("ChatFind", "text", "minLength", 1),
    ("ChatFind", "text", "maxLength", FIND_CHARS_MAX),
    ("ChatLineChange", "text", "maxLength", chat_line::TEXT_CHARS_MAX),
    ("ChatLineNew", "clientId", "minLength", 32),
    ("ChatLineNew", "clientId", "maxLength", 32),
    ("ChatLineNew", "files", "maxItems", chat_files::FILES_MAX),
    ("ChatLineNew", "mentions", "maxItems", chat_line::MENTIONS_MAX),
    ("ChatLineNew", "text", "maxLength", chat_line::TEXT_CHARS_MAX),
    ("ChatReact", "text", "minLength", 1),
    ("ChatReact", "text", "maxLength", REACTION_CHARS_MAX),
    ("PostReact", "text", "minLength", 1),
    ("PostReact", "text", "maxLength", REACTION_CHARS_MAX),
    ("ChatVoice", "levels", "maxItems", chat_files::LEVELS_MAX),
    ("ChatRoomChange", "name", "minLength", 1),
    ("ChatRoomChange", "name", "maxLength", ROOM_CHARS_MAX),
    ("ChatRoomNew", "name", "minLength", 1),
    ("ChatRoomNew", "name", "maxLength", ROOM_CHARS_MAX),
    ("ChoosePassphrase", "passphrase", "minLength", PASSPHRASE_CHARS_MIN),
    ("ChoosePassphrase", "passphrase", "maxLength", PASSWORD_OCTETS_MAX),
    ("Code", "code", "maxLength", CODE_CHARS_MAX),
    ("Confirm", "password", "minLength", 1),
    ("Confirm", "password", "maxLength", PASSWORD_OCTETS_MAX),
    ("Content", "attachments", "maxItems", ATTACHMENTS_MAX),
    ("Content", "subject", "maxLength", SUBJECT_CHARS_MAX),
    ("ContactChange", "emails", "maxItems", contact::ITEMS_MAX),
    ("ContactChange", "notes", "maxLength", contact::NOTES_CHARS_MAX),
    ("ContactFields", "emails", "maxItems", contact::ITEMS_MAX),
    ("ContactFields", "labels", "maxItems", contact::ITEMS_MAX),
    ("ContactFields", "notes", "maxLength", contact::NOTES_CHARS_MAX),
    ("ContactFields", "own", "maxItems", contact::ITEMS_MAX),
    ("ContactFields", "phones", "maxItems", contact::ITEMS_MAX),
    ("ContactFields", "postal", "maxItems", contact::ITEMS_MAX),
    ("ContactFields", "urls", "maxItems", contact::ITEMS_MAX),
    ("ContactWay", "label", "maxLength", contact::LABEL_CHARS_MAX),
    ("ContactWay", "value", "maxLength", contact::FIELD_CHARS_MAX),
    ("ContactsLookup", "items", "maxItems", LOOKED_UP_MAX),
    ("ContactsMerge", "ids", "minItems", 2),
    ("ContactsMerge", "ids", "maxItems", MERGED_MAX),
    ("Filter", "from", "maxLength", FILTER_CHARS_MAX),
    ("Filter", "label", "maximum", NUMBERS_MAX),
    ("Filter", "subject", "maxLength", FILTER_CHARS_MAX),
    ("Filter", "to", "maxLength", FILTER_CHARS_MAX),
    ("Filters", "items", "maxItems", FILTERS_MAX),
    ("GroupEdit", "description", "maxLength", DESCRIPTION_CHARS_MAX),
    ("GroupEdit", "name", "minLength", 1),
    ("GroupEdit", "name", "maxLength", GROUP_CHARS_MAX),
    ("GroupNew", "description", "maxLength", DESCRIPTION_CHARS_MAX),
    ("GroupNew", "name", "minLength", 1),
    ("GroupNew", "name", "maxLength", GROUP_CHARS_MAX),
    ("Label", "id", "maximum", NUMBERS_MAX),
    ("Label", "name", "minLength", 1),
    ("Label", "name", "maxLength", LABEL_NAME_CHARS_MAX),
    ("Labels", "items", "maxItems", LABELS_MAX),
    ("MailboxName", "name", "minLength", 1),
    ("MailboxName", "name", "maxLength", MAILBOX_CHARS_MAX),
    ("MessageChange", "label", "maximum", NUMBERS_MAX),
    ("MessageChange", "removeLabel", "maximum", NUMBERS_MAX),
    ("NewAppPassword", "label", "minLength", 1),
    ("NewAppPassword", "label", "maxLength", LABEL_CHARS_MAX),
    ("NewAppPassword", "password", "minLength", 1),
    ("NewAppPassword", "password", "maxLength", PASSWORD_OCTETS_MAX),
    ("NewAttestation", "note", "maxLength", NOTE_CHARS_MAX),
    ("NewContactRequest", "note", "maxLength", REQUEST_NOTE_CHARS_MAX),
    ("NewPasskey", "label", "minLength", 1),
    ("NewPasskey", "label", "maxLength", LABEL_CHARS_MAX),
    ("NewUpload", "name", "minLength", 1),
    ("NewUpload", "name", "maxLength", FILE_CHARS_MAX),
    ("NewUser", "addresses", "minItems", 1),
    ("NewUser", "displayName", "maxLength", DISPLAY_NAME_CHARS_MAX),
    ("NewUser", "name", "minLength", 1),
    ("NewUser", "name", "maxLength", NAME_CHARS_MAX),
    ("NewUser", "password", "minLength", PASSPHRASE_CHARS_MIN),
    ("NewUser", "password", "maxLength", PASSWORD_OCTETS_MAX),
    ("OwnProfileChange", "about", "maxLength", profile::ABOUT_CHARS_MAX),
    ("OwnProfileChange", "hours", "maxLength", profile::LINE_CHARS_MAX),
    ("OwnProfileChange", "languages", "maxItems", profile::LANGUAGES_MAX),
    ("OwnProfileChange", "name", "maxLength", profile::NAME_CHARS_MAX),
    ("OwnProfileChange", "office", "maxLength", profile::LINE_CHARS_MAX),
    ("OwnProfileChange", "phones", "maxItems", profile::PHONES_MAX),
    ("PasswordConfirmation", "password", "minLength", 1),
    ("PasswordConfirmation", "password", "maxLength", PASSWORD_OCTETS_MAX),
    ("PolicySet", "rules", "maxItems", site::RULES_MAX),
    ("PostEdit", "text", "minLength", 1),
    ("PostEdit", "text", "maxLength", TEXT_CHARS_MAX),
    ("PostEdit", "title", "maxLength", TITLE_CHARS_MAX),
    ("PostNew", "readers", "maxItems", POST_READERS_MAX),
    ("PostNew", "text", "minLength", 1),
    ("PostNew", "text", "maxLength", TEXT_CHARS_MAX),
    ("PostNew", "title", "maxLength", TITLE_CHARS_MAX),
    ("PreferencesChange", "undoSecs", "maximum", UNDO_SECS_MAX as usize),
    ("ProfileAudience", "readers", "maxItems", SHARED_READERS_MAX),
    ("Recover", "newPassword", "minLength", PASSPHRASE_CHARS_MIN),
    ("Recover", "newPassword", "maxLength", PASSWORD_OCTETS_MAX),
    ("Rules", "notificationText", "maxLength", site::TEXT_CHARS_MAX),
    ("Rules", "organisation", "minLength", 1),
    ("Rules", "organisation", "maxLength", site::NAME_CHARS_MAX),
    ("Rules", "phone", "maxLength", site::NAME_CHARS_MAX),
    ("SavedSearch", "query", "maxLength", SAVED_QUERY_CHARS_MAX),
    ("SignIn", "newPassword", "minLength", PASSPHRASE_CHARS_MIN),
    ("SignIn", "newPassword", "maxLength", PASSWORD_OCTETS_MAX),
    ("SignIn", "password", "minLength", 1),
    ("SignIn", "password", "maxLength", PASSWORD_OCTETS_MAX),
];

/// The limits of parameters: the operation, the parameter, the keyword and its value.
const PARAMETERS: &[(&str, &str, &str, usize)] = &[
    ("boardTopics", "limit", "minimum", 1),
    ("boardTopics", "limit", "maximum", TOPICS_PAGE_MAX),
    ("colleagues", "limit", "minimum", 1),
    ("colleagues", "limit", "maximum", COLLEAGUES_MAX),
    ("colleagues", "q", "minLength", 1),
    ("colleagues", "q", "maxLength", QUESTION_CHARS_MAX),
    ("contacts", "limit", "minimum", 1),
    ("contacts", "limit", "maximum", CONTACTS_PAGE_MAX),
    ("contacts", "q", "maxLength", CONTACTS_QUERY_CHARS_MAX),
    ("conversations", "limit", "minimum", 1),
    ("conversations", "limit", "maximum", PAGE_MAX),
    ("directory", "limit", "minimum", 1),
    ("directory", "limit", "maximum", COLLEAGUES_MAX),
    ("directory", "q", "minLength", 1),
    ("directory", "q", "maxLength", QUESTION_CHARS_MAX),
    ("messages", "limit", "minimum", 1),
    ("messages", "limit", "maximum", PAGE_MAX),
    ("posts", "q", "minLength", 1),
    ("posts", "q", "maxLength", POSTS_QUESTION_CHARS_MAX),
    ("profiles", "limit", "minimum", 1),
    ("profiles", "limit", "maximum", PEOPLE_PAGE_MAX),
    ("profiles", "q", "maxLength", QUESTION_CHARS_MAX),
    ("postTopic", "limit", "minimum", 1),
    ("postTopic", "limit", "maximum", POSTS_PAGE_MAX),
    ("search", "limit", "minimum", 1),
    ("search", "limit", "maximum", PAGE_MAX),
    ("search", "q", "maxLength", QUERY_CHARS_MAX),
];

fn limited(document: &mut Value) {
    for (schema, member, keyword, limit) in LIMITS {
        let found = &mut document["components"]["schemas"][schema]["properties"][member];
        assert!(found.is_object(), "{schema} has no {member}");
        found[keyword] = json!(limit);
    }
    for (path, item) in document["paths"].as_object_mut().unwrap() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap().to_owned();
                for (of, known, keyword, limit) in PARAMETERS {
                    if (*of, *known) == (id.as_str(), name.as_str()) {
                        parameter["schema"][keyword] = json!(limit);
                    }
                }
                if let Some(pattern) = pattern(path, &name) {
                    parameter["schema"]["pattern"] = json!(pattern);
                }
            }
        }
    }
}

/// The form of a parameter.
fn pattern(path: &str, name: &str) -> Option<&'static str> {
    match name {
        "Idempotency-Key" => Some(submission::REQUEST_KEY_PATTERN),
        "id" | "owner" if path.starts_with("/api/contacts") => Some("^[0-9a-f]{32}$"),
        "id" if path.starts_with("/api/drafts") || path.starts_with("/api/uploads") => {
            Some("^[0-9a-f]{32}$")
        }
        _ => None,
    }
}

/// Why an operation is refused, by the status.
const REASONS: [(u16, &str); 10] = [
    (401, "Not signed in, or the proof is not valid for this request"),
    (403, "The account may not do this, or must first do something else"),
    (404, "There is no such thing, or not for this account"),
    (409, "It does not fit what is there"),
    (410, "It was there, and is no more"),
    (412, "It was changed meanwhile"),
    (413, "The body is too large"),
    (415, "The body is of another type"),
    (422, "The request is not valid"),
    (429, "There were too many of them; the response says how long to wait"),
];

/// Operations that are refused in ways that do not follow from what they take.
const REFUSED: &[(&str, &[u16])] = &[
    ("boardChange", &[409]),
    ("boardCreate", &[404, 409]),
    ("boardKeysAccept", &[409]),
    ("boards", &[404]),
    ("brandLogo", &[404]),
    ("noticeAddressAsk", &[409]),
    ("noticeAddressConfirm", &[404]),
    ("postChange", &[409]),
    ("postCreate", &[409]),
    ("postReact", &[409]),
    ("manageBoardManager", &[409]),
    ("posts", &[404]),
    ("colleagueKeyAccept", &[409]),
    ("contactAddersSet", &[404]),
    ("contactBookShare", &[404, 409]),
    ("contactChange", &[409]),
    ("contactCreate", &[409]),
    ("contactEditAnswer", &[409]),
    ("contactPhotoSet", &[422]),
    ("contactRequest", &[404, 409]),
    ("contactShare", &[409]),
    ("contactSharedChange", &[409]),
    ("contactsMerge", &[404]),
    ("room", &[409]),
    ("roomAnswer", &[409]),
    ("roomAsk", &[409]),
    ("roomChange", &[409]),
    ("roomKeysAccept", &[409]),
    ("roomLeave", &[409]),
    ("roomsFind", &[404]),
    ("roomLineChange", &[409]),
    ("roomMemberChange", &[409]),
    ("roomReact", &[409]),
    ("roomFile", &[409]),
    ("roomSay", &[409, 413]),
    ("roomWith", &[404, 409]),
    ("profilePicture", &[404]),
    ("profilePictureDrop", &[409, 422]),
    ("profilePictureSet", &[409, 422]),
    ("profilePreview", &[404]),
    ("profileAt", &[404]),
    ("profileSet", &[404, 409]),
    ("conversations", &[404]),
    ("draftFrom", &[410, 422]),
    ("groupChange", &[409, 412]),
    ("groupCreate", &[409]),
    ("groupDelete", &[409]),
    ("groupKeysAccept", &[409]),
    ("groupMemberAdd", &[409]),
    ("groupMemberChange", &[409]),
    ("groupMemberRemove", &[409]),
    ("mailboxCreate", &[409]),
    ("mailboxDelete", &[409]),
    ("mailboxRename", &[409]),
    ("manageLogoSet", &[422]),
    ("manageUserChange", &[409]),
    ("manageUserMake", &[409]),
    ("manageUserRemove", &[409]),
    ("manageUserAddressAdd", &[409]),
    ("manageUserAddressRemove", &[409]),
    ("messageAttached", &[409, 410]),
    ("messageDelete", &[409]),
    ("messageFrame", &[422]),
    ("messageFrameImage", &[410]),
    ("messageFrameRemote", &[410]),
    ("messageImport", &[404, 422]),
    ("messageOpen", &[409, 410]),
    ("messageRead", &[410]),
    ("messageReject", &[410]),
    ("messageSource", &[410]),
    ("messageTicket", &[410]),
    ("messages", &[404]),
    ("messagesFlags", &[404]),
    ("passkeyKeep", &[409, 410]),
    ("passphraseChoose", &[409]),
    ("passwordChange", &[409]),
    ("pickupAccess", &[409]),
    ("pickupAsk", &[409]),
    ("recover", &[403]),
    ("roleMailboxCreate", &[404, 409]),
    ("search", &[404]),
    ("send", &[404]),
    ("signIn", &[403, 409]),
    ("signInByPasskey", &[403]),
    ("temporaryRenew", &[409]),
    ("temporaryResend", &[409]),
    ("temporaryRevoke", &[409]),
    ("temporaryStartAgain", &[409]),
    ("totpOn", &[404, 409]),
    ("totpStart", &[409]),
    ("vouch", &[404, 409]),
    ("vouchAsk", &[404, 409]),
    ("vouchRevoke", &[409]),
];

/// Adds the statuses that follow from what an operation takes, and those of `REFUSED`.
fn answered(path: &str, operation: &mut Value) {
    let is_public = operation["security"] == json!([{}]);
    let mut statuses = Vec::new();
    if !is_public {
        statuses.extend([401, 403, 429]);
    }
    if path.contains('{') || path.starts_with("/api/manage") {
        statuses.push(404);
    }
    // The role mailbox that a request names may not be there, or its keys.
    if !is_public && begins_with_one_of(path, ROLE_MAY) {
        statuses.extend([404, 409]);
    }
    let body = operation["requestBody"]["content"].as_object();
    statuses.extend(body.map(|_| [413, 415]).into_iter().flatten());
    let has_query = operation["parameters"].as_array().into_iter().flatten();
    let has_query = has_query.into_iter().any(|one| one["in"] == "query" || one["in"] == "header");
    if has_query || body.is_some_and(|body| body.contains_key("application/json")) {
        statuses.push(422);
    }
    let id = operation["operationId"].as_str().unwrap_or_default();
    let more = REFUSED.iter().filter(|(operation, _)| *operation == id);
    statuses.extend(more.flat_map(|(_, statuses)| statuses.iter().copied()));
    let responses: &mut Map<String, Value> = operation["responses"].as_object_mut().unwrap();
    for (status, reason) in REASONS.iter().filter(|(status, _)| statuses.contains(status)) {
        let problem = json!({"description": reason, "content": {"application/problem+json":
            {"schema": {"$ref": "#/components/schemas/Problem"}}}});
        responses.entry(status.to_string()).or_insert(problem);
    }
    if !is_public && begins_with_one_of(path, ROLE_MAY) {
        let mut parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.push(json!({
            "name": "Postern-Mailbox",
            "in": "header",
            "description": "The number of the role mailbox that the request is about",
            "schema": {"type": "string"},
        }));
        operation["parameters"] = json!(parameters);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::web::router::{DOCUMENT, describe};

    /// Set this variable to rewrite `docs/openapi.json` instead of comparing it:
    /// `WRITE_OPENAPI=1 cargo test --lib openapi`
    const WRITE: &str = "WRITE_OPENAPI";

    #[test]
    fn the_openapi_document_is_the_committed_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        let made = serde_json::to_string_pretty(&document(describe)).unwrap() + "\n";
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &made).unwrap();
            return;
        }
        assert!(
            DOCUMENT == made,
            "docs/openapi.json is out of date; {WRITE}=1 cargo test --lib openapi rewrites it"
        );
    }

    #[test]
    fn every_answer_in_the_document_says_what_it_is() {
        let document = document(describe);
        assert_eq!(document["openapi"], "3.1.0");
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 14, "{:?}", paths.keys());
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                assert!(operation["operationId"].is_string(), "{name}");
                assert!(operation["summary"].is_string(), "{name}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.contains_key("default"), "{name}");
                for (status, response) in responses {
                    let description = response["description"].as_str().unwrap_or_default();
                    assert!(!description.is_empty(), "{name} {status}");
                }
            }
        }
    }

    /// An object that is made of a closed one and more members fits no value.
    #[test]
    fn no_closed_object_is_a_part_of_another_one() {
        let document = document(describe);
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for part in schema["allOf"].as_array().into_iter().flatten() {
                let part = part["$ref"]
                    .as_str()
                    .map_or(part, |pointer| document.pointer(&pointer[1..]).unwrap());
                assert_ne!(part["additionalProperties"], false, "{name}");
            }
        }
        let unevaluated = &document["components"]["schemas"]["Save"]["unevaluatedProperties"];
        assert_eq!(*unevaluated, false, "what is saved has no other member");
    }
}
