//! placeholder
use super::Problem;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    pub listen: Vec<SocketAddr>,
}
impl Smtp {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}
