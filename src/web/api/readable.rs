//! What a message says, as JSON: of one that was received, and of one that is within another.

use serde::Serialize;
use utoipa::ToSchema;

use crate::mail::message::{self, NameAddr};
use crate::mail::{cards, sanitize};

/// What a message says, and the files that come with it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readable {
    to: Vec<Addr>,
    cc: Vec<Addr>,
    reply_to: Vec<Addr>,
    /// The date stated by the sender, in RFC 3339 format; `null` if it cannot be parsed.
    date: Option<String>,
    /// The date as the sender wrote it, if it cannot be parsed.
    date_given: Option<String>,
    message_id: Option<String>,
    text: Option<String>,
    /// Whether the text was truncated; the source contains all of it.
    text_truncated: bool,
    has_html: bool,
    /// The reason why the HTML, or the whole body, is not shown.
    html_refused: Option<String>,
    parts: Vec<Part>,
    /// Whether mail programs may interpret this message differently.
    ambiguous: bool,
    invitation: Option<Invitation>,
    /// The people whose cards come with it.
    contacts: Vec<Contact>,
    cryptography: Option<Cryptography>,
    /// Where the sender says that the recipient can unsubscribe: `https:` or `mailto:` URLs.
    unsubscribe: Vec<String>,
}

/// How the sender's program protected the content: signed, which is not verified here, or encrypted,
/// which cannot be decrypted here.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cryptography {
    SignedSmime,
    SignedPgp,
    EncryptedSmime,
    EncryptedPgp,
    /// Signed or encrypted; it does not say which.
    Smime,
}

/// What a calendar object asks of its recipient (RFC 5546).
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationMethod {
    Request,
    Reply,
    Cancel,
    Publish,
    Other,
}

/// An invitee's answer.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvitationAnswer {
    Accepted,
    Declined,
    Tentative,
}

/// The meeting that a message is about. Of whole days, `end` is the last one; `answer` is that of
/// `attendee`.
#[derive(Serialize, ToSchema)]
pub struct Invitation {
    method: InvitationMethod,
    summary: String,
    description: String,
    location: String,
    start: Option<Moment>,
    end: Option<Moment>,
    repeats: bool,
    organizer: Option<Addr>,
    attendee: Option<Addr>,
    answer: Option<InvitationAnswer>,
}

/// A day, or a time on a day.
#[derive(Serialize, ToSchema)]
pub struct Moment {
    /// `YYYY-MM-DD`.
    date: String,
    /// `HH:MM`; `null` for the whole day.
    time: Option<String>,
    /// `UTC`, or the zone as the calendar calls it; `null` for the reader's own.
    zone: Option<String>,
}

/// A person, or an organisation.
#[derive(Serialize, ToSchema)]
pub struct Contact {
    name: String,
    organization: String,
    emails: Vec<String>,
    phones: Vec<String>,
}

/// A name and address in a header field.
#[derive(Serialize, ToSchema)]
pub struct Addr {
    name: Option<String>,
    address: String,
}

/// A part that can be downloaded separately.
#[derive(Serialize, ToSchema)]
pub struct Part {
    /// The part's number within the message.
    part: u32,
    /// The file name without folders. A part without one is named after its type, and an attached
    /// message after its subject.
    name: String,
    #[serde(rename = "type")]
    media: String,
    /// The size after decoding, in octets.
    size: u64,
    /// Whether the part is shown within the HTML.
    inline: bool,
    /// Whether the part contains a message that can be read by itself.
    opens: bool,
}

impl Readable {
    pub fn of(view: message::View) -> Readable {
        let fits = (!view.html.is_empty()).then(|| sanitize::check_bounds(&view.html));
        let html_refused = match fits {
            Some(Err(refused)) => Some(refused.to_string()),
            _ => view.refused,
        };
        Readable {
            to: addrs(view.to),
            cc: addrs(view.cc),
            reply_to: addrs(view.reply_to),
            date: view.date,
            date_given: view.date_given,
            message_id: view.message_id,
            text: view.text,
            text_truncated: view.text_truncated,
            has_html: fits.is_some_and(|fits| fits.is_ok()),
            html_refused,
            parts: view.parts.into_iter().map(Part::from).collect(),
            ambiguous: view.ambiguous,
            invitation: view.invitation.map(Invitation::from),
            contacts: view.contacts.into_iter().map(Contact::from).collect(),
            cryptography: view.cryptography.map(Cryptography::from),
            unsubscribe: view.unsubscribe,
        }
    }
}

impl From<message::Cryptography> for Cryptography {
    fn from(given: message::Cryptography) -> Cryptography {
        match given {
            message::Cryptography::SignedSmime => Cryptography::SignedSmime,
            message::Cryptography::SignedPgp => Cryptography::SignedPgp,
            message::Cryptography::EncryptedSmime => Cryptography::EncryptedSmime,
            message::Cryptography::EncryptedPgp => Cryptography::EncryptedPgp,
            message::Cryptography::Smime => Cryptography::Smime,
        }
    }
}

impl From<cards::Invitation> for Invitation {
    fn from(given: cards::Invitation) -> Invitation {
        let method = match given.method {
            cards::Method::Request => InvitationMethod::Request,
            cards::Method::Reply => InvitationMethod::Reply,
            cards::Method::Cancel => InvitationMethod::Cancel,
            cards::Method::Publish => InvitationMethod::Publish,
            cards::Method::Other => InvitationMethod::Other,
        };
        let (attendee, answer) = given.answer.unzip();
        let answer = answer.map(|answer| match answer {
            cards::Answer::Accepted => InvitationAnswer::Accepted,
            cards::Answer::Declined => InvitationAnswer::Declined,
            cards::Answer::Tentative => InvitationAnswer::Tentative,
        });
        Invitation {
            method,
            summary: given.summary,
            description: given.description,
            location: given.location,
            start: given.start.map(Moment::from),
            end: given.end.map(Moment::from),
            repeats: given.repeats,
            organizer: given.organizer.map(Addr::from),
            attendee: attendee.map(Addr::from),
            answer,
        }
    }
}

impl From<cards::Moment> for Moment {
    fn from(cards::Moment { date, time, zone }: cards::Moment) -> Moment {
        Moment { date, time, zone }
    }
}

impl From<cards::Contact> for Contact {
    fn from(given: cards::Contact) -> Contact {
        let cards::Contact { name, organization, emails, phones } = given;
        Contact { name, organization, emails, phones }
    }
}

impl From<NameAddr> for Addr {
    fn from(NameAddr { name, address }: NameAddr) -> Addr {
        Addr { name, address: address.unwrap_or_default() }
    }
}

impl From<message::Part> for Part {
    fn from(part: message::Part) -> Part {
        let message::Part { index, name, content_type, size, inline, opens, .. } = part;
        Part { part: index, name, media: content_type, size, inline, opens }
    }
}

pub fn addrs(list: Vec<NameAddr>) -> Vec<Addr> {
    list.into_iter().map(Addr::from).collect()
}
