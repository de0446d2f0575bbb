//! Colours of CSS and HTML (CSS Color Level 4), as far as mail uses them.

/// A colour: red, green, blue and alpha, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colour([f32; 4]);

/// How long a colour is at most, as it is written.
const OCTETS_MAX: usize = 64;

impl Colour {
    /// Reads a colour: a name, `#` and hexadecimal digits, `rgb()` or `hsl()`. Any other is not
    /// understood, such as `currentcolor`, `var()` or `oklch()`.
    pub fn parse(text: &str) -> Option<Colour> {
        let text = Some(text.trim()).filter(|text| text.len() <= OCTETS_MAX)?;
        let text = text.to_ascii_lowercase();
        if let Some(hex) = text.strip_prefix('#') {
            return of_hex(hex);
        }
        if let Some((function, inside)) = text.split_once('(') {
            return of_function(function, inside.strip_suffix(')')?);
        }
        if text == "transparent" {
            return Some(Colour([0.0; 4]));
        }
        let mut named = NAMED.split_ascii_whitespace();
        while let (Some(name), Some(hex)) = (named.next(), named.next()) {
            if name == text {
                return of_hex(hex);
            }
        }
        None
    }

    /// Returns how much of what is behind it is covered.
    pub fn alpha(self) -> f32 {
        self.0[3]
    }

    /// Returns whether it can hardly be read on white: less than 2:1 (WCAG 2.2, relative luminance).
    pub fn is_light(self) -> bool {
        let [red, green, blue, alpha] = self.0;
        let linear = |channel: f32| {
            let shown = channel * alpha + 1.0 - alpha;
            if shown <= 0.04045 { shown / 12.92 } else { ((shown + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        1.05 / (luminance + 0.05) < 2.0
    }
}

fn of_hex(hex: &str) -> Option<Colour> {
    let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    let octets: Vec<u32> = match digits.len() {
        3 | 4 => digits.iter().map(|digit| digit * 17).collect(),
        6 | 8 => digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
        _ => return None,
    };
    let mut colour = Colour([1.0; 4]);
    for (channel, octet) in colour.0.iter_mut().zip(octets) {
        *channel = octet as f32 / 255.0;
    }
    Some(colour)
}

fn of_function(name: &str, inside: &str) -> Option<Colour> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | '/');
    let values: Vec<&str> = inside.split(is_between).filter(|value| !value.is_empty()).collect();
    if !matches!(values.len(), 3 | 4) {
        return None;
    }
    let alpha = values.get(3).map_or(Some(1.0), |alpha| number(alpha, 1.0))?;
    let [red, green, blue] = match name {
        "rgb" | "rgba" => {
            let of = |at: usize| number(values[at], 255.0).map(|octet| octet / 255.0);
            [of(0)?, of(1)?, of(2)?]
        }
        "hsl" | "hsla" => {
            let hue = number(values[0].trim_end_matches("deg"), 360.0)?;
            let percent = |at: usize| values[at].strip_suffix('%')?.parse::<f32>().ok();
            of_hue(hue, percent(1)? / 100.0, percent(2)? / 100.0)
        }
        _ => return None,
    };
    Some(Colour([red, green, blue, alpha].map(|channel| channel.clamp(0.0, 1.0))))
}

/// Reads a number, or a percentage of `whole`.
fn number(text: &str, whole: f32) -> Option<f32> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f32>().ok()? / 100.0 * whole,
        None => text.parse().ok()?,
    };
    Some(number).filter(|number| number.is_finite())
}

/// CSS Color Level 4 §7.1.
fn of_hue(hue: f32, saturation: f32, lightness: f32) -> [f32; 3] {
    [0.0, 8.0, 4.0].map(|from: f32| {
        let at = (from + hue / 30.0).rem_euclid(12.0);
        let spread = saturation * lightness.min(1.0 - lightness);
        lightness - spread * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0)
    })
}

/// The named colours, each before its value.
const NAMED: &str = "aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige \
    f5f5dc bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 \
    brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral \
    ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b \
    darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 \
    darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid \
    9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b \
    darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink \
    ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 \
    floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff \
    gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 \
    honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c \
    lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 \
    lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen \
    90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa \
    lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de \
    lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 \
    mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db \
    mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise \
    48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 \
    moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab \
    6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 \
    paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f \
    pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 \
    rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 \
    seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue \
    6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 \
    tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat \
    f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_browsers_do() {
        for (text, octets, alpha) in [
            ("#fff", [255, 255, 255], 1.0),
            ("#1234", [17, 34, 51], 68.0 / 255.0),
            (" #E4572e ", [228, 87, 46], 1.0),
            ("#01020380", [1, 2, 3], 128.0 / 255.0),
            ("RebeccaPurple", [102, 51, 153], 1.0),
            ("Transparent", [0, 0, 0], 0.0),
            ("rgb(1, 2,3)", [1, 2, 3], 1.0),
            ("rgba(100%,0%,0%,.5)", [255, 0, 0], 0.5),
            ("rgb(1 2 3 / 50%)", [1, 2, 3], 0.5),
            ("rgb(300,-1,0)", [255, 0, 0], 1.0),
            ("hsl(120, 100%, 25%)", [0, 128, 0], 1.0),
            ("hsla(240deg 100% 50% / 0)", [0, 0, 255], 0.0),
        ] {
            let read = Colour::parse(text).unwrap();
            let found: Vec<u8> =
                read.0[..3].iter().map(|one| (one * 255.0).round() as u8).collect();
            assert_eq!((found, read.alpha()), (octets.to_vec(), alpha), "{text}");
        }
        let long = format!("rgb(1,2,{}3)", " ".repeat(64));
        for other in [
            "",
            "#12",
            "#12345",
            "linear",
            "in",
            "currentcolor",
            "var(--a)",
            "oklch(1 0 0)",
            "inherit",
            "rgb(1,2)",
            "rgb(a,b,c)",
            "rgb(1,2,nan)",
            "rgb(1,2,3",
            "hsl(1,2,3)",
            "#ggg",
            &long,
        ] {
            assert_eq!(Colour::parse(other), None, "{other}");
        }
        for (text, light) in [
            ("#fff", true),
            ("#f2f2f2", true),
            ("yellow", true),
            ("#ccc", true),
            ("#999", false),
            ("navy", false),
            ("red", false),
            ("rgba(0,0,0,.1)", true),
            ("rgba(255,255,255,.9)", true),
        ] {
            assert_eq!(Colour::parse(text).unwrap().is_light(), light, "{text}");
        }
    }
}
