//! `postern mail calendar`: entries and meetings, from a script.

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};

use super::http::Body;
use super::problem::{Error, checked};
use super::session::{Client, percent};
use crate::mail::reference::Reference;

#[derive(Subcommand, Debug)]
pub enum Calendar {
    /// List what happens between two times: start, end, state, id, number of the meeting, title.
    List {
        /// In RFC 3339 format, such as 2026-12-01T00:00:00Z.
        from: String,
        /// At most 400 days later.
        to: String,
    },
    /// Add an entry, and write its id.
    Add {
        #[command(flatten)]
        when: When,
        /// A rule of repetition, such as FREQ=WEEKLY;COUNT=10.
        #[arg(long)]
        repeat: Option<String>,
    },
    /// Ask people inside for a meeting, and write its number.
    Ask {
        #[command(flatten)]
        when: When,
        /// The address of somebody who has to accept; can be given more than once.
        #[arg(long, required = true)]
        to: Vec<String>,
    },
    /// Answer a request for a meeting, and write how it stands.
    Answer {
        /// The number of the meeting.
        meeting: String,
        /// What to answer.
        #[arg(value_enum)]
        answer: Reply,
        /// Words to who asked.
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Move a meeting to another time, and write how it stands.
    Change {
        /// The number of the meeting.
        meeting: String,
        /// The new start, on the clock of the meeting's zone: 2026-12-03T10:00:00.
        start: String,
        /// How long it takes from now on, in minutes; as before without it.
        #[arg(long)]
        minutes: Option<u32>,
    },
    /// Cancel a meeting. All who were asked are told.
    Cancel {
        /// The number of the meeting.
        meeting: String,
    },
}

/// What is entered or asked for.
#[derive(Args, Debug)]
pub struct When {
    /// What it is called.
    title: String,
    /// The start, on the clock of the zone: 2026-12-03T10:00:00.
    start: String,
    /// How long it takes, in minutes.
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// The name of the time zone, such as Europe/Berlin.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Where it takes place.
    #[arg(long, default_value = "")]
    place: String,
}

/// An answer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Reply {
    Accept,
    Decline,
    /// Perhaps.
    Tentative,
}

impl Reply {
    fn word(self) -> &'static str {
        match self {
            Reply::Accept => "accept",
            Reply::Decline => "decline",
            Reply::Tentative => "tentative",
        }
    }
}

impl When {
    fn body(&self) -> Value {
        let place = if self.place.is_empty() { "none" } else { "outside" };
        json!({
            "title": self.title, "start": self.start, "durationMinutes": self.minutes,
            "timeZone": self.zone, "place": self.place, "placeKind": place,
        })
    }
}

impl Client {
    /// Adds, asks or answers, at a path below that of calendars; the same `request` does it once.
    pub async fn schedule_once(
        &mut self,
        path: &str,
        body: Value,
        request: &str,
    ) -> Result<Value, Error> {
        let path = format!("/api/schedule/{path}");
        let key = [("idempotency-key", request.to_owned())];
        let (status, octets) = self.send_with(Method::POST, &path, &key, Body::Json(body)).await?;
        let octets = checked(status, octets)?;
        serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
    }
}

/// As random as any number, and of the right form for the key of a request.
fn drawn() -> String {
    Reference::new(0).to_string()
}

/// Letters and digits alone, so that nothing else gets into a path.
fn safe(meeting: &str) -> String {
    meeting.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

fn at(meeting: &str) -> String {
    format!("/api/schedule/meetings/{}", safe(meeting))
}

/// Carries out one of the commands, and writes what it says.
pub async fn perform(
    client: &mut Client,
    command: &Calendar,
    (out, printable): (&mut impl Write, fn(&str) -> String),
) -> Result<(), Error> {
    let lines = match command {
        Calendar::List { from, to } => list(client, from, to).await?,
        Calendar::Add { when, repeat } => {
            let mut body = when.body();
            body["repeat"] = json!(repeat);
            let made = client.schedule_once("entries", body, &drawn()).await?;
            vec![vec![text(&made["id"])]]
        }
        Calendar::Ask { when, to } => {
            let mut body = when.body();
            body["invitees"] = to.iter().map(|address| json!({"address": address})).collect();
            let made = client.schedule_once("meetings", body, &drawn()).await?;
            vec![vec![text(&made["meeting"]["reference"])]]
        }
        Calendar::Answer { meeting, answer, comment } => {
            let card: Value = client.call(Method::GET, &at(meeting), None).await?;
            let asked = &card["meeting"];
            let body = json!({
                "sequence": asked["sequence"], "follows": asked["answerCount"],
                "answer": answer.word(), "comment": comment,
            });
            let path = format!("meetings/{}/answer", safe(meeting));
            let card = client.schedule_once(&path, body, &drawn()).await?;
            vec![vec![text(&card["meeting"]["state"])]]
        }
        Calendar::Change { meeting, start, minutes } => {
            change(client, meeting, start, *minutes).await?
        }
        Calendar::Cancel { meeting } => {
            let card: Value = client.call(Method::DELETE, &at(meeting), None).await?;
            vec![vec![text(&card["meeting"]["state"])]]
        }
    };
    for line in lines {
        let line: Vec<String> = line.iter().map(|text| printable(text)).collect();
        writeln!(out, "{}", line.join("\t")).map_err(Error::Output)?;
    }
    Ok(())
}

async fn list(client: &mut Client, from: &str, to: &str) -> Result<Vec<Vec<String>>, Error> {
    let path = format!("/api/schedule?from={}&to={}", percent(from), percent(to));
    let page: Value = client.call(Method::GET, &path, None).await?;
    let items = page["items"].as_array().cloned().unwrap_or_default();
    let names = ["startsAt", "endsAt", "state", "id", "reference", "title"];
    Ok(items.iter().map(|item| names.map(|name| text(&item[name])).to_vec()).collect())
}

async fn change(
    client: &mut Client,
    meeting: &str,
    start: &str,
    minutes: Option<u32>,
) -> Result<Vec<Vec<String>>, Error> {
    let card: Value = client.call(Method::GET, &at(meeting), None).await?;
    let about = &card["about"];
    if about.is_null() {
        return Err(Error::Answer("what the meeting is about cannot be read".to_owned()));
    }
    let minutes = minutes.map_or(about["durationMinutes"].clone(), |minutes| json!(minutes));
    let body = json!({
        "sequence": card["meeting"]["sequence"], "title": about["title"],
        "placeKind": about["placeKind"], "place": about["place"], "text": about["text"],
        "start": start, "durationMinutes": minutes, "allDay": about["allDay"],
        "timeZone": about["timeZone"],
    });
    let card: Value = client.call(Method::PUT, &at(meeting), Some(body)).await?;
    Ok(vec![vec![text(&card["meeting"]["state"])]])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}
