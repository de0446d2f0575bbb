//! What a notification says, in every language the pages have. A sentence that is missing in one
//! does not compile.
//!
//! Where writing runs from right to left, what may run the other way stands in isolates
//! (Unicode UAX #9, FSI to PDI), so that punctuation and digits stay where they belong.
//! What people copy has none: a password, a reference number, an address stand there as they are.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

/// A language that notifications are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    English,
    Hebrew,
    German,
    French,
    Spanish,
    Arabic,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 6] = [
        Language::English,
        Language::Hebrew,
        Language::German,
        Language::French,
        Language::Spanish,
        Language::Arabic,
    ];

    /// Its name for machines (RFC 5646).
    pub fn tag(self) -> &'static str {
        self.words().tag
    }

    /// The one that has this name.
    pub fn from_tag(tag: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Language::English => &ENGLISH,
            Language::Hebrew => &HEBREW,
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
            Language::Arabic => &ARABIC,
        }
    }
}

/// When and how much.
pub(super) struct Facts<'a> {
    pub sent: OffsetDateTime,
    pub reference: &'a str,
    pub waiting: u32,
    pub until: OffsetDateTime,
}

/// Everything that is said in one language.
pub(super) struct Words {
    pub tag: &'static str,
    pub direction: &'static str,
    /// The subject, by the sender's name.
    pub subject: fn(&str) -> String,
    pub subject_expiring: fn(&str) -> String,
    /// By whom it was sent.
    pub sent_by: fn(&str) -> String,
    pub expiring: fn(&str) -> String,
    pub facts: fn(&Facts<'_>) -> String,
    /// By the password.
    pub claim: fn(&str) -> String,
    pub in_mail: fn(&str) -> String,
    /// By who tells it.
    pub by_sender: fn(&str) -> String,
    pub claimed: &'static str,
    /// By who is told.
    pub confirmed: fn(&str) -> String,
    /// By where to go, and the name to sign in with.
    pub without_link: fn(&str, &str) -> String,
    /// By who is called, and the number.
    pub in_doubt: fn(&str, &str) -> String,
    pub to_read: &'static str,
}

/// `Fri 4 Dec 2026, 18:00 UTC`: the zone is always named.
pub(super) fn moment(at: OffsetDateTime) -> String {
    let form = format_description!(
        "[weekday repr:short] [day padding:none] [month repr:short] [year], [hour]:[minute] UTC"
    );
    at.format(form).unwrap_or_default()
}

/// The same in digits, where months have other names.
fn digits(at: OffsetDateTime) -> String {
    let form = format_description!("[day].[month].[year] [hour]:[minute] UTC");
    at.format(form).unwrap_or_default()
}

/// What may run in the other direction.
fn own(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

const ENGLISH: Words = Words {
    tag: "en",
    direction: "ltr",
    subject: |name| format!("A letter from {name}"),
    subject_expiring: |name| format!("A letter from {name} will be removed soon"),
    sent_by: |who| format!("{who} sent you a protected letter."),
    expiring: |who| format!("{who} wrote to you; the letter is about to be removed."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 letter waits".to_owned(),
            n => format!("{n} letters wait"),
        };
        let (sent, until) = (moment(facts.sent), moment(facts.until));
        format!("Sent: {sent}\nReference: {}\n{many} for you, until {until}.", facts.reference)
    },
    claim: |password| {
        format!(
            "Password for your first visit:\n{password}\nYou choose your own passphrase there; \
             then this one opens nothing any more."
        )
    },
    in_mail: |password| format!("Your password:\n{password}"),
    by_sender: |who| format!("{who} will tell you the password."),
    claimed: "Sign in with the passphrase that you chose.",
    confirmed: |who| {
        format!("{who} is told when you open the letter or reject it, and nothing else.")
    },
    without_link: |site, name| {
        format!(
            "We never ask for your mail password. Without the link: type {site} into your \
             browser and sign in as {name}."
        )
    },
    in_doubt: |whom, phone| format!("If in doubt, call {whom}: {phone}"),
    to_read: "To read it:",
};

const HEBREW: Words = Words {
    tag: "he",
    direction: "rtl",
    subject: |name| format!("{name} כתב/ה אליך"),
    subject_expiring: |name| format!("ההודעה מאת {name} תימחק בקרוב"),
    sent_by: |who| format!("{} שלח/ה אליך הודעה מוגנת.", own(who)),
    expiring: |who| format!("{} כתב/ה אליך; ההודעה תימחק בקרוב.", own(who)),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "הודעה אחת ממתינה".to_owned(),
            2 => "שתי הודעות ממתינות".to_owned(),
            n => format!("{n} הודעות ממתינות"),
        };
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let reference = facts.reference;
        format!("נשלחה: {sent}\nמספר סימוכין: {reference}\n{many} לך, עד {until}.")
    },
    claim: |password| {
        format!(
            "סיסמה לכניסה הראשונה:\n{password}\nשם תבחר/י סיסמה משלך; לאחר מכן סיסמה זו לא תפתח דבר."
        )
    },
    in_mail: |password| format!("הסיסמה שלך:\n{password}"),
    by_sender: |who| format!("{} ימסור/תמסור לך את הסיסמה.", own(who)),
    claimed: "הכניסה היא בסיסמה שבחרת.",
    confirmed: |who| {
        format!("{} יקבל/תקבל אישור כשתפתח/י את ההודעה או תדחה/י אותה, ולא יותר.", own(who))
    },
    without_link: |site, name| {
        format!(
            "לעולם לא נבקש את סיסמת הדואר שלך. בלי הקישור: יש להקליד {site} בדפדפן ולהיכנס בשם {name}."
        )
    },
    in_doubt: |whom, phone| format!("במקרה של ספק, {}: {}", own(whom), own(phone)),
    to_read: "לקריאה:",
};

