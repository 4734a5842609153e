//! The header by which a client says why it reads: `Krosyn-Purpose: export; format=csv`.

use std::fmt;
use std::str::FromStr;

/// The name of the header.
pub const PURPOSE: &str = "krosyn-purpose";
/// The longest name of a format.
const MAX_FORMAT: usize = 32;

/// Pages are read to be written to a file. The trail records where this begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportPurpose {
    /// The format of the file, such as `csv`.
    pub format: Option<String>,
}

/// The header's value is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be export, or export; format=FORMAT, such as export; format=csv")]
pub struct UnknownPurpose;

impl FromStr for ExportPurpose {
    type Err = UnknownPurpose;
    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        let mut parts = text.split(';').map(str::trim);
        let (Some("export"), format, None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(UnknownPurpose);
        };
        let Some(format) = format else { return Ok(Self { format: None }) };
        let is_word = |it: &&str| {
            (1..=MAX_FORMAT).contains(&it.len())
                && it.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let format = format.strip_prefix("format=").filter(is_word).ok_or(UnknownPurpose)?;
        Ok(Self { format: Some(format.to_owned()) })
    }
}

impl fmt::Display for ExportPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.format {
            Some(format) => write!(f, "export; format={format}"),
            None => f.write_str("export"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_read_back() {
        for (text, format) in
            [("export", None), ("export; format=csv", Some("csv")), ("export;format=x-1", Some("x-1"))]
        {
            let purpose = ExportPurpose { format: format.map(str::to_owned) };
            assert_eq!(text.parse(), Ok(purpose.clone()), "{text}");
            assert_eq!(purpose.to_string().parse(), Ok(purpose));
        }
        for text in
            ["", "view", "export; csv", "export; format=", "export; format=a b", "export; format=csv; x=1"]
        {
            assert_eq!(text.parse::<ExportPurpose>(), Err(UnknownPurpose), "{text}");
        }
    }
}
