//! Checkpoints: how many entries a log has, and the root of their tree (C2SP `tlog-checkpoint`).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::model::merkle::Hash;
use crate::model::words::Log;

/// The name of a log in its checkpoints, wherever it is stored.
#[must_use]
pub fn origin(organization: Uuid, log: Log) -> String {
    format!("krosyn-audit/{organization}/{}", log.as_str())
}

/// The state of a log. Its `Display` form is the text that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root } = self;
        write!(f, "{origin}\n{size}\n{}\n", STANDARD.encode(root.0))
    }
}

impl Checkpoint {
    /// Reads the text of a checkpoint. Extension lines are ignored.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let number: u64 = size.parse().ok()?;
        let root = <[u8; 32]>::try_from(STANDARD.decode(root).ok()?).ok()?;
        // No sign and no leading zeros.
        (number.to_string() == size).then(|| Self {
            origin: origin.to_owned(),
            size: number,
            root: Hash(root),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_checkpoint_is_that_of_the_specification() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::read(text).expect("a checkpoint");
        assert_eq!((checkpoint.size, &*checkpoint.origin), (20_852_163, "example.com/behind-the-sofa"));
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(Checkpoint::read(&format!("{text}extension\n")), Some(checkpoint));
    }

    #[test]
    fn other_texts_are_no_checkpoints() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        assert!(Checkpoint::read(&format!("a\n0\n{root}\n")).is_some());
        for bad in [
            String::new(),
            format!("\n1\n{root}\n"),
            format!("a\n01\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n1\n{root}"),
            format!("a\n1\n{root}\n\n"),
            format!("a\n1\n{root}\n\next\n"),
            "a\n1\nCsUY\n".to_owned(),
            "a\n1\n".to_owned(),
        ] {
            assert_eq!(Checkpoint::read(&bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_origin_names_organization_and_log() {
        let organization = Uuid::from_u128(0x0193_4b2e_7c1a_7e2e_9d53_0c9f_3f1a_2b4c);
        assert_eq!(
            origin(organization, Log::Trail),
            "krosyn-audit/01934b2e-7c1a-7e2e-9d53-0c9f3f1a2b4c/trail"
        );
    }
}
