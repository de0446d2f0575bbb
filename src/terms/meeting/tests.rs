//! Every order in which facts about a meeting can be heard, for three invitees.

use super::*;

const PEOPLE: u8 = 3;
const RULES: [MeetingRule; 5] = [
    MeetingRule::All,
    MeetingRule::Required,
    MeetingRule::Number(1),
    MeetingRule::Number(2),
    MeetingRule::Number(3),
];

type Fact = MeetingFact<u8>;

fn version(sequence: u32, change: MeetingChange) -> Fact {
    MeetingFact::Version(sequence, change)
}

fn said(person: u8, order: u32, sequence: u32, answer: MeetingAnswer) -> Fact {
    MeetingFact::Said(person, MeetingSaid { order, sequence, answer })
}

fn heard(facts: &[Fact]) -> Heard<u8> {
    let mut heard = Heard::default();
    facts.iter().for_each(|fact| heard.hear(*fact));
    heard
}

fn needed(person: u8) -> Needed {
    if person == 0 { Needed::Required } else { Needed::Optional }
}

fn state(heard: &Heard<u8>, rule: MeetingRule) -> MeetingState {
    let people: Vec<_> = (0..PEOPLE).map(|person| (heard.person(person), needed(person))).collect();
    heard.state(rule, &people)
}

/// The same said in another way: by all facts as a list.
fn expected(facts: &[Fact], rule: MeetingRule) -> MeetingState {
    let (mut time, mut last) = (0, 0);
    for fact in facts {
        if let MeetingFact::Version(sequence, change) = fact {
            last = last.max(*sequence);
            match change {
                MeetingChange::Cancelled => return MeetingState::Cancelled,
                MeetingChange::Time => time = time.max(*sequence),
                MeetingChange::Words => {}
            }
        }
    }
    let of = |person: u8| {
        let mut latest: Option<MeetingSaid> = None;
        for fact in facts {
            if let MeetingFact::Said(who, said) = fact
                && *who == person
                && latest.is_none_or(|latest| latest.order < said.order)
            {
                latest = Some(*said);
            }
        }
        latest.filter(|said| said.sequence >= time && said.sequence <= last).map(|said| said.answer)
    };
    let of: Vec<Option<MeetingAnswer>> = (0..PEOPLE).map(of).collect();
    let yes = |answer: &&Option<MeetingAnswer>| **answer == Some(MeetingAnswer::Accept);
    let no = |answer: &&Option<MeetingAnswer>| **answer == Some(MeetingAnswer::Decline);
    let (asked, enough) = match rule {
        MeetingRule::All => (&of[..], 3),
        MeetingRule::Required => (&of[..1], 1),
        MeetingRule::Number(number) => (&of[..], number as usize),
    };
    if asked.iter().filter(yes).count() >= enough {
        MeetingState::Actual
    } else if asked.len() - asked.iter().filter(no).count() < enough {
        MeetingState::Declined
    } else {
        MeetingState::Tentative
    }
}

/// What the requester may have done.
fn requests() -> Vec<Vec<Fact>> {
    use MeetingChange::{Cancelled, Time, Words};
    let asked = version(0, Time);
    vec![
        vec![asked],
        vec![asked, version(1, Time)],
        vec![asked, version(1, Words)],
        vec![asked, version(1, Cancelled)],
        vec![asked, version(1, Time), version(2, Cancelled)],
        vec![asked, version(1, Words), version(2, Time)],
    ]
}

/// What a person may have said.
fn histories(person: u8) -> Vec<Vec<Fact>> {
    use MeetingAnswer::{Accept, Decline, Propose};
    let one = |sequence, answer| vec![said(person, 1, sequence, answer)];
    vec![
        vec![],
        one(0, Accept),
        one(1, Accept),
        one(0, Decline),
        vec![said(person, 1, 0, Propose), said(person, 2, 1, Accept)],
        vec![said(person, 1, 0, Accept), said(person, 2, 0, Decline)],
        vec![said(person, 1, 1, Decline), said(person, 2, 1, Accept)],
    ]
}

