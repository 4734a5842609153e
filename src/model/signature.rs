//! Signatures of texts: bit sets that tell which short runs of bytes (grams) the texts cannot contain.
//!
//! A gram sets two bits of one byte. A signature has a power of two of bytes, so it can be folded to a shorter one or
//! repeated to a longer one, and equal bytes of many signatures can be stored side by side. The format is stored: a
//! change needs a new [`VERSION`].

use crate::model::fold::folded;

/// The version of the format, and of the texts that are indexed. An index of another version is built again.
pub const VERSION: u32 = 2;

/// The lengths of grams in bytes. A text is searched by the longer ones, if it has enough of them.
const LENGTHS: [usize; 2] = [5, 3];
/// How many grams of the longer length are enough for a search.
const ENOUGH_GRAMS: usize = 4;
/// The shortest signature in bytes.
const SHORTEST: usize = 1 << 7;
/// The longest signature in bytes.
const LONGEST: usize = 1 << 17;

/// The pairs of bits that a gram may set.
const PAIRS: [u8; 28] = pairs();

const fn pairs() -> [u8; 28] {
    let (mut pairs, mut count, mut high) = ([0; 28], 0, 1);
    while high < 8 {
        let mut low = 0;
        while low < high {
            pairs[count] = 1 << high | 1 << low;
            count += 1;
            low += 1;
        }
        high += 1;
    }
    pairs
}

/// The place of a gram in every signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gram {
    place: u32,
    bits: u8,
}

impl Gram {
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a hash")]
    #[inline]
    const fn of(number: u64) -> Self {
        let mut hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
        hash ^= hash >> 32;
        let pair = ((hash >> 32) * PAIRS.len() as u64) >> 32;
        Self { place: hash as u32, bits: PAIRS[pair as usize] }
    }

    /// The number of the byte that this gram is in, before it is reduced to the length of a signature.
    #[must_use]
    pub const fn place(self) -> u32 {
        self.place
    }

    /// Whether a byte of a signature, the one at the gram's place, has the gram.
    #[must_use]
    pub const fn is_in(self, byte: u8) -> bool {
        byte & self.bits == self.bits
    }

    /// The gram that stands for a whole text, and for no part of a text.
    #[must_use]
    pub fn mark(text: &str) -> Self {
        // FNV-1a.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::of(hash | 1 << 63)
    }

    /// The gram at the end of the bytes in `window`.
    #[inline]
    const fn last(window: u64, length: usize) -> Self {
        Self::of((length as u64) << (8 * length) | window & ((1 << (8 * length)) - 1))
    }

    /// The grams of a length in a text.
    fn windows(text: &str, length: usize) -> impl Iterator<Item = Self> {
        let window = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        text.as_bytes().windows(length).map(move |bytes| Self::last(window(bytes), length))
    }

    /// The grams that a text has if this folded text is a part of it. None for a very short text.
    #[must_use]
    pub fn required(part: &str) -> Vec<Self> {
        let [long, short] = LENGTHS;
        let mut grams: Vec<_> = Self::windows(part, long).collect();
        // One gram or two are in many signatures by chance.
        if grams.len() < ENOUGH_GRAMS {
            grams.extend(Self::windows(part, short));
        }
        grams
    }
}

/// Collects the grams of texts.
pub struct SignatureBuilder {
    bytes: Vec<u8>,
}

impl Default for SignatureBuilder {
    fn default() -> Self {
        Self { bytes: vec![0; LONGEST] }
    }
}

impl SignatureBuilder {
    /// Adds all grams of a text, after it was folded.
    pub fn add(&mut self, text: &str) {
        if text.is_ascii() {
            self.add_bytes(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        } else {
            self.add_bytes(folded(text).bytes());
        }
    }

    #[inline]
    fn add_bytes(&mut self, bytes: impl Iterator<Item = u8>) {
        let mut window = 0;
        for (at, byte) in bytes.enumerate() {
            window = window << 8 | u64::from(byte);
            for length in LENGTHS {
                if at + 1 >= length {
                    self.add_gram(Gram::last(window, length));
                }
            }
        }
    }

    /// Adds one gram.
    #[inline]
    pub fn add_gram(&mut self, gram: Gram) {
        self.bytes[gram.place as usize % LONGEST] |= gram.bits;
    }

    /// The signature, one to two grams a byte; empty if nothing was added. The builder is empty then.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        let (words, _) = self.bytes.as_chunks::<8>();
        let bits: u32 = words.iter().map(|word| u64::from_ne_bytes(*word).count_ones()).sum();
        if bits == 0 {
            return Vec::new();
        }
        let grams = bits as usize / 2;
        let signature = resized(&self.bytes, (grams / 2 + 1).next_power_of_two());
        self.bytes.fill(0);
        signature
    }
}

