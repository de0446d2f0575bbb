//! Cuts a file of contacts into parts that are imported one after another: each has whole cards, or
//! whole rows with the names of the columns in front.

use super::csv;

/// About how many octets a part has at most; one contact may be longer.
const PART_OCTETS: usize = 1 << 20;

/// Whether a file has cards; otherwise it is a table.
pub fn has_cards(text: &str) -> bool {
    text.lines().any(is_beginning)
}

fn is_beginning(line: &str) -> bool {
    line.trim().eq_ignore_ascii_case("BEGIN:VCARD")
}

/// Returns the parts, each with at most `most` contacts.
pub fn parts(text: &str, most: usize) -> Vec<String> {
    let (head, starts) = match has_cards(text) {
        true => ("", card_starts(text)),
        false => row_starts(text),
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 1..starts.len() {
        let (begin, end) = (starts[from], starts[at]);
        let next = starts.get(at + 1);
        let goes_on = next.is_some_and(|next| next - begin <= PART_OCTETS) && at - from < most;
        if !goes_on {
            parts.push([head, &text[begin..end]].concat());
            from = at;
        }
    }
    parts
}

/// Where cards begin, and where the file ends.
fn card_starts(text: &str) -> Vec<usize> {
    let mut at = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if is_beginning(line) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts
}

/// The first row; where the others begin, and where the file ends.
fn row_starts(text: &str) -> (&str, Vec<usize>) {
    let mut rows = csv::rows(text);
    if rows.next().is_none() {
        return ("", Vec::new());
    }
    let at = |rest: &str| text.len() - rest.len();
    let head = at(rows.rest());
    let mut starts = vec![head];
    while rows.next().is_some() {
        starts.push(at(rows.rest()));
    }
    (&text[..head], starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::contacts::{table, vcard};

    #[test]
    fn every_contact_is_in_one_part() {
        let card = |name: usize| format!("BEGIN:VCARD\r\nFN:{name}\r\nEND:VCARD\r\n");
        let text: String = (0..25).map(card).collect();
        let cut = parts(&text, 10);
        assert_eq!(cut.concat(), text);
        let counts: Vec<usize> = cut.iter().map(|part| vcard::read(part, 100).0.len()).collect();
        assert_eq!(counts, [10, 10, 5]);
        let text = format!("Name,Email\n{}", "\"a\nb\",c\n".repeat(25));
        let read = |part: &String| table::read(part, 100).unwrap().0.len();
        assert_eq!(parts(&text, 10).iter().map(read).collect::<Vec<_>>(), [10, 10, 5]);
        assert!(parts("", 10).is_empty() && parts("Name\n", 10).is_empty());
        assert!(!has_cards(&text));
    }

    #[test]
    fn a_long_card_stands_alone() {
        let long = format!("BEGIN:VCARD\nNOTE:{}\nEND:VCARD\n", "x".repeat(PART_OCTETS));
        let text = format!("BEGIN:VCARD\nFN:a\nEND:VCARD\n{long}BEGIN:VCARD\nFN:b\nEND:VCARD\n");
        assert_eq!(parts(&text, 10).len(), 3);
    }
}
