//! The line that says who is quoted, and the head of a forward, in the language of the writer; and how
//! both are found again.
//!
//! The head of a forward is a line of ten hyphens with the title between them, in every language, then
//! what the header of the message says. Names and addresses stand in isolates where writing runs from
//! right to left (Unicode UAX #9).

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::isolate::isolated;
use super::message::View;
use crate::terms::Language;

const MARK: &str = "----------";

/// Says when a message was written, as its writer's own clock said, and by whom.
pub fn attribution(language: Language, view: &View) -> String {
    let who = isolated(language, &name_of(language, view));
    let Some((day, time)) = moment(language, view) else {
        return match language {
            Language::English => format!("{who} wrote:"),
            Language::German => format!("{who} schrieb:"),
            Language::French => format!("{who} a écrit :"),
            Language::Spanish => format!("{who} escribió:"),
            Language::Hebrew => format!("מאת {who}:"),
            Language::Arabic => format!("من {who}:"),
        };
    };
    match language {
        Language::English => format!("On {day} at {time}, {who} wrote:"),
        Language::German => format!("Am {day} um {time} schrieb {who}:"),
        Language::French => format!("Le {day} à {time}, {who} a écrit :"),
        Language::Spanish => format!("El {day} a las {time}, {who} escribió:"),
        Language::Hebrew => format!("בתאריך {day} בשעה {time} מאת {who}:"),
        Language::Arabic => format!("في {day} الساعة {time}، من {who}:"),
    }
}

/// The words of the head of a forward.
struct Head {
    title: &'static str,
    from: &'static str,
    date: &'static str,
    subject: &'static str,
    to: &'static str,
}

const fn head(language: Language) -> Head {
    let (title, from, date, subject, to) = match language {
        Language::English => ("Forwarded message", "From:", "Date:", "Subject:", "To:"),
        Language::German => ("Weitergeleitete Nachricht", "Von:", "Datum:", "Betreff:", "An:"),
        Language::French => ("Message transféré", "De :", "Date :", "Objet :", "À :"),
        Language::Spanish => ("Mensaje reenviado", "De:", "Fecha:", "Asunto:", "Para:"),
        Language::Hebrew => ("הודעה שהועברה", "מאת:", "תאריך:", "נושא:", "אל:"),
        Language::Arabic => ("رسالة معاد توجيهها", "من:", "التاريخ:", "الموضوع:", "إلى:"),
    };
    Head { title, from, date, subject, to }
}

/// The lines that a forward has before the text: a mark, and what the message's header says.
pub fn forwarded(language: Language, view: &View) -> String {
    let date = moment(language, view).map(|(day, time)| format!("{day} {time}"));
    let date = date.or_else(|| view.date_given.clone()).unwrap_or_default();
    format!("{MARK} {} {MARK}\n{}", head(language).title, lines(language, view, &date))
}

fn lines(language: Language, view: &View, date: &str) -> String {
    let Head { from, date: at, subject, to, .. } = head(language);
    let said = |text: &str| if text.is_empty() { String::new() } else { isolated(language, text) };
    let people: Vec<String> =
        view.to.iter().filter_map(|one| one.address.as_deref()).map(said).collect();
    format!(
        "{from} {}\n{at} {}\n{subject} {}\n{to} {}\n",
        said(&name_of(language, view)),
        said(date),
        said(&view.subject),
        people.join(", ")
    )
}

/// Whether a line begins a forward, in any language. Other programs end it with fewer hyphens.
pub fn is_mark(line: &str) -> bool {
    let said = line.strip_prefix(MARK).map(str::trim_start);
    said.is_some_and(|said| Language::ALL.iter().any(|one| said.starts_with(head(*one).title)))
}

/// The lines of the head that a forward of a message has in any language: its draft may be one in
/// another language, or one that an earlier version began, which wrote the date in another way.
pub fn heads(view: &View) -> Vec<String> {
    let raw = view.date.as_deref().or(view.date_given.as_deref()).unwrap_or_default();
    let earlier = lines(Language::English, view, raw);
    let all = Language::ALL.into_iter().map(|language| forwarded(language, view));
    let all: Vec<String> = all.chain([earlier]).collect();
    all.iter()
        .flat_map(|one| one.lines())
        .filter(|line| !is_mark(line))
        .map(str::to_owned)
        .collect()
}

