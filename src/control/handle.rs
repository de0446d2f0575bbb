//! Dispatches each command to the code that carries it out.

use crate::gateway::accounts::chosen::PASSPHRASE_CHARS_MIN;
use crate::gateway::mailboxes::import::Flag;
use crate::gateway::records::audit::Act;
use crate::gateway::{self, Error, Gateway};

use super::protocol::{Answer, CONSOLE, Output, Request};
use super::{board, outgoing, user};

/// Carries out a request, behind which `body` came. Blocks; `output` is told what was done as
/// long-running work advances.
pub fn handle(
    gateway: &Gateway,
    (request, body): (Request, &[u8]),
    output: &mut dyn Output,
) -> Answer {
    let answered = match request {
        Request::Verify => verify(gateway, &mut |done, total| output.progress(done, total)),
        Request::Compact => compact(gateway),
        Request::Backup => backup(gateway, output),
        Request::Import { name, mailbox, unread, .. } => {
            let flag = if unread { Flag::Unread } else { Flag::Read };
            let done = gateway.message_import_for(&name, (&mailbox, flag), body);
            done.map(|stored| Answer::Imported { stored })
        }
        Request::ImportEnd { name, stored } => {
            gateway.note(CONSOLE, Act::Imported, &format!("{name}: {stored}"), "");
            Ok(Answer::Done { message: String::new() })
        }
        Request::BoardList | Request::BoardDelete { .. } | Request::BoardManager { .. } => {
            board::handle(gateway, request)
        }
        Request::QueueList
        | Request::QueueShow { .. }
        | Request::QueueRetry { .. }
        | Request::QueueHold { .. }
        | Request::QueueDrop { .. }
        | Request::TemporaryList
        | Request::TemporaryRenew { .. }
        | Request::TemporaryRevoke { .. } => outgoing::handle(gateway, request),
        user => user::handle(gateway, user),
    };
    answered.unwrap_or_else(|error| Answer::Failed { message: said(&error) })
}

/// Says to an administrator why something was not done.
fn said(error: &Error) -> String {
    match error {
        Error::Refused => "The password or the recovery key is not the right one.".to_owned(),
        Error::Busy => "The server is busy. Try again in a moment.".to_owned(),
        Error::WeakPassword => {
            format!("A password must have at least {PASSPHRASE_CHARS_MIN} characters.")
        }
        Error::Conflict(why) => why.sentence().to_owned(),
        Error::NotFound { what } => format!("There is no such {what}."),
        other => other.to_string(),
    }
}

fn verify(gateway: &Gateway, progress: &mut dyn FnMut(u64, u64)) -> Result<Answer, gateway::Error> {
    let verified = gateway.store().engine().verify(progress)?;
    Ok(Answer::Verified {
        segments: verified.segments,
        frames: verified.frames,
        records: verified.records,
        contents: verified.contents,
        damage: verified.damage,
    })
}

fn compact(gateway: &Gateway) -> Result<Answer, gateway::Error> {
    let octets = gateway.store().engine().compact()?;
    Ok(Answer::Done { message: format!("{octets} octets freed") })
}

fn backup(gateway: &Gateway, output: &mut dyn Output) -> Result<Answer, gateway::Error> {
    tracing::info!("a backup was begun");
    let made = gateway.store().engine().backup(&mut |part| {
        output.progress(part.done, part.total);
        Ok(output.octets(part.octets)?)
    })?;
    gateway.note(CONSOLE, Act::BackedUp, "", "");
    tracing::info!(made.files, made.octets, "a backup was made");
    Ok(Answer::BackedUp { files: made.files, octets: made.octets })
}
