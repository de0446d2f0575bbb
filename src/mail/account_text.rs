//! The sentences of notices about an account itself: what happened to the ways into it, for its
//! owner, in every language of the webmail. A sentence that is missing is a compile error.
//!
//! Their frame is that of every notice (`notice_text`).

use crate::mail::{isolate, notice_text};
use crate::terms::{AccountChange, Language};

/// What a notice says besides the change.
#[derive(Clone, Copy)]
pub struct Told<'t> {
    /// The account's address.
    pub who: &'t str,
    pub at: &'t str,
    /// The network address; `None` for a command on the server itself.
    pub from: Option<&'t str>,
    /// The notice's own reference number.
    pub reference: &'t str,
}

/// The subject of the notice with this reference number.
pub fn subject(language: Language, change: AccountChange, reference: &str) -> String {
    format!("{}: {reference}", (catalogue(language).title)(change))
}

/// The body of a notice: what happened, from where, and what to do if it was somebody else.
pub fn text(language: Language, change: AccountChange, told: Told<'_>) -> String {
    let catalogue = catalogue(language);
    let isolated = |text: &str| isolate::isolated(language, text);
    let what = (catalogue.sentence)(change, &isolated(told.who), &isolated(told.at));
    let from = match told.from {
        Some(address) => format!("{}: {}", catalogue.address, isolated(address)),
        None => catalogue.server.to_owned(),
    };
    let closing = notice_text::closing(language, told.reference);
    format!("{what}\n\n{from}\n\n{}\n\n{closing}", catalogue.advice)
}

struct Catalogue {
    title: fn(AccountChange) -> &'static str,
    /// By the account's address and the time.
    sentence: fn(AccountChange, &str, &str) -> String,
    address: &'static str,
    server: &'static str,
    advice: &'static str,
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
    title: |change| match change {
        AccountChange::PasswordChanged => "Password changed",
        AccountChange::Recovered => "Account recovered",
        AccountChange::RecoveryKeyCreated => "New recovery key",
        AccountChange::AppPasswordCreated => "New app password",
        AccountChange::AppPasswordRemoved => "App password removed",
        AccountChange::PasskeyCreated => "New passkey",
        AccountChange::PasskeyRemoved => "Passkey removed",
        AccountChange::TotpOn => "Two-step verification turned on",
        AccountChange::TotpOff => "Two-step verification turned off",
        AccountChange::SignedIn => "Sign-in from a new network",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => format!("The password of {who} was changed at {at}."),
        AccountChange::Recovered => format!(
            "A new password was set for {who} with the recovery key at {at}. App passwords, passkeys and two-step verification were removed."
        ),
        AccountChange::RecoveryKeyCreated => format!(
            "A new recovery key was created for {who} at {at}. The previous one no longer works."
        ),
        AccountChange::AppPasswordCreated => {
            format!("An app password was created for {who} at {at}.")
        }
        AccountChange::AppPasswordRemoved => {
            format!("An app password of {who} was removed at {at}.")
        }
        AccountChange::PasskeyCreated => {
            format!("A passkey was added to {who} at {at}. It signs in without the password.")
        }
        AccountChange::PasskeyRemoved => format!("A passkey of {who} was removed at {at}."),
        AccountChange::TotpOn => {
            format!("Two-step verification was turned on for {who} at {at}.")
        }
        AccountChange::TotpOff => {
            format!("Two-step verification was turned off for {who} at {at}.")
        }
        AccountChange::SignedIn => format!(
            "Somebody signed in to {who} at {at} from a network from which you have not signed in lately."
        ),
    },
    address: "Network address",
    server: "This was done with a command on the mail server itself.",
    advice: "If this was not you, change your password in the settings at once, and check the sessions, passkeys and app passwords there. Then tell your administrator.",
};

