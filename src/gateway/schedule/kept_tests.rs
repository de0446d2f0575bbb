//! How much is kept of meetings, and for how long; and what who asks learns of whom.

use super::faults_tests::counted;
use super::meeting::NewMeeting;
use super::tests::{answer, ask, at, december, entry, state};
use crate::gateway::contacts::damage_tests::flip;
use crate::gateway::records::tables::{
    MEETING_ASKED, MEETING_ENDS, MEETING_NOTICES, MEETING_WAITS, MEETINGS,
};
use crate::gateway::tests::{create, gateway, gateway_with, inbox, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::address::Address;
use crate::mail::reference::Reference;
use crate::mail::schedule::Fields;
use crate::store::{Key, Read, Record, Table};
use crate::terms::{MeetingAnswer, MeetingRule, MeetingState, Needed, PersonState};

const DAY: i64 = 24 * 3_600;

fn new(to: &[&str], rule: MeetingRule, fields: Fields) -> NewMeeting {
    let address = |name: &&str| (format!("{name}@example.org"), Needed::Required);
    NewMeeting { fields, invitees: to.iter().map(address).collect(), rule }
}

fn rows<K: Key, V: Record>(gateway: &Gateway, table: &Table<K, V>) -> usize {
    let mut count = 0;
    let found = gateway.store().scan_keys(table, &(), |_| {
        count += 1;
        std::ops::ControlFlow::Continue(())
    });
    found.unwrap();
    count
}

/// The rows of all meetings: of who asked, who was asked, when they end, and of messages and requests.
fn kept(gateway: &Gateway) -> [usize; 4] {
    [
        rows(gateway, &MEETINGS),
        rows(gateway, &MEETING_ASKED),
        rows(gateway, &MEETING_ENDS),
        rows(gateway, &MEETING_NOTICES),
    ]
}

fn states(gateway: &Gateway, actor: &Actor) -> Vec<Option<MeetingState>> {
    let items = december(gateway, actor).items.into_iter();
    items.map(|one| one.meeting.map(|of| of.state)).collect()
}

/// Who asks is not shown by any rule, nor by any list, that two addresses are one account's.
#[test]
fn two_addresses_of_one_account_are_asked_as_two_accounts_are() {
    let gateway = gateway();
    create(&gateway, "noa").unwrap();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let info = Address::parse("info@example.org").unwrap();
    gateway.account_address_add("omar", &info).unwrap();
    let fields = || entry("Review", "2026-12-03T10:00:00");
    let mut asked = Vec::new();
    for (to, key) in [(["omar", "info"], "request-1"), (["omar", "noa"], "request-2")] {
        let new = new(&to, MeetingRule::Number(2), fields());
        let meeting = gateway.meeting_ask(&dana, &new, key).unwrap().meeting.unwrap();
        let addresses: Vec<_> = meeting.people.iter().map(|one| one.address.clone()).collect();
        assert_eq!(addresses, to.map(|name| format!("{name}@example.org")));
        assert!(meeting.people.iter().all(|one| one.state == PersonState::Waiting));
        asked.push(meeting.reference.parse::<Reference>().unwrap());
    }
    assert_eq!(inbox(&gateway, &omar).len(), 2, "one message for each request");
    // An answer counts for both.
    answer(&gateway, &omar, asked[0], (0, MeetingAnswer::Accept), "answer-1").unwrap();
    let meeting = gateway.meeting(&dana, asked[0]).unwrap().meeting;
    assert_eq!(meeting.state, MeetingState::Actual);
    assert!(meeting.people.iter().all(|one| one.answered.is_some()));
    counted(&gateway, &[&dana, &omar]);
    let three = new(&["omar", "info", "OMAR"], MeetingRule::Number(3), fields());
    let refused = gateway.meeting_ask(&dana, &three, "request-3");
    assert!(matches!(refused, Err(Error::Invalid { .. })), "the same address is one: {refused:?}");
}

#[test]
fn nobody_is_asked_more_often_than_is_possible_in_a_month() {
    let gateway = gateway_with(|settings| {
        settings.schedule.requests_per_month_max = 3;
        settings.schedule.requests_of_one_max = 2;
    });
    create(&gateway, "noa").unwrap();
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let ask = |by: &Actor, to: &[&str], key: &str| {
        let fields = entry("Review", "2027-12-03T10:00:00");
        gateway.meeting_ask(by, &new(to, MeetingRule::All, fields), key).map(drop)
    };
    let is_refused = |done: Result<(), Error>| {
        assert!(matches!(done, Err(Error::Conflict(Conflict::InvitedOften))), "{done:?}");
    };
    ask(&dana, &["omar"], "request-1").unwrap();
    ask(&dana, &["omar", "noa"], "request-2").unwrap();
    // All of one request, or nothing of it.
    is_refused(ask(&dana, &["noa", "omar"], "request-3"));
    assert_eq!(inbox(&gateway, &noa).len(), 1);
    ask(&noa, &["omar"], "request-4").unwrap();
    is_refused(ask(&noa, &["omar"], "request-5"));
    ask(&omar, &["dana"], "request-6").unwrap();
    gateway.clock().advance_secs(28 * DAY + 1);
    ask(&dana, &["noa", "omar"], "request-3").unwrap();
}

/// P-77: what others ask does not fill a mailbox for ever: nothing is kept of a meeting but the entries, once it
/// was over for a month.
#[test]
fn what_is_over_long_ago_is_kept_by_nobody() {
    let gateway = gateway();
    create(&gateway, "noa").unwrap();
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let meeting = ask(&gateway, &dana, &["omar", "noa"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "answer-1").unwrap();
    answer(&gateway, &noa, meeting, (0, MeetingAnswer::Decline), "answer-2").unwrap();
    // Each message, and the request itself.
    assert_eq!(kept(&gateway), [1, 2, 3, 5]);
    let until = at("2027-01-31T23:59:59") * 1_000 - gateway.clock().now().0;
    gateway.clock().advance_secs(until / 1_000);
    // What was declined was over for its invitee when it was declined.
    assert_eq!(gateway.meetings_expire(10).unwrap(), 1);
    assert_eq!(kept(&gateway), [1, 1, 2, 5]);
    assert_eq!(states(&gateway, &omar), [Some(MeetingState::Declined)]);
    counted(&gateway, &[&dana, &omar, &noa]);
    gateway.clock().advance_secs(2);
    assert_eq!(gateway.meetings_expire(10).unwrap(), 2);
    assert_eq!(kept(&gateway), [0, 0, 0, 4]);
    assert_eq!(states(&gateway, &omar), [Some(MeetingState::Past)]);
    assert_eq!(states(&gateway, &dana), [Some(MeetingState::Past)]);
    counted(&gateway, &[&dana, &omar, &noa]);
    let id = crate::gateway::text::hex(&meeting.to_bytes());
    let shown = gateway.schedule_entry(&omar, &id).unwrap();
    assert_eq!(
        (shown.fields.title.as_str(), shown.meeting.unwrap().state),
        ("Review", MeetingState::Past)
    );
    gateway.schedule_delete(&omar, &id).unwrap();
    gateway.schedule_delete(&dana, &id).unwrap();
}

/// A change moves the end as well, and a cancellation brings it near: whatever the meeting was, far away or not.
#[test]
fn what_is_moved_is_kept_for_longer_and_what_is_cancelled_is_not() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    let moved = entry("Review", "2030-12-03T10:00:00");
    gateway.meeting_change(&dana, meeting, 0, &moved).unwrap();
    gateway.clock().advance_secs(365 * DAY);
    assert_eq!(gateway.meetings_expire(10).unwrap(), 0);
    answer(&gateway, &omar, meeting, (1, MeetingAnswer::Decline), "answer-1").unwrap();
    answer(&gateway, &omar, meeting, (1, MeetingAnswer::Accept), "answer-2").unwrap();
    gateway.clock().advance_secs(365 * DAY);
    assert_eq!(gateway.meetings_expire(10).unwrap(), 0);
    gateway.meeting_cancel(&dana, meeting).unwrap();
    // What waits to be entered is known by itself, until it is.
    assert_eq!(rows(&gateway, &MEETING_WAITS), 1);
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Cancelled);
    assert_eq!(rows(&gateway, &MEETING_WAITS), 0);
    gateway.clock().advance_secs(62 * DAY);
    assert_eq!(gateway.meetings_expire(10).unwrap(), 2);
    assert_eq!(kept(&gateway)[..3], [0, 0, 0]);
    // Before the hour nothing says that it is over.
    let between = (at("2030-12-01T00:00:00"), at("2030-12-31T00:00:00"));
    let items = gateway.schedule_list(&omar, between.0, between.1).unwrap().items;
    assert_eq!(items[0].meeting.as_ref().unwrap().state, MeetingState::Cancelled);
}

