//! Edge cases of time and trust: accounts that end meanwhile, drafts that were changed after their
//! start, and outsiders who try to fill the store.

use super::queue::attempt::Attempted;
use super::records::account::Owner;
use super::records::policy::Policy;
use super::records::tables::{ACCOUNTS, ADDRESSES, LOGIN_NAMES, SUBMISSIONS, TEMPORARY};
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::store::Read;
use crate::terms::{AcceptFrom, Choice, Mode, NotSent, Route};
use crate::vault::Lookup;

const DAY: i64 = 24 * 3600;

fn temporary_count(gateway: &Gateway) -> usize {
    gateway.temporary_list(None).unwrap().len()
}

/// Undo send can leave an account with no message, so nobody can be warned; it still expires, and
/// so do the others.
#[test]
fn an_account_without_a_message_ends_like_every_other() {
    let gateway = gateway_with(|settings| settings.session_idle_secs = 1 << 30);
    let dana = sign_in(&gateway, "dana");
    let undone = hold(&gateway, &dana, &content(&["eve@outside.example"], "Never mind"));
    gateway.submission_undo(&dana, undone).unwrap();
    let sent = send(&gateway, &dana, &content(&[OUTSIDER], "A message"));
    assert_eq!(temporary_count(&gateway), 2);
    gateway.clock().advance_secs(12 * DAY);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 2);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 0, "once each");
    gateway.clock().advance_secs(3 * DAY);
    assert_eq!(gateway.temporary_expire(10).unwrap(), 2);
    assert_eq!(temporary_count(&gateway), 0);
    let dana = sign_in(&gateway, "dana");
    assert_eq!(states(&gateway, &dana, sent), [(Route::TemporaryAccount, DeliveryState::Expired)]);
}

/// P-15: an account renewed in time is not ended by a scan that found it just before.
#[test]
fn an_account_renewed_in_time_does_not_end() {
    let gateway = gateway_with(|settings| settings.session_idle_secs = 1 << 30);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "A message"));
    let account = gateway.temporary_list(None).unwrap().remove(0);
    let id = AccountId(super::text::parse_hex(&account.id).unwrap());
    gateway.clock().advance_secs(14 * DAY);
    gateway.temporary_renew_of(OUTSIDER).unwrap();
    gateway.temporary_end(id, super::records::temporary::PickupEnd::Expired).unwrap();
    assert_eq!(temporary_count(&gateway), 1);
    gateway.temporary_end(id, super::records::temporary::PickupEnd::Revoked).unwrap();
    assert_eq!(temporary_count(&gateway), 0);
}

/// A second message extends the account and causes a new warning.
#[test]
fn a_second_message_is_warned_of_too() {
    let gateway = gateway_with(|settings| settings.session_idle_secs = 1 << 30);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "First"));
    gateway.clock().advance_secs(12 * DAY);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 1);
    send(&gateway, &dana, &content(&[OUTSIDER], "Second"));
    gateway.clock().advance_secs(12 * DAY);
    assert_eq!(gateway.temporary_warn(10).unwrap(), 1, "of the new end");
}

/// P-24, P-32: a message fails if its temporary account is revoked during the undo time; its sender
/// is notified once, and the outsider gets no notification.
#[test]
fn a_message_to_an_account_deleted_meanwhile_is_reported_as_failed() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = hold(&gateway, &dana, &content(&[OUTSIDER], "Too late"));
    gateway.temporary_revoke_of(OUTSIDER).unwrap();
    release(&gateway);
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Failed)]
    );
    assert_eq!(notices(&gateway, &dana), [(DeliveryState::Failed, OUTSIDER.to_owned())]);
    assert!(leased(&gateway).is_empty(), "no notification leaves");
    // A new message creates a new account.
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Again"));
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Waiting)]
    );
}

/// An interrupted deletion is completed, and an account that is being deleted gets no message.
#[test]
fn an_account_that_is_ending_gets_no_message() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "First"));
    let id =
        AccountId(super::text::parse_hex(&gateway.temporary_list(None).unwrap()[0].id).unwrap());
    let done = gateway.store().transact(move |tx| {
        let mut row = tx.get(&TEMPORARY, &id)?.unwrap();
        row.ending = Some(super::records::temporary::PickupEnd::Revoked);
        Ok::<_, Error>(tx.put(&TEMPORARY, &id, &row)?)
    });
    done.wait().unwrap();
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Second"));
    let now = gateway.temporary_list(None).unwrap();
    assert_eq!(now.len(), 1);
    assert_ne!(now[0].id, id.to_text(), "another account");
    assert_eq!(
        states(&gateway, &dana, reference),
        [(Route::TemporaryAccount, DeliveryState::Waiting)]
    );
}

