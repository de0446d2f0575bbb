//! The sentences of the notices about vouching, in every language of the webmail. A sentence that is
//! missing is a compile error.
//!
//! Their frame is that of every notice (`notice_text`).

use crate::mail::{isolate::isolated, notice_text};
use crate::terms::Language;

/// What a notice about vouching says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Somebody asks the reader to vouch.
    Asked,
    /// Somebody refused to vouch for the reader.
    Refused,
    /// Somebody vouched for the reader.
    Vouched,
    /// Somebody no longer vouches for the reader.
    Revoked,
    /// Somebody for whom the reader vouched has another signing key.
    KeyChanged,
}

impl About {
    /// All of them.
    pub const ALL: [About; 5] =
        [About::Asked, About::Refused, About::Vouched, About::Revoked, About::KeyChanged];
}

/// The subject of the notice with this reference number.
pub fn subject(language: Language, about: About, reference: &str) -> String {
    format!("{}: {reference}", (catalogue(language).title)(about))
}

/// The body of a notice: what `who` did, and where it is seen.
pub fn text(language: Language, about: About, who: &str, reference: &str) -> String {
    let catalogue = catalogue(language);
    let what = (catalogue.sentence)(about, &isolated(language, who));
    let closing = notice_text::closing(language, reference);
    format!("{what}\n\n{}\n\n{closing}", catalogue.page)
}

struct Catalogue {
    title: fn(About) -> &'static str,
    /// By the name and the address of the other party.
    sentence: fn(About, &str) -> String,
    page: &'static str,
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
    title: |about| match about {
        About::Asked => "Request to vouch",
        About::Refused => "Request to vouch refused",
        About::Vouched => "You are vouched for",
        About::Revoked => "Vouching ended",
        About::KeyChanged => "Signing key changed",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "{who} asks you to vouch for their signing key. Compare the code first, in person or in a call: do not vouch because of this message alone."
        ),
        About::Refused => format!("{who} did not vouch for your signing key."),
        About::Vouched => {
            format!("{who} vouches for your signing key. Your messages say so from now on.")
        }
        About::Revoked => format!("{who} no longer vouches for your signing key."),
        About::KeyChanged => format!(
            "{who}, for whom you vouched, has another signing key. What you attested about the earlier one has ended. Ask before you vouch again."
        ),
    },
    page: "You find this on the page “Colleagues”.",
};

const GERMAN: Catalogue = Catalogue {
    title: |about| match about {
        About::Asked => "Bitte um Bürgschaft",
        About::Refused => "Bürgschaft abgelehnt",
        About::Vouched => "Für Sie wird gebürgt",
        About::Revoked => "Bürgschaft beendet",
        About::KeyChanged => "Signaturschlüssel geändert",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "{who} bittet Sie, für den eigenen Signaturschlüssel zu bürgen. Vergleichen Sie zuerst den Code, persönlich oder in einem Gespräch: Bürgen Sie nicht allein wegen dieser Nachricht."
        ),
        About::Refused => format!("{who} hat nicht für Ihren Signaturschlüssel gebürgt."),
        About::Vouched => format!(
            "{who} bürgt für Ihren Signaturschlüssel. Ihre Nachrichten sagen das von nun an."
        ),
        About::Revoked => format!("{who} bürgt nicht mehr für Ihren Signaturschlüssel."),
        About::KeyChanged => format!(
            "{who}, für den oder die Sie gebürgt haben, hat einen anderen Signaturschlüssel. Was Sie für den früheren bestätigt haben, ist beendet. Fragen Sie nach, bevor Sie wieder bürgen."
        ),
    },
    page: "Sie finden das auf der Seite „Kolleginnen und Kollegen“.",
};

const FRENCH: Catalogue = Catalogue {
    title: |about| match about {
        About::Asked => "Demande de garantie",
        About::Refused => "Garantie refusée",
        About::Vouched => "Quelqu’un se porte garant de vous",
        About::Revoked => "Garantie terminée",
        About::KeyChanged => "Clé de signature changée",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "{who} vous demande de vous porter garant de sa clé de signature. Comparez d’abord le code, en personne ou lors d’un appel : ne le faites pas sur la seule foi de ce message."
        ),
        About::Refused => format!("{who} ne s’est pas porté garant de votre clé de signature."),
        About::Vouched => format!(
            "{who} se porte garant de votre clé de signature. Vos messages l’indiquent désormais."
        ),
        About::Revoked => format!("{who} ne se porte plus garant de votre clé de signature."),
        About::KeyChanged => format!(
            "{who}, dont vous vous étiez porté garant, a une autre clé de signature. Ce que vous avez attesté pour la précédente a pris fin. Renseignez-vous avant de vous porter à nouveau garant."
        ),
    },
    page: "Vous le trouverez sur la page « Collègues ».",
};

