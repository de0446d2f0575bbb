//! The sentences of messages about chat, in every language of the webmail: that something waits in a room,
//! and a transcript.

use time::OffsetDateTime;

use crate::mail::isolate::isolated;
use crate::mail::notice_text::closing;
use crate::terms::Language;

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub at: OffsetDateTime,
    /// Empty if the account is there no more.
    pub who: String,
    pub reference: String,
    /// `None` if it cannot be opened.
    pub text: Option<String>,
    pub files: Vec<HeardFile>,
}

/// A file of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardFile {
    pub name: String,
    pub size: u64,
    pub kept: Kept,
}

/// Whether a transcript has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Attached,
    /// It did not fit, or could not be opened.
    LeftOut,
}

/// How much of what was said a message of a transcript has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// One of several messages, which have all of it.
    Part,
    /// The last lines, in one message or in several.
    Last,
}

/// That something waits.
pub fn waits_title(language: Language) -> &'static str {
    catalogue(language).waits
}

/// The subject of the notice that something waits.
pub fn waits(language: Language, reference: &str) -> String {
    format!("{}: {reference}", catalogue(language).waits)
}

/// The body of that notice.
pub fn waits_text(language: Language, reference: &str) -> String {
    let catalogue = catalogue(language);
    format!("{}. {}\n\n{}", catalogue.waits, catalogue.open, closing(language, reference))
}

/// The subject of a part of a transcript. A conversation has no name.
pub fn transcript(language: Language, name: &str, part: usize) -> String {
    let title = catalogue(language).transcript;
    let name =
        if name.is_empty() { String::new() } else { format!(": {}", isolated(language, name)) };
    match part {
        1 => format!("{title}{name}"),
        part => format!("{title}{name} ({part})"),
    }
}

/// The body of a part of a transcript.
pub fn transcript_text(language: Language, room: &str, extent: Extent, lines: &[Heard]) -> String {
    let catalogue = catalogue(language);
    let mut text = match extent {
        Extent::Whole => format!("{}\n\n", catalogue.whole),
        Extent::Part => format!("{}\n\n", catalogue.part),
        Extent::Last => format!("{} {}\n\n", catalogue.part, catalogue.last),
    };
    if lines.is_empty() {
        text += catalogue.nothing;
        text += "\n\n";
    }
    for Heard { at, who, reference, text: said, files } in lines {
        let who = if who.is_empty() { catalogue.removed } else { who.as_str() };
        let at = at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        text += &format!("{at} {} [{reference}]\n", isolated(language, who));
        let said = said.as_deref().unwrap_or(catalogue.closed);
        for line in said.lines() {
            text += &format!("> {line}\n");
        }
        for HeardFile { name, size, kept } in files {
            let name = isolated(language, name);
            text += &match kept {
                Kept::Attached => format!("{}: {name}\n", catalogue.attached),
                Kept::LeftOut => format!("{}: {name} ({size})\n", catalogue.left_out),
            };
        }
        text += "\n";
    }
    text + &closing(language, room)
}

struct Catalogue {
    waits: &'static str,
    open: &'static str,
    transcript: &'static str,
    whole: &'static str,
    part: &'static str,
    last: &'static str,
    nothing: &'static str,
    removed: &'static str,
    closed: &'static str,
    attached: &'static str,
    left_out: &'static str,
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
    waits: "Something was said in a chat while you were away",
    open: "Open the chat in your browser to read it.",
    transcript: "Transcript of a chat",
    whole: "This is what was said between your joining and your leaving, without what was deleted. Times \
            are in UTC.",
    part: "This is a part of what was said between your joining and your leaving, without what was deleted. \
           Times are in UTC.",
    last: "Only the last lines are here: more was said than a transcript holds.",
    nothing: "Nothing was said.",
    removed: "Somebody whose account was removed",
    closed: "(This line cannot be opened with your keys.)",
    attached: "Attached",
    left_out: "Not attached, since there was no room for it or it cannot be opened (size in octets)",
};

const GERMAN: Catalogue = Catalogue {
    waits: "In einem Chat wurde etwas gesagt, während Sie weg waren",
    open: "Öffnen Sie den Chat im Browser, um es zu lesen.",
    transcript: "Mitschrift eines Chats",
    whole: "Dies wurde gesagt, seit Sie beigetreten sind und bis Sie gegangen sind, ohne das Gelöschte. \
            Die Zeiten sind in UTC.",
    part: "Dies ist ein Teil dessen, was gesagt wurde, seit Sie beigetreten sind und bis Sie gegangen sind, \
           ohne das Gelöschte. Die Zeiten sind in UTC.",
    last: "Hier stehen nur die letzten Zeilen: Es wurde mehr gesagt, als eine Mitschrift fasst.",
    nothing: "Es wurde nichts gesagt.",
    removed: "Jemand, dessen Konto entfernt wurde",
    closed: "(Diese Zeile lässt sich mit Ihren Schlüsseln nicht öffnen.)",
    attached: "Angehängt",
    left_out: "Nicht angehängt, weil kein Platz dafür war oder es sich nicht öffnen lässt (Größe in Oktetten)",
};

