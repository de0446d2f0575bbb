//! Rows of comma-separated values (RFC 4180), as programs write them.

/// The most octets of a row, and the most columns; a row that is longer is left out.
pub const ROW_OCTETS_MAX: usize = 256 * 1024;
pub const COLUMNS_MAX: usize = 500;

/// The rows of a file. The first says what stands between values: a comma, or as some programs write
/// it, a semicolon or a tab.
pub struct Rows<'t> {
    rest: &'t str,
    by: char,
}

/// Returns the rows of a file.
pub fn rows(text: &str) -> Rows<'_> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    let head = &head[..head.floor_char_boundary(ROW_OCTETS_MAX)];
    let count = |by: char| head.matches(by).count();
    // The comma is the last: of equal ones, it is taken.
    let by = ['\t', ';', ','].into_iter().max_by_key(|by| count(*by)).unwrap_or(',');
    Rows { rest: text, by }
}

impl<'t> Rows<'t> {
    /// The same rows, without the first `octets` of the file.
    pub fn rest(&self) -> &'t str {
        self.rest
    }

    /// Takes one value. Returns it, and whether it is the last of its row.
    fn value(&mut self) -> (String, bool) {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([self.by, '\n']).unwrap_or(self.rest.len());
            let value = self.rest[..end].strip_suffix('\r').unwrap_or(&self.rest[..end]);
            let value = value.to_owned();
            return (value, self.skip(end));
        };
        let mut value = String::new();
        self.rest = quoted;
        loop {
            let end = self.rest.find('"').unwrap_or(self.rest.len());
            value.push_str(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    value.push('"');
                    self.rest = rest;
                }
                None => break,
            }
        }
        // What stands between the quotation mark and the next comma belongs to no value.
        let end = self.rest.find([self.by, '\n']).unwrap_or(self.rest.len());
        (value, self.skip(end))
    }

    /// Goes on after the mark at `end`. Returns whether it ends the row.
    fn skip(&mut self, end: usize) -> bool {
        let mark = self.rest[end..].chars().next();
        self.rest = &self.rest[end + mark.map_or(0, char::len_utf8)..];
        mark != Some(self.by)
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        while !self.rest.is_empty() {
            let (mut row, mut octets) = (Vec::new(), 0);
            loop {
                let (value, is_last) = self.value();
                octets += value.len();
                if row.len() < COLUMNS_MAX && octets <= ROW_OCTETS_MAX {
                    row.push(value);
                }
                if is_last {
                    break;
                }
            }
            if row.iter().any(|value| !value.trim().is_empty()) {
                return Some(row);
            }
        }
        None
    }
}

/// Appends a row.
pub fn write<'v>(out: &mut String, values: impl IntoIterator<Item = &'v str>) {
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&guarded(value)));
    }
    out.push_str("\r\n");
}

fn quoted(value: &str) -> String {
    match value.contains([',', ';', '\t', '"', '\n', '\r']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value.to_owned(),
    }
}

/// A spreadsheet would run a value that begins like a formula. It shows one that begins with an
/// apostrophe as text.
///
/// In many languages a spreadsheet parts values with semicolons, and then a mark inside one of ours
/// begins another cell: so what follows such a mark is guarded as well.
fn guarded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (place, cell) in cells(value) {
        if is_formula(cell, place) || is_guarded(cell, place) {
            out.push('\'');
        }
        out.push_str(cell);
    }
    out
}

/// The value without the apostrophes that [`write`] put into it.
pub fn unguarded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (place, cell) in cells(value) {
        out.push_str(if is_guarded(cell, place) { &cell[1..] } else { cell });
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Begin,
    Inside,
}

/// The parts of a value, each with the mark at its end that may end a cell.
fn cells(value: &str) -> impl Iterator<Item = (Place, &str)> {
    let places = std::iter::once(Place::Begin).chain(std::iter::repeat(Place::Inside));
    places.zip(value.split_inclusive([';', '\t', '\n', '\r']))
}

fn is_guarded(cell: &str, place: Place) -> bool {
    let rest = cell.trim_start_matches('\'');
    rest.len() < cell.len() && is_formula(rest, place)
}

/// Whether a program would run it. Blanks in front do not hinder it, nor do quotation marks that end
/// at once. A value itself may not begin with a mark that some programs leave out.
fn is_formula(cell: &str, place: Place) -> bool {
    let is_mark = |c: char| matches!(c, '\t' | '\r' | '\n');
    let is_skipped = |c: char| c == '"' || (c.is_whitespace() && !is_mark(c));
    let begin = cell.trim_start_matches(is_skipped).chars().next();
    begin.is_some_and(|c| "=+-@＝＋－＠".contains(c) || (place == Place::Begin && is_mark(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        rows(text).collect()
    }

    #[test]
    fn values_are_read_as_programs_write_them() {
        for (text, expected) in [
            ("a,b\r\nc,d", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a;b\nc;d,e\n", vec![vec!["a", "b"], vec!["c", "d,e"]]),
            ("a\tb\n\n,\n\"c\td\"\te", vec![vec!["a", "b"], vec![","], vec!["c\td", "e"]]),
            ("\u{feff}\"a \"\"b\"\"\",\"c\r\nd\"x,e\n", vec![vec!["a \"b\"", "c\r\nd", "e"]]),
            ("a,\"b", vec![vec!["a", "b"]]),
            ("a,\n", vec![vec!["a", ""]]),
            ("", vec![]),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_runs_nowhere() {
        let values = [
            "=1+1",
            "+49 30",
            "-x",
            "@a",
            "'quoted",
            "'=x",
            "''=x",
            "a\n=b",
            "ü, \"x\"",
            "",
            "x;=1+1;y",
            "x; =1",
            "x;\"=1\"",
            "x;'=1",
            "x\t\u{a0}@a",
            "x\r\n-1",
            "\t=1",
            "\n\n=1",
            ";;=1;'=",
            "x;\u{ff1d}1",
            "a;b",
        ];
        let mut out = String::new();
        write(&mut out, vec!["a"; values.len()]);
        write(&mut out, values);
        let row = read(&out).remove(1);
        assert_eq!(row.len(), values.len());
        for (value, read) in values.iter().zip(&row) {
            assert_eq!(unguarded(read), *value);
        }
        let runs = |cell: &str| {
            let cell = cell.trim_matches(|c: char| c == '"' || c.is_whitespace());
            cell.starts_with(['=', '+', '-', '@', '＝'])
        };
        assert!(!row.iter().any(|cell| runs(cell)), "{row:?}");
        // As programs read it that part values with another mark, or do not know quotation marks.
        for marks in [&[';', '\n'][..], &['\t', '\n'], &[';', '\t', '\r', '\n']] {
            let found = out.split(marks).find(|cell| runs(cell));
            assert_eq!(found, None, "{marks:?} in {out}");
        }
        for by in [';', '\t'] {
            let found = Rows { rest: &out, by }.flatten().find(|cell| runs(cell));
            assert_eq!(found, None, "{by:?} in {out}");
        }
    }

    #[test]
    fn a_row_without_end_is_cut() {
        let long = format!("a,b\n\"{}", "x,".repeat(ROW_OCTETS_MAX));
        assert_eq!(read(&long).len(), 1);
        assert_eq!(read(&",a".repeat(COLUMNS_MAX * 2))[0].len(), COLUMNS_MAX);
    }
}
