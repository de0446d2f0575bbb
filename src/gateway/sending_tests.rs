//! Sending, temporary accounts and confirmations on the engine in memory, with a set clock.

use super::outgoing::awaited::Waiting;
use super::outgoing::consent::Consent;
use super::outgoing::draft::Addressee;
use super::outgoing::submit::{Submit, Submitted};
use super::queue::attempt::Attempted;
use super::queue::rows::{Leased, QueueId};
use super::records::policy::Policy;
use super::tests::*;
use super::*;
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::terms::{AcceptFrom, Choice, Mode, RejectReason, Route};

pub const OUTSIDER: &str = "noa@outside.example";
pub const OWN: &str = "my very own words";

pub fn content(to: &[&str], text: &str) -> DraftContent {
    DraftContent {
        to: to.iter().map(|one| addressee(one)).collect(),
        subject: "The contract".to_owned(),
        text: text.to_owned(),
        ..DraftContent::default()
    }
}

/// The draft that says this.
pub fn draft_with(gateway: &Gateway, actor: &Actor, content: &DraftContent) -> DraftView {
    let rows = gateway.draft_list(actor).unwrap().into_iter();
    let mut drafts = rows.map(|row| gateway.draft(actor, &row.id).unwrap());
    drafts.rfind(|draft| draft.content == *content).unwrap()
}

pub fn addressee(address: &str) -> Addressee {
    Addressee { name: None, address: address.to_owned() }
}

pub fn try_send(
    gateway: &Gateway,
    actor: &Actor,
    content: &DraftContent,
    consent: Option<&Consent>,
) -> Result<Submitted, Error> {
    let draft = gateway.draft_create(actor, content).unwrap();
    gateway.submit(
        actor,
        &Submit {
            draft: &draft.id,
            version: draft.version,
            consent: consent.map(|consent| consent.token.as_str()),
            typed: consent.and_then(|consent| consent.typed.as_deref()),
            request: &draft.id,
        },
    )
}

/// Sends, and lets go of the message at once.
pub fn send(gateway: &Gateway, actor: &Actor, content: &DraftContent) -> Reference {
    let reference = hold(gateway, actor, content);
    release(gateway);
    reference
}

pub fn hold(gateway: &Gateway, actor: &Actor, content: &DraftContent) -> Reference {
    match try_send(gateway, actor, content, None).unwrap() {
        Submitted::Accepted(view) => view.reference,
        Submitted::NeedsConsent(consent) => panic!("{consent:?}"),
    }
}

pub fn release(gateway: &Gateway) {
    gateway.clock().advance_secs(15);
    gateway.messages_release(100).unwrap();
}

pub fn states(
    gateway: &Gateway,
    actor: &Actor,
    reference: Reference,
) -> Vec<(Route, DeliveryState)> {
    let view = gateway.submission(actor, reference).unwrap();
    view.recipients.iter().map(|one| (one.route, one.state)).collect()
}

pub fn notices(gateway: &Gateway, actor: &Actor) -> Vec<(DeliveryState, String)> {
    let page = gateway.message_list(actor, "confirmations", None, 50);
    let confirmed = page.map(|page| page.items).unwrap_or_default();
    let items = inbox(gateway, actor).into_iter().chain(confirmed);
    items.filter_map(|item| item.notice).map(|one| (one.kind, one.recipient)).collect()
}

pub fn leased(gateway: &Gateway) -> Vec<(Leased, String)> {
    let rows = gateway.queue_lease(100, 60, &mut |_| false).unwrap();
    let text =
        |id: QueueId| String::from_utf8(gateway.queue_content(id).unwrap().to_vec()).unwrap();
    rows.into_iter()
        .map(|row| {
            let text = text(row.id);
            (row, text)
        })
        .collect()
}

pub fn delivered(gateway: &Gateway, id: QueueId) {
    let by = "mx.outside.example".to_owned();
    let done = Attempted::Delivered { by, text: "250 ok".to_owned() };
    gateway.queue_report(id, done).unwrap();
}

/// The password and the link's token of a notification.
pub fn password_and_token(text: &str) -> (String, String) {
    let view = crate::mail::message::view(text.as_bytes());
    let text = view.text.unwrap();
    let token = text.split("/pickup/").nth(1).unwrap();
    let token: String = token.chars().take_while(char::is_ascii_alphanumeric).collect();
    let word = |word: &&str| word.len() == 31 && word.chars().filter(|c| *c == '-').count() == 5;
    (text.split_whitespace().find(word).unwrap_or_default().to_owned(), token)
}