/// Every interleaving at once: what is reached by hearing a set of facts is the same whichever of them
/// came last, for each of its subsets. What comes again changes nothing.
fn every_order_comes_to_the_same(facts: &[Fact]) {
    let count = facts.len();
    let mut reached: Vec<Heard<u8>> = Vec::with_capacity(1 << count);
    for set in 0..1_usize << count {
        let mut all: Option<Heard<u8>> = None;
        for (at, fact) in facts.iter().enumerate().filter(|(at, _)| set & 1 << at != 0) {
            let mut heard = reached[set & !(1 << at)].clone();
            heard.hear(*fact);
            assert!(all.as_ref().is_none_or(|all| *all == heard), "{facts:?} by {set:b}");
            let once = heard.clone();
            heard.hear(*fact);
            assert_eq!(heard, once, "{fact:?} came twice");
            all = Some(heard);
        }
        let all = all.unwrap_or_default();
        let some: Vec<Fact> = facts
            .iter()
            .enumerate()
            .filter(|(at, _)| set & 1 << at != 0)
            .map(|(_, f)| *f)
            .collect();
        for rule in RULES {
            assert_eq!(state(&all, rule), expected(&some, rule), "{rule:?} of {some:?}");
        }
        reached.push(all);
    }
}

/// P-79
#[test]
fn a_meeting_comes_to_the_same_in_every_order() {
    for request in requests() {
        for first in histories(0) {
            for second in histories(1) {
                for third in histories(2) {
                    let facts = [request.clone(), first.clone(), second.clone(), third];
                    every_order_comes_to_the_same(&facts.concat());
                }
            }
        }
    }
}

/// A walk: facts come lost, repeated and out of order; in the end each came at least once.
fn walk(random: &mut fastrand::Rng) {
    let mut facts: Vec<Fact> = Vec::new();
    let last = random.u32(0..5);
    facts.push(version(0, MeetingChange::Time));
    for sequence in 1..=last {
        let change = match random.u8(0..8) {
            0 if sequence == last => MeetingChange::Cancelled,
            0..=3 => MeetingChange::Time,
            _ => MeetingChange::Words,
        };
        facts.push(version(sequence, change));
    }
    for person in 0..PEOPLE {
        for order in 1..=random.u32(0..4) {
            let answer = match random.u8(0..5) {
                0 | 1 => MeetingAnswer::Accept,
                2 => MeetingAnswer::Decline,
                3 => MeetingAnswer::Tentative,
                _ => MeetingAnswer::Propose,
            };
            facts.push(said(person, order, random.u32(0..=last), answer));
        }
    }
    let mut heard = Heard::default();
    let mut some = Vec::new();
    for _ in 0..random.usize(0..2 * facts.len()) {
        let fact = facts[random.usize(..facts.len())];
        heard.hear(fact);
        some.push(fact);
        let rule = RULES[random.usize(..RULES.len())];
        assert_eq!(state(&heard, rule), expected(&some, rule), "{some:?}");
    }
    random.shuffle(&mut facts);
    facts.iter().for_each(|fact| heard.hear(*fact));
    assert_eq!(heard, self::heard(&facts));
    for rule in RULES {
        assert_eq!(state(&heard, rule), expected(&facts, rule), "{rule:?} of {facts:?}");
    }
}

/// `MEETING_WALKS` says how many; `make meetings` walks 100,000.
#[test]
fn walks_of_lost_and_repeated_facts_end_the_same() {
    let walks = std::env::var("MEETING_WALKS").ok().and_then(|walks| walks.parse().ok());
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    println!("the seed is {seed}");
    (0..walks.unwrap_or(5_000_u32)).for_each(|_| walk(&mut random));
}

#[test]
fn a_changed_time_is_accepted_anew_and_a_changed_text_is_not() {
    let mut heard = heard(&[version(0, MeetingChange::Time)]);
    for person in 0..PEOPLE {
        heard.hear(said(person, 1, 0, MeetingAnswer::Accept));
    }
    assert_eq!(state(&heard, MeetingRule::All), MeetingState::Actual);
    heard.hear(version(1, MeetingChange::Words));
    assert_eq!(state(&heard, MeetingRule::All), MeetingState::Actual);
    heard.hear(version(2, MeetingChange::Time));
    assert_eq!(state(&heard, MeetingRule::All), MeetingState::Tentative);
    assert_eq!(heard.person(0), PersonState::Waiting);
    heard.hear(version(3, MeetingChange::Cancelled));
    assert_eq!(state(&heard, MeetingRule::All), MeetingState::Cancelled);
}

#[test]
fn who_is_gone_does_not_come() {
    let heard = heard(&[version(0, MeetingChange::Time)]);
    let people =
        [(PersonState::Removed, Needed::Required), (PersonState::Accepted, Needed::Required)];
    assert_eq!(heard.state(MeetingRule::All, &people), MeetingState::Declined);
    assert_eq!(heard.state(MeetingRule::Number(1), &people), MeetingState::Actual);
}
