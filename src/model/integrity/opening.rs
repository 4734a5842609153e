//! The opening of a leaf record: what a verifier needs to compute the commitments of an entry again.

use crate::model::integrity::leaf::{Part, Salt, Seed};

/// What is left of an entry's salts: the seed of both, the salt of one part, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Nothing: the entry was deleted.
    Deleted,
    /// The seed: the entry is kept as a whole.
    Kept(Seed),
    /// The salt of this part: the other part was erased.
    Erased {
        /// The part that is still there.
        kept: Part,
        /// Its salt.
        salt: Salt,
    },
    /// Nothing but the times: both parts were erased.
    BothErased,
}

/// The bytes are not an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an opening: its kind is unknown, or it has bytes where its kind has none")]
pub struct InvalidOpening;

impl Opening {
    /// The length in bytes.
    pub const LENGTH: usize = 17;

    /// One byte for the kind, then the seed or the salt.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let (kind, bytes) = match *self {
            Self::Deleted => (0, [0; 16]),
            Self::Kept(Seed(seed)) => (1, seed),
            Self::Erased { kept: Part::Content, salt: Salt(salt) } => (2, salt),
            Self::Erased { kept: Part::Actor, salt: Salt(salt) } => (3, salt),
            Self::BothErased => (4, [0; 16]),
        };
        let mut opening = [kind; Self::LENGTH];
        opening[1..].copy_from_slice(&bytes);
        opening
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// [`InvalidOpening`].
    pub fn from_bytes(opening: &[u8; Self::LENGTH]) -> Result<Self, InvalidOpening> {
        let [kind, bytes @ ..] = *opening;
        match kind {
            0 if bytes == [0; 16] => Ok(Self::Deleted),
            1 => Ok(Self::Kept(Seed(bytes))),
            2 => Ok(Self::Erased { kept: Part::Content, salt: Salt(bytes) }),
            3 => Ok(Self::Erased { kept: Part::Actor, salt: Salt(bytes) }),
            4 if bytes == [0; 16] => Ok(Self::BothErased),
            _ => Err(InvalidOpening),
        }
    }

    /// The salt of a part, unless the part is gone.
    #[must_use]
    pub fn salt(&self, part: Part) -> Option<Salt> {
        match self {
            Self::Kept(seed) => Some(seed.salt(part)),
            Self::Erased { kept, salt } => (*kept == part).then_some(*salt),
            Self::Deleted | Self::BothErased => None,
        }
    }

    /// Whether the entry is kept and this part of it was erased.
    #[must_use]
    pub fn is_erased(&self, part: Part) -> bool {
        *self != Self::Deleted && self.salt(part).is_none()
    }

    /// The opening after this part was erased.
    #[must_use]
    pub fn without(&self, part: Part) -> Self {
        let other = part.other();
        match (self.salt(other), self) {
            (_, Self::Deleted) => Self::Deleted,
            (Some(salt), _) => Self::Erased { kept: other, salt },
            (None, _) => Self::BothErased,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_bytes() {
        let salt = Salt([7; 16]);
        for (kind, opening) in [
            Opening::Deleted,
            Opening::Kept(Seed([9; 16])),
            Opening::Erased { kept: Part::Content, salt },
            Opening::Erased { kept: Part::Actor, salt },
            Opening::BothErased,
        ]
        .into_iter()
        .enumerate()
        {
            let bytes = opening.to_bytes();
            assert_eq!(usize::from(bytes[0]), kind);
            assert_eq!(Opening::from_bytes(&bytes), Ok(opening));
        }
        let mut deleted = Opening::Deleted.to_bytes();
        deleted[16] = 1;
        assert_eq!(Opening::from_bytes(&deleted), Err(InvalidOpening));
        assert_eq!(Opening::from_bytes(&[4; 17]), Err(InvalidOpening));
        assert_eq!(Opening::from_bytes(&[5; 17]), Err(InvalidOpening));
    }

    #[test]
    fn only_a_part_that_is_kept_has_a_salt() {
        let seed = Seed([9; 16]);
        let (actor, content) = (seed.salt(Part::Actor), seed.salt(Part::Content));
        assert_ne!(actor, content);
        let salts = |opening: Opening| [Part::Actor, Part::Content].map(|part| opening.salt(part));
        assert_eq!(salts(Opening::Kept(seed)), [Some(actor), Some(content)]);
        assert_eq!(salts(Opening::Erased { kept: Part::Content, salt: content }), [None, Some(content)]);
        assert_eq!(salts(Opening::Deleted), [None, None]);
        let kept = Opening::Kept(seed);
        let one = kept.without(Part::Actor);
        assert_eq!(one, Opening::Erased { kept: Part::Content, salt: content });
        assert_eq!(one.without(Part::Actor), one);
        assert_eq!(one.without(Part::Content), Opening::BothErased);
        assert_eq!(Opening::Deleted.without(Part::Actor), Opening::Deleted);
        assert_eq!([Part::Actor, Part::Content].map(|part| one.is_erased(part)), [true, false]);
    }
}