pub fn claim(
    gateway: &Gateway,
    name: &str,
    password_text: &str,
    own: &str,
) -> Result<Actor, Error> {
    let opened = gateway
        .session_open(LogIn { new_password: Some(password(own)), ..log_in(name, password_text) })?;
    gateway.session_actor(&opened.token, "thumb")
}

pub fn with_policy(policy: Policy) -> Gateway {
    gateway_with(|settings| settings.policy = policy)
}

pub fn choice(choice: Choice, mode: Mode) -> Policy {
    Policy { choice, mode, ..Policy::default() }
}

#[test]
fn a_sender_is_reminded_of_what_was_not_read_and_soon_cannot_be() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let inside = send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    let outside = send(&gateway, &dana, &content(&[OUTSIDER], "Hello"));
    gateway.draft_create(&dana, &content(&[], "Begun")).unwrap();
    let counts = || {
        let found = gateway.awaited(&dana).unwrap();
        let named = |waiting: &Waiting| {
            assert_eq!(waiting.count, waiting.items.len() as u64);
            waiting.items.iter().map(|item| item.reference).collect::<Vec<_>>()
        };
        (found.drafts, named(&found.unread), named(&found.ending))
    };
    assert_eq!(counts(), (1, vec![], vec![]), "they had no time yet");
    gateway.clock().advance_secs(3 * 24 * 3600);
    assert_eq!(counts(), (1, vec![outside, inside], vec![]));
    gateway.message_open(&omar, inside, None).unwrap();
    assert_eq!(counts(), (1, vec![outside], vec![]));
    let end = gateway.temporary_list(None).unwrap()[0].expires;
    let left = end.unix_secs() - gateway.clock().now().unix_secs();
    gateway.clock().advance_secs(left - 2 * 24 * 3600);
    assert_eq!(counts(), (1, vec![outside], vec![outside]));
    gateway.clock().advance_secs(2 * 24 * 3600);
    assert_eq!(counts().2, vec![], "it is over");
    let others = gateway.awaited(&omar).unwrap();
    assert_eq!((others.drafts, others.unread.count, others.ending.count), (0, 0, 0));
}

/// P-24, P-26, P-27, P-28: accepted at once, delivered when it can no longer be taken back, and
/// exactly one confirmation.
#[test]
fn a_message_inside_is_accepted_delivered_and_confirmed_once() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let reference = hold(&gateway, &dana, &content(&["omar@example.org"], "Hello Omar"));
    assert_eq!(states(&gateway, &dana, reference), [(Route::Inside, DeliveryState::Accepted)]);
    assert!(inbox(&gateway, &omar).is_empty(), "it can still be taken back");
    release(&gateway);
    assert_eq!(states(&gateway, &dana, reference), [(Route::Inside, DeliveryState::Delivered)]);
    let items = inbox(&gateway, &omar);
    assert_eq!((items[0].reference, items[0].subject.as_str()), (reference, "The contract"));
    assert_eq!(items[0].protection, Protection::Inside);
    for _ in 0..2 {
        let (_, octets) = gateway.message_open(&omar, reference, None).unwrap();
        let octets = octets.whole().unwrap();
        assert!(String::from_utf8_lossy(&octets).contains("Hello Omar"));
    }
    assert_eq!(states(&gateway, &dana, reference), [(Route::Inside, DeliveryState::Read)]);
    let expected = [(DeliveryState::Read, "omar@example.org".to_owned())];
    assert_eq!(notices(&gateway, &dana), expected);
    let sent = gateway.message_list(&dana, "sent", None, 10).unwrap().items;
    assert_eq!((sent[0].reference, sent[0].sent), (reference, true));
    let view = gateway.submission(&dana, reference).unwrap();
    let times: Vec<_> = view.recipients[0].history.iter().map(|step| step.at).collect();
    assert!(times.is_sorted(), "{times:?}");
}

/// P-25, P-26: rejected without its body ever being decrypted.
#[test]
fn a_rejected_message_is_reported_as_rejected() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let reference = send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    let reason = Some(RejectReason::NotExpected);
    gateway.message_reject(&omar, reference, reason, None).unwrap();
    let view = gateway.submission(&dana, reference).unwrap();
    assert_eq!(view.recipients[0].state, DeliveryState::Rejected);
    assert_eq!(view.recipients[0].reason, reason);
    assert_eq!(notices(&gateway, &dana).len(), 1);
    // The sender's own copy stays.
    assert!(gateway.message_raw(&dana, reference).is_ok());
}

