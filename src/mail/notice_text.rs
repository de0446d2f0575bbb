//! The sentences of notices: what users inside read about the messages that they sent, in every
//! language of the webmail. A sentence that is missing in one language is a compile error.
//!
//! Addresses and times stand in isolates where writing runs from right to left (Unicode UAX #9).

use super::isolate::isolated;
use super::notice_detail::Instead;
use crate::terms::Language;

/// What a notice reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Accepted,
    Read,
    Rejected,
    Expired,
    Refused,
    Failed,
    /// The message is still in the queue.
    Delayed,
    /// The recipient's temporary account expires soon.
    Ending,
    /// The recipient asks for the message to be sent again.
    AskedAgain,
    /// The recipient asked for another one-time password.
    AskedPassword,
    /// The recipient has forgotten the passphrase.
    Forgotten,
    /// The reader's own mailbox fills up.
    Filling,
    /// The reader's own mailbox is almost full.
    AlmostFull,
    /// The way had no verified TLS, and the message went this way instead.
    Unverified(Instead),
}

impl Report {
    /// All of them.
    pub const ALL: [Report; 15] = [
        Report::Accepted,
        Report::Read,
        Report::Rejected,
        Report::Expired,
        Report::Refused,
        Report::Failed,
        Report::Delayed,
        Report::Ending,
        Report::AskedAgain,
        Report::AskedPassword,
        Report::Forgotten,
        Report::Filling,
        Report::AlmostFull,
        Report::Unverified(Instead::Here),
        Report::Unverified(Instead::Plain),
    ];
}

/// The subject of the notice about the message with this reference number.
pub fn subject(language: Language, report: Report, reference: &str) -> String {
    format!("{}: {reference}", (catalogue(language).title)(report))
}

/// The body of a notice: what happened to the message for the recipient `who`, at the time `at`,
/// then the details, then the reference number.
pub fn text(
    language: Language,
    report: Report,
    (who, at): (&str, &str),
    detail: Option<&str>,
    reference: &str,
) -> String {
    let (who, at) = (isolated(language, who), isolated(language, at));
    let what = (catalogue(language).sentence)(report, &who, &at);
    let detail = detail.map(|detail| format!("\n{detail}\n")).unwrap_or_default();
    format!("{what}\n{detail}\n{}", closing(language, reference))
}

/// The last line of a notice.
pub(super) fn closing(language: Language, reference: &str) -> String {
    format!("{}: {}\n", catalogue(language).reference, isolated(language, reference))
}

struct Catalogue {
    reference: &'static str,
    title: fn(Report) -> &'static str,
    /// By the recipient and the time.
    sentence: fn(Report, &str, &str) -> String,
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
    reference: "Reference",
    title: |report| match report {
        Report::Accepted => "Accepted",
        Report::Read => "Read",
        Report::Rejected => "Rejected unread",
        Report::Expired => "Expired unread",
        Report::Refused => "Not sent",
        Report::Failed => "Could not be delivered",
        Report::Delayed => "Delayed",
        Report::Ending => "Temporary account expires soon",
        Report::AskedAgain => "Request to send again",
        Report::AskedPassword => "Another one-time password",
        Report::Forgotten => "Forgotten passphrase",
        Report::Filling => "Your mailbox is filling up",
        Report::AlmostFull => "Your mailbox is almost full",
        Report::Unverified(instead) => instead.title(Language::English),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("Your message to {who} was accepted at {at}."),
        Report::Read => format!("{who} opened your message at {at}."),
        Report::Rejected => format!("{who} rejected your message at {at} without reading it."),
        Report::Expired => {
            format!("{who} did not open your message before the temporary account expired at {at}.")
        }
        Report::Refused => format!("Your message was not sent to {who}."),
        Report::Failed => format!("Your message could not be delivered to {who}."),
        Report::Delayed => {
            format!("Your message to {who} has not been delivered yet. We will keep trying.")
        }
        Report::Ending => format!(
            "The temporary account of {who}, which holds messages from you, will expire soon."
        ),
        Report::AskedAgain => format!(
            "The temporary account of {who} has expired. They ask you to send your message again."
        ),
        Report::AskedPassword => format!(
            "{who} asked for another one-time password for the temporary account, which holds messages from you."
        ),
        Report::Forgotten => format!(
            "{who} has forgotten the passphrase of the temporary account, and asks you to end the account and send your messages again."
        ),
        Report::Filling => format!(
            "The mailbox {who} is more than 80 % full. Delete messages that you no longer need, and empty the trash."
        ),
        Report::AlmostFull => format!(
            "The mailbox {who} is more than 95 % full. When it is full, you can neither send nor receive messages. Delete messages that you no longer need, and empty the trash."
        ),
        Report::Unverified(instead) => instead.sentence(Language::English, who),
    },
};