/// A sponsor cannot revoke an account in which another sender's message waits.
#[test]
fn a_sponsor_does_not_revoke_the_messages_of_others() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    send(&gateway, &dana, &content(&[OUTSIDER], "Dana's"));
    send(&gateway, &omar, &content(&[OUTSIDER], "Omar's"));
    let id = gateway.temporary_list(Some(&dana)).unwrap().remove(0).id;
    let refused = gateway.temporary_revoke(&dana, &id);
    assert!(matches!(refused, Err(Error::Conflict(Conflict::OthersWait))), "{refused:?}");
    assert_eq!(temporary_count(&gateway), 1);
}

/// P-31: a message that falls back to plain mail is sent and reported as plain mail.
#[test]
fn a_message_without_verified_tls_becomes_plain_where_the_policy_says_so() {
    let policy =
        Policy { verified_else: Choice::Plain, ..choice(Choice::VerifiedTls, Mode::Default) };
    let gateway = with_policy(policy);
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "If need be in clear"));
    let rows = leased(&gateway);
    assert!(rows[0].0.require_tls);
    let text = "no policy".to_owned();
    gateway.queue_report(rows[0].0.id, Attempted::NoVerifiedTls { text }).unwrap();
    let rows = leased(&gateway);
    assert_eq!((rows[0].0.tls, rows[0].0.require_tls), (TlsNeed::Opportunistic, false));
    assert_eq!(rows[0].0.attempts, 1);
    delivered(&gateway, rows[0].0.id);
    assert_eq!(states(&gateway, &dana, reference), [(Route::Plain, DeliveryState::Delivered)]);
}

/// A leased row cannot be leased again, and one that an administrator holds meanwhile stays held.
#[test]
fn a_row_that_is_being_sent_stays_with_who_sends_it() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "In clear"));
    let id = leased(&gateway)[0].0.id;
    let again = gateway.queue_retry(id);
    assert!(matches!(again, Err(Error::Conflict(Conflict::BeingSent))), "{again:?}");
    gateway.queue_hold(id).unwrap();
    let status = crate::mail::status::EnhancedStatus(4, 2, 0);
    let later = Attempted::Deferred { status, text: "later".to_owned(), host: None };
    gateway.queue_report(id, later).unwrap();
    gateway.clock().advance_secs(DAY);
    assert!(leased(&gateway).is_empty(), "it is held");
    assert_eq!(gateway.queue_list(10).unwrap()[0].state, QueueState::Held);
}

/// A crowded destination does not block other destinations.
#[test]
fn a_crowded_destination_leaves_room() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    for n in 0..5 {
        send(&gateway, &dana, &content(&[&format!("p{n}@slow.example")], "In clear"));
    }
    send(&gateway, &dana, &content(&[OUTSIDER], "In clear"));
    let mut slow = 0;
    let rows = gateway.queue_lease(3, 60, &mut |recipient| {
        slow += usize::from(recipient.path.to_string().contains("slow.example"));
        slow > 2 && recipient.path.to_string().contains("slow.example")
    });
    let rows: Vec<String> =
        rows.unwrap().iter().map(|row| row.recipient.path.to_string()).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[2].contains(OUTSIDER), "{rows:?}");
}

/// A clock that was ahead leaves no message waiting for a time far in the future.
#[test]
fn messages_deferred_by_a_clock_that_was_ahead_are_due_again() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    gateway.clock().advance_secs(400 * DAY);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "In clear"));
    gateway.clock().advance_secs(-400 * DAY);
    assert!(leased(&gateway).is_empty());
    gateway.queue_recover().unwrap();
    assert_eq!(leased(&gateway).len(), 1);
}