#[test]
fn a_message_whose_sending_is_undone_was_never_there() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let upload = gateway.upload_begin(&dana, "a.bin", "application/octet-stream", 3).unwrap();
    gateway.upload_append(&dana, &upload.id, 0, b"abc").unwrap();
    let mut message = content(&["omar@example.org", OUTSIDER], "Hello");
    message.attachments = vec![upload.id];
    let reference = hold(&gateway, &dana, &message);
    let draft = gateway.submission_undo(&dana, reference).unwrap();
    assert_eq!(draft.content, message);
    assert_eq!(draft.uploads[0].received, 3);
    release(&gateway);
    assert!(inbox(&gateway, &omar).is_empty());
    assert!(gateway.submission(&dana, reference).is_err());
    assert!(gateway.message_list(&dana, "sent", None, 10).unwrap().items.is_empty());
    assert!(leased(&gateway).is_empty());
    // Sent again, it leaves, and then it is too late.
    let reference = send(&gateway, &dana, &message);
    let late = gateway.submission_undo(&dana, reference);
    assert!(matches!(late, Err(Error::Conflict(Conflict::TooLate))));
    assert_eq!(inbox(&gateway, &omar)[0].attachments, 1);
}

#[test]
fn a_repeated_request_sends_once() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let draft = gateway.draft_create(&dana, &content(&["omar@example.org"], "Once")).unwrap();
    let submit = || {
        let (draft_id, version) = (draft.id.as_str(), draft.version);
        let submit =
            Submit { draft: draft_id, version, consent: None, typed: None, request: "a-key-0" };
        match gateway.submit(&dana, &submit).unwrap() {
            Submitted::Accepted(view) => view.reference,
            Submitted::NeedsConsent(_) => panic!(),
        }
    };
    assert_eq!(submit(), submit());
    release(&gateway);
    let omar = sign_in(&gateway, "omar");
    assert_eq!(inbox(&gateway, &omar).len(), 1);
}

/// P-23: one message, one number, each recipient its own way.
#[test]
fn each_recipient_takes_its_own_branch() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let to = ["omar@example.org", OUTSIDER, "nobody@example.org"];
    let reference = send(&gateway, &dana, &content(&to, "Hello"));
    assert_eq!(
        states(&gateway, &dana, reference),
        [
            (Route::Inside, DeliveryState::Delivered),
            (Route::TemporaryAccount, DeliveryState::Waiting),
            (Route::Inside, DeliveryState::Failed),
        ]
    );
    assert_eq!(notices(&gateway, &dana), [(DeliveryState::Failed, to[2].to_owned())]);
}

/// P-29: nothing leaves, and the sender is told the rule.
#[test]
fn a_refused_message_stays_with_a_notice() {
    let gateway = with_policy(choice(Choice::Refuse, Mode::Fixed));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Hello"));
    assert_eq!(states(&gateway, &dana, reference), [(Route::Refused, DeliveryState::Refused)]);
    assert!(leased(&gateway).is_empty());
    assert_eq!(notices(&gateway, &dana), [(DeliveryState::Refused, OUTSIDER.to_owned())]);
    assert_eq!(gateway.message_list(&dana, "sent", None, 10).unwrap().items.len(), 1);
}

/// P-30: no mail passes the walls, in either direction.
#[test]
fn in_intranet_mode_nothing_passes_the_perimeter() {
    let gateway = with_policy(Policy { intranet: true, ..Policy::default() });
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Hello"));
    assert_eq!(states(&gateway, &dana, reference), [(Route::Refused, DeliveryState::Refused)]);
    assert_eq!(refused(&gateway, "dana@example.org", Origin::Outside), Some(Reason::Intranet));
    assert_eq!(refused(&gateway, "dana@example.org", Origin::Inside), None);
}

