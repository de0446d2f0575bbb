//! Authentication: a request needs a token, a proof by the key that the token is bound to, and a
//! live session. First the proof is verified, then the session is opened by token and key
//! together, and only then is the proof recorded as used, so that an unauthenticated client cannot
//! fill that memory.

use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts, MatchedPath};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use zeroize::Zeroizing;

use crate::gateway::audit::Target;
use crate::gateway::records::audit::Act;
use crate::gateway::{self, AccountId, Actor, Gateway};
use crate::mail::reference::Reference;
use crate::net::shares::Held;

use super::asker::{Asker, Holder};
use super::attempts::{Cost, Trier, Try};
use super::dpop::{self, Expected, Proof, Refused};
use super::error::Problem;
use super::replay::Use;
use super::site_name::Origin;
use super::state::{Connection, CostClass, Reads, Web};

/// The header that names the role mailbox that a request is about.
const MAILBOX: HeaderName = HeaderName::from_static("postern-mailbox");

/// The header that carries the proof.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A request by a signed-in account, with the keys that were opened for it.
pub struct Signed {
    /// The account, or the role mailbox in which its owner acts.
    pub actor: Actor,
    pub token: Zeroizing<String>,
    pub thumbprint: String,
    pub peer: IpAddr,
    pub web: Web,
}

impl Signed {
    /// Calls the core on behalf of this actor, whose keys are wiped afterwards.
    pub async fn run<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        self,
        class: CostClass,
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let (holder, Signed { actor, web, .. }) = (self.holder(), self);
        web.run_for(holder, class, move |gateway| work(gateway, &actor)).await
    }

    /// Whose share this request's work is taken from.
    pub fn holder(&self) -> Holder {
        Holder::Account(self.actor.person())
    }

    /// Works like [`Signed::run`], for work that holds the message with this reference in memory:
    /// it takes room for it first.
    pub async fn run_content<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        self,
        (reference, reads): (Reference, Reads),
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem> {
        let (holder, Signed { actor, web, .. }) = (self.holder(), self);
        let opened = web.run_message((holder, actor), (reference, reads), work).await?;
        Ok(opened.0)
    }

    /// Works like [`Signed::run`], for work that takes up to `octets` of memory: room for them is
    /// taken first, and returned with what may stay in it.
    pub async fn run_holding<T: Send + 'static, E: Into<Problem> + Send + 'static>(
        self,
        octets: usize,
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, E> + Send + 'static,
    ) -> Result<(T, Held<Holder>), Problem> {
        let (holder, Signed { actor, web, .. }) = (self.holder(), self);
        let held = web.shared.memory.wait(&holder, octets).await?;
        let done = web.run_for(holder, CostClass::Content, move |gateway| {
            work(gateway, &actor).map(|done| (done, held))
        });
        done.await
    }

    /// Works like [`Signed::run`], for work that verifies the password again: guesses are slowed
    /// down as at sign-in.
    pub async fn run_with_password<T: Send + 'static>(
        self,
        act: Act,
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let Signed { actor, web, peer, .. } = self;
        let name = actor.account().to_text();
        let (trier, cost) = (Trier::Session, Cost::Password);
        let attempt = web
            .shared
            .attempts
            .begin(Try { name: &name, peer, browser: None, trier, cost })
            .await?;
        let done = web.blocking(move |gateway| {
            // The name is read first, because the work may delete the account.
            let who = gateway.name_of(actor.account());
            let done = work(gateway, &actor);
            if done.is_ok() {
                gateway.note(&who, act, "", &peer.to_string());
            }
            note_refused(
                gateway,
                &done,
                (Act::ConfirmRefused, Target::Account(actor.account())),
                peer,
            );
            attempt.count(&done, "a password in a session", peer);
            done
        });
        done.await?.map_err(|error| match error {
            gateway::Error::Refused => Problem::bad_credentials(),
            error => error.into(),
        })
    }
}

impl Signed {
    /// Runs work that is recorded in the audit log once it has succeeded.
    pub async fn run_audited<T: Send + 'static>(
        self,
        act: Act,
        work: impl FnOnce(&Gateway, &Actor) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let peer = self.peer;
        let done = self.run(CostClass::Records, move |gateway, actor| {
            // The name is read first, because the work may delete the account.
            let who = gateway.name_of(actor.account());
            let done = work(gateway, actor)?;
            gateway.note(&who, act, "", &peer.to_string());
            Ok::<_, gateway::Error>(done)
        });
        done.await
    }
}

