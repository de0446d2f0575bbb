//! Temporary accounts: claiming, expiry, revocation, hand-off and language, with a set clock.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::accounts::appearance::Appearance;
use super::accounts::change::{Others, PasswordChange};
use super::accounts::preference::PreferencesChange;
use super::chat::member::RoomAnswer;
use super::chat::room::NewRoom;
use super::contacts::shares::{Field, Fields};
use super::contacts::sharing::{NamedReader, WantedShare};
use super::contacts::stored::ContactPatch;
use super::mailboxes::filter::Filter;
use super::mailboxes::label::Label;
use super::outsiders::asking::Asked;
use super::queue::attempt::Attempted;
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::gateway::records::tables::CONTACT_SHARED;
use crate::mail::contacts::{Contact, Name};
use crate::mail::envelope::DsnReturn;
use crate::store::{Order, Read, Span};
use crate::terms::{Choice, HandOff, Mode, PickupState, RelationKind, Route};
use crate::vault::SessionToken;

/// P-14, P-15, P-32 to P-37: the account, the notification, the claim, the message, the reply,
/// and what the sender sees.
#[test]
fn an_outsider_claims_an_account_reads_and_replies() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "The secret of the day"));
    let rows = leased(&gateway);
    assert_eq!(rows.len(), 1);
    let text = &rows[0].1;
    assert!(!text.contains("secret of the day") && !text.contains("The contract"), "{text}");
    assert!(text.contains(&reference.to_string()));
    delivered(&gateway, rows[0].0.id);
    let (initial, token) = password_and_token(text);
    for _ in 0..1_000 {
        let view = gateway.pickup(&token).unwrap();
        assert_eq!((view.state, view.reference), (PickupState::Waiting, reference));
    }
    // A short passphrase is refused, and uses nothing up.
    assert!(matches!(claim(&gateway, OUTSIDER, &initial, "short"), Err(Error::WeakPassword)));
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    assert!(noa.is_temporary());
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Claimed);
    // What the mail says opens nothing now.
    assert!(matches!(gateway.session_open(log_in(OUTSIDER, &initial)), Err(Error::Refused)));
    let items = inbox(&gateway, &noa);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].reference, reference);
    let (_, octets) = gateway.message_open(&noa, reference, None).unwrap();
    let octets = octets.whole().unwrap();
    assert!(String::from_utf8_lossy(&octets).contains("The secret of the day"));
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Read)]
    );
    // It answers within the conversation, and cannot write to anybody else.
    let draft = gateway.draft_from(&noa, reference, RelationKind::Reply, None).unwrap();
    assert_eq!(draft.content.to[0].address, "dana@example.org");
    let reply = send(&gateway, &noa, &draft.content);
    let got = inbox(&gateway, &dana).into_iter().find(|item| item.reference == reply).unwrap();
    assert_eq!(got.from_address.as_deref(), Some(OUTSIDER));
    for other in ["omar@example.org", "x@elsewhere.example"] {
        let mut message = draft.content.clone();
        message.to = vec![addressee(other)];
        let denied = try_send(&gateway, &noa, &message, None);
        assert!(matches!(denied, Err(Error::Denied { .. })), "{other}");
        message.related = None;
        assert!(matches!(try_send(&gateway, &noa, &message, None), Err(Error::Denied { .. })));
    }
}

#[test]
fn a_second_message_uses_the_same_account() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    gateway.clock().advance_secs(5 * 24 * 3600);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&["Noa@Outside.Example"], "Two"));
    let accounts = gateway.temporary_list(Some(&dana)).unwrap();
    assert_eq!((accounts.len(), accounts[0].messages), (1, 2));
    let said =
        || crate::mail::message::view(leased(&gateway).pop().unwrap().1.as_bytes()).text.unwrap();
    assert!(said().contains("2 unopened messages are available"));
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    assert_eq!(inbox(&gateway, &noa).len(), 2);
    // A notification that is sent again says what is unopened now.
    let id = accounts[0].id.clone();
    let mut unopened = ["1 unopened message is available", "You have no unopened messages"].iter();
    for item in inbox(&gateway, &noa) {
        gateway.message_reject(&noa, item.reference, None, None).unwrap();
        gateway.temporary_resend(&dana, &id).unwrap();
        let said = said();
        assert!(said.contains(unopened.next().unwrap()), "{said}");
    }
}

