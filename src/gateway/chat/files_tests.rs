//! Files and recordings of lines on the engine in memory: who reads them, what they count, when they go, and
//! what of them is in a transcript.

use super::carried::Voice;
use super::ending::{ROWS_AT_ONCE, ROWS_IN_A_PASS};
use super::files::{FILES_MAX, LEVELS_MAX, NewFile, PIECES_MAX};
use super::keys::{LineAt, Said, line_binding, line_sealed, piece_binding, ring_of, under};
use super::line::{LinesQuery, NewLine};
use super::member::Leaving;
use super::tests::{admitted, line, lines, opened, say};
use crate::gateway::group_tests::gateway_of;
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::outgoing::draft::DraftContent;
use crate::gateway::records::mailbox::OwnQuota;
use crate::gateway::records::room::{LineNumber, RoomFiles, RoomLine};
use crate::gateway::records::tables::{
    RING_WRAPS, ROOM_FILES, ROOM_LINES, ROOMS, UPLOAD_CHUNKS, UPLOADS,
};
use crate::gateway::sending_tests::uploaded;
use crate::gateway::tests::{gateway_with, inbox, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::reference::Reference;
use crate::store::{ContentId, Piece, Read};

const OGG: &[u8] = b"OggS\0\x02 what somebody says";

fn file(gateway: &Gateway, actor: &Actor, name: &str, octets: &[u8]) -> NewFile {
    NewFile { upload: uploaded(gateway, actor, name, octets), voice: None }
}

fn voice(gateway: &Gateway, actor: &Actor, octets: &[u8]) -> NewFile {
    let voice = Some(Voice { length_ms: 1_500, levels: vec![0, 200, 90] });
    NewFile { voice, ..file(gateway, actor, "voice.ogg", octets) }
}

fn carrying(text: &str, files: Vec<NewFile>) -> NewLine {
    NewLine { files, ..line(text) }
}

fn read(
    gateway: &Gateway,
    actor: &Actor,
    (room, number): (Reference, LineNumber),
    index: usize,
) -> Result<Vec<u8>, Error> {
    let mut pieces = gateway.room_file(actor, (room, number), index)?.whole()?;
    let mut all = Vec::new();
    while let Some(octets) = pieces.take_next()? {
        all.extend_from_slice(&octets);
    }
    Ok(all)
}

fn octets(length: u32) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

fn is_missing<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::NotFound { .. }))
}

/// Who may read the line reads its files octet for octet, from any place on; nobody else finds them.
#[test]
fn the_files_of_a_line_are_for_those_who_may_read_it() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    let large = octets(5_000_000);
    let files = vec![
        file(&gateway, &dana, "plan.pdf", &large),
        voice(&gateway, &dana, OGG),
        file(&gateway, &dana, "empty", b""),
    ];
    let number = gateway.room_say(&dana, room, &carrying("", files)).unwrap().0;
    let seen = gateway.room_line(&dana, (room, number)).unwrap();
    assert_eq!(seen.text.as_deref(), Some(""));
    let names: Vec<_> = seen.files.iter().map(|one| (one.name.as_str(), one.size)).collect();
    assert_eq!(names, [("plan.pdf", 5_000_000), ("voice.ogg", OGG.len() as u64), ("empty", 0)]);
    assert_eq!(seen.files[1].content_type, "audio/ogg", "by its octets");
    assert_eq!(seen.files[1].voice.as_ref().unwrap().length_ms, 1_500);
    assert_eq!(read(&gateway, &dana, (room, number), 0).unwrap(), large);
    assert_eq!(read(&gateway, &dana, (room, number), 1).unwrap(), OGG);
    assert_eq!(read(&gateway, &dana, (room, number), 2).unwrap(), b"");
    assert!(is_missing(read(&gateway, &dana, (room, number), 3)));
    for at in [0..1, 65_535..65_537, 4_194_300..4_194_310, 4_999_999..5_000_000, 7..4_900_000] {
        let opened = gateway.room_file(&dana, (room, number), 0).unwrap();
        let (mut pieces, mut part) = (opened.part(&at).unwrap(), Vec::new());
        while let Some(octets) = pieces.take_next().unwrap() {
            part.extend_from_slice(&octets);
        }
        let expected = usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap();
        assert!(part == large[expected], "{at:?}");
    }
    // Who was not admitted, or came later, is told the same as of a line that is not there.
    assert!(is_missing(gateway.room_file(&omar, (room, number), 0)));
    admitted(&gateway, &dana, room, &omar);
    for (number, index) in [(number, 0), (number, 9), (900, 0)] {
        let found = gateway.room_file(&omar, (room, number), index);
        assert!(matches!(found, Err(Error::NotFound { what: "line" })), "{number}");
    }
    let files = vec![voice(&gateway, &dana, OGG)];
    let later = gateway.room_say(&dana, room, &carrying("listen", files)).unwrap().0;
    assert_eq!(read(&gateway, &omar, (room, later), 0).unwrap(), OGG);
    // A change of the text leaves the files as they are; a line that has some may say nothing.
    for text in ["changed", ""] {
        gateway.room_line_edit(&dana, (room, later), text).unwrap();
        let seen = gateway.room_line(&omar, (room, later)).unwrap();
        assert_eq!((seen.text.as_deref(), seen.files.len()), (Some(text), 1));
        assert_eq!(read(&gateway, &omar, (room, later), 0).unwrap(), OGG);
    }
    let number = say(&gateway, &dana, room, "words");
    assert!(gateway.room_line_edit(&dana, (room, number), "").is_err());
}

