//! What goes wrong around a meeting: full mailboxes, answers that come late, entries that cannot be read, and
//! people who may not write to each other any more.

use super::answer::Answered;
use super::list::Occurrence;
use super::meeting::NewMeeting;
use super::tests::{answer, answered, ask, at, december, entry, state, titles};
use crate::gateway::contacts::damage_tests::flip;
use crate::gateway::group_tests::{add, created, new_group};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::mailbox::OwnQuota;
use crate::gateway::records::schedule::MeetingAsked;
use crate::gateway::records::tables::{MEETING_ASKED, MEETING_NOTICES, MEETINGS, SCHEDULE_ENTRIES};
use crate::gateway::tests::{create, gateway, gateway_with, inbox, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway, quota};
use crate::mail::address::Address;
use crate::mail::reference::Reference;
use crate::mail::schedule::Fields;
use crate::store::Read;
use crate::terms::{
    GroupKind, GroupsBy, MeetingAnswer, MeetingRule, MeetingState, Needed, PersonState,
};

fn full(gateway: &Gateway, name: &str) {
    let own = OwnQuota { octets: Some(1), messages: None };
    gateway.account_quota(name, own).unwrap();
}

/// Puts something into the place of an entry that its owner cannot open.
fn damage(gateway: &Gateway, actor: &Actor, meeting: Reference) -> ReferenceKey {
    let key = (actor.account(), meeting.to_bytes());
    let done = gateway.store().transact(move |tx| {
        let mut row = tx.get(&SCHEDULE_ENTRIES, &key)?.unwrap();
        row.sealed = vec![1, 2, 3];
        tx.put(&SCHEDULE_ENTRIES, &key, &row)
    });
    done.wait().unwrap();
    key.1
}

#[test]
fn a_full_mailbox_keeps_nobody_from_the_own_calendar() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    full(&gateway, "omar");
    full(&gateway, "dana");
    let before = (inbox(&gateway, &omar).len(), inbox(&gateway, &dana).len());
    let longer = Fields { title: "Review of all".repeat(10), ..entry("", "2026-12-03T10:00:00") };
    // The mailbox of who asks is full as well, and what grows there is refused.
    let refused = gateway.meeting_change(&dana, meeting, 0, &longer);
    assert!(matches!(refused, Err(Error::MailboxFull)), "{refused:?}");
    gateway.account_quota("dana", OwnQuota::default()).unwrap();
    gateway.meeting_change(&dana, meeting, 0, &longer).unwrap();
    full(&gateway, "dana");
    assert_eq!(titles(&gateway, &omar), [longer.title.as_str()]);
    answer(&gateway, &omar, meeting, (1, MeetingAnswer::Decline), "request-2").unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Declined);
    let after = (inbox(&gateway, &omar).len(), inbox(&gateway, &dana).len());
    assert_eq!(after, before, "a full mailbox gets no message of what the calendar shows");
}

/// P-79: whatever is repeated, or comes late, an answer never takes the place of a later one.
#[test]
fn an_answer_that_comes_late_replaces_no_other() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    // Another page says the same, and its answer is lost; then the person declines.
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-2").unwrap();
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Decline), "request-3").unwrap();
    for key in ["request-2", "request-1"] {
        let card = answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), key).unwrap();
        assert_eq!(card.meeting.answer, Some(PersonState::Declined), "{key}");
    }
    assert_eq!(titles(&gateway, &omar), [""; 0]);
    // The first request of a page that saw none of these.
    let late = Answered { follows: Some(0), ..answered(0, MeetingAnswer::Accept) };
    let refused = gateway.meeting_answer(&omar, meeting, &late, "request-4");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::MeetingChanged))), "{refused:?}");
    let answers = gateway.meeting(&omar, meeting).unwrap().meeting.answer_count;
    let known = Answered { follows: Some(answers), ..late };
    gateway.meeting_answer(&omar, meeting, &known, "request-5").unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Actual);
    assert_eq!(inbox(&gateway, &dana).len(), 3, "one message for each answer that was new");
}