/// A signature that rejects nothing.
#[must_use]
pub fn full() -> Vec<u8> {
    vec![u8::MAX; SHORTEST]
}

/// A length that suits most signatures of these lengths.
#[must_use]
pub fn common_length(lengths: impl ExactSizeIterator<Item = usize>) -> usize {
    let count = lengths.len().max(1);
    // Rounded to the nearer power of two, by ratio.
    (lengths.sum::<usize>() * 2 / 3 / count).next_power_of_two().clamp(SHORTEST, LONGEST)
}

/// Whether a signature still rejects much in this length. One folded further has nearly every bit.
#[must_use]
pub const fn fits(signature: &[u8], length: usize) -> bool {
    signature.len() <= 4 * length
}

/// The signature with another number of bytes: a power of two, limited to what a signature may have. It rejects nothing
/// that the original does not reject.
#[must_use]
pub fn resized(signature: &[u8], length: usize) -> Vec<u8> {
    let length = length.clamp(SHORTEST, LONGEST);
    if signature.is_empty() {
        return vec![0; length];
    }
    if signature.len() <= length {
        return signature.iter().copied().cycle().take(length).collect();
    }
    let mut folded = vec![0; length];
    for part in signature.chunks(length) {
        folded.iter_mut().zip(part).for_each(|(byte, more)| *byte |= more);
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signature(texts: &[String]) -> Vec<u8> {
        let mut builder = SignatureBuilder::default();
        texts.iter().for_each(|text| builder.add(text));
        builder.finish()
    }

    fn may_contain(signature: &[u8], part: &str) -> bool {
        let has = |gram: &Gram| gram.is_in(signature[gram.place() as usize % signature.len()]);
        Gram::required(&folded(part)).iter().all(has)
    }

    /// The format is stored, so it may not change without a new version.
    #[test]
    fn the_place_of_a_gram_never_changes() {
        assert_eq!(VERSION, 2);
        let [gram, _, _, _] = Gram::required("zebra")[..] else { panic!("a long gram and three short ones") };
        assert_eq!(gram, Gram { place: 3_054_822_661, bits: 20 });
        assert_eq!(Gram::mark("zebra"), Gram { place: 2_170_610_088, bits: 129 });
    }

    #[test]
    fn most_texts_that_are_absent_are_rejected() {
        let texts: Vec<String> =
            (0..5_000).map(|n: u64| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        let signature = signature(&texts);
        let absent = (0..10_000).map(|n| format!("{n:05}ghijkl"));
        let found = absent.filter(|text| may_contain(&signature, text)).count();
        assert!(found < 100, "{found}");
        assert!(texts.iter().all(|text| may_contain(&signature, text)));
    }

    proptest! {
        #[test]
        fn no_size_of_a_signature_rejects_a_part(
            texts in prop::collection::vec("[a-dé日\\PC]{0,40}", 1..8),
            (which, from, to) in (0..8usize, 0..40usize, 0..40usize),
            bits in 0..20u32,
        ) {
            let text: Vec<char> = texts[which % texts.len()].chars().collect();
            let (from, to) = (from.min(to).min(text.len()), from.max(to).min(text.len()));
            let part: String = text[from..to].iter().collect();
            // Normalization reorders combining marks: a part that ends among them is none of the folded text.
            prop_assume!(folded(&text.iter().collect::<String>()).contains(&folded(&part)));
            let signature = signature(&texts);
            prop_assume!(!signature.is_empty());
            prop_assert!(may_contain(&signature, &part));
            prop_assert!(may_contain(&resized(&signature, 1 << bits), &part));
        }
    }
}