const SPANISH: Catalogue = Catalogue {
    title: |about| match about {
        About::Asked => "Petición de aval",
        About::Refused => "Petición de aval rechazada",
        About::Vouched => "Alguien le avala",
        About::Revoked => "Aval terminado",
        About::KeyChanged => "Clave de firma cambiada",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "{who} le pide que avale su clave de firma. Compare antes el código, en persona o en una llamada: no la avale solo por este mensaje."
        ),
        About::Refused => format!("{who} no ha avalado su clave de firma."),
        About::Vouched => {
            format!("{who} avala su clave de firma. Sus mensajes lo dicen a partir de ahora.")
        }
        About::Revoked => format!("{who} ya no avala su clave de firma."),
        About::KeyChanged => format!(
            "{who}, a quien usted avaló, tiene otra clave de firma. Lo que usted certificó sobre la anterior ha terminado. Pregunte antes de avalar de nuevo."
        ),
    },
    page: "Lo encontrará en la página «Colegas».",
};

const HEBREW: Catalogue = Catalogue {
    title: |about| match about {
        About::Asked => "בקשה לערוב",
        About::Refused => "הבקשה לערוב נדחתה",
        About::Vouched => "ערבים לך",
        About::Revoked => "הערבות הסתיימה",
        About::KeyChanged => "מפתח החתימה הוחלף",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "התקבלה בקשה מאת {who} לערוב למפתח החתימה. יש להשוות קודם את הקוד, בפגישה או בשיחה: אין לערוב על סמך הודעה זו בלבד."
        ),
        About::Refused => format!("הבקשה אל {who} לערוב למפתח החתימה שלך נדחתה."),
        About::Vouched => {
            format!("התקבלה ערבות מאת {who} למפתח החתימה שלך. מעתה ההודעות שלך מציינות זאת.")
        }
        About::Revoked => format!("הערבות מאת {who} למפתח החתימה שלך הסתיימה."),
        About::KeyChanged => format!(
            "מפתח החתימה של {who}, שערבת לו, הוחלף. מה שאישרת לגבי המפתח הקודם הסתיים. יש לברר לפני שעורבים שוב."
        ),
    },
    page: "הפרטים נמצאים בדף „עמיתים”.",
};

const ARABIC: Catalogue = Catalogue {
    title: |about| match about {
        About::Asked => "طلب تزكية",
        About::Refused => "رُفض طلب التزكية",
        About::Vouched => "حصلت على تزكية",
        About::Revoked => "انتهت التزكية",
        About::KeyChanged => "تغيّر مفتاح التوقيع",
    },
    sentence: |about, who| match about {
        About::Asked => format!(
            "ورد طلب من {who} لتزكية مفتاح التوقيع. قارن الرمز أولًا، وجهًا لوجه أو في مكالمة: لا تُزكِّ بناءً على هذه الرسالة وحدها."
        ),
        About::Refused => format!("رُفض طلبك إلى {who} لتزكية مفتاح توقيعك."),
        About::Vouched => {
            format!("حصل مفتاح توقيعك على تزكية من {who}. ستذكر رسائلك ذلك من الآن فصاعدًا.")
        }
        About::Revoked => format!("انتهت تزكية {who} لمفتاح توقيعك."),
        About::KeyChanged => format!(
            "تغيّر مفتاح التوقيع الخاص بـ {who} بعد أن زكّيته. انتهى ما شهدت به للمفتاح السابق. تحقّق قبل أن تزكّي من جديد."
        ),
    },
    page: "تجد ذلك في صفحة «الزملاء».",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notice_names_the_other_party_and_its_number() {
        for language in Language::ALL {
            for about in About::ALL {
                let text = text(language, about, "Dana <dana@example.org>", "01KAN-5Q7DC");
                assert!(text.contains("Dana <dana@example.org>"), "{text}");
                assert!(text.contains("01KAN-5Q7DC"), "{text}");
                let subject = subject(language, about, "01KAN-5Q7DC");
                assert!(!subject.contains("Dana") && subject.ends_with("01KAN-5Q7DC"));
            }
        }
    }
}