const GERMAN: Catalogue = Catalogue {
    reference: "Referenznummer",
    title: |report| match report {
        Report::Accepted => "Angenommen",
        Report::Read => "Gelesen",
        Report::Rejected => "Ungelesen abgelehnt",
        Report::Expired => "Ungelesen abgelaufen",
        Report::Refused => "Nicht gesendet",
        Report::Failed => "Nicht zustellbar",
        Report::Delayed => "Verzögert",
        Report::Ending => "Temporäres Konto läuft bald ab",
        Report::AskedAgain => "Bitte um erneutes Senden",
        Report::AskedPassword => "Weiteres Einmalpasswort",
        Report::Forgotten => "Vergessene Passphrase",
        Report::Filling => "Ihr Postfach füllt sich",
        Report::AlmostFull => "Ihr Postfach ist fast voll",
        Report::Unverified(instead) => instead.title(Language::German),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("Ihre Nachricht an {who} wurde um {at} angenommen."),
        Report::Read => format!("{who} hat Ihre Nachricht um {at} geöffnet."),
        Report::Rejected => format!("{who} hat Ihre Nachricht um {at} ungelesen abgelehnt."),
        Report::Expired => format!(
            "{who} hat Ihre Nachricht nicht geöffnet, bevor das temporäre Konto um {at} ablief."
        ),
        Report::Refused => format!("Ihre Nachricht wurde nicht an {who} gesendet."),
        Report::Failed => format!("Ihre Nachricht konnte {who} nicht zugestellt werden."),
        Report::Delayed => {
            format!("Ihre Nachricht an {who} wurde noch nicht zugestellt. Wir versuchen es weiter.")
        }
        Report::Ending => format!(
            "Das temporäre Konto von {who}, in dem Nachrichten von Ihnen liegen, läuft bald ab."
        ),
        Report::AskedAgain => format!(
            "Das temporäre Konto von {who} ist abgelaufen. Sie werden gebeten, Ihre Nachricht erneut zu senden."
        ),
        Report::AskedPassword => format!(
            "{who} hat ein weiteres Einmalpasswort für das temporäre Konto angefordert, in dem Nachrichten von Ihnen liegen."
        ),
        Report::Forgotten => format!(
            "{who} hat die Passphrase des temporären Kontos vergessen und bittet Sie, das Konto zu beenden und Ihre Nachrichten erneut zu senden."
        ),
        Report::Filling => format!(
            "Das Postfach {who} ist zu mehr als 80 % voll. Löschen Sie Nachrichten, die Sie nicht mehr brauchen, und leeren Sie den Papierkorb."
        ),
        Report::AlmostFull => format!(
            "Das Postfach {who} ist zu mehr als 95 % voll. Wenn es voll ist, können Sie Nachrichten weder senden noch empfangen. Löschen Sie Nachrichten, die Sie nicht mehr brauchen, und leeren Sie den Papierkorb."
        ),
        Report::Unverified(instead) => instead.sentence(Language::German, who),
    },
};

