use super::*;

fn clean(source: &str) -> Safe {
    html(source, &|source| (source == "cid:logo").then(|| "cid/3".to_owned())).unwrap()
}

/// Returns the mail's own part of the document.
fn body(source: &str) -> String {
    let html = clean(source).html;
    html.strip_prefix(BEFORE).unwrap().strip_suffix(AFTER).unwrap().to_owned()
}

#[test]
fn hostile_html_comes_out_inert() {
    for source in [
        "<script>alert(1)</script>x",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\" java\tscript:alert(1)\">x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>",
        "<a href=\"cid:logo\">x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<div style=\"width:u\\72l(http://x.example/)\">x</div>",
        "<div style=\"background:url(http://x.example/)\">x</div>",
        "<div style=\"width: expression(alert(1))\">x</div>",
        "<div style=\"color:red;background-image:image-set('http://x.example/')\">x</div>",
        "<table background=\"http://x.example/a.gif\"><tr><td>x</table>",
        "<form action=\"http://x.example\"><input name=a></form>",
        "<iframe srcdoc=\"<script>1</script>\"></iframe>",
        "<base href=\"http://x.example/\"><a href=\"y\">x</a>",
        "<meta http-equiv=refresh content=\"0;url=http://x.example\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<img srcset=\"http://x.example/a 1x\">",
        "<style>@import 'http://x.example'</style>x",
        "<div style='position:fixed;top:0'>x</div>",
        "<img alt='>\" onload=\"x' src=\"cid:logo\">",
        "<p id=location name=x class=y is=z>x</p>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<p title=\"<!--\"><p title=\"--><img src=x onerror=alert(1)>\">",
        "<plaintext><img src=x onerror=alert(1)>",
        "<image src=x onerror=alert(1)>",
        "<x/onclick=alert(1)>",
        "<a href=https://a.example/\"onclick=\"alert(1)>x",
        "<template><img src=x onerror=alert(1)></template>",
        "\u{0}<scr\u{0}ipt>alert(1)</script>",
    ] {
        let safe = clean(source);
        assert!(oracle_is_inert(&safe.html), "{source}\n{}", safe.html);
        assert!(!safe.html.contains("x.example"), "{source}\n{}", safe.html);
        assert!(!safe.html.contains("position"), "{source}\n{}", safe.html);
    }
}

/// Regression: removing a style by searching for `style="` in the text between tags also removed
/// the quote of a tag after it, so that the tag's value leaked into the text.
#[test]
fn text_that_looks_like_an_attribute_stays_text() {
    for bait in ["style=\"@", "src=\"cid:", "style=\"url(x)"] {
        let source =
            format!("a {bait}<img alt=\"<img src=x onerror=alert(1)>\" src=\"cid:logo\"> b");
        let safe = clean(&source);
        assert!(oracle_is_inert(&safe.html), "{}", safe.html);
        assert!(safe.html.contains(&format!("a {bait}<img alt=")), "{}", safe.html);
    }
}

#[test]
fn the_second_opinion_can_say_no() {
    for bad in [
        "<script>",
        "<p onclick=\"x\">",
        "<img src=\"http://x.example/\">",
        "<img src=\"//x.example/\">",
        "<a href=\"javascript:x\">",
        "<p style=\"width:url(x)\">",
        "<p style=\"width:u\\72l(x)\">",
        "<p style=\"position:fixed\">",
        "<p id=x>",
        "<svg>",
        "<!-- x -->",
        "<p/background=x>",
    ] {
        assert!(!oracle_is_inert(bad), "{bad}");
        assert!(!oracle_is_inert(&format!("{BEFORE}{bad}{AFTER}")), "{bad}");
    }
    assert!(oracle_is_inert(&format!("{BEFORE}<p>x</p>{AFTER}")));
}

