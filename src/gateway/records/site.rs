//! Site-wide settings made by managers, and the validation of a change.

use serde::{Deserialize, Serialize};

use crate::gateway::error::Error;
use crate::gateway::records::policy::Policy;
use crate::terms::{Choice, ConfirmOutside, LastInteraction};

/// The managers' settings; `None` follows the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteChange {
    pub policy: Option<Policy>,
    /// The value, and whether it is fixed for everybody.
    pub last_interaction: Option<(LastInteraction, bool)>,
    pub confirm_outside: Option<(ConfirmOutside, bool)>,
    pub organisation: Option<String>,
    /// Empty for none.
    pub phone: Option<String>,
    /// The organisation's own text in each notification; empty for none.
    pub notification_text: Option<String>,
    /// The colour of buttons, as `#rrggbb`.
    pub accent: Option<String>,
    /// The logo, a PNG file.
    #[serde(with = "serde_bytes")]
    pub logo: Option<Vec<u8>>,
    /// Whether people inside find each other in a directory.
    pub directory: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SiteChangeV1 {
    policy: Option<Policy>,
    last_interaction: Option<(LastInteraction, bool)>,
    confirm_outside: Option<(ConfirmOutside, bool)>,
    organisation: Option<String>,
    phone: Option<String>,
    notification_text: Option<String>,
    accent: Option<String>,
    #[serde(with = "serde_bytes")]
    logo: Option<Vec<u8>>,
}

impl From<SiteChangeV1> for SiteChange {
    fn from(old: SiteChangeV1) -> SiteChange {
        SiteChange {
            policy: old.policy,
            last_interaction: old.last_interaction,
            confirm_outside: old.confirm_outside,
            organisation: old.organisation,
            phone: old.phone,
            notification_text: old.notification_text,
            accent: old.accent,
            logo: old.logo,
            directory: None,
        }
    }
}

pub const RULES_MAX: usize = 500;
pub const NAME_CHARS_MAX: usize = 100;
pub const TEXT_CHARS_MAX: usize = 500;
const LOGO_OCTETS_MAX: usize = 64 * 1024;

/// The longest side of a logo, in pixels.
const LOGO_SIDE_MAX: u32 = 1_024;

/// The minimum contrast of white text on a button (WCAG 2.2, 1.4.3).
const CONTRAST_MIN: f64 = 4.5;

impl SiteChange {
    pub(in crate::gateway) fn check(&self) -> Result<(), Error> {
        if let Some(policy) = &self.policy {
            check_policy(policy)?;
        }
        check_line(self.organisation.as_deref(), "the organisation's name", 1, NAME_CHARS_MAX)?;
        check_line(self.phone.as_deref(), "the telephone number", 0, NAME_CHARS_MAX)?;
        check_line(self.notification_text.as_deref(), "the notification text", 0, TEXT_CHARS_MAX)?;
        if let Some(accent) = &self.accent {
            check_accent(accent)?;
        }
        self.logo.as_deref().map_or(Ok(()), check_logo)
    }
}

fn invalid(what: impl Into<String>) -> Error {
    Error::Invalid { what: what.into() }
}

fn check_policy(policy: &Policy) -> Result<(), Error> {
    if policy.rules.len() > RULES_MAX {
        return Err(Error::OverQuota);
    }
    if matches!(policy.verified_else, Choice::Ask | Choice::VerifiedTls) {
        return Err(invalid(
            "when the route cannot be verified, the sender can no longer be asked",
        ));
    }
    for rule in &policy.rules {
        let words = [&rule.user, &rule.domain, &rule.recipient];
        if words.iter().all(|word| word.is_none()) {
            return Err(invalid("a rule must name a user, a domain or a recipient"));
        }
        for word in words {
            check_line(word.as_deref(), "a rule's condition", 1, 254)?;
        }
    }
    Ok(())
}

fn check_line(text: Option<&str>, what: &str, min: usize, max: usize) -> Result<(), Error> {
    let Some(text) = text else { return Ok(()) };
    let fits = (min..=max).contains(&text.trim().chars().count());
    match fits && !text.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(invalid(format!(
            "{what} must have {min} to {max} characters, without control characters"
        ))),
    }
}

/// Checks that white text is readable on this colour.
fn check_accent(accent: &str) -> Result<(), Error> {
    let form = || invalid("a colour must have the form #1c6b4f");
    let digits = accent.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or_else(form)?;
    let number = u32::from_str_radix(digits, 16).map_err(|_| form())?;
    let [_, red, green, blue] = number.to_be_bytes();
    let contrast = 1.05 / (luminance([red, green, blue]) + 0.05);
    match contrast >= CONTRAST_MIN {
        true => Ok(()),
        false => Err(invalid(format!(
            "white text on {accent} has a contrast of {contrast:.1}, less than {CONTRAST_MIN}"
        ))),
    }
}

/// Relative luminance (WCAG 2.2).
fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        match share <= 0.040_45 {
            true => share / 12.92,
            false => ((share + 0.055) / 1.055).powf(2.4),
        }
    };
    let [red, green, blue] = rgb.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// Checks for a PNG of moderate size by its header: signature, then IHDR (RFC 2083 §11.2.1).
fn check_logo(octets: &[u8]) -> Result<(), Error> {
    let refused = || invalid("a logo must be a PNG of at most 64 KiB and 1024 by 1024 pixels");
    if octets.len() > LOGO_OCTETS_MAX || !octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err(refused());
    }
    let (name, sides) = (octets.get(12..16), octets.get(16..24));
    let (Some(b"IHDR"), Some(sides)) = (name, sides) else { return Err(refused()) };
    let side =
        |at: usize| u32::from_be_bytes([sides[at], sides[at + 1], sides[at + 2], sides[at + 3]]);
    match (1..=LOGO_SIDE_MAX).contains(&side(0)) && (1..=LOGO_SIDE_MAX).contains(&side(4)) {
        true => Ok(()),
        false => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_on_a_button_can_be_read() {
        for good in ["#1c6b4f", "#000000", "#0000ff", "#767676"] {
            assert!(check_accent(good).is_ok(), "{good}");
        }
        for bad in ["#ffffff", "#ffff00", "#777777", "1c6b4f", "#1c6b4", "#1c6b4g", "red"] {
            assert!(check_accent(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_logo_is_a_small_png() {
        let png = |wide: u32, high: u32| {
            let mut octets = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            octets.extend(wide.to_be_bytes());
            octets.extend(high.to_be_bytes());
            octets
        };
        assert!(check_logo(&png(64, 64)).is_ok());
        assert!(check_logo(&png(0, 64)).is_err());
        assert!(check_logo(&png(64, 2_000)).is_err());
        assert!(check_logo(b"<svg xmlns='http://www.w3.org/2000/svg'/>").is_err());
        assert!(check_logo(b"\x89PNG\r\n\x1a\n").is_err());
        let mut large = png(64, 64);
        large.resize(LOGO_OCTETS_MAX + 1, 0);
        assert!(check_logo(&large).is_err());
    }
}
