//! The notice that an account takes no codes any more, in every language of the webmail. A sentence that
//! is missing is a compile error.
//!
//! Its frame is that of every notice (`notice_text`).

use crate::mail::{isolate::isolated, notice_text};
use crate::terms::Language;

/// The subject of the notice with this reference number.
pub fn subject(language: Language, reference: &str) -> String {
    let title = match language {
        Language::English => "Codes are no longer accepted",
        Language::German => "Codes werden nicht mehr angenommen",
        Language::French => "Les codes ne sont plus acceptés",
        Language::Spanish => "Ya no se aceptan códigos",
        Language::Hebrew => "קודים אינם מתקבלים עוד",
        Language::Arabic => "لم تعد الرموز مقبولة",
    };
    format!("{title}: {reference}")
}

/// The body of the notice about the account `who`, which got the last wrong code at `at`.
pub fn text(language: Language, who: &str, at: &str, reference: &str) -> String {
    let (who, at) = (isolated(language, who), isolated(language, at));
    let what = match language {
        Language::English => format!(
            "A hundred codes in a row were tried for {who}, and none opened the account (the last one: {at}). Only somebody who knows the password can enter a code. No code is accepted any more.\n\nSign in with a passkey or the recovery key, or ask your administrator to allow codes again. If this was not you, change your password at once."
        ),
        Language::German => format!(
            "Für {who} wurden hundert Codes nacheinander probiert, und keiner öffnete das Konto (zuletzt: {at}). Einen Code kann nur eingeben, wer das Passwort kennt. Es wird kein Code mehr angenommen.\n\nMelden Sie sich mit einem Passkey oder dem Wiederherstellungsschlüssel an, oder bitten Sie Ihre Administration, Codes wieder zuzulassen. Wenn Sie das nicht waren, ändern Sie sofort Ihr Passwort."
        ),
        Language::French => format!(
            "Cent codes de suite ont été essayés pour {who}, et aucun n’a ouvert le compte (le dernier : {at}). Seul quelqu’un qui connaît le mot de passe peut saisir un code. Plus aucun code n’est accepté.\n\nConnectez-vous avec une clé d’accès ou la clé de récupération, ou demandez à votre administrateur d’autoriser à nouveau les codes. Si ce n’était pas vous, changez immédiatement votre mot de passe."
        ),
        Language::Spanish => format!(
            "Se han probado cien códigos seguidos para {who} y ninguno abrió la cuenta (el último: {at}). Solo quien conoce la contraseña puede introducir un código. Ya no se acepta ningún código.\n\nInicie sesión con una llave de acceso o con la clave de recuperación, o pida a su administrador que vuelva a permitir los códigos. Si no fue usted, cambie de inmediato su contraseña."
        ),
        Language::Hebrew => format!(
            "מאה קודים ברציפות נוסו עבור {who}, ואף אחד מהם לא פתח את החשבון (האחרון: {at}). רק מי שיודע את הסיסמה יכול להזין קוד. מעתה לא מתקבל שום קוד.\n\nיש להיכנס באמצעות מפתח גישה או מפתח השחזור, או לבקש ממנהל המערכת לאפשר שוב קודים. אם לא פעלת כך בעצמך, יש להחליף מיד את הסיסמה."
        ),
        Language::Arabic => format!(
            "جُرّب مئة رمز على التوالي للحساب {who} ولم يفتح أيٌّ منها الحساب (آخرها: {at}). لا يستطيع إدخال رمز إلا من يعرف كلمة المرور. لم يعد يُقبل أي رمز.\n\nسجّل الدخول بمفتاح مرور أو بمفتاح الاسترداد، أو اطلب من المسؤول السماح بالرموز من جديد. إذا لم تكن أنت من فعل ذلك، فغيّر كلمة مرورك فورًا."
        ),
    };
    format!("{what}\n\n{}", notice_text::closing(language, reference))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_stop_of_codes_is_said_with_its_account_and_time_in_every_language() {
        let mut said = BTreeSet::new();
        for language in Language::ALL {
            assert!(subject(language, "ABCD").ends_with(": ABCD"));
            let text = text(language, "dana@example.org", "2026-11-30 12:04 UTC", "ABCD");
            for expected in ["dana@example.org", "2026-11-30 12:04 UTC", "ABCD"] {
                let isolates = matches!(language, Language::Hebrew | Language::Arabic);
                let isolated = text.contains(&format!("\u{2068}{expected}\u{2069}"));
                assert!(text.contains(expected) && isolated == isolates, "{text}");
            }
            said.extend([subject(language, "ABCD"), text]);
        }
        assert_eq!(said.len(), 2 * Language::ALL.len(), "each says something else");
    }
}