/// Promise 4: a draft's related message cannot be removed, and files of a sealed message do not
/// leave unprotected, whichever draft names them.
#[test]
fn a_sealed_message_is_not_forwarded_in_clear_by_forgetting_that_it_is() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Free));
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let file = uploaded(&gateway, &dana, "secret.txt", b"Seven spoons of sugar");
    let message = DraftContent {
        attachments: vec![file],
        ..content(&["omar@example.org"], "The recipe is in the file")
    };
    let reference = send(&gateway, &dana, &message);
    gateway.message_open(&omar, reference, None).unwrap();
    let started = gateway.draft_from(&omar, reference, RelationKind::Forward, None).unwrap();

    let forgetful = DraftContent {
        to: content(&[OUTSIDER], "").to,
        related: None,
        text: "Look".to_owned(),
        html: None,
        ..started.content.clone()
    };
    let saved = gateway.draft_save(&omar, &started.id, started.version, &forgetful).unwrap();
    assert_eq!(saved.content.related, started.content.related, "it stays what it is");
    let other = DraftContent {
        attachments: started.content.attachments.clone(),
        ..content(&[OUTSIDER], "Look what I have")
    };
    for content in [&saved.content, &other] {
        let draft = gateway.draft_create(&omar, content).unwrap();
        let submit = |consent, typed| {
            let (draft, version, request) = (draft.id.as_str(), draft.version, "once");
            let submit = outgoing::submit::Submit { draft, version, consent, typed, request };
            gateway.submit(&omar, &submit)
        };
        let asked = submit(None, None).unwrap();
        let outgoing::submit::Submitted::NeedsConsent(consent) = asked else {
            panic!("it left without consent");
        };
        let refused = submit(Some(consent.token.as_str()), Some(OUTSIDER));
        assert!(matches!(refused, Err(Error::Conflict(Conflict::SealedFiles))), "{refused:?}");
    }
    assert_eq!(gateway.store().count(&SUBMISSIONS, &()).unwrap(), 1);
}

/// Promise 4: where the mark of a forward was edited, what cannot be cut stops the message; and what
/// was written in HTML alone is no empty message.
#[test]
fn what_cannot_be_cut_off_a_sealed_message_stops_it() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let message = DraftContent {
        subject: "Dismissal of Rachel".to_owned(),
        ..content(&["omar@example.org"], "Yes.")
    };
    let reference = send(&gateway, &dana, &message);
    gateway.message_open(&omar, reference, None).unwrap();
    let begun = |kind| {
        let mut begun = gateway.draft_from(&omar, reference, kind, None).unwrap().content;
        begun.to = content(&[OUTSIDER], "").to;
        begun.choices.insert(OUTSIDER.to_owned(), Choice::Plain);
        begun
    };
    let submit = |draft: &DraftContent| {
        let asked = try_send(&gateway, &omar, draft, None).unwrap();
        let outgoing::submit::Submitted::NeedsConsent(consent) = asked else {
            panic!("it left without consent");
        };
        let draft = draft_with(&gateway, &omar, draft);
        let submit = outgoing::submit::Submit {
            draft: &draft.id,
            version: draft.version,
            consent: Some(&consent.token),
            typed: consent.typed.as_deref(),
            request: &draft.id,
        };
        gateway.submit(&omar, &submit)
    };
    let whole = begun(RelationKind::Forward);
    let (before, after) = whole.text.split_once("---------- Forwarded message ----------").unwrap();
    let subject = after.lines().find(|line| line.starts_with("Subject:")).unwrap();
    for text in [
        format!("{before}{after}"),
        format!("See: {}", whole.text.trim_start()),
        subject.to_owned(),
        "About the dismissal of Rachel".to_owned(),
    ] {
        let refused = submit(&DraftContent { text: text.clone(), ..whole.clone() });
        assert!(matches!(refused, Err(Error::Conflict(Conflict::SealedText))), "{text}");
    }
    // What only looks like it leaves: an address after "to", and single words of the subject.
    let text = "Send the papers to omar@example.org.\nRachel asks for her dismissal.\n".to_owned();
    for honest in [RelationKind::Reply, RelationKind::Forward] {
        let sent = submit(&DraftContent { text: text.clone(), ..begun(honest) });
        assert!(matches!(sent, Ok(outgoing::submit::Submitted::Accepted(_))), "{sent:?}");
    }
    release(&gateway);
    assert_eq!(leased(&gateway).len(), 2);
    let html = Some("<p>I agree.</p><blockquote><p>Yes.</p></blockquote>".to_owned());
    let rich = DraftContent { text: String::new(), html, ..begun(RelationKind::Reply) };
    assert!(matches!(submit(&rich), Ok(outgoing::submit::Submitted::Accepted(_))));
    release(&gateway);
    let (_, octets) = leased(&gateway).pop().unwrap();
    let view = crate::mail::message::view(octets.as_bytes());
    assert_eq!(view.text.as_deref().map(str::trim), Some("I agree."), "{octets}");
    assert_eq!(view.html.concat().trim(), "<p>I agree.</p>");
}

