//! Classifies keys: whether a key names a credential, in any case, with any separators and with look-alike letters.
//!
//! An English compound ends with its noun: `bearer_token` is a token, `token_expires_at` is a time. In other languages it
//! begins with it: `senha_do_banco`. So a key is cut at a preposition, loses words that do not change it (`_prod`,
//! `_v2`), and is classified by the noun at its end.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

use crate::model::redaction::normalize::{decoded, joined, without_leetspeak, words};
use crate::model::redaction::vocabulary as list;

/// What a key says about its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NameClass {
    /// The key names no credential: the value is judged by itself.
    #[default]
    Ordinary,
    /// The key may name a credential: a value that looks generated is redacted.
    Ambiguous,
    /// A generated credential: an API key, a private key or a token.
    Key,
    /// A password or a code, which may be short, numeric or a word.
    Password,
    /// An authentication scheme or a credential.
    Scheme,
}

impl NameClass {
    pub(super) fn is_credential(self) -> bool {
        !matches!(self, Self::Ordinary | Self::Ambiguous)
    }
}

/// The longest cached key in bytes, and the most keys in the cache. Keys come from outside, so both are bounded.
const MAX_CACHED: (usize, usize) = (64, 4096);
/// The longest part of a key that is classified, in bytes: its end, where the noun stands.
const MAX_LENGTH: usize = 256;
/// The most words of a key that are classified: its last ones.
const MAX_WORDS: usize = 12;

/// A normalized key and its class.
pub(super) struct KeyName {
    /// Letters and digits, folded: the same for `Api-Key`, `apiKey`, `API_KEY` and look-alikes.
    pub(super) joined: String,
    /// The words, folded.
    pub(super) words: Vec<String>,
    pub(super) class: NameClass,
    /// Whether the last word is a plural: a number is then a count (`tokens: 500`).
    pub(super) is_plural: bool,
}

impl KeyName {
    /// Reads a key. The same few keys occur in every entry, so each thread caches them.
    pub(super) fn of(key: &str) -> Rc<Self> {
        thread_local! {
            static CACHE: RefCell<HashMap<String, Rc<KeyName>>> = RefCell::default();
        }
        if key.len() > MAX_CACHED.0 {
            return Rc::new(Self::read(key));
        }
        CACHE.with_borrow_mut(|cache| {
            if let Some(name) = cache.get(key) {
                return Rc::clone(name);
            }
            if cache.len() == MAX_CACHED.1 {
                cache.clear();
            }
            Rc::clone(cache.entry(key.to_owned()).or_insert_with(|| Rc::new(Self::read(key))))
        })
    }

    fn read(key: &str) -> Self {
        let start = key.ceil_char_boundary(key.len().saturating_sub(MAX_LENGTH));
        let key = decoded(&key[start..]);
        let mut words = words(&key);
        words.drain(..words.len().saturating_sub(MAX_WORDS));
        let mut class = class_of(&words);
        if class == NameClass::Ordinary
            && let Some(respelled) = without_leetspeak(&key)
        {
            let respelled = class_of(&self::words(&respelled));
            class = if respelled.is_credential() { respelled } else { class };
        }
        let is_plural = words.last().is_some_and(|word| word.ends_with('s'));
        Self { joined: words.concat(), words, class, is_plural }
    }

    pub(super) fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// Whether the last word describes something: `_id`, `_type`, `_at`.
    pub(super) fn is_attribute(&self) -> bool {
        ATTRIBUTES.contains(self.last())
    }

    /// Whether the last of several words names a harmless property: an id, an address, a time, a number, a name or a flag.
    pub(super) fn is_harmless_attribute(&self) -> bool {
        const HARMLESS: &[&str] = &[
            "id", "ids", "uuid", "url", "urls", "uri", "at", "by", "type", "kind", "name", "status",
            "version", "count", "enabled", "code", "rate", "size", "prefix", "required",
        ];
        self.words.len() > 1 && HARMLESS.contains(&self.last())
    }

    /// Whether the text of such a member names the member beside it.
    pub(super) fn is_name_member(&self) -> bool {
        NAME_MEMBERS.contains(&self.joined)
            || self.words.len() > 1
                && matches!(self.last(), "name" | "key" | "field" | "header" | "path" | "column")
    }

    /// Whether such a member holds the value that another member names.
    pub(super) fn is_value_member(&self) -> bool {
        self.joined.starts_with("value")
            || self.joined.ends_with("value")
            || VALUE_MEMBERS.contains(&self.joined)
            || self.words.len() > 1 && matches!(self.words[0].as_str(), "static" | "raw" | "literal")
    }

