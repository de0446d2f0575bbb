//! The sentences of a notification, in every language of the webmail. A sentence that is missing
//! in one language is a compile error.
//!
//! In right-to-left languages, text that may run in the other direction is put in isolates (Unicode
//! UAX #9, FSI to PDI), so that punctuation and digits stay in place. Text that people copy has no
//! isolates: a password, a reference number or an address is inserted unchanged.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::terms::Language;

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Hebrew => &HEBREW,
        Language::German => &GERMAN,
        Language::French => &FRENCH,
        Language::Spanish => &SPANISH,
        Language::Arabic => &ARABIC,
    }
}

/// The dates, the reference number and the number of messages.
pub(super) struct Facts<'a> {
    pub sent: OffsetDateTime,
    pub reference: &'a str,
    pub waiting: u32,
    pub until: OffsetDateTime,
}

/// All sentences in one language.
pub(super) struct Words {
    pub direction: &'static str,
    /// Takes the sender's name.
    pub subject: fn(&str) -> String,
    pub subject_expiring: fn(&str) -> String,
    /// Takes the sender's name and address.
    pub sent_by: fn(&str) -> String,
    pub expiring: fn(&str) -> String,
    pub facts: fn(&Facts<'_>) -> String,
    /// Takes the password.
    pub claim: fn(&str) -> String,
    pub in_mail: fn(&str) -> String,
    /// Takes the name of the sender, who gives the recipient the password.
    pub by_sender: fn(&str) -> String,
    pub claimed: &'static str,
    /// Takes the name of the sender, who is notified.
    pub confirmed: fn(&str) -> String,
    /// Takes the site's address and the name to sign in with.
    pub without_link: fn(&str, &str) -> String,
    /// Takes the organisation to call and its phone number.
    pub in_doubt: fn(&str, &str) -> String,
    pub to_read: &'static str,
}

/// Formats a time as `Fri 4 Dec 2026, 18:00 UTC`; the time zone is always included.
pub(super) fn moment(at: OffsetDateTime) -> String {
    let form = format_description!(
        "[weekday repr:short] [day padding:none] [month repr:short] [year], [hour]:[minute] UTC"
    );
    at.format(form).unwrap_or_default()
}

/// Formats a time in digits, for languages in which the months have other names.
fn digits(at: OffsetDateTime) -> String {
    let form = format_description!("[day].[month].[year] [hour]:[minute] UTC");
    at.format(form).unwrap_or_default()
}

/// Isolates text that may run in the other direction.
fn own(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}

const ENGLISH: Words = Words {
    direction: "ltr",
    subject: |name| format!("A message from {name}"),
    subject_expiring: |name| format!("A message from {name} will expire soon"),
    sent_by: |who| format!("{who} sent you a protected message."),
    expiring: |who| format!("A protected message from {who} will expire soon."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 unopened message is".to_owned(),
            n => format!("{n} unopened messages are"),
        };
        let (sent, until) = (moment(facts.sent), moment(facts.until));
        format!(
            "Sent: {sent}\nReference: {}\n{many} available to you until {until}.",
            facts.reference
        )
    },
    claim: |password| {
        format!(
            "One-time password:\n{password}\nIt works once. To come back later, choose a passphrase of \
             your own after reading."
        )
    },
    in_mail: |password| format!("Your password:\n{password}"),
    by_sender: |who| format!("{who} will give you the password."),
    claimed: "Sign in with the passphrase that you chose.",
    confirmed: |who| {
        format!(
            "When you open or reject the message, {who} is notified of this and of the time, and \
             of nothing else."
        )
    },
    without_link: |site, name| {
        format!(
            "We never ask for the password of your email account. If you do not want to use the \
             link, type {site} into your browser and sign in as {name}."
        )
    },
    in_doubt: |whom, phone| format!("If in doubt, call {whom}: {phone}"),
    to_read: "To read the message:",
};

