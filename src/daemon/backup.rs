//! `postern backup` and `postern restore`: the whole store as one sealed file, and back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::control::{Answer, Request};
use crate::store::BackedUp;
use crate::store::local::restore;
use crate::vault::{self, Vault};

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
        true => {
            let mut out = io::stdout().lock();
            let answer = ask_writing(&config, Request::Backup, &mut out)?;
            // What is still in the buffer is the end, without which it is no backup.
            out.flush().map_err(Error::Output)?;
            answer
        }
        false => written(&command.file, |file| ask_writing(&config, Request::Backup, file))?,
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

/// Writes a file under a name that nobody else uses, and gives it its own name once `write` was answered
/// in full. What is not complete is removed; what is complete stays, whatever happens then.
fn written(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<Answer, Error>,
) -> Result<Answer, Error> {
    let mark: String =
        vault::random_bytes::<4>()?.iter().map(|octet| format!("{octet:02x}")).collect();
    let part = with_ending(path, &format!(".{mark}.part"));
    let named = |error: io::Error| Error::Usage(format!("{}: {error}", part.display()));
    // A new file: no other run's, and not what a link of that name leads to.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    let mut file = BufWriter::new(file.map_err(named)?);
    let complete = |file: &mut BufWriter<File>| {
        let answer = write(file)?;
        if matches!(answer, Answer::BackedUp { .. }) {
            file.flush().map_err(named)?;
            file.get_ref().sync_all().map_err(named)?;
        }
        Ok::<_, Error>(answer)
    };
    let answer = match complete(&mut file) {
        Ok(answer @ Answer::BackedUp { .. }) => answer,
        other => {
            fs::remove_file(&part)?;
            return other;
        }
    };
    take_name(&part, path).map_err(|error| {
        let kept =
            format!("{}: {error}; the backup is complete in {}", path.display(), part.display());
        Error::Usage(kept)
    })?;
    files::sync_folder_of(path)?;
    Ok(answer)
}

/// Gives a file another name, which nothing else has.
fn take_name(part: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, part, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(Errno::EXIST.into()),
        // The file system cannot do that at once: the name is taken first.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            fs::rename(part, path)
        }
    }
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