    /// Whether such a member holds that value or the name of its source.
    pub(super) fn is_source_member(&self) -> bool {
        SOURCE_MEMBERS.contains(&self.joined)
    }
}

fn fold(words: &'static str) -> impl Iterator<Item = String> {
    words.split_whitespace().map(joined)
}

macro_rules! folded_lists {
    ($list:ty: $($name:ident),+) => {
        $(static $name: LazyLock<$list> = LazyLock::new(|| fold(list::$name).collect());)+
    };
}
folded_lists!(HashSet<String, list::Fnv>: FOREIGN_KEYS, QUALIFIERS, PREPOSITIONS, ATTRIBUTES, FIRST_ATTRIBUTES, FLAG_WORDS, PASSWORD_FLAG_WORDS);
folded_lists!(HashSet<String, list::Fnv>: SERVICES, COMMON_SERVICES);
folded_lists!(HashSet<String, list::Fnv>: TOKEN_MEASURES, PASSES, NAME_MEMBERS, VALUE_MEMBERS, SOURCE_MEMBERS);
folded_lists!(Vec<String>: KEY_ADJECTIVES, EXCEPTIONS);

/// Words with a value, grouped by last letter, so that a key is compared with few of them.
struct Endings<T>(HashMap<char, Vec<(String, T)>, list::Fnv>);

impl<T: Copy> Endings<T> {
    fn new(words: impl Iterator<Item = (String, T)>) -> Self {
        let mut endings: HashMap<char, Vec<(String, T)>, list::Fnv> = HashMap::default();
        for (word, value) in words {
            if let Some(last) = word.chars().next_back() {
                endings.entry(last).or_default().push((word, value));
            }
        }
        Self(endings)
    }

    /// The value of the longest word at the end of a text.
    fn of(&self, text: &str) -> Option<T> {
        let words = self.0.get(&text.chars().next_back()?)?;
        let ending = words.iter().filter(|(word, _)| text.ends_with(word.as_str()));
        ending.max_by_key(|(word, _)| word.len()).map(|(_, value)| *value)
    }
}

/// Nouns and their classes.
static NOUNS: LazyLock<Endings<NameClass>> = LazyLock::new(|| {
    let lists = [
        (list::PASSWORDS, NameClass::Password),
        (list::KEYS, NameClass::Key),
        (list::SCHEMES, NameClass::Scheme),
    ];
    Endings::new(lists.into_iter().flat_map(|(words, class)| fold(words).map(move |word| (word, class))))
});

static FOREIGN_ENDINGS: LazyLock<Endings<()>> =
    LazyLock::new(|| Endings::new(fold(list::FOREIGN_KEYS).map(|word| (word, ()))));

/// Words that count only when they are the whole last word of a key.
static WHOLE_WORDS: LazyLock<HashMap<String, NameClass, list::Fnv>> = LazyLock::new(|| {
    let lists = [
        (list::PASSWORD_WORDS, NameClass::Password),
        (list::KEY_WORDS, NameClass::Key),
        (list::SCHEME_WORDS, NameClass::Scheme),
        (list::AMBIGUOUS_WORDS, NameClass::Ambiguous),
    ];
    lists.into_iter().flat_map(|(words, class)| fold(words).map(move |word| (word, class))).collect()
});

/// The class of a key of these words.
fn class_of(words: &[String]) -> NameClass {
    let joined = words.concat();
    if words.is_empty()
        || words.len() > 1 && (FIRST_ATTRIBUTES.contains(&words[0]) || is_question(&words[0]))
        || EXCEPTIONS.iter().any(|exception| joined.ends_with(exception))
    {
        return NameClass::Ordinary;
    }
    let stripped = without_qualifiers(words);
    let class = class_by_last_noun(stripped, words);
    if class != NameClass::Ordinary || stripped.len() < words.len() && is_flag_or_measure(stripped) {
        return class;
    }
    // `private_pem`: the qualifier belongs to the noun.
    if stripped.len() < words.len()
        && let Some(class) = NOUNS.of(&joined)
    {
        return class;
    }
    // `token_for_crm`, `senha_do_banco`: the noun stands before the preposition.
    if let Some(at) = words.iter().position(|word| PREPOSITIONS.contains(word)).filter(|at| *at > 0) {
        return if words.last().is_some_and(|last| ATTRIBUTES.contains(last)) {
            NameClass::Ordinary
        } else {
            class_by_last_noun(without_qualifiers(&words[..at]), &words[..at])
        };
    }
    class_by_first_noun(stripped)
}

