//! The leaf record of an entry: 97 bytes with its times and a commitment to each of its two parts.
//!
//! A commitment hides its part: it is salted with random bytes that are deleted with the part. So a record that stays when
//! its entry goes does not help to guess what the entry said.

use std::ops::Deref;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::model::entry::{Entry, EntryView, RequestContext, User};
use crate::model::merkle::{Hash, leaf_hash};
use crate::model::timestamp::Timestamp;
use crate::model::words::Via;

/// An entry with borrowed texts. Its changes are the JSON text as stored, byte for byte.
pub type EntryParts<'a> = Entry<&'a str, User<&'a str>, &'a str>;

/// 16 random bytes of an entry, from which the salts of its commitments are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

/// The salt of one commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// A part of an entry that has a commitment of its own, so that it can be erased without the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Who acted, for whom, and from where.
    Actor,
    /// What was done.
    Content,
}

impl Part {
    /// The name from which the salt is derived.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Content => "content",
        }
    }

    /// The other part.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Actor => Self::Content,
            Self::Content => Self::Actor,
        }
    }

    /// The commitment to this part of an entry: the hash of the salt and the canonical bytes.
    #[must_use]
    pub fn commitment(self, entry: &EntryParts<'_>, salt: &Salt) -> Hash {
        let mut hash = Sha256::new_with_prefix(salt.0);
        self.canonical(entry, &mut |bytes| hash.update(bytes));
        hash.finalize().into()
    }

    /// Passes the canonical bytes to `write`, piece by piece.
    fn canonical(self, entry: &EntryParts<'_>, write: &mut impl FnMut(&[u8])) {
        // A new field of an entry must be covered by a part: this does not compile until it is.
        let Entry {
            id: _,
            uuid,
            occurred_at: _,
            recorded_at: _,
            action,
            model_type,
            model_id,
            model_name,
            user,
            on_behalf_of,
            context: RequestContext { via, ip, user_agent, request_id },
            reason,
            changes,
        } = entry;
        match self {
            Self::Actor => {
                canonical_user(Some(user), write);
                canonical_user(on_behalf_of.as_ref(), write);
                field(*ip, write);
                field(*user_agent, write);
            }
            Self::Content => {
                field(Some(uuid.as_bytes()), write);
                field(Some(action.as_str()), write);
                field(Some(model_type.as_str()), write);
                field(Some(model_id), write);
                field(*model_name, write);
                field(via.map(Via::as_str), write);
                field(*request_id, write);
                field(*reason, write);
                field(Some(changes), write);
            }
        }
    }
}

/// The five fields of a user, all of them absent if there is no user.
fn canonical_user(user: Option<&User<&str>>, write: &mut impl FnMut(&[u8])) {
    field(user.map(|user| user.kind.as_str()), write);
    field(user.and_then(|user| user.id), write);
    field(user.and_then(|user| user.email), write);
    field(user.and_then(|user| user.name), write);
    field(user.and_then(|user| user.role), write);
}

/// A field: its length as four bytes, big endian, then its bytes. An absent field is the length 0xFFFFFFFF alone.
fn field<B: AsRef<[u8]> + ?Sized>(bytes: Option<&B>, write: &mut impl FnMut(&[u8])) {
    let Some(bytes) = bytes else { return write(&u32::MAX.to_be_bytes()) };
    let bytes = bytes.as_ref();
    // The server accepts no text near 4 GiB.
    write(&u32::try_from(bytes.len()).unwrap_or(u32::MAX - 1).to_be_bytes());
    write(bytes);
}

impl Seed {
    /// Generates a random seed.
    ///
    /// # Errors
    /// The operating system's error when it cannot provide randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut seed = Self([0; 16]);
        getrandom::fill(&mut seed.0)?;
        Ok(seed)
    }

    /// The salt of a part: the first 16 bytes of HMAC-SHA256 with the seed as the key over the part's name.
    #[must_use]
    pub fn salt(&self, part: Part) -> Salt {
        // HMAC fills a short key up with zeros.
        let mut key = [0; 64];
        key[..16].copy_from_slice(&self.0);
        let code: [u8; 32] =
            Hmac::<Sha256>::new(&key.into()).chain_update(part.name()).finalize().into_bytes().into();
        let mut salt = Salt([0; 16]);
        salt.0.copy_from_slice(&code[..16]);
        salt
    }
}

/// What stands for an entry in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafRecord {
    /// The entry's id minus one.
    pub index: u64,
    /// When the action happened.
    pub occurred_at: Timestamp,
    /// When the server received the entry.
    pub recorded_at: Timestamp,
    /// The largest `occurred_at` of this entry and of the earlier ones in the same tile.
    pub tile_latest: Timestamp,
    /// The commitment to [`Part::Actor`].
    pub actor: Hash,
    /// The commitment to [`Part::Content`].
    pub content: Hash,
    /// False in version 0: the entry was deleted before its log had a tree.
    pub is_protected: bool,
}

