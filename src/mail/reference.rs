//! Reference numbers: one for each message, visible to both sender and recipient.
//!
//! `01KAN-5Q7DC-8E2XV-M9T4H`: 20 symbols of Crockford's base32 in four groups.
//!
//! | bits | content |
//! | --- | --- |
//! | 45 | milliseconds since 1970, so numbers sort by time |
//! | 50 | random bits from the system |
//! | 5 | a check symbol, which always detects one wrong symbol or two swapped neighbours |
//!
//! Two numbers created in the same millisecond are equal with a probability of 1 in 2^50; the store
//! inserts only if absent, so even then nothing is lost.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A reference number with a correct check symbol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(u128);

/// Why a text is not a reference number: wrong form, or a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    #[error("a reference number has 20 letters and digits")]
    Form,
    #[error("a letter or digit of the reference number is mistyped")]
    Check,
}

const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 20;
const GROUP: usize = 5;
const MILLIS_BITS: u32 = 45;
const RANDOM_BITS: u32 = 50;
const CHECK_BITS: u32 = 5;

impl Reference {
    /// Creates a new number for this time.
    ///
    /// # Panics
    /// If the system provides no random bytes, because the numbers would then be guessable.
    pub fn new(unix_millis: u64) -> Reference {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system provides random bytes");
        Reference::from_parts(unix_millis, u64::from_be_bytes(bytes))
    }

    /// Creates a number from its parts; bits that do not fit are cut off.
    pub fn from_parts(unix_millis: u64, random: u64) -> Reference {
        let millis = u128::from(unix_millis) & ((1 << MILLIS_BITS) - 1);
        let random = u128::from(random) & ((1 << RANDOM_BITS) - 1);
        let data = (millis << RANDOM_BITS) | random;
        let check = check_symbol(data);
        Reference((data << CHECK_BITS) | u128::from(check))
    }

    /// Returns the form used in keys: 16 octets, big-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reverses [`Reference::to_bytes`]; returns `None` if the check symbol is wrong.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Reference> {
        let value = u128::from_be_bytes(bytes);
        let data = value >> CHECK_BITS;
        let fits = data >> (MILLIS_BITS + RANDOM_BITS) == 0;
        (fits && u128::from(check_symbol(data)) == value & 31).then_some(Reference(value))
    }

    /// Returns when it was created, in milliseconds since 1970.
    pub fn millis(self) -> u64 {
        let millis = self.0 >> (RANDOM_BITS + CHECK_BITS);
        u64::try_from(millis).expect("45 bits fit into 64")
    }

    fn symbol(self, at: usize) -> u8 {
        let shift = CHECK_BITS as usize * (LENGTH - 1 - at);
        (self.0 >> shift) as u8 & 31
    }
}

/// Returns the symbol that makes the weighted sum over GF(32) zero.
///
/// Symbol `i` from the right has weight `a^i`, where `a` is a generator. The weights of the 20
/// places are all different and none is zero, so changing one symbol changes the sum, and so does
/// swapping two different neighbours (by `(a^i + a^(i+1)) * (s + t)`, which is not zero).
fn check_symbol(data: u128) -> u8 {
    let mut sum = 0;
    let mut weight = 1;
    let mut rest = data;
    for _ in 1..LENGTH {
        weight = double(weight);
        sum ^= multiply((rest & 31) as u8, weight);
        rest >>= CHECK_BITS;
    }
    sum
}

