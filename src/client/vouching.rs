//! `postern mail vouch`: asking, comparing, attesting and revoking from a script.

use std::io::{self, Write};

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use crate::terms::Acquaintance;

use super::problem::Error;
use super::session::{Client, percent};

/// What is done about vouching.
#[derive(Subcommand, Debug)]
pub enum Vouch {
    /// Show the own fingerprint, open requests, and the attestations given and received.
    List,
    /// Ask somebody inside to vouch for you.
    Ask {
        /// The address or login name.
        address: String,
    },
    /// Vouch for somebody who asked you, after comparing the fingerprint.
    Attest {
        /// The address or login name.
        address: String,
        /// The 60 digits that the other person shows.
        #[arg(long)]
        fingerprint: String,
        /// How you made sure: in-person, call or known.
        #[arg(long)]
        how: Acquaintance,
        /// A note for the two of you.
        #[arg(long)]
        note: Option<String>,
    },
    /// Refuse a request, or take your own back.
    Refuse {
        /// The address or login name.
        address: String,
    },
    /// Revoke what you attested.
    Revoke {
        /// The address or login name.
        address: String,
    },
}

impl Client {
    /// Carries out the command; returns what there is to show.
    pub(super) async fn vouch(&mut self, command: &Vouch) -> Result<Option<Value>, Error> {
        match command {
            Vouch::List => return self.call(Method::GET, "/api/vouching", None).await.map(Some),
            Vouch::Ask { address } => {
                let body = json!({ "address": address });
                self.done(Method::POST, "/api/vouching/requests", Some(body)).await?;
            }
            Vouch::Attest { address, fingerprint, how, note } => {
                let colleague = self.colleague(address).await?;
                let body = json!({ "colleague": colleague, "fingerprint": fingerprint,
                    "how": how.as_str(), "ends": null, "note": note });
                self.done(Method::POST, "/api/vouching/attestations", Some(body)).await?;
            }
            Vouch::Refuse { address } => self.vouch_end("requests", address).await?,
            Vouch::Revoke { address } => self.vouch_end("attestations", address).await?,
        }
        Ok(None)
    }

    async fn vouch_end(&mut self, kind: &str, address: &str) -> Result<(), Error> {
        let path = format!("/api/vouching/{kind}/{}", self.colleague(address).await?);
        self.done(Method::DELETE, &path, None).await
    }

    /// The ID of the person inside with this address or login name.
    async fn colleague(&mut self, address: &str) -> Result<String, Error> {
        let path = format!("/api/colleagues?q={}", percent(address));
        let found: Value = self.call(Method::GET, &path, None).await?;
        let missing = || Error::Local {
            what: address.to_owned(),
            problem: "nobody inside has this address or login name".to_owned(),
        };
        // What only begins like that is somebody else.
        found["exact"].as_str().map(str::to_owned).ok_or_else(missing)
    }
}

/// Writes what [`Vouch::List`] shows, one line for each thing; `printable` makes text safe.
pub(super) fn write(
    out: &mut impl Write,
    found: &Value,
    printable: fn(&str) -> String,
) -> io::Result<()> {
    let text = |value: &Value| printable(value.as_str().unwrap_or("-"));
    writeln!(out, "fingerprint {}", text(&found["key"]["fingerprint"]))?;
    for (list, state) in [("requests", "side"), ("given", "standing"), ("received", "standing")] {
        for one in found[list].as_array().into_iter().flatten() {
            let (who, at) = (text(&one["colleague"]["address"]), text(&one["at"]));
            writeln!(out, "{list} {who} {} {at}", text(&one[state]))?;
        }
    }
    for one in found["problems"].as_array().into_iter().flatten() {
        writeln!(out, "problem {} {}", text(&one["colleague"]["address"]), text(&one["kind"]))?;
    }
    Ok(())
}
