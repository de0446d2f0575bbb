//! `postern mail profile`: the own profile, and those of others, from a script.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::http::Body;
use super::problem::{Error, checked};
use super::session::{Client, percent};

#[derive(Subcommand, Debug)]
pub enum Profile {
    /// Show the own profile, one line for each field: field, whom it is for, value. Further lines say if it
    /// is damaged, and if keys of a group are waited for.
    Show,
    /// Show what somebody inside says for this account, one line for each field.
    Of {
        /// The address, or the login name.
        address: String,
    },
    /// Set the own picture: a PNG, JPEG, GIF or WebP image of at most 256 KiB. Whom it is for stays as it is.
    Picture {
        /// The file.
        file: PathBuf,
    },
    /// Set a field of the own profile, and whom it is for.
    Set {
        /// The field.
        #[arg(value_enum)]
        field: Field,
        /// The value; telephones and languages are separated by commas. Empty to remove it.
        value: String,
        /// Whom it is for: everybody, nobody, an address, or group:ID; this can be given more than once.
        /// Whom it is for stays as it is, if this is left out.
        #[arg(long = "for")]
        readers: Vec<String>,
    },
}

/// A field that is a text.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Field {
    Name,
    Phones,
    Office,
    Languages,
    Hours,
    About,
}

const FIELDS: [&str; 7] = ["name", "picture", "phones", "office", "languages", "hours", "about"];

impl Field {
    fn word(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Phones => "phones",
            Field::Office => "office",
            Field::Languages => "languages",
            Field::Hours => "hours",
            Field::About => "about",
        }
    }

    fn value(self, text: &str) -> Value {
        let items = || text.split(',').map(str::trim).filter(|one| !one.is_empty());
        match self {
            Field::Phones => items().map(|one| json!({"label": "", "value": one})).collect(),
            Field::Languages => items().map(|one| json!(one)).collect(),
            Field::Name | Field::Office | Field::Hours | Field::About => json!(text),
        }
    }
}

/// How much of a file is read: more than the server takes.
const FILE_OCTETS_MAX: u64 = 512 * 1024;

impl Client {
    /// Replaces the own profile at the version that was read.
    pub async fn profile_set(&mut self, over: u64, profile: Value) -> Result<Value, Error> {
        self.profile_put(over, ("/api/profile", Some(profile).into())).await
    }

    /// Sets the own picture, at the version of the profile that was read.
    pub async fn profile_picture_set(
        &mut self,
        over: u64,
        octets: Vec<u8>,
    ) -> Result<Value, Error> {
        self.profile_put(over, ("/api/profile/picture", Body::Octets(octets.into()))).await
    }

    async fn profile_put(&mut self, over: u64, (path, body): (&str, Body)) -> Result<Value, Error> {
        let more = [("if-match", format!("\"{over}\""))];
        let (status, octets) = self.send_with(Method::PUT, path, &more, body).await?;
        let octets = checked(status, octets)?;
        serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
    }
}

/// The beginning of a file, or all of it.
async fn file_read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: io::Error| Error::Local {
        what: path.display().to_string(),
        problem: error.to_string(),
    };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut octets = Vec::new();
    file.take(FILE_OCTETS_MAX).read_to_end(&mut octets).await.map_err(failed)?;
    Ok(octets)
}

/// Carries out one of the commands, and writes what it says; `printable` makes text safe.
pub async fn perform(
    client: &mut Client,
    command: &Profile,
    (out, printable): (&mut impl Write, fn(&str) -> String),
) -> Result<(), Error> {
    let lines = match command {
        Profile::Show => own_lines(&client.call(Method::GET, "/api/profile", None).await?),
        Profile::Of { address } => {
            let path = format!("/api/profiles/at?address={}", percent(address));
            person_lines(&client.call(Method::GET, &path, None).await?)
        }
        Profile::Picture { file } => {
            let octets = file_read(file).await?;
            let own: Value = client.call(Method::GET, "/api/profile", None).await?;
            let over = own["version"].as_u64().unwrap_or_default();
            own_lines(&client.profile_picture_set(over, octets).await?)
        }
        Profile::Set { field, value, readers } => {
            let mut own: Value = client.call(Method::GET, "/api/profile", None).await?;
            if is_true(&own["damaged"]) {
                let problem = "not all of it can be opened, and a change would replace the whole; \
                               look at it in the webmail";
                let (what, problem) = ("the profile".to_owned(), problem.to_owned());
                return Err(Error::Local { what, problem });
            }
            let over = own["version"].as_u64().unwrap_or_default();
            own[field.word()] = field.value(value);
            if !readers.is_empty() {
                own["audiences"][field.word()] = audience(readers);
            }
            let own = own.as_object_mut().map(std::mem::take).unwrap_or_default();
            let read_only = ["version", "picture", "waits", "damaged"];
            let sent = own.into_iter().filter(|(name, _)| !read_only.contains(&name.as_str()));
            own_lines(&client.profile_set(over, Value::Object(sent.collect())).await?)
        }
    };
    let write = |line: Vec<String>| {
        let line: Vec<String> = line.iter().map(|text| printable(text)).collect();
        writeln!(out, "{}", line.join("\t"))
    };
    lines.into_iter().try_for_each(write).map_err(|error: io::Error| Error::Output(error))
}