/// Promise 4: a forward in rich text has no mark that it could be cut at, and a short text or a subject
/// has too few words to be found again.
#[test]
fn a_rich_forward_of_a_sealed_message_leaves_nothing_of_it() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    for said in ["Yes.", "The secret recipe is seven spoons of sugar"] {
        let message = DraftContent {
            subject: "Dismissal of Rachel".to_owned(),
            html: Some(format!("<p>{said}</p>")),
            ..content(&["omar@example.org"], said)
        };
        let reference = send(&gateway, &dana, &message);
        gateway.message_open(&omar, reference, None).unwrap();
        let mut forward =
            gateway.draft_from(&omar, reference, RelationKind::Forward, None).unwrap().content;
        forward.to.push(addressee(OUTSIDER));
        forward.choices.insert(OUTSIDER.to_owned(), Choice::Plain);
        forward.text = format!("See below.\n{}", forward.text);
        let rich = forward.html.take().unwrap();
        assert!(rich.contains(said) && forward.text.contains(said));
        forward.html = Some(format!("<p>See below.</p>{rich}"));
        let asked = try_send(&gateway, &omar, &forward, None).unwrap();
        let outgoing::submit::Submitted::NeedsConsent(consent) = asked else {
            panic!("it left without consent");
        };
        let draft = draft_with(&gateway, &omar, &forward);
        let submit = outgoing::submit::Submit {
            draft: &draft.id,
            version: draft.version,
            consent: Some(&consent.token),
            typed: consent.typed.as_deref(),
            request: &draft.id,
        };
        let done = gateway.submit(&omar, &submit).unwrap();
        assert!(matches!(done, outgoing::submit::Submitted::Accepted(_)));
        release(&gateway);
        let (_, octets) = leased(&gateway).pop().unwrap();
        let view = crate::mail::message::view(octets.as_bytes());
        assert_eq!(view.text.as_deref().map(str::trim), Some("See below."), "{octets}");
        assert!(view.html.concat().is_empty(), "{octets}");
        for told in [said, "Dismissal", "dana@"] {
            assert!(!octets.contains(told), "{told}: {octets}");
        }
    }
}

/// A deleted file leaves the rest of the draft unchanged.
#[test]
fn a_draft_outlives_its_files() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let (one, two) =
        (uploaded(&gateway, &dana, "a", b"octets"), uploaded(&gateway, &dana, "b", b"octets"));
    let message = DraftContent {
        attachments: vec![one.clone(), two.clone()],
        ..content(&["omar@example.org"], "Text")
    };
    let draft = gateway.draft_create(&dana, &message).unwrap();
    gateway.upload_delete(&dana, &one).unwrap();
    assert_eq!(gateway.draft_list(&dana).unwrap().len(), 1);
    let view = gateway.draft(&dana, &draft.id).unwrap();
    assert_eq!(view.content.attachments, std::slice::from_ref(&two));
    // An upload that no draft names any more expires.
    let without = DraftContent { attachments: Vec::new(), ..message };
    gateway.draft_save(&dana, &draft.id, draft.version, &without).unwrap();
    gateway.clock().advance_secs(3 * DAY);
    let before = gateway.clock().now().plus_secs(-2 * DAY);
    assert_eq!(gateway.uploads_expire(before, 10).unwrap(), 1);
    assert!(gateway.upload(&sign_in(&gateway, "dana"), &two).is_err());
}

