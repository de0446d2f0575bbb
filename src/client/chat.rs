//! `postern mail chat`: rooms and conversations, from a script.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use http_body_util::BodyExt;
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
    /// Write the lines of a room: number, time, author, text, or what happened; then each file with its octets, and
    /// a recording with its length in seconds.
    Read {
        /// The number of the room.
        room: String,
        /// Those after this line.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Look for words in what was said, the latest lines first: room, number, time, author, text, files. How far
    /// back that goes is bounded; a last line says so where there may be more.
    Find {
        /// Words that a line has, or that its words begin with.
        text: String,
        /// The number of the room; all of them without it.
        #[arg(long)]
        room: Option<String>,
    },
    /// Write the lines of a room as they are said, until the session or the room ends: number, time, author,
    /// text, files as in `read`.
    Follow {
        /// The number of the room.
        room: String,
        /// Begin with those after this line; without it, with the next one.
        #[arg(long)]
        after: Option<u64>,
    },
    /// Say something in a room, and write the line's number and its reference number.
    Say {
        /// The number of the room.
        room: String,
        /// What is said; it may be empty beside a file.
        text: String,
        /// A file that the line carries; may be given more than once.
        #[arg(long = "file")]
        files: Vec<PathBuf>,
    },
    /// Change what one said, for a time.
    Change {
        /// The number of the room.
        room: String,
        /// The number of the line.
        line: u64,
        /// What it says from now on; it may be empty beside a file.
        text: String,
    },
    /// Delete a line: one's own for a time, any as a controller. That something was said there stays.
    Delete {
        /// The number of the room.
        room: String,
        /// The number of the line.
        line: u64,
    },
    /// React to a line with an emoji, in place of an earlier reaction.
    React {
        /// The number of the room.
        room: String,
        /// The number of the line.
        line: u64,
        /// The emoji; without it, the own reaction is taken back.
        emoji: Option<String>,
    },
    /// Get no notices of a room.
    Mute {
        /// The number of the room.
        room: String,
    },
    /// Get notices of a room again.
    Unmute {
        /// The number of the room.
        room: String,
    },
    /// End a room for all who are in it, with all that was said there. Only its controllers do this.
    End {
        /// The number of the room.
        room: String,
    },
    /// List the files of a line: place, octets, type, length of a recording in seconds, name.
    Files {
        /// The number of the room.
        room: String,
        /// The number of the line.
        line: u64,
    },
    /// Write the octets of a file of a line to standard output.
    Fetch {
        /// The number of the room.
        room: String,
        /// The number of the line.
        line: u64,
        /// The place of the file in the line, from 0 on.
        #[arg(default_value_t = 0)]
        file: usize,
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

fn line_at(room: &str, line: u64, rest: &str) -> String {
    at(room, &format!("/lines/{line}{rest}"))
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
    if let Chat::Fetch { room, line, file } = command {
        return client.octets_to(&at(room, &format!("/lines/{line}/files/{file}")), out).await;
    }
    let mut write = |line: Vec<String>| {
        let line: Vec<String> = line.iter().map(|text| printable(text)).collect();
        writeln!(out, "{}", line.join("\t"))?;
        // Who follows a room waits for each line.
        out.flush()
    };
    let mut write =
        |line: Vec<String>| write(line).map_err(|error: io::Error| Error::Output(error));
    if let Chat::Follow { room, after } = command {
        return follow(client, (room, *after), &mut write).await;
    }
    carried_out(client, command).await?.into_iter().try_for_each(write)
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
            done(client, (Method::POST, "/api/rooms/asked".to_owned()), Some(ask)).await
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
            let read = read(client, room, *after).await?;
            Ok(read.into_iter().map(|(_, line)| line).collect())
        }
        Chat::Find { text: words, room } => {
            let find = json!({"text": words, "room": room});
            let found: Value = client.call(Method::POST, "/api/rooms/find", Some(find)).await?;
            let line = |one: &Value| {
                let mut line = vec![text(&one["room"])];
                line.extend(said(&one["line"], &found["persons"]));
                line
            };
            let mut lines: Vec<_> = items(&found).iter().map(line).collect();
            if found["whole"] == false {
                lines.push(vec![
                    "There may be more: not everything was looked at, or is listed.".to_owned(),
                ]);
            }
            Ok(lines)
        }
        Chat::Follow { .. } => Ok(Vec::new()),
        Chat::Say { room, text: said, files } => {
            let mut uploads = Vec::with_capacity(files.len());
            for file in files {
                uploads.push(json!({"upload": client.upload(file).await?}));
            }
            let new = json!({"clientId": client_id()?, "text": said, "files": uploads});
            let said: Value = client.call(Method::POST, &at(room, "/lines"), Some(new)).await?;
            Ok(vec![vec![text(&said["number"]), text(&said["reference"])]])
        }
        Chat::Change { room, line, text } => {
            let change = Some(json!({"text": text}));
            done(client, (Method::PATCH, line_at(room, *line, "")), change).await
        }
        Chat::Delete { room, line } => {
            done(client, (Method::DELETE, line_at(room, *line, "")), None).await
        }
        Chat::React { room, line, emoji } => {
            let method = if emoji.is_some() { Method::PUT } else { Method::DELETE };
            let body = emoji.as_ref().map(|emoji| json!({"text": emoji}));
            done(client, (method, line_at(room, *line, "/reaction")), body).await
        }
        Chat::Mute { room } => mutes(client, room, true).await,
        Chat::Unmute { room } => mutes(client, room, false).await,
        Chat::End { room } => done(client, (Method::DELETE, at(room, "")), None).await,
        Chat::Files { room, line } => {
            let path = at(room, &format!("/lines/{line}"));
            let line: Value = client.call(Method::GET, &path, None).await?;
            let files = line["files"].as_array().cloned().unwrap_or_default();
            Ok((0..).zip(&files).map(|(place, file)| file_listed(place, file)).collect())
        }
        // It writes octets, and no lines.
        Chat::Fetch { .. } => Ok(Vec::new()),
        Chat::Leave { room, transcript } => {
            let leave = json!({"transcript": transcript});
            done(client, (Method::POST, at(room, "/leave")), Some(leave)).await
        }
    }
}

