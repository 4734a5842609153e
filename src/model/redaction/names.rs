//! What a key says of its value: whether it names a credential, whatever the case, separators and look-alike letters.
//!
//! The head of an English compound stands last: `bearer_token` is a token, `token_expires_at` is a time. In other
//! languages it stands first: `senha_do_banco`. So a key is cut at a preposition, loses words that change nothing
//! (`_prod`, `_v2`), and then counts by the noun it ends with.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::LazyLock;

use super::letters::{decoded, folded, joined, plain_digits, words};
use super::vocabulary as list;

/// What a key says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing: the value is judged by itself.
    Plain,
    /// Perhaps a credential: a value that looks made by a machine is hidden.
    Unsure,
    /// A key or a token.
    Key,
    /// A password or a code, which may be short, numeric or a word.
    Password,
    /// A way to prove oneself, or the proof.
    Scheme,
}

impl Meaning {
    /// Whether the key names a credential for certain.
    pub(super) fn is_credential(self) -> bool {
        !matches!(self, Self::Plain | Self::Unsure)
    }
}

/// The longest key that is remembered, in bytes, and how many are: keys come from outside.
const MAX_REMEMBERED: (usize, usize) = (64, 4096);
/// The longest key that is judged, in bytes: of a longer one its end, where the head of a compound stands.
const MAX_JUDGED: usize = 256;

/// The most words of a key that are judged: its last ones.
const MAX_WORDS: usize = 12;

/// A key and its meaning.
pub(super) struct Name {
    /// Its letters and digits, folded: one form for `Api-Key`, `apiKey`, `API_KEY` and look-alikes.
    pub(super) joined: String,
    /// Its words, folded.
    pub(super) words: Vec<String>,
    /// What it says of its value.
    pub(super) meaning: Meaning,
    /// Whether it is a plural, under which a number is a count.
    pub(super) is_plural: bool,
}

impl Name {
    /// Reads a key. The same few come in entry after entry, so each thread remembers them.
    pub(super) fn of(key: &str) -> Rc<Self> {
        thread_local! {
            static REMEMBERED: RefCell<HashMap<String, Rc<Name>>> = RefCell::default();
        }
        if key.len() > MAX_REMEMBERED.0 {
            return Rc::new(Self::read(key));
        }
        REMEMBERED.with_borrow_mut(|remembered| {
            if let Some(name) = remembered.get(key) {
                return Rc::clone(name);
            }
            if remembered.len() == MAX_REMEMBERED.1 {
                remembered.clear();
            }
            Rc::clone(remembered.entry(key.to_owned()).or_insert_with(|| Rc::new(Self::read(key))))
        })
    }

    fn read(key: &str) -> Self {
        let start = key.len().saturating_sub(MAX_JUDGED);
        let end = (start..=key.len()).find(|&at| key.is_char_boundary(at)).unwrap_or(key.len());
        let key = decoded(&key[end..]);
        let mut words = words(&key);
        words.drain(..words.len().saturating_sub(MAX_WORDS));
        let mut meaning = meaning(&words);
        if meaning == Meaning::Plain
            && let Some(respelled) = plain_digits(&key)
        {
            let respelled = self::meaning(&self::words(&respelled));
            meaning = if respelled.is_credential() { respelled } else { meaning };
        }
        let is_plural = words.last().is_some_and(|word| word.ends_with('s'));
        Self { joined: words.concat(), words, meaning, is_plural }
    }

    /// The last word.
    pub(super) fn last(&self) -> &str {
        self.words.last().map_or("", String::as_str)
    }

    /// Whether the last word says something about a thing and is not the thing: `_id`, `_type`, `_at`.
    pub(super) fn is_attribute(&self) -> bool {
        WORDS.attributes.contains(self.last())
    }

    /// Whether a value of this name can only be an identifier, an address, a time or a number.
    pub(super) fn is_label(&self) -> bool {
        const LABELS: &[&str] = &[
            "id", "ids", "uuid", "url", "urls", "uri", "at", "by", "type", "kind", "name", "status",
            "version", "count", "enabled", "code", "rate", "size", "prefix", "required",
        ];
        self.words.len() > 1 && LABELS.contains(&self.last())
    }

