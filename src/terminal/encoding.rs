//! The encodings of text that other programs hand over: UTF-8, and UTF-16 as Windows programs write it.

use std::io::{self, Read};

/// How text is encoded, by its mark or by the zero bytes that ASCII has in UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or nothing that is known.
    Utf8,
    /// UTF-16.
    Utf16 {
        /// Whether the high byte comes first.
        big_endian: bool,
    },
}

impl Encoding {
    /// Judges the first bytes, of which two are enough.
    pub(crate) fn of(head: &[u8]) -> Self {
        match *head {
            [0xff, 0xfe, ..] => Self::Utf16 { big_endian: false },
            [0xfe, 0xff, ..] => Self::Utf16 { big_endian: true },
            [0, low, ..] if low != 0 => Self::Utf16 { big_endian: true },
            [low, 0, ..] if low != 0 => Self::Utf16 { big_endian: false },
            _ => Self::Utf8,
        }
    }
}

/// Decodes a whole text: UTF-8 or UTF-16, with or without a byte order mark.
///
/// # Errors
/// A sentence when it is neither.
pub(crate) fn decoded(bytes: Vec<u8>) -> Result<String, &'static str> {
    let text = match Encoding::of(&bytes) {
        Encoding::Utf8 => String::from_utf8(bytes).map_err(|_| "it is neither UTF-8 nor UTF-16")?,
        Encoding::Utf16 { big_endian } => {
            let mut text = String::new();
            let mut units = Utf16Units { source: &bytes[..], big_endian };
            let mut read = || units.next().transpose();
            while let Some(unit) = read().map_err(|_| "it ends within a character of UTF-16")? {
                let pair = if matches!(unit, 0xd800..0xdc00) {
                    let low = read().map_err(|_| "it ends within a character of UTF-16")?;
                    vec![unit, low.unwrap_or_default()]
                } else {
                    vec![unit]
                };
                text.push_str(&String::from_utf16(&pair).map_err(|_| "it is no valid UTF-16")?);
            }
            text
        }
    };
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The code units of UTF-16 text.
pub(crate) struct Utf16Units<R> {
    /// Their bytes.
    pub source: R,
    /// Whether the high byte comes first.
    pub big_endian: bool,
}

impl<R: Read> Iterator for Utf16Units<R> {
    type Item = io::Result<u16>;

    fn next(&mut self) -> Option<io::Result<u16>> {
        let mut unit = [0; 2];
        let mut read = 0;
        while read < 2 {
            match self.source.read(&mut unit[read..]) {
                Ok(0) if read == 0 => return None,
                Ok(0) => return Some(Err(io::ErrorKind::UnexpectedEof.into())),
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(if self.big_endian { u16::from_be_bytes(unit) } else { u16::from_le_bytes(unit) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_every_encoding() {
        let text = "{\"a\":\"é日👩\"}\r\n";
        let utf16 = |text: &str, big_endian: bool| -> Vec<u8> {
            let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let marked = format!("\u{feff}{text}");
        let mut forms = vec![text.as_bytes().to_vec(), marked.as_bytes().to_vec()];
        for big_endian in [false, true] {
            forms.extend([text, &marked].map(|text| utf16(text, big_endian)));
        }
        for form in forms {
            assert_eq!(decoded(form).as_deref(), Ok(text));
        }
        for broken in [&[0xff, 0xfe, 0x00, 0xd8][..], &[0xff, 0xfe, 0x61], &[b'a', 0xe9, b'b']] {
            assert!(decoded(broken.to_vec()).is_err(), "{broken:?}");
        }
        assert_eq!(decoded(Vec::new()).as_deref(), Ok(""));
    }
}
