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
    /// Takes the sender's name and address, and the organisation. Says what to do, and that the link
    /// is below: there may be another language in between.
    pub sent_by: fn(&str, &str) -> String,
    pub expiring: fn(&str, &str) -> String,
    pub facts: fn(&Facts<'_>) -> String,
    /// Takes the password.
    pub claim: fn(&str) -> String,
    pub in_mail: fn(&str) -> String,
    /// Takes the name of the sender, who gives the recipient the password.
    pub by_sender: fn(&str) -> String,
    /// For a password in the mail that was used and stays valid.
    pub known: &'static str,
    pub claimed: &'static str,
    /// Takes the name of the sender, who is notified.
    pub confirmed: fn(&str) -> String,
    /// Takes the site's address and the name to sign in with.
    pub without_link: fn(&str, &str) -> String,
    /// Takes the site's address.
    pub verify: fn(&str) -> String,
    /// Takes the organisation to call and its phone number.
    pub in_doubt: fn(&str, &str) -> String,
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
    sent_by: |who, site| {
        format!(
            "{who} sent you a message through {site}. To read the message, open the link below."
        )
    },
    expiring: |who, site| {
        format!(
            "A message from {who} through {site} will expire soon. To read the message, open the link below."
        )
    },
    facts: |facts| {
        let (sent, until) = (moment(facts.sent), moment(facts.until));
        let many = match facts.waiting {
            0 => format!("You have no unopened messages. Your account is available until {until}."),
            1 => format!("1 unopened message is available to you until {until}."),
            n => format!("{n} unopened messages are available to you until {until}."),
        };
        format!("Sent: {sent}\nReference: {}\n{many}", facts.reference)
    },
    claim: |password| {
        format!(
            "One-time password:\n{password}\nIt works once. To come back later, choose a passphrase of \
             your own after reading."
        )
    },
    in_mail: |password| format!("Your password:\n{password}"),
    by_sender: |who| format!("{who} will give you the password."),
    known: "Sign in with the password from our earlier email.",
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
    verify: |site| {
        format!("To check that this email is genuine, enter the reference number at {site}/verify.")
    },
    in_doubt: |whom, phone| format!("If in doubt, call {whom}: {phone}"),
};

const HEBREW: Words = Words {
    direction: "rtl",
    subject: |name| format!("הודעה מאת {name}"),
    subject_expiring: |name| format!("תוקף ההודעה מאת {name} יפוג בקרוב"),
    sent_by: |who, site| {
        format!(
            "{} שלח/ה אליך הודעה באמצעות {}. לקריאת ההודעה יש לפתוח את הקישור שלהלן.",
            own(who),
            own(site)
        )
    },
    expiring: |who, site| {
        format!(
            "תוקף ההודעה מאת {}, שנשלחה באמצעות {}, יפוג בקרוב. לקריאת ההודעה יש לפתוח את הקישור שלהלן.",
            own(who),
            own(site)
        )
    },
    facts: |facts| {
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let many = match facts.waiting {
            0 => format!("אין לך הודעות שלא נפתחו. החשבון שלך זמין עד {until}."),
            1 => format!("הודעה אחת שלא נפתחה זמינה לך עד {until}."),
            2 => format!("שתי הודעות שלא נפתחו זמינות לך עד {until}."),
            n => format!("{n} הודעות שלא נפתחו זמינות לך עד {until}."),
        };
        let reference = facts.reference;
        format!("נשלחה: {sent}\nמספר אסמכתה: {reference}\n{many}")
    },
    claim: |password| {
        format!(
            "סיסמה חד־פעמית:\n{password}\nהיא פועלת פעם אחת בלבד. כדי לחזור לכאן אפשר לבחור סיסמה משלך לאחר הקריאה."
        )
    },
    in_mail: |password| format!("הסיסמה שלך:\n{password}"),
    by_sender: |who| format!("{} ימסור/תמסור לך את הסיסמה.", own(who)),
    known: "יש להיכנס בסיסמה שבהודעת הדואר הקודמת שלנו.",
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
    verify: |site| {
        format!(
            "כדי לוודא שהודעת הדואר הזאת אמיתית, יש להקליד את מספר האסמכתה בכתובת {site}/verify."
        )
    },
    in_doubt: |whom, phone| format!("במקרה של ספק אפשר להתקשר אל {}: {}", own(whom), own(phone)),
};

