//! Samples of the records of chat.

use crate::gateway::chat::carried::{FileSaid, PieceSaid, Voice};
use crate::gateway::chat::keys::Said;
use crate::gateway::records::room::{
    LineReaction, Room, RoomAsked, RoomFiles, RoomLine, RoomMember, RoomOf, RoomPosted,
    RoomRefused, RoomRequest,
};
use crate::terms::{LineKind, RoomKind};

use super::*;

impl Samples for Room {
    fn samples() -> Vec<Self> {
        let flags = [(RoomKind::Room, true, false), (RoomKind::Conversation, false, true)];
        let room = |(kind, shares_earlier, ending)| Room {
            kind,
            shares_earlier,
            created: at(1),
            version: 70_001,
            last: 5_000_000_001,
            octets: 5_000_000_002,
            changes: 5_000_000_003,
            ending,
            left_by: ending.then(|| id(5)),
            under: 301,
            sealed_name: vec![1, 2, 3],
        };
        flags.map(room).into()
    }
}

impl Samples for RoomMember {
    fn samples() -> Vec<Self> {
        let none = RoomMember {
            controller: false,
            invited: false,
            since: at(1),
            joined: 5_000_000_001,
            from: 5_000_000_002,
            read: 5_000_000_003,
            read_at: at(2),
            reading: false,
            here: false,
            away: false,
            noticed: false,
            shows: false,
            mutes: false,
        };
        vec![
            RoomMember { controller: true, ..none.clone() },
            RoomMember { invited: true, ..none.clone() },
            RoomMember { reading: true, ..none.clone() },
            RoomMember { here: true, ..none.clone() },
            RoomMember { away: true, ..none.clone() },
            RoomMember { noticed: true, ..none.clone() },
            RoomMember { shows: true, ..none.clone() },
            RoomMember { mutes: true, ..none },
        ]
    }
}

impl Samples for RoomLine {
    fn samples() -> Vec<Self> {
        let line = |kind| RoomLine {
            reference: [1; 16],
            at: at(1),
            who: id(2),
            kind,
            by: None,
            edited: None,
            version: 70_001,
            under: 301,
            sealed: vec![1, 2],
            reactions: Vec::new(),
            contents: Vec::new(),
        };
        let mut samples = each::<LineKind, _>(line);
        samples.push(RoomLine {
            by: Some(id(3)),
            edited: Some(at(2)),
            reactions: vec![LineReaction { who: id(4), under: 302, sealed: vec![3] }],
            contents: vec![[5; 16]],
            ..line(LineKind::Said)
        });
        samples
    }
}

impl Samples for RoomRequest {
    fn samples() -> Vec<Self> {
        vec![RoomRequest { at: at(1) }]
    }
}

impl Samples for RoomAsked {
    fn samples() -> Vec<Self> {
        vec![RoomAsked { at: at(1), refused: false }, RoomAsked { at: at(2), refused: true }]
    }
}

impl Samples for RoomRefused {
    fn samples() -> Vec<Self> {
        vec![RoomRefused { at: at(1), for_good: false }, RoomRefused { at: at(2), for_good: true }]
    }
}

impl Samples for RoomPosted {
    fn samples() -> Vec<Self> {
        vec![RoomPosted { recent: vec![([1; 16], 5_000_000_001), ([2; 16], 70_002)] }]
    }
}

impl Samples for RoomFiles {
    fn samples() -> Vec<Self> {
        vec![RoomFiles { octets: 5_000_000_001 }]
    }
}

impl Samples for RoomOf {
    fn samples() -> Vec<Self> {
        vec![RoomOf([7; 16])]
    }
}

impl Samples for Said {
    fn samples() -> Vec<Self> {
        let full = Said {
            text: text("Engines"),
            in_reply_to: Some(5_000_000_001),
            answers: Some([3; 16]),
            mentions: vec![id(1), id(2)],
            files: vec![
                FileSaid {
                    name: text("figures.pdf"),
                    content_type: text("application/pdf"),
                    size: 5_000_000_002,
                    voice: None,
                    under: 301,
                    pieces: vec![PieceSaid {
                        content: [4; 16],
                        length: 5_000_000_003,
                        wrapped_key: vec![5, 6],
                    }],
                },
                FileSaid {
                    name: String::new(),
                    content_type: text("audio/webm"),
                    size: 1,
                    voice: Some(Voice { length_ms: 70_001, levels: vec![0, 128, 255] }),
                    under: 1,
                    pieces: Vec::new(),
                },
            ],
        };
        vec![Said::default(), full]
    }
}
