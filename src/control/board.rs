//! Commands about boards.

use crate::gateway::records::audit::Act;
use crate::gateway::{Error, Gateway};

use super::protocol::{Answer, BoardRow, CONSOLE, Request};

pub(super) fn handle(gateway: &Gateway, request: Request) -> Result<Answer, Error> {
    let message = match request {
        Request::BoardList => {
            let rows = gateway.boards_all()?.into_iter().map(BoardRow::from).collect();
            return Ok(Answer::Boards { rows });
        }
        Request::BoardDelete { id } => {
            gateway.board_delete_numbered(&id)?;
            gateway.note(CONSOLE, Act::BoardDeleted, &id, "");
            format!("{id} was deleted with all its posts")
        }
        Request::BoardManager { id, name } => {
            gateway.board_manager_name(&id, &name)?;
            gateway.note(CONSOLE, Act::BoardManagerNamed, &format!("{id}: {name}"), "");
            format!("{name} manages {id}")
        }
        _ => return Err(Error::Invalid { what: "not a command about boards".to_owned() }),
    };
    Ok(Answer::Done { message })
}