const FRENCH: Catalogue = Catalogue {
    reference: "Référence",
    title: |report| match report {
        Report::Accepted => "Accepté",
        Report::Read => "Lu",
        Report::Rejected => "Refusé sans lecture",
        Report::Expired => "Expiré sans lecture",
        Report::Refused => "Non envoyé",
        Report::Failed => "Remise impossible",
        Report::Delayed => "Retardé",
        Report::Ending => "Compte temporaire bientôt expiré",
        Report::AskedAgain => "Demande de nouvel envoi",
        Report::AskedPassword => "Nouveau mot de passe à usage unique",
        Report::Forgotten => "Phrase de passe oubliée",
        Report::Filling => "Votre boîte aux lettres se remplit",
        Report::AlmostFull => "Votre boîte aux lettres est presque pleine",
        Report::Unverified(instead) => instead.title(Language::French),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("Votre message à {who} a été accepté à {at}."),
        Report::Read => format!("{who} a ouvert votre message à {at}."),
        Report::Rejected => format!("{who} a refusé votre message à {at} sans le lire."),
        Report::Expired => format!(
            "{who} n’a pas ouvert votre message avant l’expiration du compte temporaire à {at}."
        ),
        Report::Refused => format!("Votre message n’a pas été envoyé à {who}."),
        Report::Failed => format!("Votre message n’a pas pu être remis à {who}."),
        Report::Delayed => {
            format!("Votre message à {who} n’a pas encore été remis. Nous continuons d’essayer.")
        }
        Report::Ending => format!(
            "Le compte temporaire de {who}, qui contient des messages de votre part, va bientôt expirer."
        ),
        Report::AskedAgain => format!(
            "Le compte temporaire de {who} a expiré. Cette personne vous demande de renvoyer votre message."
        ),
        Report::AskedPassword => format!(
            "{who} a demandé un autre mot de passe à usage unique pour le compte temporaire, qui contient des messages de votre part."
        ),
        Report::Forgotten => format!(
            "{who} a oublié la phrase de passe du compte temporaire et vous demande de fermer le compte et de renvoyer vos messages."
        ),
        Report::Filling => format!(
            "La boîte aux lettres {who} est pleine à plus de 80 %. Supprimez les messages dont vous n’avez plus besoin et videz la corbeille."
        ),
        Report::AlmostFull => format!(
            "La boîte aux lettres {who} est pleine à plus de 95 %. Une fois pleine, vous ne pourrez plus ni envoyer ni recevoir de messages. Supprimez les messages dont vous n’avez plus besoin et videz la corbeille."
        ),
        Report::Unverified(instead) => instead.sentence(Language::French, who),
    },
};

const SPANISH: Catalogue = Catalogue {
    reference: "Referencia",
    title: |report| match report {
        Report::Accepted => "Aceptado",
        Report::Read => "Leído",
        Report::Rejected => "Rechazado sin leer",
        Report::Expired => "Caducado sin leer",
        Report::Refused => "No enviado",
        Report::Failed => "No se pudo entregar",
        Report::Delayed => "Retrasado",
        Report::Ending => "La cuenta temporal caduca pronto",
        Report::AskedAgain => "Petición de nuevo envío",
        Report::AskedPassword => "Otra contraseña de un solo uso",
        Report::Forgotten => "Frase de contraseña olvidada",
        Report::Filling => "Su buzón se está llenando",
        Report::AlmostFull => "Su buzón está casi lleno",
        Report::Unverified(instead) => instead.title(Language::Spanish),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("Su mensaje a {who} fue aceptado a las {at}."),
        Report::Read => format!("{who} abrió su mensaje a las {at}."),
        Report::Rejected => format!("{who} rechazó su mensaje a las {at} sin leerlo."),
        Report::Expired => format!(
            "{who} no abrió su mensaje antes de que la cuenta temporal caducara a las {at}."
        ),
        Report::Refused => format!("Su mensaje no se envió a {who}."),
        Report::Failed => format!("Su mensaje no se pudo entregar a {who}."),
        Report::Delayed => {
            format!("Su mensaje a {who} aún no se ha entregado. Seguiremos intentándolo.")
        }
        Report::Ending => {
            format!("La cuenta temporal de {who}, que contiene mensajes suyos, caducará pronto.")
        }
        Report::AskedAgain => format!(
            "La cuenta temporal de {who} ha caducado. Le pide que envíe su mensaje de nuevo."
        ),
        Report::AskedPassword => format!(
            "{who} ha pedido otra contraseña de un solo uso para la cuenta temporal, que contiene mensajes de usted."
        ),
        Report::Forgotten => format!(
            "{who} ha olvidado la frase de contraseña de la cuenta temporal y le pide que cierre la cuenta y envíe de nuevo sus mensajes."
        ),
        Report::Filling => format!(
            "El buzón {who} está lleno en más del 80 %. Elimine los mensajes que ya no necesite y vacíe la papelera."
        ),
        Report::AlmostFull => format!(
            "El buzón {who} está lleno en más del 95 %. Cuando esté lleno, no podrá enviar ni recibir mensajes. Elimine los mensajes que ya no necesite y vacíe la papelera."
        ),
        Report::Unverified(instead) => instead.sentence(Language::Spanish, who),
    },
};