#[test]
fn what_cannot_be_read_is_cancelled_declined_and_deleted_like_the_rest() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    damage(&gateway, &omar, meeting);
    assert_eq!(titles(&gateway, &omar), [""; 0]);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Tentative), "request-2").unwrap();
    assert_eq!(titles(&gateway, &omar), ["Review"], "it is entered anew");
    let key = damage(&gateway, &dana, meeting);
    let card = gateway.meeting_cancel(&dana, meeting).unwrap();
    assert_eq!((card.meeting.state, card.fields), (MeetingState::Cancelled, None));
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Cancelled);
    // What the others know of it is as it was.
    let start = december(&gateway, &omar).items.remove(0).start;
    assert_eq!(
        (titles(&gateway, &omar), start),
        (vec!["Review".to_owned()], at("2026-12-03T10:00:00"))
    );
    let said = everything_said(&gateway, &omar);
    assert!(said.contains("your calendar shows which one") && !said.contains("1970"), "{said}");
    gateway.schedule_delete(&dana, &crate::gateway::text::hex(&key)).unwrap();
    assert!(december(&gateway, &dana).items.is_empty());
}

/// What somebody is asked cannot be read any more: to decline is possible, and the requester hears of it.
#[test]
fn what_nobody_can_read_is_declined_all_the_same() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    let key = (omar.account(), meeting.to_bytes());
    let done = gateway.store().transact(move |tx| {
        let row = tx.get(&MEETING_ASKED, &key)?.unwrap();
        tx.put(&MEETING_ASKED, &key, &MeetingAsked { sealed: vec![1, 2, 3], ..row })
    });
    done.wait().unwrap();
    let accepted = answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1");
    assert!(matches!(accepted, Err(Error::Damaged { .. })), "{accepted:?}");
    let _ = answer(&gateway, &omar, meeting, (0, MeetingAnswer::Decline), "request-2");
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Declined);
    let said = everything_said(&gateway, &dana);
    assert!(said.contains("Somebody declined") && !said.contains("omar"), "{said}");
    assert!(said.contains("postmaster@example.org") && !said.contains("1970"), "{said}");
}

/// One meeting of which the row is damaged: lists are whole, and nothing false is said of it.
#[test]
fn a_meeting_that_cannot_be_read_hides_no_other() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    gateway.schedule_add(&omar, entry("Own", "2026-12-04T10:00:00"), None).unwrap();
    flip(&gateway, &MEETINGS, &(dana.account(), meeting.to_bytes()));
    let states = |actor: &Actor| {
        let items = december(&gateway, actor).items.into_iter();
        items.map(|one| one.meeting.map(|of| of.state)).collect::<Vec<_>>()
    };
    assert_eq!(states(&omar), [Some(MeetingState::Unknown), None]);
    assert_eq!(states(&dana), [Some(MeetingState::Unknown)]);
    let card = gateway.meeting(&omar, meeting).unwrap();
    let title = card.fields.map(|fields| fields.title);
    assert_eq!((card.meeting.state, title.as_deref()), (MeetingState::Unknown, Some("Review")));
    assert_eq!(gateway.meetings_waiting(&omar).unwrap(), []);
    // Nobody can cancel or decline it any more, so it can be deleted.
    let id = crate::gateway::text::hex(&meeting.to_bytes());
    gateway.schedule_delete(&omar, &id).unwrap();
    gateway.schedule_delete(&dana, &id).unwrap();
    assert_eq!((states(&omar), states(&dana)), (vec![None], vec![]));
}

/// All messages of an inbox, whole.
fn everything_said(gateway: &Gateway, actor: &Actor) -> String {
    let whole = |reference| {
        let (_, content) = gateway.message_open(actor, reference, None).unwrap();
        String::from_utf8(content.whole().unwrap().to_vec()).unwrap().replace("=\r\n", "")
    };
    inbox(gateway, actor).into_iter().map(|one| whole(one.reference)).collect()
}