/// Of eight browsers that use one password at the same moment, one gets in, whether they choose
/// passphrases or not.
#[test]
fn of_all_who_use_a_one_time_password_at_once_one_is_let_in() {
    for _ in 0..5 {
        for own in [None, Some(OWN)] {
            sign_in_at_once(own);
        }
    }
}

fn sign_in_at_once(own: Option<&'static str>) {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let one = |_| {
            let (gateway, initial) = (gateway.clone(), initial.clone());
            scope.spawn(move || {
                let new_password = own.map(password);
                gateway.session_open(LogIn { new_password, ..log_in(OUTSIDER, &initial) })
            })
        };
        let all: Vec<_> = (0..8).map(one).collect();
        all.into_iter().map(|thread| thread.join().unwrap().err()).collect()
    });
    assert_eq!(outcomes.iter().filter(|failed| failed.is_none()).count(), 1, "{outcomes:?}");
    let is_refused = |error: &Error| matches!(error, Error::Refused | Error::Busy);
    assert!(outcomes.iter().flatten().all(is_refused), "{outcomes:?}");
}

/// D1: what a mail says opens one session and nothing after that, each mail brings another password
/// until a passphrase is chosen, and none does afterwards.
#[test]
fn each_one_time_password_opens_one_session_until_a_passphrase_is_chosen() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "The secret of the day"));
    let (first, token) = password_and_token(&leased(&gateway)[0].1);
    let (noa, _) = visit(&gateway, &first).unwrap();
    let (_, octets) = gateway.message_open(&noa, reference, None).unwrap();
    assert!(String::from_utf8_lossy(&octets.whole().unwrap()).contains("The secret of the day"));
    let draft = gateway.draft_from(&noa, reference, RelationKind::Reply, None).unwrap();
    send(&gateway, &noa, &draft.content);
    assert!(matches!(visit(&gateway, &first), Err(Error::Refused)));
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Visited);

    let id = gateway.temporary_list(Some(&dana)).unwrap()[0].id.clone();
    let again = || {
        gateway.temporary_resend(&dana, &id).unwrap();
        password_and_token(&leased(&gateway).pop().unwrap().1).0
    };
    let second = again();
    assert_ne!(first, second);
    assert_eq!(again(), second, "it has not been used");
    let (noa, opened) = visit(&gateway, &second).unwrap();
    assert!(matches!(visit(&gateway, &second), Err(Error::Refused)));

    let third = again();
    let (elsewhere, other) = visit(&gateway, &third).unwrap();
    let fourth = again();
    assert!(!opened.account.temporary.unwrap().can_return);
    let unlock = gateway.session_unlock_key(&opened.token, "thumb").unwrap();
    let short = gateway.passphrase_choose(&noa, &unlock, &password("short"));
    assert!(matches!(short, Err(Error::WeakPassword)));
    gateway.passphrase_choose(&noa, &unlock, &password(OWN)).unwrap();
    let (_, account, _) = gateway.session_current(&noa).unwrap();
    assert!(account.temporary.unwrap().can_return);
    // The other session has ended, and what waits in a mail opens nothing.
    assert!(gateway.session_actor(&other.token, "thumb").is_err());
    assert!(matches!(visit(&gateway, &fourth), Err(Error::Refused)));
    assert_eq!(again(), "", "a mail brings no password any more");
    let twice = gateway.passphrase_choose(&elsewhere, &unlock, &password("other words of mine"));
    assert!(matches!(twice, Err(Error::Conflict(Conflict::PassphraseChosen))), "{twice:?}");
    assert!(gateway.session_open(log_in(OUTSIDER, OWN)).is_ok());
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Claimed);
    let internal = gateway.passphrase_choose(&dana, &unlock, &password(OWN));
    assert!(matches!(internal, Err(Error::Denied { .. })));
}

