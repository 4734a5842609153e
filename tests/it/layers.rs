//! The rules of the source tree, from ARCHITECTURE.md: which module may import which, that no files import each other
//! in a circle, how each file begins, how long it may be, and how many packages may be locked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The layers, lowest first. A module imports itself and modules of lower layers.
const LAYERS: &[&[&str]] = &[
    &["model", "exit", "secret", "clock", "tls", "parallel"],
    &["api"],
    &["store", "client", "config", "render", "terminal", "demo"],
    &["server", "args", "page", "browse"],
    &["error", "commands"],
    &["cli", "app", "main", "lib"],
];

/// Imports that are allowed within one layer: the rest of layer 0 depends on the model, commands fail with the error beside
/// them, the terminal sanitizes text by the renderers' rule, and the server answers with the page's views.
const ALLOWED: &[(&str, &str)] = &[
    ("clock", "model"),
    ("secret", "model"),
    ("exit", "model"),
    ("terminal", "render"),
    ("server", "page"),
    ("commands", "error"),
    ("app", "cli"),
    ("main", "app"),
];

/// Imports that are forbidden although they point down: the server must not use the client.
const FORBIDDEN: &[(&str, &str)] = &[("server", "client")];

/// The longest file, in lines, tests included.
const MAX_LINES: usize = 400;

/// The most packages `Cargo.lock` may hold. Each is code to be trusted, so raise the limit knowingly.
const MAX_PACKAGES: usize = 437;

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

/// The module that a file of `src` defines, as names from the crate's root.
fn module_path(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let names = inside.split('/').filter(|name| !matches!(*name, "mod" | "lib"));
    names.map(str::to_owned).collect()
}

/// The code of a file: without comments and without unit tests. A unit test may use any module, its own parent first,
/// and is no part of the binary.
fn code(text: &str) -> String {
    static COMMENT_OR_SCOPE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^\s*//.*$|pub\(in [^)]*\)").expect("a pattern"));
    static UNIT_TESTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?ms)^#\[cfg\(test\)\]\s+(?:pub(?:\([^)]*\))? )?mod \w+ \{.*?^\}").expect("a pattern")
    });
    UNIT_TESTS.replace_all(&COMMENT_OR_SCOPE.replace_all(text, ""), "").into_owned()
}

/// The child modules that a text declares in files of their own: all, or only those of unit tests.
fn child_modules(text: &str, are_tests: bool) -> Vec<&str> {
    static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^(#\[cfg\(test\)\]\s+(?:#\[[^\]]*\]\s+)*)?(?:pub(?:\([^)]*\))? )?mod (\w+);")
            .expect("a pattern")
    });
    let declarations = DECLARATION.captures_iter(text);
    let chosen = declarations.filter(|found| !are_tests || found.get(1).is_some());
    chosen.filter_map(|found| Some(found.get(2)?.as_str())).collect()
}

/// Reads a path or a tree of `use` behind `prefix`, and returns what follows it.
fn read_paths<'a>(mut text: &'a str, mut prefix: Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    loop {
        text = text.trim_start();
        if let Some(mut rest) = text.strip_prefix('{') {
            loop {
                rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
                if rest.is_empty() || rest.starts_with('}') {
                    return rest.get(1..).unwrap_or("");
                }
                rest = read_paths(rest, prefix.clone(), paths);
                // What may follow is `as name`.
                rest = rest.trim_start_matches(|c| c != ',' && c != '}');
            }
        }
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        match name {
            "" | "self" => {}
            "super" => drop(prefix.pop()),
            _ => prefix.push(name.to_owned()),
        }
        match rest.strip_prefix("::") {
            Some(behind) if !name.is_empty() => text = behind,
            _ => {
                paths.push(prefix);
                return rest;
            }
        }
    }
}

/// The paths in a file's code that begin at the crate, at a parent, at the module itself or at one of its children.
fn paths(file: &str, text: &str) -> Vec<Vec<String>> {
    static BEGINNING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:^|[^:\w])([a-z_][a-z0-9_]*)::").expect("a pattern"));
    let (code, own) = (code(text), module_path(file));
    let (children, mut paths) = (child_modules(text, false), Vec::new());
    for found in BEGINNING.captures_iter(&code) {
        let first = found.get(1).expect("a group");
        let (start, prefix) = match first.as_str() {
            "crate" | "krosyn_audit" => (first.end() + 2, Vec::new()),
            name if matches!(name, "super" | "self") || children.contains(&name) => {
                (first.start(), own.clone())
            }
            _ => continue,
        };
        read_paths(&code[start..], prefix, &mut paths);
    }
    paths
}

/// Which file of `src` imports which, without itself and without files of unit tests. A path names the file of its
/// longest beginning that is a module.
fn imports(files: &[(String, String)]) -> BTreeSet<(String, String)> {
    let modules: BTreeMap<_, _> = files.iter().map(|(file, _)| (module_path(file), file)).collect();
    let tests: Vec<_> = files
        .iter()
        .flat_map(|(file, text)| {
            let child = |name: &&str| [module_path(file), vec![(*name).to_owned()]].concat();
            child_modules(text, true).iter().map(child).collect::<Vec<_>>()
        })
        .collect();
    let is_code = |file: &str| !tests.iter().any(|test| module_path(file).starts_with(test));
    let mut imports = BTreeSet::new();
    for (file, text) in files.iter().filter(|(file, _)| is_code(file)) {
        for path in paths(file, text) {
            let named = (0..=path.len()).rev().find_map(|length| modules.get(&path[..length]));
            imports
                .extend(named.filter(|named| **named != file).map(|named| (file.clone(), (*named).clone())));
        }
    }
    imports
}

