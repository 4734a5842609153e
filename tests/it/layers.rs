//! The rules of the source tree, from ARCHITECTURE.md: which module may import which, what each file begins with, how
//! long it may be, and how many packages are locked. A module that is not there yet breaks no rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The floors, from the ground up. A module imports itself and what lies strictly below it.
const FLOORS: &[&[&str]] = &[
    &["model", "exit", "secret", "clock"],
    &["api"],
    &["store", "client", "config", "render", "terminal", "demo"],
    &["server", "args"],
    &["error", "commands"],
    &["cli", "app", "main", "lib"],
];

/// What is allowed on one floor: the ground has a ground of its own, commands fail with the error beside them, and the
/// outlets make hostile text visible by the renderers' own rule.
const ALLOWED: &[(&str, &str)] = &[
    ("clock", "model"),
    ("secret", "model"),
    ("exit", "model"),
    ("terminal", "render"),
    ("commands", "error"),
    ("app", "cli"),
    ("main", "app"),
];

/// What is forbidden although it lies below: the two wings never see each other.
const FORBIDDEN: &[(&str, &str)] = &[("server", "client")];

/// The longest file, in lines, tests included.
const MAX_LINES: usize = 400;

/// The most packages `Cargo.lock` may hold. Each more is one more to trust: raise it knowingly.
const MAX_PACKAGES: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a directory of the repository, with its text; paths relative to the repository.
fn files(directory: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut directories = vec![root().join(directory)];
    while let Some(directory) = directories.pop() {
        for found in std::fs::read_dir(&directory).expect("a directory") {
            let path = found.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("within").display().to_string();
                files.push((name, std::fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    files.sort();
    files
}

/// The top-level module a file of `src` belongs to.
fn module(path: &str) -> String {
    let inside = Path::new(path).strip_prefix("src").expect("a file of src");
    let first = inside.iter().next().and_then(|part| part.to_str()).expect("UTF-8");
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules a text imports: `crate::x`, or the library's name from the binary. Comments import nothing.
fn imports(text: &str) -> BTreeSet<String> {
    static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:crate|krosyn_audit)::(\{[^}]*\}|[a-z_][a-z0-9_]*)").expect("a pattern")
    });
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:^|[{,])\s*([a-z_]+)").expect("a pattern"));
    let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let found = IMPORT.captures_iter(&code).flat_map(|found| {
        NAME.captures_iter(found.get(1).expect("a group").as_str())
            .map(|name| name[1].to_owned())
            .collect::<Vec<_>>()
    });
    found.collect()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Which module imports which, without itself, and one file that does.
fn imported() -> BTreeMap<(String, String), String> {
    let mut imported = BTreeMap::new();
    for (path, text) in files("src") {
        let importer = module(&path);
        for name in imports(&text) {
            if name != importer {
                imported.insert((importer.clone(), name), path.clone());
            }
        }
    }
    imported
}

/// Says why a module may not import another.
fn objection(importer: &str, name: &str) -> Option<String> {
    let Some(from) = floor(importer) else { return Some(format!("{importer} stands on no floor")) };
    let Some(to) = floor(name) else { return Some(format!("{name} stands on no floor")) };
    let named = |list: &[(&str, &str)]| list.contains(&(importer, name));
    if named(FORBIDDEN) {
        return Some(format!("{importer} and {name} never see each other"));
    }
    (to >= from && !named(ALLOWED)).then(|| format!("{importer} (floor {from}) imports {name} (floor {to})"))
}

#[test]
fn imports_point_down_only() {
    let objections: Vec<_> = imported()
        .iter()
        .filter_map(|((importer, name), path)| Some(format!("{path}: {}", objection(importer, name)?)))
        .collect();
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn the_rule_knows_an_upward_import_when_it_sees_one() {
    for (importer, name) in [
        ("model", "api"),
        ("model", "clock"),
        ("store", "server"),
        ("store", "client"),
        ("client", "store"),
        ("client", "server"),
        ("server", "client"),
        ("server", "args"),
        ("render", "terminal"),
        ("error", "commands"),
        ("store", "odds_and_ends"),
    ] {
        assert!(objection(importer, name).is_some(), "{importer} → {name}");
    }
    for (importer, name) in
        [("server", "store"), ("commands", "server"), ("store", "api"), ("app", "commands")]
    {
        assert_eq!(objection(importer, name), None);
    }
    let text = "use crate::model::{a, b};\nuse crate::{api::page, store};\n// crate::client\nfn f() { crate::args::x() }";
    assert_eq!(imports(text), ["api", "args", "model", "store"].map(str::to_owned).into());
}

#[test]
fn every_module_stands_on_a_floor() {
    let modules: BTreeSet<_> = files("src").iter().map(|(path, _)| module(path)).collect();
    let homeless: Vec<_> = modules.iter().filter(|module| floor(module).is_none()).collect();
    assert!(homeless.is_empty(), "{homeless:?}");
    assert!(modules.contains("model") && modules.contains("server"), "the tree was read: {modules:?}");
}

#[test]
fn there_is_no_cycle_between_modules() {
    let mut left: BTreeSet<(String, String)> = imported().into_keys().collect();
    // Whoever imports nothing that is left is on no cycle; what then remains, is.
    loop {
        let importers: BTreeSet<String> = left.iter().map(|(importer, _)| importer.clone()).collect();
        let before = left.len();
        left.retain(|(_, name)| importers.contains(name));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "a cycle: {left:?}");
}

#[test]
fn each_file_says_first_what_it_is_for() {
    let all = files("src").into_iter().chain(files("tests"));
    let silent: Vec<_> = all.filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these begin with no //!: {silent:?}");
}

/// A rename lasts only when the directory is synced: one function does both.
#[test]
fn files_are_renamed_in_one_place() {
    let renames = |(_, text): &(String, String)| {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        code.contains("fs::rename(") || code.contains(".persist(")
    };
    let places: Vec<_> = files("src").into_iter().filter(renames).map(|(path, _)| path).collect();
    assert_eq!(places, ["src/terminal/file/claim.rs"], "rename by terminal::file");
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let all = files("src").into_iter().chain(files("tests"));
    let long: Vec<_> = all
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn there_is_no_drawer_for_odds_and_ends() {
    let all = files("src").into_iter().chain(files("tests"));
    let drawers: Vec<_> = all
        .map(|(path, _)| path)
        .filter(|path| {
            Path::new(path).with_extension("").iter().any(|part| {
                part.to_str()
                    .is_some_and(|part| matches!(part, "util" | "utils" | "helper" | "helpers" | "common"))
            })
        })
        .collect();
    assert!(drawers.is_empty(), "{drawers:?}");
}

#[test]
fn the_number_of_locked_packages_has_a_ceiling() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("a lock file");
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(
        packages <= MAX_PACKAGES,
        "Cargo.lock holds {packages} packages and the ceiling is {MAX_PACKAGES}: drop one, or raise it knowingly"
    );
}
