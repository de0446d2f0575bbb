//! `postern mail notices`: when notices of chats and boards are given, and to which other address they go.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};

use super::problem::Error;
use super::session::Client;
use super::text::first_line;

#[derive(Subcommand, Debug)]
pub enum Notices {
    /// Show when notices are given, and the other address.
    Show,
    /// Change when notices are given; what is left out stays as it is.
    Set {
        /// The time zone of the times, such as Europe/Berlin.
        #[arg(long)]
        zone: Option<String>,
        /// How often a notice is given.
        #[arg(long, value_enum)]
        pace: Option<Pace>,
        /// When the notice of a day is given: 08:00.
        #[arg(long, value_parser = minute_of)]
        at: Option<u16>,
        /// When none is given: 22:00-07:00, or `none`.
        #[arg(long, value_parser = quiet_of)]
        quiet: Option<Quiet>,
        /// Whether there are notices of posts in topics that are followed.
        #[arg(long)]
        posts: Option<bool>,
    },
    /// Name another address for notices: a code is sent there.
    Address {
        /// The address, which is not one of this site.
        address: String,
        /// The file whose first line is the account's password.
        #[arg(long)]
        confirm_file: PathBuf,
    },
    /// Confirm the address by the code that was sent there.
    Confirm {
        /// The code.
        code: String,
    },
    /// Send no more notices to the other address.
    Drop,
}

/// How often a notice is given.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Pace {
    AtOnce,
    Hourly,
    Daily,
}

impl Pace {
    fn word(self) -> &'static str {
        match self {
            Pace::AtOnce => "at-once",
            Pace::Hourly => "hourly",
            Pace::Daily => "daily",
        }
    }
}

/// When no notice is given: from, until; or at no time.
#[derive(Clone, Copy, Debug)]
pub struct Quiet(Option<(u16, u16)>);

/// A time of the day as minutes after midnight.
fn minute_of(text: &str) -> Result<u16, String> {
    let wrong = || format!("{text:?} is not a time such as 08:00");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    match (hour.parse::<u16>(), minute.parse::<u16>()) {
        (Ok(hour), Ok(minute)) if hour < 24 && minute < 60 => Ok(hour * 60 + minute),
        _ => Err(wrong()),
    }
}

fn quiet_of(text: &str) -> Result<Quiet, String> {
    if text == "none" {
        return Ok(Quiet(None));
    }
    let (from, until) = text.split_once('-').ok_or("expected 22:00-07:00, or none")?;
    Ok(Quiet(Some((minute_of(from)?, minute_of(until)?))))
}

fn time_of(minute: &Value) -> String {
    let minute = minute.as_u64().unwrap_or_default();
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Carries out one of the commands, and writes what it says; `printable` makes text safe.
pub async fn perform(
    client: &mut Client,
    command: &Notices,
    (out, printable): (&mut impl Write, fn(&str) -> String),
) -> Result<(), Error> {
    let now: Value = match command {
        Notices::Show => client.call(Method::GET, "/api/notices", None).await?,
        Notices::Set { zone, pace, at, quiet, posts } => {
            let now: Value = client.call(Method::GET, "/api/notices", None).await?;
            let mut times = now["times"].clone();
            if let Some(zone) = zone {
                times["zone"] = json!(zone);
            }
            if let Some(pace) = pace {
                times["pace"] = json!(pace.word());
            }
            if let Some(at) = at {
                times["dailyMinute"] = json!(at);
            }
            if let Some(Quiet(quiet)) = quiet {
                times["quiet"] =
                    json!(quiet.map(|(from, until)| json!({"from": from, "until": until})));
            }
            if let Some(posts) = posts {
                times["posts"] = json!(posts);
            }
            client.call(Method::PUT, "/api/notices", Some(times)).await?
        }
        Notices::Address { address, confirm_file } => {
            let password = first_line(confirm_file)?;
            let asked = json!({"address": address, "password": *password});
            client.call(Method::POST, "/api/notices/address", Some(asked)).await?
        }
        Notices::Confirm { code } => {
            let code = json!({"code": code});
            client.call(Method::POST, "/api/notices/address/code", Some(code)).await?
        }
        Notices::Drop => client.call(Method::DELETE, "/api/notices/address", None).await?,
    };
    for line in lines(&now) {
        writeln!(out, "{}", printable(&line)).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn failed(error: &io::Error) -> Error {
    Error::Local { what: "standard output".to_owned(), problem: error.to_string() }
}

fn lines(now: &Value) -> Vec<String> {
    let (times, word) =
        (&now["times"], |value: &Value| value.as_str().unwrap_or_default().to_owned());
    let quiet = match &times["quiet"] {
        Value::Null => "none".to_owned(),
        quiet => format!("{}-{}", time_of(&quiet["from"]), time_of(&quiet["until"])),
    };
    let mut lines = vec![
        format!("zone\t{}", word(&times["zone"])),
        format!("pace\t{}", word(&times["pace"])),
        format!("at\t{}", time_of(&times["dailyMinute"])),
        format!("quiet\t{quiet}"),
        format!("posts\t{}", times["posts"]),
    ];
    if let Some(address) = now["address"]["address"].as_str() {
        lines.push(format!("address\t{address}\t{}", word(&now["address"]["state"])));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        assert_eq!(minute_of("08:05"), Ok(485));
        assert!(minute_of("24:00").is_err() && minute_of("8").is_err());
        assert_eq!(quiet_of("22:00-07:00").unwrap().0, Some((1_320, 420)));
        assert_eq!(quiet_of("none").unwrap().0, None);
        assert_eq!(time_of(&json!(485)), "08:05");
        let times = json!({"zone": "UTC", "pace": "daily", "dailyMinute": 480, "quiet": null, "posts": true});
        let shown = lines(&json!({"times": times, "address": null}));
        assert_eq!(shown, ["zone\tUTC", "pace\tdaily", "at\t08:00", "quiet\tnone", "posts\ttrue"]);
    }
}
