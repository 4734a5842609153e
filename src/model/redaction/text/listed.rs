//! Tables of patterns, each with a literal text that every match contains. A text is read once for all tables: the set of
//! its three-byte parts tells which literals may occur. A pattern is compiled when its literal occurs for the first time.

use std::sync::OnceLock;

use memchr::memmem::Finder;
use regex::Regex;

use crate::model::redaction::text::scan::regex;

/// The table that a pattern is from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Credentials of a documented format.
    Formats,
    /// Arguments of commands by their position.
    Positions,
    /// Arguments of calls.
    Calls,
    /// Arguments of calls that may also take a word.
    GeneratedArguments,
    /// Arguments of calls that name the credential.
    NamedArguments,
}

pub(super) struct ListedPattern {
    pub(super) table: Table,
    pub(super) literal: &'static str,
    finder: Finder<'static>,
    /// The slots of the literal's parts. A literal of two bytes has none, and is always searched.
    parts: Vec<usize>,
    pattern: String,
    compiled: OnceLock<Regex>,
}

impl ListedPattern {
    pub(super) fn new(table: Table, literal: &'static str, pattern: String) -> Self {
        Self {
            table,
            literal,
            finder: Finder::new(literal),
            parts: literal
                .as_bytes()
                .windows(3)
                .map(|part| slot(u32::from_be_bytes([part[0], part[1], part[2], 0])))
                .collect(),
            pattern,
            compiled: OnceLock::new(),
        }
    }

    pub(super) fn regex(&self) -> &Regex {
        self.compiled.get_or_init(|| regex(&self.pattern))
    }
}

/// The size of the set of three-byte parts.
const SLOTS: usize = 1 << 13;

/// The slot of a text's last three bytes, which are the high ones.
fn slot(bytes: u32) -> usize {
    (bytes.wrapping_mul(0x9E37_79B1) >> 19) as usize
}

pub(super) struct ListedPatterns {
    patterns: Vec<ListedPattern>,
}

impl ListedPatterns {
    pub(super) fn new(patterns: Vec<ListedPattern>) -> Self {
        Self { patterns }
    }

    /// The patterns whose literal is in a text.
    pub(super) fn in_text(&self, text: &str) -> Vec<&ListedPattern> {
        // No pattern matches less.
        if text.len() < 10 {
            return Vec::new();
        }
        let bytes = text.as_bytes();
        let mut parts = [false; SLOTS];
        let mut last = 0_u32;
        for byte in bytes {
            last = last << 8 | u32::from(*byte) << 8;
            parts[slot(last)] = true;
        }
        let may_occur = |literal: &ListedPattern| literal.parts.iter().all(|&slot| parts[slot]);
        self.patterns.iter().filter(|it| may_occur(it) && it.finder.find(bytes).is_some()).collect()
    }

    #[cfg(test)]
    pub(super) fn compile_all(&self) {
        for pattern in &self.patterns {
            pattern.regex();
        }
    }
}
