//! The parts of a question that the trail leaves out: what someone searches for may be a secret of any form, and who may
//! only read must not be able to fill the disk.

use std::borrow::Cow;

use crate::model::change::REDACTED;
use crate::model::field_path::term::without_values;

/// A parameter of a filter as the trail keeps it: without searched texts, and of fields without their values.
pub(super) fn kept<'t>(name: &str, value: &'t str) -> Cow<'t, str> {
    match name {
        "q" | "reason" => Cow::Borrowed(REDACTED),
        "field" => without_values(value),
        _ => Cow::Borrowed(value),
    }
}

/// How many bytes of a question's filter the trail keeps. A filter of a hundred resources fits.
const MAX_QUESTION_BYTES: usize = 8 * 1024;

/// The parameters of a question that the trail keeps, from the first on, and how many are left.
pub(super) fn kept_parameters<'f, 't>(filter: &'f [(&'t str, String)]) -> (&'f [(&'t str, String)], usize) {
    let mut room = MAX_QUESTION_BYTES;
    let fits = |(name, value): &&(&str, String)| {
        let left = room.checked_sub(name.len() + value.len() + 2);
        room = left.unwrap_or(0);
        left.is_some()
    };
    let count = filter.iter().take_while(fits).count();
    (&filter[..count], filter.len() - count)
}

/// Whether the trail keeps less of a filter than was asked: then two questions may look the same.
#[must_use]
pub fn leaves_out(filter: &[(&str, String)]) -> bool {
    kept_parameters(filter).1 > 0 || filter.iter().any(|(name, value)| kept(name, value) != value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searched_texts_and_values_are_left_out() {
        for (name, value, expected) in [
            ("q", "s3cret", "[redacted]"),
            ("reason", "s3cret", "[redacted]"),
            ("field", "token", "token"),
            ("field", "!token=s3cret", "!token=[redacted]"),
            ("field", "token:*→s3cret", "token=[redacted]"),
            ("user", "ana", "ana"),
        ] {
            assert_eq!(kept(name, value), expected, "{name}");
            assert_eq!(leaves_out(&[(name, value.to_owned())]), value != expected, "{name}");
        }
    }

    #[test]
    fn a_long_filter_is_cut_between_two_parameters() {
        let filter = |count: usize, length| vec![("model_id", "x".repeat(length)); count];
        for (filter, expected) in [
            (filter(100, 60), (100, 0)),
            (filter(3, 4_000), (2, 1)),
            (filter(1, 9_000), (0, 1)),
            (Vec::new(), (0, 0)),
        ] {
            let (kept, left) = kept_parameters(&filter);
            assert_eq!((kept.len(), left), expected);
            assert_eq!(leaves_out(&filter), left > 0);
        }
    }
}