const GERMAN: Catalogue = Catalogue {
    title: |change| match change {
        AccountChange::PasswordChanged => "Passwort geändert",
        AccountChange::Recovered => "Konto wiederhergestellt",
        AccountChange::RecoveryKeyCreated => "Neuer Wiederherstellungsschlüssel",
        AccountChange::AppPasswordCreated => "Neues App-Passwort",
        AccountChange::AppPasswordRemoved => "App-Passwort entfernt",
        AccountChange::PasskeyCreated => "Neuer Passkey",
        AccountChange::PasskeyRemoved => "Passkey entfernt",
        AccountChange::TotpOn => "Bestätigung in zwei Schritten eingeschaltet",
        AccountChange::TotpOff => "Bestätigung in zwei Schritten ausgeschaltet",
        AccountChange::SignedIn => "Anmeldung aus einem neuen Netz",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => {
            format!("Das Passwort von {who} wurde um {at} geändert.")
        }
        AccountChange::Recovered => format!(
            "Für {who} wurde um {at} mit dem Wiederherstellungsschlüssel ein neues Passwort gesetzt. App-Passwörter, Passkeys und die Bestätigung in zwei Schritten wurden entfernt."
        ),
        AccountChange::RecoveryKeyCreated => format!(
            "Für {who} wurde um {at} ein neuer Wiederherstellungsschlüssel erstellt. Der bisherige ist ungültig."
        ),
        AccountChange::AppPasswordCreated => {
            format!("Für {who} wurde um {at} ein App-Passwort erstellt.")
        }
        AccountChange::AppPasswordRemoved => {
            format!("Ein App-Passwort von {who} wurde um {at} entfernt.")
        }
        AccountChange::PasskeyCreated => format!(
            "Für {who} wurde um {at} ein Passkey hinzugefügt. Mit ihm meldet man sich ohne das Passwort an."
        ),
        AccountChange::PasskeyRemoved => format!("Ein Passkey von {who} wurde um {at} entfernt."),
        AccountChange::TotpOn => {
            format!("Die Bestätigung in zwei Schritten wurde für {who} um {at} eingeschaltet.")
        }
        AccountChange::TotpOff => {
            format!("Die Bestätigung in zwei Schritten wurde für {who} um {at} ausgeschaltet.")
        }
        AccountChange::SignedIn => format!(
            "Bei {who} hat sich um {at} jemand aus einem Netz angemeldet, aus dem Sie sich in letzter Zeit nicht angemeldet haben."
        ),
    },
    address: "Netzwerkadresse",
    server: "Dies geschah durch einen Befehl auf dem Mailserver selbst.",
    advice: "Wenn Sie das nicht waren, ändern Sie sofort Ihr Passwort in den Einstellungen und prüfen Sie dort Sitzungen, Passkeys und App-Passwörter. Verständigen Sie dann Ihre Administration.",
};

const FRENCH: Catalogue = Catalogue {
    title: |change| match change {
        AccountChange::PasswordChanged => "Mot de passe modifié",
        AccountChange::Recovered => "Compte récupéré",
        AccountChange::RecoveryKeyCreated => "Nouvelle clé de récupération",
        AccountChange::AppPasswordCreated => "Nouveau mot de passe d’application",
        AccountChange::AppPasswordRemoved => "Mot de passe d’application supprimé",
        AccountChange::PasskeyCreated => "Nouvelle clé d’accès",
        AccountChange::PasskeyRemoved => "Clé d’accès supprimée",
        AccountChange::TotpOn => "Validation en deux étapes activée",
        AccountChange::TotpOff => "Validation en deux étapes désactivée",
        AccountChange::SignedIn => "Connexion depuis un nouveau réseau",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => {
            format!("Le mot de passe de {who} a été modifié à {at}.")
        }
        AccountChange::Recovered => format!(
            "Un nouveau mot de passe a été défini pour {who} avec la clé de récupération à {at}. Les mots de passe d’application, les clés d’accès et la validation en deux étapes ont été supprimés."
        ),
        AccountChange::RecoveryKeyCreated => format!(
            "Une nouvelle clé de récupération a été créée pour {who} à {at}. La précédente ne fonctionne plus."
        ),
        AccountChange::AppPasswordCreated => {
            format!("Un mot de passe d’application a été créé pour {who} à {at}.")
        }
        AccountChange::AppPasswordRemoved => {
            format!("Un mot de passe d’application de {who} a été supprimé à {at}.")
        }
        AccountChange::PasskeyCreated => format!(
            "Une clé d’accès a été ajoutée à {who} à {at}. Elle permet de se connecter sans le mot de passe."
        ),
        AccountChange::PasskeyRemoved => {
            format!("Une clé d’accès de {who} a été supprimée à {at}.")
        }
        AccountChange::TotpOn => {
            format!("La validation en deux étapes a été activée pour {who} à {at}.")
        }
        AccountChange::TotpOff => {
            format!("La validation en deux étapes a été désactivée pour {who} à {at}.")
        }
        AccountChange::SignedIn => format!(
            "Quelqu’un s’est connecté à {who} à {at} depuis un réseau que vous n’avez pas utilisé récemment pour vous connecter."
        ),
    },
    address: "Adresse réseau",
    server: "Cette modification vient d’une commande exécutée sur le serveur de messagerie lui-même.",
    advice: "Si ce n’était pas vous, changez immédiatement votre mot de passe dans les paramètres et vérifiez-y les sessions, les clés d’accès et les mots de passe d’application. Prévenez ensuite votre administrateur.",
};

