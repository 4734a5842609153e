//! The parts of a question that the trail leaves out: what someone searches for may be a secret of any form.

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

/// Whether the trail keeps less of a filter than was asked: then two questions may look the same.
#[must_use]
pub fn leaves_out(filter: &[(&str, String)]) -> bool {
    filter.iter().any(|(name, value)| kept(name, value) != value.as_str())
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
}