/// The day and the time of the writer's own clock.
fn moment(language: Language, view: &View) -> Option<(String, String)> {
    const TIME: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
    const WORDS: &[BorrowedFormatItem<'_>] =
        format_description!("[weekday repr:short], [day padding:none] [month repr:short] [year]");
    const DOTS: &[BorrowedFormatItem<'_>] = format_description!("[day].[month].[year]");
    const SLASHES: &[BorrowedFormatItem<'_>] = format_description!("[day]/[month]/[year]");
    let day = match language {
        Language::English => WORDS,
        Language::German | Language::Hebrew => DOTS,
        Language::French | Language::Spanish | Language::Arabic => SLASHES,
    };
    let date = view.date.as_deref().and_then(|date| OffsetDateTime::parse(date, &Rfc3339).ok())?;
    Some((date.format(day).ok()?, date.format(TIME).ok()?))
}

fn name_of(language: Language, view: &View) -> String {
    let nobody = match language {
        Language::English => "somebody",
        Language::German => "jemand",
        Language::French => "quelqu’un",
        Language::Spanish => "alguien",
        Language::Hebrew => "שולח לא ידוע",
        Language::Arabic => "مرسل مجهول",
    };
    let Some(from) = view.from.first() else { return nobody.to_owned() };
    let address = from.address.clone().unwrap_or_default();
    match &from.name {
        Some(name) => format!("{name} <{address}>"),
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::NameAddr;
    use super::*;

    fn view() -> View {
        let rachel = NameAddr {
            name: Some("Rachel Green".to_owned()),
            address: Some("rachel@outside.example".to_owned()),
        };
        View {
            from: vec![rachel.clone()],
            to: vec![NameAddr { name: None, ..rachel }],
            subject: "The contract".to_owned(),
            date: Some("2026-11-03T09:05:00+02:00".to_owned()),
            ..View::default()
        }
    }

    #[test]
    fn who_is_quoted_is_said_in_the_language_of_the_writer() {
        let who = "Rachel Green <rachel@outside.example>";
        for (language, expected) in [
            (Language::English, format!("On Tue, 3 Nov 2026 at 09:05, {who} wrote:")),
            (Language::German, format!("Am 03.11.2026 um 09:05 schrieb {who}:")),
            (Language::French, format!("Le 03/11/2026 à 09:05, {who} a écrit :")),
            (Language::Spanish, format!("El 03/11/2026 a las 09:05, {who} escribió:")),
            (Language::Hebrew, format!("בתאריך 03.11.2026 בשעה 09:05 מאת \u{2068}{who}\u{2069}:")),
            (Language::Arabic, format!("في 03/11/2026 الساعة 09:05، من \u{2068}{who}\u{2069}:")),
        ] {
            assert_eq!(attribution(language, &view()), expected);
        }
    }

    /// What does not say when, or who, is still a quotation that ends with a colon, by which it is
    /// found again.
    #[test]
    fn a_message_without_a_date_or_a_sender_is_quoted_too() {
        for language in Language::ALL {
            let line = attribution(language, &View::default());
            assert!(line.ends_with(':') && !line.contains("T"), "{line}");
        }
    }

    #[test]
    fn the_head_of_a_forward_is_found_in_every_language() {
        let heads = heads(&view());
        for language in Language::ALL {
            let text = forwarded(language, &view());
            let (mark, rest) = text.split_once('\n').unwrap();
            assert!(is_mark(mark), "{mark}");
            assert_eq!(mark.matches('-').count(), 20, "as the pages look for it: {mark}");
            assert!(!text.contains("2026-11-03T"), "{text}");
            assert_eq!(rest.lines().count(), 4, "{text}");
            assert!(rest.lines().all(|line| heads.iter().any(|head| head == line)), "{text}");
        }
        assert!(heads.iter().any(|head| head == "Date: 2026-11-03T09:05:00+02:00"), "{heads:?}");
        assert!(is_mark("---------- Forwarded message ---------"), "as others write it");
        assert!(!is_mark("---------- Minutes ----------"));
    }
}