/// A picture that is cut out of the text of an old draft can still be put back.
#[test]
fn the_time_of_a_file_begins_when_the_last_draft_releases_it() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let one = uploaded(&gateway, &dana, "heron.png", b"octets");
    let with = DraftContent { attachments: vec![one], ..content(&[OUTSIDER], "See") };
    let without = DraftContent { attachments: Vec::new(), ..with.clone() };
    let draft = gateway.draft_create(&dana, &with).unwrap();
    gateway.clock().advance_secs(3 * DAY);
    let dana = sign_in(&gateway, "dana");
    let expire = || {
        let before = gateway.clock().now().plus_secs(-2 * DAY);
        gateway.uploads_expire(before, 10).unwrap()
    };
    gateway.draft_save(&dana, &draft.id, 1, &without).unwrap();
    assert_eq!(expire(), 0);
    gateway.draft_save(&dana, &draft.id, 2, &with).unwrap();
    gateway.draft_save(&dana, &draft.id, 3, &without).unwrap();
    gateway.clock().advance_secs(3 * DAY);
    assert_eq!(expire(), 1);
}

/// P-15: an outsider cannot fill the disk or the list of drafts.
#[test]
fn an_outsider_has_little_room() {
    let gateway = gateway_with(|settings| settings.temporary_uploads_octets_max = 1_000);
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "A message"));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let begin = |size| gateway.upload_begin(&noa, "file", "text/plain", size);
    begin(600).unwrap();
    assert!(matches!(begin(600), Err(Error::OverQuota)));
    begin(400).unwrap();
    let draft = content(&["dana@example.org"], "Text");
    for _ in 0..20 {
        gateway.draft_create(&noa, &draft).unwrap();
    }
    assert!(matches!(gateway.draft_create(&noa, &draft), Err(Error::OverQuota)));
}

/// A message with files shows its text like any other, and its text must not leave unprotected
/// either (promise 4).
#[test]
fn a_message_with_files_has_a_text() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Free));
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let file = uploaded(&gateway, &dana, "recipe.txt", b"octets");
    let secret = "The secret recipe is seven spoons of sugar";
    let message =
        DraftContent { attachments: vec![file], ..content(&["omar@example.org"], secret) };
    let reference = send(&gateway, &dana, &message);
    let (_, opened) = gateway.message_open(&omar, reference, None).unwrap();
    let view = crate::mail::message::view(opened.shown());
    assert_eq!(view.text.as_deref(), Some(secret));
    assert!(view.parts.is_empty(), "files are described by the outline: {:?}", view.parts);
    assert_eq!(opened.files().unwrap().len(), 1);
    // Text copied without quotation marks must not leave unprotected either.
    let started = gateway.draft_from(&omar, reference, RelationKind::Reply, None).unwrap();
    let copied = DraftContent {
        to: content(&[OUTSIDER], "").to,
        text: format!("He wrote: {secret}"),
        html: None,
        ..started.content
    };
    let draft = gateway.draft_create(&omar, &copied).unwrap();
    let submit = |consent, typed| {
        let (draft, version, request) = (draft.id.as_str(), draft.version, "once");
        gateway.submit(&omar, &outgoing::submit::Submit { draft, version, consent, typed, request })
    };
    let outgoing::submit::Submitted::NeedsConsent(consent) = submit(None, None).unwrap() else {
        panic!("it left without consent");
    };
    let refused = submit(Some(consent.token.as_str()), Some(OUTSIDER));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::SealedText))), "{refused:?}");
}

/// Each reason not to send has its own code, which differs from the SMTP reply.
#[test]
fn each_reason_not_to_send_has_a_word_of_its_own() {
    let gateway = with_policy(choice(Choice::Refuse, Mode::Fixed));
    let dana = sign_in(&gateway, "dana");
    gateway.account_accept_from("omar", AcceptFrom::Outside).unwrap();
    let people = ["dana@example.org", "omar@example.org", "nobody@example.org", OUTSIDER, "@"];
    let people = people.map(str::to_owned);
    let checks = gateway.outgoing_check(&dana, &people, &content(&[], "Hello")).unwrap();
    let words: Vec<_> = checks.iter().map(|one| one.reason.map(NotSent::as_str)).collect();
    let expected = ["accept-from", "unknown-recipient", "rules", "no-address"].map(Some);
    assert_eq!((words[0], &words[1..]), (None, &expected[..]));
}