/// Records in the audit log that something which opens an account was refused: `act` says what, unless
/// it was a TOTP code.
pub fn note_refused<T>(
    gateway: &Gateway,
    done: &Result<T, gateway::Error>,
    (act, target): (Act, Target<'_>),
    peer: IpAddr,
) {
    let act = match done {
        Err(gateway::Error::Refused) => act,
        Err(gateway::Error::WrongCode) => Act::CodeRefused,
        Err(gateway::Error::KeysDiffer) => Act::KeysDiffer,
        Err(gateway::Error::Conflict(gateway::Conflict::TotpStopped)) => Act::TotpStopped,
        _ => return,
    };
    gateway.note_refused(act, target, &peer.to_string());
}

fn audited(gateway: &Gateway, actor: &Actor, act: Act, about: &str, peer: IpAddr) {
    gateway.note(&gateway.name_of(actor.account()), act, about, &peer.to_string());
}

/// A manager who confirmed the password recently. For any other account, the managers' routes do
/// not exist.
pub struct Managing(Signed);

impl Managing {
    /// Runs `work`, and records it in the audit log as an act on `about`.
    pub async fn run_audited<T: Send + 'static>(
        self,
        act: Act,
        about: String,
        work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let peer = self.0.peer;
        let done = self.0.run(CostClass::Records, move |gateway, actor| {
            // Who removes the own account has no name afterwards.
            let who = gateway.name_of(actor.account());
            let done = work(gateway)?;
            gateway.note(&who, act, &about, &peer.to_string());
            Ok::<_, gateway::Error>(done)
        });
        done.await
    }

    /// Runs work of several steps, which records each step in the audit log once it has succeeded.
    pub async fn run_noting(
        self,
        work: impl FnOnce(&Gateway, &dyn Fn(Act)) -> Result<(), gateway::Error> + Send + 'static,
        about: String,
    ) -> Result<(), Problem> {
        let peer = self.0.peer;
        let done = self.0.run(CostClass::Records, move |gateway, actor| {
            work(gateway, &|act| audited(gateway, actor, act, &about, peer))
        });
        done.await
    }

    /// Runs work that only reads, and so is not recorded.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Gateway) -> Result<T, gateway::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.0.run(CostClass::Records, move |gateway, _| work(gateway)).await
    }
}

impl<S> FromRequestParts<S> for Managing
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Managing, Problem> {
        let signed = Signed::from_request_parts(parts, state).await?;
        if !signed.actor.is_manager() {
            return Err(Problem::not_found());
        }
        let web = &signed.web;
        let fresh_secs = web.gateway().settings().manager_fresh_secs;
        match signed.actor.confirmed().plus_secs(fresh_secs) > web.now() {
            true => Ok(Managing(signed)),
            false => Err(Problem::confirm_needed()),
        }
    }
}

impl<S> FromRequestParts<S> for Signed
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Signed, Problem> {
        let web = Web::from_ref(state);
        let token = token(&parts.headers)?;
        let proof = proof(&web, parts, Some(&token))?;
        let (shown, thumbprint) = (token.clone(), proof.thumbprint.clone());
        let asker = parts.extensions.get::<Asker>().cloned();
        let asker = asker.ok_or_else(|| Problem::broken(&"no asker"))?;
        let opened = web.run_for(asker.holder(), CostClass::Records, move |gateway| {
            gateway.session_actor(&shown, &thumbprint)
        });
        let actor = opened.await?;
        asker.is(actor.account());
        note_use(&web, actor.account(), &proof)?;
        if actor.is_temporary() && !may_be_temporary(parts) {
            let reason = "a temporary account can only read, reject and reply";
            return Err(gateway::Error::Denied { reason }.into());
        }
        if actor.is_app() && !may_be_app(parts) {
            let reason = "an app password can only handle mail";
            return Err(gateway::Error::Denied { reason }.into());
        }
        if actor.must_choose() && !may_before_choosing(parts) {
            return Err(Problem::choose_password());
        }
        let actor = in_role(&web, parts, actor).await?;
        let connection = parts.extensions.get::<Connection>();
        let peer = connection.ok_or_else(|| Problem::broken(&"no connection"))?.peer.ip();
        Ok(Signed { actor, token, thumbprint: proof.thumbprint, peer, web })
    }
}

