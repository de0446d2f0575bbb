//! The other address for notices: confirmed by a code, within limits, and off when mail comes back.

use crate::gateway::queue::attempt::Attempted;
use crate::gateway::records::tables::{NOTICE_ADDRESSES, NOTICE_ASKED, NOTICE_MAILS};
use crate::gateway::sending_tests::{delivered, leased};
use crate::gateway::tests::*;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::envelope::ReversePath;
use crate::mail::message::view;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::NoticeAddressState::{Confirmed, Failed, Unconfirmed};

const OTHER: &str = "dana@elsewhere.example";

fn ask(gateway: &Gateway, actor: &Actor, address: &str) -> Result<(), Error> {
    gateway.notice_address_ask(actor, address, &password(PASSWORD)).map(drop)
}

/// The code of a mail: its only word of eight digits.
fn code_in(mail: &str) -> String {
    let text = view(mail.as_bytes()).text.unwrap();
    let is_code = |word: &&str| word.len() == 8 && word.bytes().all(|one| one.is_ascii_digit());
    text.split_whitespace().find(is_code).unwrap().to_owned()
}

/// Takes what is in the queue as delivered, and returns the mail.
fn taken(gateway: &Gateway) -> Vec<String> {
    let rows = leased(gateway);
    rows.iter().for_each(|(row, _)| delivered(gateway, row.id));
    rows.into_iter().map(|(_, mail)| mail).collect()
}

fn confirmed(gateway: &Gateway, actor: &Actor, address: &str) {
    ask(gateway, actor, address).unwrap();
    let code = code_in(&taken(gateway).pop().unwrap());
    gateway.notice_address_confirm(actor, &code).unwrap();
}

/// P-66: nothing but a code goes to an address before its owner entered that code here; and a session without
/// the password sends not even that.
#[test]
fn an_address_counts_once_the_code_that_was_sent_there_was_entered() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    assert!(gateway.notice_address_ask(&dana, OTHER, &password("wrong password")).is_err());
    assert_eq!(leased(&gateway).len(), 0, "nothing is sent without the password");
    ask(&gateway, &dana, OTHER).unwrap();
    let rows = leased(&gateway);
    let [(row, mail)] = &rows[..] else { panic!("{} mails", rows.len()) };
    assert_eq!(row.reverse_path, ReversePath::Null);
    assert!(mail.contains(OTHER) && mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert!(!mail.contains("dana@example.org") && !mail.contains(PASSWORD), "{mail}");
    let code = code_in(mail);
    delivered(&gateway, row.id);
    assert_eq!(gateway.store().count(&NOTICE_MAILS, &()).unwrap(), 0);
    let state = || gateway.notices(&dana).unwrap().address.map(|one| (one.state, one.code_waits));
    assert_eq!(state(), Some((Unconfirmed, true)));
    assert!(
        gateway.notice_mail(dana.account(), [1; 16]).unwrap().is_none(),
        "no notice goes there"
    );
    // As people type it.
    let spaced = format!(" {} {} ", &code[..4], &code[4..]);
    gateway.notice_address_confirm(&dana, &spaced).unwrap();
    assert_eq!(state(), Some((Confirmed, false)));
    assert!(gateway.notice_mail(dana.account(), [1; 16]).unwrap().is_some());
    let again = gateway.notice_address_confirm(&dana, &code);
    assert!(matches!(again, Err(Error::NotFound { .. })), "once: {again:?}");
    gateway.notice_address_remove(&dana).unwrap();
    assert_eq!(state(), None);
    assert!(gateway.notice_mail(dana.account(), [1; 16]).unwrap().is_none());
}

/// P-66: a code is worth five tries and an hour, and belongs to one account and one address.
#[test]
fn a_code_ends_with_its_tries_with_its_time_and_with_another_address() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let settings = gateway.settings().notices;
    let enter = |actor: &Actor, code: &str| gateway.notice_address_confirm(actor, code).map(drop);
    let missing = |done: Result<(), Error>| matches!(done, Err(Error::NotFound { what: "code" }));
    ask(&gateway, &dana, OTHER).unwrap();
    let code = code_in(&taken(&gateway).pop().unwrap());
    assert!(missing(enter(&omar, &code)), "omar asked for none");
    let other = if code == "11111111" { "22222222" } else { "11111111" };
    for _ in 0..settings.code_tries_max {
        assert!(matches!(enter(&dana, other), Err(Error::Invalid { .. })));
    }
    assert!(missing(enter(&dana, &code)), "no more tries");
    ask(&gateway, &dana, OTHER).unwrap();
    let code = code_in(&taken(&gateway).pop().unwrap());
    ask(&gateway, &dana, "dana@other.example").unwrap();
    let newer = code_in(&taken(&gateway).pop().unwrap());
    assert!(
        matches!(enter(&dana, &code), Err(Error::Invalid { .. })),
        "it was for another address"
    );
    gateway.clock().advance_secs(settings.code_secs);
    assert!(missing(enter(&dana, &newer)), "too late");
    assert_eq!(gateway.notices(&dana).unwrap().address.unwrap().state, Unconfirmed);
}

