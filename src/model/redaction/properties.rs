//! Properties of redaction for generated input.

use proptest::prelude::*;

use super::*;

const CANARY: &str = "c4n4ryQ7";

/// Texts of fragments of all formats, in unexpected combinations.
fn fragments() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "password",
        "api key",
        "token",
        "Cookie",
        "Authorization",
        "=",
        ": ",
        "==",
        "\"",
        "'",
        "\\",
        " ",
        ";",
        "&",
        "\n",
        "https://",
        "a:b",
        "@",
        "Bearer ",
        "basic ",
        "eyJhbGciOi",
        ".eyJz",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "$secret.X",
        "[redacted]",
        "[redacted, changed]",
        "<secret>",
        "</",
        "--token ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "x7Yz90aBcD",
        "hf_",
        "é",
        " is ",
        " -> ",
        "%3D",
        "%3A%2F%2F",
        "['",
        "']",
        "<x name=",
        "/>",
        "<![CDATA[",
        "]]>",
        "s:5:",
        "\";",
        "curl -u ",
        "password '",
        ":\n  ",
        "- ",
        "|\n",
        "{{",
        "}}",
        "$(",
        "(",
        ")",
        "密码",
        "form-data; name=",
        "&quot;",
        "\\u0022",
        "<<A\n",
        " => ",
        " + ",
        "&name=",
        "value",
        "%22",
        "<th>",
        "<td>",
        "kind: Secret\n",
        "data:\n",
        "Zq0001Xw7Kp",
    ]);
    let piece = prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn json(text: impl Strategy<Value = String> + Clone + 'static) -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(number.to_string())),
        text.clone().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let member = (text.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec(member, 0..4).prop_map(Json::Object),
            inner.prop_map(|inner| Json::String(inner.to_string())),
        ]
    })
}

