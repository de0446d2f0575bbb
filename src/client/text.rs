//! What a script hands over in files: the text of what is sent, and passwords.

use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::problem::Error;

/// Reads a message's text from a file, or from standard input for `-`.
pub(super) fn body(path: &Path) -> Result<String, Error> {
    const OCTETS_MAX: u64 = 1 << 20;
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => io::stdin().lock().take(OCTETS_MAX + 1).read_to_string(&mut text),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(OCTETS_MAX + 1).read_to_string(&mut text)),
    };
    let what = path.display().to_string();
    let octets =
        read.map_err(|error| Error::Local { what: what.clone(), problem: error.to_string() })?;
    match octets as u64 > OCTETS_MAX {
        true => {
            let problem =
                "a message's text can have at most 1 MiB; attach anything longer".to_owned();
            Err(Error::Local { what, problem })
        }
        false => Ok(text),
    }
}

/// Reads the first line of a small file, such as a password.
pub(super) fn first_line(path: &Path) -> Result<Zeroizing<String>, Error> {
    /// A password file is small; anything longer is the wrong file.
    const OCTETS_MAX: u64 = 8 * 1024;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(OCTETS_MAX).read_to_string(&mut text))
        .map_err(|error| Error::Local {
            what: path.display().to_string(),
            problem: error.to_string(),
        })?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