/// Who is admitted where earlier lines are shown, reads their files.
#[test]
fn earlier_files_are_shown_where_earlier_lines_are() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, true);
    let files = vec![voice(&gateway, &dana, OGG)];
    let number = gateway.room_say(&dana, room, &carrying("", files)).unwrap().0;
    admitted(&gateway, &dana, room, &omar);
    assert_eq!(read(&gateway, &omar, (room, number), 0).unwrap(), OGG);
}

/// A line takes its files once, however often it is sent; nothing is copied, and nothing counts twice.
#[test]
fn what_a_line_carries_is_taken_once() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let used = || gateway.quota(&dana).unwrap().usage.octets;
    let room = opened(&gateway, &dana, false);
    let before = used();
    let new = carrying("", vec![file(&gateway, &dana, "x.bin", &octets(300_000))]);
    let counted = used();
    assert_eq!(counted, before + 300_000);
    let said = gateway.room_say(&dana, room, &new).unwrap();
    assert_eq!(gateway.room_say(&dana, room, &new).unwrap(), said);
    assert!(used() - counted < 2_000, "the line alone is added: {}", used() - counted);
    assert_eq!(gateway.store().count(&UPLOADS, &()).unwrap(), 0);
    assert_eq!(gateway.store().count(&UPLOAD_CHUNKS, &()).unwrap(), 0);
    // The upload is the line's: no other line takes it, and deleting it is deleting nothing.
    let upload = new.files[0].upload.clone();
    assert!(is_missing(gateway.room_say(&dana, room, &carrying("", new.files.clone()))));
    assert!(is_missing(gateway.upload_delete(&dana, &upload)));
    gateway.clock().advance_secs(30 * 86_400);
    gateway.uploads_expire(gateway.clock().now(), 100).unwrap();
    let dana = sign_in(&gateway, "dana");
    assert_eq!(read(&gateway, &dana, (room, said.0), 0).unwrap(), octets(300_000));
}

/// What is deleted is destroyed, with its contents, and counts for nobody; so does what a room held.
#[test]
fn files_are_destroyed_with_their_line() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let used = |actor: &Actor| gateway.quota(actor).unwrap().usage.octets;
    let before = used(&omar);
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let files =
            vec![file(&gateway, &omar, "x.bin", &octets(5_000_000)), voice(&gateway, &omar, OGG)];
        numbers.push(gateway.room_say(&omar, room, &carrying("", files)).unwrap().0);
    }
    let row = |number: LineNumber| {
        gateway.store().get(&ROOM_LINES, &(room.to_bytes(), number)).unwrap().unwrap()
    };
    let contents: Vec<_> = numbers.iter().map(|number| row(*number).contents).collect();
    assert_eq!(contents.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3], "two pieces and one");
    let there =
        |content: &[u8; 16]| gateway.store().content_length(ContentId(*content)).unwrap().is_some();
    assert!(contents.iter().flatten().all(there));
    gateway.room_line_delete(&dana, (room, numbers[0])).unwrap();
    assert!(!contents[0].iter().any(there) && contents[1].iter().all(there));
    assert!(is_missing(gateway.room_file(&omar, (room, numbers[0]), 0)));
    assert_eq!(gateway.room_line(&omar, (room, numbers[0])).unwrap().files, []);
    assert!(used(&omar) - before < 5_002_000);
    gateway.room_end(&dana, room).unwrap();
    gateway.rooms_watch().unwrap();
    assert!(!contents[1].iter().any(there));
    assert_eq!(used(&omar), before);
    assert_eq!(gateway.store().count(&ROOM_FILES, &()).unwrap(), 0);
}