/// P-31: nothing leaves before a yes, which is recorded; without it the draft stays.
#[test]
fn nothing_leaves_before_the_sender_consents() {
    let gateway = with_policy(choice(Choice::Ask, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let message = content(&[OUTSIDER], "Canary text");
    let draft = gateway.draft_create(&dana, &message).unwrap();
    let mut submit = Submit {
        draft: &draft.id,
        version: draft.version,
        consent: None,
        typed: None,
        request: "a-key-1",
    };
    let Submitted::NeedsConsent(consent) = gateway.submit(&dana, &submit).unwrap() else {
        panic!()
    };
    assert_eq!((consent.addresses.as_slice(), &consent.typed), (&[OUTSIDER.to_owned()][..], &None));
    release(&gateway);
    assert!(leased(&gateway).is_empty());
    assert_eq!(gateway.draft_list(&dana).unwrap().len(), 1);
    // A made-up token is no yes.
    submit.consent = Some("00000000000000000000000000000000");
    assert!(matches!(gateway.submit(&dana, &submit).unwrap(), Submitted::NeedsConsent(_)));
    submit.consent = Some(&consent.token);
    let Submitted::Accepted(view) = gateway.submit(&dana, &submit).unwrap() else { panic!() };
    release(&gateway);
    let rows = leased(&gateway);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].1.contains("Canary text"));
    delivered(&gateway, rows[0].0.id);
    assert_eq!(states(&gateway, &dana, view.reference), [(Route::Ask, DeliveryState::Delivered)]);
    // The key to it went with the row.
    assert!(gateway.queue_content(rows[0].0.id).is_err());
}

/// P-38: it leaves without a question, and is marked.
#[test]
fn a_plain_message_leaves_without_a_question() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Plain text"));
    let rows = leased(&gateway);
    assert_eq!(rows[0].0.reference, reference);
    assert_eq!(rows[0].0.reverse_path.to_string(), "<dana@example.org>");
    let view = gateway.submission(&dana, reference).unwrap();
    assert!(!view.recipients[0].protected);
}

/// The four states of a row, and what each report leads to.
#[test]
fn a_row_is_retried_delayed_failed_and_reported_once() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Plain"));
    let first = gateway.queue_lease(10, 60, &mut |_| false).unwrap();
    assert_eq!(first.len(), 1);
    assert!(gateway.queue_lease(10, 60, &mut |_| false).unwrap().is_empty(), "leased");
    gateway.clock().advance_secs(61);
    let again = gateway.queue_lease(10, 60, &mut |_| false).unwrap();
    assert_eq!(again.len(), 1, "a lease that ran out is due again");
    let defer = || Attempted::Deferred {
        status: EnhancedStatus(4, 2, 0),
        text: "later".to_owned(),
        host: Some("mx.outside.example".to_owned()),
    };
    gateway.queue_report(again[0].id, defer()).unwrap();
    assert!(gateway.queue_lease(10, 60, &mut |_| false).unwrap().is_empty());
    assert!(notices(&gateway, &dana).is_empty());
    let mut tries = 1;
    while let Some(due) = gateway.queue_next_due().unwrap() {
        gateway.clock().advance_secs((due.0 - gateway.clock().now().0) / 1000 + 1);
        for row in gateway.queue_lease(10, 60, &mut |_| false).unwrap() {
            tries += 1;
            gateway.queue_report(row.id, defer()).unwrap();
        }
        assert!(tries < 200);
    }
    let dana = sign_in(&gateway, "dana");
    assert_eq!(states(&gateway, &dana, reference), [(Route::Plain, DeliveryState::Failed)]);
    let kinds: Vec<_> = notices(&gateway, &dana).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [DeliveryState::Failed, DeliveryState::Waiting], "newest first, once each");
    assert!(tries > 20, "{tries}");
}

#[test]
fn an_administrator_holds_releases_and_drops() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Plain"));
    let rows = gateway.queue_list(10).unwrap();
    assert_eq!((rows.len(), rows[0].reference), (1, reference));
    gateway.queue_hold(rows[0].id).unwrap();
    gateway.clock().advance_secs(3600);
    assert!(gateway.queue_lease(10, 60, &mut |_| false).unwrap().is_empty());
    gateway.queue_retry(rows[0].id).unwrap();
    assert_eq!(gateway.queue_lease(10, 60, &mut |_| false).unwrap().len(), 1);
    gateway.queue_drop(rows[0].id).unwrap();
    assert!(gateway.queue_list(10).unwrap().is_empty());
    assert_eq!(states(&gateway, &dana, reference), [(Route::Plain, DeliveryState::Failed)]);
}

