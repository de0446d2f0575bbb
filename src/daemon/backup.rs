//! `postern backup` and `postern restore`: the whole store as one sealed file, and back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::control::{Answer, Request};
use crate::store::BackedUp;
use crate::store::local::restore;
use crate::vault::Vault;

use super::console::{Bar, ConfigFile, ask, ask_writing, print, say};
use super::{Error, cost, credentials, files, pool_limits};

/// Where a backup is written.
#[derive(Args, Debug)]
pub struct Backup {
    #[command(flatten)]
    config: ConfigFile,
    /// The file to create, with mode 0600, or `-` for standard output. A file that exists is not
    /// replaced.
    file: PathBuf,
    /// First erase from the disk what was deleted, as `postern compact` does, so that it is not in
    /// the backup. Without this, a backup has what was deleted in the last hours.
    #[arg(long)]
    erase: bool,
}

/// Where a backup is read, and what it becomes.
#[derive(Args, Debug)]
pub struct Restore {
    #[command(flatten)]
    config: ConfigFile,
    /// The backup, or `-` for standard input.
    file: PathBuf,
    /// The data folder to make, which must be empty or not exist.
    folder: PathBuf,
}

/// Writes a backup. A file has its name only once it is complete and on the disk.
pub fn backup(command: &Backup) -> Result<ExitCode, Error> {
    let config = command.config.load()?;
    let to_output = command.file == Path::new("-");
    if !to_output && command.file.exists() {
        return Err(Error::Usage(format!("{}: it exists already", command.file.display())));
    }
    if command.erase
        && let failed @ Answer::Failed { .. } = ask(&config, Request::Compact)?
    {
        return print(failed);
    }
    let answer = match to_output {
        true => ask_writing(&config, Request::Backup, &mut io::stdout().lock())?,
        false => {
            let part = with_ending(&command.file, ".part");
            written(&part, &command.file, |file| ask_writing(&config, Request::Backup, file))
                .inspect_err(|_| drop(fs::remove_file(&part)))?
        }
    };
    let Answer::BackedUp { files, octets } = answer else { return print(answer) };
    // Standard output may be the backup.
    eprintln!("backup       {} files, {octets} octets of the journal", files);
    eprintln!(
        "The daemon key is not in it. Without the key in {}",
        config.server.daemon_key.display()
    );
    eprintln!("nothing in it can be read: keep a copy of the key, apart from the backup.");
    Ok(ExitCode::SUCCESS)
}

/// Writes a file under the name `part`, and gives it its own name once `write` was answered in full.
fn written(
    part: &Path,
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<Answer, Error>,
) -> Result<Answer, Error> {
    let named = |error: io::Error| Error::Usage(format!("{}: {error}", part.display()));
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(part);
    let mut file = BufWriter::new(file.map_err(named)?);
    let answer = write(&mut file)?;
    let file = file.into_inner().map_err(|error| named(error.into_error()))?;
    if !matches!(answer, Answer::BackedUp { .. }) {
        fs::remove_file(part)?;
        return Ok(answer);
    }
    file.sync_all()?;
    // It replaces nothing, even if the name was taken meanwhile.
    fs::hard_link(part, path)
        .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    fs::remove_file(part)?;
    files::sync_folder_of(path)?;
    Ok(answer)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Makes a data folder from a backup.
pub fn restore(command: &Restore) -> Result<(), Error> {
    let config = command.config.load()?;
    let key = credentials::daemon_key(&config.server.daemon_key)?;
    let vault = Vault::new(key, pool_limits(&config), cost(&config));
    let refused = |source| Error::Backup { path: command.file.clone(), source };
    let (mut from, total): (Box<dyn Read>, u64) = match command.file == Path::new("-") {
        true => (Box::new(io::stdin().lock()), 0),
        false => {
            let file = File::open(&command.file).map_err(|error| refused(error.into()))?;
            let total = file.metadata()?.len();
            (Box::new(BufReader::new(file)), total)
        }
    };
    let bar = Bar::default();
    let progress = &mut |done: u64| bar.show(done, total.max(done));
    let made = restore::restore(&mut from, &vault, &command.folder, progress).map_err(refused)?;
    drop(bar);
    let BackedUp { files, octets } = made;
    say(format_args!(
        "restored     {files} files, {octets} octets of the journal, in {}",
        command.folder.display()
    ))?;
    say(format_args!("It opens with the daemon key in {}.", config.server.daemon_key.display()))?;
    say(format_args!(
        "What waited in the queue when the backup was made is sent again, passwords and sessions are"
    ))?;
    say(format_args!("those of that time, and what was destroyed since then is back."))
}
