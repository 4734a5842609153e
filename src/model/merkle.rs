//! A Merkle tree (RFC 9162, section 2.1.1), built leaf by leaf. Its memory grows with its height only.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash, written in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, std::hash::Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Sha256::digest(bytes).into()
    }
}

impl<T: Into<[u8; 32]>> From<T> for Hash {
    fn from(digest: T) -> Self {
        Self(digest.into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Hash {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || "a SHA-256 is 64 hexadecimal digits in lower case".to_owned();
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(invalid()) };
        let bytes: Option<Vec<u8>> = pairs.iter().map(|&[a, b]| Some(digit(a)? << 4 | digit(b)?)).collect();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(invalid)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Starts the hash of a leaf, to which the caller adds the leaf's bytes. The prefix distinguishes leaves from nodes.
pub(crate) fn leaf() -> Sha256 {
    Sha256::new_with_prefix([0])
}

/// The hash of the leaf with these bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    leaf().chain_update(bytes).finalize().into()
}

/// The hash of a node above two others.
#[must_use]
pub fn node(left: Hash, right: Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left.0).chain_update(right.0).finalize().into()
}

/// A tree that grows at its right end.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The complete subtrees with their heights, each smaller than the one before.
    subtrees: Vec<(u32, Hash)>,
}

impl Tree {
    /// Adds the hash of a leaf, or in a tree of equal subtrees the root of the next one.
    pub fn push(&mut self, hash: Hash) {
        self.push_subtree(0, hash);
    }

    /// Adds a complete subtree with 2^`height` leaves. The number of leaves before it must be a multiple of 2^`height`:
    /// otherwise the root is not that of its leaves.
    pub fn push_subtree(&mut self, height: u32, root: Hash) {
        let mut grown = (height, root);
        while let Some((height, left)) = self.subtrees.pop_if(|(height, _)| *height == grown.0) {
            grown = (height + 1, node(left, grown.1));
        }
        self.subtrees.push(grown);
    }

    /// The root. The root of an empty tree is the hash of an empty text.
    #[must_use]
    pub fn root(&self) -> Hash {
        let roots = self.subtrees.iter().map(|(_, root)| *root);
        roots.rev().reduce(|right, left| node(left, right)).unwrap_or_else(|| Hash::of(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in the RFC: a tree splits at the largest power of two that is smaller than its size.
    fn reference_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(&[]),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                node(reference_root(left), reference_root(right))
            }
        }
    }

    #[test]
    fn roots_match_the_vectors_of_certificate_transparency() {
        // The test vectors of the certificate-transparency project.
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(tree.root().to_string(), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(leaf_hash(leaf));
            assert_eq!(tree.root().to_string(), *root);
        }
    }

    #[test]
    fn a_tree_of_subtrees_has_the_root_of_the_tree_of_leaves() {
        let leaves: Vec<Hash> = (0..70_u8).map(|n| leaf_hash(&[n])).collect();
        for size in 0..leaves.len() {
            let mut whole = Tree::default();
            leaves[..size].iter().for_each(|leaf| whole.push(*leaf));
            assert_eq!(whole.root(), reference_root(&leaves[..size]), "{size}");
            let mut of_chunks = Tree::default();
            leaves[..size].chunks(8).for_each(|chunk| of_chunks.push(reference_root(chunk)));
            assert_eq!(of_chunks.root(), whole.root(), "{size}");
            let mut of_subtrees = Tree::default();
            leaves[..size]
                .chunks_exact(8)
                .for_each(|chunk| of_subtrees.push_subtree(3, reference_root(chunk)));
            leaves[size / 8 * 8..size].iter().for_each(|leaf| of_subtrees.push(*leaf));
            assert_eq!(of_subtrees.root(), whole.root(), "{size}");
        }
    }

    #[test]
    fn only_a_written_hash_parses() {
        let hash = Hash::of(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for bad in ["", "00", &hash.to_string().to_uppercase(), &format!("{hash}00"), &"é".repeat(32)] {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
    }
}
