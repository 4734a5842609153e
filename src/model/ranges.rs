//! Ranges of consecutive numbers, such as ids, tiles and blocks.

/// Groups ascending numbers into ranges of consecutive ones: (first, last).
#[must_use]
pub fn ranges(sorted: &[u64]) -> Vec<(u64, u64)> {
    let runs = sorted.chunk_by(|one, next| one + 1 == *next);
    runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_numbers_form_one_range() {
        assert_eq!(ranges(&[1, 2, 4, 7, 8]), [(1, 2), (4, 4), (7, 8)]);
        assert!(ranges(&[]).is_empty());
    }
}