fn reached_from<'a>(file: &'a str, imported: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![file]);
    while let Some(file) = left.pop() {
        let next = imported.get(file).into_iter().flatten();
        left.extend(next.copied().filter(|file| reached.insert(*file)));
    }
    reached
}

/// The groups of files that import each other in a circle.
fn cycles(imports: &BTreeSet<(String, String)>) -> BTreeSet<BTreeSet<&str>> {
    let mut imported = BTreeMap::<&str, Vec<&str>>::new();
    for (importer, file) in imports {
        imported.entry(importer).or_default().push(file);
    }
    let reached: BTreeMap<_, _> =
        imported.keys().map(|file| (*file, reached_from(file, &imported))).collect();
    let circle = |file: &&str| {
        let is_back = |other: &&&str| reached.get(**other).is_some_and(|reached| reached.contains(*file));
        reached[*file].iter().filter(is_back).copied().collect::<BTreeSet<_>>()
    };
    reached.keys().map(circle).filter(|circle| !circle.is_empty()).collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Says why a module may not import another.
fn objection(importer: &str, name: &str) -> Option<String> {
    let Some(from) = layer(importer) else { return Some(format!("{importer} is in no layer")) };
    let Some(to) = layer(name) else { return Some(format!("{name} is in no layer")) };
    let named = |list: &[(&str, &str)]| list.contains(&(importer, name));
    if named(FORBIDDEN) {
        return Some(format!("{importer} must not import {name}"));
    }
    (to >= from && !named(ALLOWED)).then(|| format!("{importer} (layer {from}) imports {name} (layer {to})"))
}

#[test]
fn imports_point_down_only() {
    let imports = imports(&files("src"));
    let objections: Vec<_> = imports
        .iter()
        .map(|(importer, imported)| (importer, module(importer), module(imported)))
        .filter(|(_, importer, imported)| importer != imported)
        .filter_map(|(file, importer, imported)| {
            Some(format!("{file}: {}", objection(&importer, &imported)?))
        })
        .collect();
    assert!(objections.is_empty(), "{}", objections.join("\n"));
}

#[test]
fn upward_imports_and_imports_between_server_and_client_are_refused() {
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
}

#[test]
fn imports_are_found_per_file_and_cycles_between_files_too() {
    let files = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod b;\n#[cfg(test)]\nmod tests;\npub(in crate::a) use b::{self, X};\n// crate::c"),
        (
            "src/a/b.rs",
            "use crate::{a::d::{E as F, self}, c};\n#[cfg(test)]\nmod tests {\n    use super::super::Y;\n}",
        ),
        ("src/a/d.rs", "fn f() { super::b::g(crate::a::Z) }"),
        ("src/a/tests.rs", "use crate::main;"),
        ("src/c.rs", "type T = Vec<T::U>;"),
        ("src/main.rs", "use krosyn_audit::c::{\n    V,\n    W,\n};"),
    ];
    let imports = imports(&files.map(|(file, text)| (file.to_owned(), text.to_owned())));
    let shown: Vec<_> = imports.iter().map(|(file, imported)| format!("{file} {imported}")).collect();
    assert_eq!(
        shown,
        [
            "src/a/b.rs src/a/d.rs",
            "src/a/b.rs src/c.rs",
            "src/a/d.rs src/a/b.rs",
            "src/a/d.rs src/a/mod.rs",
            "src/a/mod.rs src/a/b.rs",
            "src/main.rs src/c.rs",
        ]
    );
    let circle = ["src/a/b.rs", "src/a/d.rs", "src/a/mod.rs"];
    assert_eq!(cycles(&imports), [circle.into()].into());
}

#[test]
fn every_module_is_in_a_layer() {
    let modules: BTreeSet<_> = files("src").iter().map(|(path, _)| module(path)).collect();
    let unassigned: Vec<_> = modules.iter().filter(|module| layer(module).is_none()).collect();
    assert!(unassigned.is_empty(), "{unassigned:?}");
    assert!(modules.contains("model") && modules.contains("server"), "the tree was read: {modules:?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let imports = imports(&files("src"));
    let cycles = cycles(&imports);
    assert!(cycles.is_empty(), "these files import each other in a circle: {cycles:#?}");
}

#[test]
fn each_file_begins_with_its_purpose() {
    let all = files("src").into_iter().chain(files("tests"));
    let silent: Vec<_> = all.filter(|(_, text)| !text.starts_with("//! ")).map(|(path, _)| path).collect();
    assert!(silent.is_empty(), "these begin with no //!: {silent:?}");
}

/// A rename lasts only when the directory is synced: one function does both.
#[test]
fn files_are_renamed_by_one_function() {
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
fn no_module_is_named_utils_helpers_or_common() {
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
