//! Images in the text of a message that is written here, and messages attached to it: shown to its
//! readers, whatever way it came, and kept by who forwards it.

use super::sending_tests::{addressee, content, send};
use super::tests::*;
use super::*;
use crate::mail::message;
use crate::terms::RelationKind;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\na heron by the pond";

fn uploaded(gateway: &Gateway, actor: &Actor, name: &str, kind: &str) -> String {
    uploaded_with(gateway, actor, (name, kind), PNG)
}

fn uploaded_with(
    gateway: &Gateway,
    actor: &Actor,
    (name, kind): (&str, &str),
    octets: &[u8],
) -> String {
    let upload = gateway.upload_begin(actor, name, kind, octets.len() as u64).unwrap();
    if !octets.is_empty() {
        gateway.upload_append(actor, &upload.id, 0, octets).unwrap();
    }
    upload.id
}

fn octets(mut pieces: mailboxes::content::Pieces) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(piece) = pieces.take_next().unwrap() {
        all.extend_from_slice(&piece);
    }
    all
}

/// P-17
#[test]
fn an_image_in_the_text_is_shown_and_is_no_attachment() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    for has_file in [false, true] {
        let image = uploaded(&gateway, &dana, "heron.png", "image/png");
        let mut message = content(&["omar@example.org"], "See");
        message.html = Some(format!("<p>See <img src=\"cid:{image}\" alt=\"a heron\"></p>"));
        // What is shown comes first, whatever the order of the files is.
        message.attachments = match has_file {
            true => vec![uploaded(&gateway, &dana, "owl.pdf", "application/pdf"), image],
            false => vec![image],
        };
        let reference = send(&gateway, &dana, &message);
        let (item, opened) = gateway.message_open(&omar, reference, None).unwrap();
        assert_eq!(item.attachments, u32::from(has_file));
        let html = message::view(opened.shown()).html.concat();
        let source = html.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(html.contains("alt=\"a heron\"") && source.starts_with("cid:1."), "{html}");
        let shown = opened.image(&source).unwrap();
        assert_eq!(octets(opened.part(shown).unwrap().1), PNG);
        let parts = opened.parts().unwrap();
        let listed: Vec<_> = parts.iter().filter(|part| !part.inline).collect();
        assert_eq!(listed.len(), usize::from(has_file));
        assert_eq!(opened.all_files().len(), usize::from(has_file));

        // As a stranger's server reads it.
        let whole = opened.whole().unwrap();
        let view = message::view(&whole);
        let index = view.image(&source).unwrap().index;
        assert_eq!(message::part_bytes(&whole, index).unwrap().1, PNG);
        assert_eq!(view.parts.iter().filter(|part| !part.inline).count(), usize::from(has_file));
    }
}

/// P-17
#[test]
fn a_forward_keeps_the_images_in_the_text() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let image = uploaded(&gateway, &dana, "heron.png", "image/png");
    let mut message = content(&["omar@example.org"], "See");
    message.html = Some(format!("<p>See <img src=\"cid:{image}\"></p>"));
    message.attachments = vec![image.clone()];
    let reference = send(&gateway, &dana, &message);
    gateway.message_open(&omar, reference, None).unwrap();
    let forward = gateway.draft_from(&omar, reference, RelationKind::Forward, None).unwrap();
    let own = forward.uploads[0].id.clone();
    assert_ne!(own, image);
    let html = forward.content.html.clone().unwrap();
    assert!(html.contains(&format!("<p>See <img src=\"cid:{own}\"></p>")), "{html}");
    assert_eq!(*gateway.upload_shown(&omar, &own).unwrap(), PNG);
    let mut forward = forward.content;
    forward.to = vec![addressee("dana@example.org")];
    let again = send(&gateway, &omar, &forward);
    let (_, opened) = gateway.message_open(&dana, again, None).unwrap();
    assert!(opened.parts().unwrap()[0].inline);
    // What somebody else wrote is quoted as text: its form would be lost.
    let reply = gateway.draft_from(&omar, reference, RelationKind::Reply, None).unwrap();
    assert_eq!(reply.content.html, None);
}