#[test]
fn what_mail_looks_like_is_kept() {
    let kept = body(
        "<p style=\"color:red\">a <b>b</b> <a href=\"https://example.org/?a=1&b=2\">c</a></p>",
    );
    for part in ["color:red", "<b>b</b>", "https://example.org/?a=1&amp;b=2", "noopener", "_blank"]
    {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    assert_eq!(
        body("<p>caf&eacute; &lt;b&gt; &amp;amp; 1 < 2"),
        "<p>café &lt;b&gt; &amp;amp; 1 &lt; 2</p>"
    );
}

/// Newsletters write `background` for the colour of a button whose text is white.
#[test]
fn a_button_keeps_its_background() {
    let button = "<a href=https://a.example/ style=\"background:#e4572e;color:#fff;font:bold 14px \
        Arial;min-height:40px;box-sizing:border-box\">Shop now</a>";
    let kept = body(button);
    for part in
        ["background-color:#e4572e", "color:#fff", "font:bold", "min-height:40px", "box-sizing"]
    {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    let image = body(
        "<td style='x'></td><p style=\"color:#fff;background:url(&quot;https://x.example/&quot;)\">x</p>",
    );
    assert!(!image.contains("color") && !image.contains("x.example"), "{image}");
}

/// Class names say how most newsletters look.
#[test]
fn style_sheets_become_part_of_the_elements() {
    for (source, expected) in [
        (
            "<style>.a{color:red;background:#fff}</style><p class=a>x</p>",
            "<p style=\"color:red;background-color:#fff\">x</p>",
        ),
        (
            "<style>/* p{} */ P , #i > b { color : red } </style><p>x<b>y</b></p><div id=i><b>z</b></div>",
            "<p style=\"color:red\">x<b>y</b></p><div><b style=\"color:red\">z</b></div>",
        ),
        // The style attribute is stronger than any selector, and what is important than that.
        (
            "<style>#i{color:red;width:1px!important}.a{color:blue}</style>\
             <p id=i class=a style='height:2px;width:3px'>x</p>",
            "<p style=\"color:red;height:2px;width:1px\">x</p>",
        ),
        ("<style>@media (max-width:9px){p{color:red}}</style><p>x</p>", "<p>x</p>"),
        ("<style>@media screen{p{color:red}}</style><p>x</p>", "<p style=\"color:red\">x</p>"),
        ("<style media=print>p{color:red}</style><p>x</p>", "<p>x</p>"),
        ("<style>p:hover{color:red} p{} p{color:}</style><p>x</p>", "<p>x</p>"),
        (
            "<body bgcolor=112233 text=white><p>x</p></div>",
            "<div style=\"background-color:#112233;color:white\"><p>x</p></div>",
        ),
        (
            "<style>body{background:#000;color:#fff;width:9px}</style>x",
            "<div style=\"background-color:#000;color:#fff\">x</div>",
        ),
        (
            "<table background='https://a.example/'><tr><td><font color=white>x</font></table>",
            "<table><tbody><tr><td><font>x</font></td></tr></tbody></table>",
        ),
    ] {
        assert_eq!(body(source), expected, "{source}");
    }
}

/// A text is never shown on another ground than the one that its colour was chosen for.
#[test]
fn a_colour_stays_with_its_background() {
    for (source, expected) in [
        // The colour comes back on the first ground that is shown.
        (
            "<div style='background:url(x)'><p style='color:#fff'>a<span style='background:#000'>b</span></p></div>",
            "<div><p>a<span style=\"background-color:#000;color:#fff\">b</span></p></div>",
        ),
        (
            "<table><tr><td background=h.jpg style='color:#fff'><b bgcolor=#222222>b</b></table>",
            "<table><tbody><tr><td><b bgcolor=\"#222222\" style=\"color:#fff\">b</b></td></tr></tbody></table>",
        ),
        (
            "<div style='background:url(x)'><font color=white><i style='background:#000'>b</i></font></div>",
            "<div><font><i style=\"background-color:#000;color:white\">b</i></font></div>",
        ),
        // A link does not inherit its colour.
        (
            "<style>.h{background:url(x);color:#fff}.b{background:#eee}</style>\
             <div class=h><a href=https://a.example/ class=b>b</a></div>",
            "<div><a href=\"https://a.example/\" style=\"background-color:#eee\" target=\"_blank\" rel=\"noopener noreferrer\">b</a></div>",
        ),
        // The rule for the background is not understood.
        (
            "<style>td:nth-child(1){background:#000}.t{color:#fff}.k{background:#000}</style>\
             <p class=t>a<b class=k>b</b></p>",
            "<p>a<b style=\"background-color:#000;color:#fff\">b</b></p>",
        ),
        (
            "<style>.h{background-color:var(--b)}.h b{color:#fff}</style><p class=h><b>a</b></p>",
            "<p><b>a</b></p>",
        ),
        // Within one rule, it is a fallback; the rule before it is not.
        (
            "<style>p{background:#fff}.h{background:#222;background:paint(x);color:#fff}</style><p class=h>a</p>",
            "<p style=\"background-color:#222;color:#fff\">a</p>",
        ),
        (
            "<style>p{background:#fff}.h{background:paint(x);color:#fff}</style><p class=h>a</p>",
            "<p>a</p>",
        ),
    ] {
        assert_eq!(body(source), expected, "{source}");
    }
}

/// The elements of a newsletter are those that its selectors were written for.
#[test]
fn selectors_see_the_elements_that_a_browser_sees() {
    let table = |style: &str| {
        format!("<table><tbody><tr><td style=\"{style}\">x</td></tr></tbody></table>")
    };
    for (source, expected) in [
        (
            "<style>body{background:#fff}div{background:#000}div p{color:#fff}</style><p>x",
            "<div style=\"background-color:#fff\"><p>x</p></div>".to_owned(),
        ),
        (
            "<style>body{color:#111}body>table td{width:1px}</style><table><tr><td>x</table>",
            format!("<div style=\"color:#111\">{}</div>", table("width:1px")),
        ),
        ("<style>table>tbody>tr>td{width:1px}</style><table><tr><td>x</table>", table("width:1px")),
        ("<style>tbody>tr>td{width:1px}</style><table><td>x</table>", table("width:1px")),
        (
            "<style>table>tr>td{width:1px}</style><table><td>x</table>",
            "<table><tbody><tr><td>x</td></tr></tbody></table>".to_owned(),
        ),
        (
            "<style>html{background:#101820}body{color:#f2f2f2}</style>x",
            "<div style=\"background-color:#101820;color:#f2f2f2\">x</div>".to_owned(),
        ),
        (
            "<html style='background:#000!important;color:#fff'><body style='background:#eee'>x",
            "<div style=\"color:#fff;background-color:#eee\">x</div>".to_owned(),
        ),
        (
            "<style>.hero{background:#002}.t{color:#fff}</style><main class=hero><h1 class=t>Sale</h1></main>",
            "<div style=\"background-color:#002\"><h1 style=\"color:#fff\">Sale</h1></div>"
                .to_owned(),
        ),
        (
            "<style>form>button{color:red}</style><form><button>a</button></form>b",
            "<div><span style=\"color:red\">a</span></div>b".to_owned(),
        ),
        ("<p>a<nav>b<main>c</nav>d", "<p>a</p><div>b<div>c</div></div>d".to_owned()),
        (
            "<style>.dark :is(p, b){color:red}p:not(.a, b){color:red}</style><p class=dark><b>x</b></p>",
            "<p><b>x</b></p>".to_owned(),
        ),
        (
            "<style>_:-ms-fullscreen, p{display:none}a:hover,p{width:1px}</style><p>x",
            "<p style=\"width:1px\">x</p>".to_owned(),
        ),
        (
            "<style>p{font-family:'a\\'}';width:1px}b{width:2px}</style><p>x<b>y",
            "<p style=\"width:1px\">x<b style=\"width:2px\">y</b></p>".to_owned(),
        ),
        (
            "<style>@media not print{p{width:1px}}@media only\tscreen{b{width:1px}}@media not screen{p{width:2px}}</style><p>x<b>y",
            "<p style=\"width:1px\">x<b style=\"width:1px\">y</b></p>".to_owned(),
        ),
        (
            "<p style='width:min(9px,calc(8px - 1px));color:red'>x",
            "<p style=\"color:red\">x</p>".to_owned(),
        ),
    ] {
        assert_eq!(body(source), expected, "{source}");
    }
}

/// Each piece of a message is dressed as it would be alone, and what may be shown does not depend on
/// style sheets.
#[test]
fn a_piece_does_not_depend_on_its_neighbours() {
    let costly = format!("<style>{}</style>{}", "*{width:1px}".repeat(50), "<br>".repeat(500));
    let piece = "<style>p{color:red}</style><p>x</p>";
    let joined =
        html_with(&[costly.as_str(), piece], &Images { inside: &|_| None, remote: &|_| None });
    assert!(joined.unwrap().html.contains("<p style=\"color:red\">x</p>"));
    for depth in [DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1] {
        let source = format!("<style>body{{color:red}}</style>{}x", "<div>".repeat(depth));
        let checked = check_bounds(std::slice::from_ref(&source));
        assert_eq!(checked.is_ok(), html(&source, &|_| None).is_ok(), "{depth}");
        assert_eq!(checked.is_ok(), depth <= DEPTH_MAX, "{depth}");
    }
}

/// A style sheet passes by the same filters as a style attribute.
#[test]
fn hostile_style_sheets_come_out_inert() {
    for rule in [
        "p{position:fixed;top:0}",
        "p{background:url(http://x.example/)}",
        "p{background:url(http://x.example/) red;background-image:url('//x.example')}",
        "p{width:u\\72l(http://x.example/)}",
        "p{width:expression(alert(1));behavior:url(x.example)}",
        "p{color:red;}</style><img src=x onerror=alert(1)><style>",
        "p{font-family:'\"><img src=x onerror=alert(1)>'}",
        "p{font-family:x&quot; onclick=alert(1)}",
        "@import 'http://x.example/';@font-face{src:url(http://x.example/)}",
        "p{color:red} } p{content:'x.example'} { p{color:image-set('x.example')}",
        "p{background:linear-gradient(red url(x.example))}",
        "p{--x:url(x.example);color:var(--x)}",
    ] {
        let safe = clean(&format!("<style>p{{padding:7px}} {rule}</style><p class=a>x</p>"));
        // The sheet is read.
        assert!(safe.html.contains("padding:7px"), "{rule}\n{}", safe.html);
        assert!(oracle_is_inert(&safe.html), "{rule}\n{}", safe.html);
        for bad in ["x.example", "position", "url(", "var("] {
            assert!(!safe.html.contains(bad), "{rule}\n{}", safe.html);
        }
    }
}

/// Beyond the budget, no style sheet is applied at all, so that nothing is half dressed.
#[test]
fn style_sheets_that_cost_too_much_are_left_out() {
    let many: String = (0..4_000).map(|n| format!("p b{{color:red;width:{n}px}}")).collect();
    let elements = "<p><b>x</b></p>".repeat(9_000);
    let shown = body(&format!("<style>{many}</style>{elements}"));
    assert!(!shown.contains("style="), "{}", &shown[..200]);
    let long = format!(
        "<style>b{{font-family:{}}}</style>{}",
        "x".repeat(4_000),
        "<b>x</b>".repeat(2_000)
    );
    assert!(!body(&long).contains("style="));
    assert!(body(&format!("<style>p b{{color:red}}</style>{elements}")).contains("color:red"));
}

/// Regression: a list of selectors that was cut short left its rule without declarations.
#[test]
fn selectors_beyond_the_limit_are_skipped() {
    let list = "p,".repeat(5_000);
    let shown = body(&format!("<style>{list}p{{color:red}}b{{width:1px}}</style><p>x<b>y</b>"));
    assert!(shown.starts_with("<p style=\"color:red\">x<b>y</b>"), "{shown}");
    let rules: String = (0..5_000).map(|n| format!(".c{n}{{width:{n}px}}")).collect();
    let source =
        format!("<style>{rules}:x{{display:none}}</style><p class=c4000>x<p class=c4999>y");
    assert_eq!(body(&source), "<p style=\"width:4000px\">x</p><p>y</p>");
}

/// One step of the budget costs about the same whatever is compared.
#[test]
fn long_names_and_values_are_not_kept() {
    let (long, value) = ("n".repeat(65), "x".repeat(513));
    for selector in [format!(".{long}"), format!("#{long}"), long.clone(), format!("p.{long}")] {
        let source = format!(
            "<style>{selector}{{color:red}}b{{width:1px;font-family:{value}}}</style>\
             <p class={long} id={long}>x<b>y</b></p>"
        );
        assert_eq!(body(&source), "<p>x<b style=\"width:1px\">y</b></p>", "{selector}");
    }
}

/// Many parts of a message cost no more than one that is as long.
#[test]
fn the_budget_is_in_proportion_to_the_length() {
    let source =
        format!("<style>*{{font-family:'{}'}}</style>{}", "\"".repeat(400), "<br>".repeat(900));
    assert!(body(&source).len() < 4096 + 32 * source.len());
    let deep = format!(
        "<style>{}</style>{}<i>x</i>",
        "q b b b b b b i{color:red}".repeat(20),
        "<b>".repeat(100)
    );
    let parts = vec![deep; 50];
    let start = computed();
    for part in &parts {
        balanced(part).unwrap();
    }
    let alone = computed() - start;
    assert!(alone < 1_000_000_000, "{alone} ns");
}

/// A deep table of tables, as newsletters are, keeps the style that its selectors give it.
#[test]
fn deep_elements_keep_their_style() {
    let (open, close) = ("<table><tr><td>".repeat(12), "</table>".repeat(12));
    let rules = "div table td table td table td p{color:red}.x td td td td td p{width:1px}"
        .to_owned()
        + &"q > table td > table td > table td p{color:blue}".repeat(10);
    let source = format!("<style>{rules}</style><div>{open}{}{close}", "<p>x</p>".repeat(100));
    let shown = body(&source);
    assert_eq!(shown.matches("<p style=\"color:red\">").count(), 100, "{shown}");
}

#[test]
fn unclosed_and_crossed_tags_end_where_a_reader_expects() {
    for (source, expected) in [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c"),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("<b><div>x</b>y</div>z", "<b><div>xy</div></b>z"),
        ("<div><span></div>x", "<div><span></span></div>x"),
        ("</div>x</td>", "x"),
        (
            "<a href=\"https://a.example/\">x",
            "<a href=\"https://a.example/\" target=\"_blank\" rel=\"noopener noreferrer\">x</a>",
        ),
        ("<!--[if mso]><table><![endif]-->x<![if !mso]>y<![endif]>", "xy"),
        ("<title>t</title><style>p{}</style>x<script>1<2</scripty></script>z", "xz"),
        ("<style>unclosed <p>x", ""),
    ] {
        assert_eq!(body(source), expected, "{source}");
    }
    let table = body("<table><tr><td>a<td>b<tr><td>c</div></table>");
    assert_eq!(
        table,
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>"
    );
}

#[test]
fn inline_images_are_shown_and_remote_ones_counted() {
    let source = "<img src=\"cid:logo\"><img src=\"CID:%6Cogo\"><img src=\"cid:other\">\
        <img alt=\"An offer\" src=\"https://t.example/p.gif\"><img src=\"data:image/png;base64,AA\">";
    let safe = clean(source);
    assert_eq!(safe.html.matches("src=\"cid/3\"").count(), 2, "{}", safe.html);
    assert!(safe.html.contains("alt=\"An offer\"") && !safe.html.contains("t.example"));
    assert_eq!(safe.remote_images, 1);
    // One that the message names and does not have is marked; what is no image of it is not.
    assert_eq!(safe.html.matches("<img data-missing=\"\"").count(), 1, "{}", safe.html);
}

#[test]
fn what_the_parser_cannot_bear_is_refused_before_it() {
    let none = |_: &str| None;
    assert_eq!(html(&"a".repeat(600_000), &none), Err(Refused::TooLarge));
    assert_eq!(html(&"<div>".repeat(30_000), &none), Err(Refused::TooDeep));
    // End tags of something else do not make it shallower.
    assert_eq!(html(&"<div></b></x>".repeat(30_000), &none), Err(Refused::TooDeep));
    let many: String = (0..5_000).map(|n| format!(" a{n}=1")).collect();
    assert_eq!(html(&format!("<p{many}>"), &none), Err(Refused::TooManyAttributes));
    assert_eq!(html(&format!("<p x='>'{many}>"), &none), Err(Refused::TooManyAttributes));
}

fn hostile_structures(octets: usize) -> Vec<String> {
    let formatting: String = (0..500).map(|n| format!("<font size={n}>")).collect();
    let fill = |start: &str, unit: &str| {
        start.to_owned() + &unit.repeat((octets - start.len()) / unit.len())
    };
    vec![
        fill("", "<br>"),
        fill("", "<!--x-->"),
        fill("<!--", "-"),
        fill("", "<!--!>"),
        fill("", "<"),
        fill("", "</"),
        fill("", "<a "),
        fill("", "<p a='"),
        fill("", "<style></styl"),
        fill("", "<style></style>"),
        fill("", "&"),
        fill("", "&a"),
        fill("", "\u{a0}"),
        format!("<p title='{}'>", "&".repeat(octets - 20)),
        fill("", &format!("<p title='{}'>", "&".repeat(500))),
        fill(&format!("<p>{formatting}"), "<p>x"),
        fill(&format!("<table>{formatting}"), "<tr>x"),
        fill(&format!("<table>{formatting}"), "<td></td>x"),
        fill(&format!("<table><tr>{formatting}"), "<tr>x<td></td>"),
        fill(&"<div>".repeat(500), "<p>x"),
        fill(&"<div>".repeat(500), "</b>"),
        fill(&"<div><b>".repeat(250), "</b>"),
        fill(&formatting, "<a>x"),
    ]
}

fn hostile_sheets(octets: usize) -> Vec<String> {
    let long_class = format!("<b class={}>x</b>", "n".repeat(octets / 64));
    let fill = |start: &str, unit: &str| {
        start.to_owned() + &unit.repeat((octets - start.len()) / unit.len())
    };
    let many = |rule: &str| format!("<style>{}</style>", rule.repeat(20));
    let deep = "<b>".repeat(99);
    vec![
        fill("<style>", "p{color:red}"),
        fill("<style>", "@media screen{"),
        fill("<style>", "/*"),
        fill("<style>", "p,") + "p{color:red}</style><p>x",
        fill("<style>p{", "width:1px;") + "}</style><p>x",
        fill(&many("b{color:red}*{width:1px}"), "<b>x</b>"),
        fill(&(many("q b b b b b b i{color:red}") + &deep), "<i>x</i>"),
        fill(&(many("q b>b b>b b>b i{color:red}") + &deep), "<i>x</i>"),
        fill(&format!("<style>br{{background:{}}}</style>", "0 ".repeat(octets / 4)), "<br>"),
        fill(&format!("<style>br{{background:{}}}</style>", "zz ".repeat(octets / 6)), "<br>"),
        fill(&format!("<style>.{}{{width:1px}}</style>", "n".repeat(octets / 4)), &long_class),
        fill(&format!("<style>*{{font-family:'{}'}}</style>", "\"".repeat(400)), "<br>"),
        fill(
            "<div style='background:url(x);color:rgb(1,                      2,3)'>",
            "<i bgcolor=x></i>",
        ),
    ]
}

/// The time that this thread has computed, in nanoseconds.
fn computed() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Returns the octets that come out, and what it costs.
fn cleaned(source: &str) -> (usize, u64) {
    let start = computed();
    let outcome = html(source, &|_| None);
    let cost = computed() - start;
    let Ok(safe) = outcome else { return (0, cost) };
    assert!(oracle_is_inert(&safe.html));
    (safe.html.len(), cost)
}

/// Eight times the input costs about eight times as much; if the time were quadratic, it would be
/// 64 times.
#[test]
fn hostile_structure_takes_linear_time_and_space() {
    const OCTETS: usize = OCTETS_MAX / 8;
    /// Costs below this are mostly noise.
    const NOISE: u64 = 5_000_000;
    let all = |octets| [hostile_structures(octets), hostile_sheets(octets)].concat();
    for (n, (small, large)) in all(OCTETS / 8).iter().zip(all(OCTETS)).enumerate() {
        let (_, cost) = cleaned(small);
        let (octets, mut costs) = cleaned(&large);
        assert!(octets < 20 * OCTETS, "case {n}: {octets} octets");
        // Beside other work, the same takes longer now and then.
        for _ in 0..3 {
            if costs >= 24 * cost.max(NOISE) {
                costs = costs.min(cleaned(&large).1);
            }
        }
        assert!(costs < 24 * cost.max(NOISE), "case {n}: {cost} ns, then {costs} ns");
    }
}

/// A quotation at the end is folded; quotations with replies between them, or a quotation that is
/// the whole message, are not.
#[test]
fn a_quotation_at_the_end_is_folded() {
    let folded = |source: &str| html(source, &|_| None).unwrap().html.contains("<details>");
    assert!(folded("<p>Yes.</p><blockquote><p>Shall we?</p></blockquote>"));
    assert!(folded(
        "<p>Yes.</p><div>On Monday: <blockquote>a<blockquote>b</blockquote></blockquote><br></div>"
    ));
    assert!(folded("<blockquote>one</blockquote>yes<blockquote>two</blockquote>"));
    assert!(!folded("<blockquote>one</blockquote><p>yes</p>"));
    assert!(!folded("<blockquote>all there is</blockquote>"));
    assert!(!folded("<p>no quotation</p>"));
    assert!(!folded("<p>x</p><blockquote>a</blockquote><img src='cid:1'>"));
    let whole = html("<p>Yes.</p><blockquote>a</blockquote>", &|_| None).unwrap().html;
    assert!(whole.contains("</summary><blockquote>a</blockquote></details>"), "{whole}");
}
