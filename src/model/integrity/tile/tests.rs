//! Tiles, their paths in the API, and paths of hashes in them.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;
use crate::model::fixtures::leaves;

fn id(level: u32, position: u64, width: u32) -> TileId {
    TileId { level, position, width }
}

#[test]
fn a_tile_has_the_path_of_the_specification() {
    for (tile, path) in [
        (id(0, 0, 256), "0/000"),
        (id(0, 1_234_067, 256), "0/x001/x234/067"),
        (id(1, 5, 17), "1/005.p/17"),
        (id(2, 1000, 1), "2/x001/000.p/1"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    for bad in [
        "",
        "0",
        "0/",
        "0/0",
        "0/0000",
        "0/x000/001",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/257",
        "0/000.p/01",
        "00/000",
        "64/000",
        "0/001/000",
        "0/x001",
        "-1/000",
        "0/+01",
        "0/xx1/000",
    ] {
        assert_eq!(bad.parse::<TileId>(), Err(InvalidTile), "{bad}");
    }
}

/// The example of the specification.
#[test]
fn a_tree_has_the_partial_tiles_of_the_specification() {
    assert_eq!(root_tiles(70_000), [id(2, 0, 1), id(1, 1, 17), id(0, 273, 112)]);
    assert_eq!(root_tiles(256), [id(1, 0, 1)]);
    assert_eq!(root_tiles(0), []);
    assert_eq!(TileId::within(0, 273, 70_000), Some(id(0, 273, 112)));
    assert_eq!(TileId::within(0, 272, 70_000), Some(id(0, 272, 256)));
    assert_eq!(TileId::within(1, 1, 70_000), Some(id(1, 1, 17)));
    assert_eq!(TileId::within(0, 274, 70_000), None);
    assert_eq!(TileId::within(3, 0, 70_000), None);
    assert_eq!(TileId::within(0, u64::MAX, u64::MAX), None);
}

#[test]
fn the_hashes_of_the_partial_tiles_make_the_root() {
    let leaves = leaves(70_000);
    let mut levels = vec![leaves.clone()];
    while let Some(level) = levels.last().filter(|level| level.len() >= 256) {
        let above = level.chunks_exact(256).map(tile_root).collect();
        levels.push(above);
    }
    for size in [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000] {
        let mut tree = Tree::default();
        for tile in root_tiles(size as u64) {
            let start = usize::try_from(tile.position * TILE).expect("small");
            for hash in &levels[tile.level as usize][start..start + tile.width as usize] {
                tree.push_subtree(tile.level * TILE_HEIGHT, *hash);
            }
        }
        assert_eq!(tree.root(), tile_root(&leaves[..size]), "{size}");
    }
}

#[test]
fn a_path_leads_from_each_leaf_to_the_root_of_its_tile() {
    let leaves = leaves(256);
    for index in 0..=255 {
        let path = tile_path(&leaves, index).expect("a full tile");
        let leaf = leaves[usize::from(index)];
        assert_eq!(root_of_path(leaf, index, &path), tile_root(&leaves));
        assert_ne!(root_of_path(leaf, index ^ 1, &path), tile_root(&leaves));
        let mut other = path;
        other[usize::from(index) % 8].0[0] ^= 1;
        assert_ne!(root_of_path(leaf, index, &other), tile_root(&leaves));
    }
    assert_eq!(tile_path(&leaves[..255], 0), None);
}

proptest! {
    #[test]
    fn every_tile_is_read_as_it_is_written(level in 0..64_u32, position in any::<u64>(), width in 1..=256_u32) {
        let tile = id(level, position, width);
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }

    #[test]
    fn no_text_is_read_as_a_tile_that_is_written_otherwise(text in "[0-3x/.p]{1,12}") {
        if let Ok(tile) = text.parse::<TileId>() {
            prop_assert_eq!(tile.to_string(), text);
        }
    }
}
