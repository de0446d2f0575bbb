use std::ops::ControlFlow;
use std::time::Instant;

use super::answer::Answered;
use super::list::Occurrences;
use super::meeting::NewMeeting;
use super::view::CardView;
use crate::gateway::contacts::damage_tests::flip;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{SCHEDULE_BLOCKS, SCHEDULE_DELETED, SCHEDULE_ENTRIES};
use crate::gateway::tests::{gateway, gateway_with, inbox, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway, quota};
use crate::mail::reference::Reference;
use crate::mail::schedule::fields::Own;
use crate::mail::schedule::times;
use crate::mail::schedule::{Fields, PlaceKind};
use crate::store::{Order, Read, Span};
use crate::terms::{MeetingAnswer, MeetingRule, MeetingState, Needed, PersonState};

pub(super) fn at(text: &str) -> i64 {
    times::parse(text).unwrap()
}

pub(super) fn entry(title: &str, start: &str) -> Fields {
    Fields {
        title: title.to_owned(),
        place: "Room 5".to_owned(),
        place_kind: PlaceKind::Elsewhere,
        text: "Bring figures".to_owned(),
        start: at(start),
        duration_minutes: 60,
        zone: "UTC".to_owned(),
        ..Fields::default()
    }
}

pub(super) fn december(gateway: &Gateway, actor: &Actor) -> Occurrences {
    let (from, to) = (at("2026-12-01T00:00:00"), at("2027-01-01T00:00:00"));
    gateway.schedule_list(actor, from, to).unwrap()
}

pub(super) fn titles(gateway: &Gateway, actor: &Actor) -> Vec<String> {
    december(gateway, actor).items.into_iter().map(|item| item.fields.title).collect()
}

pub(super) fn ask(gateway: &Gateway, actor: &Actor, to: &[&str], rule: MeetingRule) -> Reference {
    let invitees = to.iter().map(|name| (format!("{name}@example.org"), Needed::Required));
    let fields = entry("Review", "2026-12-03T10:00:00");
    let new = NewMeeting { fields, invitees: invitees.collect(), rule };
    let asked = gateway.meeting_ask(actor, &new, "first-request").unwrap();
    asked.meeting.unwrap().reference.parse().unwrap()
}

pub(super) fn answered(sequence: u32, answer: MeetingAnswer) -> Answered {
    Answered { sequence, follows: None, answer, proposed: None, comment: String::new() }
}

pub(super) fn answer(
    gateway: &Gateway,
    actor: &Actor,
    meeting: Reference,
    (sequence, answer): (u32, MeetingAnswer),
    key: &str,
) -> Result<CardView, Error> {
    gateway.meeting_answer(actor, meeting, &answered(sequence, answer), key)
}

pub(super) fn state(gateway: &Gateway, actor: &Actor, meeting: Reference) -> MeetingState {
    gateway.meeting(actor, meeting).unwrap().meeting.state
}

#[test]
fn entries_are_added_once_changed_deleted_and_restored() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = entry("Dentist", "2026-12-03T10:00:00");
    let made = gateway.schedule_add(&dana, first.clone(), Some("a-request-key")).unwrap();
    let again = gateway.schedule_add(&dana, first.clone(), Some("a-request-key")).unwrap();
    assert_eq!((made.version, &made), (1, &again), "the answer was lost");
    assert_eq!(titles(&gateway, &dana), ["Dentist"]);
    let moved = Fields { start: at("2026-12-04T10:00:00"), ..first };
    let changed = gateway.schedule_change(&dana, &made.id, 1, moved.clone()).unwrap();
    assert_eq!((changed.version, changed.fields.start), (2, moved.start));
    let stale = gateway.schedule_change(&dana, &made.id, 1, moved);
    assert!(matches!(stale, Err(Error::Conflict(Conflict::EditedElsewhere))), "{stale:?}");
    gateway.schedule_delete(&dana, &made.id).unwrap();
    assert_eq!(titles(&gateway, &dana), [""; 0]);
    gateway.schedule_restore(&dana, &made.id).unwrap();
    assert_eq!(titles(&gateway, &dana), ["Dentist"]);
    gateway.schedule_delete(&dana, &made.id).unwrap();
    assert_eq!(gateway.schedule_expire(10).unwrap(), 0, "it can be restored for a day");
    gateway.clock().advance_secs(24 * 3_600 + 1);
    assert_eq!(gateway.schedule_expire(10).unwrap(), 1);
    let store = gateway.store();
    assert_eq!(store.count(&SCHEDULE_ENTRIES, &dana.account()).unwrap(), 0);
    assert_eq!(store.count(&SCHEDULE_DELETED, &()).unwrap(), 0);
    assert_eq!(store.count(&SCHEDULE_BLOCKS, &dana.account()).unwrap(), 0);
}

