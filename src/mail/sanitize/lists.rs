//! What HTML mail may contain. Everything that is not listed here is dropped.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A set of names.
pub type Words = LazyLock<HashSet<&'static str>>;

/// Tags that affect only the appearance. Never svg, math, style, noscript, iframe or form: every
/// known bypass of an HTML sanitiser needs one of those.
pub static TAGS: Words = LazyLock::new(|| {
    words(
        "a abbr address article b bdi bdo big blockquote br caption center cite code col \
         colgroup dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 \
         h6 header hr i img ins kbd li mark ol p pre q s samp section small span strike strong \
         sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr",
    )
});

/// Tags that are written as another one, which has the same appearance; no form can be sent.
pub const WRITTEN: [(&str, &str); 9] = [
    ("aside", "div"),
    ("fieldset", "div"),
    ("form", "div"),
    ("hgroup", "div"),
    ("main", "div"),
    ("nav", "div"),
    ("search", "div"),
    ("button", "span"),
    ("label", "span"),
];

/// Returns the name of a tag that may be shown, and the one that is written for it.
pub fn shown(name: &str) -> Option<(&'static str, &'static str)> {
    let itself = || TAGS.get(name).map(|name| (*name, *name));
    WRITTEN.iter().find(|(from, _)| *from == name).copied().or_else(itself)
}

/// The schemes of the URLs that are left; other URLs are dropped, unless they are relative.
pub const SCHEMES: [&str; 4] = ["http", "https", "mailto", "cid"];

/// Attributes that any tag may have.
pub static ATTRIBUTES: Words = LazyLock::new(|| {
    words(
        "align alt bgcolor border cellpadding cellspacing color colspan dir face height lang \
         rowspan size span start style title valign width",
    )
});

/// CSS properties that never load anything and cannot position content outside the frame or over
/// it.
pub static CSS: Words = LazyLock::new(|| {
    words(
        "background-color border border-bottom border-bottom-color border-bottom-style \
         border-bottom-width border-collapse border-color border-left border-left-color \
         border-left-style border-left-width border-radius border-right border-right-color \
         border-right-style border-right-width border-spacing border-style border-top \
         border-top-color border-top-style border-top-width border-width box-sizing clear color \
         direction display float font font-family font-size font-style font-weight height \
         letter-spacing line-height list-style list-style-type margin margin-bottom margin-left \
         margin-right margin-top max-height max-width min-height min-width opacity overflow \
         overflow-wrap padding padding-bottom padding-left padding-right padding-top table-layout \
         text-align text-decoration text-indent text-transform vertical-align white-space width \
         word-break word-wrap",
    )
});

/// Tags that never have content.
pub static VOID: Words = LazyLock::new(|| words("br col hr img wbr"));

/// Tags whose content is not markup and is dropped with them.
pub static RAW: Words =
    LazyLock::new(|| words("iframe noembed noframes script style textarea title xmp"));

/// Inline tags.
pub static INLINE: Words = LazyLock::new(|| {
    words(
        "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span \
         strike strong sub sup time tt u var",
    )
});

/// Tags that end an open paragraph.
pub static ENDS_PARAGRAPH: Words = LazyLock::new(|| {
    words(
        "address article blockquote center dd details div dl dt figcaption figure footer h1 h2 \
         h3 h4 h5 h6 header hr li ol p pre section summary table ul",
    )
});

fn words(list: &'static str) -> HashSet<&'static str> {
    list.split_ascii_whitespace().collect()
}