/// What the list shows of an id is enough to name the row, also among rows of one message.
#[test]
fn a_queue_row_is_named_by_what_the_list_shows() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let one = send(&gateway, &dana, &content(&[OUTSIDER], "Plain"));
    let several: Vec<String> = (0..40).map(|at| format!("reader{at}@house.example")).collect();
    let several: Vec<&str> = several.iter().map(String::as_str).collect();
    let many = send(&gateway, &dana, &content(&several, "Plain"));
    let rows = gateway.queue_list(50).unwrap();
    assert_eq!(rows.len(), 41);
    for row in &rows {
        let text = row.id.to_text();
        assert_eq!(QueueId::parse(&text), Some(row.id));
        for name in [&text, &text[..12], &text[..12].to_uppercase()] {
            assert_eq!(gateway.queue_find(name).unwrap().id, row.id, "{name}");
        }
    }
    assert_eq!(gateway.queue_find(&one.to_string()).unwrap().reference, one);
    for name in [&many.to_string(), ""] {
        assert!(matches!(gateway.queue_find(name), Err(Error::Invalid { .. })), "{name}");
    }
    assert!(matches!(gateway.queue_find("nothing"), Err(Error::NotFound { .. })));
}

#[test]
fn the_queue_is_read_page_by_page_and_searched() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let to = |at: usize| format!("reader{at}@house{}.example", at % 2);
    let numbers: Vec<_> = (0..7)
        .map(|at| {
            gateway.clock().advance_secs(1);
            send(&gateway, &dana, &content(&[&to(at)], "Plain"))
        })
        .collect();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = gateway.queue_page(after.as_deref(), "", 3).unwrap();
        seen.push(page.items.iter().map(|row| row.reference).collect::<Vec<_>>());
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [&numbers[..3], &numbers[3..6], &numbers[6..]], "each once, the due first");
    let found = |word: &str| {
        let page = gateway.queue_page(None, word, 10).unwrap();
        page.items.into_iter().map(|row| row.reference).collect::<Vec<_>>()
    };
    assert_eq!(found(" HOUSE1.example "), [numbers[1], numbers[3], numbers[5]]);
    assert_eq!(found(&numbers[4].to_string().to_lowercase()), [numbers[4]]);
    assert_eq!(found("nobody"), []);
    let page = gateway.queue_page(None, "house0", 4).unwrap();
    assert_eq!((page.items.len(), page.next), (4, None), "a full page need not have a next one");
    for wrong in ["", "1", "x.00", "1.zz", "."] {
        let refused = gateway.queue_page(Some(wrong), "", 3).unwrap_err();
        assert!(matches!(refused, Error::Invalid { .. }), "{wrong:?}");
    }
}

/// Promise 4: a sealed thread leaves in clear only with the phrase typed, and without the text.
#[test]
fn a_sealed_thread_leaves_only_with_typed_consent_and_without_its_text() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let secret = "The secret recipe is seven spoons of sugar";
    let reference = send(&gateway, &dana, &content(&["omar@example.org"], secret));
    gateway.message_open(&omar, reference, None).unwrap();
    let mut message =
        gateway.draft_from(&omar, reference, RelationKind::Reply, None).unwrap().content;
    message.to.push(addressee(OUTSIDER));
    message.choices.insert(OUTSIDER.to_owned(), Choice::Plain);
    message.text = format!("I agree.\n{}", message.text);
    assert!(message.text.contains(secret), "it is quoted");
    let Submitted::NeedsConsent(mut consent) = try_send(&gateway, &omar, &message, None).unwrap()
    else {
        panic!("it left without a yes");
    };
    assert_eq!(consent.typed.as_deref(), Some(OUTSIDER));
    // Each draft needs its own yes; the token is of the one it was asked for.
    let draft = draft_with(&gateway, &omar, &message);
    let submit = |typed| Submit {
        draft: &draft.id,
        version: draft.version,
        consent: Some(&consent.token),
        typed,
        request: "a-key-2",
    };
    let untyped = gateway.submit(&omar, &submit(Some("yes"))).unwrap();
    assert!(matches!(untyped, Submitted::NeedsConsent(_)));
    let done = gateway.submit(&omar, &submit(Some(OUTSIDER))).unwrap();
    assert!(matches!(done, Submitted::Accepted(_)));
    release(&gateway);
    let rows = leased(&gateway);
    assert_eq!(rows.len(), 1);
    let text = crate::mail::message::view(rows[0].1.as_bytes()).text.unwrap();
    assert!(text.contains("I agree.") && !text.contains("seven spoons"), "{text}");
    // Pasted in without a quotation mark, it stops the message.
    message.text = format!("By the way: {secret}");
    consent = match try_send(&gateway, &omar, &message, None).unwrap() {
        Submitted::NeedsConsent(consent) => consent,
        Submitted::Accepted(_) => panic!("it left"),
    };
    let draft = draft_with(&gateway, &omar, &message);
    let pasted = gateway.submit(
        &omar,
        &Submit {
            draft: &draft.id,
            version: draft.version,
            consent: Some(&consent.token),
            typed: consent.typed.as_deref(),
            request: "a-key-3",
        },
    );
    assert!(matches!(pasted, Err(Error::Conflict(Conflict::SealedText))));
}

