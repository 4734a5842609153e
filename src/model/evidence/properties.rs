//! Property tests of evidence: any damage to a file is detected, and its first damaged line is reported.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::model::evidence::ledger::{Content, Ledger};
use crate::model::evidence::manifest::{FileFacts, IdRange, Manifest, ManifestError, PrunedRange};
use crate::model::evidence::trailer::{Trail, Trailer, TrailerError};
use crate::model::evidence::verdict::first_fault;
use crate::model::merkle::Hash;
use crate::model::timestamp::Timestamp;

/// Generates the lines of a file, with their line breaks and some duplicates.
fn lines() -> impl Strategy<Value = Vec<String>> {
    vec("[ab]{0,2}|[ -~é]{0,12}", 1..40).prop_map(|lines| lines.into_iter().map(|line| line + "\n").collect())
}

#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Drop(Index),
    Swap(Index, Index),
    Double(Index),
    Insert(Index, String),
    Cut(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        any::<Index>().prop_map(Damage::Drop),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Damage::Swap(a, b)),
        any::<Index>().prop_map(Damage::Double),
        (any::<Index>(), "[ab]{0,2}").prop_map(|(at, line)| Damage::Insert(at, line + "\n")),
        any::<Index>().prop_map(Damage::Cut),
    ]
}

fn damaged(mut lines: Vec<Vec<u8>>, damage: &Damage) -> Vec<u8> {
    match damage {
        Damage::Flip(at, bit) => {
            let mut text = lines.concat();
            let at = at.index(text.len());
            text[at] ^= 1 << bit;
            return text;
        }
        Damage::Drop(at) => drop(lines.remove(at.index(lines.len()))),
        Damage::Swap(a, b) => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }
        Damage::Double(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
        }
        Damage::Insert(at, line) => lines.insert(at.index(lines.len() + 1), line.clone().into_bytes()),
        Damage::Cut(at) => {
            let mut text = lines.concat();
            text.truncate(at.index(text.len()));
            return text;
        }
    }
    lines.concat()
}

/// The number of the first line that differs, counted from 1.
fn first_difference(written: &[u8], found: &[u8]) -> Option<u64> {
    let mut written = written.split_inclusive(|byte| *byte == b'\n');
    let mut found = found.split_inclusive(|byte| *byte == b'\n');
    (1..).find_map(|number| match (written.next(), found.next()) {
        (None, None) => Some(None),
        (a, b) => (a != b).then_some(Some(number)),
    })?
}

fn manifest(text: &[u8]) -> Manifest {
    Manifest {
        manifest: Manifest::VERSION,
        made_by: "krosyn-audit".to_owned(),
        exported_at: Timestamp::MIN,
        server: "https://krosyn.example".to_owned(),
        organization: "acme".to_owned(),
        query: [("action".to_owned(), vec!["deleted".to_owned()])].into(),
        first: "newest".to_owned(),
        as_of: 9,
        format: "csv".to_owned(),
        columns: vec!["id".to_owned()],
        entries: 7,
        ids: Some(IdRange::with(Some(IdRange::with(None, 8)), 2)),
        pruned: vec![PrunedRange { first_id: 1, last_id: 1, deleted: 1, before: Timestamp::MIN }],
        checkpoint: Some("a note".to_owned()),
        file: FileFacts { name: "a.csv".to_owned(), bytes: text.len() as u64, sha256: Hash::of(text) },
        content: Content::of(text),
        seal: Hash::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_damage_is_reported_at_its_first_line(lines in lines(), damage in damage()) {
        let written = lines.concat().into_bytes();
        let found = damaged(lines.into_iter().map(String::into_bytes).collect(), &damage);
        let fault = first_fault(&Content::of(&written), &Content::of(&found));
        prop_assert_eq!(fault.map(|fault| fault.line()), first_difference(&written, &found), "{:?}", fault);
    }

    #[test]
    fn reading_in_pieces_gives_the_same_result(lines in lines(), cuts in vec(any::<Index>(), 0..6)) {
        let text = lines.concat().into_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|at| at.index(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let (mut ledger, mut trail, mut whole) = (Ledger::default(), Trail::default(), Trail::default());
        for pair in cuts.windows(2) {
            ledger.add(&text[pair[0]..pair[1]]);
            trail.add(&text[pair[0]..pair[1]]);
        }
        whole.add(&text);
        prop_assert_eq!(ledger.finish(), Content::of(&text));
        prop_assert_eq!(trail.trailer(1, 2), whole.trailer(1, 2));
    }

    #[test]
    fn a_trailer_detects_any_damage_before_it(lines in lines(), damage in damage(), json: bool) {
        let mut trail = Trail::default();
        trail.add(lines.concat().as_bytes());
        let trailer = trail.trailer(3, 9);
        let last = if json { trailer.json().expect("written") } else { trailer.cell() };
        prop_assert_eq!(Trailer::read(&last), Some(trailer));
        let lines: Vec<_> = lines.into_iter().chain([last]).map(String::into_bytes).collect();
        let check = |text: &[u8]| {
            let mut trail = Trail::default();
            trail.add(text);
            trail.finish()
        };
        let written = lines.concat();
        prop_assert_eq!(check(&written), Ok(trailer));
        let found = damaged(lines, &damage);
        prop_assert_eq!(check(&found).is_ok(), found == written, "{:?}", check(&found));
    }

    #[test]
    fn only_an_unchanged_manifest_is_accepted(lines in lines(), at: Index, bit in 0..7_u8) {
        let document = manifest(lines.concat().as_bytes()).write().expect("written");
        let read = Manifest::read(&document).expect("as written");
        prop_assert_eq!(read.content, Content::of(lines.concat().as_bytes()));
        let mut bytes = document.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).expect("ASCII stays ASCII");
        // Whitespace between JSON tokens is insignificant.
        let blank = |text: &str| text[at..=at].trim().is_empty();
        if !(blank(&document) && blank(&changed)) {
            prop_assert!(Manifest::read(&changed).is_err(), "{}", changed);
        }
    }
}

#[test]
fn trailers_and_entries_are_never_confused() {
    let mut trail = Trail::default();
    trail.add(b"{\"id\":1}\n");
    let trailer = trail.trailer(1, 1);
    assert!(serde_json::from_str::<crate::model::entry::Entry>(&trailer.json().expect("written")).is_err());
    assert!(!trailer.cell().contains([',', '\t', '"']));
    assert_eq!(trail.finish(), Err(TrailerError::Missing));
    for other in ["", "\n", "{\"id\":1}\n", "# krosyn-audit-trailer v=1\n", "{\"trailer\":1}\n"] {
        assert_eq!(Trailer::read(other), None, "{other}");
    }
    assert_eq!(
        Manifest::read("{\"manifest\":2}").map_err(|error| matches!(error, ManifestError::Format(_))).err(),
        Some(true)
    );
}