/// Multiplies by the generator in GF(32) = GF(2)[x] / (x^5 + x^2 + 1).
fn double(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

fn multiply(mut a: u8, b: u8) -> u8 {
    let (mut product, mut term) = (0, b);
    while a != 0 {
        if a & 1 == 1 {
            product ^= term;
        }
        a >>= 1;
        term = double(term);
    }
    product
}

fn decode_symbol(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    let at = SYMBOLS.iter().position(|symbol| char::from(*symbol) == c)?;
    u8::try_from(at).ok()
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
        for at in 0..LENGTH {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(SYMBOLS[usize::from(self.symbol(at))]));
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Parses a number; case and dashes do not matter, `o` is read as 0, and `i` and `l` as 1.
    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        let (mut value, mut count) = (0u128, 0);
        for c in text.chars().filter(|c| *c != '-') {
            let symbol = decode_symbol(c).ok_or(ReferenceError::Form)?;
            count += 1;
            if count > LENGTH {
                return Err(ReferenceError::Form);
            }
            value = (value << CHECK_BITS) | u128::from(symbol);
        }
        if count < LENGTH {
            return Err(ReferenceError::Form);
        }
        Reference::from_bytes(value.to_be_bytes()).ok_or(ReferenceError::Check)
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Reference, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: u64) -> Reference {
        Reference::from_parts(1_795_424_523_123 + at, at.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    #[test]
    fn the_text_form_comes_back_whatever_its_case_and_dashes() {
        let number = sample(7);
        let text = number.to_string();
        assert_eq!(text.len(), 23);
        for form in [text.clone(), text.to_lowercase(), text.replace('-', "")] {
            assert_eq!(form.parse(), Ok(number), "{form}");
        }
        assert_eq!(text.replace('0', "o").replace('1', "l").parse(), Ok(number));
        assert_eq!(Reference::from_bytes(number.to_bytes()), Some(number));
        assert_eq!(number.millis(), 1_795_424_523_130);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "01KAN", "01KAN-5Q7DC-8E2XV-M9T4HH", "01KAN-5Q7DC-8E2XV-M9T4U", "é"] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError::Form), "{text:?}");
        }
    }

    /// P-18: every single wrong symbol, in every place, is detected.
    #[test]
    fn every_wrong_symbol_is_noticed() {
        for number in (0..200).map(sample) {
            for at in 0..LENGTH {
                for change in 1..32u128 {
                    let wrong = number.0 ^ (change << (5 * at));
                    assert_eq!(Reference::from_bytes(wrong.to_be_bytes()), None, "{number} {at}");
                }
            }
        }
    }

    /// P-18: every swap of two different neighbours is detected.
    #[test]
    fn every_swap_of_neighbours_is_noticed() {
        let mut swaps = 0;
        for number in (0..2_000).map(sample) {
            let text: Vec<char> = number.to_string().replace('-', "").chars().collect();
            for at in 1..LENGTH {
                let mut swapped = text.clone();
                swapped.swap(at - 1, at);
                if swapped != text {
                    let swapped: String = swapped.into_iter().collect();
                    assert_eq!(swapped.parse::<Reference>(), Err(ReferenceError::Check));
                    swaps += 1;
                }
            }
        }
        assert!(swaps > 30_000, "only {swaps} swaps were tried");
    }

    /// P-18: the same for every pair of symbols in every place, not only for those in the samples.
    #[test]
    fn weights_of_places_differ_and_none_is_zero() {
        let mut weights = vec![1];
        for at in 1..LENGTH {
            weights.push(double(weights[at - 1]));
        }
        let distinct: std::collections::BTreeSet<u8> = weights.iter().copied().collect();
        assert!(distinct.len() == LENGTH && !distinct.contains(&0), "{weights:?}");
        for pair in weights.windows(2) {
            for (one, other) in (0..32).flat_map(|one| (0..32).map(move |other| (one, other))) {
                let before = multiply(one, pair[0]) ^ multiply(other, pair[1]);
                let after = multiply(other, pair[0]) ^ multiply(one, pair[1]);
                assert_eq!(before == after, one == other, "{one} {other} at {pair:?}");
            }
        }
    }

    /// P-18: ten million numbers, created by several threads, contain no duplicate.
    #[test]
    fn ten_million_numbers_hold_no_duplicate() {
        const MAKERS: usize = 4;
        const EACH: usize = 2_500_000;
        let makers: Vec<_> = (0..MAKERS)
            .map(|_| {
                std::thread::spawn(|| {
                    (0..EACH as u64)
                        .map(|at| Reference::new(1_795_424_523_123 + at / 1_000).0)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut all: Vec<u128> = makers.into_iter().flat_map(|one| one.join().unwrap()).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(all.len(), MAKERS * EACH);
    }

    #[test]
    fn numbers_sort_by_time() {
        assert!(Reference::new(1_000) < Reference::new(1_001));
        assert!(Reference::new(1_000).to_string() < Reference::new(1_001).to_string());
    }
}