const HEBREW: Words = Words {
    direction: "rtl",
    subject: |name| format!("הודעה מאת {name}"),
    subject_expiring: |name| format!("תוקף ההודעה מאת {name} יפוג בקרוב"),
    sent_by: |who| format!("{} שלח/ה אליך הודעה מוגנת.", own(who)),
    expiring: |who| format!("תוקף ההודעה המוגנת מאת {} יפוג בקרוב.", own(who)),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "הודעה אחת שלא נפתחה זמינה".to_owned(),
            2 => "שתי הודעות שלא נפתחו זמינות".to_owned(),
            n => format!("{n} הודעות שלא נפתחו זמינות"),
        };
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let reference = facts.reference;
        format!("נשלחה: {sent}\nמספר אסמכתה: {reference}\n{many} לך עד {until}.")
    },
    claim: |password| {
        format!(
            "סיסמה חד־פעמית:\n{password}\nהיא פועלת פעם אחת בלבד. כדי לחזור לכאן אפשר לבחור סיסמה משלך לאחר הקריאה."
        )
    },
    in_mail: |password| format!("הסיסמה שלך:\n{password}"),
    by_sender: |who| format!("{} ימסור/תמסור לך את הסיסמה.", own(who)),
    claimed: "יש להיכנס בסיסמה שבחרת.",
    confirmed: |who| {
        format!(
            "אם תפתח/י או תדחה/י את ההודעה, {} יקבל/תקבל אישור על כך ועל השעה, ולא שום דבר אחר.",
            own(who)
        )
    },
    without_link: |site, name| {
        format!(
            "לעולם לא נבקש את סיסמת הדואר שלך. כדי להיכנס בלי הקישור, יש להקליד {site} בדפדפן ולהיכנס בשם {name}."
        )
    },
    in_doubt: |whom, phone| format!("במקרה של ספק אפשר להתקשר אל {}: {}", own(whom), own(phone)),
    to_read: "לקריאת ההודעה:",
};

const GERMAN: Words = Words {
    direction: "ltr",
    subject: |name| format!("Eine Nachricht von {name}"),
    subject_expiring: |name| format!("Eine Nachricht von {name} läuft bald ab"),
    sent_by: |who| format!("{who} hat Ihnen eine geschützte Nachricht geschickt."),
    expiring: |who| format!("Eine geschützte Nachricht von {who} läuft bald ab."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 ungeöffnete Nachricht ist".to_owned(),
            n => format!("{n} ungeöffnete Nachrichten sind"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!(
            "Gesendet: {sent}\nReferenznummer: {}\n{many} für Sie verfügbar bis {until}.",
            facts.reference
        )
    },
    claim: |password| {
        format!(
            "Einmalpasswort:\n{password}\nEs gilt nur einmal. Um später wiederzukommen, wählen Sie nach \
             dem Lesen eine eigene Passphrase."
        )
    },
    in_mail: |password| format!("Ihr Passwort:\n{password}"),
    by_sender: |who| format!("{who} teilt Ihnen das Passwort mit."),
    claimed: "Melden Sie sich mit der Passphrase an, die Sie gewählt haben.",
    confirmed: |who| {
        format!(
            "Wenn Sie die Nachricht öffnen oder ablehnen, erfährt {who} das und den Zeitpunkt, sonst \
             nichts."
        )
    },
    without_link: |site, name| {
        format!(
            "Wir fragen nie nach dem Passwort Ihres E-Mail-Kontos. Wenn Sie den Link nicht verwenden \
             möchten, geben Sie {site} in Ihren Browser ein und melden Sie sich als {name} an."
        )
    },
    in_doubt: |whom, phone| format!("Im Zweifel rufen Sie {whom} an: {phone}"),
    to_read: "So lesen Sie die Nachricht:",
};

const FRENCH: Words = Words {
    direction: "ltr",
    subject: |name| format!("Un message de la part de {name}"),
    subject_expiring: |name| format!("Un message de la part de {name} expire bientôt"),
    sent_by: |who| format!("{who} vous a envoyé un message protégé."),
    expiring: |who| format!("Un message protégé de la part de {who} expire bientôt."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 message non ouvert est disponible".to_owned(),
            n => format!("{n} messages non ouverts sont disponibles"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!(
            "Envoyé : {sent}\nRéférence : {}\n{many} pour vous jusqu’au {until}.",
            facts.reference
        )
    },
    claim: |password| {
        format!(
            "Mot de passe à usage unique :\n{password}\nIl ne fonctionne qu’une fois. Pour revenir plus \
             tard, choisissez votre propre phrase de passe après la lecture."
        )
    },
    in_mail: |password| format!("Votre mot de passe :\n{password}"),
    by_sender: |who| format!("{who} vous donnera le mot de passe."),
    claimed: "Connectez-vous avec la phrase de passe que vous avez choisie.",
    confirmed: |who| {
        format!(
            "Si vous ouvrez ou refusez le message, {who} en est averti, avec l’heure, et de rien \
             d’autre."
        )
    },
    without_link: |site, name| {
        format!(
            "Nous ne demandons jamais le mot de passe de votre messagerie. Si vous préférez ne pas \
             utiliser le lien, saisissez {site} dans votre navigateur et connectez-vous en tant que \
             {name}."
        )
    },
    in_doubt: |whom, phone| format!("En cas de doute, appelez {whom} : {phone}"),
    to_read: "Pour lire le message :",
};

const SPANISH: Words = Words {
    direction: "ltr",
    subject: |name| format!("Un mensaje de {name}"),
    subject_expiring: |name| format!("Un mensaje de {name} caducará pronto"),
    sent_by: |who| format!("{who} le ha enviado un mensaje protegido."),
    expiring: |who| format!("Un mensaje protegido de {who} caducará pronto."),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "1 mensaje sin abrir está disponible".to_owned(),
            n => format!("{n} mensajes sin abrir están disponibles"),
        };
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        format!(
            "Enviado: {sent}\nReferencia: {}\n{many} para usted hasta el {until}.",
            facts.reference
        )
    },
    claim: |password| {
        format!(
            "Contraseña de un solo uso:\n{password}\nFunciona una sola vez. Para volver más adelante, \
             elija su propia frase de contraseña después de leer."
        )
    },
    in_mail: |password| format!("Su contraseña:\n{password}"),
    by_sender: |who| format!("{who} le dirá la contraseña."),
    claimed: "Inicie sesión con la frase de contraseña que eligió.",
    confirmed: |who| {
        format!(
            "Si abre o rechaza el mensaje, se comunicará a {who} el hecho y la hora, y nada más."
        )
    },
    without_link: |site, name| {
        format!(
            "Nunca pedimos la contraseña de su correo. Si prefiere no usar el enlace, escriba {site} \
             en su navegador e inicie sesión como {name}."
        )
    },
    in_doubt: |whom, phone| format!("En caso de duda, llame a {whom}: {phone}"),
    to_read: "Para leer el mensaje:",
};