const SPANISH: Catalogue = Catalogue {
    title: |change| match change {
        AccountChange::PasswordChanged => "Contraseña cambiada",
        AccountChange::Recovered => "Cuenta recuperada",
        AccountChange::RecoveryKeyCreated => "Nueva clave de recuperación",
        AccountChange::AppPasswordCreated => "Nueva contraseña de aplicación",
        AccountChange::AppPasswordRemoved => "Contraseña de aplicación eliminada",
        AccountChange::PasskeyCreated => "Nueva llave de acceso",
        AccountChange::PasskeyRemoved => "Llave de acceso eliminada",
        AccountChange::TotpOn => "Verificación en dos pasos activada",
        AccountChange::TotpOff => "Verificación en dos pasos desactivada",
        AccountChange::SignedIn => "Inicio de sesión desde una red nueva",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => {
            format!("La contraseña de {who} se cambió a las {at}.")
        }
        AccountChange::Recovered => format!(
            "Se estableció una contraseña nueva para {who} con la clave de recuperación a las {at}. Se eliminaron las contraseñas de aplicación, las llaves de acceso y la verificación en dos pasos."
        ),
        AccountChange::RecoveryKeyCreated => format!(
            "Se creó una clave de recuperación nueva para {who} a las {at}. La anterior ya no sirve."
        ),
        AccountChange::AppPasswordCreated => {
            format!("Se creó una contraseña de aplicación para {who} a las {at}.")
        }
        AccountChange::AppPasswordRemoved => {
            format!("Se eliminó una contraseña de aplicación de {who} a las {at}.")
        }
        AccountChange::PasskeyCreated => format!(
            "Se añadió una llave de acceso a {who} a las {at}. Con ella se inicia sesión sin la contraseña."
        ),
        AccountChange::PasskeyRemoved => {
            format!("Se eliminó una llave de acceso de {who} a las {at}.")
        }
        AccountChange::TotpOn => {
            format!("La verificación en dos pasos se activó para {who} a las {at}.")
        }
        AccountChange::TotpOff => {
            format!("La verificación en dos pasos se desactivó para {who} a las {at}.")
        }
        AccountChange::SignedIn => format!(
            "Alguien inició sesión en {who} a las {at} desde una red desde la que usted no ha iniciado sesión últimamente."
        ),
    },
    address: "Dirección de red",
    server: "Esto se hizo con una orden en el propio servidor de correo.",
    advice: "Si no fue usted, cambie de inmediato su contraseña en los ajustes y revise allí las sesiones, las llaves de acceso y las contraseñas de aplicación. Después, avise a su administrador.",
};

const HEBREW: Catalogue = Catalogue {
    title: |change| match change {
        AccountChange::PasswordChanged => "הסיסמה הוחלפה",
        AccountChange::Recovered => "החשבון שוחזר",
        AccountChange::RecoveryKeyCreated => "מפתח שחזור חדש",
        AccountChange::AppPasswordCreated => "סיסמה חדשה לאפליקציה",
        AccountChange::AppPasswordRemoved => "סיסמה לאפליקציה הוסרה",
        AccountChange::PasskeyCreated => "מפתח גישה חדש",
        AccountChange::PasskeyRemoved => "מפתח גישה הוסר",
        AccountChange::TotpOn => "האימות הדו־שלבי הופעל",
        AccountChange::TotpOff => "האימות הדו־שלבי כובה",
        AccountChange::SignedIn => "כניסה מרשת חדשה",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => format!("הסיסמה של {who} הוחלפה ב־{at}."),
        AccountChange::Recovered => format!(
            "נקבעה סיסמה חדשה לחשבון {who} באמצעות מפתח השחזור ב־{at}. הסיסמאות לאפליקציות, מפתחות הגישה והאימות הדו־שלבי הוסרו."
        ),
        AccountChange::RecoveryKeyCreated => {
            format!("נוצר מפתח שחזור חדש לחשבון {who} ב־{at}. המפתח הקודם אינו תקף עוד.")
        }
        AccountChange::AppPasswordCreated => format!("נוצרה סיסמה לאפליקציה בחשבון {who} ב־{at}."),
        AccountChange::AppPasswordRemoved => {
            format!("סיסמה לאפליקציה של החשבון {who} הוסרה ב־{at}.")
        }
        AccountChange::PasskeyCreated => {
            format!("נוסף מפתח גישה לחשבון {who} ב־{at}. הוא מאפשר להיכנס בלי הסיסמה.")
        }
        AccountChange::PasskeyRemoved => format!("מפתח גישה של החשבון {who} הוסר ב־{at}."),
        AccountChange::TotpOn => format!("האימות הדו־שלבי הופעל לחשבון {who} ב־{at}."),
        AccountChange::TotpOff => format!("האימות הדו־שלבי כובה לחשבון {who} ב־{at}."),
        AccountChange::SignedIn => {
            format!("בוצעה כניסה לחשבון {who} ב־{at} מרשת שלא נכנסת ממנה לאחרונה.")
        }
    },
    address: "כתובת הרשת",
    server: "הדבר נעשה בפקודה בשרת הדואר עצמו.",
    advice: "אם לא פעלת כך בעצמך, יש להחליף מיד את הסיסמה בהגדרות ולבדוק שם את הכניסות הפעילות, את מפתחות הגישה ואת הסיסמאות לאפליקציות. לאחר מכן יש לעדכן את מנהל המערכת.",
};

