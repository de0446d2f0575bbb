use super::*;
use crate::mail::contacts::contact::ITEMS_MAX;

fn one(text: &str) -> Read {
    let (mut found, more) = read(text, 10);
    assert!(found.len() == 1 && !more, "{found:?}");
    found.remove(0)
}

fn written(read: &Read, version: Version) -> String {
    let mut out = String::new();
    write(&mut out, &read.contact, read.photo.as_ref(), version);
    out
}

/// The lines of a file, in an order of their own, without those that say what wrote it.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    line::each(text, |line, _| lines.push(line.to_owned()));
    lines.retain(|line| !line.starts_with("VERSION:"));
    lines.sort();
    lines
}

fn way(label: &str, value: &str) -> Way {
    Way { label: label.to_owned(), value: value.to_owned() }
}

/// As one address book writes it.
const FULL: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Some Inc.//Book 1.0//EN\r\n\
    N:Levi;Dana;Ruth,Mia;Dr.;\r\nFN:Dr. Dana Levi\r\nNICKNAME:D\\, the second\r\n\
    ORG:Acme\\, Inc.;Sales;North\r\nTITLE:Head\r\n\
    EMAIL;type=INTERNET;type=WORK;type=pref:dana@a.example\r\n\
    item1.EMAIL;type=INTERNET:d@b.example\r\nitem1.X-ABLabel:At the lake\r\n\
    item2.ADR;type=HOME:;;Main St. 1\\nBack door;Haifa;;31000;Israel\r\nitem2.X-ABADR:il\r\n\
    TEL;type=CELL;type=VOICE:+972 50 1\r\nURL;type=pref:https://a.example/x,y\r\n\
    BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-04\r\nNOTE:One\\nTwo\r\nCATEGORIES:Friends,Work\r\n\
    X-SOCIALPROFILE;type=x;x-user=dana:https://x.example/dana\r\n\
    item3.X-ABRELATEDNAMES:Omar\r\nitem3.X-ABLabel:_$!<Spouse>!$_\r\n\
    UID:urn:uuid:1\r\nREV:2026-01-01T00:00:00Z\r\nEND:VCARD\r\n";

#[test]
fn each_field_is_read() {
    let Contact { name, work, emails, phones, postal, urls, birthday, notes, labels, .. } =
        one(FULL).contact;
    let name = [name.prefix, name.given, name.middle, name.family, name.nickname, name.full];
    assert_eq!(name, ["Dr.", "Dana", "Ruth,Mia", "Levi", "D, the second", "Dr. Dana Levi"]);
    assert_eq!([work.company, work.department, work.title], ["Acme, Inc.", "Sales, North", "Head"]);
    assert_eq!(emails, [way("work", "dana@a.example"), way("At the lake", "d@b.example")]);
    assert_eq!(phones, [way("cell", "+972 50 1")]);
    assert_eq!(postal[0].street, "Main St. 1 Back door");
    assert_eq!((postal[0].label.as_str(), postal[0].code.as_str()), ("home", "31000"));
    assert_eq!(urls, [way("", "https://a.example/x,y")]);
    assert_eq!((birthday.as_str(), notes.as_str()), ("--05-04", "One\nTwo"));
    assert_eq!(labels, ["Friends", "Work"]);
}

/// P-48.
#[test]
fn a_round_trip_loses_nothing() {
    let again = written(&one(FULL), Version::V3);
    assert_eq!(lines(&again), lines(FULL), "what nobody changed leaves as it came");
    // vCard 4 has days without a year.
    let four = FULL.replace("BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-04", "BDAY:--0504");
    assert_eq!(lines(&written(&one(FULL), Version::V4)), lines(&four));
    assert_eq!(one(&four).contact.birthday, "--05-04");
}

#[test]
fn what_was_changed_leaves_changed_and_the_rest_as_it_came() {
    let mut read = one(FULL);
    read.contact.emails[0].value = "dana@c.example".to_owned();
    read.contact.emails.remove(1);
    read.contact.phones.push(way("Boat", "+1"));
    let again = lines(&written(&read, Version::V3));
    let before = lines(FULL);
    let added: Vec<&String> = again.iter().filter(|line| !before.contains(line)).collect();
    let expected = ["EMAIL;TYPE=work:dana@c.example", "item4.TEL:+1", "item4.X-ABLabel:Boat"];
    assert_eq!(added, expected);
    let removed: Vec<&String> = before.iter().filter(|line| !again.contains(line)).collect();
    let expected = [
        "EMAIL;type=INTERNET;type=WORK;type=pref:dana@a.example",
        "item1.EMAIL;type=INTERNET:d@b.example",
        "item1.X-ABLabel:At the lake",
    ];
    assert_eq!(removed, expected);
}

