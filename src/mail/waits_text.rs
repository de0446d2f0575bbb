//! The sentences of notices that something waits in chats and on boards, in every language of the webmail: in
//! the inbox, and in mail to another address, which says no more than that there is something, and where to
//! read it. Nothing here says what, by whom or where.

use crate::mail::chat_text;
use crate::mail::isolate::isolated;
use crate::mail::notice_text::closing;
use crate::terms::Language;

/// Where something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    Chats,
    Posts,
    Both,
}

/// The subject of a notice that names these reference numbers.
pub fn subject(language: Language, waits: Waits, numbers: &[String]) -> String {
    let title = title(language, waits);
    match numbers {
        [one] => format!("{title}: {one}"),
        _ => title,
    }
}

/// The body of that notice.
pub fn text(language: Language, waits: Waits, numbers: &[String]) -> String {
    let lines: String = numbers.iter().map(|one| closing(language, one)).collect();
    format!("{}.\n{}\n\n{lines}", title(language, waits), catalogue(language).open)
}

fn title(language: Language, waits: Waits) -> String {
    match waits {
        Waits::Chats => chat_text::waits_title(language).to_owned(),
        Waits::Posts => catalogue(language).posts.to_owned(),
        Waits::Both => catalogue(language).both.to_owned(),
    }
}

/// The subject of the mail to another address.
pub fn mailed_subject(language: Language, number: &str) -> String {
    format!("{}: {number}", catalogue(language).mailed)
}

/// Its body, with the one link.
pub fn mailed_text(language: Language, number: &str, url: &str) -> String {
    let Catalogue { mailed, sign_in, chosen, .. } = catalogue(language);
    format!("{mailed}. {sign_in}\n\n{url}\n\n{chosen}\n\n{}", closing(language, number))
}

/// The subject of the mail with a code.
pub fn code_subject(language: Language) -> String {
    catalogue(language).code.to_owned()
}

/// Its body: the code has to be entered where its owner is signed in.
pub fn code_text(language: Language, code: &str, url: &str) -> String {
    let Catalogue { code_is, not_asked, .. } = catalogue(language);
    format!("{code_is}: {}\n\n{url}\n\n{not_asked}\n", isolated(language, code))
}

/// The subject of the notice that mail to the other address came back.
pub fn came_back_subject(language: Language, number: &str) -> String {
    format!("{}: {number}", catalogue(language).came_back)
}

/// Its body.
pub fn came_back_text(language: Language, address: &str, number: &str) -> String {
    let Catalogue { came_back, turned_off, .. } = catalogue(language);
    let address = isolated(language, address);
    format!("{came_back}: {address}.\n{turned_off}\n\n{}", closing(language, number))
}

struct Catalogue {
    posts: &'static str,
    both: &'static str,
    open: &'static str,
    mailed: &'static str,
    sign_in: &'static str,
    chosen: &'static str,
    code: &'static str,
    code_is: &'static str,
    not_asked: &'static str,
    came_back: &'static str,
    turned_off: &'static str,
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
    posts: "Something was posted in topics that you follow",
    both: "Something was said in chats, and posted in topics that you follow",
    open: "Open it in your browser to read it.",
    mailed: "Something new is there for you",
    sign_in: "Sign in to read it:",
    chosen: "You get this mail because you chose to be notified at this address. You can change that in \
             your settings. Replies are not read.",
    code: "Code to confirm your address",
    code_is: "Enter this code in your settings, to be notified at this address",
    not_asked: "If you did not ask for this, do nothing: without the code nothing else is sent to you. \
                Replies are not read.",
    came_back: "Mail to your other address came back",
    turned_off: "No more notices are sent there. In your settings you can enter an address again.",
};

const GERMAN: Catalogue = Catalogue {
    posts: "In Themen, denen Sie folgen, wurde etwas geschrieben",
    both: "In Chats wurde etwas gesagt, und in Themen, denen Sie folgen, etwas geschrieben",
    open: "Öffnen Sie es im Browser, um es zu lesen.",
    mailed: "Es gibt etwas Neues für Sie",
    sign_in: "Melden Sie sich an, um es zu lesen:",
    chosen: "Sie erhalten diese E-Mail, weil Sie an dieser Adresse benachrichtigt werden möchten. Das \
             können Sie in Ihren Einstellungen ändern. Antworten werden nicht gelesen.",
    code: "Code zur Bestätigung Ihrer Adresse",
    code_is: "Geben Sie diesen Code in Ihren Einstellungen ein, um an dieser Adresse benachrichtigt zu werden",
    not_asked: "Wenn Sie das nicht angefordert haben, tun Sie nichts: Ohne den Code wird Ihnen nichts \
                weiter gesendet. Antworten werden nicht gelesen.",
    came_back: "E-Mails an Ihre andere Adresse kamen zurück",
    turned_off: "Dorthin werden keine Hinweise mehr gesendet. In Ihren Einstellungen können Sie wieder eine \
                 Adresse eingeben.",
};