/// The lines after one, each with its number.
async fn read(
    client: &mut Client,
    room: &str,
    mut after: u64,
) -> Result<Vec<(u64, Vec<String>)>, Error> {
    let mut lines = Vec::new();
    loop {
        let path = at(room, &format!("/lines?after={after}"));
        let page: Value = client.call(Method::GET, &path, None).await?;
        let items = items(&page);
        let numbered = |line: &Value| (number(line), said(line, &page["persons"]));
        lines.extend(items.iter().map(numbered));
        match items.last().map(number) {
            Some(last) if Some(last) < page["last"].as_u64() => after = last,
            _ => return Ok(lines),
        }
    }
}

fn number(line: &Value) -> u64 {
    line["number"].as_u64().unwrap_or_default()
}

/// The most octets of one event of the stream.
const EVENT_OCTETS_MAX: usize = 1 << 20;

/// Takes the next event out of what came: its data, or nothing for a comment.
fn event(came: &mut Vec<u8>) -> Option<Option<Value>> {
    let end = came.windows(2).position(|two| two == b"\n\n")?;
    let block: Vec<u8> = came.drain(..end + 2).collect();
    let data = block.split(|octet| *octet == b'\n').find_map(|line| line.strip_prefix(b"data: "));
    Some(data.and_then(|data| serde_json::from_slice(data).ok()))
}

/// Writes what is said in a room as it comes. What did not come by itself is asked for.
async fn follow(
    client: &mut Client,
    (room, after): (&str, Option<u64>),
    write: &mut impl FnMut(Vec<String>) -> Result<(), Error>,
) -> Result<(), Error> {
    // Listening comes before reading, so that nothing is missed in between.
    let mut stream = client.beside().await?.events().await?;
    let seen: Value = client.call(Method::GET, &at(room, ""), None).await?;
    // The number may be typed in any case, and without dashes.
    let room = seen["id"].as_str().unwrap_or(room);
    let mut last = after.or(seen["last"].as_u64()).unwrap_or_default();
    let mut came = Vec::new();
    catch_up(client, room, &mut last, write).await?;
    while let Some(frame) = stream.frame().await {
        let frame = frame.map_err(|error| Error::Connection(error.to_string()))?;
        came.extend_from_slice(&frame.into_data().unwrap_or_default());
        while let Some(event) = event(&mut came) {
            let Some(event) = event else { continue };
            let state = event["state"].as_str().unwrap_or_default();
            let line = &event["line"];
            let is_next = event["room"] == room && number(line) == last + 1;
            if event["kind"] == "chat-line" && is_next {
                last += 1;
                write(said(line, &json!([event["person"]])))?;
            } else if event["kind"] == "chat-line" && event["room"] == room
                || event["kind"] == "chat" && (state.is_empty() || state.starts_with(room))
            {
                catch_up(client, room, &mut last, write).await?;
            }
        }
        if came.len() > EVENT_OCTETS_MAX {
            return Err(Error::Answer("an event of the stream does not end".to_owned()));
        }
    }
    Ok(())
}

