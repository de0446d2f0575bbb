//! Which colours of text and background belong together.
//!
//! A background that is not shown, because it is an image or is not understood, takes the colours of
//! the text on it with it: they were chosen for it, and could be the colour of what is shown instead.
//! They come back on the first background inside that is shown.

use std::rc::Rc;

use super::colour::Colour;
use super::paint::Paint;
use super::style::Declaration;

/// What the text of an element stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// The page; nothing has a colour.
    #[default]
    Page,
    /// A background that is shown, or one of which only the text's colour is known.
    Own,
    /// A background that is not shown.
    Lost,
}

/// What an element inherits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    pub ground: Ground,
    /// The colour that the mail wants its text to have, if it is understood.
    colour: Option<Rc<str>>,
    /// Whether the text does not have that colour.
    is_withheld: bool,
}

impl Around {
    /// Returns whether the style of an element within may have to change.
    pub fn changes(&self) -> bool {
        self.ground == Ground::Lost || self.is_withheld
    }
}

/// What the attributes of an element say about its appearance, beside its style.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    pub ground: Ground,
    pub colour: Option<&'a str>,
    /// A link does not inherit its colour.
    pub is_link: bool,
}

/// What is written for an element.
#[derive(Debug, PartialEq, Eq)]
pub struct Dressed {
    pub style: String,
    /// What the elements inside inherit.
    pub inside: Around,
}

/// The colours of the page that a message is shown on.
pub const PAGE: &str = "background-color:#fff;color:#1a1a1a;";

/// A declaration, and whether it is of a sheet.
type Declared<'d> = (&'d Declaration, bool);

/// What an element shows behind its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backdrop {
    Clear,
    Veil,
    Solid,
    Lost,
}

/// Returns one style of what the sheets declare for an element and what its own style does, each the
/// weakest first.
pub fn dress(
    sheets: &[&Declaration],
    own: &[Declaration],
    attributes: Attributes<'_>,
    around: &Around,
) -> Dressed {
    let last = cascade(sheets, own);
    let paint = shown(&last);
    let backdrop = backdrop(paint, attributes.ground);
    let here = match (backdrop, around.ground) {
        (Backdrop::Lost, _) | (Backdrop::Veil, Ground::Lost) => Ground::Lost,
        (Backdrop::Solid | Backdrop::Veil, _) => Ground::Own,
        (Backdrop::Clear, around) => around,
    };
    let is_replaced = here == Ground::Lost && around.ground == Ground::Own;
    let mut text = Text::of(&last, attributes, around);
    text.is_withheld = match text.origin {
        Origin::Around => text.is_withheld || is_replaced,
        // A light colour in a sheet was chosen for a background whose rule is not understood.
        Origin::Sheet if here == Ground::Page => text.is_light(),
        Origin::Sheet | Origin::Element => here == Ground::Lost,
    };
    let is_back = text.is_withheld && backdrop == Backdrop::Solid;
    let mut style = String::new();
    if is_replaced {
        // The colours around it were chosen for something else.
        style.push_str(PAGE);
    }
    // What clears an attribute's colour is written on any ground.
    let paint = paint.filter(|paint| here != Ground::Lost || **paint == Paint::Clear);
    write(&mut style, &last, paint, !text.is_withheld);
    if is_back && let Some(colour) = &text.colour {
        style.extend(["color:", colour, ";"]);
    }
    let is_coloured = text.origin != Origin::Around && !text.is_withheld;
    let ground = if here == Ground::Page && is_coloured { Ground::Own } else { here };
    let is_withheld = text.is_withheld && !is_back;
    Dressed { style, inside: Around { ground, colour: text.colour, is_withheld } }
}

/// Returns the declarations that no other one replaces (CSS Cascading Level 4 §6.4: what is important
/// comes last).
fn cascade<'d>(sheets: &[&'d Declaration], own: &'d [Declaration]) -> Vec<Declared<'d>> {
    let of_sheets = sheets.iter().map(|one| (*one, true));
    let all = of_sheets.chain(own.iter().map(|one| (one, false)));
    let (important, normal): (Vec<_>, Vec<_>) = all.partition(|(one, _)| one.important);
    let mut last: Vec<Declared<'_>> = Vec::new();
    for (one, is_of_sheet) in normal.into_iter().chain(important) {
        let resets = |name: &str| match one.name.as_str() {
            "background" => name.starts_with("background"),
            other => name == other,
        };
        last.retain(|(before, _)| !resets(&before.name));
        last.push((one, is_of_sheet));
    }
    last
}