#[test]
fn cards_of_version_2_1_and_4_are_read() {
    let old = one(
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Khal=C3=AEl;Omar\n\
         TEL;CELL;VOICE:123\nEMAIL;INTERNET:o@a.example\n\
         NOTE;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\ntwo\nX-B;ENCODING=QUOTED-PRINTABLE:=C3=A9\n\
         END:VCARD\n",
    );
    let contact = &old.contact;
    assert_eq!(
        (contact.name.family.as_str(), contact.shown()),
        ("Khalîl", "Omar Khalîl".to_owned())
    );
    assert_eq!((contact.notes.as_str(), &*contact.kept), ("one\ntwo", &["X-B:é".to_owned()][..]));
    assert_eq!(contact.emails, [way("", "o@a.example")]);
    let new =
        one("BEGIN:VCARD\nVERSION:4.0\nFN:Omar\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555\n\
         EMAIL;PREF=1:o@a.example\nBDAY:19800504\nKIND:individual\nEND:VCARD\n");
    let contact = &new.contact;
    assert_eq!(contact.phones, [way("home", "+1-555")]);
    assert_eq!(contact.birthday, "1980-05-04");
    let again = written(&new, Version::V4);
    assert!(again.contains("EMAIL;PREF=1:o@a.example\r\n"), "{again}");
    assert!(again.contains("TEL;VALUE=uri;TYPE=\"voice,home\":tel:+1-555\r\n"), "{again}");
}

#[test]
fn a_contact_that_was_written_by_hand_is_written_and_read() {
    let mut contact = Contact {
        emails: vec![way("", "a@b.example"), way("Büro; \"2\", oben", "c@d.example")],
        urls: vec![way("home", "https://a.example/?a=b;c\\n")],
        birthday: "--02-29".to_owned(),
        notes: "a;b,c\\n\nd".to_owned(),
        own: vec![way("Shoe: size, \"EU\"", "42;43")],
        labels: vec!["a,b".to_owned()],
        favourite: true,
        ..Contact::default()
    };
    for version in [Version::V3, Version::V4] {
        let read = one(&written(&Read { contact: contact.clone(), ..Read::default() }, version));
        assert_eq!(read.problems, []);
        assert_eq!(Contact { source: Vec::new(), ..read.contact }, contact);
    }
    contact.emails.clear();
    contact.name.full = "Nobody".to_owned();
    let read = one(&written(&Read { contact: contact.clone(), ..Read::default() }, Version::V4));
    assert_eq!(read.contact.name.full, "Nobody");
}

#[test]
fn a_photo_is_taken_if_it_is_one_that_is_shown() {
    let mut octets = std::io::Cursor::new(Vec::new());
    let image = image::DynamicImage::new_rgb8(7, 5);
    image.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    let text = STANDARD.encode(octets.into_inner());
    for photo in [
        format!("PHOTO;ENCODING=b;TYPE=PNG:{text}"),
        format!("PHOTO;BASE64;PNG:\n {text}"),
        format!("PHOTO:data:image/png;base64\\,{text}"),
        format!("PHOTO:data:image/png;base64,{text}"),
    ] {
        let read = one(&format!("BEGIN:VCARD\nFN:a\n{photo}\n\nEND:VCARD"));
        let is_escaped = photo.contains("\\,");
        assert_eq!(read.photo.is_some(), !is_escaped, "{photo}");
        for version in [Version::V3, Version::V4] {
            assert_eq!(one(&written(&read, version)).photo, read.photo);
        }
    }
    let read =
        one("BEGIN:VCARD\nFN:a\nPHOTO;ENCODING=b:AAAA\nPHOTO:https://a.example/p\nEND:VCARD");
    assert_eq!(read.problems[0].reason, Reason::Photo);
    assert_eq!(read.contact.kept, ["PHOTO:https://a.example/p"], "it is never fetched");
}