/// The bytes are not a leaf record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a leaf record: {0}")]
pub struct InvalidRecord(&'static str);

impl LeafRecord {
    /// The length in bytes.
    pub const LENGTH: usize = 97;

    /// The record of an entry. `tile_latest` is that of the entry before it in the same tile, or [`Timestamp::MIN`] for the
    /// first entry of a tile.
    #[must_use]
    pub fn of(entry: &EntryParts<'_>, seed: &Seed, tile_latest: Timestamp) -> Self {
        Self {
            index: entry.id.saturating_sub(1),
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            tile_latest: tile_latest.max(entry.occurred_at),
            actor: Part::Actor.commitment(entry, &seed.salt(Part::Actor)),
            content: Part::Content.commitment(entry, &seed.salt(Part::Content)),
            is_protected: true,
        }
    }

    /// The record of an entry that was deleted before its log had a tree: all but the index and `tile_latest` is zero.
    #[must_use]
    pub fn unprotected(index: u64, tile_latest: Timestamp) -> Self {
        let (time, hash) = (Timestamp::MIN, Hash::default());
        Self {
            index,
            occurred_at: time,
            recorded_at: time,
            tile_latest,
            actor: hash,
            content: hash,
            is_protected: false,
        }
    }

    /// The bytes that are hashed.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = u8::from(self.is_protected);
        bytes[1..9].copy_from_slice(&self.index.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.occurred_at.micros().to_be_bytes());
        bytes[17..25].copy_from_slice(&self.recorded_at.micros().to_be_bytes());
        bytes[25..33].copy_from_slice(&self.tile_latest.micros().to_be_bytes());
        bytes[33..65].copy_from_slice(&self.actor.0);
        bytes[65..].copy_from_slice(&self.content.0);
        bytes
    }

    /// Reads the bytes of a record.
    ///
    /// # Errors
    /// [`InvalidRecord`] when the version is unknown, a time is out of range, or a record of version 0 has more than an
    /// index and `tile_latest`.
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Result<Self, InvalidRecord> {
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[at..at + 8]);
            number
        };
        let time = |at| {
            Timestamp::from_micros(i64::from_be_bytes(number(at)))
                .ok_or(InvalidRecord("a time is out of range"))
        };
        let hash = |at: usize| {
            let mut hash = Hash::default();
            hash.0.copy_from_slice(&bytes[at..at + 32]);
            hash
        };
        let record = Self {
            index: u64::from_be_bytes(number(1)),
            occurred_at: time(9)?,
            recorded_at: time(17)?,
            tile_latest: time(25)?,
            actor: hash(33),
            content: hash(65),
            is_protected: match bytes[0] {
                0 => false,
                1 => true,
                _ => return Err(InvalidRecord("its version is unknown")),
            },
        };
        if !record.is_protected && record != Self::unprotected(record.index, record.tile_latest) {
            return Err(InvalidRecord("version 0 has neither times nor commitments"));
        }
        Ok(record)
    }

    /// The leaf hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }

    /// The id of the entry.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.index.saturating_add(1)
    }
}

impl<T: Deref<Target = str>> User<T> {
    /// The user with borrowed texts.
    pub(crate) fn parts(&self) -> User<&str> {
        let Self { id, email, name, role, kind } = self;
        let [id, email, name, role] = [id, email, name, role].map(Option::as_deref);
        User { id, email, name, role, kind: *kind }
    }
}

fn parts<'a, T: Deref<Target = str>, C>(entry: &'a Entry<T, User<T>, C>, changes: &'a str) -> EntryParts<'a> {
    Entry {
        id: entry.id,
        uuid: entry.uuid,
        occurred_at: entry.occurred_at,
        recorded_at: entry.recorded_at,
        action: entry.action,
        model_type: entry.model_type,
        model_id: &entry.model_id,
        model_name: entry.model_name.as_deref(),
        user: entry.user.parts(),
        on_behalf_of: entry.on_behalf_of.as_ref().map(User::parts),
        context: entry.context.map(|text| &**text),
        reason: entry.reason.as_deref(),
        changes,
    }
}

impl Entry {
    /// The entry as its commitments take it.
    #[must_use]
    pub fn parts(&self) -> EntryParts<'_> {
        parts(self, self.changes.get())
    }
}

impl EntryView<'_> {
    /// The entry as its commitments take it.
    #[must_use]
    pub fn parts(&self) -> EntryParts<'_> {
        parts(self, self.changes.get())
    }
}

#[cfg(test)]
mod tests;
