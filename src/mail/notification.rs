//! Mail to external people: the notification that a message is waiting for them here, and the
//! confirmation that their message was accepted.
//!
//! A notification begins with the organisation and with what to do, in each of its languages; then
//! comes the one link, whose text is the URL itself, on the root domain of the From address; then, in
//! each language, the password, the time, the reference number, how many messages are waiting and
//! until when, and where to check that it is genuine. It has no image, no attachment and no urgent
//! wording, and it contains no part of the message, not even its subject.

use time::OffsetDateTime;

use super::compose::{self, Follows, Mailbox, Message, begin};
use super::dsn;
use super::notification_text::{Facts, moment, words};

use crate::terms::Language;

/// Why the notification is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    New,
    /// Sent again because the sender asked for it.
    Again,
    /// The account expires soon.
    Expiring,
}

/// What the notification says about the password (decision D1).
#[derive(Clone, Copy)]
pub enum HandOffText<'a> {
    /// The password opens one session.
    Claim(&'a str),
    /// The password is valid for as long as the account exists.
    InMail(&'a str),
    /// The sponsor, who has this name, gives the recipient the password.
    BySender(&'a str),
    /// The password was in an earlier mail, and stays valid.
    Known,
    /// The recipient has chosen a passphrase.
    Claimed,
}

impl std::fmt::Debug for HandOffText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandOffText(…)")
    }
}

/// A notification.
#[derive(Debug)]
pub struct Notification<'a> {
    pub kind: Kind,
    /// At least one language.
    pub languages: &'a [Language],
    pub organisation: &'a str,
    pub from_name: Option<&'a str>,
    pub from_address: &'a str,
    pub to: &'a str,
    pub reference: &'a str,
    pub sent: OffsetDateTime,
    /// The number of unopened messages.
    pub waiting: u32,
    pub until: OffsetDateTime,
    pub link: &'a str,
    /// The site's address, for readers who do not use the link.
    pub site: &'a str,
    pub login_name: &'a str,
    pub hand_off: HandOffText<'a>,
    pub phone: Option<&'a str>,
    /// An extra sentence, set by the administrator.
    pub extra_text: Option<&'a str>,
    pub message_id: &'a str,
    /// The notification that this one belongs to.
    pub thread: Option<&'a str>,
}

/// Writes a notification.
pub fn notification(notice: &Notification<'_>) -> Vec<u8> {
    let blocks: Vec<Block> = notice.languages.iter().map(|one| block(notice, *one)).collect();
    let text = plain(notice, &blocks);
    let html = html(notice, &blocks);
    let languages: Vec<&str> = notice.languages.iter().map(|one| one.tag()).collect();
    let name = notice.from_name.unwrap_or(notice.from_address);
    let from_name = format!("{name} via {}", notice.organisation);
    let (from, sender) = (
        Mailbox { name: Some(from_name), address: notice.from_address.to_owned() },
        Mailbox {
            name: notice.from_name.map(str::to_owned),
            address: notice.from_address.to_owned(),
        },
    );
    let to = [Mailbox { name: None, address: notice.to.to_owned() }];
    let message = Message {
        from,
        to: &to,
        cc: &[],
        reply_to: Some(&sender),
        subject: &subject(notice, name),
        date: notice.sent,
        message_id: notice.message_id,
        in_reply_to: notice.thread,
        references: &[],
        reference: notice.reference,
        text: &text,
        html: Some(&html),
        extra: &[
            ("Auto-Submitted", "auto-generated".to_owned()),
            // RFC 3282 §2: the languages of those whom the text is meant for.
            ("Content-Language", languages.join(", ")),
        ],
    };
    begin(&message, Follows::default(), "")
}

/// The text of one language.
struct Block {
    direction: &'static str,
    language: &'static str,
    /// What happened and what to do; the link follows those of all languages.
    lead: String,
    paragraphs: Vec<String>,
}