const FRENCH: Catalogue = Catalogue {
    posts: "Quelque chose a été publié dans des sujets que vous suivez",
    both: "Quelque chose a été dit dans des discussions et publié dans des sujets que vous suivez",
    open: "Ouvrez-le dans votre navigateur pour le lire.",
    mailed: "Il y a du nouveau pour vous",
    sign_in: "Connectez-vous pour le lire :",
    chosen: "Vous recevez ce courriel parce que vous avez choisi d’être averti à cette adresse. Vous pouvez \
             changer cela dans vos paramètres. Les réponses ne sont pas lues.",
    code: "Code pour confirmer votre adresse",
    code_is: "Saisissez ce code dans vos paramètres pour être averti à cette adresse",
    not_asked: "Si vous n’avez rien demandé, ne faites rien : sans le code, rien d’autre ne vous sera \
                envoyé. Les réponses ne sont pas lues.",
    came_back: "Le courrier envoyé à votre autre adresse est revenu",
    turned_off: "Plus aucun avis n’y est envoyé. Dans vos paramètres, vous pouvez saisir à nouveau une \
                 adresse.",
};

const SPANISH: Catalogue = Catalogue {
    posts: "Se publicó algo en temas que sigue",
    both: "Se dijo algo en chats y se publicó algo en temas que sigue",
    open: "Ábralo en su navegador para leerlo.",
    mailed: "Hay algo nuevo para usted",
    sign_in: "Inicie sesión para leerlo:",
    chosen: "Recibe este correo porque eligió que se le avise en esta dirección. Puede cambiarlo en sus \
             ajustes. Las respuestas no se leen.",
    code: "Código para confirmar su dirección",
    code_is: "Introduzca este código en sus ajustes para que se le avise en esta dirección",
    not_asked: "Si no lo ha pedido, no haga nada: sin el código no se le enviará nada más. Las respuestas \
                no se leen.",
    came_back: "El correo a su otra dirección fue devuelto",
    turned_off: "Ya no se envían avisos allí. En sus ajustes puede introducir de nuevo una dirección.",
};

const HEBREW: Catalogue = Catalogue {
    posts: "משהו פורסם בנושאים שבמעקב שלך",
    both: "משהו נאמר בצ׳אטים ומשהו פורסם בנושאים שבמעקב שלך",
    open: "כדי לקרוא, יש לפתוח בדפדפן.",
    mailed: "יש משהו חדש בשבילך",
    sign_in: "כדי לקרוא, יש להיכנס:",
    chosen: "ההודעה הזאת נשלחה כי בחרת לקבל התראות בכתובת הזאת. אפשר לשנות זאת בהגדרות. איש אינו קורא תשובות.",
    code: "קוד לאישור הכתובת שלך",
    code_is: "כדי לקבל התראות בכתובת הזאת, יש להזין בהגדרות את הקוד",
    not_asked: "אם לא ביקשת זאת, אין צורך לעשות דבר: בלי הקוד לא יישלח אליך דבר נוסף. איש אינו קורא תשובות.",
    came_back: "דואר לכתובת האחרת שלך חזר",
    turned_off: "לא נשלחות לשם עוד התראות. בהגדרות אפשר להזין שוב כתובת.",
};

const ARABIC: Catalogue = Catalogue {
    posts: "نُشر شيء في مواضيع تتابعها",
    both: "قيل شيء في محادثات ونُشر شيء في مواضيع تتابعها",
    open: "افتحه في المتصفح لقراءته.",
    mailed: "هناك شيء جديد لك",
    sign_in: "سجّل الدخول لقراءته:",
    chosen: "تصلك هذه الرسالة لأنك اخترت أن تُنبَّه على هذا العنوان. يمكنك تغيير ذلك في الإعدادات. لا تُقرأ الردود.",
    code: "رمز لتأكيد عنوانك",
    code_is: "أدخل هذا الرمز في الإعدادات لتُنبَّه على هذا العنوان",
    not_asked: "إذا لم تطلب ذلك فلا تفعل شيئًا: بدون الرمز لن يُرسل إليك شيء آخر. لا تُقرأ الردود.",
    came_back: "عاد البريد المرسل إلى عنوانك الآخر",
    turned_off: "لن تُرسل إليه تنبيهات بعد الآن. يمكنك إدخال عنوان من جديد في الإعدادات.",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NUMBER: &str = "01KAN-5Q7DC-8E2XV-M9T4H";
    const SITE: &str = "https://mail.example.org";

    /// P-66: in every language a notice names reference numbers, a mail has one link and no urgent word, and
    /// no two of them are alike.
    #[test]
    fn every_notice_names_reference_numbers_and_every_mail_has_one_link() {
        let mut titles = BTreeSet::new();
        let numbers = [NUMBER.to_owned(), "01KAN-SECOND".to_owned()];
        for language in Language::ALL {
            for waits in [Waits::Chats, Waits::Posts, Waits::Both] {
                assert!(subject(language, waits, &numbers[..1]).ends_with(NUMBER));
                let text = text(language, waits, &numbers);
                assert!(numbers.iter().all(|one| text.contains(one.as_str())), "{text}");
                titles.insert(subject(language, waits, &numbers));
            }
            titles.insert(mailed_subject(language, NUMBER));
            titles.insert(code_subject(language));
            titles.insert(came_back_subject(language, NUMBER));
            let mailed = mailed_text(language, NUMBER, SITE);
            let code = code_text(language, "01234567", SITE);
            assert!(mailed.contains(NUMBER) && code.contains("01234567"));
            for mail in [mailed, code] {
                assert_eq!(mail.matches("://").count(), 1, "{mail}");
                for forbidden in ["urgent", "immediately", "click", "chat", "Chat", "board"] {
                    assert!(!mail.contains(forbidden), "{forbidden}: {mail}");
                }
            }
            let back = came_back_text(language, "noa@outside.example", NUMBER);
            assert!(back.contains("noa@outside.example") && back.contains(NUMBER), "{back}");
        }
        assert_eq!(titles.len(), Language::ALL.len() * 6);
    }
}
