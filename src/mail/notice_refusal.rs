//! Why a message was not sent, and whose decision that was, in every language of the webmail. A sentence
//! that is missing in one language is a compile error.

use crate::terms::{Language, Level, NotSent};

/// Why a message was not sent, and whose decision that was.
pub fn refusal(language: Language, reason: NotSent, level: Level) -> String {
    let catalogue = catalogue(language);
    let said = (catalogue.not_sent)(reason);
    match reason {
        // Nobody decided that, or the sentence says who did.
        NotSent::MailboxFull | NotSent::ClosedGroup | NotSent::GroupWriters => said.to_owned(),
        _ => format!("{said} {}", (catalogue.decided)(level)),
    }
}

struct Catalogue {
    not_sent: fn(NotSent) -> &'static str,
    decided: fn(Level) -> &'static str,
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
    not_sent: |reason| match reason {
        NotSent::NoAddress => "This is not an email address.",
        NotSent::Rules => "The rules do not allow mail to this recipient.",
        NotSent::UnknownRecipient => "Nobody has this address.",
        NotSent::NotLocal => "The domain is not one of ours.",
        NotSent::AcceptFrom => "The recipient does not accept mail from inside.",
        NotSent::Disabled => "The recipient’s account is disabled.",
        NotSent::NotNow => "Nobody reads this address yet.",
        NotSent::Intranet => "Your organisation does not exchange mail with the outside.",
        NotSent::MailboxFull => "The recipient’s mailbox is full.",
        NotSent::ClosedGroup => {
            "The recipient is in a closed group, which takes messages only from its members."
        }
        NotSent::GroupWriters => {
            "The group does not take messages from you: its managers decided who may write to it."
        }
    },
    decided: |level| match level {
        Level::Inside => "The recipient is inside your organisation.",
        Level::Intranet => "Your organisation sends no mail to the outside.",
        Level::System => "This rule applies to everybody.",
        Level::User => "This rule applies to your account.",
        Level::Domain => "This rule applies to the recipient’s domain.",
        Level::Recipient => "This rule applies to this recipient.",
        Level::Own => "This is your own setting.",
        Level::Message => "You chose this for this message.",
    },
};

const GERMAN: Catalogue = Catalogue {
    not_sent: |reason| match reason {
        NotSent::NoAddress => "Dies ist keine E-Mail-Adresse.",
        NotSent::Rules => "Die Regeln erlauben keine Nachrichten an diesen Empfänger.",
        NotSent::UnknownRecipient => "Diese Adresse gibt es nicht.",
        NotSent::NotLocal => "Die Domain gehört nicht zu uns.",
        NotSent::AcceptFrom => "Der Empfänger nimmt keine internen Nachrichten an.",
        NotSent::Disabled => "Das Konto des Empfängers ist deaktiviert.",
        NotSent::NotNow => "Diese Adresse wird noch von niemandem gelesen.",
        NotSent::Intranet => "Ihre Organisation tauscht keine E-Mails mit Externen aus.",
        NotSent::MailboxFull => "Das Postfach des Empfängers ist voll.",
        NotSent::ClosedGroup => {
            "Der Empfänger gehört zu einer geschlossenen Gruppe, die nur Nachrichten ihrer Mitglieder annimmt."
        }
        NotSent::GroupWriters => {
            "Die Gruppe nimmt von Ihnen keine Nachrichten an: Ihre Verwalter haben festgelegt, wer ihr schreiben darf."
        }
    },
    decided: |level| match level {
        Level::Inside => "Der Empfänger gehört zu Ihrer Organisation.",
        Level::Intranet => "Ihre Organisation sendet keine E-Mails an Externe.",
        Level::System => "Diese Regel gilt für alle.",
        Level::User => "Diese Regel gilt für Ihr Konto.",
        Level::Domain => "Diese Regel gilt für die Domain des Empfängers.",
        Level::Recipient => "Diese Regel gilt für diesen Empfänger.",
        Level::Own => "Das ist Ihre eigene Einstellung.",
        Level::Message => "Das haben Sie für diese Nachricht gewählt.",
    },
};

const FRENCH: Catalogue = Catalogue {
    not_sent: |reason| match reason {
        NotSent::NoAddress => "Ceci n’est pas une adresse électronique.",
        NotSent::Rules => "Les règles n’autorisent aucun message à ce destinataire.",
        NotSent::UnknownRecipient => "Cette adresse n’existe pas.",
        NotSent::NotLocal => "Ce domaine n’est pas l’un des nôtres.",
        NotSent::AcceptFrom => "Le destinataire n’accepte pas les messages internes.",
        NotSent::Disabled => "Le compte du destinataire est désactivé.",
        NotSent::NotNow => "Personne ne lit encore cette adresse.",
        NotSent::Intranet => "Votre organisation n’échange pas de messages avec l’extérieur.",
        NotSent::MailboxFull => "La boîte aux lettres du destinataire est pleine.",
        NotSent::ClosedGroup => {
            "Le destinataire fait partie d’un groupe fermé, qui n’accepte que les messages de ses membres."
        }
        NotSent::GroupWriters => {
            "Le groupe n’accepte pas vos messages : ses gestionnaires ont décidé qui peut lui écrire."
        }
    },
    decided: |level| match level {
        Level::Inside => "Le destinataire fait partie de votre organisation.",
        Level::Intranet => "Votre organisation n’envoie aucun message à l’extérieur.",
        Level::System => "Cette règle s’applique à tout le monde.",
        Level::User => "Cette règle s’applique à votre compte.",
        Level::Domain => "Cette règle s’applique au domaine du destinataire.",
        Level::Recipient => "Cette règle s’applique à ce destinataire.",
        Level::Own => "C’est votre propre réglage.",
        Level::Message => "Vous l’avez choisi pour ce message.",
    },
};