#[test]
fn the_count_of_an_account_agrees_with_its_rows() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    gateway.meeting_cancel(&dana, meeting).unwrap();
    for actor in [&dana, &omar] {
        let counted = gateway.quota(actor).unwrap().usage;
        assert_eq!(counted, quota::recount(gateway.store(), actor.account()).unwrap());
    }
}

#[test]
fn nobody_reads_the_entries_of_others() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let made = gateway.schedule_add(&dana, entry("Dentist", "2026-12-03T10:00:00"), None).unwrap();
    let refused = gateway.schedule_entry(&omar, &made.id);
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    assert_eq!(titles(&gateway, &omar), [""; 0]);
}

#[test]
fn a_damaged_block_is_made_anew() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    for day in 1..9 {
        let start = format!("2026-12-0{day}T10:00:00");
        gateway.schedule_add(&dana, entry("Standing", &start), None).unwrap();
    }
    let (account, mut keys) = (dana.account(), Vec::new());
    gateway
        .store()
        .scan_keys(&SCHEDULE_BLOCKS, &account, |key| {
            keys.push(key);
            ControlFlow::Continue(())
        })
        .unwrap();
    let [one, other, third] = [keys[0], keys[1], keys[2]];
    // One cannot be opened, one is not there, and the record of one is damaged.
    let done = gateway.store().transact(move |tx| {
        tx.delete(&SCHEDULE_BLOCKS, &other);
        tx.put(&SCHEDULE_BLOCKS, &one, &Sealed(vec![1, 2, 3]))
    });
    done.wait().unwrap();
    flip(&gateway, &SCHEDULE_BLOCKS, &third);
    let found = december(&gateway, &dana).items;
    assert_eq!(found.len(), 8);
    // A change makes each of them anew, and what else is in it stays.
    for item in &found {
        let moved = entry("Moved", "2026-12-20T10:00:00");
        gateway.schedule_change(&dana, &item.id, item.version, moved).unwrap();
    }
    assert_eq!(titles(&gateway, &dana), ["Moved"; 8]);
    for key in [one, other, third] {
        assert!(gateway.store().get(&SCHEDULE_BLOCKS, &key).unwrap().is_some());
    }
    let counted = gateway.quota(&dana).unwrap().usage;
    assert_eq!(counted, quota::recount(gateway.store(), account).unwrap());
}

/// P-75, P-76, P-77, P-78, P-79
#[test]
fn what_is_accepted_turns_actual_by_itself_and_is_told_once() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Tentative);
    assert_eq!(titles(&gateway, &dana), ["Review"]);
    assert_eq!(ask(&gateway, &dana, &["omar"], MeetingRule::All), meeting, "asked once");
    assert_eq!(inbox(&gateway, &omar).len(), 1);
    assert_eq!(titles(&gateway, &omar), [""; 0], "nothing before the answer");
    assert_eq!(gateway.meetings_waiting(&omar).unwrap().len(), 1);
    let before = gateway.state(dana.account()).unwrap();
    for _ in 0..3 {
        let card =
            answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
        assert_eq!(card.meeting.state, MeetingState::Actual);
    }
    // By another page that did not know.
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-2").unwrap();
    assert_eq!(inbox(&gateway, &dana).len(), 1, "one message, however often it was repeated");
    assert_ne!(gateway.state(dana.account()).unwrap(), before, "dana's pages are told");
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Actual);
    let entered = december(&gateway, &omar).items.remove(0);
    let asked = entry("Review", "2026-12-03T10:00:00");
    assert_eq!(entered.fields, Fields { text: String::new(), ..asked.clone() });
    assert_eq!(gateway.schedule_entry(&omar, &entered.id).unwrap().fields, asked);
    assert_eq!(gateway.meetings_waiting(&omar).unwrap().len(), 0);
}

