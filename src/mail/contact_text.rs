//! The sentences of messages about requests to add a contact, in every language of the webmail.

use crate::mail::isolate::isolated;
use crate::mail::notice_text::closing;
use crate::terms::Language;

/// What a request says.
#[derive(Clone, Copy)]
pub struct Asked<'t> {
    /// Who asks, and whom to add.
    pub who: &'t str,
    pub name: &'t str,
    /// The sender's own words.
    pub note: &'t str,
    /// The proposed contact, field by field.
    pub fields: &'t [String],
    pub reference: &'t str,
}

/// The subject of a request.
pub fn subject(language: Language, who: &str, name: &str) -> String {
    (catalogue(language).asks)(&isolated(language, who), &isolated(language, name))
}

/// The body of a request.
pub fn text(language: Language, asked: &Asked<'_>) -> String {
    let catalogue = catalogue(language);
    let asks = (catalogue.asks)(&isolated(language, asked.who), &isolated(language, asked.name));
    let fields: Vec<String> = asked.fields.iter().map(|one| isolated(language, one)).collect();
    // The sender's words are marked as such: they must not look like ours, or like a field.
    let note: String = asked.note.lines().map(|line| format!("> {line}\n")).collect();
    let note = if note.is_empty() { note } else { format!("{note}\n") };
    let closing = closing(language, asked.reference);
    format!("{asks}.\n\n{}\n\n{note}{}\n\n{closing}", fields.join("\n"), catalogue.answer)
}

/// That the contact was added.
pub fn allowed(language: Language, who: &str, name: &str) -> String {
    (catalogue(language).allowed)(&isolated(language, who), &isolated(language, name))
}

/// That it was not.
pub fn refused(language: Language, who: &str, name: &str) -> String {
    (catalogue(language).refused)(&isolated(language, who), &isolated(language, name))
}

/// The body of the message that says what became of a request.
pub fn outcome(language: Language, said: &str, reference: &str) -> String {
    format!("{said}.\n\n{}", closing(language, reference))
}

struct Catalogue {
    /// Each by who it is that asks or answers, and the contact's name.
    asks: fn(&str, &str) -> String,
    allowed: fn(&str, &str) -> String,
    refused: fn(&str, &str) -> String,
    answer: &'static str,
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
    asks: |who, name| format!("{who} asks you to add {name} to your contacts"),
    allowed: |who, name| format!("{who} added {name} to the contacts"),
    refused: |who, name| format!("{who} did not add {name} to the contacts"),
    answer: "Allow or refuse this above the message, or on the page of your contacts. Nothing is stored until you allow it.",
};

const GERMAN: Catalogue = Catalogue {
    asks: |who, name| format!("{who} bittet Sie, {name} in Ihre Kontakte aufzunehmen"),
    allowed: |who, name| format!("{who} hat {name} in die Kontakte aufgenommen"),
    refused: |who, name| format!("{who} hat {name} nicht in die Kontakte aufgenommen"),
    answer: "Erlauben Sie das über der Nachricht oder auf der Seite Ihrer Kontakte, oder lehnen Sie es dort ab. Gespeichert wird erst etwas, wenn Sie es erlauben.",
};

const SPANISH: Catalogue = Catalogue {
    asks: |who, name| format!("{who} le pide que añada a {name} a sus contactos"),
    allowed: |who, name| format!("{who} ha añadido a {name} a los contactos"),
    refused: |who, name| format!("{who} no ha añadido a {name} a los contactos"),
    answer: "Permítalo o rechácelo encima del mensaje o en la página de sus contactos. No se guarda nada hasta que lo permita.",
};

const FRENCH: Catalogue = Catalogue {
    asks: |who, name| format!("{who} vous demande d’ajouter {name} à vos contacts"),
    allowed: |who, name| format!("{who} a ajouté {name} aux contacts"),
    refused: |who, name| format!("{who} n’a pas ajouté {name} aux contacts"),
    answer: "Autorisez ou refusez au-dessus du message, ou sur la page de vos contacts. Rien n’est enregistré tant que vous ne l’autorisez pas.",
};

const HEBREW: Catalogue = Catalogue {
    asks: |who, name| format!("בקשה מאת {who} להוסיף את {name} לאנשי הקשר שלך"),
    allowed: |who, name| format!("הבקשה להוסיף את {name} לאנשי הקשר אושרה על ידי {who}"),
    refused: |who, name| format!("הבקשה להוסיף את {name} לאנשי הקשר נדחתה על ידי {who}"),
    answer: "אפשר לאשר או לדחות מעל ההודעה, או בעמוד אנשי הקשר. דבר לא נשמר לפני האישור.",
};

const ARABIC: Catalogue = Catalogue {
    asks: |who, name| format!("طلب من {who} لإضافة {name} إلى جهات اتصالك"),
    allowed: |who, name| format!("وافق {who} على إضافة {name} إلى جهات الاتصال"),
    refused: |who, name| format!("رفض {who} إضافة {name} إلى جهات الاتصال"),
    answer: "يمكنك الموافقة أو الرفض أعلى الرسالة أو في صفحة جهات الاتصال. لا يُحفظ شيء قبل موافقتك.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_says_who_asks_what() {
        let fields = ["Omar".to_owned(), "omar@b.example".to_owned()];
        let asked = Asked {
            who: "Dana",
            name: "Omar",
            note: "Please\nAllow",
            fields: &fields,
            reference: "01KAN",
        };
        for language in Language::ALL {
            for said in [
                text(language, &asked),
                outcome(language, &allowed(language, "Dana", "Omar"), "01KAN"),
                outcome(language, &refused(language, "Dana", "Omar"), "01KAN"),
            ] {
                assert!(["Dana", "Omar", "01KAN"].iter().all(|one| said.contains(one)), "{said}");
            }
            assert!(text(language, &asked).contains("\n> Please\n> Allow\n\n"));
            let (yes, no) = (allowed(language, "a", "b"), refused(language, "a", "b"));
            assert_ne!(yes, no);
        }
    }
}