const GERMAN: Words = Words {
    tag: "de",
    direction: "ltr",
    subject: |name| format!("Eine Nachricht von {name}"),
    subject_expiring: |name| format!("Eine Nachricht von {name} wird bald gelöscht"),
    sent_by: |who| format!("{who} hat Ihnen eine geschützte Nachricht geschickt."),
    expiring: |who| format!("{who} hat Ihnen geschrieben; die Nachricht wird bald gelöscht."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 Nachricht wartet".to_owned(),
            n => format!("{n} Nachrichten warten"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!(
            "Gesendet: {sent}\nReferenznummer: {}\n{many} auf Sie, bis {until}.",
            facts.reference
        )
    },
    claim: |password| {
        format!(
            "Passwort für Ihren ersten Besuch:\n{password}\nDort wählen Sie ein eigenes Kennwort; \
             danach öffnet dieses nichts mehr."
        )
    },
    in_mail: |password| format!("Ihr Passwort:\n{password}"),
    by_sender: |who| format!("Das Passwort erfahren Sie von {who}."),
    claimed: "Melden Sie sich mit dem Kennwort an, das Sie gewählt haben.",
    confirmed: |who| {
        format!("{who} erfährt, wenn Sie die Nachricht öffnen oder ablehnen, und sonst nichts.")
    },
    without_link: |site, name| {
        format!(
            "Wir fragen nie nach dem Passwort Ihres E-Mail-Kontos. Ohne den Link: Geben Sie {site} \
             in Ihren Browser ein und melden Sie sich als {name} an."
        )
    },
    in_doubt: |whom, phone| format!("Im Zweifel rufen Sie {whom} an: {phone}"),
    to_read: "Zum Lesen:",
};

const FRENCH: Words = Words {
    tag: "fr",
    direction: "ltr",
    subject: |name| format!("Un message de la part de {name}"),
    subject_expiring: |name| format!("Un message de la part de {name} sera bientôt supprimé"),
    sent_by: |who| format!("{who} vous a envoyé un message protégé."),
    expiring: |who| format!("{who} vous a écrit ; le message va être supprimé."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 message vous attend".to_owned(),
            n => format!("{n} messages vous attendent"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!("Envoyé : {sent}\nRéférence : {}\n{many}, jusqu’au {until}.", facts.reference)
    },
    claim: |password| {
        format!(
            "Mot de passe pour votre première visite :\n{password}\nVous y choisirez le vôtre ; \
             celui-ci n’ouvrira alors plus rien."
        )
    },
    in_mail: |password| format!("Votre mot de passe :\n{password}"),
    by_sender: |who| format!("{who} vous donnera le mot de passe."),
    claimed: "Connectez-vous avec le mot de passe que vous avez choisi.",
    confirmed: |who| {
        format!(
            "{who} est averti lorsque vous ouvrez le message ou le refusez, et de rien d’autre."
        )
    },
    without_link: |site, name| {
        format!(
            "Nous ne demandons jamais le mot de passe de votre messagerie. Sans le lien : saisissez \
             {site} dans votre navigateur et connectez-vous en tant que {name}."
        )
    },
    in_doubt: |whom, phone| format!("En cas de doute, appelez {whom} : {phone}"),
    to_read: "Pour le lire :",
};

const SPANISH: Words = Words {
    tag: "es",
    direction: "ltr",
    subject: |name| format!("Un mensaje de {name}"),
    subject_expiring: |name| format!("Un mensaje de {name} se eliminará pronto"),
    sent_by: |who| format!("{who} le ha enviado un mensaje protegido."),
    expiring: |who| format!("{who} le ha escrito; el mensaje está a punto de eliminarse."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 mensaje le espera".to_owned(),
            n => format!("{n} mensajes le esperan"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!("Enviado: {sent}\nReferencia: {}\n{many}, hasta el {until}.", facts.reference)
    },
    claim: |password| {
        format!(
            "Contraseña para su primera visita:\n{password}\nAllí elegirá la suya; después, esta ya \
             no abre nada."
        )
    },
    in_mail: |password| format!("Su contraseña:\n{password}"),
    by_sender: |who| format!("{who} le dirá la contraseña."),
    claimed: "Entre con la contraseña que eligió.",
    confirmed: |who| format!("{who} sabrá si usted abre el mensaje o lo rechaza, y nada más."),
    without_link: |site, name| {
        format!(
            "Nunca pedimos la contraseña de su correo. Sin el enlace: escriba {site} en su \
             navegador y entre como {name}."
        )
    },
    in_doubt: |whom, phone| format!("En caso de duda, llame a {whom}: {phone}"),
    to_read: "Para leerlo:",
};

const ARABIC: Words = Words {
    tag: "ar",
    direction: "rtl",
    subject: |name| format!("رسالة من {name}"),
    subject_expiring: |name| format!("ستُحذف قريبًا رسالة من {name}"),
    sent_by: |who| format!("وصلتك رسالة محمية من {}.", own(who)),
    expiring: |who| format!("كتب إليك {}؛ والرسالة على وشك أن تُحذف.", own(who)),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "رسالة واحدة تنتظرك".to_owned(),
            2 => "رسالتان تنتظرانك".to_owned(),
            n @ 3..=10 => format!("{n} رسائل تنتظرك"),
            n => format!("{n} رسالة تنتظرك"),
        };
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let reference = facts.reference;
        format!("أُرسلت: {sent}\nالرقم المرجعي: {reference}\n{many} حتى {until}.")
    },
    claim: |password| {
        format!(
            "كلمة المرور لزيارتك الأولى:\n{password}\nهناك تختار كلمة مرور خاصة بك، وبعدها لا تفتح هذه شيئًا."
        )
    },
    in_mail: |password| format!("كلمة مرورك:\n{password}"),
    by_sender: |who| format!("ستحصل على كلمة المرور من {}.", own(who)),
    claimed: "ادخل بكلمة المرور التي اخترتها.",
    confirmed: |who| format!("يُبلَّغ {} إذا فتحت الرسالة أو رفضتها، ولا شيء غير ذلك.", own(who)),
    without_link: |site, name| {
        format!(
            "لا نطلب أبدًا كلمة مرور بريدك. ومن دون الرابط: اكتب {site} في متصفحك وادخل باسم {name}."
        )
    },
    in_doubt: |whom, phone| format!("عند الشك اتصل بـ{}: {}", own(whom), own(phone)),
    to_read: "لقراءتها:",
};