const HEBREW: Catalogue = Catalogue {
    reference: "מספר אסמכתה",
    title: |report| match report {
        Report::Accepted => "התקבלה",
        Report::Read => "נקראה",
        Report::Rejected => "נדחתה בלי שנקראה",
        Report::Expired => "פגה בלי שנקראה",
        Report::Refused => "לא נשלחה",
        Report::Failed => "לא ניתן היה למסור",
        Report::Delayed => "מתעכבת",
        Report::Ending => "חשבון זמני יפוג בקרוב",
        Report::AskedAgain => "בקשה לשליחה חוזרת",
        Report::AskedPassword => "סיסמה חד־פעמית נוספת",
        Report::Forgotten => "סיסמה שנשכחה",
        Report::Filling => "תיבת הדואר שלך מתמלאת",
        Report::AlmostFull => "תיבת הדואר שלך כמעט מלאה",
        Report::Unverified(instead) => instead.title(Language::Hebrew),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("ההודעה שלך אל {who} התקבלה ב־{at}."),
        Report::Read => format!("ההודעה שלך נפתחה בידי {who} ב־{at}."),
        Report::Rejected => format!("ההודעה שלך נדחתה בידי {who} ב־{at} בלי שנקראה."),
        Report::Expired => {
            format!("ההודעה שלך לא נפתחה בידי {who} לפני שהחשבון הזמני פג ב־{at}.")
        }
        Report::Refused => format!("ההודעה שלך לא נשלחה אל {who}."),
        Report::Failed => format!("לא ניתן היה למסור את ההודעה שלך אל {who}."),
        Report::Delayed => format!("ההודעה שלך אל {who} עדיין לא נמסרה. נמשיך לנסות."),
        Report::Ending => {
            format!("החשבון הזמני של {who}, שבו שמורות הודעות ממך, יפוג בקרוב.")
        }
        Report::AskedAgain => {
            format!("החשבון הזמני של {who} פג. התבקשת לשלוח את ההודעה שוב.")
        }
        Report::AskedPassword => {
            format!("התקבלה מ{who} בקשה לסיסמה חד־פעמית נוספת לחשבון הזמני, שיש בו הודעות ממך.")
        }
        Report::Forgotten => format!(
            "הסיסמה של החשבון הזמני נשכחה, והתקבלה מ{who} בקשה לסגור את החשבון ולשלוח שוב את ההודעות שלך."
        ),
        Report::Filling => format!(
            "תיבת הדואר {who} מלאה ביותר מ־80%. כדאי למחוק הודעות שאין בהן עוד צורך ולרוקן את האשפה."
        ),
        Report::AlmostFull => format!(
            "תיבת הדואר {who} מלאה ביותר מ־95%. כשתתמלא, לא יהיה אפשר לשלוח או לקבל הודעות. כדאי למחוק הודעות שאין בהן עוד צורך ולרוקן את האשפה."
        ),
        Report::Unverified(instead) => instead.sentence(Language::Hebrew, who),
    },
};

