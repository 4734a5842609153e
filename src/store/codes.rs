//! Encodes single values for storage: enums as numbers, times as microseconds, lists as text. Engine-independent.

use crate::model::entry::User;
use crate::model::plan::Retention;
use crate::model::timestamp::Timestamp;
use crate::model::words::Scope;
use crate::store::error::StoreError;

fn damaged(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// A time kept as microseconds.
pub(super) fn timestamp(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_micros(micros).ok_or_else(|| StoreError::Damaged(format!("{micros} is not a valid time")))
}

/// The enum value of a stored number: its index in `all`.
pub(super) fn word<T: Copy>(all: &[T], code: i64) -> Result<T, StoreError> {
    let word = usize::try_from(code).ok().and_then(|index| all.get(index));
    word.copied().ok_or_else(|| StoreError::Damaged(format!("{code} is not a known code")))
}

/// A token's scopes, separated by commas.
pub(super) fn scopes(text: &str) -> Result<Vec<Scope>, StoreError> {
    let scopes = text.split(',').filter(|scope| !scope.is_empty()).map(str::parse::<Scope>);
    scopes.collect::<Result<_, _>>().map_err(|error| damaged(&error))
}

/// An organization's plan and its floor, if an operator has set one.
pub(super) fn retention(plan: &str, floor: Option<&str>) -> Result<Retention, StoreError> {
    let plan = plan.parse().map_err(|error| damaged(&error))?;
    let floor = floor.map(str::parse).transpose().map_err(|error| damaged(&error))?;
    Ok(Retention { plan, floor })
}

/// The first eight bytes of a token's hash: an index finds the token's row by them. The whole hash is compared afterwards.
pub(super) fn lookup(hash: &[u8; 32]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(first)
}

/// A count or an id for a signed column. Values above `i64::MAX` become `i64::MAX`.
pub(super) fn to_signed_saturating(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Serialises rows as the JSON array that a statement reads.
pub(super) fn json(rows: &impl serde::Serialize) -> String {
    serde_json::to_string(rows).unwrap_or_default()
}

/// Bytes as hexadecimal text, for a JSON array of rows.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The seed of a new entry.
pub(super) fn random_seed() -> Result<[u8; 16], StoreError> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|error| StoreError::Failed(format!("no randomness: {error}")))?;
    Ok(seed)
}

/// A recorded user.
pub(super) fn user(snapshot: &str) -> Result<User, StoreError> {
    serde_json::from_str(snapshot).map_err(|error| StoreError::Damaged(format!("a user: {error}")))
}