/// Returns what the declared backgrounds show together.
fn shown<'d>(last: &[Declared<'d>]) -> Option<&'d Paint> {
    let (mut colour, mut image) = (None, None);
    for (one, _) in last {
        let Some(paint) = &one.paint else { continue };
        match (one.name.as_str(), paint) {
            ("background-image", Paint::Clear) => image = None,
            ("background-image", Paint::Unread) => image = Some(&Paint::Image),
            ("background-image", paint) | ("background", paint @ Paint::Image) => {
                image = Some(paint);
            }
            _ => colour = Some(paint),
        }
    }
    match (image, colour) {
        // The colour is shown where an image would have been.
        (Some(Paint::Image), Some(Paint::Solid(_))) => colour,
        (Some(_), _) => image,
        (None, _) => colour,
    }
}

fn backdrop(paint: Option<&Paint>, attribute: Ground) -> Backdrop {
    match (paint, attribute) {
        (Some(Paint::Solid(_)), _) => Backdrop::Solid,
        (None | Some(Paint::Image | Paint::Unread), Ground::Own) => Backdrop::Solid,
        (Some(Paint::Image | Paint::Unread), _) | (_, Ground::Lost) => Backdrop::Lost,
        (Some(Paint::Veil(_)), _) => Backdrop::Veil,
        (Some(Paint::Clear) | None, _) => Backdrop::Clear,
    }
}

/// Where the colour of a text is from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Around,
    Sheet,
    Element,
}

/// The text of an element.
struct Text {
    colour: Option<Rc<str>>,
    origin: Origin,
    is_withheld: bool,
}

