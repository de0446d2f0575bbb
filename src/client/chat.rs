//! `postern mail chat`: rooms and conversations, from a script.

use std::io::{self, Write};

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::problem::Error;
use super::session::{Client, percent};

#[derive(Subcommand, Debug)]
pub enum Chat {
    /// List the rooms and conversations: number, unread lines, name or address.
    List,
    /// Open a room, and write its number.
    Open {
        /// The name, which its members see.
        name: String,
        /// Who is admitted later sees what was said before.
        #[arg(long)]
        earlier: bool,
    },
    /// Write the number of the conversation with the person inside at an address.
    With {
        /// The first address of that person.
        address: String,
    },
    /// Ask to join a room. The answer is the same whether there is such a room or not.
    Ask {
        /// The number of the room.
        room: String,
    },
    /// List those who ask to join a room: id, address.
    Requests {
        /// The number of the room.
        room: String,
    },
    /// Admit somebody who asks to join.
    Admit {
        /// The number of the room.
        room: String,
        /// The id of that person, as the list of those who ask has it.
        id: String,
    },
    /// Refuse somebody who asks to join.
    Refuse {
        /// The number of the room.
        room: String,
        /// The id of that person, as the list of those who ask has it.
        id: String,
    },
    /// Write the lines of a room: number, time, author, text; or what happened.
    Read {
        /// The number of the room.
        room: String,
        /// Those after this line.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Say something in a room, and write the line's number and its reference number.
    Say {
        /// The number of the room.
        room: String,
        /// What is said.
        text: String,
    },
    /// Leave a room.
    Leave {
        /// The number of the room.
        room: String,
        /// What was said comes to the inbox.
        #[arg(long)]
        transcript: bool,
    },
}

fn at(room: &str, rest: &str) -> String {
    format!("/api/rooms/{}{rest}", percent(room))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Carries out one of the commands, and writes what it says; `printable` makes text safe.
pub async fn perform(
    client: &mut Client,
    command: &Chat,
    (out, printable): (&mut impl Write, fn(&str) -> String),
) -> Result<(), Error> {
    let lines = carried_out(client, command).await?;
    let write = |line: Vec<String>| {
        let line: Vec<String> = line.iter().map(|text| printable(text)).collect();
        writeln!(out, "{}", line.join("\t"))
    };
    lines.into_iter().try_for_each(write).map_err(|error: io::Error| Error::Output(error))
}

async fn carried_out(client: &mut Client, command: &Chat) -> Result<Vec<Vec<String>>, Error> {
    let room_line = |room: &Value| vec![vec![text(&room["id"])]];
    match command {
        Chat::List => {
            let all: Value = client.call(Method::GET, "/api/rooms", None).await?;
            Ok(items(&all).iter().map(listed).collect())
        }
        Chat::Open { name, earlier } => {
            let new = json!({"name": name, "sharesEarlier": earlier});
            let room = client.call(Method::POST, "/api/rooms", Some(new)).await?;
            Ok(room_line(&room))
        }
        Chat::With { address } => {
            let with = json!({"address": address});
            let room = client.call(Method::POST, "/api/rooms/with", Some(with)).await?;
            Ok(room_line(&room))
        }
        Chat::Ask { room } => {
            let ask = json!({"room": room});
            client.done(Method::POST, "/api/rooms/asked", Some(ask)).await.map(|()| Vec::new())
        }
        Chat::Requests { room } => {
            let all: Value = client.call(Method::GET, &at(room, "/requests"), None).await?;
            let line =
                |one: &Value| vec![text(&one["person"]["id"]), text(&one["person"]["address"])];
            Ok(items(&all).iter().map(line).collect())
        }
        Chat::Admit { room, id } => answer(client, room, id, "admit").await,
        Chat::Refuse { room, id } => answer(client, room, id, "refuse").await,
        Chat::Read { room, after } => {
            let (mut lines, mut after) = (Vec::new(), *after);
            loop {
                let path = at(room, &format!("/lines?after={after}"));
                let page: Value = client.call(Method::GET, &path, None).await?;
                let items = items(&page);
                lines.extend(items.iter().map(|line| said(line, &page["persons"])));
                match items.last().and_then(|line| line["number"].as_u64()) {
                    Some(last) if Some(last) < page["last"].as_u64() => after = last,
                    _ => return Ok(lines),
                }
            }
        }
        Chat::Say { room, text: said } => {
            let new = json!({"clientId": client_id()?, "text": said});
            let said: Value = client.call(Method::POST, &at(room, "/lines"), Some(new)).await?;
            Ok(vec![vec![text(&said["number"]), text(&said["reference"])]])
        }
        Chat::Leave { room, transcript } => {
            let leave = json!({"transcript": transcript});
            client.done(Method::POST, &at(room, "/leave"), Some(leave)).await.map(|()| Vec::new())
        }
    }
}

async fn answer(
    client: &mut Client,
    room: &str,
    id: &str,
    verdict: &str,
) -> Result<Vec<Vec<String>>, Error> {
    let path = at(room, &format!("/requests/{}", percent(id)));
    let body = json!({"verdict": verdict});
    client.done(Method::POST, &path, Some(body)).await.map(|()| Vec::new())
}

fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().cloned().unwrap_or_default()
}

fn listed(room: &Value) -> Vec<String> {
    let name = match room["kind"].as_str() {
        Some("conversation") => &room["other"]["address"],
        _ => &room["name"],
    };
    vec![text(&room["id"]), text(&room["unread"]), name.as_str().unwrap_or_default().to_owned()]
}

fn said(line: &Value, persons: &Value) -> Vec<String> {
    let author = persons.as_array().into_iter().flatten().find(|one| one["id"] == line["who"]);
    let author = author.and_then(|one| one["address"].as_str()).unwrap_or_default();
    let said =
        line["text"].as_str().map_or_else(|| format!("({})", text(&line["kind"])), str::to_owned);
    vec![text(&line["number"]), text(&line["at"]), author.to_owned(), said]
}

/// By this a line is said once, however often it is sent.
fn client_id() -> Result<String, Error> {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| Error::Answer("no random octets".to_owned()))?;
    Ok(id.iter().map(|octet| format!("{octet:02x}")).collect())
}