const GERMAN: Words = Words {
    direction: "ltr",
    subject: |name| format!("Eine Nachricht von {name}"),
    subject_expiring: |name| format!("Eine Nachricht von {name} läuft bald ab"),
    sent_by: |who, site| {
        format!(
            "{who} hat Ihnen über {site} eine Nachricht geschickt. Um die Nachricht zu lesen, öffnen Sie \
             den Link unten."
        )
    },
    expiring: |who, site| {
        format!(
            "Eine Nachricht von {who}, gesendet über {site}, läuft bald ab. Um die Nachricht zu lesen, \
             öffnen Sie den Link unten."
        )
    },
    facts: |facts| {
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        let many = match facts.waiting {
            0 => format!(
                "Sie haben keine ungeöffneten Nachrichten. Ihr Konto ist bis {until} verfügbar."
            ),
            1 => format!("1 ungeöffnete Nachricht ist für Sie verfügbar bis {until}."),
            n => format!("{n} ungeöffnete Nachrichten sind für Sie verfügbar bis {until}."),
        };
        format!("Gesendet: {sent}\nReferenznummer: {}\n{many}", facts.reference)
    },
    claim: |password| {
        format!(
            "Einmalpasswort:\n{password}\nEs gilt nur einmal. Um später wiederzukommen, wählen Sie nach \
             dem Lesen eine eigene Passphrase."
        )
    },
    in_mail: |password| format!("Ihr Passwort:\n{password}"),
    by_sender: |who| format!("{who} teilt Ihnen das Passwort mit."),
    known: "Melden Sie sich mit dem Passwort aus unserer früheren E-Mail an.",
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
    verify: |site| {
        format!(
            "Ob diese E-Mail echt ist, können Sie unter {site}/verify mit der Referenznummer prüfen."
        )
    },
    in_doubt: |whom, phone| format!("Im Zweifel rufen Sie {whom} an: {phone}"),
};

const FRENCH: Words = Words {
    direction: "ltr",
    subject: |name| format!("Un message de la part de {name}"),
    subject_expiring: |name| format!("Un message de la part de {name} expire bientôt"),
    sent_by: |who, site| {
        format!(
            "{who} vous a envoyé un message par l’intermédiaire de {site}. Pour lire le message, ouvrez \
             le lien ci-dessous."
        )
    },
    expiring: |who, site| {
        format!(
            "Un message de la part de {who}, envoyé par l’intermédiaire de {site}, expire bientôt. Pour \
             lire le message, ouvrez le lien ci-dessous."
        )
    },
    facts: |facts| {
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        let many = match facts.waiting {
            0 => format!(
                "Vous n’avez aucun message non ouvert. Votre compte est disponible jusqu’au {until}."
            ),
            1 => format!("1 message non ouvert est disponible pour vous jusqu’au {until}."),
            n => format!("{n} messages non ouverts sont disponibles pour vous jusqu’au {until}."),
        };
        format!("Envoyé : {sent}\nRéférence : {}\n{many}", facts.reference)
    },
    claim: |password| {
        format!(
            "Mot de passe à usage unique :\n{password}\nIl ne fonctionne qu’une fois. Pour revenir plus \
             tard, choisissez votre propre phrase de passe après la lecture."
        )
    },
    in_mail: |password| format!("Votre mot de passe :\n{password}"),
    by_sender: |who| format!("{who} vous donnera le mot de passe."),
    known: "Connectez-vous avec le mot de passe de notre précédent e-mail.",
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
    verify: |site| {
        format!(
            "Pour vérifier que cet e-mail est authentique, saisissez la référence sur {site}/verify."
        )
    },
    in_doubt: |whom, phone| format!("En cas de doute, appelez {whom} : {phone}"),
};

