//! What is wrong with a JSON text that should be of a documented shape, without a word of what it holds: a key or a value in
//! the wrong place may be a secret.

use serde::de::DeserializeOwned;

/// Reads a JSON text.
///
/// # Errors
/// A sentence that names the place, the member if it is a documented one, and what is expected there.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if !error.is_data() {
            // The parser's own words name characters that it expects, and quote nothing.
            return format!("it is not JSON: {error}");
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        let path = located.map(|error| error.path().to_string()).filter(|path| path != ".");
        let said = said(&error.to_string());
        // The path to an unknown key ends in that key.
        let path = path.filter(|_| !said.starts_with("unknown key"));
        let member = path.map_or(String::new(), |path| format!("{path}: "));
        format!("{member}{said} (line {line}, column {column})")
    })
}

/// The reader's words from the expectation on; what stands before may quote the text.
fn said(words: &str) -> String {
    let words = words.split(" at line ").next().unwrap_or(words);
    let expected = words.rfind("expected ").map(|at| &words[at..]);
    match words {
        _ if words.starts_with("missing field") || words.starts_with("duplicate field") => words.to_owned(),
        _ if words.starts_with("unknown field") => {
            format!("unknown key, {}", expected.unwrap_or("none expected"))
        }
        _ => expected.unwrap_or("not of the documented shape").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::proposal::Proposal;

    #[test]
    fn nothing_of_the_text_is_repeated() {
        let with = |member: &str| {
            format!(
                r#"{{"action":"created","model_type":"secret","model_id":"1","user":{{"id":"7"}},"after":{{}},{member}}}"#
            )
        };
        for (member, told) in [
            (r#""hush":1"#, "unknown key, expected one of `uuid`"),
            (r#""hush expected hush":1"#, "unknown key, expected one of `uuid`"),
            (r#""context":{"hush":1}"#, "unknown key, expected one of"),
            (r#""context":{"via":"hush"}"#, "context.via: "),
            (r#""occurred_at":"hush""#, "occurred_at: "),
            (r#""uuid":"hush""#, "uuid: "),
            (r#""reason":["hush"]"#, "reason: expected a string"),
            (r#""reason":"hush" hush"#, "it is not JSON: expected `,` or `}`"),
        ] {
            let said = read::<Proposal>(&with(member)).map(drop).expect_err(member);
            assert!(said.contains(told) && !said.contains("hush"), "{member}: {said}");
            assert!(said.contains("line 1"), "{said}");
        }
        let said = read::<Proposal>(r#"{"action":"hush"}"#).map(drop).expect_err("no action");
        assert!(said.starts_with("action: ") && !said.contains("hush"), "{said}");
    }
}