/// One mailbox has one name, however its characters are composed: at RCPT, at sign-in, and for whom an
/// account is added (RFC 6532 §3.1, RFC 8265 §3.3).
#[test]
fn a_name_is_the_same_however_it_is_composed() {
    let gateway = gateway();
    let (together, apart) = ("m\u{fc}ller", "mu\u{308}ller");
    create(&gateway, together).unwrap();
    assert!(matches!(create(&gateway, apart), Err(Error::Conflict(Conflict::Exists))));
    let address = format!("{apart}+list@example.org");
    deliver(&gateway, &[&address], "From: a@b.example\nSubject: Apart\n\nText.\n");
    let owner = sign_in(&gateway, apart);
    assert_eq!(inbox(&gateway, &owner)[0].subject, "Apart");
    assert_eq!(gateway.guessed(apart).unwrap(), gateway.guessed(together).unwrap());
    assert_eq!(gateway.guessed("nobo\u{308}dy").unwrap(), gateway.guessed("nob\u{f6}dy").unwrap());
}

/// Earlier versions kept a name as it was composed: it stays its owner's, even if somebody has the
/// same one composed, and nobody else gets that.
#[test]
fn a_name_that_was_kept_in_another_form_stays_its_owners() {
    let gateway = gateway();
    let (together, apart) = ("m\u{fc}ller", "mu\u{308}ller");
    create(&gateway, together).unwrap();
    let omar = gateway.account_find("omar").unwrap().unwrap();
    let free = "no\u{308}a";
    for name in [apart, free] {
        let address = format!("{name}@example.org");
        let login = gateway.inner.vault.lookup(Lookup::LoginName, name.as_bytes());
        let key = gateway.inner.vault.lookup(Lookup::Address, address.as_bytes());
        let name = name.to_owned();
        let done = gateway.store().transact(move |tx| {
            let mut row = tx.get(&ACCOUNTS, &omar)?.unwrap();
            row.name = name.clone();
            row.addresses.push(address.clone());
            tx.put(&ACCOUNTS, &omar, &row)?;
            tx.put(&LOGIN_NAMES, &login, &Owner(omar))?;
            Ok::<_, Error>(tx.put(&ADDRESSES, &key, &Owner(omar))?)
        });
        done.wait().unwrap();
    }
    for (name, subject) in [(apart, "Apart"), (together, "Together")] {
        let text = format!("From: a@b.example\nSubject: {subject}\n\nText.\n");
        deliver(&gateway, &[&format!("{name}@example.org")], &text);
        let owner = sign_in(&gateway, name);
        assert_eq!(owner.account() == omar, name == apart, "{name}");
        assert_eq!(inbox(&gateway, &owner)[0].subject, subject);
        let by_address = gateway.account_find(&format!("{name}@example.org")).unwrap();
        assert_eq!(by_address, Some(owner.account()));
    }
    let composed = create(&gateway, "n\u{f6}a");
    assert!(matches!(composed, Err(Error::Conflict(Conflict::Exists))), "{composed:?}");
}

/// What a reader is told of a message's size is what the reader gets, and what is taken in memory is
/// what is read.
#[test]
fn the_size_of_a_message_is_that_of_what_is_in_it() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let omar = sign_in(&gateway, "omar");
    let file = vec![b'x'; 300_000];
    let upload = uploaded(&gateway, &dana, "plan.txt", &file);
    let message =
        DraftContent { attachments: vec![upload], ..content(&["omar@example.org"], "Here.") };
    let reference = send(&gateway, &dana, &message);
    let item = inbox(&gateway, &omar).remove(0);
    assert!(item.size > 400_000 && (300_000..302_000).contains(&item.octets), "{item:?}");
    let octets = gateway.message_octets(&omar, reference).unwrap();
    assert!(octets.shown < 2_000 && octets.stored == item.size, "{octets:?}");
    let whole = gateway.message_open(&omar, reference, None).unwrap().1.whole().unwrap();
    // The same message, as it comes from outside.
    let text = String::from_utf8(whole.to_vec()).unwrap().replace("\r\n", "\n");
    let reference = deliver(&gateway, &["omar@example.org"], &text);
    let arrived = gateway.message_item(&omar, reference).unwrap();
    assert!((300_000..302_000).contains(&arrived.octets) && arrived.size > 400_000, "{arrived:?}");
    let octets = gateway.message_octets(&omar, reference).unwrap();
    assert_eq!(octets.shown, octets.stored);
}
