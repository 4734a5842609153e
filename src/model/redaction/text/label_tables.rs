//! Redacts tables of two columns with a name and its value on each line: `| password | x |`, `password,x` under
//! `key,value`, expanded rows of psql. `tables` reads tables with a header of columns.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use crate::model::redaction::classifier::ValueSyntax;
use crate::model::redaction::normalize::joined;
use crate::model::redaction::text::scan::TextScan;
use crate::model::redaction::values::looks_generated;

/// The longest name in a cell, in bytes.
const MAX_NAME: usize = 48;
/// The longest line that is read as a row, in bytes.
const MAX_LINE: usize = 1024;

/// Headings of the two columns (`names`, `values`), labels that often stand in a row beside a credential's row, and headings of
/// a column that holds remarks. All are spelled as [`joined`] returns them.
struct Headings {
    names: HashSet<String>,
    values: HashSet<String>,
    labels: HashSet<String>,
    remarks: HashSet<String>,
}

static HEADINGS: LazyLock<Headings> = LazyLock::new(|| {
    let set = |words: &str| words.split_whitespace().map(joined).collect();
    Headings {
        names: set(
            "key name field setting property parameter param variable attribute label option item entry feld \
             schlüssel einstellung eigenschaft campo clave nombre propiedad champ clé nom paramètre parâmetro nome \
             chiave parametro pole klucz nazwa ключ поле имя название 字段 名称 键 参数 項目 キー 名前",
        ),
        values: set(
            "value values val content data current wert inhalt valor valeur valore wartość значение 值 値",
        ),
        labels: set(
            "host hostname user username login name url uri port db database server email mail account service \
             system env environment region role type id key value field endpoint domain client tenant protocol path \
             driver schema instance vpn benutzer benutzername utilisateur usuario servidor serveur rechner utente \
             użytkownik пользователь сервер хост 用户 用户名 主机 ユーザー ホスト",
        ),
        remarks: set(
            "type description meaning remark remarks note notes comment required scope owner rotation typ \
             beschreibung bedeutung tipo descripción descrizione descrição opis описание 类型 描述 説明",
        ),
    }
});

/// A line with two cells.
struct Row {
    line: usize,
    name: Range<usize>,
    value: Range<usize>,
}

/// Lines one after another, each with two cells.
#[derive(Default)]
struct Block {
    rows: Vec<Row>,
    /// Whether a rule such as `|---|---|` follows the first row, which is then a header.
    has_header: bool,
    /// Whether the form alone shows a table: lines begin with a bar, or the line before is psql's `-[ RECORD 1 ]-`.
    is_table: bool,
}

/// How a table of two columns is read.
enum Layout {
    /// The first row names the columns.
    Columns,
    /// Each row from this one on has a name and its value, which may be a plain word.
    Labels { from: usize, may_be_word: bool },
    /// The form does not tell, and both readings count.
    Unknown,
}

/// Redacts values beside the names of credentials. Returns for each line whether it belongs to such a table, and so to
/// none with a header of columns.
pub(super) fn detect(
    scan: &mut TextScan<'_>,
    lines: &[Range<usize>],
    is_rule: impl Fn(&[u8]) -> bool,
) -> Vec<bool> {
    let text = scan.text;
    let mut is_label = vec![false; lines.len()];
    for separator in ["|", "\t", ",", ";", "  "] {
        if !text.contains(separator) {
            continue;
        }
        let mut block = Block::default();
        for (index, line) in lines.iter().enumerate() {
            let content = &text[line.clone()];
            if !block.rows.is_empty() && is_rule(content.as_bytes()) {
                block.has_header |= block.rows.len() == 1;
                continue;
            }
            match cells(text, line, separator) {
                Some((name, value)) => {
                    block.is_table |= separator == "|" && content.trim_start().starts_with('|');
                    block.rows.push(Row { line: index, name, value });
                }
                None => {
                    let done = std::mem::take(&mut block);
                    redact(scan, &done, &mut is_label);
                    block.is_table = content.starts_with("-[ RECORD");
                }
            }
        }
        redact(scan, &block, &mut is_label);
    }
    is_label
}