    /// Whether a member of this name tells the name of what stands beside it.
    pub(super) fn tells_name(&self) -> bool {
        WORDS.name_roles.contains(self.joined.as_str())
            || self.words.len() > 1
                && matches!(self.last(), "name" | "key" | "field" | "header" | "path" | "column")
    }

    /// Whether a member of this name holds the value that another member names.
    pub(super) fn holds_value(&self) -> bool {
        self.joined.starts_with("value")
            || self.joined.ends_with("value")
            || WORDS.value_roles.contains(self.joined.as_str())
            || self.words.len() > 1
                && self
                    .words
                    .first()
                    .is_some_and(|word| matches!(word.as_str(), "static" | "raw" | "literal"))
    }

    /// Whether a member of this name holds that value, or the name of where it comes from.
    pub(super) fn holds_source(&self) -> bool {
        WORDS.source_roles.contains(self.joined.as_str())
    }
}

type Words = HashSet<String>;

/// The vocabulary, folded.
struct Vocabulary {
    /// Nouns and what they mean, by their last letter.
    nouns: HashMap<char, Vec<(String, Meaning)>>,
    whole: HashMap<String, Meaning>,
    foreign_keys: Words,
    key_adjectives: Vec<String>,
    qualifiers: Words,
    prepositions: Words,
    attributes: Words,
    questions: Words,
    password_questions: Words,
    token_measures: Words,
    passes: Words,
    about: Words,
    innocent: Vec<String>,
    name_roles: Words,
    value_roles: Words,
    source_roles: Words,
}

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| {
    let fold = |words: &'static str| words.split_whitespace().map(joined);
    let set = |words: &'static str| fold(words).collect::<Words>();
    let mut nouns: HashMap<char, Vec<(String, Meaning)>> = HashMap::new();
    for (words, meaning) in
        [(list::PASSWORDS, Meaning::Password), (list::KEYS, Meaning::Key), (list::SCHEMES, Meaning::Scheme)]
    {
        for noun in fold(words) {
            if let Some(last) = noun.chars().next_back() {
                nouns.entry(last).or_default().push((noun, meaning));
            }
        }
    }
    let whole = [
        (list::PASSWORD_WORDS, Meaning::Password),
        (list::KEY_WORDS, Meaning::Key),
        (list::SCHEME_WORDS, Meaning::Scheme),
        (list::UNSURE_WORDS, Meaning::Unsure),
    ];
    Vocabulary {
        nouns,
        whole: whole
            .into_iter()
            .flat_map(|(words, meaning)| fold(words).map(move |word| (word, meaning)))
            .collect(),
        foreign_keys: set(list::FOREIGN_KEYS),
        key_adjectives: fold(list::KEY_ADJECTIVES).collect(),
        qualifiers: set(list::QUALIFIERS),
        prepositions: set(list::PREPOSITIONS),
        attributes: set(list::ATTRIBUTES),
        questions: set(list::QUESTIONS),
        password_questions: set(list::PASSWORD_QUESTIONS),
        token_measures: set(list::TOKEN_MEASURES),
        passes: set(list::PASSES),
        about: set(list::ABOUT),
        innocent: fold(list::INNOCENT).collect(),
        name_roles: set(list::NAME_ROLES),
        value_roles: set(list::VALUE_ROLES),
        source_roles: set(list::SOURCE_ROLES),
    }
});

/// What a key of these words says of its value.
fn meaning(words: &[String]) -> Meaning {
    if words.len() > 1 && WORDS.about.contains(&words[0]) {
        return Meaning::Plain;
    }
    if words.is_empty() || WORDS.innocent.iter().any(|innocent| words.concat().ends_with(innocent)) {
        return Meaning::Plain;
    }
    let stripped = without_qualifiers(words);
    let own = by_end(stripped);
    if own != Meaning::Plain || stripped.len() < words.len() && is_question(stripped) {
        return own;
    }
    // `token_for_crm`, `senha_do_banco`: the head stands before the preposition.
    if let Some(at) = words.iter().position(|word| WORDS.prepositions.contains(word))
        && at > 0
    {
        return if words.last().is_some_and(|last| WORDS.attributes.contains(last)) {
            Meaning::Plain
        } else {
            by_end(without_qualifiers(&words[..at]))
        };
    }
    by_beginning(stripped)
}

