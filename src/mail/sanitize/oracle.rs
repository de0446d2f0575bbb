//! A second opinion on sanitised HTML, for tests and fuzzing. It reads the document with the
//! tokenizer of an HTML parser, not with ours, and has its own list of what is inert.

use std::cell::Cell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::BEFORE;

/// Returns whether a document contains no script, no event handler, no remote content, and nothing
/// that could cover the page around it. Our own markup before the mail's HTML is not checked.
pub fn oracle_is_inert(html: &str) -> bool {
    let own = html.strip_prefix(BEFORE).unwrap_or(html);
    let tokenizer = Tokenizer::new(Judge { inert: Cell::new(true) }, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(own));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.inert.get()
}

struct Judge {
    inert: Cell<bool>,
}

impl TokenSink for Judge {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let fine = match token {
            Token::TagToken(tag) => is_inert_tag(&tag),
            // One parser skips a comment that another may not.
            Token::CommentToken(_) | Token::DoctypeToken(_) => false,
            _ => true,
        };
        self.inert.set(self.inert.get() && fine);
        TokenSinkResult::Continue
    }
}

/// Tags that load, run or send something, or change how the following text is parsed.
const ACTIVE: &str = "applet audio base basefont button canvas dialog embed fieldset form frame \
    frameset head iframe image input isindex keygen link listing map area marquee math menuitem \
    meta meter noembed noframes noscript object optgroup option param picture plaintext portal \
    progress script select slot source style svg template textarea title track video xmp";

fn is_inert_tag(tag: &Tag) -> bool {
    let name = &*tag.name;
    let active = ACTIVE.split_ascii_whitespace().any(|active| active == name);
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let attributes_fine = tag.kind == TagKind::EndTag
        || tag
            .attrs
            .iter()
            .all(|attribute| is_inert_attribute(name, &attribute.name.local, &attribute.value));
    !active && plain && attributes_fine
}

fn is_inert_attribute(tag: &str, name: &str, value: &str) -> bool {
    let starts = |schemes: &[&str]| {
        let value = value.to_ascii_lowercase();
        schemes.iter().any(|scheme| value.starts_with(scheme))
    };
    match name {
        "style" => is_inert_style(value),
        "src" => tag == "img" && !value.contains([':', '\\']) && !value.starts_with('/'),
        "href" => tag == "a" && starts(&["http://", "https://", "mailto:"]),
        // Names that could collide with those of the page around it.
        "id" | "name" | "class" | "slot" | "is" => false,
        "rel" => value == "noopener noreferrer",
        "target" => value == "_blank",
        "align" | "alt" | "bgcolor" | "border" | "cellpadding" | "cellspacing" | "color"
        | "colspan" | "dir" | "face" | "height" | "lang" | "rowspan" | "size" | "span"
        | "start" | "title" | "valign" | "width" => true,
        // Our own markers, which have no value.
        "data-remote" | "data-missing" => tag == "img" && value.is_empty(),
        _ => false,
    }
}

fn is_inert_style(value: &str) -> bool {
    // A backslash could encode any of these words, so it is not decoded but refused.
    let escaped = value.contains('\\') && value.contains('(');
    let value = value.to_ascii_lowercase();
    let words = ["url(", "src(", "image(", "-set(", "expression", "javascript:", "@import"];
    let moves = value.split(';').any(|property| {
        let name = property.split(':').next().unwrap_or_default().trim();
        matches!(name, "position" | "z-index" | "content" | "behavior" | "-moz-binding")
    });
    !escaped && !moves && !words.iter().any(|word| value.contains(word))
}
