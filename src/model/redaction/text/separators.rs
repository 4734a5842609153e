//! Finds the separators between keys and values: `=`, `:`, `=>`, `->`, `%3D`, `&#61;` and others.

/// What a separator says about the text after it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SeparatorKind {
    /// `=`, `:=`, `=>`, `<-`: a value follows.
    Assignment,
    /// `==`, `!=`: a value may follow.
    Comparison,
    /// `:`, `->`: a value or a sentence follows.
    Colon,
    /// `,` in brackets: a value follows when both sides are quoted.
    Comma,
    /// `||`, `??`: a value follows if it is quoted.
    Fallback,
    /// `%3D`, `%3A`: an encoded `=` or `:` in a URL.
    Encoded,
}

pub(super) struct Separator {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: SeparatorKind,
}

/// The bytes that a separator may begin with.
static MAY_SEPARATE: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"=:|?-<,%&\\\xe2\xef";
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
};

/// The first separator from an index on.
#[inline]
pub(super) fn next(text: &str, from: usize) -> Option<Separator> {
    use SeparatorKind::{Assignment, Colon, Comma, Comparison, Encoded, Fallback};
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let mut i = from;
    while i < bytes.len() {
        if !MAY_SEPARATE[usize::from(bytes[i])] {
            i += 1;
            continue;
        }
        let separator = |length, kind| Some(Separator { start: i, end: i + length, kind });
        match bytes[i] {
            b'=' => {
                let length = bytes[i..].iter().take_while(|&&byte| byte == b'=').count();
                let before = if i == 0 { 0 } else { bytes[i - 1] };
                if at(i + length) == b'>' {
                    return separator(length + 1, Assignment);
                }
                let is_comparison = length > 1 || matches!(before, b'<' | b'>' | b'!');
                return separator(length, if is_comparison { Comparison } else { Assignment });
            }
            b':' => match at(i + 1) {
                // LDIF: `userPassword:: …` in base64.
                b':' if at(i + 2) == b' ' => return separator(2, Colon),
                b':' => i += 1,
                b'=' => return separator(2, Assignment),
                b'/' if at(i + 2) == b'/' => i += 2,
                _ => return separator(1, Colon),
            },
            b'|' | b'?' if at(i + 1) == bytes[i] && at(i + 2) == b' ' => return separator(2, Fallback),
            b'-' if at(i + 1) == b'>' => return separator(2, Colon),
            b'<' if at(i + 1) == b'-' && at(i + 2) == b' ' => return separator(2, Assignment),
            b',' if i > 0 && matches!(bytes[i - 1], b'"' | b'\'') => return separator(1, Comma),
            b'%' => {
                let mut length = 1;
                while at(i + length) == b'2' && at(i + length + 1) == b'5' {
                    length += 2;
                }
                if at(i + length) == b'3' && matches!(at(i + length + 1), b'D' | b'd' | b'A' | b'a') {
                    return separator(length + 2, Encoded);
                }
            }
            b'&' if at(i + 1) == b'#' => {
                let codes =
                    [("&#61;", Assignment), ("&#x3d;", Assignment), ("&#x3D;", Assignment), ("&#58;", Colon)];
                let found = codes.into_iter().find(|(code, _)| bytes[i..].starts_with(code.as_bytes()));
                if let Some((code, kind)) = found {
                    return separator(code.len(), kind);
                }
            }
            b'\\' if bytes[i..].starts_with(b"\\u003d") || bytes[i..].starts_with(b"\\u003D") => {
                return separator(6, Assignment);
            }
            0xe2 if bytes[i..].starts_with("→".as_bytes()) => return separator(3, Colon),
            0xef if bytes[i..].starts_with("：".as_bytes()) => return separator(3, Colon),
            0xef if bytes[i..].starts_with("＝".as_bytes()) => return separator(3, Assignment),
            _ => {}
        }
        i += 1;
    }
    None
}
