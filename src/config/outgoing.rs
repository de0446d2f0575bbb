//! `[outgoing]`, `[temporary]`, `[notification]`, `[auto_response]`, `[queue]`: outgoing mail, and
//! notifications and confirmations for people outside.

use serde::{Deserialize, Serialize};

use crate::terms::{Choice, ConfirmOutside, HandOff, Language, LastInteraction, Mode, UnknownWord};

use super::Problem;
use super::mailboxes::{MESSAGES_MAX, OCTETS_MAX};

/// A rule for particular senders or recipients; it applies if everything that it names matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Login name of the sender.
    #[serde(default)]
    pub user: Option<String>,
    /// The recipient's domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// The recipient's address.
    #[serde(default)]
    pub recipient: Option<String>,
    pub choice: Choice,
    #[serde(default = "mode_default")]
    pub mode: Mode,
}

fn mode_default() -> Mode {
    Mode::Default
}

/// Mail to external recipients: what happens to it, and its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outgoing {
    /// Block all mail to and from outside.
    pub intranet: bool,
    /// What happens to a message for an external recipient: `refuse`, `ask`,
    /// `temporary-account`, `plain` or `verified-tls`.
    pub choice: Choice,
    /// Whether users may choose otherwise: `fixed`, `default` or `free`.
    pub mode: Mode,
    /// What happens to a `verified-tls` message when the encryption cannot be verified.
    pub verified_else: Choice,
    /// Rules for particular senders or recipients.
    pub rules: Vec<Rule>,
    /// Recipients of one message.
    pub recipients_max: usize,
    /// The attachments of one message together, in octets.
    pub attachments_octets_max: u64,
    /// The uploaded files that one account keeps until they are sent, in octets.
    pub uploads_octets_max: u64,
    /// How long sending can be undone, in seconds, unless the sender sets another time.
    pub undo_secs: u32,
}

impl Default for Outgoing {
    fn default() -> Self {
        Outgoing {
            intranet: false,
            choice: Choice::TemporaryAccount,
            mode: Mode::Default,
            verified_else: Choice::TemporaryAccount,
            rules: Vec::new(),
            recipients_max: 1_000,
            attachments_octets_max: 1 << 30,
            uploads_octets_max: 4 << 30,
            undo_secs: 15,
        }
    }
}

impl Outgoing {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let recipients = self.recipients_max as u64;
        Problem::unless_in("outgoing.recipients_max", recipients, 1..=10_000)?;
        let files = self.attachments_octets_max;
        Problem::unless_in("outgoing.attachments_octets_max", files, 1 << 10..=16 << 30)?;
        let uploads = self.uploads_octets_max;
        Problem::unless_in("outgoing.uploads_octets_max", uploads, files..=1 << 40)?;
        if matches!(self.verified_else, Choice::Ask | Choice::VerifiedTls) {
            let allowed = "refuse, temporary-account or plain: the sender can no longer be asked";
            let found = self.verified_else.as_str().to_owned();
            return Err(Problem::new("outgoing.verified_else", found, allowed));
        }
        Problem::unless_in("outgoing.undo_secs", u64::from(self.undo_secs), 0..=120)
    }
}

/// Accounts for external recipients of sealed messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Temporary {
    /// How long an account exists after the last message to it, in days.
    pub days: u32,
    /// How long before its end the recipient and the sponsor are warned, in days.
    pub warn_days: u32,
    /// How the initial password is handed over: `claim`, `in-mail` or `by-sender`.
    pub hand_off: HandOff,
    /// How often the owner of an account may ask for another notification, or for help with a
    /// forgotten passphrase, in one day.
    pub asks_per_day_max: u32,
    /// The uploaded files that one temporary account keeps until they are sent, in octets.
    pub uploads_octets_max: u64,
    /// How much a temporary account may store, in octets; 0 is no limit. When it is full, users
    /// cannot send its owner anything.
    pub quota_octets_max: u64,
    /// How many messages and drafts a temporary account may store; 0 is no limit.
    pub quota_messages_max: u64,
}

impl Default for Temporary {
    fn default() -> Self {
        Temporary {
            days: 14,
            warn_days: 3,
            hand_off: HandOff::Claim,
            asks_per_day_max: 3,
            uploads_octets_max: 256 << 20,
            quota_octets_max: 4_000_000_000,
            quota_messages_max: 5_000,
        }
    }
}

impl Temporary {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("temporary.days", u64::from(self.days), 1..=366)?;
        let uploads = self.uploads_octets_max;
        Problem::unless_in("temporary.uploads_octets_max", uploads, 1 << 10..=1 << 40)?;
        let octets = self.quota_octets_max;
        Problem::unless_in("temporary.quota_octets_max", octets, 0..=OCTETS_MAX)?;
        let messages = self.quota_messages_max;
        Problem::unless_in("temporary.quota_messages_max", messages, 0..=MESSAGES_MAX)?;
        let asks = u64::from(self.asks_per_day_max);
        Problem::unless_in("temporary.asks_per_day_max", asks, 0..=100)?;
        let days = u64::from(self.days) - 1;
        Problem::unless_in("temporary.warn_days", u64::from(self.warn_days), 0..=days)
    }
}