/// Whatever is stored, no value of any table has what a meeting is about, where it is, or the words about it.
#[test]
fn nothing_that_is_said_of_a_meeting_is_stored_in_the_clear() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let fields = Fields {
        title: "canary-title".to_owned(),
        place: "canary-place".to_owned(),
        text: "canary-text".to_owned(),
        ..entry("", "2026-12-03T10:00:00")
    };
    gateway.schedule_add(&dana, fields.clone(), None).unwrap();
    let invitees = vec![("omar@example.org".to_owned(), Needed::Required)];
    let new = NewMeeting { fields, invitees, rule: MeetingRule::All };
    let asked = gateway.meeting_ask(&dana, &new, "first-request").unwrap();
    let meeting: Reference = asked.meeting.unwrap().reference.parse().unwrap();
    let accept =
        Answered { comment: "canary-words".to_owned(), ..answered(0, MeetingAnswer::Accept) };
    gateway.meeting_answer(&omar, meeting, &accept, "request-1").unwrap();
    let all = Span { from: Vec::new(), to: None, order: Order::Ascending };
    let mut values = 0;
    let scanned = gateway.store().engine().scan(&all, &mut |key, value| {
        values += 1;
        let is_clear = value.windows(7).any(|part| part == b"canary-");
        assert!(!is_clear, "table {} has it in the clear", key[0]);
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert!(values > 20, "the store is read: {values}");
}

/// P-79
#[test]
fn each_of_several_invitees_stands_where_the_own_answer_says() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let noa = sign_in(&gateway, "noa");
    let meeting = ask(&gateway, &dana, &["omar", "noa"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Tentative);
    let other = Answered {
        proposed: Some((at("2026-12-04T10:00:00"), 30)),
        comment: "Rather the day after".to_owned(),
        ..answered(0, MeetingAnswer::Propose)
    };
    gateway.meeting_answer(&noa, meeting, &other, "request-1").unwrap();
    let people = gateway.meeting(&dana, meeting).unwrap().meeting.people;
    let states: Vec<_> = people.iter().map(|one| one.state).collect();
    assert_eq!(states, [PersonState::Accepted, PersonState::Proposed]);
    assert_eq!(people[1].said.proposed, other.proposed);
    assert_eq!(people[1].said.comment, "Rather the day after");
    let seen = gateway.meeting(&omar, meeting).unwrap().meeting.people;
    assert_eq!(seen[1].said, Default::default(), "words are for who asked");
    answer(&gateway, &noa, meeting, (0, MeetingAnswer::Decline), "request-2").unwrap();
    for actor in [&dana, &omar, &noa] {
        assert_eq!(state(&gateway, actor, meeting), MeetingState::Declined);
    }
}

#[test]
fn a_change_and_a_cancellation_reach_everybody_once() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let meeting = ask(&gateway, &dana, &["omar"], MeetingRule::All);
    answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-1").unwrap();
    let entry_id = december(&gateway, &omar).items[0].id.clone();
    let own = Own { reminder_minutes: Some(10), ..Own::default() };
    let mine = Fields { own, ..entry("Ignored", "2026-12-09T10:00:00") };
    gateway.schedule_change(&omar, &entry_id, 1, mine).unwrap();
    let moved = entry("Review", "2026-12-08T12:00:00");
    gateway.meeting_change(&dana, meeting, 0, &moved).unwrap();
    // The same again: nothing is new.
    gateway.meeting_change(&dana, meeting, 0, &moved).unwrap();
    assert_eq!(inbox(&gateway, &omar).len(), 2);
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Tentative, "asked anew");
    let item = december(&gateway, &omar).items.remove(0);
    assert_eq!((item.start, item.fields.own.reminder_minutes), (moved.start, Some(10)));
    let late = answer(&gateway, &omar, meeting, (0, MeetingAnswer::Accept), "request-2");
    assert!(matches!(late, Err(Error::Conflict(Conflict::MeetingChanged))), "{late:?}");
    answer(&gateway, &omar, meeting, (1, MeetingAnswer::Accept), "request-3").unwrap();
    assert_eq!(state(&gateway, &dana, meeting), MeetingState::Actual);
    let words = Fields { title: "Budget review".to_owned(), ..moved };
    gateway.meeting_change(&dana, meeting, 1, &words).unwrap();
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Actual, "the time is the same");
    assert_eq!(titles(&gateway, &omar), ["Budget review"]);
    let runs = gateway.schedule_delete(&dana, &entry_id);
    assert!(matches!(runs, Err(Error::Conflict(Conflict::MeetingRuns))), "{runs:?}");
    let before = inbox(&gateway, &omar).len();
    for _ in 0..2 {
        gateway.meeting_cancel(&dana, meeting).unwrap();
    }
    assert_eq!(inbox(&gateway, &omar).len(), before + 1);
    assert_eq!(state(&gateway, &omar, meeting), MeetingState::Cancelled);
    let late = answer(&gateway, &omar, meeting, (2, MeetingAnswer::Decline), "request-4");
    assert!(matches!(late, Err(Error::Conflict(Conflict::MeetingCancelled))), "{late:?}");
    gateway.schedule_delete(&omar, &entry_id).unwrap();
    assert_eq!(titles(&gateway, &omar), [""; 0]);
}