fn plain(notice: &Notification<'_>, blocks: &[Block]) -> String {
    let mut parts = vec![notice.organisation.to_owned()];
    parts.extend(blocks.iter().map(|block| block.lead.clone()));
    parts.push(notice.link.to_owned());
    parts.extend(blocks.iter().map(|block| block.paragraphs.join("\n\n")));
    parts.extend(notice.extra_text.map(str::to_owned));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

fn subject(notice: &Notification<'_>, name: &str) -> String {
    let words = words(notice.languages.first().copied().unwrap_or(Language::English));
    match notice.kind {
        Kind::Expiring => (words.subject_expiring)(name),
        Kind::New | Kind::Again => (words.subject)(name),
    }
}

fn block(notice: &Notification<'_>, language: Language) -> Block {
    let words = words(language);
    let (who, short) = (who(notice), short(notice));
    let facts = Facts {
        sent: notice.sent,
        reference: notice.reference,
        waiting: notice.waiting,
        until: notice.until,
    };
    let lead = match notice.kind {
        Kind::Expiring => words.expiring,
        Kind::New | Kind::Again => words.sent_by,
    };
    let hand_off = match notice.hand_off {
        HandOffText::Claim(password) => (words.claim)(password),
        HandOffText::InMail(password) => (words.in_mail)(password),
        HandOffText::BySender(sponsor) => (words.by_sender)(sponsor),
        HandOffText::Known => words.known.to_owned(),
        HandOffText::Claimed => words.claimed.to_owned(),
    };
    let site = bare(notice.site);
    let mut paragraphs = vec![
        hand_off,
        (words.facts)(&facts),
        (words.confirmed)(short),
        (words.without_link)(site, notice.login_name),
        (words.verify)(site),
    ];
    if let Some(phone) = notice.phone {
        paragraphs.push((words.in_doubt)(notice.organisation, phone));
    }
    let lead = lead(&who, notice.organisation);
    Block { direction: words.direction, language: language.tag(), lead, paragraphs }
}

fn who(notice: &Notification<'_>) -> String {
    match notice.from_name {
        Some(name) => format!("{name} ({})", notice.from_address),
        None => notice.from_address.to_owned(),
    }
}

fn short<'a>(notice: &'a Notification<'_>) -> &'a str {
    notice.from_name.unwrap_or(notice.from_address)
}

/// Returns an address to type. Without its scheme it does not become a second link.
fn bare(site: &str) -> &str {
    site.strip_prefix("https://").unwrap_or(site)
}

/// The only style: without any, mail programs show a page in their serif type.
const STYLE: &str = "font-family: sans-serif; line-height: 1.5; max-width: 40em";

fn html(notice: &Notification<'_>, blocks: &[Block]) -> String {
    let mut out = format!("<!doctype html><html><body style=\"{STYLE}\">");
    out.push_str(&format!("<p dir=\"auto\"><b>{}</b></p>", escaped(notice.organisation)));
    for block in blocks {
        push_div(&mut out, block, &[&block.lead]);
    }
    let link = escaped(notice.link);
    out.push_str(&format!("<p dir=\"ltr\"><a href=\"{link}\">{link}</a></p>"));
    for block in blocks {
        push_div(&mut out, block, &block.paragraphs.iter().collect::<Vec<_>>());
    }
    if let Some(own) = notice.extra_text {
        out.push_str(&format!("<p dir=\"auto\">{}</p>", escaped(own).replace('\n', "<br>")));
    }
    out.push_str("</body></html>");
    out
}

fn push_div(out: &mut String, block: &Block, paragraphs: &[&String]) {
    out.push_str(&format!("<div dir=\"{}\" lang=\"{}\">", block.direction, block.language));
    for paragraph in paragraphs {
        out.push_str(&format!("<p>{}</p>", escaped(paragraph).replace('\n', "<br>")));
    }
    out.push_str("</div>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The confirmation that a message from outside was accepted.
#[derive(Debug)]
pub struct Accepted<'a> {
    pub organisation: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub recipient: &'a str,
    pub reference: &'a str,
    pub at: OffsetDateTime,
    /// When the recipient was last active, as precisely as the recipient allows.
    pub last_interaction: Option<&'a str>,
    /// Whether the last hop was encrypted.
    pub tls: bool,
    pub message_id: &'a str,
    pub in_reply_to: Option<&'a str>,
    /// The fields of the delivery report that the sender asked for (RFC 3461 §4.1).
    pub report: Option<&'a str>,
}

/// Writes the confirmation. It never quotes the message.
pub fn accepted(notice: &Accepted<'_>) -> Vec<u8> {
    let mut text = format!(
        "Your message to {} was accepted on {}.\nReference: {}\n",
        notice.recipient,
        moment(notice.at),
        notice.reference
    );
    if let Some(last) = notice.last_interaction {
        text.push_str(&format!("The recipient was last active on {last}.\n"));
    }
    text.push_str(match notice.tls {
        true => {
            "\nYour message reached us as ordinary email over an encrypted connection. We cannot \
             know whether the earlier parts of its route were encrypted as well.\n"
        }
        false => {
            "\nWarning: your message reached us without encryption. Others could have read or \
             changed it on its way.\n"
        }
    });
    text.push_str(
        "\nYour message is stored sealed here. Please do not reply to this email: replies are not \
         read.\n",
    );
    let to = [Mailbox { name: None, address: notice.to.to_owned() }];
    let message = Message {
        from: Mailbox {
            name: Some(notice.organisation.to_owned()),
            address: notice.from.to_owned(),
        },
        to: &to,
        cc: &[],
        reply_to: None,
        subject: &format!("Accepted: {}", notice.reference),
        date: notice.at,
        message_id: notice.message_id,
        in_reply_to: notice.in_reply_to,
        references: &[],
        reference: notice.reference,
        text: &text,
        html: None,
        extra: &[("Auto-Submitted", "auto-replied".to_owned())],
    };
    let boundary = format!("report-{}", notice.reference);
    match notice.report {
        Some(fields) => compose::report(&message, &boundary, dsn::MEDIA_TYPE, fields),
        None => begin(&message, Follows::default(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::header::{HeaderLimits, gate};
    use crate::mail::message::view;

    const LINK: &str = "https://mail.example.org/pickup/0123456789abcdefghjkmnpqrs";
    const BOTH: [Language; 2] = [Language::English, Language::Hebrew];
    const PASSWORD: &str = "abcde-fghjk-mnpqr-stvwx-yz012-3";

    fn notice(
        kind: Kind,
        languages: &'static [Language],
        hand_off: HandOffText<'static>,
    ) -> Notification<'static> {
        Notification {
            kind,
            languages,
            organisation: "Example Ltd",
            from_name: Some("דנה Levi"),
            from_address: "dana@example.org",
            to: "noa@outside.example",
            reference: "01KAN-5Q7DC-8E2XV-M9T4H",
            sent: OffsetDateTime::from_unix_timestamp(1_795_424_523).unwrap(),
            waiting: 2,
            until: OffsetDateTime::from_unix_timestamp(1_796_634_123).unwrap(),
            link: LINK,
            site: "https://mail.example.org",
            login_name: "noa@outside.example",
            hand_off,
            phone: Some("+972 2 123 4567"),
            extra_text: Some("Ask Mira <at the desk>."),
            message_id: "m@example.org",
            thread: None,
        }
    }

    /// P-34: every template in every language has one link, on the root domain of From, no image
    /// and no attachment, and contains everything that is required, in text and in HTML.
    #[test]
    fn every_notification_keeps_the_rules() {
        let hand_offs = [
            HandOffText::Claim(PASSWORD),
            HandOffText::InMail(PASSWORD),
            HandOffText::BySender("Omar"),
            HandOffText::Known,
            HandOffText::Claimed,
        ];
        for kind in [Kind::New, Kind::Again, Kind::Expiring] {
            let one_by_one = Language::ALL.chunks(1);
            for languages in one_by_one.chain([BOTH.as_slice()]) {
                for hand_off in hand_offs {
                    keeps_the_rules(&notice(kind, languages, hand_off), hand_off);
                }
            }
        }
    }

    fn keeps_the_rules(notice: &Notification<'_>, hand_off: HandOffText<'_>) {
        let octets = notification(notice);
        let facts = gate(&octets, &HeaderLimits::default()).unwrap();
        assert_eq!(facts.value(&octets, "auto-submitted").unwrap().trim_ascii(), b"auto-generated");
        let read = view(&octets);
        let (text, html) = (read.text.unwrap(), read.html.concat());
        assert!(read.parts.is_empty());
        assert_eq!(read.from[0].address.as_deref(), Some("dana@example.org"));
        assert_eq!(read.from[0].name.as_deref(), Some("דנה Levi via Example Ltd"));
        assert_eq!(read.reply_to[0].address.as_deref(), Some("dana@example.org"));
        assert_eq!(text.matches("://").count(), 1, "{text}");
        assert_eq!(html.matches("href=").count(), 1, "{html}");
        assert_eq!(html.matches("://").count(), 2, "the link, and its text: {html}");
        assert!(html.contains(&format!("<a href=\"{LINK}\">{LINK}</a>")));
        let host = LINK.split('/').nth(2).unwrap();
        assert!(host.ends_with(".example.org"), "the root domain of From");
        // One style, for all of it.
        let bare = html.replacen(&format!("style=\"{STYLE}\""), "", 1).to_lowercase();
        for forbidden in ["<img", "src=", "style=", "url(", "urgent", "immediately", "click"] {
            assert!(!bare.contains(forbidden), "{forbidden}");
        }
        keeps_the_order(notice, &octets, &text, &html);
        let shown = matches!(hand_off, HandOffText::Claim(_) | HandOffText::InMail(_));
        for body in [&text, &html] {
            assert!(body.contains("01KAN-5Q7DC-8E2XV-M9T4H") && body.contains("dana@example.org"));
            assert!(body.contains("mail.example.org") && body.contains("noa@outside.example"));
            assert!(body.contains("2026") && body.contains("UTC") && body.contains("+972"));
            assert_eq!(body.contains(PASSWORD), shown);
        }
        assert!(html.contains("Mira &lt;at the desk&gt;"));
        for language in Language::ALL {
            let direction = match language {
                Language::Hebrew | Language::Arabic => "rtl",
                _ => "ltr",
            };
            let block = format!("dir=\"{direction}\" lang=\"{}\"", language.tag());
            assert_eq!(html.contains(&block), notice.languages.contains(&language), "{html}");
        }
        assert!(!text.contains("password=") && !LINK.contains('@'));
    }

    /// The organisation first, then what to do in every language, the link, and everything else in
    /// every language: none ends with a sentence whose end stands in another.
    fn keeps_the_order(notice: &Notification<'_>, octets: &[u8], text: &str, html: &str) {
        assert!(text.starts_with("Example Ltd\n"), "{text}");
        let tags: Vec<&str> = notice.languages.iter().map(|one| one.tag()).collect();
        let header = format!("\r\nContent-Language: {}\r\n", tags.join(", "));
        assert!(String::from_utf8_lossy(octets).contains(&header), "{header}");
        for body in [text, html] {
            let link = body.find(LINK).unwrap();
            let (above, below) = body.split_at(link);
            assert!(!above.contains(PASSWORD) && !above.contains(notice.reference), "{above}");
            assert_eq!(
                above.matches("dana@example.org").count(),
                notice.languages.len(),
                "{above}"
            );
            assert_eq!(below.matches("mail.example.org/verify").count(), notice.languages.len());
            assert_eq!(below.matches("01KAN-5Q7DC").count(), notice.languages.len(), "{below}");
        }
        let ends_open = text.split("\n\n").any(|one| one.trim_end().ends_with(':'));
        assert!(!ends_open, "a sentence without an end: {text}");
        for vocabulary in ["protected", "geschützt", "protégé", "protegido", "מוגנת", "محمية"]
        {
            assert!(!text.contains(vocabulary), "{text}");
        }
        assert!(!text.contains("Kennwort"), "{text}");
    }

    /// What waits is counted: a notification that is sent again may have nothing to announce.
    #[test]
    fn the_number_of_messages_is_said_as_it_is() {
        for language in Language::ALL.chunks(1) {
            let said = |waiting| {
                let hand_off = HandOffText::Claimed;
                let one = Notification { waiting, ..notice(Kind::Again, language, hand_off) };
                view(&notification(&one)).text.unwrap()
            };
            let all: std::collections::BTreeSet<String> = (0..4).map(said).collect();
            assert_eq!(all.len(), 4, "{all:?}");
            assert!(!said(0).lines().any(|line| line.starts_with('1') || line.starts_with('0')));
        }
    }

    /// P-44, P-45, P-46.
    #[test]
    fn an_acceptance_says_what_it_may_and_warns() {
        for (tls, last) in [(true, None), (false, Some("2026-11-20"))] {
            let octets = accepted(&Accepted {
                organisation: "Example Ltd",
                from: "postmaster@example.org",
                to: "rachel@outside.example",
                recipient: "dana@example.org",
                reference: "01KAN-5Q7DC-8E2XV-M9T4H",
                at: OffsetDateTime::from_unix_timestamp(1_795_424_523).unwrap(),
                last_interaction: last,
                tls,
                message_id: "m@example.org",
                in_reply_to: Some("x@outside.example"),
                report: None,
            });
            gate(&octets, &HeaderLimits::default()).unwrap();
            let text = view(&octets).text.unwrap();
            assert!(text.contains("01KAN-5Q7DC-8E2XV-M9T4H"), "{text}");
            assert_eq!(text.contains("without encryption"), !tls);
            assert_eq!(text.contains("2026-11-20"), last.is_some());
            assert!(String::from_utf8_lossy(&octets).contains("Auto-Submitted: auto-replied"));
        }
    }
}