/// The requester hears of who answers by the address that was asked, and by nothing else of the account.
#[test]
fn an_answer_names_no_other_address_of_who_answers() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let address = Address::parse("info@example.org").unwrap();
    gateway.account_address_add("omar", &address).unwrap();
    let meeting = ask(&gateway, &dana, &["info"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    let text = everything_said(&gateway, &dana).to_lowercase();
    assert!(text.contains("info@example.org"), "{text}");
    assert!(!text.contains("omar"), "{text}");
}

#[test]
fn who_may_not_write_to_somebody_any_more_does_not_by_a_change() {
    let gateway = gateway_with(|settings| settings.group_kinds_by = GroupsBy::Everybody);
    create(&gateway, "noa").unwrap();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let noa = sign_in(&gateway, "noa");
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
    let closed = gateway.group_create(&noa, closed).unwrap().view.id.to_text();
    add(&gateway, &noa, &closed, "omar");
    let before = inbox(&gateway, &omar).len();
    let changed = entry("Buy this", "2026-12-03T10:00:00");
    gateway.meeting_change(&dana, meeting, 0, &changed).unwrap();
    assert_eq!(titles(&gateway, &omar), ["Review"]);
    assert_eq!(inbox(&gateway, &omar).len(), before);
    // That it does not take place is said all the same, and nothing else.
    gateway.meeting_cancel(&dana, meeting).unwrap();
    let messages = inbox(&gateway, &omar);
    assert_eq!(messages.len(), before + 1);
    let text = everything_said(&gateway, &omar);
    assert!(text.contains("cancelled the meeting: your calendar shows which one"), "{text}");
    let card = gateway.meeting(&omar, meeting).unwrap();
    assert!(!text.contains("Buy") && card.fields.unwrap().title == "Review", "{text}");
    assert_eq!(titles(&gateway, &omar), ["Review"]);
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Cancelled);
}

/// Whom a change did not reach accepts nothing unseen, declines all the same, and is rid of the entry then.
#[test]
fn nobody_accepts_a_time_that_was_not_shown() {
    let gateway = gateway_with(|settings| settings.group_kinds_by = GroupsBy::Everybody);
    create(&gateway, "noa").unwrap();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let noa = sign_in(&gateway, "noa");
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
    let closed = gateway.group_create(&noa, closed).unwrap().view.id.to_text();
    add(&gateway, &noa, &closed, "omar");
    let moved = entry("Review", "2026-12-09T10:00:00");
    gateway.meeting_change(&dana, meeting, 0, &moved).unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Tentative);
    let card = gateway.meeting(&omar, meeting).unwrap();
    assert_eq!((card.meeting.sequence, card.fields.unwrap().start), (0, at("2026-12-03T10:00:00")));
    for sequence in [0, 1] {
        let key = format!("request-2-{sequence}");
        let unseen = answer(&gateway, &omar, meeting, (sequence, MeetingAnswer::Accept), &key);
        assert!(matches!(unseen, Err(Error::Conflict(Conflict::MeetingChanged))), "{unseen:?}");
    }
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Decline), "request-3").unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Declined);
    assert_eq!(titles(&gateway, &omar), [""; 0]);
}

/// A change of the time and an answer to what was asked before, at once: in whichever order they come, nothing
/// that is shown contradicts anything else.
#[test]
fn a_change_and_an_answer_at_once_come_one_after_the_other() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    for round in 0..12 {
        let invitees = vec![("omar@example.org".to_owned(), Needed::Required)];
        let fields = entry("Review", "2026-12-03T10:00:00");
        let new = NewMeeting { fields, invitees, rule: MeetingRule::All };
        let asked = gateway.meeting_ask(&dana, &new, &format!("meeting-{round}")).unwrap();
        let meeting: Reference = asked.meeting.unwrap().reference.parse().unwrap();
        let moved = entry("Review", "2026-12-09T10:00:00");
        let (changed, accepted) = std::thread::scope(|scope| {
            let change = scope.spawn(|| gateway.meeting_change(&dana, meeting, 0, &moved));
            let accept = scope
                .spawn(|| answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "accepts"));
            (change.join().unwrap(), accept.join().unwrap())
        });
        changed.unwrap();
        let is_late = matches!(accepted, Err(Error::Conflict(Conflict::MeetingChanged)));
        assert!(accepted.is_ok() || is_late, "{accepted:?}");
        // An answer to the earlier time counts for nothing, whether it was heard or not.
        assert_eq!(state(&gateway, &dana, meeting), MeetingState::Tentative);
        let card = gateway.meeting(&omar, meeting).unwrap();
        assert_eq!(
            (card.meeting.answer, card.fields.unwrap().start),
            (Some(PersonState::Waiting), moved.start)
        );
        let entries = december(&gateway, &omar).items.into_iter();
        let of = |one: &Occurrence| {
            one.meeting.as_ref().is_some_and(|of| of.reference == card.meeting.reference)
        };
        let starts: Vec<_> = entries.filter(of).map(|one| one.start).collect();
        assert_eq!(starts, if is_late { vec![] } else { vec![moved.start] }, "{round}");
    }
    counted(&gateway, &[&dana, &omar]);
}

