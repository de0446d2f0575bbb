//! Text of the type text/plain, whose paragraphs may be spread over several lines (RFC 3676).

/// How the lines of a text/plain part relate to its paragraphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// Each line stands for itself.
    #[default]
    Fixed,
    /// A line that ends with a space goes on in the next one (`format=flowed`).
    Flowed,
    /// The same, but that space belongs to no word (`delsp=yes`).
    FlowedWithoutSpace,
}

/// A line of a flowed text.
struct Line<'t> {
    depth: usize,
    text: &'t str,
    flows: bool,
}

/// Returns the text with one line for each paragraph.
pub fn of_text(text: &str, flow: Flow) -> String {
    if flow == Flow::Fixed {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    // The depth of the paragraph that goes on in the next line.
    let mut open: Option<usize> = None;
    for line in text.lines().map(|line| read(line.strip_suffix('\r').unwrap_or(line))) {
        // RFC 3676 §4.5: a change of depth ends a paragraph, and so does a signature's line.
        let goes_on = open == Some(line.depth) && line.text != SIGNATURE;
        if !goes_on {
            if open.is_some() {
                end_line(&mut out);
            }
            start_line(&mut out, line.depth);
        }
        let kept = match flow {
            Flow::FlowedWithoutSpace if line.flows => &line.text[..line.text.len() - 1],
            _ => line.text,
        };
        out.push_str(kept);
        open = line.flows.then_some(line.depth);
        if open.is_none() {
            out.push('\n');
        }
    }
    if open.is_some() {
        end_line(&mut out);
    }
    if !text.ends_with('\n') && out.ends_with('\n') {
        out.pop();
    }
    out
}

/// The line before a signature, which never flows (RFC 3676 §4.3).
const SIGNATURE: &str = "-- ";

fn read(line: &str) -> Line<'_> {
    // RFC 3676 §4.5: quote marks come first, then one stuffed space (§4.4).
    let rest = line.trim_start_matches('>');
    let text = rest.strip_prefix(' ').unwrap_or(rest);
    Line { depth: line.len() - rest.len(), text, flows: text.ends_with(' ') && text != SIGNATURE }
}

fn start_line(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n('>', depth));
    if depth > 0 {
        out.push(' ');
    }
}

/// Ends a paragraph whose last line announced another one.
fn end_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_one_line_each() {
        for (given, expected) in [
            ("all work and \r\nno play\r\nnext\r\n", "all work and no play\nnext\n"),
            (" From the start\r\n  two\r\n", "From the start\n two\n"),
            (" >no quotation\r\n", ">no quotation\n"),
            ("> a \r\n> b\r\n> \r\n>> c \r\n> d\r\n", "> a b\n> \n>> c\n> d\n"),
            ("> a \r\nb\r\n", "> a\nb\n"),
            ("end \r\n-- \r\nDana\r\n", "end\n-- \nDana\n"),
            ("> end \r\n> -- \r\n> Dana", "> end\n> -- \n> Dana"),
            // An empty line ends a paragraph like any other line that does not flow.
            ("a \r\n\r\nb", "a \nb"),
            ("last ", "last"),
            ("", ""),
        ] {
            assert_eq!(of_text(given, Flow::Flowed), expected, "{given:?}");
        }
        assert_eq!(of_text("日本 \r\n語 \r\nabc  \r\nd", Flow::FlowedWithoutSpace), "日本語abc d");
        assert_eq!(of_text("a \r\nb", Flow::Fixed), "a \r\nb");
    }
}