async fn catch_up(
    client: &mut Client,
    room: &str,
    last: &mut u64,
    write: &mut impl FnMut(Vec<String>) -> Result<(), Error>,
) -> Result<(), Error> {
    for (number, line) in read(client, room, *last).await? {
        *last = number;
        write(line)?;
    }
    Ok(())
}

async fn answer(
    client: &mut Client,
    room: &str,
    id: &str,
    verdict: &str,
) -> Result<Vec<Vec<String>>, Error> {
    let path = at(room, &format!("/requests/{}", percent(id)));
    let body = json!({"verdict": verdict});
    done(client, (Method::POST, path), Some(body)).await
}

async fn mutes(client: &mut Client, room: &str, mutes: bool) -> Result<Vec<Vec<String>>, Error> {
    done(client, (Method::PATCH, at(room, "/own")), Some(json!({"mutes": mutes}))).await
}

/// Does what has nothing to say.
async fn done(
    client: &mut Client,
    (method, path): (Method, String),
    body: Option<Value>,
) -> Result<Vec<Vec<String>>, Error> {
    client.done(method, &path, body).await.map(|()| Vec::new())
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

/// The length of a recording in seconds.
fn secs(file: &Value) -> Option<u64> {
    file["voice"]["lengthMs"].as_u64().map(|ms| ms.div_ceil(1_000))
}

fn file_listed(place: usize, file: &Value) -> Vec<String> {
    let secs = secs(file).map(|secs| secs.to_string()).unwrap_or_default();
    vec![place.to_string(), text(&file["size"]), text(&file["type"]), secs, text(&file["name"])]
}

fn said(line: &Value, persons: &Value) -> Vec<String> {
    let author = persons.as_array().into_iter().flatten().find(|one| one["id"] == line["who"]);
    let author = author.and_then(|one| one["address"].as_str()).unwrap_or_default();
    let said =
        line["text"].as_str().map_or_else(|| format!("({})", text(&line["kind"])), str::to_owned);
    let mut all = vec![text(&line["number"]), text(&line["at"]), author.to_owned(), said];
    all.extend(line["files"].as_array().into_iter().flatten().map(file_said));
    all
}

/// A file, as it stands behind what a line says.
fn file_said(file: &Value) -> String {
    let of = format!("{}, {} octets", text(&file["name"]), text(&file["size"]));
    match secs(file) {
        Some(secs) => format!("[{of}, {secs} s]"),
        None => format!("[{of}]"),
    }
}

/// By this a line is said once, however often it is sent.
fn client_id() -> Result<String, Error> {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| Error::Answer("no random octets".to_owned()))?;
    Ok(id.iter().map(|octet| format!("{octet:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_files_also_where_it_says_nothing() {
        let line = json!({"number": 7, "at": "then", "who": "a", "kind": "said", "text": "", "files": [
            {"name": "plan.pdf", "type": "application/pdf", "size": 5_000, "voice": null},
            {"name": "voice.ogg", "type": "audio/ogg", "size": 25,
                "voice": {"lengthMs": 1_500, "levels": []}},
        ]});
        let persons = json!([{"id": "a", "address": "dana@example.org"}]);
        let files = ["[plan.pdf, 5000 octets]", "[voice.ogg, 25 octets, 2 s]"];
        let expected = [&["7", "then", "dana@example.org", ""][..], &files].concat();
        assert_eq!(said(&line, &persons), expected);
        let without =
            json!({"number": 8, "at": "then", "who": "b", "kind": "said", "text": "words"});
        assert_eq!(said(&without, &persons), ["8", "then", "", "words"]);
    }

    #[test]
    fn events_are_taken_out_however_the_stream_is_split() {
        let stream =
            b": here\n\nevent: change\ndata: {\"kind\":\"mail\"}\n\ndata: no json\n\ndata: 7";
        for size in 1..=stream.len() {
            let (mut came, mut found) = (Vec::new(), Vec::new());
            for part in stream.chunks(size) {
                came.extend_from_slice(part);
                found.extend(std::iter::from_fn(|| event(&mut came)));
            }
            assert_eq!(found, [None, Some(json!({"kind": "mail"})), None], "{size}");
            assert_eq!(came, b"data: 7");
        }
    }
}
