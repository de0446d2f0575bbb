//! The sentences of messages about meetings, in every language of the webmail.

use crate::mail::isolate::isolated;
use crate::mail::notice_text::closing;
use crate::mail::schedule::{Fields, PlaceKind, times};
use crate::terms::Language;

/// What a message about a meeting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Asks,
    Changed,
    Cancelled,
    Accepted,
    Declined,
    Tentative,
    Proposed,
}

/// About what, and by whom.
#[derive(Clone, Copy)]
pub struct About<'t> {
    /// `None` if the reader may not know it, or nobody can tell.
    pub who: Option<&'t str>,
    /// `None` if the reader may not know them, or nobody can read them: then the calendar shows which it is.
    pub fields: Option<&'t Fields>,
    /// The words of who answers.
    pub words: &'t str,
    pub reference: &'t str,
}

/// The subject: who does what with which meeting.
pub fn subject(language: Language, news: News, about: &About<'_>) -> String {
    let catalogue = catalogue(language);
    let what = about.fields.map(|fields| match fields.title.as_str() {
        "" => when(fields),
        title => title.to_owned(),
    });
    let what = what.map(|what| isolated(language, &what));
    let who = about.who.map(|who| isolated(language, who));
    let (who, what) = (who.as_deref(), what.as_deref());
    let says = says(catalogue, news);
    says(who.unwrap_or(catalogue.somebody), what.unwrap_or(catalogue.which))
}

/// The body: all that was asked, one on each line.
pub fn text(language: Language, news: News, about: &About<'_>) -> String {
    let catalogue = catalogue(language);
    let mut lines = vec![format!("{}.", subject(language, news, about))];
    if let Some(fields) = about.fields {
        lines.push(String::new());
        lines.extend(when_and_where(language, news, fields));
    }
    // The words of people are marked as such: they must not look like ours.
    let words = match (news, about.fields) {
        (News::Asks | News::Changed, fields) => fields.map_or("", |fields| fields.text.as_str()),
        _ => about.words,
    };
    if !words.is_empty() {
        lines.push(String::new());
        lines.extend(words.lines().map(|line| format!("> {line}")));
    }
    if matches!(news, News::Asks | News::Changed) {
        lines.extend([String::new(), catalogue.answer.to_owned()]);
    }
    format!("{}\n\n{}", lines.join("\n"), closing(language, about.reference))
}

/// The lines of time and place.
fn when_and_where(language: Language, news: News, fields: &Fields) -> Vec<String> {
    let catalogue = catalogue(language);
    let line = |label: &str, value: &str| format!("{label}: {}", isolated(language, value));
    let label = match news {
        News::Proposed => catalogue.proposed_time,
        _ => catalogue.time,
    };
    // "My office" is that of who asks: in the name of who answers it would be another one.
    let is_answer =
        matches!(news, News::Accepted | News::Declined | News::Tentative | News::Proposed);
    let place = match (fields.place_kind, fields.place.as_str()) {
        (PlaceKind::Office, _) if is_answer => None,
        (PlaceKind::Office, "") => Some(catalogue.office.to_owned()),
        (PlaceKind::Office, place) => Some(format!("{} ({place})", catalogue.office)),
        (_, "") => None,
        (_, place) => Some(place.to_owned()),
    };
    let place = place.map(|place| line(catalogue.place, &place));
    [line(label, &when(fields))].into_iter().chain(place).collect()
}

/// `2026-12-03 10:00–11:00 (Europe/Berlin)`.
fn when(fields: &Fields) -> String {
    let shown = |local| times::shown(local).replace('T', " ");
    let end = fields.start + i64::from(fields.duration_minutes) * 60;
    let (start, end) = (shown(fields.start), shown(end));
    let part =
        |text: &str, range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let last = shown(fields.start + (i64::from(fields.duration_minutes) * 60 - 1).max(0));
    let (day, last) = (part(&start, 0..10), part(&last, 0..10));
    let is_one_day = day == part(&end, 0..10);
    match (fields.all_day, day == last, is_one_day) {
        (true, true, _) => day,
        (true, false, _) => format!("{day} – {last}"),
        (false, _, true) => {
            let (from, to) = (part(&start, 0..16), part(&end, 11..16));
            format!("{from}–{to} ({})", fields.zone)
        }
        (false, _, false) => {
            let (from, to) = (part(&start, 0..16), part(&end, 0..16));
            format!("{from} – {to} ({})", fields.zone)
        }
    }
}