fn without_qualifiers(words: &[String]) -> &[String] {
    let is_qualifier = |word: &String| {
        QUALIFIERS.contains(word) || word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty()
    };
    let kept = words.iter().rposition(|word| !is_qualifier(word)).map_or(1, |last| last + 1);
    &words[..kept]
}

/// Whether the word before the last makes the key a flag or a measure.
fn is_flag_or_measure(words: &[String]) -> bool {
    let [.., before, last] = words else { return false };
    FLAG_WORDS.contains(before)
        || last.starts_with("pass") && PASSWORD_FLAG_WORDS.contains(before)
        || last.starts_with("token") && TOKEN_MEASURES.contains(before)
        || last == "pass" && PASSES.contains(before)
}

/// Whether a first word makes the key a question: `has_webhook_secret`.
fn is_question(word: &str) -> bool {
    matches!(word, "has" | "have" | "is" | "are" | "requires" | "needs" | "supports" | "without")
}

/// The class of words by the noun at their end. `all` are the same words with their qualifiers, among which the adjective
/// of a foreign `key` may be: `clave_wifi`.
fn class_by_last_noun(words: &[String], all: &[String]) -> NameClass {
    let Some(last) = words.last() else { return NameClass::Ordinary };
    if is_flag_or_measure(words) {
        return NameClass::Ordinary;
    }
    // `sendgrid_key`, `stripe_sk`, `github_pat`
    if matches!(last.as_str(), "key" | "keys" | "sk" | "pat")
        && NOUNS.of(&words.concat()).is_none()
        && let Some(service) = words.iter().find(|word| SERVICES.contains(*word))
    {
        let is_common = COMMON_SERVICES.contains(service);
        return if is_common { NameClass::Ambiguous } else { NameClass::Key };
    }
    let has_adjective = || all.iter().any(|word| is_key_adjective(word));
    if let Some(class) = WHOLE_WORDS.get(last) {
        // `unlock_pin`
        if *class == NameClass::Ambiguous && NOUNS.of(&words.concat()) == Some(NameClass::Password) {
            return NameClass::Password;
        }
        let is_key = *class == NameClass::Ambiguous && FOREIGN_KEYS.contains(last) && has_adjective();
        return if is_key { NameClass::Key } else { *class };
    }
    let joined = words.concat();
    if let Some(class) = NOUNS.of(&joined) {
        return class;
    }
    let is_foreign_key = |word: &String| FOREIGN_ENDINGS.of(word).is_some();
    let is_key = words.iter().any(is_foreign_key) && (has_adjective() || is_key_adjective(&joined));
    if is_key { NameClass::Key } else { NameClass::Ordinary }
}

fn is_key_adjective(word: &str) -> bool {
    KEY_ADJECTIVES.iter().any(|adjective| word.starts_with(adjective.as_str()))
}

/// The class of a key with words after its noun. In languages where the noun comes first, the noun decides. In English the
/// key may name a credential, unless its last word describes one. Noun and qualifier may also be one word:
/// `tokenvalue`.
fn class_by_first_noun(words: &[String]) -> NameClass {
    let Some(last) = words.last().filter(|last| !ATTRIBUTES.contains(*last)) else {
        return NameClass::Ordinary;
    };
    for end in 1..words.len() {
        let class = class_by_last_noun(&words[..end], words);
        if class.is_credential() {
            // `contraseña_caduca_en`: a later word describes it.
            if words[end..].iter().any(|word| ATTRIBUTES.contains(word)) {
                return NameClass::Ordinary;
            }
            let noun = words[..end].concat();
            let comes_first = !noun.is_ascii() || FIRST_NOUNS.contains(noun.as_str());
            return if comes_first { class } else { NameClass::Ambiguous };
        }
    }
    let mut borders = (4..last.len()).filter(|&at| last.is_char_boundary(at));
    borders
        .find_map(|at| {
            let is_qualifier = last.len() - at > 1 && QUALIFIERS.contains(&last[at..]);
            is_qualifier.then(|| NOUNS.of(&last[..at])).flatten()
        })
        .unwrap_or(NameClass::Ordinary)
}

/// Credential nouns of languages where the noun comes first, for the nouns that are ASCII after folding.
static FIRST_NOUNS: list::Words = list::Words::new(|| {
    list::word_set(
        "contrasena motdepasse mdp senha palavrapasse jeton secreto segredo segreto gettone haslo sekret \
         credenciales credenciais credenziali parol",
    )
});

/// Whether a word of prose is a noun that names a credential.
pub(super) fn is_noun(word: &str) -> bool {
    let word = joined(word);
    NOUNS.of(&word).is_some() || WHOLE_WORDS.get(&word).is_some_and(|class| class.is_credential())
}