impl Text {
    fn of(last: &[Declared<'_>], attributes: Attributes<'_>, around: &Around) -> Text {
        let read = |colour: &str| Colour::parse(colour).map(|_| Rc::from(colour));
        let declared = last.iter().find(|(one, _)| one.name == "color");
        let (colour, origin) = match (declared, attributes.colour) {
            (Some((one, _)), _) if is_inherited(one) => (around.colour.clone(), Origin::Around),
            (Some((one, true)), _) => (read(&one.value), Origin::Sheet),
            (Some((one, false)), _) => (read(&one.value), Origin::Element),
            (None, Some(colour)) => (read(colour), Origin::Element),
            (None, None) if attributes.is_link => {
                return Text { colour: None, origin: Origin::Around, is_withheld: false };
            }
            (None, None) => (around.colour.clone(), Origin::Around),
        };
        Text { colour, origin, is_withheld: around.is_withheld }
    }

    fn is_light(&self) -> bool {
        self.colour.as_deref().and_then(Colour::parse).is_some_and(Colour::is_light)
    }
}

fn is_inherited(colour: &Declaration) -> bool {
    colour.value.eq_ignore_ascii_case("inherit")
}

/// Writes the declarations, of the backgrounds only what is shown, and the text's colour if it is to
/// have it.
fn write(style: &mut String, last: &[Declared<'_>], paint: Option<&Paint>, with_colour: bool) {
    let background = last.iter().rposition(|(one, _)| one.paint.is_some());
    for (at, (one, _)) in last.iter().enumerate() {
        let value = match paint {
            _ if one.paint.is_none() => &one.value,
            Some(Paint::Solid(colour) | Paint::Veil(colour)) => colour,
            Some(Paint::Clear) => "transparent",
            Some(Paint::Image | Paint::Unread) | None => continue,
        };
        let name = if one.paint.is_some() { "background-color" } else { &one.name };
        let is_kept = if one.paint.is_some() {
            background == Some(at)
        } else {
            name != "color" || with_colour
        };
        if is_kept {
            style.extend([name, ":", value, ";"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::style;
    use super::*;

    fn on(style: &str, attribute: Ground, around: Ground) -> (String, Ground) {
        let around = Around { ground: around, ..Around::default() };
        let attributes = Attributes { ground: attribute, ..Attributes::default() };
        let dressed = dress(&[], &style::kept(style), attributes, &around);
        (dressed.style, dressed.inside.ground)
    }

    fn paired(style: &str) -> (String, Ground) {
        on(style, Ground::Page, Ground::Page)
    }

    #[test]
    fn a_text_keeps_its_background_or_loses_its_colour() {
        use Ground::{Lost, Own, Page};
        for (given, expected, ground) in [
            ("color:red", "color:red;", Own),
            ("width:1px", "width:1px;", Page),
            ("background:#fff", "background-color:#fff;", Own),
            ("BACKGROUND: #e4572e; color:#fff", "background-color:#e4572e;color:#fff;", Own),
            (
                "color:#fff;background:url('a;b.png') no-repeat center / cover, rgb(1, 2, 3)",
                "color:#fff;background-color:rgb(1, 2, 3);",
                Own,
            ),
            (
                "background:Navy url(x) !important;color:white",
                "color:white;background-color:Navy;",
                Own,
            ),
            (
                "color:white;background-image:url(x);background-color:navy",
                "color:white;background-color:navy;",
                Own,
            ),
            ("color:white;background:url(x) repeat-x", "", Lost),
            (
                "background:linear-gradient(to right, rgb(1, 2, 3) 0%, blue);color:white;width:1px",
                "background-color:rgb(1, 2, 3);color:white;width:1px;",
                Own,
            ),
            (
                "background-image:radial-gradient(circle,#123,red);color:white",
                "background-color:#123;color:white;",
                Own,
            ),
            ("background:linear-gradient(rgba(0,0,0,.5),navy),url(x);color:white", "", Lost),
            ("color:black;background:none", "color:black;background-color:transparent;", Own),
            (
                "background:navy;color:white;background:none",
                "color:white;background-color:transparent;",
                Own,
            ),
            (
                "background-color:navy!important;background:url(x);color:#fff",
                "color:#fff;background-color:navy;",
                Own,
            ),
            ("color:red ! IMPORTANT;color:blue", "color:red;", Own),
            ("background", "", Page),
            (
                "background:#333;background:-webkit-gradient(linear,left top,left bottom,from(#444),to(#222));color:#fff",
                "background-color:#444;color:#fff;",
                Own,
            ),
            (
                "background:#333;background:paint(x);color:#fff",
                "background-color:#333;color:#fff;",
                Own,
            ),
            (
                "background:linear-gradient(in oklch,#123,#456);color:#fff",
                "background-color:#123;color:#fff;",
                Own,
            ),
            ("background-color:var(--b);color:#fff", "", Lost),
            ("background:oklch(0 0 0);color:#fff", "", Lost),
            ("background:#fff;background:url(x);color:#fff", "", Lost),
            ("background:0 0;color:red", "background-color:transparent;color:red;", Own),
            ("background:inherit;width:1px", "background-color:transparent;width:1px;", Page),
            ("background:center / 10px no-repeat", "background-color:transparent;", Page),
            ("background-color:Transparent", "background-color:transparent;", Page),
            ("background:#0000", "background-color:transparent;", Page),
            (
                "background:rgba(0,0,0,.2);color:#fff",
                "background-color:rgba(0,0,0,.2);color:#fff;",
                Own,
            ),
            (
                "color:#fff;width:min(1px,calc(2px - 1px));background:#000",
                "color:#fff;background-color:#000;",
                Own,
            ),
            ("font-family:'Open Sans;\n;color:red", "color:red;", Own),
            ("font-family:'Open Sans;color:red", "", Page),
        ] {
            assert_eq!(paired(given), (expected.to_owned(), ground), "{given}");
        }
        let inside = on("color:white;width:1px", Page, Lost);
        assert_eq!(inside, ("width:1px;".to_owned(), Lost));
        let over_dark = on("color:white;background:url(x)", Page, Own);
        assert_eq!(over_dark, (PAGE.to_owned(), Lost));
        let on_own = on("color:white;background:url(x)", Own, Lost);
        assert_eq!(on_own, ("color:white;".to_owned(), Own));
        let panel = on("background:rgba(0,0,0,.2);color:#fff", Page, Lost);
        assert_eq!(panel, (String::new(), Lost));
        let cleared = on("background:none", Own, Lost);
        assert_eq!(cleared, ("background-color:transparent;".to_owned(), Lost));
    }
}