/// Inserts `planted` into `value` at a path.
fn plant(value: Json, path: &[u8], planted: (String, Json)) -> Json {
    let (at, rest) = path.split_first().map_or((0, path), |(at, rest)| (usize::from(*at), rest));
    match value {
        Json::Object(mut members) => {
            let at = at % (members.len() + 1);
            match members.get_mut(at) {
                Some((_, member)) => *member = plant(std::mem::replace(member, Json::Null), rest, planted),
                None => members.push(planted),
            }
            Json::Object(members)
        }
        Json::Array(mut items) => {
            let at = at % (items.len() + 1);
            match items.get_mut(at) {
                Some(item) => *item = plant(std::mem::replace(item, Json::Null), rest, planted),
                None => items.push(Json::Object(vec![planted])),
            }
            Json::Array(items)
        }
        _ => Json::Object(vec![planted]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn redacting_a_text_twice_is_redacting_it_once(text in fragments()) {
        let redaction = Redaction::default();
        let once = redaction.text(&text).into_owned();
        prop_assert_eq!(redaction.text(&once), once.as_str());
    }

    #[test]
    fn redacting_a_value_twice_is_redacting_it_once(value in json(fragments().boxed())) {
        let redaction = Redaction::default();
        let once = redaction.change(ModelType::Connector, "settings", None, Some(&value)).new.unwrap();
        let twice = redaction.change(ModelType::Connector, "settings", None, Some(&once.parse().unwrap()));
        prop_assert_eq!(twice.new.unwrap(), once);
    }

    #[test]
    fn a_canary_under_a_credential_key_never_survives(
        value in json("[a-z_]{0,8}".boxed()),
        before in json("[a-z_]{0,8}".boxed()),
        path in prop::collection::vec(any::<u8>(), 0..6),
        key in prop::sample::select(vec!["password", "x-API-Key", "clientSecret", "ｔｏｋｅｎ", "Cookie 2"]),
        model_type in prop::sample::select(ModelType::ALL.to_vec()),
        in_list in any::<bool>(),
    ) {
        let canary = Json::String(CANARY.to_owned());
        let canary = if in_list { Json::Array(vec![canary]) } else { canary };
        let planted = plant(value, &path, (key.to_owned(), canary));
        prop_assert!(planted.to_string().contains(CANARY));
        let redaction = Redaction::default();
        for (old, new) in [(Some(&planted), None), (None, Some(&planted)), (Some(&before), Some(&planted))] {
            let change = redaction.change(model_type, "settings", old, new);
            prop_assert!(!serde_json::to_string(&change).unwrap().contains(CANARY));
        }
        let inner = Json::String(planted.to_string());
        let change = redaction.change(model_type, "settings", None, Some(&inner));
        prop_assert!(!serde_json::to_string(&change).unwrap().contains(CANARY));
    }

    #[test]
    fn no_input_panics(text in any::<String>(), value in json(any::<String>().boxed())) {
        let redaction = Redaction::new(std::slice::from_ref(&text));
        let text = Json::String(text);
        for model_type in ModelType::ALL {
            let _ = redaction.change(*model_type, &text.to_string(), Some(&text), Some(&value));
        }
    }
}

#[test]
fn a_letter_of_several_bytes_after_a_serialized_name_is_no_fault() {
    for text in ["s:5:\"token\";iー9", "s:5:\"token\";dé;", "s:5:\"token\";i"] {
        assert!(Redaction::default().text(text).starts_with("s:5:\"token\";"), "{text}");
    }
}

/// 128 KiB of the start of each format. No time is asserted: a quadratic search would take minutes.
#[test]
fn repeated_starts_of_a_format_are_not_searched_quadratically() {
    let length = 1 << 17;
    for (piece, end) in [
        ("QUJD", ""),
        ("QUJD", "="),
        ("QUJD", "=x1"),
        ("QUJD", ": x1 :// @ "),
        ("QUJD", " -- eyJ </ PRIVATE KEY"),
        ("a=", ""),
        ("token=", "1"),
        ("token: ", ""),
        ("a='", ""),
        ("token=\"", ""),
        ("Cookie: ", "="),
        ("Cookie: x ", ""),
        ("eyJabcdefg", "."),
        ("a://", "@"),
        ("a://b:", ""),
        ("-----BEGIN PRIVATE KEY-----", ""),
        ("<token>", "</"),
        ("--token ", ""),
        ("bearer ", ""),
        ("\\\"", ":"),
        ("[", ""),
        ("\"", ""),
        ("ä", "=1"),
        ("<a b='", ""),
        ("<token><x>", ""),
        ("s:8:\"password\";s:1:\"", ""),
        ("s:5:\"token\";i", ""),
        ("form-data; name=token\n\n", ""),
        ("--X\nContent-Disposition: form-data; name=\"password\"\n\nabc\n--X\n", ""),
        ("token:\n  ", ""),
        ("copy t (password) from stdin;\na\n", ""),
        ("- name: token\n", ""),
        ("%3A%2F%2Fa%3A", ""),
        ("x%3D", ""),
        ("%3A%2F%2Fa%3A", " %40"),
        ("session='", ""),
        ("\\\"", "session=\""),
        ("password is ", ""),
        ("insert into t (password) values ((", ""),
        ("&lt;token&gt;", ""),
        ("token=f(", ""),
        ("token={{", ""),
        ("x://b:c ", ""),
        ("x://b:c", "@h"),
        ("curl -u a:", ""),
        ("curl -u '", ""),
        ("--token '", ""),
        ("token=<<A\n", ""),
        ("pin=<<A\n", ""),
        ("value=", ""),
        ("name=token\nvalue=\"", ""),
        ("<th>Token</th>", ""),
        ("<td>token", ""),
        ("token: {a: ", ""),
        ("token = 'a' + ", ""),
        ("token: x -> ", ""),
        ("\\u0022", ":"),
        ("token&quot;:&quot;", ""),
        ("(\"--token\", ", "default=\""),
        ("token: A<", " = \"x\""),
        ("xsk-abcdefghijklmnop", ""),
        ("TOKEN  A\n", ""),
        ("crypt(", ""),
        ("%22token%22%3A%22", ""),
        ("s:4:\"name\";s:5:\"token\";", ""),
        ("('token','", ""),
        ("session=“", ""),
        ("密码是", ""),
        ("-----BEGIN PRIVATE KEY", ""),
        ("identified by 'a''", ""),
        ("machine a login b password ", ""),
        ("ENV TOKEN ", ""),
        ("/hooks/a1", ""),
        ("token='a'\\''", ""),
    ] {
        let text = piece.repeat(length / piece.len()) + end;
        let change =
            Redaction::default().change(ModelType::Connector, "note", None, Some(&Json::String(text)));
        assert!(change.new.is_some() && !change.redacted, "{piece:?} … {end:?}");
    }
}
