//! The last line of an export into a pipe, by which whoever reads it knows that nothing is missing.
//!
//! It is no entry in any form: JSON without an id, or a line of one cell that begins with `#`. A reader that takes it
//! for one fails loudly. It proves that the text is whole and as it was; it names no wrong line, for that takes a
//! manifest.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::model::evidence::merkle::Hash;

/// The form of a trailer; another one gets another number.
const VERSION: u32 = 1;
/// How a trailer begins in text of cells.
const MARK: &str = "# krosyn-audit-trailer ";
/// How it begins among JSON.
const JSON_MARK: &str = "{\"trailer\":";
/// No trailer is longer, in bytes.
const LONGEST: usize = 400;

/// What the last line says of all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    /// The form, 1.
    trailer: u32,
    /// The entries.
    pub entries: u64,
    /// The lines, with a header and without this one.
    pub lines: u64,
    /// The bytes.
    pub bytes: u64,
    /// The bound: entries recorded later were left out.
    pub as_of: u64,
    /// The hash of all bytes.
    pub sha256: Hash,
    /// The first four bytes of the hash of the other values, so that none of them changes unseen.
    check: Check,
}

/// Four bytes in hexadecimal.
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
    fn new(entries: u64, as_of: u64, facts: Facts) -> Self {
        let Facts { bytes, lines, hash } = facts;
        let sha256: Hash = hash.finalize().into();
        let [a, b, c, d, ..] =
            Hash::of(format!("{VERSION} {entries} {lines} {bytes} {as_of} {sha256}").as_bytes()).0;
        let check = Check(u32::from_be_bytes([a, b, c, d]));
        Self { trailer: VERSION, entries, lines, bytes, as_of, sha256, check }
    }

    /// As a line of JSON.
    ///
    /// # Errors
    /// None that can happen: numbers and a hash always serialise.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// As a line of one cell, without commas, tabs and quotes.
    pub(crate) fn cell(&self) -> String {
        let Self { trailer, entries, lines, bytes, as_of, sha256, check: Check(check) } = self;
        format!(
            "{MARK}v={trailer} entries={entries} lines={lines} bytes={bytes} as_of={as_of} sha256={sha256} check={check:08x}\n"
        )
    }

    /// Reads a line that is a trailer, in either form.
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
        // One way to write it: what reads the same but is written otherwise was changed.
        let written = [trailer.json().ok()?, trailer.cell()].iter().any(|it| it.trim_end() == line);
        (trailer.trailer == VERSION && written).then_some(trailer)
    }

    /// Tells whether a line, by its beginning, is or was meant to be a trailer.
    pub(crate) fn is_begun_by(line: &[u8]) -> bool {
        [MARK, JSON_MARK].iter().any(|mark| line.starts_with(mark.as_bytes()))
    }
}

/// The facts of a text on its way through, and whether its last line speaks the truth about the rest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail {
    facts: Facts,
    /// The facts before the line that has begun.
    before: Facts,
    /// The beginning of that line.
    line: Vec<u8>,
    ended: bool,
    last: Option<(Option<Trailer>, Facts)>,
}

#[derive(Debug, Clone, Default)]
struct Facts {
    bytes: u64,
    lines: u64,
    hash: Sha256,
}

/// Why a text with a trailer is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrailFault {
    /// The last line is no trailer.
    #[error("its last line is no trailer: the end is missing, or the export was made without --trailer")]
    None,
    /// The last line was one.
    #[error("its trailer is damaged")]
    Damaged,
    /// Too many or too few lines.
    #[error("its trailer speaks of {told} lines, and it has {found}")]
    Lines {
        /// By the trailer.
        told: u64,
        /// In the text.
        found: u64,
    },
    /// As many lines, but other ones.
    #[error(
        "its content, or its trailer, is not what was written: as many lines as the trailer says, but another hash"
    )]
    Content,
}

impl Trail {
    /// Takes the next bytes, wherever they are cut.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.ended || self.facts.bytes == 0 {
                self.before = self.facts.clone();
                self.line.clear();
                self.ended = false;
            }
            let room = LONGEST.saturating_sub(self.line.len()).min(piece.len());
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

    /// Whether the last line is, or was meant to be, a trailer.
    pub(crate) const fn has_trailer(&self) -> bool {
        self.last.is_some()
    }

    /// What the last line says, when it is true.
    pub(crate) fn finish(self) -> Result<Trailer, TrailFault> {
        let (trailer, facts) = self.last.ok_or(TrailFault::None)?;
        let trailer = trailer.ok_or(TrailFault::Damaged)?;
        if trailer.lines != facts.lines {
            return Err(TrailFault::Lines { told: trailer.lines, found: facts.lines });
        }
        let same = Trailer::new(trailer.entries, trailer.as_of, facts) == trailer;
        if same { Ok(trailer) } else { Err(TrailFault::Content) }
    }

    /// The trailer that would end the text here.
    pub(crate) fn trailer(&self, entries: u64, as_of: u64) -> Trailer {
        Trailer::new(entries, as_of, self.facts.clone())
    }
}
