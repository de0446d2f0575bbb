//! Live changes: a stream of hints (WHATWG HTML §9.2) that states what kind of data changed, and
//! the new state; the client then requests the details.
//!
//! A stream holds no key and no token: it receives its account's hints, and regularly checks that
//! its session is still live. It ends with the session and with the daemon.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use crate::gateway::{self, AccountId, Event, EventKind};
use crate::net::shares::Held;
use crate::web::asker::Holder;
use crate::web::auth::Signed;
use crate::web::error::{Problem, Problems};
use crate::web::state::{Connection, CostClass, Web};

/// The data of one hint.
#[derive(Serialize, ToSchema)]
pub struct Hint<'h> {
    kind: EventKind,
    state: &'h str,
}

/// The interval between keep-alive comments. Proxies and phones drop a silent connection after
/// half a minute.
const COMMENT_EVERY: Duration = Duration::from_secs(20);
/// How many hints a slow client may fall behind.
const BACKLOG: usize = 16;

/// Receive changes as they happen, as events of type `change` with the new state as `id`.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "changes",
    operation_id = "events",
    params(("Last-Event-ID" = Option<String>, Header,
        description = "The last state received; changes since then are reported at once")),
    responses(
        (status = 200, description = "The stream", body = Hint, content_type = "text/event-stream"),
        Problems
    )
)]
pub async fn stream(
    signed: Signed,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (web, account) = (signed.web.clone(), signed.actor.person());
    let mailbox = signed.actor.behind().map(|_| signed.actor.account());
    let session = signed.actor.session_id();
    let wait = Duration::from_secs(5);
    let place = web.shared.streams.take(&account, 1);
    let place = place.map_err(|_| Problem::slow_down(wait))?;
    // Subscribing comes before reading the state, so that no change is missed in between.
    let hints = web.gateway().events(&signed.actor);
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let missed = match last.map(str::to_owned) {
        Some(last) => {
            let state =
                signed.run(CostClass::Records, |gateway, actor| gateway.mailbox_list(actor));
            Some(state.await?.0).filter(|state| *state != last)
        }
        None => None,
    };
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let life = Life { web, account, mailbox, session, sender, connection, _place: place };
    tokio::spawn(life.run(hints, missed));
    let body = Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>));
    Ok(([(CONTENT_TYPE, "text/event-stream")], body).into_response())
}

/// One event stream.
struct Life {
    web: Web,
    account: AccountId,
    /// The role mailbox whose changes are told, in place of the account's.
    mailbox: Option<AccountId>,
    session: String,
    sender: Sender<Bytes>,
    connection: Connection,
    _place: Held<AccountId>,
}

/// The end of a stream; the client reconnects if it is still permitted to.
struct Over;

enum Next {
    Hint(Result<Event, RecvError>),
    Tick,
    Over,
}

impl Life {
    async fn run(self, mut hints: Receiver<Event>, missed: Option<String>) {
        let mut ticks = interval(COMMENT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if let Some(state) = missed
            && self.tell_all(&state).await.is_err()
        {
            return;
        }
        let mut lagged = false;
        loop {
            let next = self.next(&mut hints, &mut ticks).await;
            if self.on_next(next, &mut lagged).await.is_err() {
                return;
            }
        }
    }

    async fn next(&self, hints: &mut Receiver<Event>, ticks: &mut Interval) -> Next {
        tokio::select! {
            hint = hints.recv() => Next::Hint(hint),
            _ = ticks.tick() => Next::Tick,
            () = self.sender.closed() => Next::Over,
            () = self.connection.stop.cancelled() => Next::Over,
        }
    }

    async fn on_next(&self, next: Next, lagged: &mut bool) -> Result<(), Over> {
        match next {
            Next::Hint(Ok(event)) if std::mem::take(lagged) => self.tell_all(&event.state).await,
            Next::Hint(Ok(event)) => self.on_event(&event).await,
            // The missed hints are made up for with the next one, which is already waiting.
            Next::Hint(Err(RecvError::Lagged(_))) => {
                *lagged = true;
                Ok(())
            }
            Next::Tick => {
                self.check_session().await?;
                self.send(Bytes::from_static(b": here\n\n")).await
            }
            Next::Hint(Err(RecvError::Closed)) | Next::Over => Err(Over),
        }
    }

    async fn on_event(&self, event: &Event) -> Result<(), Over> {
        // Who may no longer read a role mailbox does not learn that something comes there.
        if event.kind == EventKind::Session || self.mailbox.is_some() {
            self.check_session().await?;
        }
        match event.kind {
            EventKind::Chat => self.tell_chat(&event.state).await,
            kind => self.tell(kind, &event.state).await,
        }
    }

    async fn tell_all(&self, state: &str) -> Result<(), Over> {
        self.check_session().await?;
        for kind in [
            EventKind::Mail,
            EventKind::Mailboxes,
            EventKind::Contacts,
            EventKind::Boards,
            EventKind::Session,
        ] {
            self.tell(kind, state).await?;
        }
        self.tell_chat("").await
    }

    async fn tell(&self, kind: EventKind, state: &str) -> Result<(), Over> {
        let data = serde_json::to_string(&Hint { kind, state });
        let data = data.map_err(|_| Over)?;
        self.send(Bytes::from(format!("event: change\nid: {state}\ndata: {data}\n\n"))).await
    }

    /// What happens in rooms has no number in the account's changes, and so no ID in the stream: a client
    /// that was away asks for its rooms anyway.
    async fn tell_chat(&self, state: &str) -> Result<(), Over> {
        let data = serde_json::to_string(&Hint { kind: EventKind::Chat, state });
        let data = data.map_err(|_| Over)?;
        self.send(Bytes::from(format!("event: change\ndata: {data}\n\n"))).await
    }

    async fn send(&self, text: Bytes) -> Result<(), Over> {
        tokio::select! {
            sent = self.sender.send(text) => sent.map_err(|_| Over),
            () = self.connection.stop.cancelled() => Err(Over),
        }
    }

    /// Checks that the session is still live. If that cannot be determined, the stream ends too,
    /// and the client reconnects.
    async fn check_session(&self) -> Result<(), Over> {
        let (account, session, mailbox) = (self.account, self.session.clone(), self.mailbox);
        let open = self.web.run_for(Holder::Account(account), CostClass::Records, move |gateway| {
            let is_open = gateway.session_is_open(account, &session)?;
            let reads = mailbox.map_or(Ok(true), |mailbox| gateway.role_is_open(account, mailbox));
            Ok::<_, gateway::Error>(is_open && reads?)
        });
        match open.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Over),
        }
    }
}