fn visit(gateway: &Gateway, one_time: &str) -> Result<(Actor, LoggedIn), Error> {
    let opened = gateway.session_open(log_in(OUTSIDER, one_time))?;
    Ok((gateway.session_actor(&opened.token, "thumb")?, opened))
}

/// Copied with a blank or a full stop, typed in capitals, or written down as it was read out.
#[test]
fn an_issued_password_is_taken_in_any_spelling() {
    let spellings: [fn(&str) -> String; 7] = [
        |p| format!("  {p}\n"),
        |p| p.replace('-', ""),
        |p| p.replace('-', " ").to_uppercase(),
        |p| p.replace('-', " \u{2013} "),
        |p| format!("\u{201c}{p}.\u{201d}\u{200b}"),
        |p| p.replace('0', "O").replace('1', "l"),
        |p| p.to_uppercase().replace('0', "o").replace('1', "I"),
    ];
    for hand_off in [HandOff::Claim, HandOff::InMail] {
        for spell in spellings {
            let gateway = gateway_with(|settings| settings.hand_off = hand_off);
            let dana = sign_in(&gateway, "dana");
            send(&gateway, &dana, &content(&[OUTSIDER], "One"));
            let (initial, _) = password_and_token(&leased(&gateway)[0].1);
            assert!(visit(&gateway, &initial[1..]).is_err());
            assert!(visit(&gateway, &spell(&initial)).is_ok(), "{:?}", spell(&initial));
        }
    }
    // A passphrase of one's own is what it is.
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let own = "ABCDEFGHJKMNPQRSTVWXYZ0123";
    claim(&gateway, OUTSIDER, &initial, own).unwrap();
    assert!(visit(&gateway, &own.to_lowercase()).is_err());
    assert!(visit(&gateway, own).is_ok());
}

/// P-15: a passphrase is changed by who knows it, and takes the place of a password in a mail too.
#[test]
fn an_outsider_changes_the_passphrase() {
    const NEW: &str = "other words of mine";
    for hand_off in [HandOff::Claim, HandOff::InMail] {
        let gateway = gateway_with(|settings| settings.hand_off = hand_off);
        let dana = sign_in(&gateway, "dana");
        send(&gateway, &dana, &content(&[OUTSIDER], "One"));
        let (initial, _) = password_and_token(&leased(&gateway)[0].1);
        let (noa, old) = match hand_off {
            HandOff::InMail => (visit(&gateway, &initial).unwrap().0, initial.clone()),
            _ => (claim(&gateway, OUTSIDER, &initial, OWN).unwrap(), OWN.to_owned()),
        };
        let change = |old: &str, new: &str| {
            let kept = KeptSession { token: SessionToken::generate().unwrap(), id: noa.session() };
            let (old, new, others) = (password(old), password(new), Others::Keep);
            gateway.password_change(&noa, kept, &PasswordChange { old, new, others })
        };
        assert!(matches!(change("wrong words", NEW), Err(Error::Refused)));
        assert!(matches!(change(&old, "short"), Err(Error::WeakPassword)));
        change(&old, NEW).unwrap();
        assert!(matches!(visit(&gateway, &old), Err(Error::Refused)));
        assert!(visit(&gateway, NEW).is_ok());
        let id = gateway.temporary_list(Some(&dana)).unwrap()[0].id.clone();
        gateway.temporary_resend(&dana, &id).unwrap();
        let said = leased(&gateway).pop().unwrap().1;
        assert!(said.contains("Sign in with the passphrase that you chose."), "{said}");
    }
}