/// A room with many files is deleted some lines at a time: the pass goes on to the other rooms, and the next ones
/// delete the rest.
#[test]
fn a_room_with_many_files_ends_in_steps() {
    const LINES: u64 = 15_000;
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    let files = vec![file(&gateway, &dana, "x.bin", &octets(9))];
    let number = gateway.room_say(&dana, room, &carrying("", files)).unwrap().0;
    let id = room.to_bytes();
    for some in (number + 1..=LINES).collect::<Vec<_>>().chunks(1_000) {
        let some = some.to_vec();
        let done = gateway.transact(move |tx| {
            let row: RoomLine = tx.get(&ROOM_LINES, &(id, number))?.unwrap();
            for at in some.iter().copied() {
                let content = u128::from(at).to_be_bytes();
                tx.content_put(ContentId(content), vec![Piece::Inline(b"x".to_vec().into())]);
                tx.put(
                    &ROOM_LINES,
                    &(id, at),
                    &RoomLine { contents: vec![content], ..row.clone() },
                )?;
                tx.put(&ROOM_FILES, &(id, at), &RoomFiles { octets: 0 })?;
            }
            Ok::<_, Error>(())
        });
        done.wait().unwrap();
    }
    gateway.room_end(&dana, room).unwrap();
    // Short ones that end later do not wait for the long one.
    let short: Vec<_> = (0..20).map(|_| opened(&gateway, &dana, false)).collect();
    short.iter().for_each(|room| gateway.room_end(&dana, *room).unwrap());
    // In another room something waits, of which a notice says so.
    let other = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, other, &omar);
    say(&gateway, &dana, other, "waits");
    gateway.clock().advance_secs(gateway.settings().chat.notice_secs + 1);
    let left = || gateway.store().count(&ROOM_LINES, &id).unwrap();
    let (before, notices) = (left(), inbox(&gateway, &omar).len());
    assert!(before >= LINES);
    gateway.rooms_watch().unwrap();
    let gone = before - left();
    assert!((1..=ROWS_IN_A_PASS as u64).contains(&gone) && left() > 0, "{gone} of {before}");
    assert_eq!(inbox(&gateway, &omar).len(), notices + 1);
    assert!(!short.iter().any(|room| gateway.store().has(&ROOMS, &room.to_bytes()).unwrap()));
    let wraps = gateway.store().count(&RING_WRAPS, &ring_of(id)).unwrap();
    assert_eq!(wraps, 0, "nobody has the keys, though something is still there");
    for _ in 0..=before / gone {
        gateway.rooms_watch().unwrap();
    }
    assert_eq!((left(), gateway.store().count(&ROOM_FILES, &()).unwrap()), (0, 0));
    let gone = gateway.store().content_length(ContentId(u128::from(LINES).to_be_bytes()));
    assert_eq!(gone.unwrap(), None);
    assert!(!gateway.store().has(&ROOMS, &id).unwrap());
}

/// However much the rooms hold that ended before, a room loses its keys in the first pass, and has its turn.
#[test]
fn many_long_rooms_keep_no_other_from_its_end() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let long = || {
        let room = opened(&gateway, &dana, false);
        let number = gateway.room_say(&dana, room, &line("long")).unwrap().0;
        let id = room.to_bytes();
        let done = gateway.transact(move |tx| {
            let row: RoomLine = tx.get(&ROOM_LINES, &(id, number))?.unwrap();
            (number + 1..=1_500).try_for_each(|at| tx.put(&ROOM_LINES, &(id, at), &row))?;
            Ok::<_, Error>(())
        });
        done.wait().unwrap();
        room
    };
    let before: Vec<_> = (0..=ROWS_IN_A_PASS / ROWS_AT_ONCE).map(|_| long()).collect();
    let short = opened(&gateway, &dana, false);
    before.iter().chain([&short]).for_each(|room| gateway.room_end(&dana, *room).unwrap());
    let is_there = |room: &Reference| gateway.store().has(&ROOMS, &room.to_bytes()).unwrap();
    gateway.rooms_watch().unwrap();
    for room in before.iter().chain([&short]) {
        let wraps = gateway.store().count(&RING_WRAPS, &ring_of(room.to_bytes())).unwrap();
        assert_eq!(wraps, 0, "{room} has no keys");
    }
    gateway.rooms_watch().unwrap();
    assert!(!is_there(&short) && is_there(&before[0]));
    for _ in 0..5 {
        gateway.rooms_watch().unwrap();
    }
    assert!(!before.iter().any(is_there));
}

