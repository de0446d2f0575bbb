//! Samples of the records of notices.

use crate::gateway::records::notice::{
    NoticeAddress, NoticeAsked, NoticeCode, NoticeTerms, NoticeWaiting, QuietHours, TopicFollower,
    TopicWatch, WaitingLine,
};

use super::*;

impl Samples for NoticeTerms {
    fn samples() -> Vec<Self> {
        let mut found = each(|pace| NoticeTerms {
            zone: text("Europe/Berlin"),
            pace,
            daily_minute: 481,
            quiet: Some(QuietHours { from: 1_321, until: 422 }),
            posts: true,
        });
        found.push(NoticeTerms::default());
        found.push(NoticeTerms { posts: false, ..NoticeTerms::default() });
        found
    }
}

impl Samples for NoticeWaiting {
    fn samples() -> Vec<Self> {
        let line = WaitingLine { room: [1; 16], line: [2; 16] };
        vec![NoticeWaiting { since: at(1), lines: vec![line], posts: vec![[3; 16], [4; 16]] }]
    }
}

impl Samples for NoticeAddress {
    fn samples() -> Vec<Self> {
        let mut found = each(|state| NoticeAddress {
            address: Some(text("ada@example.net")),
            state,
            since: at(1),
            code: Some(NoticeCode { hash: [5; 16], sent: at(2), wrong: 301 }),
            asked: vec![at(3)],
            mailed: vec![at(4), at(5)],
        });
        let one = found[0].clone();
        found.push(NoticeAddress { address: None, code: None, ..one });
        found
    }
}

impl Samples for NoticeAsked {
    fn samples() -> Vec<Self> {
        vec![NoticeAsked { at: vec![at(1), at(2)] }]
    }
}

impl Samples for TopicFollower {
    fn samples() -> Vec<Self> {
        vec![TopicFollower { noticed: 5_000_000_001 }]
    }
}

impl Samples for TopicWatch {
    fn samples() -> Vec<Self> {
        vec![TopicWatch { from: 5_000_000_002 }]
    }
}