/// D1: who has no password that is unused asks for another by typing the address, to which it
/// goes and to no other; the sponsor is told each time, and a day has a limit.
#[test]
fn who_left_without_a_passphrase_asks_for_another_password() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    send(&gateway, &omar, &content(&[OUTSIDER], "Two"));
    let (first, token) = password_and_token(&leased(&gateway)[0].1);
    visit(&gateway, &first).unwrap();
    for other in ["", "noa", "omar@example.org", "noa@outside.example.org"] {
        let wrong = gateway.pickup_access(&token, other);
        assert!(matches!(wrong, Err(Error::Invalid { .. })), "{other}");
    }
    assert!(leased(&gateway).is_empty(), "something was sent");
    let mut last = first;
    for _ in 0..gateway.inner.settings.temporary_asks_max {
        let asked = gateway.pickup_access(&token, " Noa@Outside.Example ").unwrap();
        assert_eq!(asked, Asked::Notified);
        let rows = leased(&gateway);
        assert_eq!(rows.len(), 1);
        // A report about it must not bring the password to the sender.
        assert_eq!(rows[0].0.ret, Some(DsnReturn::HeadersOnly));
        assert_eq!(rows[0].0.recipient.path.to_string().trim_matches(['<', '>']), OUTSIDER);
        let (next, _) = password_and_token(&rows[0].1);
        assert_ne!(next, last);
        visit(&gateway, &next).unwrap();
        last = next;
    }
    let often = gateway.pickup_access(&token, OUTSIDER);
    assert!(matches!(often, Err(Error::Conflict(Conflict::AskedOften))), "{often:?}");
    assert!(leased(&gateway).is_empty());
    let told = |actor: &Actor| {
        let asks = |item: &ItemView| item.subject.starts_with("Another one-time password: ");
        inbox(&gateway, actor).iter().filter(|item| asks(item)).count()
    };
    assert_eq!((told(&dana), told(&omar)), (gateway.inner.settings.temporary_asks_max, 0));
    gateway.clock().advance_secs(24 * 3600);
    assert_eq!(gateway.pickup_access(&token, OUTSIDER).unwrap(), Asked::Notified);
}

/// A forgotten passphrase is nobody's to restore: the sponsor is asked. The password of the
/// hand-off `by-sender` is the sponsor's to pass on.
#[test]
fn the_sponsor_is_asked_where_no_mail_can_help() {
    for (hand_off, subject) in [
        (HandOff::Claim, "Forgotten passphrase: "),
        (HandOff::BySender, "Another one-time password: "),
    ] {
        let gateway = gateway_with(|settings| settings.hand_off = hand_off);
        let dana = sign_in(&gateway, "dana");
        let reference = send(&gateway, &dana, &content(&[OUTSIDER], "One"));
        let (mut initial, token) = password_and_token(&leased(&gateway)[0].1);
        if hand_off == HandOff::BySender {
            let view = gateway.submission(&dana, reference).unwrap();
            let shown = view.recipients[0].temporary.as_ref().unwrap().password.clone();
            initial = shown.unwrap().expose().to_owned();
            visit(&gateway, &initial).unwrap();
        } else {
            claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
        }
        assert_eq!(gateway.pickup_access(&token, OUTSIDER).unwrap(), Asked::Told);
        assert!(leased(&gateway).is_empty(), "nothing leaves");
        let told = inbox(&gateway, &dana);
        assert!(told.iter().any(|item| item.subject.starts_with(subject)), "{subject}");
    }
}

/// Without a passphrase there is none to ask for, when the account is deleted.
#[test]
fn an_outsider_without_a_passphrase_deletes_the_account() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let (noa, _) = visit(&gateway, &initial).unwrap();
    gateway.temporary_delete(&noa, None).unwrap();
    assert!(gateway.temporary_list(None).unwrap().is_empty());
}