/// P-57: mail inside to one who takes none from inside is refused when it is sent.
#[test]
fn an_account_that_accepts_only_outside_mail_gets_none_from_inside() {
    let gateway = gateway();
    gateway.account_accept_from("omar", AcceptFrom::Outside).unwrap();
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    assert_eq!(states(&gateway, &dana, reference), [(Route::Inside, DeliveryState::Failed)]);
}

/// P-17: files of every awkward length come back as they were, one by one and as parts of the
/// whole, which any mail program can take apart; forwarded, they are the same.
#[test]
fn files_come_back_piece_by_piece_and_as_a_whole() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let sizes = [1, 56, 57, 58, 65_535, 65_536, 65_537, 262_144, 5_000_000];
    let files: Vec<Vec<u8>> = (0..)
        .zip(sizes)
        .map(|(seed, size)| {
            let mut random = fastrand::Rng::with_seed(seed);
            (0..size).map(|_| random.u8(..)).collect()
        })
        .collect();
    let mut message = content(&["omar@example.org"], "With files");
    message.attachments = (0..)
        .zip(&files)
        .map(|(at, octets): (u32, _)| uploaded(&gateway, &dana, &format!("file {at}.bin"), octets))
        .collect();
    let reference = send(&gateway, &dana, &message);
    let (_, opened) = gateway.message_open(&omar, reference, None).unwrap();
    assert!(opened.shown().len() < 10_000, "the files are not in it");
    let parts = opened.parts().unwrap();
    assert_eq!(parts.len(), files.len());
    for (part, octets) in parts.iter().zip(&files) {
        assert_eq!(part.size, octets.len() as u64);
        assert!(all_of(opened.part(part.index).unwrap().1) == *octets, "{}", part.name);
    }
    assert!(opened.part(0).is_none() && opened.part(99).is_none());
    let whole = opened.whole().unwrap();
    assert!(all_of(opened.raw()) == *whole);
    let view = crate::mail::message::view(&whole);
    assert_eq!(view.parts.len(), files.len());
    for ((part, octets), name) in view.parts.iter().zip(&files).zip(0..) {
        assert_eq!(part.name, format!("file {name}.bin"));
        let (_, found) = crate::mail::message::part_bytes(&whole, part.index).unwrap();
        assert!(found == *octets, "{}", part.name);
    }
    let forward = gateway.draft_from(&omar, reference, RelationKind::Forward, None).unwrap();
    let sizes: Vec<u64> = forward.uploads.iter().map(|upload| upload.size).collect();
    assert_eq!(sizes, files.iter().map(|file| file.len() as u64).collect::<Vec<_>>());
    let mut message = forward.content;
    message.to = vec![addressee("dana@example.org")];
    let again = send(&gateway, &omar, &message);
    let (_, opened) = gateway.message_open(&dana, again, None).unwrap();
    for (part, octets) in opened.parts().unwrap().iter().zip(&files) {
        assert!(all_of(opened.part(part.index).unwrap().1) == *octets, "{}", part.name);
    }
}

/// Uploads a file whole, in chunks of the largest size.
pub fn uploaded(gateway: &Gateway, actor: &Actor, name: &str, octets: &[u8]) -> String {
    let kind = "Application/X-Test";
    let upload = gateway.upload_begin(actor, name, kind, octets.len() as u64).unwrap();
    let mut at = 0;
    for chunk in octets.chunks(upload::CHUNK_OCTETS_MAX) {
        gateway.upload_append(actor, &upload.id, at, chunk).unwrap();
        at += chunk.len() as u64;
    }
    upload.id
}

fn all_of(mut pieces: mailboxes::content::Pieces) -> Vec<u8> {
    let (octets, mut all) = (pieces.octets(), Vec::new());
    while let Some(piece) = pieces.take_next().unwrap() {
        assert!(piece.len() <= 1 << 20, "little of it is in memory");
        all.extend_from_slice(&piece);
    }
    assert_eq!(all.len() as u64, octets);
    all
}
