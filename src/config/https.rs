//! placeholder
use super::Problem;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Https {
    pub listen: Vec<SocketAddr>,
}
impl Https {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}