/// P-15: at its end the account, its keys and its wraps are gone; the outcome stays.
#[test]
fn an_account_that_ended_holds_nothing_and_says_so() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, token) = password_and_token(&leased(&gateway)[0].1);
    gateway.clock().advance_secs(11 * 24 * 3600 + 1);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 1);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 0);
    let dana = sign_in(&gateway, "dana");
    let notice = inbox(&gateway, &dana)[0].clone();
    assert_eq!(notice.notice.unwrap().topic, Some(NoticeTopic::Ending));
    let (_, raw) = gateway.message_raw(&dana, notice.reference).unwrap();
    let text = String::from_utf8(raw.whole().unwrap().to_vec()).unwrap();
    assert!(text.contains("\r\nSubject: Temporary account expires soon: "), "{text}");
    assert!(!text.contains("Delayed") && !text.contains("keep trying"), "{text}");
    // Renewed, it lives on; the clock set back ends nothing either.
    let id = gateway.temporary_list(Some(&dana)).unwrap()[0].id.clone();
    gateway.temporary_renew(&dana, &id).unwrap();
    gateway.clock().advance_secs(4 * 24 * 3600);
    assert_eq!(gateway.temporary_expire(10).unwrap(), 0);
    gateway.clock().advance_secs(-20 * 24 * 3600);
    assert_eq!(gateway.temporary_expire(10).unwrap(), 0);
    gateway.clock().advance_secs(31 * 24 * 3600);
    assert_eq!(gateway.temporary_expire(10).unwrap(), 1);
    assert_eq!(gateway.temporary_expire(10).unwrap(), 0);
    let dana = sign_in(&gateway, "dana");
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Expired)]
    );
    assert!(notices(&gateway, &dana).contains(&(DeliveryState::Expired, OUTSIDER.to_owned())));
    let view = gateway.pickup(&token).unwrap();
    assert_eq!((view.state, view.reference), (PickupState::Expired, reference));
    assert!(claim(&gateway, OUTSIDER, &initial, OWN).is_err());
    let before = notices(&gateway, &dana).len();
    gateway.pickup_ask(&token).unwrap();
    let again = gateway.pickup_ask(&token);
    assert!(matches!(again, Err(Error::Conflict(Conflict::AskedLately))), "{again:?}");
    assert_eq!(notices(&gateway, &dana).len(), before + 1, "asked once a day");
    // Written to again, there is a new account.
    send(&gateway, &dana, &content(&[OUTSIDER], "Two"));
    assert_eq!(gateway.temporary_list(None).unwrap().len(), 1);
}

#[test]
fn a_revoked_account_is_closed_at_once() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, token) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let id = gateway.temporary_list(Some(&dana)).unwrap()[0].id.clone();
    let others = gateway.temporary_revoke(&omar, &id);
    assert!(matches!(others, Err(Error::NotFound { .. })), "only its sponsor's");
    gateway.temporary_revoke(&dana, &id).unwrap();
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Revoked);
    assert!(gateway.message_list(&noa, "inbox", None, 1).is_err());
    assert!(gateway.session_open(log_in(OUTSIDER, OWN)).is_err());
}

#[test]
fn the_other_hand_offs_work_by_what_they_say() {
    let gateway = gateway_with(|settings| settings.hand_off = HandOff::InMail);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    // The mode in-mail: the password in the mail stays valid.
    for _ in 0..2 {
        assert!(gateway.session_open(log_in(OUTSIDER, &initial)).is_ok());
    }
    let gateway = gateway_with(|settings| settings.hand_off = HandOff::BySender);
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (none, _) = password_and_token(&leased(&gateway)[0].1);
    assert_eq!(none, "", "the mail holds no password");
    let view = gateway.submission(&dana, reference).unwrap();
    let shown = view.recipients[0].temporary.as_ref().unwrap().password.clone().unwrap();
    visit(&gateway, shown.expose()).unwrap();
    // The next one, for who comes back without having chosen a passphrase.
    let view = gateway.submission(&dana, reference).unwrap();
    let next = view.recipients[0].temporary.as_ref().unwrap().password.clone().unwrap();
    assert_ne!(next.expose(), shown.expose());
    claim(&gateway, OUTSIDER, next.expose(), OWN).unwrap();
    let view = gateway.submission(&dana, reference).unwrap();
    assert!(view.recipients[0].temporary.as_ref().unwrap().password.is_none());
}

