//! The daemon key, and the file or credential that contains it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Error, aead, random_bytes};

/// The key from which the keys for everything that the daemon seals for itself are derived.
pub struct DaemonKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DaemonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DaemonKey(…)")
    }
}

/// The most octets that are read from a key file; no form of the key is longer.
const FILE_OCTETS_MAX: u64 = 256;

impl DaemonKey {
    /// Generates a new key.
    pub fn generate() -> Result<DaemonKey, Error> {
        Ok(DaemonKey(Zeroizing::new(random_bytes()?)))
    }

    /// Returns the key with the given bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> DaemonKey {
        DaemonKey(Zeroizing::new(bytes))
    }

    /// Reads the key: 32 raw bytes, 64 hexadecimal digits, or base64. Fails if anybody but the
    /// owner can access the file.
    pub fn load(path: &Path) -> Result<DaemonKey, Error> {
        DaemonKey::load_unless(path, 0o077)
    }

    /// Like [`DaemonKey::load`], for a credential of systemd: its mode shows in the place of the
    /// group what the access list allows the service's user (acl(5)).
    pub fn load_credential(path: &Path) -> Result<DaemonKey, Error> {
        DaemonKey::load_unless(path, 0o037)
    }

    fn load_unless(path: &Path, open_to_others: u32) -> Result<DaemonKey, Error> {
        let wrong = |problem: String| key_file(path, problem);
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let metadata = file.metadata().map_err(|error| wrong(error.to_string()))?;
        if !metadata.is_file() {
            return Err(wrong("it is not a regular file".to_owned()));
        }
        let mode = metadata.mode() & 0o777;
        if mode & open_to_others != 0 {
            return Err(wrong(format!("others can access it (mode {mode:04o}); run chmod 600")));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_OCTETS_MAX as usize));
        file.take(FILE_OCTETS_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(error.to_string()))?;
        let key = decode(&bytes).ok_or_else(|| {
            wrong("it contains neither 32 bytes nor their hexadecimal or base64 form".to_owned())
        })?;
        Ok(DaemonKey(key))
    }

    /// Creates a key and its file, with mode 0600 and synced to disk before the key is used. Fails
    /// if the file already exists.
    pub fn create_file(path: &Path) -> Result<DaemonKey, Error> {
        let key = DaemonKey::generate()?;
        let new = path.with_extension("new");
        write_key(&new, path, &key.0).map_err(|error| key_file(path, error.to_string()))?;
        Ok(key)
    }

    pub(super) fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        aead::hkdf(b"postern daemon key", &*self.0, label)
    }
}

fn key_file(path: &Path, problem: String) -> Error {
    Error::KeyFile { path: path.display().to_string(), problem }
}

/// Writes the key under another name first and then links it to its own, so that no crash leaves a
/// partial key and no key is ever overwritten.
fn write_key(new: &Path, path: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
    let text: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
    file.write_all(Zeroizing::new(text + "\n").as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(new, path);
    fs::remove_file(new)?;
    linked?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn decode(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    if let Ok(raw) = <[u8; 32]>::try_from(bytes) {
        return Some(Zeroizing::new(raw));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let mut key = Zeroizing::new([0; 32]);
    if text.len() == 64 && text.is_ascii() {
        for (octet, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        return Some(key);
    }
    let decoded = Zeroizing::new(STANDARD.decode(text).ok()?);
    key.copy_from_slice(<&[u8; 32]>::try_from(decoded.as_slice()).ok()?);
    Some(key)
}
