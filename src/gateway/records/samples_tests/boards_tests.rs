//! Samples of boards.

use crate::gateway::boards::content::PostContent;
use crate::gateway::records::board::{
    Board, BoardAttention, BoardGrant, BoardPosition, LimitedPost, Post, PostChange, PostFile,
    PostPlace, PostReaction, PostReactions, PostReaders, PostVersion, Topic,
};
use crate::gateway::records::ids::{BoardId, GroupId, RingId};
use crate::gateway::records::keyring::{RingEntry, RingUnder};
use crate::terms::Attention;

use super::*;

const UNDER: RingUnder = RingUnder { ring: RingId([6; 16]), epoch: 301 };

fn readers() -> PostReaders {
    PostReaders { ring: RingId([8; 16]), accounts: vec![id(3), id(4)] }
}

impl Samples for Board {
    fn samples() -> Vec<Self> {
        let grants = each(|right| BoardGrant { to: RingEntry::Account(id(3)), right });
        let group = RingEntry::Group(GroupId([5; 16]));
        let all = grants.iter().copied().chain([BoardGrant { to: group, ..grants[0] }]);
        let full = Board {
            created: at(1),
            by: id(9),
            version: 70_001,
            ring: RingId([6; 16]),
            shows_earlier: true,
            grants: all.collect(),
            sealed_about: vec![1, 2, 3],
            about_under: UNDER,
            posts: 70_002,
            topics: 303,
            octets: 70_003,
            ending: false,
            ending_topics: vec![[7; 16]],
        };
        let ending = Board { shows_earlier: false, ending: true, grants, ..full.clone() };
        vec![full, ending]
    }
}

impl Samples for Topic {
    fn samples() -> Vec<Self> {
        let full = Topic {
            author: id(2),
            last: at(2),
            last_number: 70_003,
            posts: 302,
            pinned: true,
            locked: false,
            limited: Some(readers()),
            limited_posts: vec![LimitedPost {
                number: 70_001,
                at: at(3),
                author: id(5),
                accounts: vec![id(6), id(7)],
            }],
        };
        vec![Topic { pinned: false, locked: true, limited: None, ..full.clone() }, full]
    }
}

impl Samples for Post {
    fn samples() -> Vec<Self> {
        let full = Post {
            reference: [7; 16],
            author: id(2),
            at: at(3),
            readers: Some(readers()),
            sealed: vec![4, 5],
            under: UNDER,
            version: 303,
            changed: Some(PostChange { at: at(4), by: id(5) }),
            deleted: false,
        };
        vec![Post { readers: None, changed: None, deleted: true, ..full.clone() }, full]
    }
}

impl Samples for PostVersion {
    fn samples() -> Vec<Self> {
        let written = PostChange { at: at(4), by: id(5) };
        vec![PostVersion { written, sealed: vec![1, 2], under: UNDER }]
    }
}

impl Samples for PostFile {
    fn samples() -> Vec<Self> {
        let (by, sealed_meta) = (id(9), vec![1, 2, 3]);
        vec![PostFile { by, sealed_meta, size: 70_001, chunks: 302, under: UNDER, place: 303 }]
    }
}

impl Samples for PostReactions {
    fn samples() -> Vec<Self> {
        let one = PostReaction { who: id(9), under: UNDER, sealed: vec![1, 2, 3] };
        vec![PostReactions { items: vec![one] }]
    }
}

impl Samples for BoardAttention {
    fn samples() -> Vec<Self> {
        Attention::ALL.map(BoardAttention).to_vec()
    }
}

impl Samples for PostPlace {
    fn samples() -> Vec<Self> {
        vec![PostPlace { board: BoardId([9; 16]), topic: [7; 16], number: 70_001 }]
    }
}

impl Samples for BoardPosition {
    fn samples() -> Vec<Self> {
        vec![BoardPosition { read: 70_001, wrote: 302, began: 303, octets: 70_002 }]
    }
}

impl Samples for PostContent {
    fn samples() -> Vec<Self> {
        vec![PostContent { title: text("Lunch"), text: text("Where?") }]
    }
}