/// P-34: in the reader's language where it is known, else in the sender's and the organisation's.
#[test]
fn outsiders_are_written_to_in_a_language_they_read() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let chooses = |actor: &Actor, language: &str| {
        let look = accounts::appearance::Appearance {
            language: Some(language.to_owned()),
            ..accounts::appearance::Appearance::default()
        };
        gateway.appearance_set(actor, &look).unwrap();
    };
    let raw = || leased(&gateway).pop().unwrap().1;
    let said = || crate::mail::message::view(raw().as_bytes()).text.unwrap();
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let first = raw();
    let (initial, token) = password_and_token(&first);
    let first = crate::mail::message::view(first.as_bytes()).text.unwrap();
    assert!(first.contains("To read the message") && !first.contains("לקריאת ההודעה"), "{first}");
    assert_eq!(gateway.pickup(&token).unwrap().language, Some("en"));
    chooses(&dana, "he");
    send(&gateway, &dana, &content(&[OUTSIDER], "Two"));
    let second = said();
    let (hebrew, english) = (second.find("לקריאת ההודעה"), second.find("To read the message"));
    assert!(hebrew.unwrap() < english.unwrap(), "{second}");
    assert_eq!(gateway.pickup(&token).unwrap().language, None);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    chooses(&noa, "fr");
    send(&gateway, &dana, &content(&[OUTSIDER], "Three"));
    let third = said();
    assert!(
        third.contains("Pour lire le message") && !third.contains("To read the message"),
        "{third}"
    );
    assert!(!third.contains("לקריאת ההודעה"), "{third}");
    assert_eq!(gateway.pickup(&token).unwrap().language, Some("fr"));
    // A language that no notification is written in counts as none.
    chooses(&noa, "xx");
    send(&gateway, &dana, &content(&[OUTSIDER], "Four"));
    assert!(said().contains("To read the message"));
}

/// A way that cannot be verified: the message waits in a temporary account instead.
#[test]
fn a_message_without_verified_tls_goes_to_a_temporary_account() {
    let gateway = with_policy(choice(Choice::VerifiedTls, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Over verified TLS only"));
    let rows = leased(&gateway);
    assert_eq!(rows[0].0.tls, TlsNeed::Verified);
    let text = "no policy".to_owned();
    gateway.queue_report(rows[0].0.id, Attempted::NoVerifiedTls { text }).unwrap();
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Waiting)]
    );
    let rows = leased(&gateway);
    assert!(!rows[0].1.contains("Over verified"));
    let (initial, _) = password_and_token(&rows[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let (_, octets) = gateway.message_open(&noa, reference, None).unwrap();
    let octets = octets.whole().unwrap();
    assert!(String::from_utf8_lossy(&octets).contains("Over verified TLS only"));
}

/// P-15: what an account that is deleted by its owner held is gone.
#[test]
fn an_outsider_deletes_the_account_with_the_password() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let wrong = gateway.temporary_delete(&noa, Some(&password("wrong words")));
    assert!(matches!(wrong, Err(Error::Refused)));
    assert!(matches!(gateway.temporary_delete(&noa, None), Err(Error::Invalid { .. })));
    gateway.temporary_delete(&noa, Some(&password(OWN))).unwrap();
    assert!(gateway.temporary_list(None).unwrap().is_empty());
    assert!(gateway.session_open(log_in(OUTSIDER, OWN)).is_err());
    let internal = gateway.temporary_delete(&dana, Some(&password(PASSWORD)));
    assert!(matches!(internal, Err(Error::Denied { .. })));
}