fn without_qualifiers(words: &[String]) -> &[String] {
    let is_qualifier = |word: &String| {
        WORDS.qualifiers.contains(word) || word.chars().all(|c| c.is_ascii_digit()) && !word.is_empty()
    };
    let kept = words.iter().rposition(|word| !is_qualifier(word)).map_or(1, |last| last + 1);
    &words[..kept]
}

/// Whether the word before the last makes the key a question, a choice or a measure.
fn is_question(words: &[String]) -> bool {
    let [.., before, last] = words else { return false };
    WORDS.questions.contains(before)
        || last.starts_with("pass") && WORDS.password_questions.contains(before)
        || last.starts_with("token") && WORDS.token_measures.contains(before)
        || last == "pass" && WORDS.passes.contains(before)
}

fn by_end(words: &[String]) -> Meaning {
    let Some(last) = words.last() else { return Meaning::Plain };
    if is_question(words) {
        return Meaning::Plain;
    }
    if let Some(meaning) = WORDS.whole.get(last) {
        let is_adjective = |word: &String| is_key_adjective(word);
        let is_key = *meaning == Meaning::Unsure
            && words.iter().any(is_adjective)
            && WORDS.foreign_keys.contains(last);
        return if is_key { Meaning::Key } else { *meaning };
    }
    let joined = words.concat();
    if let Some(noun) = noun_at_end(&joined) {
        return noun;
    }
    let foreign = |word: &&String| WORDS.foreign_keys.iter().any(|key| word.ends_with(key.as_str()));
    let is_key = words.iter().any(|word| foreign(&word))
        && (words.iter().any(|word| is_key_adjective(word)) || is_key_adjective(&joined));
    if is_key { Meaning::Key } else { Meaning::Plain }
}

fn is_key_adjective(word: &str) -> bool {
    WORDS.key_adjectives.iter().any(|adjective| word.starts_with(adjective.as_str()))
}

fn noun_at_end(joined: &str) -> Option<Meaning> {
    let nouns = WORDS.nouns.get(&joined.chars().next_back()?)?;
    let ending = nouns.iter().filter(|(noun, _)| joined.ends_with(noun.as_str()));
    ending.max_by_key(|(noun, _)| noun.len()).map(|(_, meaning)| *meaning)
}

/// A noun with other words behind it: of another language the head itself, else perhaps a credential, unless the last
/// word says that the key is about something else. A noun and a qualifier may also be one word: `tokenvalue`.
fn by_beginning(words: &[String]) -> Meaning {
    if words.last().is_some_and(|last| WORDS.attributes.contains(last)) {
        return Meaning::Plain;
    }
    for end in 1..words.len() {
        let before = by_end(&words[..end]);
        if before.is_credential() {
            let is_foreign = !words[..end].concat().is_ascii() || is_foreign_noun(&words[..end].concat());
            return if is_foreign { before } else { Meaning::Unsure };
        }
    }
    let Some(last) = words.last() else { return Meaning::Plain };
    let glued = (4..last.len()).filter(|&at| last.is_char_boundary(at));
    let glued = glued.filter(|&at| last.len() - at > 1 && WORDS.qualifiers.contains(&last[at..]));
    glued.into_iter().find_map(|at| noun_at_end(&last[..at])).unwrap_or(Meaning::Plain)
}

/// Whether a folded noun is of a language that puts the head first, though it is plain ASCII once folded.
fn is_foreign_noun(joined: &str) -> bool {
    const HEADS: &[&str] = &[
        "contrasena",
        "motdepasse",
        "mdp",
        "senha",
        "palavrapasse",
        "jeton",
        "secreto",
        "segredo",
        "segreto",
        "gettone",
        "haslo",
        "sekret",
        "credenciales",
        "credenciais",
        "credenziali",
        "parol",
    ];
    HEADS.contains(&joined)
}

/// Whether a text is one of the nouns or a whole word that names a credential: for words of prose.
pub(super) fn is_noun(word: &str) -> bool {
    let word: String = word.chars().filter_map(folded).collect();
    noun_at_end(&word).is_some() || WORDS.whole.get(&word).is_some_and(|meaning| meaning.is_credential())
}