const ARABIC: Catalogue = Catalogue {
    reference: "الرقم المرجعي",
    title: |report| match report {
        Report::Accepted => "قُبلت",
        Report::Read => "قُرئت",
        Report::Rejected => "رُفضت دون قراءة",
        Report::Expired => "انتهت صلاحيتها دون قراءة",
        Report::Refused => "لم تُرسل",
        Report::Failed => "تعذّر تسليمها",
        Report::Delayed => "متأخرة",
        Report::Ending => "ستنتهي صلاحية حساب مؤقت قريبًا",
        Report::AskedAgain => "طلب إعادة الإرسال",
        Report::AskedPassword => "كلمة مرور أخرى لمرة واحدة",
        Report::Forgotten => "عبارة مرور منسية",
        Report::Filling => "صندوق بريدك يمتلئ",
        Report::AlmostFull => "صندوق بريدك على وشك الامتلاء",
        Report::Unverified(instead) => instead.title(Language::Arabic),
    },
    sentence: |report, who, at| match report {
        Report::Accepted => format!("قُبلت رسالتك إلى {who} في {at}."),
        Report::Read => format!("فتح {who} رسالتك في {at}."),
        Report::Rejected => format!("رفض {who} رسالتك في {at} دون قراءتها."),
        Report::Expired => {
            format!("لم يفتح {who} رسالتك قبل انتهاء صلاحية الحساب المؤقت في {at}.")
        }
        Report::Refused => format!("لم تُرسل رسالتك إلى {who}."),
        Report::Failed => format!("تعذّر تسليم رسالتك إلى {who}."),
        Report::Delayed => format!("لم تُسلّم رسالتك إلى {who} بعد. سنواصل المحاولة."),
        Report::Ending => {
            format!("ستنتهي قريبًا صلاحية الحساب المؤقت لـ {who}، وفيه رسائل منك.")
        }
        Report::AskedAgain => {
            format!("انتهت صلاحية الحساب المؤقت لـ {who}، وهو يطلب منك إعادة إرسال رسالتك.")
        }
        Report::AskedPassword => {
            format!("طُلبت كلمة مرور أخرى لمرة واحدة للحساب المؤقت الخاص بـ{who}، وفيه رسائل منك.")
        }
        Report::Forgotten => format!(
            "نُسيت عبارة المرور للحساب المؤقت الخاص بـ{who}، ويُطلب منك إنهاء الحساب وإعادة إرسال رسائلك."
        ),
        Report::Filling => format!(
            "امتلأ صندوق البريد {who} بأكثر من 80٪. احذف الرسائل التي لم تعد تحتاج إليها وأفرغ سلة المهملات."
        ),
        Report::AlmostFull => format!(
            "امتلأ صندوق البريد {who} بأكثر من 95٪. عندما يمتلئ تمامًا لن تستطيع إرسال الرسائل أو استقبالها. احذف الرسائل التي لم تعد تحتاج إليها وأفرغ سلة المهملات."
        ),
        Report::Unverified(instead) => instead.sentence(Language::Arabic, who),
    },
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_notice_says_what_happened_to_whom_in_every_language() {
        let mut titles = BTreeSet::new();
        for language in Language::ALL {
            for report in Report::ALL {
                let subject = subject(language, report, "ABCD");
                assert!(subject.ends_with(": ABCD"), "{subject}");
                titles.insert(subject);
                let who = "noa@outside.example";
                let text = text(language, report, (who, "12:04"), Some("Detail."), "ABCD");
                assert!(text.contains(who) && text.contains("\nDetail.\n"), "{text}");
                assert!(text.lines().last().unwrap().contains("ABCD"), "{text}");
                let outside = text.replace(&format!("\u{2068}{who}\u{2069}"), "");
                let isolates = matches!(language, Language::Hebrew | Language::Arabic);
                assert_eq!(outside.contains(who), !isolates, "{text}");
            }
        }
        assert_eq!(titles.len(), Language::ALL.len() * Report::ALL.len(), "no title serves twice");
    }
}