const ARABIC: Catalogue = Catalogue {
    title: |change| match change {
        AccountChange::PasswordChanged => "تم تغيير كلمة المرور",
        AccountChange::Recovered => "تم استرداد الحساب",
        AccountChange::RecoveryKeyCreated => "مفتاح استرداد جديد",
        AccountChange::AppPasswordCreated => "كلمة مرور تطبيق جديدة",
        AccountChange::AppPasswordRemoved => "أُزيلت كلمة مرور تطبيق",
        AccountChange::PasskeyCreated => "مفتاح مرور جديد",
        AccountChange::PasskeyRemoved => "أُزيل مفتاح مرور",
        AccountChange::TotpOn => "تم تفعيل التحقق بخطوتين",
        AccountChange::TotpOff => "تم إيقاف التحقق بخطوتين",
        AccountChange::SignedIn => "تسجيل دخول من شبكة جديدة",
    },
    sentence: |change, who, at| match change {
        AccountChange::PasswordChanged => format!("تم تغيير كلمة مرور {who} في {at}."),
        AccountChange::Recovered => format!(
            "عُيّنت كلمة مرور جديدة للحساب {who} بمفتاح الاسترداد في {at}. وأُزيلت كلمات مرور التطبيقات ومفاتيح المرور والتحقق بخطوتين."
        ),
        AccountChange::RecoveryKeyCreated => {
            format!("أُنشئ مفتاح استرداد جديد للحساب {who} في {at}. ولم يعد المفتاح السابق صالحًا.")
        }
        AccountChange::AppPasswordCreated => {
            format!("أُنشئت كلمة مرور تطبيق للحساب {who} في {at}.")
        }
        AccountChange::AppPasswordRemoved => {
            format!("أُزيلت كلمة مرور تطبيق من الحساب {who} في {at}.")
        }
        AccountChange::PasskeyCreated => format!(
            "أُضيف مفتاح مرور إلى الحساب {who} في {at}. وهو يتيح تسجيل الدخول دون كلمة المرور."
        ),
        AccountChange::PasskeyRemoved => format!("أُزيل مفتاح مرور من الحساب {who} في {at}."),
        AccountChange::TotpOn => format!("تم تفعيل التحقق بخطوتين للحساب {who} في {at}."),
        AccountChange::TotpOff => format!("تم إيقاف التحقق بخطوتين للحساب {who} في {at}."),
        AccountChange::SignedIn => {
            format!("سجّل شخص ما الدخول إلى {who} في {at} من شبكة لم تسجّل الدخول منها مؤخرًا.")
        }
    },
    address: "عنوان الشبكة",
    server: "تم ذلك بأمر على خادم البريد نفسه.",
    advice: "إذا لم تكن أنت من فعل ذلك، فغيّر كلمة مرورك فورًا في الإعدادات، وراجع هناك الجلسات ومفاتيح المرور وكلمات مرور التطبيقات. ثم أبلغ المسؤول.",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_change_is_told_with_its_place_in_every_language() {
        let mut said = BTreeSet::new();
        for language in Language::ALL {
            for change in AccountChange::ALL {
                let subject = subject(language, change, "ABCD");
                assert!(subject.ends_with(": ABCD"), "{subject}");
                said.insert(subject);
                let (who, at) = ("dana@example.org", "12:04");
                let told = Told { who, at, from: Some("192.0.2.7"), reference: "ABCD" };
                let remote = text(language, change, told);
                for expected in [who, at, "192.0.2.7", "ABCD"] {
                    assert!(remote.contains(expected), "{remote}");
                    let isolated = remote.contains(&format!("\u{2068}{expected}\u{2069}"));
                    let isolates = matches!(language, Language::Hebrew | Language::Arabic);
                    assert_eq!(isolated, isolates, "{remote}");
                }
                let local = text(language, change, Told { from: None, ..told });
                assert!(!local.contains("192.0.2.7") && local != remote, "{local}");
                said.insert(local);
            }
        }
        let expected = 2 * Language::ALL.len() * AccountChange::ALL.len();
        assert_eq!(said.len(), expected, "each says something else");
    }
}