/// Every row whose key begins with the account's ID is gone, whatever the account was used for. What
/// an account can write is written here.
#[test]
fn nothing_of_an_account_that_ended_is_left() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let account = noa.account();
    gateway.message_open(&noa, reference, None).unwrap();
    gateway.draft_from(&noa, reference, RelationKind::Reply, None).unwrap();
    let reply = gateway.draft_from(&noa, reference, RelationKind::Reply, None).unwrap();
    let answered = DraftContent { text: "Yes".to_owned(), ..reply.content };
    hold(&gateway, &noa, &answered);
    let upload = gateway.upload_begin(&noa, "a.txt", "text/plain", 3).unwrap();
    gateway.upload_append(&noa, &upload.id, 0, b"abc").unwrap();
    gateway.appearance_set(&noa, &Appearance::default()).unwrap();
    gateway.preferences_change(&noa, &PreferencesChange::default()).unwrap();
    let label = Label { id: 0, name: "Mine".to_owned(), colour: 1 };
    gateway.labels_set(&noa, &[label]).unwrap();
    let filter = Filter { subject: "One".to_owned(), star: true, ..Filter::default() };
    gateway.filters_set(&noa, &[filter]).unwrap();
    gateway.mailbox_create(&noa, "Mine").unwrap();
    gateway.search_index(&noa).unwrap();
    gateway.totp_start(&noa, &password(OWN)).unwrap();
    let mut contact = Contact::default();
    contact.name.given = "Dana".to_owned();
    let contact = gateway.contact_create(&noa, contact).unwrap();
    let to = NamedReader::Person("dana@example.org".to_owned());
    let name: Fields = [Field::Name].into_iter().collect();
    let share = WantedShare { to: to.clone(), read: name, edit: name };
    gateway.contact_share(&noa, &contact.id, contact.version, &[share]).unwrap();
    gateway.contact_adders_set(&noa, &[to]).unwrap();
    let of = (account.to_text(), contact.id);
    let shared = gateway.contact_shared(&dana, &of.0, &of.1).unwrap();
    let other = Name { given: "Omar".to_owned(), ..Name::default() };
    let patch = ContactPatch { name: Some(other), ..ContactPatch::default() };
    gateway.contact_shared_change(&dana, (&of.0, &of.1), shared.version, &patch).unwrap();

    let new = NewRoom { name: "Plans".to_owned(), shares_earlier: false };
    let room = gateway.room_create(&dana, &new).unwrap().id.parse().unwrap();
    gateway.room_ask(&noa, room).unwrap();
    gateway.room_answer(&dana, room, &account.to_text(), RoomAnswer::Admit).unwrap();
    gateway.room_read(&noa, room, 2).unwrap();
    gateway.room_ask(&noa, Reference::new(1)).unwrap();
    let refusing = NewRoom { name: "Others".to_owned(), shares_earlier: false };
    let refusing = gateway.room_create(&dana, &refusing).unwrap().id.parse().unwrap();
    gateway.room_ask(&noa, refusing).unwrap();
    gateway.room_answer(&dana, refusing, &account.to_text(), RoomAnswer::Refuse).unwrap();

    let rows = || {
        let mut tables = BTreeSet::new();
        let all = Span { from: Vec::new(), to: None, order: Order::Ascending };
        let scanned = gateway.inner.store.engine().scan(&all, &mut |key, _| {
            if key.get(1..17) == Some(&account.0) {
                tables.insert(key[0]);
            }
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        tables
    };
    assert!(rows().len() > 15, "the account was hardly used: {:?}", rows());
    gateway.temporary_delete(&noa, Some(&password(OWN))).unwrap();
    assert_eq!(rows(), BTreeSet::new(), "rows are left in the tables of these numbers");
    let mut shared = 0;
    let count = |_| {
        shared += 1;
        ControlFlow::Continue(())
    };
    gateway.inner.store.scan_keys(&CONTACT_SHARED, &(), count).unwrap();
    assert_eq!(shared, 0, "others see what the account shared");
}