/// P-17: however large the files of a received message are, they are read piece by piece, one by one
/// and all together, and none stays in memory.
#[test]
fn the_files_of_a_received_message_stay_out_of_memory() {
    use base64::Engine;
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let file: Vec<u8> = (0..900_001_u32).map(|at| (at % 253) as u8).collect();
    let text = base64::engine::general_purpose::STANDARD.encode(&file);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let part = format!(
        "--b\nContent-Type: application/pdf; name=a.pdf\n\
         Content-Transfer-Encoding: base64\n\n{}\n",
        lines.join("\n")
    );
    let message = format!(
        "From: eve@outside.example\nSubject: Plans\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHere.\n{part}{part}--b--\n"
    );
    let reference = deliver(&gateway, &["dana@example.org"], &message);
    let (_, opened) = gateway.message_open(&dana, reference, None).unwrap();
    let one = opened.part(3).unwrap();
    let files = opened.all_files();
    assert_eq!(files.len(), 2);
    for (part, mut pieces) in files.into_iter().chain([one]) {
        assert_eq!((part.size, pieces.octets_held()), (file.len() as u64, 0));
        let mut read = Vec::new();
        while let Some(piece) = pieces.take_next().unwrap() {
            assert!(piece.len() as u64 <= mailboxes::content::STEP_OCTETS);
            read.extend_from_slice(&piece);
        }
        assert!(read == file);
    }
}

/// P-17
#[test]
fn only_an_own_file_is_shown_in_a_text() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let other = uploaded(&gateway, &omar, "heron.png", "image/png");
    let text = uploaded(&gateway, &dana, "heron.html", "text/html");
    let upload = gateway.upload_begin(&dana, "owl.png", "image/png", 15).unwrap();
    gateway.upload_append(&dana, &upload.id, 0, b"<svg>no PNG</sv").unwrap();
    let mut message = content(&["omar@example.org"], "See");
    let image = |id: &str| format!("<img src=\"cid:{id}\">");
    let (one, two, three) = (image(&other), image(&text), image(&upload.id));
    message.html = Some(format!("<p>a{one}b{two}{three}c</p>"));
    message.attachments = vec![text, upload.id];
    let reference = send(&gateway, &dana, &message);
    let (item, opened) = gateway.message_open(&omar, reference, None).unwrap();
    assert_eq!(item.attachments, 2, "what is shown nowhere is a file");
    assert_eq!(message::view(opened.shown()).html.concat().trim_end(), "<p>abc</p>");
    assert!(gateway.upload_shown(&dana, &other).is_err());
}

/// P-17
#[test]
fn an_attached_message_stays_one_whoever_forwards_it() {
    const INNER: &str = "Subject: Inner\r\n\r\nBy the pond.\r\n";
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let attached = |actor: &Actor, octets: &str| {
        let kind = ("inner.eml", "Message/RFC822");
        uploaded_with(&gateway, actor, kind, octets.as_bytes())
    };
    let mut first = content(&["omar@example.org"], "See");
    // What only looks like a message by its name would be damaged on its way, or mislead a reader.
    let odd = ["Subject: \u{fc}\r\n\r\ny\r\n", "Subject: x\n\ny\n", ""];
    first.attachments = vec![attached(&dana, INNER)];
    first.attachments.extend(odd.map(|octets| attached(&dana, octets)));
    let mut reference = send(&gateway, &dana, &first);
    for reader in [&omar, &dana, &omar] {
        let (_, opened) = gateway.message_open(reader, reference, None).unwrap();
        let whole = opened.whole().unwrap();
        // By the outline, and as a stranger's server reads it.
        let stranger = message::view(&whole).parts;
        for parts in [opened.parts().unwrap(), stranger] {
            let types: Vec<_> = parts.iter().map(|part| part.content_type.as_str()).collect();
            let file = "application/octet-stream";
            assert_eq!(types, ["message/rfc822", file, file, file]);
            assert!(parts[0].opens);
        }
        for (index, expected) in (1..).zip([INNER].iter().chain(&odd)) {
            assert_eq!(octets(opened.part(index).unwrap().1), expected.as_bytes());
        }
        let inner = opened.inside(message::Within::new(&[1]).unwrap()).unwrap().unwrap();
        assert_eq!(message::view(&inner).subject, "Inner");
        assert_eq!(octets(opened.raw()), *whole);
        let forward = gateway.draft_from(reader, reference, RelationKind::Forward, None).unwrap();
        let other = if std::ptr::eq(reader, &dana) { "omar" } else { "dana" };
        let mut forward = forward.content;
        forward.to = vec![addressee(&format!("{other}@example.org"))];
        reference = send(&gateway, reader, &forward);
    }
}