const ARABIC: Words = Words {
    direction: "rtl",
    subject: |name| format!("رسالة من {name}"),
    subject_expiring: |name| format!("ستنتهي قريبًا صلاحية رسالة من {name}"),
    sent_by: |who| format!("وصلتك رسالة محمية من {}.", own(who)),
    expiring: |who| format!("ستنتهي قريبًا صلاحية رسالة محمية من {}.", own(who)),
    facts: |facts| {
        let many = match facts.waiting {
            1 => "رسالة واحدة غير مفتوحة متاحة لك".to_owned(),
            2 => "رسالتان غير مفتوحتين متاحتان لك".to_owned(),
            n @ 3..=10 => format!("{n} رسائل غير مفتوحة متاحة لك"),
            n => format!("{n} رسالة غير مفتوحة متاحة لك"),
        };
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let reference = facts.reference;
        format!("أُرسلت: {sent}\nالرقم المرجعي: {reference}\n{many} حتى {until}.")
    },
    claim: |password| {
        format!(
            "كلمة مرور لمرة واحدة:\n{password}\nتعمل مرة واحدة فقط. للعودة لاحقًا اختر عبارة مرور خاصة بك بعد القراءة."
        )
    },
    in_mail: |password| format!("كلمة مرورك:\n{password}"),
    by_sender: |who| format!("ستحصل على كلمة المرور من {}.", own(who)),
    claimed: "سجّل الدخول بعبارة المرور التي اخترتها.",
    confirmed: |who| {
        format!(
            "إذا فتحت الرسالة أو رفضتها فسيصل إلى {} إشعار بذلك وبوقته، ولا شيء غير ذلك.",
            own(who)
        )
    },
    without_link: |site, name| {
        format!(
            "لا نطلب أبدًا كلمة مرور بريدك. إذا كنت لا تريد استخدام الرابط فاكتب {site} في متصفحك وسجّل الدخول باسم {name}."
        )
    },
    in_doubt: |whom, phone| format!("عند الشك اتصل بـ{}: {}", own(whom), own(phone)),
    to_read: "لقراءة الرسالة:",
};
