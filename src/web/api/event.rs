//! Live changes: a stream of hints (WHATWG HTML §9.2) that states what kind of data changed, and
//! the new state; the client then requests the details. What is said in a chat room comes itself, to those
//! who are in the room: a thousand readers of a line need no thousand requests.
//!
//! A stream holds no key and no token: it receives its account's hints and its person's lines, and regularly
//! checks that its session is still live. It ends with the session and with the daemon.

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

use crate::gateway::{self, AccountId, Event, EventKind, LineNow, RoomListener, RoomNews};
use crate::net::shares::Held;
use crate::web::api::room::ChatPerson;
use crate::web::api::room_line::ChatLine;
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

/// A line that was just said in a room of this account.
#[derive(Serialize, ToSchema)]
pub struct ChatLineHint {
    kind: ChatLineKind,
    /// The room's number.
    room: String,
    line: ChatLine,
    /// Who said it.
    person: ChatPerson,
}

/// The word by which such a line is known.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChatLineKind {
    ChatLine,
}

/// What an event of the stream says: `change` a hint, and `chat-line` a line.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Streamed<'h> {
    Hint(Hint<'h>),
    /// A line.
    Line(Box<ChatLineHint>),
}

/// The interval between keep-alive comments. Proxies and phones drop a silent connection after
/// half a minute.
const COMMENT_EVERY: Duration = Duration::from_secs(20);
/// How many events of a slow client are written ahead. The others wait where they are bounded in octets as well.
const BACKLOG: usize = 1;

/// Receive changes as they happen, as events of type `change` with the new state as `id`, and what is said in
/// rooms, as events of type `chat-line` without one.
///
/// An event of the kind `chat` whose state is empty says that something in the rooms was missed: ask again for
/// what is shown.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "changes",
    operation_id = "events",
    params(("Last-Event-ID" = Option<String>, Header,
        description = "The last state received; changes since then are reported at once")),
    responses(
        (status = 200, description = "The stream", body = Streamed, content_type = "text/event-stream"),
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
    let own = web.gateway().person_events(&signed.actor);
    let rooms = web.gateway().room_news(&signed.actor);
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
    let life = Life { web, account, mailbox, session, rooms, sender, connection, _place: place };
    tokio::spawn(life.run((hints, own), missed));
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
    /// What happens in the person's rooms; `None` for a session that may not read them.
    rooms: Option<RoomListener>,
    sender: Sender<Bytes>,
    connection: Connection,
    _place: Held<AccountId>,
}

/// The end of a stream; the client reconnects if it is still permitted to.
struct Over;

async fn next_of(hints: &mut Option<Receiver<Event>>) -> Result<Event, RecvError> {
    match hints {
        Some(hints) => hints.recv().await,
        None => std::future::pending().await,
    }
}

enum Next {
    Hint(Result<Event, RecvError>),
    /// About the person, in a role mailbox.
    Own(Result<Event, RecvError>),
    Room(RoomNews),
    Tick,
    Over,
}

impl Life {
    async fn run(
        self,
        mut hints: (Receiver<Event>, Option<Receiver<Event>>),
        missed: Option<String>,
    ) {
        let mut ticks = interval(COMMENT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if let Some(state) = missed
            && (self.tell_all(&state).await.is_err() || self.tell_chat("").await.is_err())
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

    async fn next(
        &self,
        (hints, own): &mut (Receiver<Event>, Option<Receiver<Event>>),
        ticks: &mut Interval,
    ) -> Next {
        tokio::select! {
            // That a session ended comes before what is said.
            biased;
            () = self.connection.stop.cancelled() => Next::Over,
            () = self.sender.closed() => Next::Over,
            hint = next_of(own) => Next::Own(hint),
            hint = hints.recv() => Next::Hint(hint),
            _ = ticks.tick() => Next::Tick,
            news = self.room_news() => Next::Room(news),
        }
    }

    async fn room_news(&self) -> RoomNews {
        match &self.rooms {
            Some(rooms) => rooms.next().await,
            None => std::future::pending().await,
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
            Next::Own(Ok(event)) if event.kind != EventKind::Session => Ok(()),
            Next::Own(Ok(_) | Err(RecvError::Lagged(_))) => self.check_session().await,
            Next::Room(RoomNews::Hint(state)) => self.tell_chat(&state).await,
            Next::Room(RoomNews::Line(line)) => self.tell_line(&line).await,
            // The client asks again for what it shows.
            Next::Room(RoomNews::Missed) => self.tell_chat("").await,
            Next::Tick => {
                self.check_session().await?;
                self.send(Bytes::from_static(b": here\n\n")).await
            }
            Next::Hint(Err(RecvError::Closed)) | Next::Own(Err(RecvError::Closed)) | Next::Over => {
                Err(Over)
            }
        }
    }

    async fn on_event(&self, event: &Event) -> Result<(), Over> {
        // Who may no longer read a role mailbox does not learn that something comes there.
        if event.kind == EventKind::Session || self.mailbox.is_some() {
            self.check_session().await?;
        }
        self.tell(event.kind, &event.state).await
    }

    async fn tell_all(&self, state: &str) -> Result<(), Over> {
        self.check_session().await?;
        for kind in [
            EventKind::Mail,
            EventKind::Mailboxes,
            EventKind::Contacts,
            EventKind::Boards,
            EventKind::Schedule,
            EventKind::Session,
        ] {
            self.tell(kind, state).await?;
        }
        Ok(())
    }

    async fn tell(&self, kind: EventKind, state: &str) -> Result<(), Over> {
        let data = serde_json::to_string(&Streamed::Hint(Hint { kind, state }));
        let data = data.map_err(|_| Over)?;
        self.send(Bytes::from(format!("event: change\nid: {state}\ndata: {data}\n\n"))).await
    }

    /// What happens in rooms has no number in the account's changes, and so no ID in the stream: a client
    /// that was away asks for its rooms anyway.
    async fn tell_chat(&self, state: &str) -> Result<(), Over> {
        if self.rooms.is_none() {
            return Ok(());
        }
        let hint = Streamed::Hint(Hint { kind: EventKind::Chat, state });
        let data = serde_json::to_string(&hint);
        let data = data.map_err(|_| Over)?;
        self.send(Bytes::from(format!("event: change\ndata: {data}\n\n"))).await
    }

    async fn tell_line(&self, line: &LineNow) -> Result<(), Over> {
        let hint = Streamed::Line(Box::new(ChatLineHint {
            kind: ChatLineKind::ChatLine,
            room: line.room.clone(),
            line: ChatLine::now(line, self.account),
            person: ChatPerson::of_line(line),
        }));
        let data = serde_json::to_string(&hint).map_err(|_| Over)?;
        self.send(Bytes::from(format!("event: chat-line\ndata: {data}\n\n"))).await
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