/// Each bound is a refusal that leaves the uploads as they are.
#[test]
fn what_a_line_may_carry_is_bounded() {
    let gateway = gateway_with(|settings| settings.chat.file_octets = 2_000);
    let dana = sign_in(&gateway, "dana");
    let room = opened(&gateway, &dana, false);
    let refused = |files: Vec<NewFile>| gateway.room_say(&dana, room, &carrying("x", files));
    let invalid = |files| matches!(refused(files), Err(Error::Invalid { .. }));
    let small = || file(&gateway, &dana, "x", b"x");
    let many: Vec<NewFile> = (0..=FILES_MAX).map(|_| small()).collect();
    assert!(invalid(many));
    let one = small();
    assert!(invalid(vec![one.clone(), one.clone()]), "each once");
    let large = file(&gateway, &dana, "x", &octets(2_001));
    assert!(matches!(refused(vec![large]), Err(Error::TooLarge)));
    let half = gateway.upload_begin(&dana, "half", "a/b", 9).unwrap().id;
    let half = NewFile { upload: half, voice: None };
    let incomplete = refused(vec![half]);
    assert!(matches!(incomplete, Err(Error::Conflict(Conflict::UploadIncomplete))));
    for upload in ["", "x", "00000000000000000000000000000000"] {
        assert!(is_missing(refused(vec![NewFile { upload: upload.to_owned(), voice: None }])));
    }
    // A recording is one by its octets, and as long as it may be.
    assert!(invalid(vec![voice(&gateway, &dana, b"<html>")]));
    assert!(invalid(vec![voice(&gateway, &dana, OGG), voice(&gateway, &dana, OGG)]));
    for (length_ms, levels) in [(0, 1), (600_001, 1), (1, LEVELS_MAX + 1)] {
        let measured = Some(Voice { length_ms, levels: vec![1; levels] });
        assert!(invalid(vec![NewFile { voice: measured, ..voice(&gateway, &dana, OGG) }]));
    }
    // So many pieces would make the line itself large.
    let pieces = gateway.upload_begin(&dana, "x", "a/b", 200).unwrap().id;
    for at in 0..200 {
        gateway.upload_append(&dana, &pieces, at, b"x").unwrap();
    }
    assert!(200 > PIECES_MAX && invalid(vec![NewFile { upload: pieces, voice: None }]));
    // A draft keeps its file.
    let named = uploaded(&gateway, &dana, "mine", b"x");
    let draft = DraftContent { attachments: vec![named.clone()], ..DraftContent::default() };
    gateway.draft_create(&dana, &draft).unwrap();
    assert!(invalid(vec![NewFile { upload: named.clone(), voice: None }]));
    assert!(gateway.upload(&dana, &named).is_ok());
    // Neither is anything said, nor anything taken.
    assert_eq!(lines(&gateway, &dana, room).last, 1);
    assert!(gateway.room_say(&dana, room, &carrying("", vec![one])).is_ok());
    assert!(gateway.room_say(&dana, room, &carrying("", Vec::new())).is_err(), "nothing is said");
}