/// The languages of a notification: one, or English and Hebrew side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Languages {
    One(Language),
    /// English and Hebrew.
    Both,
}

impl Languages {
    /// Returns the languages in the order in which they appear in the mail.
    pub fn list(self) -> Vec<Language> {
        match self {
            Languages::One(language) => vec![language],
            Languages::Both => vec![Language::English, Language::Hebrew],
        }
    }
}

impl TryFrom<String> for Languages {
    type Error = UnknownLanguage;

    fn try_from(word: String) -> Result<Languages, UnknownLanguage> {
        match word.as_str() {
            "both" => Ok(Languages::Both),
            one => {
                one.parse().map(Languages::One).map_err(|UnknownWord(word)| UnknownLanguage(word))
            }
        }
    }
}

impl From<Languages> for &'static str {
    fn from(languages: Languages) -> &'static str {
        match languages {
            Languages::One(language) => language.as_str(),
            Languages::Both => "both",
        }
    }
}

/// A word that is not one of the allowed languages.
#[derive(Debug, thiserror::Error)]
#[error("found {0:?}, expected {all} or both", all = Language::ALL.map(Language::as_str).join(", "))]
pub struct UnknownLanguage(String);

/// The mail that tells an external recipient that a message is waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notification {
    /// The organisation's name, in mail and on pages.
    pub organisation: String,
    /// A phone number for external recipients who want to ask whether a notification is genuine;
    /// empty: none.
    pub phone: String,
    /// An extra sentence in every notification; empty: none.
    pub text: String,
    /// The language of notifications to external recipients who chose none here; `both` is English
    /// and Hebrew. If the sender chose a language, it comes first.
    pub language: Languages,
}

impl Default for Notification {
    fn default() -> Self {
        Notification {
            organisation: "Postern".to_owned(),
            phone: String::new(),
            text: String::new(),
            language: Languages::One(Language::English),
        }
    }
}

impl Notification {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let name = &self.organisation;
        let plain = |text: &str| !text.chars().any(char::is_control);
        if name.is_empty() || name.chars().count() > 100 || !plain(name) {
            let allowed = "1 to 100 characters on one line";
            return Err(Problem::new("notification.organisation", name.clone(), allowed));
        }
        if self.phone.chars().count() > 100 || !plain(&self.phone) {
            let allowed = "at most 100 characters on one line";
            return Err(Problem::new("notification.phone", self.phone.clone(), allowed));
        }
        // A notification may contain only one link, which it already has.
        if self.text.chars().count() > 2_000 || self.text.contains("://") {
            let allowed = "at most 2000 characters, without a link";
            return Err(Problem::new("notification.text", self.text.clone(), allowed));
        }
        Ok(())
    }
}

/// Confirmations for external senders; only those whose domain authenticates them get any
/// (decision D2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoResponse {
    /// Whether a message is confirmed as accepted, once a day for each recipient.
    pub accepted: bool,
    /// How exactly the confirmation says when the recipient was last active: `never`, `day` or
    /// `exact`.
    pub last_interaction: LastInteraction,
    /// Users may not change this for themselves.
    pub last_interaction_fixed: bool,
    /// Whether a message is confirmed as read or rejected: `never`; `ask` the reader; `known`:
    /// automatically for people the reader has written to, otherwise ask; `always`.
    pub confirm: ConfirmOutside,
    /// Users may not change this for themselves.
    pub confirm_fixed: bool,
}

impl Default for AutoResponse {
    fn default() -> Self {
        AutoResponse {
            accepted: true,
            last_interaction: LastInteraction::Day,
            last_interaction_fixed: false,
            confirm: ConfirmOutside::Known,
            confirm_fixed: false,
        }
    }
}

/// When and for how long delivery of outgoing mail is attempted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// The pause after the first attempt, in seconds; each further pause is twice as long.
    pub retry_first_secs: u32,
    /// The longest pause, in seconds.
    pub retry_longest_secs: u32,
    /// When delivery of a message is given up, in hours (RFC 5321 §4.5.4.1: four to five days at
    /// least).
    pub give_up_hours: u32,
    /// When its sender is notified of the delay, in hours.
    pub delay_notice_hours: u32,
    /// How long a report of failures or delays waits at most while other recipients of the same
    /// message are being tried, in seconds, so that one report names them all.
    pub report_wait_secs: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Queue {
            retry_first_secs: 300,
            retry_longest_secs: 14_400,
            give_up_hours: 120,
            delay_notice_hours: 4,
            report_wait_secs: 300,
        }
    }
}

impl Queue {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let (first, longest) =
            (u64::from(self.retry_first_secs), u64::from(self.retry_longest_secs));
        Problem::unless_in("queue.retry_first_secs", first, 1..=86_400)?;
        Problem::unless_in("queue.retry_longest_secs", longest, first..=86_400)?;
        Problem::unless_in("queue.give_up_hours", u64::from(self.give_up_hours), 1..=720)?;
        Problem::unless_in(
            "queue.delay_notice_hours",
            u64::from(self.delay_notice_hours),
            1..=720,
        )?;
        Problem::unless_in("queue.report_wait_secs", u64::from(self.report_wait_secs), 0..=3_600)
    }
}
