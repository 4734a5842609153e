//! The last line of an export into a pipe, which proves to the reader that the text is complete and unchanged.
//!
//! It cannot be mistaken for an entry: it is JSON without an id, or one cell that begins with `#`. Unlike a manifest, it
//! cannot locate a wrong line.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::merkle::Hash;

/// The version of the format.
const VERSION: u32 = 1;
/// The start of a trailer in CSV and TSV.
const MARK: &str = "# krosyn-audit-trailer ";
/// The start of a trailer in JSON lines.
const JSON_MARK: &str = "{\"trailer\":";
/// The longest trailer, in bytes.
const MAX_LENGTH: usize = 400;

/// The facts about all lines before the trailer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    /// The version of the format, 1.
    trailer: u32,
    pub entries: u64,
    /// The number of lines, with the header and without the trailer.
    pub lines: u64,
    pub bytes: u64,
    /// The highest id when the export began: later entries are not included.
    pub as_of: u64,
    pub sha256: Hash,
    /// The first four bytes of the hash of the other values, which reveals a change of any of them.
    check: Check,
}

/// Four bytes, written in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Check(u32);

impl From<Check> for String {
    fn from(Check(bytes): Check) -> Self {
        format!("{bytes:08x}")
    }
}

impl TryFrom<String> for Check {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u32::from_str_radix(&text, 16).map(Self)
    }
}

impl Trailer {
    fn new(entries: u64, as_of: u64, facts: TextFacts) -> Self {
        let TextFacts { bytes, lines, hash } = facts;
        let sha256: Hash = hash.finalize().into();
        let [a, b, c, d, ..] =
            Hash::of(format!("{VERSION} {entries} {lines} {bytes} {as_of} {sha256}").as_bytes()).0;
        let check = Check(u32::from_be_bytes([a, b, c, d]));
        Self { trailer: VERSION, entries, lines, bytes, as_of, sha256, check }
    }

    /// The trailer as a line of JSON.
    ///
    /// # Errors
    /// None in practice: numbers and a hash always serialize.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// The trailer as a line of one cell, without commas, tabs and quotes.
    pub(crate) fn cell(&self) -> String {
        let Self { trailer, entries, lines, bytes, as_of, sha256, check: Check(check) } = self;
        format!(
            "{MARK}v={trailer} entries={entries} lines={lines} bytes={bytes} as_of={as_of} sha256={sha256} check={check:08x}\n"
        )
    }

    /// Parses a trailer in either form.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\n')?;
        let trailer: Self = match line.strip_prefix(MARK) {
            None => serde_json::from_str(line).ok()?,
            Some(pairs) => {
                let mut values = pairs.split(' ');
                let mut value = |name: &str| values.next()?.strip_prefix(name)?.strip_prefix('=');
                let (trailer, entries) = (value("v")?.parse().ok()?, value("entries")?.parse().ok()?);
                let (lines, bytes) = (value("lines")?.parse().ok()?, value("bytes")?.parse().ok()?);
                let (as_of, sha256) = (value("as_of")?.parse().ok()?, value("sha256")?.parse().ok()?);
                let check = Check::try_from(value("check")?.to_owned()).ok()?;
                Self { trailer, entries, lines, bytes, as_of, sha256, check }
            }
        };
        // A trailer in another spelling was changed.
        let written = [trailer.json().ok()?, trailer.cell()].iter().any(|it| it.trim_end() == line);
        (trailer.trailer == VERSION && written).then_some(trailer)
    }

    /// Whether a line begins like a trailer, which may be damaged.
    pub(crate) fn is_begun_by(line: &[u8]) -> bool {
        [MARK, JSON_MARK].iter().any(|mark| line.starts_with(mark.as_bytes()))
    }
}

/// Collects the facts of a text as it is read, and compares them with its trailer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    facts: TextFacts,
    /// The facts before the current line.
    before: TextFacts,
    /// The beginning of the current line.
    line: Vec<u8>,
    ended: bool,
    last: Option<(Option<Trailer>, TextFacts)>,
}

#[derive(Debug, Clone, Default)]
struct TextFacts {
    bytes: u64,
    lines: u64,
    hash: Sha256,
}

/// Why a trailer does not prove its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrailerError {
    /// The last line is not a trailer.
    #[error("its last line is not a trailer: the end is missing, or the export was made without --trailer")]
    Missing,
    /// The last line is a damaged trailer.
    #[error("its trailer is damaged")]
    Damaged,
    /// The number of lines is wrong.
    #[error("its trailer counts {stated} lines, but it has {found}")]
    Lines {
        /// The number in the trailer.
        stated: u64,
        /// The number in the text.
        found: u64,
    },
    /// The number of lines is right, but not their content.
    #[error("its content or its trailer was changed: the number of lines matches, but the hash does not")]
    Content,
}

impl Trail {
    /// Adds the next bytes, which may end anywhere.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.ended || self.facts.bytes == 0 {
                self.before = self.facts.clone();
                self.line.clear();
                self.ended = false;
            }
            let room = MAX_LENGTH.saturating_sub(self.line.len()).min(piece.len());
            self.line.extend(&piece[..room]);
            self.facts.bytes += piece.len() as u64;
            self.facts.hash.update(piece);
            if piece.ends_with(b"\n") {
                self.facts.lines += 1;
                self.ended = true;
            }
            self.last = None;
            if self.ended && Trailer::is_begun_by(&self.line) {
                let trailer = std::str::from_utf8(&self.line).ok().and_then(Trailer::read);
                self.last = Some((trailer, self.before.clone()));
            }
        }
    }

    /// Whether the last line begins like a trailer.
    pub(crate) const fn has_trailer(&self) -> bool {
        self.last.is_some()
    }

    /// The trailer, if it matches the text.
    pub(crate) fn finish(self) -> Result<Trailer, TrailerError> {
        let (trailer, facts) = self.last.ok_or(TrailerError::Missing)?;
        let trailer = trailer.ok_or(TrailerError::Damaged)?;
        if trailer.lines != facts.lines {
            return Err(TrailerError::Lines { stated: trailer.lines, found: facts.lines });
        }
        let same = Trailer::new(trailer.entries, trailer.as_of, facts) == trailer;
        if same { Ok(trailer) } else { Err(TrailerError::Content) }
    }

    /// The trailer for the text so far.
    pub(crate) fn trailer(&self, entries: u64, as_of: u64) -> Trailer {
        Trailer::new(entries, as_of, self.facts.clone())
    }
}