/// A sentence by who it is, and what is met about.
type Says = fn(&str, &str) -> String;

struct Catalogue {
    asks: Says,
    changed: Says,
    cancelled: Says,
    accepted: Says,
    declined: Says,
    tentative: Says,
    proposed: Says,
    /// Of whom nothing is said.
    somebody: &'static str,
    /// In place of what is met about.
    which: &'static str,
    time: &'static str,
    proposed_time: &'static str,
    place: &'static str,
    office: &'static str,
    answer: &'static str,
}

fn says(catalogue: &Catalogue, news: News) -> Says {
    match news {
        News::Asks => catalogue.asks,
        News::Changed => catalogue.changed,
        News::Cancelled => catalogue.cancelled,
        News::Accepted => catalogue.accepted,
        News::Declined => catalogue.declined,
        News::Tentative => catalogue.tentative,
        News::Proposed => catalogue.proposed,
    }
}

const fn catalogue(language: Language) -> &'static Catalogue {
    match language {
        Language::English => &ENGLISH,
        Language::Hebrew => &HEBREW,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Spanish => &SPANISH,
        Language::Arabic => &ARABIC,
    }
}

const ENGLISH: Catalogue = Catalogue {
    asks: |who, what| format!("{who} asks you for a meeting: {what}"),
    changed: |who, what| format!("{who} changed the meeting: {what}"),
    cancelled: |who, what| format!("{who} cancelled the meeting: {what}"),
    accepted: |who, what| format!("{who} accepted: {what}"),
    declined: |who, what| format!("{who} declined: {what}"),
    tentative: |who, what| format!("{who} may come: {what}"),
    proposed: |who, what| format!("{who} proposes another time: {what}"),
    somebody: "Somebody",
    which: "your calendar shows which one",
    time: "Time",
    proposed_time: "Proposed time",
    place: "Place",
    office: "My office",
    answer: "Accept or decline above the message, or on the page of your calendar.",
};

const GERMAN: Catalogue = Catalogue {
    asks: |who, what| format!("{who} bittet Sie um ein Treffen: {what}"),
    changed: |who, what| format!("{who} hat das Treffen geändert: {what}"),
    cancelled: |who, what| format!("{who} hat das Treffen abgesagt: {what}"),
    accepted: |who, what| format!("{who} hat zugesagt: {what}"),
    declined: |who, what| format!("{who} hat abgesagt: {what}"),
    tentative: |who, what| format!("{who} kommt vielleicht: {what}"),
    proposed: |who, what| format!("{who} schlägt eine andere Zeit vor: {what}"),
    somebody: "Jemand",
    which: "Ihr Kalender zeigt, welches",
    time: "Zeit",
    proposed_time: "Vorgeschlagene Zeit",
    place: "Ort",
    office: "Mein Büro",
    answer: "Sagen Sie über der Nachricht oder auf der Seite Ihres Kalenders zu oder ab.",
};

const SPANISH: Catalogue = Catalogue {
    asks: |who, what| format!("{who} le pide una reunión: {what}"),
    changed: |who, what| format!("{who} ha cambiado la reunión: {what}"),
    cancelled: |who, what| format!("{who} ha cancelado la reunión: {what}"),
    accepted: |who, what| format!("{who} ha aceptado: {what}"),
    declined: |who, what| format!("{who} ha rechazado: {what}"),
    tentative: |who, what| format!("{who} quizá asista: {what}"),
    proposed: |who, what| format!("{who} propone otra hora: {what}"),
    somebody: "Alguien",
    which: "su calendario muestra cuál",
    time: "Hora",
    proposed_time: "Hora propuesta",
    place: "Lugar",
    office: "Mi despacho",
    answer: "Acepte o rechace encima del mensaje o en la página de su calendario.",
};

const FRENCH: Catalogue = Catalogue {
    asks: |who, what| format!("{who} vous demande une réunion : {what}"),
    changed: |who, what| format!("{who} a modifié la réunion : {what}"),
    cancelled: |who, what| format!("{who} a annulé la réunion : {what}"),
    accepted: |who, what| format!("{who} a accepté : {what}"),
    declined: |who, what| format!("{who} a refusé : {what}"),
    tentative: |who, what| format!("{who} viendra peut-être : {what}"),
    proposed: |who, what| format!("{who} propose un autre horaire : {what}"),
    somebody: "Quelqu’un",
    which: "votre agenda montre laquelle",
    time: "Heure",
    proposed_time: "Horaire proposé",
    place: "Lieu",
    office: "Mon bureau",
    answer: "Acceptez ou refusez au-dessus du message, ou sur la page de votre agenda.",
};

