//! Passwords, which unwrap an account's unlock key through Argon2id.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::aead::AES_256_GCM;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::aead::{FORMAT, Sealer};
use super::{Error, UnlockKey, random_bytes};

/// A password as it was typed.
pub struct Password(SecretString);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

pub const PASSWORD_OCTETS_MAX: usize = 1024;

impl Password {
    /// Accepts 1 to 1024 octets; `Malformed` for anything else.
    pub fn new(text: &str) -> Result<Password, Error> {
        match (1..=PASSWORD_OCTETS_MAX).contains(&text.len()) {
            true => Ok(Password(SecretString::from(text))),
            false => Err(Error::Malformed),
        }
    }

    /// Returns the text, for the one place that shows a generated password.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The cost of one Argon2id run (RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        PasswordCost { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// An attacker who can write to the store must not be able to make a sign-in arbitrarily costly.
const COST_MAX: PasswordCost = PasswordCost { memory_kib: 1_048_576, passes: 16, lanes: 16 };
const SALT_LEN: usize = 16;
const HEAD_LEN: usize = 1 + 12 + SALT_LEN;

impl PasswordCost {
    fn encode(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.memory_kib.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.passes.to_be_bytes());
        bytes[8..].copy_from_slice(&self.lanes.to_be_bytes());
        bytes
    }

    fn decode(bytes: &[u8; 12]) -> Result<PasswordCost, Error> {
        let number = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let cost = PasswordCost { memory_kib: number(0), passes: number(4), lanes: number(8) };
        let within = cost.memory_kib <= COST_MAX.memory_kib
            && cost.passes <= COST_MAX.passes
            && cost.lanes <= COST_MAX.lanes;
        if within { Ok(cost) } else { Err(Error::Refused) }
    }
}

/// Wraps the unlock key with a password; returns format byte, cost, salt, sealed key.
pub(super) fn wrap(
    memory: &mut Memory,
    cost: PasswordCost,
    password: &Password,
    unlock: &UnlockKey,
    binding: &[u8],
) -> Result<Vec<u8>, Error> {
    let salt = random_bytes::<SALT_LEN>()?;
    let head = [&[FORMAT][..], &cost.encode(), &salt].concat();
    let sealer = Sealer::new(&AES_256_GCM, &*stretch(memory, cost, password, &salt)?);
    let sealed = sealer.seal(&[&head, binding].concat(), &*unlock.0)?;
    Ok([head, sealed].concat())
}

/// Unwraps the unlock key; `Refused` if the password is wrong.
pub(super) fn unwrap(
    memory: &mut Memory,
    wrapped: &[u8],
    password: &Password,
    binding: &[u8],
) -> Result<UnlockKey, Error> {
    let (head, sealed) = wrapped.split_at_checked(HEAD_LEN).ok_or(Error::Malformed)?;
    if head[0] != FORMAT {
        return Err(Error::Refused);
    }
    let cost = PasswordCost::decode(head[1..13].first_chunk().expect("12 of 29 bytes"))?;
    let salt: &[u8; SALT_LEN] = head[13..].first_chunk().expect("16 of 29 bytes");
    let sealer = Sealer::new(&AES_256_GCM, &*stretch(memory, cost, password, salt)?);
    let plain = sealer.open(&[head, binding].concat(), sealed)?;
    let key = <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| Error::Malformed)?;
    Ok(UnlockKey(Zeroizing::new(key)))
}

/// Does the work of checking a wrong password, for an account that does not exist.
pub(super) fn decoy(
    memory: &mut Memory,
    cost: PasswordCost,
    password: &Password,
) -> Result<(), Error> {
    stretch(memory, cost, password, &[0; SALT_LEN]).map(|_| ())
}

/// The working memory of Argon2id. It is kept from one run to the next, as long as there are runs:
/// it takes time to get it from the system. It is wiped after each run.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    pub fn octets(&self) -> usize {
        self.0.len() * size_of::<Block>()
    }

    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }
}

fn stretch(
    memory: &mut Memory,
    cost: PasswordCost,
    password: &Password,
    salt: &[u8; SALT_LEN],
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| Error::Malformed)?;
    let mut key = Zeroizing::new([0; 32]);
    let blocks = memory.blocks(params.block_count());
    let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut *key,
            &mut *blocks,
        );
    blocks.fill(Block::default());
    done.map_err(|_| Error::Malformed)?;
    Ok(key)
}
