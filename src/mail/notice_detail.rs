//! What notices add to their sentences, and those about messages whose way had no verified TLS, in
//! every language of the webmail.

use super::isolate::isolated;
use crate::terms::{Language, StepNote};

/// What a note of a delivery says, if its sender needs it besides the sentence.
pub fn note(language: Language, note: StepNote) -> Option<&'static str> {
    match note {
        StepNote::AccountDeleted => Some(match language {
            Language::English => "The recipient’s account was deleted.",
            Language::German => "Das Konto des Empfängers wurde gelöscht.",
            Language::French => "Le compte du destinataire a été supprimé.",
            Language::Spanish => "La cuenta del destinatario se ha eliminado.",
            Language::Hebrew => "חשבון הנמען נמחק.",
            Language::Arabic => "حُذف حساب المستلم.",
        }),
        StepNote::Notified | StepNote::Tried | StepNote::NoVerifiedTls => None,
    }
}

/// Says when a temporary account expires.
pub fn expires(language: Language, at: &str) -> String {
    let at = isolated(language, at);
    match language {
        Language::English => format!("The temporary account expires at {at}; you can extend it."),
        Language::German => {
            format!("Das temporäre Konto läuft um {at} ab; Sie können es verlängern.")
        }
        Language::French => {
            format!("Le compte temporaire expire à {at} ; vous pouvez le prolonger.")
        }
        Language::Spanish => format!("La cuenta temporal caduca a las {at}; puede prolongarla."),
        Language::Hebrew => format!("תוקף החשבון הזמני יפוג ב־{at}; אפשר להאריך אותו."),
        Language::Arabic => format!("تنتهي صلاحية الحساب المؤقت في {at}، ويمكنك تمديدها."),
    }
}

/// Where a message went whose way had no verified TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Into a temporary account.
    Here,
    /// Out as ordinary mail.
    Plain,
}

impl Instead {
    pub(super) fn title(self, language: Language) -> &'static str {
        match (self, language) {
            (Instead::Here, Language::English) => "Not sent by email, but kept here to be read",
            (Instead::Here, Language::German) => "Nicht gemailt, sondern hier zu lesen",
            (Instead::Here, Language::French) => "Non envoyé par courriel, à lire ici",
            (Instead::Here, Language::Spanish) => "No se envió por correo, se lee aquí",
            (Instead::Here, Language::Hebrew) => "לא נשלחה בדואר, ומחכה לקריאה כאן",
            (Instead::Here, Language::Arabic) => "لم تُرسل بالبريد، وتُقرأ هنا",
            (Instead::Plain, Language::English) => "Sent without verified encryption",
            (Instead::Plain, Language::German) => "Ohne geprüfte Verschlüsselung gesendet",
            (Instead::Plain, Language::French) => "Envoyé sans chiffrement vérifié",
            (Instead::Plain, Language::Spanish) => "Enviado sin cifrado verificado",
            (Instead::Plain, Language::Hebrew) => "נשלחה בלי הצפנה מאומתת",
            (Instead::Plain, Language::Arabic) => "أُرسلت دون تشفير موثَّق",
        }
    }

    pub(super) fn sentence(self, language: Language, who: &str) -> String {
        let tried = match language {
            Language::English => {
                format!("Your message could not be sent to {who} with verified encryption.")
            }
            Language::German => format!(
                "Ihre Nachricht konnte nicht mit geprüfter Verschlüsselung an {who} gesendet werden."
            ),
            Language::French => {
                format!("Votre message n’a pas pu être envoyé à {who} avec un chiffrement vérifié.")
            }
            Language::Spanish => {
                format!("Su mensaje no se pudo enviar a {who} con cifrado verificado.")
            }
            Language::Hebrew => {
                format!("לא ניתן היה לשלוח את ההודעה שלך אל {who} בהצפנה מאומתת.")
            }
            Language::Arabic => format!("تعذّر إرسال رسالتك إلى {who} بتشفير موثَّق."),
        };
        format!("{tried} {}", self.followed(language))
    }

    /// The same about several recipients, who are named below it.
    pub(super) fn sentence_many(self, language: Language, count: usize) -> String {
        let tried = match language {
            Language::English => format!(
                "Your message could not be sent to {count} recipients with verified encryption."
            ),
            Language::German => format!(
                "Ihre Nachricht konnte nicht mit geprüfter Verschlüsselung an {count} Empfänger gesendet werden."
            ),
            Language::French => format!(
                "Votre message n’a pas pu être envoyé à {count} destinataires avec un chiffrement vérifié."
            ),
            Language::Spanish => {
                format!(
                    "Su mensaje no se pudo enviar a {count} destinatarios con cifrado verificado."
                )
            }
            Language::Hebrew => {
                format!("לא ניתן היה לשלוח את ההודעה שלך אל {count} נמענים בהצפנה מאומתת.")
            }
            Language::Arabic => {
                format!("تعذّر إرسال رسالتك إلى {count} من المستلمين بتشفير موثَّق.")
            }
        };
        format!("{tried} {}", self.followed(language))
    }

    /// What happened instead.
    fn followed(self, language: Language) -> &'static str {
        match (self, language) {
            (Instead::Here, Language::English) => {
                "It did not leave this server: it is read here, in a temporary account."
            }
            (Instead::Here, Language::German) => {
                "Sie hat diesen Server nicht verlassen: Sie wird hier in einem temporären Konto gelesen."
            }
            (Instead::Here, Language::French) => {
                "Il n’a pas quitté ce serveur : il se lit ici, dans un compte temporaire."
            }
            (Instead::Here, Language::Spanish) => {
                "No ha salido de este servidor: se lee aquí, en una cuenta temporal."
            }
            (Instead::Here, Language::Hebrew) => {
                "היא לא יצאה מהשרת הזה: קוראים אותה כאן, בחשבון זמני."
            }
            (Instead::Here, Language::Arabic) => "لم تغادر هذا الخادم: تُقرأ هنا في حساب مؤقت.",
            (Instead::Plain, Language::English) => {
                "It is sent as ordinary email, which others could read on the way."
            }
            (Instead::Plain, Language::German) => {
                "Sie wird als gewöhnliche E-Mail gesendet, die andere unterwegs lesen könnten."
            }
            (Instead::Plain, Language::French) => {
                "Il est envoyé comme courriel ordinaire, que d’autres pourraient lire en chemin."
            }
            (Instead::Plain, Language::Spanish) => {
                "Se envía como correo ordinario, que otros podrían leer por el camino."
            }
            (Instead::Plain, Language::Hebrew) => "היא נשלחת כדואר רגיל, שאחרים עלולים לקרוא בדרך.",
            (Instead::Plain, Language::Arabic) => "تُرسل كبريد عادي يمكن أن يقرأه آخرون في الطريق.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_isolates_where_writing_runs_from_right_to_left() {
        for language in Language::ALL {
            let said = expires(language, "2026-11-28 16:33 UTC");
            let isolates = matches!(language, Language::Hebrew | Language::Arabic);
            assert_eq!(said.contains("\u{2068}2026-11-28 16:33 UTC\u{2069}"), isolates, "{said}");
            assert!(said.contains("2026-11-28 16:33 UTC"), "{said}");
        }
    }
}