/// Nobody is asked who has no calendar, and who is named twice is one invitee.
#[test]
fn who_has_no_calendar_is_not_asked_and_nobody_is_asked_twice() {
    let gateway = gateway();
    create(&gateway, "root").unwrap();
    gateway.account_manager("root", true).unwrap();
    let (dana, _) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    let root = sign_in(&gateway, "root");
    let mailbox = gateway.role_create(&root, &group, "info@example.org").unwrap().id.to_text();
    let ask = |to: &[(&str, Needed)], key: &str| {
        let invitees = to.iter().map(|(to, needed)| ((*to).to_owned(), *needed)).collect();
        let fields = entry("Review", "2026-12-03T10:00:00");
        gateway.meeting_ask(&dana, &NewMeeting { fields, invitees, rule: MeetingRule::All }, key)
    };
    let role = ask(&[("info@example.org", Needed::Required)], "request-1");
    assert!(matches!(role, Err(Error::NotFound { .. })), "{role:?}");
    let twice = [
        ("omar@example.org", Needed::Optional),
        (" OMAR@example.org ", Needed::Required),
        ("omar@example.org", Needed::Optional),
    ];
    let people = ask(&twice, "request-2").unwrap().meeting.unwrap().people;
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].needed, Needed::Required);
    let opened = gateway.role_actor(&dana, &mailbox).unwrap();
    let refused = gateway.schedule_list(&opened, 0, 1);
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
}

/// An invitee deletes what was cancelled and restores it: the entry is there again, and counts as before.
#[test]
fn an_invitee_restores_what_was_cancelled() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    let longer = Fields { title: "Review of all".repeat(9), ..entry("", "2026-12-03T10:00:00") };
    gateway.meeting_change(&dana, meeting, 0, &longer).unwrap();
    counted(&gateway, &[&dana, &omar]);
    gateway.meeting_cancel(&dana, meeting).unwrap();
    let id = crate::gateway::text::hex(&meeting.to_bytes());
    gateway.schedule_delete(&omar, &id).unwrap();
    assert_eq!(titles(&gateway, &omar), [""; 0]);
    counted(&gateway, &[&dana, &omar]);
    gateway.schedule_restore(&omar, &id).unwrap();
    assert_eq!(titles(&gateway, &omar), [longer.title.as_str()]);
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Cancelled);
    counted(&gateway, &[&dana, &omar]);
    gateway.schedule_delete(&omar, &id).unwrap();
    gateway.schedule_delete(&dana, &id).unwrap();
    gateway.clock().advance_secs(24 * 3_600 + 1);
    assert_eq!(gateway.schedule_expire(10).unwrap(), 2);
    counted(&gateway, &[&dana, &omar]);
}

/// What is counted of an account is what its rows are.
pub(super) fn counted(gateway: &Gateway, actors: &[&Actor]) {
    for actor in actors {
        let counted = gateway.quota(actor).unwrap().usage;
        assert_eq!(counted, quota::recount(gateway.store(), actor.account()).unwrap());
    }
}

#[test]
fn one_account_asks_for_so_many_meetings_in_a_day() {
    let gateway = gateway_with(|settings| settings.schedule.meetings_per_day_max = 2);
    let (dana, _) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |key: &str| {
        let invitees = vec![("omar@example.org".to_owned(), Needed::Optional)];
        let fields =
            Fields { start: at("2026-12-03T10:00:00"), ..entry("Review", "2026-12-03T10:00:00") };
        gateway.meeting_ask(&dana, &NewMeeting { fields, invitees, rule: MeetingRule::All }, key)
    };
    ask("request-1").unwrap();
    ask("request-2").unwrap();
    ask("request-2").unwrap();
    let refused = ask("request-3");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::RequestedOften))), "{refused:?}");
    gateway.clock().advance_secs(24 * 3_600 + 1);
    ask("request-3").unwrap();
}

/// What cannot be read about a message keeps nobody from reading the message.
#[test]
fn a_message_opens_where_nobody_can_say_which_meeting_it_is_about() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    let message: Reference = inbox(&gateway, &omar).remove(0).reference;
    let about = || gateway.meeting_of(&omar, message);
    assert_eq!(about().unwrap(), Some(crate::gateway::text::shown(meeting.to_bytes())));
    flip(&gateway, &MEETING_NOTICES, &(omar.account(), message.to_bytes()));
    assert_eq!(about().unwrap(), None);
    assert!(gateway.message_open(&omar, message, None).is_ok());
}