const FRENCH: Catalogue = Catalogue {
    waits: "Quelque chose a été dit dans une discussion en votre absence",
    open: "Ouvrez la discussion dans votre navigateur pour le lire.",
    transcript: "Transcription d’une discussion",
    whole: "Voici ce qui a été dit entre votre arrivée et votre départ, sans ce qui a été supprimé. Les \
            heures sont en UTC.",
    part: "Voici une partie de ce qui a été dit entre votre arrivée et votre départ, sans ce qui a été \
           supprimé. Les heures sont en UTC.",
    last: "Seules les dernières lignes figurent ici : il a été dit plus que ne contient une transcription.",
    nothing: "Rien n’a été dit.",
    removed: "Une personne dont le compte a été supprimé",
    closed: "(Cette ligne ne peut pas être ouverte avec vos clés.)",
    attached: "Joint",
    left_out: "Non joint, faute de place ou parce qu’il ne peut pas être ouvert (taille en octets)",
};

const SPANISH: Catalogue = Catalogue {
    waits: "Se dijo algo en un chat mientras no estaba",
    open: "Abra el chat en su navegador para leerlo.",
    transcript: "Transcripción de un chat",
    whole: "Esto es lo que se dijo entre su entrada y su salida, sin lo que se eliminó. Las horas están \
            en UTC.",
    part: "Esto es una parte de lo que se dijo entre su entrada y su salida, sin lo que se eliminó. Las \
           horas están en UTC.",
    last: "Aquí solo están las últimas líneas: se dijo más de lo que cabe en una transcripción.",
    nothing: "No se dijo nada.",
    removed: "Una persona cuya cuenta se eliminó",
    closed: "(Esta línea no se puede abrir con sus claves.)",
    attached: "Adjunto",
    left_out: "No adjunto, porque no había espacio o no se puede abrir (tamaño en octetos)",
};

const HEBREW: Catalogue = Catalogue {
    waits: "משהו נאמר בצ׳אט בזמן שלא היית כאן",
    open: "כדי לקרוא, יש לפתוח את הצ׳אט בדפדפן.",
    transcript: "תמליל של צ׳אט",
    whole: "זה מה שנאמר מרגע ההצטרפות שלך ועד היציאה, בלי מה שנמחק. השעות הן לפי UTC.",
    part: "זה חלק ממה שנאמר מרגע ההצטרפות שלך ועד היציאה, בלי מה שנמחק. השעות הן לפי UTC.",
    last: "כאן מופיעות רק השורות האחרונות: נאמר יותר ממה שתמליל מכיל.",
    nothing: "לא נאמר דבר.",
    removed: "אדם שהחשבון שלו הוסר",
    closed: "(אי אפשר לפתוח את השורה הזו במפתחות שלך.)",
    attached: "צורף",
    left_out: "לא צורף, כי לא היה מקום או שאי אפשר לפתוח אותו (הגודל באוקטטים)",
};

const ARABIC: Catalogue = Catalogue {
    waits: "قيل شيء في محادثة أثناء غيابك",
    open: "افتح المحادثة في المتصفح لقراءته.",
    transcript: "نص محادثة",
    whole: "هذا ما قيل بين انضمامك ومغادرتك، دون ما حُذف. الأوقات بالتوقيت العالمي المنسق.",
    part: "هذا جزء مما قيل بين انضمامك ومغادرتك، دون ما حُذف. الأوقات بالتوقيت العالمي المنسق.",
    last: "هنا الأسطر الأخيرة فقط: قيل أكثر مما يتسع له نص المحادثة.",
    nothing: "لم يُقل شيء.",
    removed: "شخص أُزيل حسابه",
    closed: "(لا يمكن فتح هذا السطر بمفاتيحك.)",
    attached: "مرفق",
    left_out: "غير مرفق، لعدم وجود مساحة أو لتعذر فتحه (الحجم بالبايت)",
};

#[cfg(test)]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 6] = [
        Language::English,
        Language::Hebrew,
        Language::German,
        Language::French,
        Language::Spanish,
        Language::Arabic,
    ];

    /// P-66, P-71: every language names the reference numbers; a notice has nothing else to say.
    #[test]
    fn each_language_names_the_reference_numbers() {
        let heard = Heard {
            at: OffsetDateTime::UNIX_EPOCH,
            who: "Ada".to_owned(),
            reference: "REF-1".to_owned(),
            text: Some("one\ntwo".to_owned()),
            files: vec![
                HeardFile { name: "a.pdf".to_owned(), size: 7, kept: Kept::Attached },
                HeardFile { name: "b.pdf".to_owned(), size: 4_321, kept: Kept::LeftOut },
            ],
        };
        let closed = Heard { text: None, who: String::new(), files: Vec::new(), ..heard.clone() };
        for language in LANGUAGES {
            assert!(waits(language, "REF-1").ends_with(": REF-1"));
            assert!(waits_text(language, "REF-1").contains("REF-1"));
            let lines = [heard.clone(), closed.clone()];
            let text = transcript_text(language, "ROOM", Extent::Whole, &lines);
            assert_eq!(text.matches("[REF-1]").count(), 2, "{text}");
            assert!(text.contains("> one\n> two\n") && text.contains("ROOM"), "{text}");
            assert!(text.contains("a.pdf") && !text.contains("(7)"), "{text}");
            assert!(text.contains("b.pdf") && text.contains("(4321)"), "{text}");
            let begins = |extent| transcript_text(language, "ROOM", extent, &[]);
            assert!(begins(Extent::Part).starts_with(catalogue(language).part));
            assert!(!begins(Extent::Part).contains(catalogue(language).last));
            assert!(begins(Extent::Last).contains(catalogue(language).last));
            assert!(!transcript(language, "", 1).ends_with(": "));
            assert!(transcript(language, "Plans", 2).ends_with("(2)"));
        }
    }
}
