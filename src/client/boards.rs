//! `postern mail board`: boards, their topics and posts.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde_json::{Value, json};

use super::http::Body;
use super::problem::{Error, checked};
use super::session::{Client, percent};
use super::text::body;
use crate::mail::reference::Reference;

/// What to do with boards.
#[derive(Subcommand, Debug)]
pub enum Boards {
    /// List the boards, one per line: number, own right, unread topics, name.
    List,
    /// List the topics of a board: reference number, unread posts, time of the latest, title.
    Topics {
        /// The board's number.
        board: String,
    },
    /// Show the posts of a topic: reference number, time, author, text. It does not mark them as read.
    Show {
        /// The reference number of the topic, or of a post in it.
        reference: String,
    },
    /// Make a board, and print its number.
    Create {
        /// The name.
        name: String,
        /// What else is said about it.
        #[arg(long, default_value = "")]
        description: String,
        /// Who may do what: an address, `group:` and a number, or `everybody`, then `=` and read, write,
        /// edit or manage. Can be given more than once.
        #[arg(long)]
        grant: Vec<String>,
        /// Show nothing that was posted before to those who are added later.
        #[arg(long)]
        hide_earlier: bool,
    },
    /// Say anew who may do what on a board; who is left out may do nothing from now on.
    Grant {
        /// The board's number.
        board: String,
        /// As in `create`.
        #[arg(required = true)]
        grant: Vec<String>,
    },
    /// Write a post, and print its reference number.
    Post {
        /// The board's number.
        board: String,
        /// The title of a new topic.
        #[arg(long, required_unless_present = "topic", conflicts_with = "topic")]
        title: Option<String>,
        /// The reference number of the topic that it answers.
        #[arg(long)]
        topic: Option<String>,
        /// The file with the text, or `-` for standard input.
        #[arg(long)]
        body_file: PathBuf,
        /// The address of a reader, if it is for some alone; can be given more than once.
        #[arg(long = "for")]
        readers: Vec<String>,
        /// A file to attach; can be given more than once.
        #[arg(long)]
        attach: Vec<PathBuf>,
        /// A key of 8 to 64 letters, digits, - and _: with the same one, a post is written only once.
        #[arg(long)]
        request: Option<String>,
    },
    /// Find posts by words, or one by its number: reference number, time, author, text.
    Find {
        /// What to look for.
        #[arg(required = true)]
        words: Vec<String>,
        /// The number of a board.
        #[arg(long)]
        board: Option<String>,
    },
    /// Mark a topic as read up to a post.
    Read {
        /// The post's reference number.
        reference: String,
    },
    /// Change what a post says; its files stay.
    Change {
        /// The post's reference number.
        reference: String,
        /// The file with the text, or `-` for standard input.
        #[arg(long)]
        body_file: PathBuf,
        /// Another title, if the post begins a topic; the same without it.
        #[arg(long)]
        title: Option<String>,
    },
    /// React to a post with an emoji, in place of an earlier reaction.
    React {
        /// The post's reference number.
        reference: String,
        /// The emoji; without it, the own reaction is taken back.
        emoji: Option<String>,
    },
    /// Follow a topic, mute it, or end either.
    Attend {
        /// The reference number of the topic, or of a post in it.
        reference: String,
        /// What to hear of it.
        attention: Hears,
    },
    /// Delete a post with its earlier versions.
    Delete {
        /// The post's reference number.
        reference: String,
    },
    /// Delete a board with all its posts.
    Drop {
        /// The board's number.
        board: String,
    },
}

/// What somebody wants to hear of a topic.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Hears {
    /// It is named apart among the boards.
    Followed,
    /// It is left out of what is counted as unread.
    Muted,
    /// It is counted as the others are.
    Usual,
}

impl Hears {
    /// As the server calls it; `null` for what is usual.
    fn wire(self) -> Value {
        match self {
            Hears::Followed => json!("followed"),
            Hears::Muted => json!("muted"),
            Hears::Usual => Value::Null,
        }
    }
}

