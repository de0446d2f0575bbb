//! Files in the middle of a plain text, as old systems and some printers still send them
//! (POSIX.1-2017, uuencode).

use super::unpacked::File;

/// How many files one text has at most; the rest stays text.
const FILES_MAX: usize = 100;

/// Returns a text without its files, and the files. A beginning without an end is text.
pub fn split(text: &str) -> (String, Vec<File>) {
    let (mut words, mut files) = (String::new(), Vec::new());
    let mut lines = text.split_inclusive('\n');
    // From an end that is missing once, it is missing for all that begin later.
    let mut is_open = true;
    while let Some(line) = lines.next() {
        let name = name(line).filter(|_| is_open && files.len() < FILES_MAX);
        let Some(name) = name else {
            words.push_str(line);
            continue;
        };
        let mut ahead = lines.clone();
        match octets(&mut ahead) {
            Found::File(octets) => {
                files.push(File { name: name.to_owned(), octets, ..File::default() });
                lines = ahead;
            }
            Found::NoFile => words.push_str(line),
            Found::NoEnd => {
                is_open = false;
                words.push_str(line);
            }
        }
    }
    (words, files)
}

/// Returns whether a text could have a file in it.
pub fn may_contain(text: &str) -> bool {
    text.starts_with("begin ") || text.contains("\nbegin ")
}

/// Returns the name in a line that begins a file: `begin 644 name`.
fn name(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_end().split_once(' ')?;
    let is_mode = matches!(mode.len(), 3 | 4) && mode.bytes().all(|c| matches!(c, b'0'..=b'7'));
    (is_mode && !name.is_empty()).then_some(name)
}

enum Found {
    File(Vec<u8>),
    NoFile,
    /// The text ends within the file.
    NoEnd,
}

/// Reads the lines of a file up to its end.
fn octets<'t>(lines: &mut impl Iterator<Item = &'t str>) -> Found {
    let mut out = Vec::new();
    for line in lines {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim_end() == "end" {
            return Found::File(out);
        }
        if decode(line, &mut out).is_none() {
            return Found::NoFile;
        }
    }
    Found::NoEnd
}

/// Appends what one line encodes: the number of octets, and four characters for each three.
fn decode(line: &str, out: &mut Vec<u8>) -> Option<()> {
    let value = |c: u8| match c {
        b' '..=b'`' => Some((c - b' ') & 0x3f),
        _ => None,
    };
    let Some((first, rest)) = line.as_bytes().split_first() else { return Some(()) };
    let count = usize::from(value(*first)?);
    // Blanks at the end of a line may be lost on its way, but no file is larger than its text.
    let needed = count.div_ceil(3) * 4;
    if rest.len() > needed + 4 || count > line.len() {
        return None;
    }
    let start = out.len();
    for at in (0..needed).step_by(4) {
        let mut group = [0; 4];
        for (offset, slot) in group.iter_mut().enumerate() {
            *slot = value(rest.get(at + offset).copied().unwrap_or(b' '))?;
        }
        let [a, b, c, d] = group;
        out.extend([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    out.truncate(start + count);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_text_is_found() {
        let text = "Before.\nbegin 644 price list.txt\n#0V%T\n`\nend\nAfter.\n";
        let (words, files) = split(text);
        assert_eq!(words, "Before.\nAfter.\n");
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].name.as_str(), &*files[0].octets), ("price list.txt", &b"Cat"[..]));
        let (words, files) = split(&text.replace('\n', "\r\n").repeat(2));
        assert_eq!((words.lines().count(), files.len()), (4, 2));
    }

    #[test]
    fn what_only_begins_like_one_is_text() {
        for text in [
            "begin 644 a\n#0V%T\n",
            "begin 644 a\nWe met at noon, and all went well with us that day.\nend\n",
            "begin 644 a\nM\nM\nend\n",
            "begin with this\nend\n",
            "begin 999 a\n`\nend\n",
            &"begin 644 a\n".repeat(1_000),
        ] {
            let (words, files) = split(text);
            assert!(words == text && files.is_empty(), "{text}");
        }
    }
}
