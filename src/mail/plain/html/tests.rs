use super::*;
use crate::mail::words;

#[test]
fn what_stands_apart_is_apart_in_the_text() {
    for (given, expected) in [
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>", "a\tb\nc\td"),
        ("<table><tr><td><p>a</p></td><td>b</td></tr></table>", "a\n\nb"),
        ("<div>a</div><div>b</div>c", "a\nb\nc"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p style='margin:0cm'>a</p><p style='Margin: 1em 0 0'>b</p>", "a\nb"),
        ("<p style='margin:0 0 1em'>a</p><p style='margin:0.5em'>b</p>", "a\n\nb"),
        ("<h1>a</h1>b<hr>c", "a\n\nb\n\nc"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>d", "- a\n- b\n  - c\nd"),
        ("<ol start=3><li>a<li value=9>b<li>c</ol>", "3. a\n4. b\n5. c"),
        ("<dl><dt>a<dd>b</dl>", "a\nb"),
        ("a<br>b<br><br>c<br>", "a\nb\n\nc"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<p>a</p><p>&nbsp;</p><p>b", "a\n\n\nb"),
        ("<div>a</div><div>&nbsp;</div><div>&nbsp; b", "a\n\n  b"),
        ("<pre>\n a\n\n  b</pre>c", " a\n\n  b\n\nc"),
        ("<div style='white-space:pre-wrap'>a\n b</div>", "a\n b"),
        ("so<b>und</b>check <i> one</i>  two\n three", "soundcheck one two three"),
        ("a<img alt='logo' src=x>b<img alt=' '>c", "a logo b c"),
        ("<title>t</title><style>s</style><script>x</script>a<!-- c -->", "a"),
        ("a<div style='display: none'>pre<br>header</div>b", "a\nb"),
        (
            "<blockquote>a<p>b</p><blockquote>c</blockquote></blockquote>d",
            "> a\n>\n> b\n>\n>> c\n\nd",
        ),
        ("1 &lt; 2 &amp;amp; caf&eacute; &#8364;&nbsp;5", "1 < 2 &amp; café € 5"),
        ("<p> </p><br>", ""),
        ("", ""),
    ] {
        let text = of_html(given);
        assert_eq!(text.strip_suffix('\n').unwrap_or(&text), expected, "{given}");
    }
}

/// HTML that the sanitiser refuses is shown as its text, which must then be there.
#[test]
fn the_text_of_html_that_is_refused_is_complete() {
    let (open, close) = ("<div>".repeat(30_000), "</div>".repeat(30_000));
    let deep = format!("<title>t</title>{open}one<td>two{close}three");
    assert_eq!(of_html(&deep), "one\ttwo\nthree\n");
    let many: String = (0..5_000).map(|n| format!(" a{n}=1")).collect();
    assert_eq!(of_html(&format!("<style>x</style><p{many}>one<p>two")), "one\n\ntwo\n");
    let large = format!("<p>first</p>{}<p>last", "<p>word</p>".repeat(100_000));
    let text = of_html(&large);
    assert!(text.starts_with("first\n") && text.ends_with("last\n"));
}

/// The tokenizer would compare each of these attributes with all others: 4 × 10^10 comparisons.
#[test]
fn a_tag_with_very_many_attributes_costs_no_more_than_its_octets() {
    let many: String = (0..300_000).map(|n| format!(" a{n}")).collect();
    assert_eq!(of_html(&format!("<p{many} style='display:none'>one<p>two")), "one\n\ntwo\n");
}

/// Quotations, lists and tags that are never closed make the text many times longer.
#[test]
fn the_text_of_a_crafted_list_is_bounded() {
    let html = format!("{}{}", "<blockquote><ol>".repeat(20), "<li>a".repeat(1_000_000));
    let text = of_html(&html);
    assert!(text.len() > OCTETS_MAX / 2 && text.len() < OCTETS_MAX + 1024, "{}", text.len());
}

#[test]
fn what_a_style_hides_is_hidden() {
    for hidden in [
        "<img style='display:none' alt=pixel>",
        "<p style='display:none!important;display:block'>pixel</p>",
    ] {
        assert_eq!(of_html(&format!("a{hidden}")), "a\n", "{hidden}");
    }
    assert_eq!(of_html("<b style='display:block!important;display:none'>a</b>"), "a\n");
}

/// Each visible word is a word of the text, whatever it stands in.
#[test]
fn every_visible_word_is_a_word_of_the_text() {
    let tags = "p div td th li h1 h2 dt dd pre blockquote section article center caption address \
        figcaption header footer summary tr";
    for tag in tags.split_ascii_whitespace() {
        let cells = |inner: &str| format!("<table><tr>{inner}</tr></table>");
        let html = format!("<{tag}>Echo</{tag}><{tag}>Foxtrot</{tag}><{tag}><b>Hot</b>el");
        for source in [html.clone(), cells(&html), cells(&format!("<td>{html}</td>"))] {
            let found = words::folded(&of_html(&source));
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            assert_eq!(found, ["echo", "foxtrot", "hotel"], "{source}");
        }
    }
}