/// Lines of words.
type Lines = Vec<Vec<String>>;

/// Carries out one of the commands, and writes what it says; `printable` makes text safe.
pub async fn perform(
    client: &mut Client,
    command: &Boards,
    (out, printable): (&mut impl Write, fn(&str) -> String),
) -> Result<(), Error> {
    let lines = client.boards(command).await?;
    let write = |line: Vec<String>| {
        let line: Vec<String> = line.iter().map(|text| printable(text)).collect();
        writeln!(out, "{}", line.join("\t"))
    };
    lines.into_iter().try_for_each(write).map_err(|error: io::Error| Error::Output(error))
}

impl Client {
    async fn boards(&mut self, command: &Boards) -> Result<Lines, Error> {
        Ok(match command {
            Boards::List => {
                let list: Value = self.call(Method::GET, "/api/boards", None).await?;
                lines(&list["items"], &["id", "right", "unread", "name"])
            }
            Boards::Topics { board } => {
                let path = format!("{}/topics?limit=100", at(board));
                let list: Value = self.call(Method::GET, &path, None).await?;
                lines(&list["items"], &["reference", "unread", "last", "title"])
            }
            Boards::Show { reference } => self.topic(reference).await?,
            Boards::Create { name, description, grant, hide_earlier } => {
                let new = json!({
                    "name": name,
                    "description": description,
                    "showsEarlier": !hide_earlier,
                    "grants": grants(grant)?,
                });
                let made: Value = self.call(Method::POST, "/api/boards", Some(new)).await?;
                vec![vec![shown(&made["id"])]]
            }
            Boards::Grant { board, grant } => {
                let path = at(board);
                let found: Value = self.call(Method::GET, &path, None).await?;
                let version = found["version"].as_u64().and_then(|one| u32::try_from(one).ok());
                let edit = json!({ "grants": grants(grant)? });
                let over = (Method::PATCH, path.as_str());
                let _: Value = self.change(over, version.unwrap_or_default(), edit).await?;
                Vec::new()
            }
            Boards::Post { board, title, topic, body_file, readers, attach, request } => {
                let text = body(body_file)?;
                let files = self.upload_all(attach).await?;
                let mut post = json!({ "text": text, "readers": readers, "files": files });
                if let Some(topic) = topic {
                    post["topic"] = json!(topic);
                }
                post["title"] = json!(title.as_deref().unwrap_or_default());
                let written = self.board_post(board, post, request.clone()).await?;
                vec![vec![shown(&written["reference"])]]
            }
            Boards::Find { words, board } => {
                let of =
                    board.as_ref().map_or(String::new(), |one| format!("&board={}", safe(one)));
                let path = format!("/api/posts?q={}{of}", percent(&words.join(" ")));
                let found: Value = self.call(Method::GET, &path, None).await?;
                posts(&found["items"])
            }
            Boards::Read { reference } => {
                let path = format!("{}/read", post_at(reference));
                self.done(Method::POST, &path, None).await?;
                Vec::new()
            }
            Boards::Change { reference, body_file, title } => {
                let text = body(body_file)?;
                self.post_change(reference, &text, title.as_deref()).await?;
                Vec::new()
            }
            Boards::React { reference, emoji } => {
                let path = format!("{}/reaction", post_at(reference));
                let method = if emoji.is_some() { Method::PUT } else { Method::DELETE };
                let body = emoji.as_ref().map(|emoji| json!({"text": emoji}));
                self.done(method, &path, body).await?;
                Vec::new()
            }
            Boards::Attend { reference, attention } => {
                let path = format!("{}/attention", post_at(reference));
                let body = json!({"attention": attention.wire()});
                self.done(Method::PUT, &path, Some(body)).await?;
                Vec::new()
            }
            Boards::Delete { reference } => {
                self.done(Method::DELETE, &post_at(reference), None).await?;
                Vec::new()
            }
            Boards::Drop { board } => {
                self.done(Method::DELETE, &at(board), None).await?;
                Vec::new()
            }
        })
    }

