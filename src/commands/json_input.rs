//! Reads JSON input of a documented format. Errors name the position and never quote the text: a key or value in the wrong
//! place may be a secret.

use serde::de::DeserializeOwned;

/// Reads a JSON text. An error names the position, the member if it is a documented one, and the expected value.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if !error.is_data() {
            // The parser names the characters it expects and quotes nothing.
            return format!("not JSON: {error}");
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let located = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err();
        let path = located.map(|error| error.path().to_string()).filter(|path| path != ".");
        let detail = without_quotes(&error.to_string());
        // The path to an unknown key contains that key.
        let path = path.filter(|_| !detail.starts_with("unknown key"));
        let member = path.map_or(String::new(), |path| format!("{path}: "));
        format!("{member}{detail} (line {line}, column {column})")
    })
}

/// The parser's message from "expected" on: the part before may quote the text.
fn without_quotes(words: &str) -> String {
    let words = words.split(" at line ").next().unwrap_or(words);
    let expected = words.rfind("expected ").map(|at| &words[at..]);
    match words {
        _ if words.starts_with("missing field") || words.starts_with("duplicate field") => words.to_owned(),
        _ if words.starts_with("unknown field") => {
            format!("unknown key, {}", expected.unwrap_or("none expected"))
        }
        _ => expected.unwrap_or("not in the documented format").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::proposal::Proposal;

    #[test]
    fn errors_do_not_quote_the_text() {
        let with = |member: &str| {
            format!(
                r#"{{"action":"created","model_type":"secret","model_id":"1","user":{{"id":"7"}},"after":{{}},{member}}}"#
            )
        };
        for (member, expected) in [
            (r#""hush":1"#, "unknown key, expected one of `uuid`"),
            (r#""hush expected hush":1"#, "unknown key, expected one of `uuid`"),
            (r#""context":{"hush":1}"#, "unknown key, expected one of"),
            (r#""context":{"via":"hush"}"#, "context.via: "),
            (r#""occurred_at":"hush""#, "occurred_at: "),
            (r#""uuid":"hush""#, "uuid: "),
            (r#""reason":["hush"]"#, "reason: expected a string"),
            (r#""reason":"hush" hush"#, "not JSON: expected `,` or `}`"),
        ] {
            let message = read::<Proposal>(&with(member)).map(drop).expect_err(member);
            assert!(message.contains(expected) && !message.contains("hush"), "{member}: {message}");
            assert!(message.contains("line 1"), "{message}");
        }
        let message = read::<Proposal>(r#"{"action":"hush"}"#).map(drop).expect_err("no action");
        assert!(message.starts_with("action: ") && !message.contains("hush"), "{message}");
    }
}
