//! `[images]`: remote images in messages.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Prefix, Problem};

/// Remote images in messages. They are never loaded automatically; when a reader asks for them,
/// the server fetches them, so that the sender sees neither the reader's IP address nor browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Images {
    /// Whether readers may load remote images at all.
    pub remote: bool,
    /// The largest image, as transferred, in octets.
    pub octets_max: u64,
    /// The largest number of pixels of an image.
    pub pixels_max: u64,
    /// How many images of one message are shown.
    pub per_message_max: usize,
    /// How many images are fetched at the same time, for all readers.
    pub at_once_max: usize,
    /// Those of one reader. If it is less than for all, no reader keeps another waiting.
    pub at_once_per_reader_max: usize,
    /// How long fetching an image may take, in seconds.
    pub timeout_secs: u64,
    /// The port that images are fetched from; always over TLS.
    pub port: u16,
    /// PEM file with the certificate authorities to trust instead of the public ones; empty: the
    /// public ones.
    pub authorities: PathBuf,
    /// Whether images may be fetched from hosts with addresses that are not public, such as those
    /// in your own network. Messages could then make this server send requests there.
    pub private_addresses: bool,
    /// Further addresses and prefixes that no image is fetched from, whatever `private_addresses`
    /// says: your own public networks, and the NAT64 prefix of your network if it is one of your own
    /// (RFC 6052 §2.2), behind which private addresses could hide.
    pub refused: Vec<Prefix>,
}

impl Default for Images {
    fn default() -> Self {
        Images {
            remote: true,
            octets_max: 5 << 20,
            pixels_max: 20_000_000,
            per_message_max: 100,
            at_once_max: 8,
            at_once_per_reader_max: 4,
            timeout_secs: 15,
            port: 443,
            authorities: PathBuf::new(),
            private_addresses: false,
            refused: Vec::new(),
        }
    }
}

impl Images {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("images.octets_max", self.octets_max, 1 << 10..=64 << 20)?;
        Problem::unless_in("images.pixels_max", self.pixels_max, 1_000..=100_000_000)?;
        Problem::unless_in("images.per_message_max", self.per_message_max as u64, 1..=1_000)?;
        Problem::unless_in("images.at_once_max", self.at_once_max as u64, 1..=100)?;
        let one = self.at_once_per_reader_max as u64;
        Problem::unless_in("images.at_once_per_reader_max", one, 1..=100)?;
        Problem::unless_in("images.timeout_secs", self.timeout_secs, 1..=60)?;
        Problem::unless_in("images.port", u64::from(self.port), 1..=65_535)
    }
}
