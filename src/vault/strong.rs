//! Credentials that are random enough by themselves to unwrap an account's unlock key through
//! HKDF: a recovery key, an app password, and the secret that a passkey derives.

use aws_lc_rs::aead::AES_256_GCM;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::aead::{Sealer, hkdf};
use super::{Error, Password, UnlockKey, random_bytes};

/// The symbols of Crockford's base32, none of which is mistaken for another when read aloud.
const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const GROUP_LEN: usize = 5;

/// Returns `count` random symbols of 5 bits each, in groups.
fn random_symbols(count: usize) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::with_capacity(count + count / GROUP_LEN));
    for at in 0..count {
        if at > 0 && at % GROUP_LEN == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32, so every symbol is as likely as any other.
        let [octet] = random_bytes::<1>()?;
        text.push(char::from(SYMBOLS[usize::from(octet % 32)]));
    }
    Ok(text)
}

const SYMBOLS_130_BITS: usize = 26;

/// Generates a password of 130 random bits that can be read aloud.
pub fn random_password() -> Result<Password, Error> {
    Password::new(&random_symbols(SYMBOLS_130_BITS)?)
}

/// Reads a password that [`random_password`] made, in any spelling; `Malformed` if it has another
/// form.
pub fn as_issued(typed: &Password) -> Result<Password, Error> {
    Password::new(&typed_symbols(typed.expose(), SYMBOLS_130_BITS)?)
}

/// Parses symbols that a user typed, pasted or was told: only letters and digits matter, neither
/// their case nor what stands between them or around them (dashes of any kind, blanks, quotation
/// marks, a full stop). `o` is 0, `i` and `l` are 1. `Malformed` unless there are `count` of them.
fn typed_symbols(text: &str, count: usize) -> Result<Zeroizing<String>, Error> {
    let mut symbols = Zeroizing::new(String::with_capacity(count));
    for c in text.chars().filter(|c| c.is_alphanumeric()) {
        if symbols.len() == count {
            return Err(Error::Malformed);
        }
        symbols.push(match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c if c.is_ascii() && SYMBOLS.contains(&(c as u8)) => c,
            _ => return Err(Error::Malformed),
        });
    }
    if symbols.len() != count {
        return Err(Error::Malformed);
    }
    let mut grouped = Zeroizing::new(String::with_capacity(2 * count));
    for (at, c) in symbols.chars().enumerate() {
        if at > 0 && at % GROUP_LEN == 0 {
            grouped.push('-');
        }
        grouped.push(c);
    }
    Ok(grouped)
}

/// Derives the key that wraps the unlock key from a random secret.
fn sealer(secret: &[u8], purpose: &[u8]) -> Sealer {
    Sealer::new(&AES_256_GCM, &hkdf(b"", secret, purpose))
}

macro_rules! strong {
    ($secret:ident, $purpose:literal) => {
        impl std::fmt::Debug for $secret {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($secret), "(…)"))
            }
        }

        impl $secret {
            /// Wraps the unlock key.
            pub fn wrap(&self, unlock: &UnlockKey, binding: &[u8]) -> Result<Vec<u8>, Error> {
                sealer(self.octets(), $purpose).seal(binding, &*unlock.0)
            }

            /// Unwraps the unlock key; `Refused` if it was wrapped with another secret.
            pub fn open(&self, wrapped: &[u8], binding: &[u8]) -> Result<UnlockKey, Error> {
                let plain = sealer(self.octets(), $purpose).open(binding, wrapped)?;
                let key = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| Error::Malformed)?;
                Ok(UnlockKey(Zeroizing::new(key)))
            }
        }
    };
}
strong!(RecoveryKey, b"postern recovery v1");
strong!(AppPassword, b"postern app password v1");
strong!(PasskeySecret, b"postern passkey v1");

/// 200 random bits, shown once, that open an account whose password is lost.
pub struct RecoveryKey(Zeroizing<String>);

const RECOVERY_SYMBOLS: usize = 40;

impl RecoveryKey {
    /// Generates a new one.
    pub fn generate() -> Result<RecoveryKey, Error> {
        Ok(RecoveryKey(random_symbols(RECOVERY_SYMBOLS)?))
    }

    /// Parses a recovery key that a user typed.
    pub fn parse(text: &str) -> Result<RecoveryKey, Error> {
        typed_symbols(text, RECOVERY_SYMBOLS).map(RecoveryKey)
    }

    /// Returns the text, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// 130 random bits, shown once, that let one program handle an account's mail.
pub struct AppPassword(Zeroizing<String>);

impl AppPassword {
    /// Generates a new one.
    pub fn generate() -> Result<AppPassword, Error> {
        Ok(AppPassword(random_symbols(SYMBOLS_130_BITS)?))
    }

    /// Parses a password that has the form of an app password.
    pub fn parse(typed: &Password) -> Result<AppPassword, Error> {
        typed_symbols(typed.expose(), SYMBOLS_130_BITS).map(AppPassword)
    }

    /// Returns the text, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// 32 octets that only a passkey can derive (WebAuthn §10.1.4, `prf`).
pub struct PasskeySecret(Zeroizing<[u8; 32]>);

impl PasskeySecret {
    /// Parses the text form (base64url without padding).
    pub fn parse(text: &str) -> Result<PasskeySecret, Error> {
        let octets = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Malformed)?);
        let octets = <[u8; 32]>::try_from(octets.as_slice()).map_err(|_| Error::Malformed)?;
        Ok(PasskeySecret(Zeroizing::new(octets)))
    }

    fn octets(&self) -> &[u8] {
        &*self.0
    }
}