    /// Changes a post as it is now; if somebody else changes it meanwhile, the server refuses this.
    async fn post_change(
        &mut self,
        reference: &str,
        text: &str,
        title: Option<&str>,
    ) -> Result<(), Error> {
        let path = post_at(reference);
        let found: Value = self.call(Method::GET, &path, None).await?;
        let version = found["version"].as_u64().and_then(|one| u32::try_from(one).ok());
        let version = version.ok_or_else(|| Error::Answer("a post has no version".to_owned()))?;
        let title = title.map_or_else(|| shown(&found["title"]), str::to_owned);
        let edit = json!({"title": title, "text": text});
        let _: Value = self.change((Method::PATCH, path.as_str()), version, edit).await?;
        Ok(())
    }

    async fn topic(&mut self, reference: &str) -> Result<Lines, Error> {
        let mut all = Vec::new();
        loop {
            let path = format!("{}/topic?limit=100&offset={}", post_at(reference), all.len());
            let part: Value = self.call(Method::GET, &path, None).await?;
            let some = posts(&part["items"]);
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    /// Writes a post; the same `request` writes it once.
    pub async fn board_post(
        &mut self,
        board: &str,
        post: Value,
        request: Option<String>,
    ) -> Result<Value, Error> {
        // As random as any number, and of the right form.
        let drawn = || Reference::new(0).to_string();
        let key = [("idempotency-key", request.unwrap_or_else(drawn))];
        let path = format!("{}/posts", at(board));
        let (status, octets) = self.send_with(Method::POST, &path, &key, Body::Json(post)).await?;
        let octets = checked(status, octets)?;
        serde_json::from_slice(&octets).map_err(|error| Error::Answer(error.to_string()))
    }
}

/// Letters and digits alone, so that nothing else gets into a path.
fn safe(number: &str) -> String {
    number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}

fn at(board: &str) -> String {
    format!("/api/boards/{}", safe(board))
}

fn post_at(reference: &str) -> String {
    format!("/api/posts/{}", safe(reference))
}

/// What the words of the command line allow, and to whom.
fn grants(words: &[String]) -> Result<Vec<Value>, Error> {
    let grant = |text: &String| {
        let wrong = || Error::Local {
            what: text.clone(),
            problem: "not an address, a group or everybody, then = and a right".to_owned(),
        };
        let (who, right) = text.rsplit_once('=').ok_or_else(wrong)?;
        let to = match (who, who.strip_prefix("group:")) {
            ("everybody", _) => json!({ "kind": "everybody" }),
            (_, Some(id)) => json!({ "kind": "group", "id": id }),
            (address, None) => json!({ "kind": "person", "id": address }),
        };
        Ok(json!({ "to": to, "right": right }))
    };
    words.iter().map(grant).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn lines(items: &Value, members: &[&str]) -> Lines {
    let line = |item: &Value| members.iter().map(|member| shown(&item[member])).collect();
    items.as_array().into_iter().flatten().map(line).collect()
}

fn posts(items: &Value) -> Lines {
    let line = |item: &Value| {
        let author = shown(&item["author"]["address"]);
        vec![shown(&item["reference"]), shown(&item["at"]), author, shown(&item["text"])]
    };
    items.as_array().into_iter().flatten().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_command_line_say_who_may_do_what() {
        let of =
            |words: &[&str]| grants(&words.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        let expected = [
            json!({"to": {"kind": "person", "id": "omar@example.org"}, "right": "write"}),
            json!({"to": {"kind": "group", "id": "ab"}, "right": "edit"}),
            json!({"to": {"kind": "everybody"}, "right": "read"}),
        ];
        let all = of(&["omar@example.org=write", "group:ab=edit", "everybody=read"]);
        assert_eq!(all.unwrap(), expected);
        assert!(of(&["omar@example.org"]).is_err());
    }
}
