//! Cards of people (RFC 6350, and vCard 2.1 and 3.0 before it).

use super::lines::lines;

/// How many cards of a file are shown, and how many addresses or numbers of a card.
const CONTACTS_MAX: usize = 10;
const WAYS_MAX: usize = 10;

/// A person, or an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub organization: String,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
}

/// Returns the cards in a file.
pub fn contacts(text: &str) -> Vec<Contact> {
    let (mut found, mut open): (Vec<Contact>, Option<Contact>) = (Vec::new(), None);
    for line in lines(text) {
        if line.is("BEGIN", "VCARD") {
            open = Some(Contact::default());
        }
        let Some(contact) = &mut open else { continue };
        match line.name.as_str() {
            "FN" => contact.name = line.text(),
            // Family name, given name and others.
            "N" if contact.name.is_empty() => {
                let mut names: Vec<String> = line.fields().into_iter().take(2).collect();
                names.reverse();
                contact.name = names.join(" ").trim().to_owned();
            }
            "ORG" => {
                let units: Vec<String> = line.fields();
                let units: Vec<String> =
                    units.into_iter().filter(|unit| !unit.is_empty()).collect();
                contact.organization = units.join(", ");
            }
            "EMAIL" => add(&mut contact.emails, line.text()),
            "TEL" => {
                let number = line.text();
                add(&mut contact.phones, number.strip_prefix("tel:").unwrap_or(&number).to_owned());
            }
            "END" => found.extend(open.take().filter(|contact| *contact != Contact::default())),
            _ => {}
        }
        if found.len() == CONTACTS_MAX {
            break;
        }
    }
    found
}

fn add(ways: &mut Vec<String>, way: String) {
    if ways.len() < WAYS_MAX && !way.is_empty() {
        ways.push(way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_who_and_how_to_reach_them() {
        let text = "BEGIN:VCARD\nVERSION:3.0\nN:Levi;Dana;;;\nFN:Dana Levi\nORG:Acme\\, Inc.;Sales\n\
            item1.EMAIL;TYPE=work:dana@a.example\nTEL;VALUE=uri:tel:+1-555-0100\nEND:VCARD\n\
            BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:Khal=C3=AEl;Omar\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n";
        let found = contacts(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Contact {
                name: "Dana Levi".to_owned(),
                organization: "Acme, Inc., Sales".to_owned(),
                emails: vec!["dana@a.example".to_owned()],
                phones: vec!["+1-555-0100".to_owned()],
            }
        );
        assert_eq!(found[1].name, "Omar Khalîl");
        assert_eq!(contacts(&"BEGIN:VCARD\nFN:x\nEND:VCARD\n".repeat(1_000)).len(), CONTACTS_MAX);
    }
}
