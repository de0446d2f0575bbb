//! Vouching: the own signing key, requests, attestations, and colleagues.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::Timestamp;
use crate::gateway::accounts::directory::COLLEAGUES_MAX;
use crate::gateway::records::vouching::RequestSide;
use crate::gateway::vouching::attest::NewAttestation;
use crate::gateway::vouching::colleague::{ColleagueView, ColleaguesPage};
use crate::gateway::vouching::overview::{
    AttestationView, Overview, OwnKeyView, PersonView, ProblemView, RequestView,
};
use crate::gateway::vouching::signature::SignatureView;
use crate::terms::{Acquaintance, SignatureState, Standing, VouchProblem};
use crate::web::auth::Signed;
use crate::web::body::{Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;
use super::credential::{Qr, qr};

/// Everything about vouching that concerns the account.
#[derive(Serialize, ToSchema)]
pub struct Vouching {
    key: OwnKey,
    /// Open requests, the latest first.
    requests: Vec<VouchRequest>,
    /// The attestations that the account gave.
    given: Vec<Attestation>,
    /// The attestations about the account.
    received: Vec<Attestation>,
    /// What does not fit the lists that people signed.
    problems: Vec<VouchingProblem>,
}

/// The own signing key.
#[derive(Serialize, ToSchema)]
pub struct OwnKey {
    owner: ColleagueName,
    /// Sixty digits in groups of five, for comparing.
    fingerprint: String,
    /// The same as a QR code.
    qr: Qr,
    #[schema(format = DateTime)]
    since: String,
    /// Whether messages are signed unless their sender says otherwise.
    signs: bool,
}

/// A person inside.
#[derive(Serialize, ToSchema)]
pub struct ColleagueName {
    /// The opaque ID.
    id: String,
    name: Option<String>,
    address: String,
}

/// Which of the two parties of a request the account is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VouchSide {
    /// The account was asked to vouch.
    Asked,
    /// The account asks for it.
    Asking,
}

/// An open request to be vouched for.
#[derive(Serialize, ToSchema)]
pub struct VouchRequest {
    colleague: ColleagueName,
    side: VouchSide,
    #[schema(format = DateTime)]
    at: String,
}

/// An attestation; the colleague is the other party.
#[derive(Serialize, ToSchema)]
pub struct Attestation {
    colleague: ColleagueName,
    /// How the voucher made sure; `null` if the attestation was changed by somebody.
    how: Option<Acquaintance>,
    #[schema(format = DateTime)]
    at: Option<String>,
    #[schema(format = DateTime)]
    ends: Option<String>,
    standing: Standing,
    /// The note, for the two parties alone.
    note: Option<String>,
}

/// Something that does not fit what was signed.
#[derive(Serialize, ToSchema)]
pub struct VouchingProblem {
    kind: VouchProblem,
    colleague: ColleagueName,
}

/// A person inside, with the attestations about that person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ColleagueDetail)]
pub struct Colleague {
    #[serde(flatten)]
    person: ColleagueName,
    /// Whether the key is another one than this account knows.
    key_changed: bool,
    received: Vec<Attestation>,
    problems: Vec<VouchingProblem>,
}

/// People inside who were found.
#[derive(Serialize, ToSchema)]
pub struct ColleagueNames {
    /// Whether there is a directory at this site.
    enabled: bool,
    items: Vec<ColleagueName>,
    /// Whether there are more than were asked for.
    more: bool,
    /// The ID of the one whose login name or address the question is as a whole.
    exact: Option<String>,
}

/// The signature of a message, verified for its reader.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    state: SignatureState,
    /// Who signed it; `null` if the signature is missing or does not fit, or nobody here is known as the
    /// one who signed it.
    signer: Option<ColleagueName>,
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Whether the message came to the reader at another time than shortly after it was signed.
    time_differs: bool,
    /// Whether the signed header names the reader in From, To or Cc.
    names_reader: bool,
    /// Whether the files were verified too; very large ones are not.
    files_checked: bool,
    /// The attestations that came with it, and what each is worth now.
    vouchers: Vec<Attestation>,
}

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// What a word of the name, of the address or of the login name begins with.
    q: String,
    /// The maximum number of people; 10 by default.
    #[serde(default = "limit_default")]
    #[param(default = 10, required = false)]
    limit: usize,
}

fn limit_default() -> usize {
    10
}

/// Whether messages are signed unless their sender says otherwise.
#[derive(Serialize, ToSchema)]
pub struct Signing {
    signs: bool,
}

