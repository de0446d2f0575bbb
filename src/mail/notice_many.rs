//! The sentences of a notice that reports the same about several recipients, in every language of
//! the webmail; a notice about one recipient is written by `notice_text`.

use super::isolate;
use super::notice_text::{self, Report};
use crate::terms::Language;

/// The body: what happened, then one line for each recipient with the detail, of which there are at
/// most `lines_max`, then the reference number.
pub fn text(
    language: Language,
    report: Report,
    recipients: &[(&str, Option<&str>)],
    lines_max: usize,
    reference: &str,
) -> String {
    let mut lines = String::new();
    for (who, detail) in recipients.iter().take(lines_max) {
        let who = isolate::isolated(language, who);
        match detail {
            Some(detail) => lines.push_str(&format!("{who}: {detail}\n")),
            None => lines.push_str(&format!("{who}\n")),
        }
    }
    let left_out = recipients.len().saturating_sub(lines_max);
    if left_out > 0 {
        lines.push_str(&format!("{}\n", more(language, left_out)));
    }
    let what = sentence(language, report, recipients.len());
    format!("{what}\n\n{lines}\n{}", notice_text::closing(language, reference))
}

/// What is reported about `count` recipients, who are more than one.
fn sentence(language: Language, report: Report, count: usize) -> String {
    match report {
        Report::Refused => refused(language, count),
        Report::Delayed => delayed(language, count),
        Report::Unverified(instead) => instead.sentence_many(language, count),
        // The other reports are about one recipient each.
        _ => failed(language, count),
    }
}

fn refused(language: Language, count: usize) -> String {
    match language {
        Language::English => format!("Your message was not sent to {count} recipients:"),
        Language::German => format!("Ihre Nachricht wurde an {count} Empfänger nicht gesendet:"),
        Language::French => format!("Votre message n’a pas été envoyé à {count} destinataires :"),
        Language::Spanish => format!("Su mensaje no se envió a {count} destinatarios:"),
        Language::Hebrew => format!("ההודעה שלך לא נשלחה אל {count} נמענים:"),
        Language::Arabic => format!("لم تُرسل رسالتك إلى {count} من المستلمين:"),
    }
}

fn failed(language: Language, count: usize) -> String {
    match language {
        Language::English => format!("Your message could not be delivered to {count} recipients:"),
        Language::German => {
            format!("Ihre Nachricht konnte {count} Empfängern nicht zugestellt werden:")
        }
        Language::French => {
            format!("Votre message n’a pas pu être remis à {count} destinataires :")
        }
        Language::Spanish => format!("Su mensaje no se pudo entregar a {count} destinatarios:"),
        Language::Hebrew => format!("לא ניתן היה למסור את ההודעה שלך אל {count} נמענים:"),
        Language::Arabic => format!("تعذّر تسليم رسالتك إلى {count} من المستلمين:"),
    }
}

fn delayed(language: Language, count: usize) -> String {
    match language {
        Language::English => format!(
            "Your message has not been delivered to {count} recipients yet. We will keep trying:"
        ),
        Language::German => format!(
            "Ihre Nachricht wurde {count} Empfängern noch nicht zugestellt. Wir versuchen es weiter:"
        ),
        Language::French => format!(
            "Votre message n’a pas encore été remis à {count} destinataires. Nous continuons d’essayer :"
        ),
        Language::Spanish => format!(
            "Su mensaje aún no se ha entregado a {count} destinatarios. Seguiremos intentándolo:"
        ),
        Language::Hebrew => {
            format!("ההודעה שלך אל {count} נמענים עדיין לא נמסרה. נמשיך לנסות:")
        }
        Language::Arabic => {
            format!("لم تُسلّم رسالتك إلى {count} من المستلمين بعد. سنواصل المحاولة:")
        }
    }
}

fn more(language: Language, count: usize) -> String {
    match language {
        Language::English => format!("and {count} more"),
        Language::German => format!("und {count} weitere"),
        Language::French => format!("et {count} de plus"),
        Language::Spanish => format!("y {count} más"),
        Language::Hebrew => format!("ועוד {count}"),
        Language::Arabic => format!("و{count} غيرهم"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mail::notice_detail::Instead;

    const MANY: [Report; 5] = [
        Report::Refused,
        Report::Failed,
        Report::Delayed,
        Report::Unverified(Instead::Here),
        Report::Unverified(Instead::Plain),
    ];

    #[test]
    fn a_notice_about_many_names_them_up_to_a_limit_and_counts_the_others() {
        let people: Vec<String> = (0..5).map(|at| format!("r{at}@outside.example")).collect();
        let lines: Vec<_> = people.iter().map(|one| (one.as_str(), Some("550 no"))).collect();
        let mut all = BTreeSet::new();
        for language in Language::ALL {
            for report in MANY {
                let text = text(language, report, &lines, 3, "ABC");
                assert!(text.lines().next().unwrap().contains('5'), "{text}");
                assert!(text.contains("r2@") && !text.contains("r3@"), "{text}");
                assert!(text.contains('2') && text.contains("ABC"), "{text}");
                all.insert(text);
            }
        }
        assert_eq!(all.len(), MANY.len() * Language::ALL.len(), "each sentence is another");
        let whole = text(Language::English, Report::Failed, &lines, 5, "ABC");
        assert!(whole.contains("r4@outside.example: 550 no") && !whole.contains("more"), "{whole}");
    }
}