/// Who declined is rid of it, also where only the words of the meeting change later.
#[test]
fn a_change_of_words_keeps_nothing_for_whom_declined() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let invitees = new(&["omar"], MeetingRule::All, entry("Review", "2030-12-03T10:00:00"));
    let asked = gateway.meeting_ask(&dana, &invitees, "request-1").unwrap().meeting.unwrap();
    let meeting: Reference = asked.reference.parse().unwrap();
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Decline), "answer-1").unwrap();
    let renamed = entry("Review of all", "2030-12-03T10:00:00");
    gateway.meeting_change(&dana, meeting, 0, &renamed).unwrap();
    gateway.clock().advance_secs(62 * DAY);
    assert_eq!(gateway.meetings_expire(10).unwrap(), 1);
    assert_eq!(kept(&gateway)[..2], [1, 0]);
    // Another time is asked for anew.
    let moved = entry("Review of all", "2030-12-04T10:00:00");
    gateway.meeting_change(&dana, meeting, 1, &moved).unwrap();
    assert_eq!(kept(&gateway)[..2], [1, 1]);
    assert_eq!(gateway.meetings_waiting(&omar).unwrap().len(), 1);
    counted(&gateway, &[&dana, &omar]);
}

/// What one invitee is asked is damaged: a change reaches all, and makes it anew.
#[test]
fn one_damaged_row_stops_no_change() {
    let gateway = gateway();
    create(&gateway, "noa").unwrap();
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let meeting = ask(&gateway, &dana, &["omar", "noa"], MeetingRule::All);
    flip(&gateway, &MEETING_ASKED, &(omar.account(), meeting.to_bytes()));
    let moved = entry("Review", "2026-12-09T10:00:00");
    gateway.meeting_change(&dana, meeting, 0, &moved).unwrap();
    for actor in [&omar, &noa] {
        let fields = gateway.meeting(actor, meeting).unwrap().fields.unwrap();
        assert_eq!(fields.start, moved.start);
    }
}

#[test]
fn which_meeting_a_message_was_about_goes_with_the_message() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    ask(&gateway, &dana, &["omar"], MeetingRule::All);
    let message = inbox(&gateway, &omar).remove(0).reference;
    let about = |gateway: &Gateway| {
        gateway.store().has(&MEETING_NOTICES, &(omar.account(), message.to_bytes())).unwrap()
    };
    assert!(about(&gateway));
    gateway.message_delete(&omar, message).unwrap();
    assert!(!about(&gateway));
}

#[test]
fn the_same_key_with_another_content_is_refused() {
    let gateway = gateway();
    let (dana, _) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |title: &str| {
        let fields = entry(title, "2026-12-03T10:00:00");
        gateway.meeting_ask(&dana, &new(&["omar"], MeetingRule::All, fields), "request-1")
    };
    let first = ask("Review").unwrap();
    assert_eq!(ask("Review").unwrap(), first);
    let other = ask("Review of all");
    assert!(matches!(other, Err(Error::Conflict(Conflict::RequestUsed))), "{other:?}");
}