/// Whether messages are signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningChange {
    signs: bool,
}

/// Whom to ask.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVouchRequest {
    /// The first address or, if the site has a directory, the login name of a person inside.
    address: String,
}

/// What the account attests.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAttestation)]
pub struct Attest {
    /// The colleague's ID.
    colleague: String,
    /// The fingerprint that was compared.
    fingerprint: String,
    how: Acquaintance,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    ends: Option<String>,
    /// For the two parties alone.
    note: Option<String>,
}

/// The fingerprint of the key to accept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptKey {
    fingerprint: String,
}

impl From<PersonView> for ColleagueName {
    fn from(PersonView { id, name, address }: PersonView) -> ColleagueName {
        ColleagueName { id, name, address }
    }
}

impl From<AttestationView> for Attestation {
    fn from(view: AttestationView) -> Attestation {
        Attestation {
            colleague: view.person.into(),
            how: view.how,
            at: view.at.map(Timestamp::to_rfc3339),
            ends: view.ends.map(Timestamp::to_rfc3339),
            standing: view.standing,
            note: view.note,
        }
    }
}

impl From<ProblemView> for VouchingProblem {
    fn from(ProblemView { kind, person }: ProblemView) -> VouchingProblem {
        VouchingProblem { kind, colleague: person.into() }
    }
}

impl From<RequestView> for VouchRequest {
    fn from(RequestView { person, side, at }: RequestView) -> VouchRequest {
        let side = match side {
            RequestSide::Asked => VouchSide::Asked,
            RequestSide::Asking => VouchSide::Asking,
        };
        VouchRequest { colleague: person.into(), side, at: at.to_rfc3339() }
    }
}

impl From<ColleagueView> for Colleague {
    fn from(view: ColleagueView) -> Colleague {
        Colleague {
            person: view.person.into(),
            key_changed: view.key_changed,
            received: all(view.received),
            problems: all(view.problems),
        }
    }
}

impl From<SignatureView> for Signature {
    fn from(view: SignatureView) -> Signature {
        Signature {
            state: view.state,
            signer: view.person.map(ColleagueName::from),
            at: view.at.map(Timestamp::to_rfc3339),
            time_differs: view.time_differs,
            names_reader: view.names_reader,
            files_checked: view.files_checked,
            vouchers: all(view.vouchers),
        }
    }
}

fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

fn own_key(view: OwnKeyView) -> Result<OwnKey, Problem> {
    let OwnKeyView { person, fingerprint, since, signs } = view;
    let qr = qr(&fingerprint)?;
    Ok(OwnKey { owner: person.into(), fingerprint, qr, since: since.to_rfc3339(), signs })
}

/// Get the own signing key, open requests, and the attestations given and received.
#[utoipa::path(
    get,
    path = "/api/vouching",
    tag = "vouching",
    operation_id = "vouching",
    responses((status = 200, description = "What there is", body = Vouching), Problems)
)]
pub async fn read(signed: Signed) -> Result<axum::Json<Vouching>, Problem> {
    let found = signed.run(CostClass::Content, |gateway, actor| gateway.vouching(actor)).await?;
    let Overview { own, requests, given, received, problems } = found;
    let key = own_key(own)?;
    let (requests, given) = (all(requests), all(given));
    let (received, problems) = (all(received), all(problems));
    Ok(axum::Json(Vouching { key, requests, given, received, problems }))
}

/// Get whether messages are signed unless their sender says otherwise.
#[utoipa::path(
    get,
    path = "/api/signing",
    tag = "vouching",
    operation_id = "signing",
    responses((status = 200, description = "Whether they are", body = Signing), Problems)
)]
pub async fn signing(signed: Signed) -> Result<axum::Json<Signing>, Problem> {
    let signs = signed.run(CostClass::Records, |gateway, actor| gateway.signs(actor)).await?;
    Ok(axum::Json(Signing { signs }))
}