/// Whom the words of the command line mean.
fn audience(readers: &[String]) -> Value {
    match readers {
        [one] if one == "nobody" || one == "everybody" => json!({"kind": one}),
        _ => {
            let reader = |one: &String| match (one.as_str(), one.strip_prefix("group:")) {
                ("everybody", _) => json!({"kind": "everybody"}),
                (_, Some(id)) => json!({"kind": "group", "id": id}),
                (address, None) => json!({"kind": "person", "id": address}),
            };
            json!({"kind": "named", "readers": readers.iter().map(reader).collect::<Vec<_>>()})
        }
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// A field's value on one line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(is_there) => if *is_there { "yes" } else { "" }.to_owned(),
        Value::Array(items) => {
            let item = |one: &Value| one["value"].as_str().or(one.as_str()).map(str::to_owned);
            items.iter().filter_map(item).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn own_lines(own: &Value) -> Vec<Vec<String>> {
    let whom = |audience: &Value| match audience["readers"].as_array().filter(|all| !all.is_empty())
    {
        None => shown(&audience["kind"]),
        Some(readers) => {
            let named = |one: &Value| {
                let kind = one["kind"].as_str().unwrap_or_default();
                match (kind, one["id"].as_str().unwrap_or_default()) {
                    ("group", id) => format!("group:{id}"),
                    ("person", id) => id.to_owned(),
                    (other, _) => other.to_owned(),
                }
            };
            readers.iter().map(named).collect::<Vec<_>>().join(", ")
        }
    };
    let line =
        |field: &str| vec![field.to_owned(), whom(&own["audiences"][field]), shown(&own[field])];
    let mut lines: Vec<Vec<String>> = FIELDS.into_iter().map(line).collect();
    let states = [
        ("damaged", "not all of it can be opened; others may still see what they saw before"),
        ("waits", "somebody sees nothing yet: the keys of a group are not there"),
    ];
    let states = states.into_iter().filter(|(state, _)| is_true(&own[*state]));
    lines.extend(states.map(|(state, says)| vec![state.to_owned(), says.to_owned()]));
    lines
}

fn person_lines(person: &Value) -> Vec<Vec<String>> {
    let published = &person["published"];
    let mut lines = vec![vec!["address".to_owned(), shown(&person["address"])]];
    for field in published["fields"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let value = match field {
            "picture" => "yes".to_owned(),
            field => shown(&published[field]),
        };
        lines.push(vec![field.to_owned(), value]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_waits_is_said() {
        let states = |own: &Value| -> Vec<String> {
            own_lines(own).into_iter().skip(FIELDS.len()).map(|line| line[0].clone()).collect()
        };
        assert_eq!(states(&json!({"damaged": true, "waits": true})), ["damaged", "waits"]);
        assert_eq!(states(&json!({"damaged": false, "waits": false})), [""; 0]);
    }

    #[test]
    fn the_words_of_the_command_line_say_whom_a_field_is_for() {
        let of = |words: &[&str]| {
            audience(&words.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["nobody"]), json!({"kind": "nobody"}));
        assert_eq!(of(&["everybody"]), json!({"kind": "everybody"}));
        let readers = [
            json!({"kind": "person", "id": "omar@example.org"}),
            json!({"kind": "group", "id": "ab"}),
            json!({"kind": "everybody"}),
        ];
        let both = of(&["omar@example.org", "group:ab", "everybody"]);
        assert_eq!(both, json!({"kind": "named", "readers": readers}));
    }
}