#[test]
fn what_was_not_understood_is_reported() {
    let emails = "EMAIL:a@b.example\n".repeat(ITEMS_MAX + 1);
    let text = format!(
        "nonsense\nBEGIN:VCARD\nFN:a\nno line\n{emails}END:VCARD\nBEGIN:VCARD\nFN:b\nBEGIN:VCARD\nEND:VCARD\n\
         BEGIN:VCARD\nFN:c"
    );
    let (found, more) = read(&text, 10);
    assert!(!more);
    let problems: Vec<Vec<Reason>> = found
        .iter()
        .map(|read| read.problems.iter().map(|problem| problem.reason).collect())
        .collect();
    let expected = [
        vec![Reason::TooMany, Reason::Unreadable],
        vec![Reason::Unfinished],
        vec![Reason::Empty],
        vec![Reason::Unfinished],
    ];
    assert_eq!(problems, expected);
    assert_eq!(found[3].contact.shown(), "c");
    assert!(read(&text, 3).1, "there are more");
}

#[test]
fn lines_and_cards_without_end_take_no_more_than_they_may() {
    let folded = format!("BEGIN:VCARD\nFN:a\nNOTE:{}\nEND:VCARD", "x\n ".repeat(1 << 20));
    let read = one(&folded);
    assert_eq!(read.problems[0].reason, Reason::TooLong);
    let long = format!("BEGIN:VCARD\nFN:a\n{}END:VCARD", "X-A:b\n".repeat(100_000));
    assert_eq!(one(&long).problems[0].reason, Reason::TooMany);
}

fn quickly(what: &str, work: impl FnOnce()) {
    let began = std::time::Instant::now();
    work();
    assert!(began.elapsed().as_secs() < 20, "{what}: {:?}", began.elapsed());
}

/// Each of these takes minutes, or hundreds of megabytes, if a line is looked at as often as it has
/// pieces, or all that it may have is kept.
#[test]
fn hostile_lines_take_no_more_than_they_may() {
    let card = |lines: &str| format!("BEGIN:VCARD\nFN:a\n{lines}\nEND:VCARD\n");
    let labels: String = (0..700_000).map(|number| format!("l{number},")).collect();
    let nested = format!("{}x{}", "_$!<".repeat(60_000), ">!$_".repeat(60_000));
    let parameters = format!("X{}:y\n", ";".repeat(500_000)).repeat(8);
    for lines in [
        format!("X;{}", "\n =".repeat(1 << 20)),
        format!("CATEGORIES:{labels}"),
        (0..7_000).map(|at| format!("CATEGORIES:a{at},b{at},c{at}\n")).collect(),
        format!("i.TEL:1\ni.X-ABLabel:{nested}\nj.TEL;TYPE=\"{nested}\":2"),
        parameters,
        format!("N:{}", ";".repeat(500_000)),
    ] {
        quickly(&lines[..20], || {
            let read = one(&card(&lines));
            assert!(!read.problems.is_empty());
            assert!(read.contact.labels.len() <= ITEMS_MAX && read.contact.kept.len() <= 100);
        });
    }
}

/// P-48: whose spouse and whose child somebody is stays so.
#[test]
fn cards_that_are_merged_keep_their_groups_apart() {
    let card = |name: &str, label: &str, rev: usize| {
        one(&format!(
            "BEGIN:VCARD\nUID:1\nFN:a\nitem1.X-ABRELATEDNAMES:{name}\nitem1.X-ABLabel:{label}\n\
             item2.EMAIL:{name}@a.example\nitem2.X-ABLabel:of {name}\nREV:{rev}\nEND:VCARD\n"
        ))
    };
    let mut read = card("omar", "_$!<Spouse>!$_", 1);
    read.contact.merge(card("mia", "_$!<Child>!$_", 2).contact);
    let once = read.contact.clone();
    for rev in 3..6 {
        read.contact.merge(card("mia", "_$!<Child>!$_", rev).contact);
    }
    assert_eq!(read.contact, once, "another time of writing completes nothing");
    let text = written(&read, Version::V3);
    assert_eq!(text.matches("REV:").count(), 1, "{text}");
    let lines: Vec<Line> = lines(&text).iter().filter_map(|line| Line::parse(line)).collect();
    let label = |value: &str| {
        let line = lines.iter().find(|line| line.value == value).unwrap();
        let same = |other: &&Line| other.name == "X-ABLABEL" && other.group == line.group;
        let found: Vec<&str> = lines.iter().filter(same).map(|line| line.value.as_str()).collect();
        assert_eq!(found.len(), 1, "{text}");
        found[0].to_owned()
    };
    assert_eq!(label("omar"), "_$!<Spouse>!$_");
    assert_eq!(label("mia"), "_$!<Child>!$_");
    let emails = one(&text).contact.emails;
    assert_eq!(emails, [way("of omar", "omar@a.example"), way("of mia", "mia@a.example")]);
}