#[test]
fn a_request_is_refused_where_a_message_would_be() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let ask = |address: &str, rule| {
        let invitees = vec![(address.to_owned(), Needed::Required)];
        let fields = entry("Review", "2026-12-03T10:00:00");
        gateway.meeting_ask(&dana, &NewMeeting { fields, invitees, rule }, "another-request")
    };
    let outside = ask("someone@outside.example", MeetingRule::All);
    assert!(matches!(outside, Err(Error::Denied { .. })), "{outside:?}");
    let unknown = ask("nobody@example.org", MeetingRule::All);
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    for (address, rule) in [
        ("dana@example.org", MeetingRule::All),
        ("omar@example.org", MeetingRule::Number(2)),
        ("omar@example.org", MeetingRule::Number(0)),
    ] {
        let refused = ask(address, rule);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(titles(&gateway, &dana), [""; 0]);
}

#[test]
fn a_list_is_bounded_in_time_and_length() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let (from, to) = (at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00"));
    for (from, to) in [(to, from), (from, from), (from, from + 401 * 86_400), (i64::MIN, i64::MAX)]
    {
        let refused = gateway.schedule_list(&dana, from, to);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    for number in 0..20 {
        let daily = Fields {
            repeat: Some("FREQ=DAILY".to_owned()),
            ..entry(&format!("Daily {number}"), "2026-01-01T10:00:00")
        };
        gateway.schedule_add(&dana, daily, None).unwrap();
    }
    // What begins later than the series is among the earliest all the same.
    gateway.schedule_add(&dana, entry("Once", "2026-03-02T09:00:00"), None).unwrap();
    gateway.schedule_add(&dana, entry("Too late", "2026-12-02T09:00:00"), None).unwrap();
    let found = gateway.schedule_list(&dana, from, to).unwrap();
    assert_eq!((found.items.len(), found.more), (5_000, true));
    let of = |title: &str| found.items.iter().filter(|one| one.fields.title == title).count();
    assert_eq!((of("Once"), of("Too late")), (1, 0));
    for number in 0..20 {
        assert!((249..=250).contains(&of(&format!("Daily {number}"))), "{number}");
    }
    assert!(found.items.is_sorted_by_key(|one| one.begins));
}

/// Many entries, each with a rule that names a day in four years: what one list looks at is bounded, and it
/// says that something is missing.
#[test]
fn a_list_looks_at_so_many_days_and_no_more() {
    let gateway = gateway_with(|settings| settings.schedule.steps_max = 1_000);
    let dana = sign_in(&gateway, "dana");
    for number in 0..60 {
        let fields = Fields {
            repeat: Some("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000".to_owned()),
            ..entry(&format!("Seldom {number}"), "1900-01-01T10:00:00")
        };
        gateway.schedule_add(&dana, fields, None).unwrap();
    }
    let leap = gateway.schedule_list(&dana, at("2028-02-01T00:00:00"), at("2028-03-01T00:00:00"));
    let leap = leap.unwrap();
    assert!(leap.more && (10..50).contains(&leap.items.len()), "{}", leap.items.len());
}

/// A month among `ENTRIES` entries; `ENTRIES` says how many.
#[test]
fn a_month_is_found_among_many_entries() {
    let entries = std::env::var("ENTRIES").ok().and_then(|count| count.parse().ok());
    let entries: i64 = entries.unwrap_or(200);
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let begin = at("2016-01-01T00:00:00");
    for number in 0..entries {
        let start = begin + number * 11 * 365 * 86_400 / entries;
        let fields = Fields { start, ..entry("One of many", "2026-12-03T10:00:00") };
        gateway.schedule_add(&dana, fields, None).unwrap();
    }
    let mut fastest = std::time::Duration::MAX;
    for _ in 0..10 {
        let before = Instant::now();
        assert!(!december(&gateway, &dana).items.is_empty());
        fastest = fastest.min(before.elapsed());
    }
    println!("a month among {entries} entries: {fastest:?}");
}
