//! Notes against the vectors of the specification, and every way to break one.

use super::*;
use crate::model::merkle::Hash;

fn key() -> SigningKey {
    SigningKey::from_secret(&[7; 32]).expect("a key")
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "krosyn-audit/x/audit".to_owned(), size: 1287, root: Hash::of(b"root") }
}

/// The example of golang.org/x/mod/sumdb/note.
#[test]
fn the_key_of_another_implementation_parses_and_verifies() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: VerifierKey = text.parse().expect("a key");
    assert_eq!(key.to_string(), text);
    let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The signature is right, so the next check fails: the size is not a number.
    assert_eq!(key.open(note), Err(NoteError::NoCheckpoint));
    assert_eq!(key.open(&note.replace("answer", "Answer")), Err(NoteError::Signature));
}

#[test]
fn a_signed_checkpoint_opens_with_its_key_only() {
    let note = key().sign(&checkpoint());
    let verifier = key().verifier(&checkpoint().origin);
    assert_eq!(verifier.open(&note), Ok(checkpoint()));
    assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
    let other = SigningKey::generate().expect("randomness");
    assert_eq!(other.verifier(&checkpoint().origin).open(&note), Err(NoteError::OtherKey));
    assert_eq!(key().verifier("krosyn-audit/x/trail").open(&note), Err(NoteError::OtherKey));
    assert_eq!(verifier.renamed("krosyn-audit/x/trail"), key().verifier("krosyn-audit/x/trail"));
    assert!(!format!("{:?}", key()).contains('7'));
}

#[test]
fn a_witness_may_add_its_signature() {
    let (note, other) = (key().sign(&checkpoint()), SigningKey::generate().expect("randomness"));
    let by_other = other.sign(&checkpoint());
    let line = by_other.lines().last().expect("a signature");
    let both = format!("{note}{}\n", line.replace("krosyn-audit/x/audit", "witness.example"));
    assert_eq!(key().verifier(&checkpoint().origin).open(&both), Ok(checkpoint()));
}

#[test]
fn every_change_of_a_note_is_refused() {
    let note = key().sign(&checkpoint());
    let verifier = key().verifier(&checkpoint().origin);
    let mut bytes = note.clone().into_bytes();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        if let Ok(changed) = std::str::from_utf8(&bytes) {
            assert!(verifier.open(changed).is_err(), "{at}: {changed}");
        }
        bytes[at] ^= 1;
        assert!(note.get(..at).is_none_or(|start| verifier.open(start).is_err()), "{at}");
    }
    for changed in [
        note.replace("\n\n", "\n"),
        note.replace("— ", "- "),
        note.replace('\n', "\r\n"),
        note.replacen("1287", "1288", 1),
        format!("{note}\n"),
        format!("{note}x"),
        format!("{note}\u{7}"),
    ] {
        assert_ne!(changed, note);
        assert!(verifier.open(&changed).is_err(), "{changed}");
    }
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    // The key has the right name, but the text is about another log.
    let foreign = Checkpoint { origin: "krosyn-audit/y/audit".to_owned(), ..checkpoint() };
    let signature = key().pair.sign(foreign.to_string().as_bytes());
    let verifier = key().verifier("krosyn-audit/x/audit");
    let signed = STANDARD.encode([&verifier.id[..], signature.as_ref()].concat());
    let note = format!("{foreign}\n— krosyn-audit/x/audit {signed}\n");
    assert_eq!(verifier.open(&note), Err(NoteError::OtherLog));
}

#[test]
fn only_a_written_key_parses() {
    let text = key().verifier("a/b").to_string();
    assert_eq!(text.parse(), Ok(key().verifier("a/b")));
    for bad in [
        "",
        "a",
        "a+b",
        &text.replace("a/b", "a/c"),
        &text.replace("+A", "+B"),
        &format!("{text}A"),
        &text[1..],
    ] {
        assert_eq!(bad.parse::<VerifierKey>(), Err(InvalidKey), "{bad}");
    }
}

#[test]
fn a_pkcs8_document_gives_the_key_of_its_secret() {
    // RFC 8410, section 10.3.
    let document =
        STANDARD.decode("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC").expect("base64");
    let key = SigningKey::from_pkcs8(&document).expect("a key");
    assert_eq!(*key.secret(), document[16..]);
    let public = STANDARD.decode("Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=").expect("base64");
    assert_eq!(key.verifier("log").key[..], public);
    assert_eq!(SigningKey::from_pkcs8(&document[1..]).err(), Some(KeyError::Invalid));
}