/// With the rows of the store and the room's keys in hand, nobody moves a file to another line, another author or
/// another epoch: the key of each piece is bound to all of them.
#[test]
fn the_file_of_another_line_does_not_open() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let id = room.to_bytes();
    let mut numbers = Vec::new();
    for who in [&dana, &omar, &dana] {
        let files = vec![voice(&gateway, who, OGG)];
        numbers.push(gateway.room_say(who, room, &carrying("", files)).unwrap().0);
    }
    let row =
        |number: LineNumber| gateway.store().get(&ROOM_LINES, &(id, number)).unwrap().unwrap();
    let first = row(numbers[0]);
    let mut keys = RingKeys::default();
    let secret = gateway.keyring_opening_in(&dana, &mut keys, under(id, first.under)).unwrap();
    let said = gateway.room_said((&dana, &mut keys), id, &first).unwrap().unwrap();
    // What one line says is sealed for another one, as only a member can.
    let put = |number: LineNumber, said: &Said| {
        let line = row(number);
        let (who, reference, version, epoch) = (line.who, line.reference, line.version, line.under);
        let at = LineAt { who, reference, version, epoch };
        let line = RoomLine { sealed: line_sealed(id, &at, &secret, said).unwrap(), ..line };
        let done = gateway.store().transact(move |tx| tx.put(&ROOM_LINES, &(id, number), &line));
        done.wait().unwrap();
    };
    let mut elsewhen = said.clone();
    elsewhen.files[0].under = 1;
    assert_ne!(elsewhen.files[0].under, said.files[0].under);
    for (number, said) in [(numbers[1], &said), (numbers[2], &said), (numbers[0], &elsewhen)] {
        put(number, said);
        assert_eq!(gateway.room_line(&dana, (room, number)).unwrap().files.len(), 1, "it is said");
        assert!(gateway.room_file(&dana, (room, number), 0).is_err(), "{number}");
    }
    put(numbers[0], &said);
    assert_eq!(read(&gateway, &omar, (room, numbers[0]), 0).unwrap(), OGG, "only there");
}

/// Who was removed opens no file of later: not at the server, and not with the rows and the keys of then.
#[test]
fn who_was_removed_hears_nothing_more() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let id = room.to_bytes();
    let say = |text| {
        let files = vec![voice(&gateway, &dana, OGG)];
        gateway.room_say(&dana, room, &carrying(text, files)).unwrap().0
    };
    let row =
        |number: LineNumber| gateway.store().get(&ROOM_LINES, &(id, number)).unwrap().unwrap();
    let said_in = |line: &RoomLine| {
        gateway.room_said((&dana, &mut RingKeys::default()), id, line).unwrap().unwrap()
    };
    let before = row(say("before"));
    let mut keys = RingKeys::default();
    let saved = gateway.keyring_opening_in(&omar, &mut keys, under(id, before.under)).unwrap();
    gateway.room_remove(&dana, room, &omar.account().to_text()).unwrap();
    let number = say("after");
    let after = row(number);
    assert!(after.under > before.under, "the keys changed");
    assert!(is_missing(gateway.room_file(&omar, (room, number), 0)));
    for (line, opens) in [(&before, true), (&after, false)] {
        let (who, reference, version, epoch) = (line.who, line.reference, line.version, line.under);
        let at = LineAt { who, reference, version, epoch };
        assert_eq!(saved.open(&line_binding(id, &at), &line.sealed).is_ok(), opens);
        let piece = &said_in(line).files[0].pieces[0];
        let bound = piece_binding(id, &at, piece.content);
        assert_eq!(saved.unwrap_content(&bound, &piece.wrapped_key).is_ok(), opens);
    }
    assert!(gateway.keyring_opening_in(&omar, &mut keys, under(id, after.under)).is_err());
}

/// A file that is damaged or gone is named, and keeps nobody from leaving with the others.
#[test]
fn a_file_that_does_not_open_keeps_nobody_from_leaving() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let mut contents = Vec::new();
    for name in ["whole.bin", "gone.bin", "damaged.bin"] {
        let files = vec![file(&gateway, &dana, name, &octets(100_000))];
        let number = gateway.room_say(&dana, room, &carrying("", files)).unwrap().0;
        let line = gateway.store().get(&ROOM_LINES, &(room.to_bytes(), number)).unwrap().unwrap();
        contents.push(ContentId(line.contents[0]));
    }
    let [_, gone, damaged] = contents[..] else { panic!("one content each") };
    let length = gateway.store().content_length(damaged).unwrap().unwrap();
    let mut sealed = gateway.store().content_read(damaged, 0, length).unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    let done = gateway.store().transact(move |tx| {
        tx.content_delete(gone);
        tx.content_put(damaged, vec![Piece::Inline(sealed.clone().into())]);
        Ok::<_, Error>(())
    });
    done.wait().unwrap();
    gateway.room_leave(&omar, room, Leaving::WithTranscript).unwrap();
    let items = inbox(&gateway, &omar);
    let [item] = &items[..] else { panic!("{items:?}") };
    let message = gateway.message_raw(&omar, item.reference).unwrap().1;
    let names: Vec<String> = message.all_files().into_iter().map(|(part, _)| part.name).collect();
    assert_eq!(names, ["whole.bin"]);
    let text = String::from_utf8_lossy(message.shown()).into_owned();
    assert!(text.contains("gone.bin") && text.contains("damaged.bin"), "{text}");
}