fn redact(scan: &mut TextScan<'_>, block: &Block, is_label: &mut [bool]) {
    let text = scan.text;
    let class = |scan: &TextScan<'_>, row: &Row| scan.classifier.class(&text[row.name.clone()]);
    if block.rows.is_empty() || !block.rows.iter().any(|row| class(scan, row).is_credential()) {
        return;
    }
    let (from, may_be_word) = match layout(scan, block) {
        Layout::Columns => return,
        Layout::Labels { from, may_be_word } => {
            block.rows.iter().for_each(|row| is_label[row.line] = true);
            (from, may_be_word)
        }
        Layout::Unknown => (0, block.is_table),
    };
    for row in block.rows.iter().skip(from) {
        let class = class(scan, row);
        let value = &text[row.value.clone()];
        let is_value = looks_generated(value) || may_be_word && !scan.is_prose;
        if class.is_credential() && is_value && !value.contains(char::is_whitespace) {
            scan.redact_value(class, row.value.clone(), ValueSyntax::LastWord);
        }
    }
}

fn layout(scan: &TextScan<'_>, block: &Block) -> Layout {
    let text = scan.text;
    let Some((first, rest)) = block.rows.split_first() else { return Layout::Columns };
    let is = |set: &HashSet<String>, cell: &Range<usize>| set.contains(&joined(&text[cell.clone()]));
    let has_label = |rows: &[Row]| rows.iter().any(|row| is(&HEADINGS.labels, &row.name));
    if is(&HEADINGS.names, &first.name) && is(&HEADINGS.values, &first.value) {
        return Layout::Labels { from: 1, may_be_word: true };
    }
    let [name, value] =
        [&first.name, &first.value].map(|cell| scan.classifier.is_credential(&text[cell.clone()]));
    if value || name && is(&HEADINGS.labels, &first.value) {
        return Layout::Columns;
    }
    // A rule may also stand between all rows.
    if name && has_label(rest) {
        return Layout::Labels { from: 0, may_be_word: true };
    }
    if block.has_header {
        if name {
            return Layout::Columns;
        }
        return Layout::Labels { from: 1, may_be_word: !is(&HEADINGS.remarks, &first.value) };
    }
    let may_be_word = block.is_table || has_label(&block.rows);
    if !name || rest.is_empty() {
        return Layout::Labels { from: 0, may_be_word };
    }
    Layout::Unknown
}

/// The name and the value in a line of two cells, without blanks, quotes and emphasis.
fn cells(text: &str, line: &Range<usize>, separator: &str) -> Option<(Range<usize>, Range<usize>)> {
    let content = &text[line.clone()];
    if content.len() > MAX_LINE || !content.contains(separator) {
        return None;
    }
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r');
    let mut line = trimmed(text, line.clone(), is_blank);
    if separator == "|" {
        line = trimmed(text, line, |c| c == '|');
    }
    let content = &text[line.clone()];
    let at = content.find(separator)?;
    let rest = &content[at + separator.len()..];
    let rest = if separator == "|" { rest.strip_prefix('|').unwrap_or(rest) } else { rest };
    let rest = if separator.trim().is_empty() { rest.trim_start() } else { rest };
    if rest.contains(separator) || content[..at].contains(['=', ':', '(', '{', '<']) {
        return None;
    }
    let is_outer = |c: char| is_blank(c) || matches!(c, '"' | '\'' | '`' | '*');
    let name = trimmed(text, line.start..line.start + at, is_outer);
    let value = trimmed(text, line.end - rest.len()..line.end, is_outer);
    let is_row = !name.is_empty() && name.len() <= MAX_NAME && !value.is_empty();
    // Several words without bars are a sentence more likely than a cell.
    let may_be_cell = separator == "|" || !text[value.clone()].contains(char::is_whitespace);
    (is_row && may_be_cell).then_some((name, value))
}

/// A range without these characters at its ends.
fn trimmed(text: &str, range: Range<usize>, is_outer: impl Fn(char) -> bool + Copy) -> Range<usize> {
    let content = &text[range.clone()];
    let start = range.start + content.len() - content.trim_start_matches(is_outer).len();
    start..start + content.trim_matches(is_outer).len()
}