const SPANISH: Words = Words {
    direction: "ltr",
    subject: |name| format!("Un mensaje de {name}"),
    subject_expiring: |name| format!("Un mensaje de {name} caducará pronto"),
    sent_by: |who, site| {
        format!(
            "{who} le ha enviado un mensaje a través de {site}. Para leer el mensaje, abra el enlace que \
             figura a continuación."
        )
    },
    expiring: |who, site| {
        format!(
            "Un mensaje de {who}, enviado a través de {site}, caducará pronto. Para leer el mensaje, abra \
             el enlace que figura a continuación."
        )
    },
    facts: |facts| {
        let (sent, until) = (digits(facts.sent), digits(facts.until));
        let many = match facts.waiting {
            0 => {
                format!("No tiene mensajes sin abrir. Su cuenta está disponible hasta el {until}.")
            }
            1 => format!("1 mensaje sin abrir está disponible para usted hasta el {until}."),
            n => format!("{n} mensajes sin abrir están disponibles para usted hasta el {until}."),
        };
        format!("Enviado: {sent}\nReferencia: {}\n{many}", facts.reference)
    },
    claim: |password| {
        format!(
            "Contraseña de un solo uso:\n{password}\nFunciona una sola vez. Para volver más adelante, \
             elija su propia frase de contraseña después de leer."
        )
    },
    in_mail: |password| format!("Su contraseña:\n{password}"),
    by_sender: |who| format!("{who} le dirá la contraseña."),
    known: "Inicie sesión con la contraseña de nuestro correo anterior.",
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
    verify: |site| {
        format!(
            "Para comprobar que este correo es auténtico, introduzca la referencia en {site}/verify."
        )
    },
    in_doubt: |whom, phone| format!("En caso de duda, llame a {whom}: {phone}"),
};

const ARABIC: Words = Words {
    direction: "rtl",
    subject: |name| format!("رسالة من {name}"),
    subject_expiring: |name| format!("ستنتهي قريبًا صلاحية رسالة من {name}"),
    sent_by: |who, site| {
        format!("وصلتك رسالة من {} عبر {}. لقراءة الرسالة افتح الرابط أدناه.", own(who), own(site))
    },
    expiring: |who, site| {
        format!(
            "ستنتهي قريبًا صلاحية رسالة من {} أُرسلت عبر {}. لقراءة الرسالة افتح الرابط أدناه.",
            own(who),
            own(site)
        )
    },
    facts: |facts| {
        let (sent, until) = (own(&digits(facts.sent)), own(&digits(facts.until)));
        let many = match facts.waiting {
            0 => format!("ليست لديك رسائل غير مفتوحة. حسابك متاح حتى {until}."),
            1 => format!("رسالة واحدة غير مفتوحة متاحة لك حتى {until}."),
            2 => format!("رسالتان غير مفتوحتين متاحتان لك حتى {until}."),
            n @ 3..=10 => format!("{n} رسائل غير مفتوحة متاحة لك حتى {until}."),
            n => format!("{n} رسالة غير مفتوحة متاحة لك حتى {until}."),
        };
        let reference = facts.reference;
        format!("أُرسلت: {sent}\nالرقم المرجعي: {reference}\n{many}")
    },
    claim: |password| {
        format!(
            "كلمة مرور لمرة واحدة:\n{password}\nتعمل مرة واحدة فقط. للعودة لاحقًا اختر عبارة مرور خاصة بك بعد القراءة."
        )
    },
    in_mail: |password| format!("كلمة مرورك:\n{password}"),
    by_sender: |who| format!("ستحصل على كلمة المرور من {}.", own(who)),
    known: "سجّل الدخول بكلمة المرور الواردة في رسالتنا السابقة.",
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
    verify: |site| format!("للتحقق من أن هذه الرسالة حقيقية أدخل الرقم المرجعي في {site}/verify."),
    in_doubt: |whom, phone| format!("عند الشك اتصل بـ{}: {}", own(whom), own(phone)),
};