const HEBREW: Catalogue = Catalogue {
    asks: |who, what| format!("בקשה לפגישה מאת {who}: {what}"),
    changed: |who, what| format!("הפגישה שונתה על ידי {who}: {what}"),
    cancelled: |who, what| format!("הפגישה בוטלה על ידי {who}: {what}"),
    accepted: |who, what| format!("הבקשה התקבלה על ידי {who}: {what}"),
    declined: |who, what| format!("הבקשה נדחתה על ידי {who}: {what}"),
    tentative: |who, what| format!("אולי תהיה השתתפות של {who}: {what}"),
    proposed: |who, what| format!("הצעה למועד אחר מאת {who}: {what}"),
    somebody: "מישהו",
    which: "היומן מראה איזו",
    time: "מועד",
    proposed_time: "מועד מוצע",
    place: "מקום",
    office: "המשרד שלי",
    answer: "אפשר לקבל או לדחות מעל ההודעה, או בעמוד היומן.",
};

const ARABIC: Catalogue = Catalogue {
    asks: |who, what| format!("طلب اجتماع من {who}: {what}"),
    changed: |who, what| format!("عدّل {who} الاجتماع: {what}"),
    cancelled: |who, what| format!("ألغى {who} الاجتماع: {what}"),
    accepted: |who, what| format!("قبل {who}: {what}"),
    declined: |who, what| format!("رفض {who}: {what}"),
    tentative: |who, what| format!("ربما يحضر {who}: {what}"),
    proposed: |who, what| format!("اقترح {who} وقتًا آخر: {what}"),
    somebody: "شخص ما",
    which: "يُظهر تقويمك أيّ اجتماع",
    time: "الوقت",
    proposed_time: "الوقت المقترح",
    place: "المكان",
    office: "مكتبي",
    answer: "يمكنك القبول أو الرفض أعلى الرسالة أو في صفحة التقويم.",
};

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [News; 7] = [
        News::Asks,
        News::Changed,
        News::Cancelled,
        News::Accepted,
        News::Declined,
        News::Tentative,
        News::Proposed,
    ];

    fn fields() -> Fields {
        Fields {
            title: "Budget".to_owned(),
            place: "Room 5".to_owned(),
            place_kind: PlaceKind::Elsewhere,
            text: "Bring\nfigures".to_owned(),
            start: times::parse("2026-12-03T10:00:00").unwrap(),
            duration_minutes: 90,
            zone: "Europe/Berlin".to_owned(),
            ..Fields::default()
        }
    }

    #[test]
    fn each_language_says_who_what_and_when() {
        let fields = fields();
        let about =
            About { who: Some("Dana"), fields: Some(&fields), words: "Gladly", reference: "01KAN" };
        for language in Language::ALL {
            for news in ALL {
                let (subject, text) =
                    (subject(language, news, &about), text(language, news, &about));
                assert!(["Dana", "Budget"].iter().all(|one| subject.contains(one)), "{subject}");
                let parts = ["2026-12-03 10:00–11:30 (Europe/Berlin)", "Room 5", "01KAN"];
                assert!(parts.iter().all(|one| text.contains(one)), "{text}");
                let says = if matches!(news, News::Asks | News::Changed) {
                    "> figures"
                } else {
                    "> Gladly"
                };
                assert!(text.contains(says) || news == News::Cancelled, "{text}");
            }
        }
    }

    #[test]
    fn of_what_the_reader_may_not_know_nothing_is_said() {
        let about = About { who: None, fields: None, words: "", reference: "01KAN" };
        for language in Language::ALL {
            let text = text(language, News::Cancelled, &about);
            assert!(text.contains("01KAN") && !text.contains("1970"), "{text}");
        }
        let english = subject(Language::English, News::Declined, &about);
        assert_eq!(english, "Somebody declined: your calendar shows which one");
    }

    #[test]
    fn days_and_nights_are_said_as_such() {
        let day = Fields { all_day: true, duration_minutes: 1_440, ..fields() };
        let day = Fields { start: times::day(day.start), ..day };
        assert_eq!(when(&day), "2026-12-03");
        assert_eq!(when(&Fields { duration_minutes: 2_880, ..day }), "2026-12-03 – 2026-12-04");
        let night = Fields { duration_minutes: 15 * 60, ..fields() };
        assert_eq!(when(&night), "2026-12-03 10:00 – 2026-12-04 01:00 (Europe/Berlin)");
    }
}