/// P-66: somebody who has the session and the password sends a few codes a day and no more, and no address gets
/// more than a few, whichever account asks.
#[test]
fn codes_are_few_for_each_account_and_for_each_address() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let settings = gateway.settings().notices;
    let often =
        |done: Result<(), Error>| matches!(done, Err(Error::Conflict(Conflict::AskedOften)));
    for at in 0..settings.code_mails_per_account_max {
        ask(&gateway, &dana, &format!("noa{at}@elsewhere.example")).unwrap();
        gateway.notice_address_remove(&dana).unwrap();
    }
    assert!(often(ask(&gateway, &dana, OTHER)), "removing the address gives none back");
    for address in [OTHER, "dana@ELSEWHERE.example"] {
        ask(&gateway, &omar, address).unwrap();
    }
    let sent = settings.code_mails_per_account_max + settings.code_mails_per_address_max;
    assert_eq!(taken(&gateway).len(), sent);
    assert!(often(ask(&gateway, &omar, OTHER)), "the address got its codes");
    gateway.clock().advance_secs(24 * 3_600);
    gateway.notices_give().unwrap();
    assert_eq!(gateway.store().count(&NOTICE_ASKED, &()).unwrap(), 0, "it goes with the day");
    for inside in ["noa@example.org", "noa@EXAMPLE.org", "nobody", "a@[127.0.0.1]", ""] {
        let refused = ask(&gateway, &dana, inside);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{inside}: {refused:?}");
    }
    ask(&gateway, &dana, OTHER).unwrap();
}

#[test]
fn where_the_site_allows_no_other_address_none_is_taken() {
    let off = gateway_with(|settings| settings.notices.other_address = false);
    let intranet = gateway_with(|settings| settings.policy.intranet = true);
    for gateway in [off, intranet] {
        let dana = sign_in(&gateway, "dana");
        let refused = ask(&gateway, &dana, OTHER);
        assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
        assert!(!gateway.notices(&dana).unwrap().may_mail);
    }
}

/// P-66: mail that comes back turns the address off, and its owner is told in the inbox. A mail that an
/// administrator withdraws says nothing about the address.
#[test]
fn mail_that_comes_back_turns_the_address_off_and_says_so() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    confirmed(&gateway, &dana, OTHER);
    let queue = || {
        let mail = gateway.notice_mail(dana.account(), [1; 16]).unwrap().unwrap();
        gateway.transact(move |tx| mail.store_in_tx(tx)).wait().unwrap();
        leased(&gateway).pop().unwrap().0.id
    };
    let state = || gateway.notices(&dana).unwrap().address.unwrap().state;
    gateway.queue_drop(queue()).unwrap();
    assert_eq!((state(), inbox(&gateway, &dana).len()), (Confirmed, 0));
    let id = queue();
    for _ in 0..2 {
        // The status that we give as well when an administrator withdraws a mail.
        let status = EnhancedStatus(5, 7, 0);
        let (text, host) = ("550 no".to_owned(), Some("mx.elsewhere.example".to_owned()));
        gateway.queue_report(id, Attempted::Failed { status, text, host }).unwrap();
    }
    assert_eq!(state(), Failed);
    let items = inbox(&gateway, &dana);
    assert_eq!(items.len(), 1, "said once");
    let content = gateway.message_raw(&dana, items[0].reference).unwrap().1;
    let text = String::from_utf8(content.whole().unwrap().to_vec()).unwrap();
    assert!(text.contains(OTHER), "{text}");
    assert!(gateway.notice_mail(dana.account(), [1; 16]).unwrap().is_none());
    assert_eq!(gateway.store().count(&NOTICE_MAILS, &()).unwrap(), 0);
    confirmed(&gateway, &dana, OTHER);
    assert_eq!(state(), Confirmed, "it can be confirmed anew");
}

/// P-66: an address inside is none, in whichever form its domain is written.
#[test]
fn an_address_of_ours_is_refused_in_either_form_of_the_domain() {
    for (own, other) in [
        ("b\u{fc}cher.example", "noa@xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "noa@b\u{fc}cher.example"),
    ] {
        let gateway = gateway_with(|settings| {
            settings.domains = vec!["example.org".to_owned(), own.to_owned()];
        });
        let dana = sign_in(&gateway, "dana");
        for inside in [other.to_owned(), format!("noa@{own}")] {
            let refused = ask(&gateway, &dana, &inside);
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{inside}: {refused:?}");
        }
    }
}

/// P-66: who was locked out gets no notice outside, and another code for what is confirmed ends nothing.
#[test]
fn a_disabled_account_gets_no_mail_at_its_other_address() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    confirmed(&gateway, &dana, OTHER);
    assert!(ask(&gateway, &dana, OTHER).is_err(), "it is confirmed");
    assert_eq!(gateway.notices(&dana).unwrap().address.unwrap().state, Confirmed);
    let mail = gateway.notice_mail(dana.account(), [1; 16]).unwrap().unwrap();
    gateway.account_disable("dana").unwrap();
    assert!(gateway.notice_mail(dana.account(), [1; 16]).unwrap().is_none());
    gateway.transact(move |tx| mail.store_in_tx(tx)).wait().unwrap();
    assert_eq!(leased(&gateway).len(), 0);
}

/// What is prepared for an address that was taken away meanwhile is not sent, and no more than a day's mails are.
#[test]
fn a_notice_goes_only_to_the_address_that_is_confirmed_when_it_is_stored() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    confirmed(&gateway, &dana, OTHER);
    let prepared = || gateway.notice_mail(dana.account(), [1; 16]).unwrap().unwrap();
    let mail = prepared();
    gateway.notice_address_remove(&dana).unwrap();
    gateway.transact(move |tx| mail.store_in_tx(tx)).wait().unwrap();
    assert_eq!(leased(&gateway).len(), 0);
    confirmed(&gateway, &dana, OTHER);
    for _ in 0..=gateway.settings().notices.mails_per_day_max {
        let mail = prepared();
        gateway.transact(move |tx| mail.store_in_tx(tx)).wait().unwrap();
    }
    assert_eq!(taken(&gateway).len(), gateway.settings().notices.mails_per_day_max);
    let row = gateway.store().get(&NOTICE_ADDRESSES, &dana.account()).unwrap().unwrap();
    assert_eq!(row.mailed.len(), gateway.settings().notices.mails_per_day_max);
}