/// The actor of a request that names a role mailbox: the account's owner acts there.
async fn in_role(web: &Web, parts: &Parts, actor: Actor) -> Result<Actor, Problem> {
    if !parts.headers.contains_key(MAILBOX) {
        return Ok(actor);
    }
    let id = single(&parts.headers, &MAILBOX).ok_or_else(Problem::not_found)?.to_owned();
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if !begins_with_one_of(route, ROLE_MAY) {
        let reason = "this is not done in a role mailbox";
        return Err(gateway::Error::Denied { reason }.into());
    }
    let holder = Holder::Account(actor.account());
    let opened =
        web.run_for(holder, CostClass::Records, move |gateway| gateway.role_actor(&actor, &id));
    opened.await
}

/// The routes by which the members of a group use its role mailbox. A new route is closed to them until it
/// is added here.
pub const ROLE_MAY: &[&str] = &[
    "/api/mailboxes",
    "/api/messages",
    "/api/conversations",
    "/api/labels",
    "/api/search",
    "/api/changes",
    "/api/events",
    "/api/drafts",
    "/api/uploads",
    "/api/submissions",
    "/api/outgoing",
    "/api/awaited",
    "/api/temporary",
];

/// Whether a route is one of these, or below one.
pub fn begins_with_one_of(route: &str, all: &[&str]) -> bool {
    let begins = |may: &str| {
        route.strip_prefix(may).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    all.iter().any(|may| begins(may))
}

/// The routes that a temporary account may use. All others are refused, so that a new route is
/// closed to outsiders until it is added here.
const TEMPORARY_MAY: &[(&str, &[Method])] = &[
    ("/api/session", &[Method::GET, Method::DELETE]),
    ("/api/account", &[Method::DELETE]),
    ("/api/account/passphrase", &[Method::POST]),
    ("/api/account/password", &[Method::PUT]),
    ("/api/appearance", &[Method::GET, Method::PUT]),
    ("/api/mailboxes", &[Method::GET]),
    ("/api/messages", &[Method::GET]),
    ("/api/messages/{ref}", &[Method::GET, Method::PATCH, Method::DELETE]),
    ("/api/messages/{ref}/attached", &[Method::GET]),
    ("/api/messages/{ref}/item", &[Method::GET]),
    ("/api/messages/{ref}/open", &[Method::POST]),
    ("/api/messages/{ref}/reject", &[Method::POST]),
    ("/api/messages/{ref}/ticket", &[Method::POST]),
    ("/api/changes", &[Method::GET]),
    ("/api/events", &[Method::GET]),
    ("/api/drafts", &[Method::GET]),
    ("/api/drafts/from/{ref}", &[Method::POST]),
    ("/api/drafts/{id}", &[Method::GET, Method::PUT, Method::DELETE]),
    ("/api/uploads", &[Method::POST]),
    ("/api/uploads/{id}", &[Method::GET, Method::DELETE]),
    ("/api/uploads/{id}/content", &[Method::PUT]),
    ("/api/submissions", &[Method::POST]),
    ("/api/submissions/{ref}", &[Method::GET]),
    ("/api/submissions/{ref}/undo", &[Method::POST]),
    ("/api/rooms", &[Method::GET]),
    ("/api/rooms/find", &[Method::POST]),
    ("/api/rooms/asked", &[Method::POST]),
    ("/api/rooms/asked/{ref}", &[Method::DELETE]),
    ("/api/rooms/{ref}", &[Method::GET]),
    ("/api/rooms/{ref}/leave", &[Method::POST]),
    ("/api/rooms/{ref}/own", &[Method::PATCH]),
    ("/api/rooms/{ref}/keys", &[Method::POST]),
    ("/api/rooms/{ref}/members", &[Method::GET]),
    ("/api/rooms/{ref}/lines", &[Method::GET, Method::POST]),
    ("/api/rooms/{ref}/lines/{number}", &[Method::GET, Method::PATCH, Method::DELETE]),
    ("/api/rooms/{ref}/lines/{number}/reaction", &[Method::PUT, Method::DELETE]),
    ("/api/rooms/{ref}/lines/{number}/files/{index}", &[Method::GET]),
    ("/api/rooms/{ref}/read", &[Method::PUT]),
    ("/api/rooms/{ref}/typing", &[Method::POST]),
];

/// The routes that are open to an account whose password somebody else chose: its session, and the
/// choice of another. All others are refused.
const BEFORE_CHOOSING: &[(&str, &[Method])] =
    &[("/api/session", &[Method::GET, Method::DELETE]), ("/api/account/password", &[Method::PUT])];

fn may_before_choosing(parts: &Parts) -> bool {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    BEFORE_CHOOSING.iter().any(|(may, methods)| *may == route && methods.contains(&parts.method))
}

fn may_be_temporary(parts: &Parts) -> bool {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    TEMPORARY_MAY.iter().any(|(may, methods)| *may == route && methods.contains(&parts.method))
}

/// The routes that a session opened by an app password may use: mail, and its own end. All
/// others are refused, so that a new route is closed to programs until it is added here.
const APP_MAY: &[&str] = &[
    "/api/session",
    "/api/mailboxes",
    "/api/messages",
    "/api/conversations",
    "/api/labels",
    "/api/appearance",
    "/api/search",
    "/api/changes",
    "/api/events",
    "/api/drafts",
    "/api/uploads",
    "/api/submissions",
];

fn may_be_app(parts: &Parts) -> bool {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // It may use its own session, but not confirm the password.
    let confirms = route == "/api/session/confirm";
    !confirms && begins_with_one_of(route, APP_MAY)
}

/// The origin of our pages, as the browser sees it.
pub struct Site {
    /// The origin, such as `https://mail.example.org`.
    pub origin: String,
    /// The origin's host, which passkeys are bound to.
    pub host: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Site {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Site, Problem> {
        let Origin(origin) = origin(parts).ok_or_else(Problem::not_found)?.clone();
        let parsed = origin.parse::<axum::http::Uri>().ok();
        let host = parsed.as_ref().and_then(|uri| uri.host()).ok_or_else(Problem::not_found)?;
        Ok(Site { host: host.to_owned(), origin })
    }
}

/// Verifies the proof of a request, but not whether it was used before.
pub fn proof(web: &Web, parts: &Parts, token: Option<&str>) -> Result<Proof, Problem> {
    let text = single(&parts.headers, &DPOP).ok_or_else(Problem::signed_out)?;
    let Origin(origin) = origin(parts).ok_or_else(Problem::signed_out)?;
    let url = format!("{origin}{}", parts.uri.path());
    let expected = Expected {
        method: parts.method.as_str(),
        url: &url,
        token,
        now_secs: web.now().unix_secs(),
        not_before_secs: web.shared.started.unix_secs(),
        age_secs: web.shared.config.proof_age_secs,
    };
    dpop::verify(text, &expected).map_err(|refused| match refused {
        Refused::Wrong => Problem::signed_out(),
        Refused::Stale => Problem::stale_proof(),
    })
}

/// Fails if a proof was used before. Of a sign-in that is refused nothing is kept, since it would be
/// refused again, unless it came from a browser that the account knows ([`is_first_use`]).
pub fn unused(web: &Web, proof: &Proof) -> Result<(), Problem> {
    match web.shared.seen.is_used(proof) {
        true => Err(Problem::replayed_proof()),
        false => Ok(()),
    }
}

/// Records the proof of a try from a browser that the account knows, before it is tried: whatever
/// comes of it, a copy of it is no such try. Returns whether it is the first that this proof makes.
pub fn is_first_use(web: &Web, account: AccountId, proof: &Proof) -> bool {
    web.shared.seen.note(account, proof, web.now()) == Use::First
}

/// Records the proof of a sign-in that was successful. It has a session already, so that a lack of
/// room is no reason to refuse it.
pub fn note_sign_in(web: &Web, account: AccountId, proof: &Proof) -> Result<(), Problem> {
    match web.shared.seen.note(account, proof, web.now()) {
        Use::First | Use::NoRoom => Ok(()),
        Use::Again => Err(Problem::replayed_proof()),
    }
}

/// Records a proof as used for an account, and fails if it was used before.
pub fn note_use(web: &Web, account: AccountId, proof: &Proof) -> Result<(), Problem> {
    match web.shared.seen.note(account, proof, web.now()) {
        Use::First => Ok(()),
        Use::Again => Err(Problem::replayed_proof()),
        Use::NoRoom => Err(Problem::slow_down(std::time::Duration::from_secs(1))),
    }
}

/// Returns the token of `Authorization: DPoP …`. A bearer token is not accepted (RFC 9449 §7.2).
fn token(headers: &HeaderMap) -> Result<Zeroizing<String>, Problem> {
    let value = single(headers, &AUTHORIZATION).ok_or_else(Problem::signed_out)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("DPoP") => {
            Ok(Zeroizing::new(token.to_owned()))
        }
        _ => Err(Problem::signed_out()),
    }
}

/// Returns the value of a header that occurs exactly once (RFC 9449 §4.3, check 1).
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Returns the origin that the request is for.
fn origin(parts: &Parts) -> Option<&Origin> {
    parts.extensions.get::<Origin>()
}
