use super::*;

fn one(text: &str) -> Contact {
    let (mut found, more) = read(text, 10).unwrap();
    assert!(found.len() == 1 && !more, "{found:?}");
    assert_eq!(found[0].problems, []);
    found.remove(0).contact
}

fn way(label: &str, value: &str) -> Way {
    Way { label: label.to_owned(), value: value.to_owned() }
}

#[test]
fn the_columns_of_google_are_read() {
    let contact = one("First Name,Middle Name,Last Name,Phonetic First Name,Organization Name,\
         Organization Title,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,\
         Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,\
         Address 1 - Street,Address 1 - City,Address 1 - Postal Code,Custom Field 1 - Label,\
         Custom Field 1 - Value\n\
         Dana,,Levi,dah-na,Acme,Head,1980-05-04,\"one\ntwo\",* myContacts ::: Friends,* Work,\
         d@a.example ::: d@b.example,Mobile,'+49 30,Home,x,Main St. 1,Haifa,31000,Boat,Blue\n");
    assert_eq!(contact.shown(), "Dana Levi");
    assert_eq!(contact.emails, [way("work", "d@a.example"), way("work", "d@b.example")]);
    assert_eq!(contact.phones, [way("cell", "+49 30")]);
    assert_eq!(contact.labels, ["Friends"]);
    assert_eq!(contact.own, [way("Boat", "Blue"), way("Phonetic First Name", "dah-na")]);
    let postal = &contact.postal[0];
    assert_eq!((&*postal.label, &*postal.street, &*postal.code), ("home", "Main St. 1", "31000"));
    assert_eq!((&*contact.birthday, &*contact.notes), ("1980-05-04", "one\ntwo"));
}

#[test]
fn the_columns_of_outlook_are_read() {
    let contact =
        one("Title;First Name;Last Name;Company;Job Title;Business Street;Business City;\
         Business Country/Region;Business Phone;Mobile Phone;E-mail Address;E-mail Display Name;\
         E-mail 2 Address;Categories;Web Page\n\
         Dr.;Dana;Levi;Acme;Head;Main St. 1;Haifa;Israel;1;2;d@a.example;Dana (x);d@b.example;\
         A,B;https://a.example\n");
    assert_eq!(contact.emails, [way("", "d@a.example"), way("", "d@b.example")]);
    assert_eq!(contact.phones, [way("cell", "2"), way("work", "1")]);
    assert_eq!((&*contact.postal[0].label, &*contact.postal[0].country), ("work", "Israel"));
    assert_eq!(contact.urls, [way("", "https://a.example")]);
    assert_eq!(contact.own, [way("Title", "Dr.")], "Outlook's Title is no job");
}

#[test]
fn the_columns_of_thunderbird_are_read() {
    let contact =
        one("First Name,Last Name,Display Name,Primary Email,Secondary Email,Work Phone,\
         Home Address,Home Address 2,Home ZipCode,Birth Year,Birth Month,Birth Day,Custom 1\n\
         Dana,Levi,Dana Levi,d@a.example,d@b.example,1,Main St. 1,c/o Omar,31000,1980,5,4,x\n");
    assert_eq!((&*contact.birthday, &*contact.name.full), ("1980-05-04", ""));
    assert_eq!(contact.emails.len(), 2);
    assert_eq!(
        (&*contact.postal[0].street, &*contact.postal[0].extended),
        ("Main St. 1", "c/o Omar")
    );
    assert_eq!(contact.own, [way("", "x")]);
}

#[test]
fn what_is_written_is_read_again() {
    let mut contact = Contact {
        emails: vec![way("work", "a@b.example"), way("Boat", "c@d.example")],
        phones: vec![way("cell", "+49 30"), way("", "-1")],
        urls: vec![way("", "https://a.example")],
        own: vec![way("Formula", "=1+1"), way("=x", "@y"), way("", "'=x;=y")],
        labels: vec!["one".to_owned(), "two".to_owned()],
        notes: "=cmd|' /C calc'!A0\nx".to_owned(),
        birthday: "--05-04".to_owned(),
        favourite: true,
        postal: vec![Postal { street: "Main; 1".to_owned(), ..Postal::default() }],
        ..Contact::default()
    };
    contact.name.given = "Dana".to_owned();
    contact.name.full = "D".to_owned();
    let other = Contact { notes: "x".to_owned(), ..Contact::default() };
    let columns = Columns::of(&contact).wider(Columns::of(&other));
    let mut out = String::new();
    columns.write_names(&mut out);
    columns.write(&mut out, &contact);
    columns.write(&mut out, &other);
    let (found, _) = read(&out, 10).unwrap();
    assert_eq!(found[0].contact, contact);
    assert_eq!(found[1].contact, other);
    let is_formula = |value: &String| value.starts_with(['=', '+', '-', '@']);
    assert!(!csv::rows(&out).flatten().any(|value| is_formula(&value)), "{out}");
}

#[test]
fn a_table_without_a_known_column_is_none() {
    assert!(read("a,b\nc,d\n", 10).is_none());
    assert!(read("", 10).is_none());
    let (found, more) = read("Name\na\nb\nc\n", 2).unwrap();
    assert!(found.len() == 2 && more);
    let (found, _) = read("Name,Email\n,\"\"\nx,y,z\n", 2).unwrap();
    assert_eq!(found[0].problems[0].reason, Reason::TooMany);
}

/// Each row repeats the names of the columns, and whole lists may stand in one value.
#[test]
fn long_names_and_lists_take_no_more_than_they_may() {
    let name = "n".repeat(csv::ROW_OCTETS_MAX - 100);
    let many = "a ::: ".repeat(40_000);
    let labels = (0..20_000).map(|number| format!("l{number};")).collect::<String>();
    let text = format!("Name,Email,Labels,{name}\n{}", format!("x,{many},,y\n").repeat(3));
    let (found, _) = read(&text, 10).unwrap();
    assert_eq!(found.len(), 3);
    for Read { contact, problems, .. } in &found {
        assert!(contact.emails.capacity() <= 2 * ITEMS_MAX, "{}", contact.emails.capacity());
        assert!(contact.own[0].label.capacity() <= 2 * LABEL_CHARS_MAX);
        let reasons: Vec<_> = problems.iter().map(|problem| problem.reason).collect();
        assert_eq!(reasons, [Reason::TooMany, Reason::TooLong]);
    }
    let (found, _) = read(&format!("Name,Labels\nx,\"{labels}\"\n"), 10).unwrap();
    assert_eq!(found[0].contact.labels.len(), ITEMS_MAX);
    assert_eq!(found[0].problems[0].reason, Reason::TooMany);
}