/// Set whether messages are signed unless their sender says otherwise.
#[utoipa::path(
    patch,
    path = "/api/signing",
    tag = "vouching",
    operation_id = "signingSet",
    request_body = SigningChange,
    responses(Done, Problems)
)]
pub async fn set(
    signed: Signed,
    Json(SigningChange { signs }): Json<SigningChange>,
) -> Result<StatusCode, Problem> {
    signed.run(CostClass::Records, move |gateway, actor| gateway.signing_set(actor, signs)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign the own list of attestations again, after looking at one that was put back.
#[utoipa::path(
    post,
    path = "/api/vouching/register",
    tag = "vouching",
    operation_id = "registerConfirm",
    responses(Done, Problems)
)]
pub async fn register(signed: Signed) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Content, |gateway, actor| gateway.vouch_register_confirm(actor));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask somebody inside to vouch for the own key.
#[utoipa::path(
    post,
    path = "/api/vouching/requests",
    tag = "vouching",
    operation_id = "vouchAsk",
    request_body = NewVouchRequest,
    responses(Done, Problems)
)]
pub async fn ask(
    signed: Signed,
    Json(NewVouchRequest { address }): Json<NewVouchRequest>,
) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.vouch_ask(actor, &address));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse a request, or take an own one back.
#[utoipa::path(
    delete,
    path = "/api/vouching/requests/{id}",
    tag = "vouching",
    operation_id = "vouchRequestEnd",
    params(("id" = String, Path, description = "The colleague's ID")),
    responses(Done, Problems)
)]
pub async fn request_end(signed: Signed, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.vouch_request_end(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Vouch for a colleague who asked for it, after comparing the fingerprint.
#[utoipa::path(
    post,
    path = "/api/vouching/attestations",
    tag = "vouching",
    operation_id = "vouch",
    request_body = Attest,
    responses(Done, Problems)
)]
pub async fn attest(signed: Signed, Json(new): Json<Attest>) -> Result<StatusCode, Problem> {
    let ends = match new.ends.as_deref().map(Timestamp::parse_rfc3339) {
        Some(None) => return Err(Problem::invalid("`ends` must be a time (RFC 3339).")),
        ends => ends.flatten(),
    };
    let Attest { colleague, fingerprint, how, note, .. } = new;
    let new = NewAttestation { colleague, fingerprint, how, ends, note };
    let done =
        signed.run(CostClass::Content, move |gateway, actor| gateway.vouch_attest(actor, &new));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revoke an own attestation. It has effect at once.
#[utoipa::path(
    delete,
    path = "/api/vouching/attestations/{id}",
    tag = "vouching",
    operation_id = "vouchRevoke",
    params(("id" = String, Path, description = "The colleague's ID")),
    responses(Done, Problems)
)]
pub async fn revoke(signed: Signed, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Content, move |gateway, actor| gateway.vouch_revoke(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Look for people inside who can vouch.
#[utoipa::path(
    get,
    path = "/api/colleagues",
    tag = "vouching",
    operation_id = "colleagues",
    params(Asked),
    responses((status = 200, description = "The people", body = ColleagueNames), Problems)
)]
pub async fn find(
    signed: Signed,
    Params(Asked { q, limit }): Params<Asked>,
) -> Result<axum::Json<ColleagueNames>, Problem> {
    if !(1..=COLLEAGUES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("A limit must be 1 to {COLLEAGUES_MAX}.")));
    }
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.colleague_find(actor, &q, limit))
        .await?;
    let ColleaguesPage { enabled, items, more, exact } = found;
    Ok(axum::Json(ColleagueNames { enabled, items: all(items), more, exact }))
}

/// Get a colleague, with the attestations about that person.
#[utoipa::path(
    get,
    path = "/api/colleagues/{id}",
    tag = "vouching",
    operation_id = "colleague",
    params(("id" = String, Path, description = "The colleague's ID")),
    responses((status = 200, description = "The colleague", body = Colleague), Problems)
)]
pub async fn colleague(
    signed: Signed,
    Path(id): Path<String>,
) -> Result<axum::Json<Colleague>, Problem> {
    let found = signed.run(CostClass::Content, move |gateway, actor| gateway.colleague(actor, &id));
    Ok(axum::Json(found.await?.into()))
}

/// Accept a colleague's key in place of the one that was known, after comparing the fingerprint.
#[utoipa::path(
    put,
    path = "/api/colleagues/{id}/key",
    tag = "vouching",
    operation_id = "colleagueKeyAccept",
    params(("id" = String, Path, description = "The colleague's ID")),
    request_body = AcceptKey,
    responses(Done, Problems)
)]
pub async fn accept_key(
    signed: Signed,
    Path(id): Path<String>,
    Json(AcceptKey { fingerprint }): Json<AcceptKey>,
) -> Result<StatusCode, Problem> {
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.colleague_key_accept(actor, &id, &fingerprint)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
