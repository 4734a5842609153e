//! Decodes text of other programs: UTF-8, and UTF-16 as Windows programs write it.

use std::io::{self, Read};

/// A text encoding, recognised by a byte order mark or by the zero bytes of ASCII in UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, or an unknown encoding.
    Utf8,
    Utf16 {
        big_endian: bool,
    },
}

impl Encoding {
    /// Detects the encoding by the first two bytes.
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

/// Decodes UTF-8 or UTF-16 text, with or without a byte order mark.
pub(crate) fn decoded(bytes: Vec<u8>) -> Result<String, &'static str> {
    let text = match Encoding::of(&bytes) {
        Encoding::Utf8 => String::from_utf8(bytes).map_err(|_| "it is neither UTF-8 nor UTF-16")?,
        Encoding::Utf16 { big_endian } => {
            let units: io::Result<Vec<u16>> = Utf16Units { source: &bytes[..], big_endian }.collect();
            let units = units.map_err(|_| "it ends in the middle of a UTF-16 character")?;
            String::from_utf16(&units).map_err(|_| "it is not valid UTF-16")?
        }
    };
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Iterates over the code units of UTF-16 text.
pub(crate) struct Utf16Units<R> {
    pub source: R,
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
    fn decodes_every_encoding() {
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