const SPANISH: Catalogue = Catalogue {
    not_sent: |reason| match reason {
        NotSent::NoAddress => "Esto no es una dirección de correo.",
        NotSent::Rules => "Las reglas no permiten enviar correo a este destinatario.",
        NotSent::UnknownRecipient => "Nadie tiene esta dirección.",
        NotSent::NotLocal => "El dominio no es uno de los nuestros.",
        NotSent::AcceptFrom => "El destinatario no acepta correo interno.",
        NotSent::Disabled => "La cuenta del destinatario está desactivada.",
        NotSent::NotNow => "Nadie lee todavía esta dirección.",
        NotSent::Intranet => "Su organización no intercambia correo con el exterior.",
        NotSent::MailboxFull => "El buzón del destinatario está lleno.",
        NotSent::ClosedGroup => {
            "El destinatario pertenece a un grupo cerrado, que solo acepta mensajes de sus miembros."
        }
        NotSent::GroupWriters => {
            "El grupo no acepta mensajes suyos: sus gestores decidieron quién puede escribirle."
        }
    },
    decided: |level| match level {
        Level::Inside => "El destinatario pertenece a su organización.",
        Level::Intranet => "Su organización no envía correo al exterior.",
        Level::System => "Esta regla se aplica a todos.",
        Level::User => "Esta regla se aplica a su cuenta.",
        Level::Domain => "Esta regla se aplica al dominio del destinatario.",
        Level::Recipient => "Esta regla se aplica a este destinatario.",
        Level::Own => "Es su propio ajuste.",
        Level::Message => "Usted lo eligió para este mensaje.",
    },
};

const HEBREW: Catalogue = Catalogue {
    not_sent: |reason| match reason {
        NotSent::NoAddress => "זו אינה כתובת דואר.",
        NotSent::Rules => "הכללים אינם מתירים לשלוח דואר לנמען הזה.",
        NotSent::UnknownRecipient => "הכתובת הזאת אינה שייכת לאיש.",
        NotSent::NotLocal => "שם התחום אינו אחד משלנו.",
        NotSent::AcceptFrom => "הנמען אינו מקבל דואר פנימי.",
        NotSent::Disabled => "החשבון של הנמען מושבת.",
        NotSent::NotNow => "איש אינו קורא עדיין בכתובת הזאת.",
        NotSent::Intranet => "הארגון שלך אינו מחליף דואר עם החוץ.",
        NotSent::MailboxFull => "תיבת הדואר של הנמען מלאה.",
        NotSent::ClosedGroup => "הנמען שייך לקבוצה סגורה, המקבלת הודעות רק מחבריה.",
        NotSent::GroupWriters => "הקבוצה אינה מקבלת ממך הודעות: מנהליה קבעו מי רשאי לכתוב אליה.",
    },
    decided: |level| match level {
        Level::Inside => "הנמען שייך לארגון שלך.",
        Level::Intranet => "הארגון שלך אינו שולח דואר החוצה.",
        Level::System => "הכלל הזה חל על כולם.",
        Level::User => "הכלל הזה חל על החשבון שלך.",
        Level::Domain => "הכלל הזה חל על שם התחום של הנמען.",
        Level::Recipient => "הכלל הזה חל על הנמען הזה.",
        Level::Own => "זו ההגדרה שלך.",
        Level::Message => "כך בחרת להודעה הזאת.",
    },
};

const ARABIC: Catalogue = Catalogue {
    not_sent: |reason| match reason {
        NotSent::NoAddress => "هذا ليس عنوان بريد إلكتروني.",
        NotSent::Rules => "لا تسمح القواعد بإرسال البريد إلى هذا المستلم.",
        NotSent::UnknownRecipient => "لا أحد لديه هذا العنوان.",
        NotSent::NotLocal => "النطاق ليس من نطاقاتنا.",
        NotSent::AcceptFrom => "لا يقبل المستلم البريد الداخلي.",
        NotSent::Disabled => "حساب المستلم معطّل.",
        NotSent::NotNow => "لا أحد يقرأ هذا العنوان بعد.",
        NotSent::Intranet => "لا تتبادل مؤسستك البريد مع الخارج.",
        NotSent::MailboxFull => "صندوق بريد المستلم ممتلئ.",
        NotSent::ClosedGroup => "المستلم عضو في مجموعة مغلقة لا تقبل الرسائل إلا من أعضائها.",
        NotSent::GroupWriters => {
            "لا تقبل المجموعة رسائل منك: فقد حدّد مديروها من يمكنه الكتابة إليها."
        }
    },
    decided: |level| match level {
        Level::Inside => "المستلم داخل مؤسستك.",
        Level::Intranet => "لا ترسل مؤسستك بريدًا إلى الخارج.",
        Level::System => "تسري هذه القاعدة على الجميع.",
        Level::User => "تسري هذه القاعدة على حسابك.",
        Level::Domain => "تسري هذه القاعدة على نطاق المستلم.",
        Level::Recipient => "تسري هذه القاعدة على هذا المستلم.",
        Level::Own => "هذا إعدادك الخاص.",
        Level::Message => "اخترت ذلك لهذه الرسالة.",
    },
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_reason_and_says_who_decided() {
        let mut all = BTreeSet::new();
        for language in Language::ALL {
            for reason in NotSent::ALL {
                for level in Level::ALL {
                    all.insert(refusal(language, reason, level));
                }
            }
        }
        // Nobody decided that a mailbox is full; who keeps a group to itself is said in its sentence.
        let undecided = 3;
        let decided = (NotSent::ALL.len() - undecided) * Level::ALL.len();
        assert_eq!(all.len(), Language::ALL.len() * (decided + undecided));
    }
}