/// P-71: the transcript has the files between joining and leaving, octet for octet, and nothing that was
/// deleted.
#[test]
fn a_transcript_has_the_files_of_its_lines() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, true);
    let say = |text, name, octets: &[u8]| {
        let files = vec![file(&gateway, &dana, name, octets)];
        gateway.room_say(&dana, room, &carrying(text, files)).unwrap().0
    };
    say("early", "early.bin", b"too-early");
    admitted(&gateway, &dana, room, &omar);
    let large = octets(700_000);
    say("", "large.bin", &large);
    let deleted = say("gone", "gone.bin", b"taken-back");
    gateway.room_line_delete(&dana, (room, deleted)).unwrap();
    let files = vec![voice(&gateway, &dana, OGG)];
    gateway.room_say(&dana, room, &carrying("", files)).unwrap();
    gateway.room_leave(&omar, room, Leaving::WithTranscript).unwrap();
    let items = inbox(&gateway, &omar);
    let [item] = &items[..] else { panic!("{items:?}") };
    assert_eq!(item.attachments, 2);
    let message = gateway.message_raw(&omar, item.reference).unwrap().1;
    let mut found = Vec::new();
    for (part, mut pieces) in message.all_files() {
        let mut octets = Vec::new();
        while let Some(piece) = pieces.take_next().unwrap() {
            octets.extend_from_slice(&piece);
        }
        found.push((part.name, part.content_type, octets));
    }
    let [(first, _, octets), (second, kind, sound)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((first.as_str(), octets), ("large.bin", &large));
    assert_eq!((second.as_str(), kind.as_str(), &sound[..]), ("voice.ogg", "audio/ogg", OGG));
    // Every mail program reads the message as it is.
    let whole = message.whole().unwrap();
    let view = crate::mail::message::view(&whole);
    assert_eq!(view.parts.len(), 2);
    let text = String::from_utf8_lossy(message.shown());
    assert!(text.contains("large.bin") && text.contains("voice.ogg"), "{text}");
    for other in ["early.bin", "gone.bin"] {
        assert!(!String::from_utf8_lossy(&whole).contains(other), "{other}");
    }
}

/// What does not fit into the mailbox is named, the last ones come first, and leaving is possible.
#[test]
fn a_transcript_leaves_out_the_files_for_which_there_is_no_room() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, true);
    admitted(&gateway, &dana, room, &omar);
    for name in ["first.bin", "second.bin", "third.bin"] {
        let files = vec![file(&gateway, &dana, name, &octets(100_000))];
        gateway.room_say(&dana, room, &carrying("", files)).unwrap();
    }
    let used = gateway.quota(&omar).unwrap().usage.octets;
    let own = OwnQuota { octets: Some(used + 320_000), messages: None };
    gateway.account_quota("omar", own).unwrap();
    gateway.room_leave(&omar, room, Leaving::WithTranscript).unwrap();
    let items = inbox(&gateway, &omar);
    let item = items.iter().find(|item| item.attachments > 0).expect("the transcript");
    let message = gateway.message_raw(&omar, item.reference).unwrap().1;
    let names: Vec<String> = message.all_files().into_iter().map(|(part, _)| part.name).collect();
    assert_eq!(names, ["second.bin", "third.bin"]);
    let text = String::from_utf8_lossy(message.shown()).into_owned();
    assert!(text.contains("first.bin") && text.contains("100000"), "{text}");
}

/// Reading many lines does not read their files.
#[test]
fn a_page_of_lines_names_their_files() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let room = opened(&gateway, &dana, false);
    for n in 0..3 {
        let files = vec![file(&gateway, &dana, &format!("{n}.bin"), b"x")];
        gateway.room_say(&dana, room, &carrying("", files)).unwrap();
    }
    let page = gateway.room_lines(&dana, room, (LinesQuery::After(1), 100)).unwrap();
    let names: Vec<_> = page.items.iter().map(|line| line.files[0].name.clone()).collect();
    assert_eq!(names, ["0.bin", "1.bin", "2.bin"]);
}
