//! Proofs from tiles: each verifies its own leaf or trees, and no other.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::model::fixtures::leaves;
use crate::model::integrity::tile::{hashes_at, tile_root};

/// The hashes of a path, concatenated.
fn bytes(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}

/// Only the tiles that a proof needs, as a tree of `size` leaves has them.
fn tiles(leaves: &[Hash], needed: &[TileId]) -> Tiles {
    let mut tiles = Tiles::default();
    for TileId { level, position, width } in needed {
        let stride = 1_usize << (TILE_HEIGHT * level);
        let first = usize::try_from(position * TILE).expect("small");
        let hash = |at: usize| tile_root(&leaves[at * stride..(at + 1) * stride]);
        tiles.insert(*level, *position, (first..first + *width as usize).map(hash).collect());
    }
    tiles
}

#[test]
fn every_leaf_of_every_small_tree_is_proved() {
    for size in 1..40 {
        let leaves = leaves(size);
        let root = tile_root(&leaves);
        for index in 0..size {
            let path = tiles(&leaves, &inclusion_tiles(index, size)).inclusion(index, size).expect("tiles");
            for (other, leaf) in leaves.iter().enumerate() {
                let proved = root_of_inclusion(*leaf, index, size, &path) == Some(root);
                assert_eq!(proved, other as u64 == index, "{other} at {index} of {size}");
            }
            let longer = [&path[..], &[root]].concat();
            assert_eq!(root_of_inclusion(leaves[0], index, size, &longer), None);
            assert!(path.is_empty() || root_of_inclusion(leaves[0], index, size, &path[1..]).is_none());
        }
        assert_eq!(root_of_inclusion(leaves[0], size, size, &[]), None);
    }
}

#[test]
fn every_pair_of_small_trees_is_proved_consistent() {
    for new in 0..40 {
        let leaves = leaves(new);
        let root = |size: u64| tile_root(&leaves[..usize::try_from(size).expect("small")]);
        for old in 0..=new {
            let tiles = tiles(&leaves, &consistency_tiles(old, new));
            let path = tiles.consistency(old, new).expect("tiles");
            assert!(is_consistent((old, root(old)), (new, root(new)), &path), "{old} {new}");
            let forged = Hash::of(b"another root");
            assert!(!is_consistent((old, forged), (new, root(new)), &path), "{old} {new}");
            assert!(old == 0 || !is_consistent((old, root(old)), (new, forged), &path), "{old} {new}");
            let longer = [&path[..], &[forged]].concat();
            assert!(!is_consistent((old, root(old)), (new, root(new)), &longer), "{old} {new}");
            assert!(old == new || !is_consistent((new, root(new)), (old, root(old)), &path), "{old} {new}");
        }
        assert_eq!(Tiles::default().consistency(new + 1, new), None);
    }
}

/// Compares with the recursive definition of PATH in RFC 6962.
#[test]
fn paths_match_the_definition_in_the_rfc() {
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        if index < left.len() {
            [path(index, left), vec![tile_root(right)]].concat()
        } else {
            [path(index - left.len(), right), vec![tile_root(left)]].concat()
        }
    }
    for size in [1, 2, 3, 7, 8, 13, 300] {
        let leaves = leaves(size);
        for index in 0..size {
            let tiles = tiles(&leaves, &inclusion_tiles(index, size));
            let expected = path(usize::try_from(index).expect("small"), &leaves);
            assert_eq!(tiles.inclusion(index, size), Some(expected), "{index} of {size}");
        }
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
    #[test]
    fn proofs_over_several_levels_need_few_tiles(size in 1..140_000_u64, a in any::<u64>(), b in any::<u64>()) {
        let leaves = leaves(size);
        let (index, old) = (a % size, b % (size + 1));
        let root = |size: u64| tile_root(&leaves[..usize::try_from(size).expect("small")]);
        let needed = inclusion_tiles(index, size);
        prop_assert!(needed.len() <= 5, "{needed:?}");
        for tile in &needed {
            prop_assert!(u64::from(tile.width) <= hashes_at(tile.level, size));
        }
        let path = tiles(&leaves, &needed).inclusion(index, size).expect("tiles");
        let leaf = leaves[usize::try_from(index).expect("small")];
        prop_assert_eq!(root_of_inclusion(leaf, index, size, &path), Some(root(size)));
        let needed = consistency_tiles(old, size);
        prop_assert!(needed.len() <= 6, "{needed:?}");
        let path = tiles(&leaves, &needed).consistency(old, size).expect("tiles");
        prop_assert!(is_consistent((old, root(old)), (size, root(size)), &path));
    }

    /// The crate `ct-merkle` implements RFC 6962 without tiles.
    #[test]
    fn another_implementation_has_the_same_roots_and_proofs(size in 1..1_500_usize, a in any::<u64>(), b in any::<u64>()) {
        let mut other = MemoryBackedTree::<sha2::Sha256, [u8; 8]>::new();
        (0..size as u64).for_each(|leaf| other.push(leaf.to_be_bytes()));
        let (size, leaves) = (size as u64, leaves(size as u64));
        let root = |size: u64| tile_root(&leaves[..usize::try_from(size).expect("small")]);
        prop_assert_eq!(other.root().as_bytes().to_vec(), root(size).0.to_vec());

        // Both compute the same proofs, and ct-merkle accepts ours.
        let index = a % size;
        let path = tiles(&leaves, &inclusion_tiles(index, size)).inclusion(index, size).expect("tiles");
        let theirs = other.prove_inclusion(usize::try_from(index).expect("small"));
        prop_assert_eq!(theirs.as_bytes(), &*bytes(&path));
        let ours = InclusionProof::try_from_bytes(bytes(&path)).expect("whole hashes");
        other.root().verify_inclusion(&index.to_be_bytes(), index, &ours).expect("included");
        let next = (index + 1) % size;
        prop_assert!(size == 1 || other.root().verify_inclusion(&next.to_be_bytes(), index, &ours).is_err());

        let old = 1 + b % size;
        let path = tiles(&leaves, &consistency_tiles(old, size)).consistency(old, size).expect("tiles");
        if old < size {
            let added = usize::try_from(size - old).expect("small");
            prop_assert_eq!(other.prove_consistency(added).as_bytes().to_vec(), bytes(&path));
            let ours = ConsistencyProof::try_from_bytes(bytes(&path)).expect("whole hashes");
            let old_root = |root: Hash| RootHash::<sha2::Sha256>::new(root.0.into(), old);
            other.root().verify_consistency(&old_root(root(old)), &ours).expect("consistent");
            prop_assert!(other.root().verify_consistency(&old_root(Hash::of(b"forged")), &ours).is_err());
        }
    }

    #[test]
    fn a_proof_is_read_as_it_is_written(index in any::<u64>(), length in 0..20_u64, note in "[a-z\n]{0,20}") {
        let proof = Proof { index, path: leaves(length), checkpoint: note };
        prop_assert_eq!(proof.to_string().parse(), Ok(proof));
    }
}

#[test]
fn other_texts_are_no_proofs() {
    let proof = Proof { index: 7, path: leaves(2), checkpoint: "note\n".to_owned() };
    let text = proof.to_string();
    assert_eq!(text.replace("index", "extra AAAA\nindex").parse(), Ok(proof));
    for bad in [
        text.replace("@v1", "@v2"),
        text.replace("index 7", "index 07"),
        text.replace("index 7", "index +7"),
        text.replace("index 7\n", ""),
        text.replace("\n\n", "\n"),
        text.replacen('=', "", 1),
    ] {
        assert_eq!(bad.parse::<Proof>(), Err(InvalidProof), "{bad}");
    }
}
