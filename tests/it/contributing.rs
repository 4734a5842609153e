//! CONTRIBUTING.md and ARCHITECTURE.md name files, directories and modules: each of them exists, and the recipe for a filter
//! is complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

const DOCUMENTS: [&str; 2] = ["CONTRIBUTING.md", "ARCHITECTURE.md"];

/// Patterns, and paths outside of the repository.
const NOT_CHECKED: [&str; 4] = ["config.toml", "NNNN_", "sqlite-schema-N.db", "target/"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts in backticks outside of code blocks.
fn quoted(document: &str) -> Vec<String> {
    let prose: String = document.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    let backticks = Regex::new("`([^`\n]+)`").expect("a pattern");
    backticks.captures_iter(&prose).map(|found| found[1].to_owned()).collect()
}

/// Tells whether a text in backticks is a path in the repository rather than code, a route or a command.
fn is_path(text: &str) -> bool {
    let shape = Regex::new(r"^\.?[A-Za-z][A-Za-z0-9_./-]*$").expect("a pattern");
    let directories = [
        "benches",
        "completions",
        "docs",
        "man",
        "packaging",
        "src",
        "testdata",
        "tests",
        "xtask",
        ".ci",
        ".cargo",
    ];
    let first = text.split('/').next().unwrap_or_default();
    let is_file = [".md", ".toml", ".rs", ".json", ".sql"].iter().any(|ending| text.ends_with(ending));
    shape.is_match(text) && (text.contains('/') && directories.contains(&first) || is_file)
}

/// The file of a module path such as `server::sweeper::every`, and the names that are left over.
fn module_file<'a>(names: &[&'a str]) -> Option<(PathBuf, Vec<&'a str>)> {
    (1..=names.len()).rev().find_map(|length| {
        let (module, rest) = names.split_at(length);
        let path = module.iter().fold(root().join("src"), |path, name| path.join(name));
        let file =
            [path.with_extension("rs"), path.join("mod.rs")].into_iter().find(|file| file.is_file())?;
        Some((file, rest.to_vec()))
    })
}

/// Says what is wrong with a module path, if its first name is a module of `src`.
fn module_fault(text: &str) -> Option<String> {
    let shape = Regex::new(r"^[a-z_]+(::[A-Za-z_]+)+$").expect("a pattern");
    let names: Vec<_> = text.split("::").collect();
    if !shape.is_match(text) || module_file(&names[..1]).is_none() {
        return None;
    }
    let (file, rest) = module_file(&names)?;
    let code = std::fs::read_to_string(&file).expect("UTF-8");
    let missing =
        rest.iter().find(|name| !Regex::new(&format!(r"\b{name}\b")).expect("a name").is_match(&code))?;
    Some(format!("{text}: {} has no {missing}", file.display()))
}

#[test]
fn named_files_and_modules_exist() {
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        let texts = quoted(&read(document));
        let paths: Vec<_> = texts.iter().filter(|text| is_path(text)).collect();
        assert!(paths.len() > 10, "{document}: {paths:?}");
        for path in paths {
            if !NOT_CHECKED.iter().any(|part| path.contains(part)) && !root().join(path).exists() {
                faults.push(format!("{document}: there is no {path}"));
            }
        }
        faults.extend(texts.iter().filter_map(|text| Some(format!("{document}: {}", module_fault(text)?))));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn recipes_name_their_files() {
    let document = read("CONTRIBUTING.md");
    for recipe in ["command", "filter", "column", "migration", "store call"] {
        let heading = format!("\n## Add a {recipe}\n");
        let (_, text) = document.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
        let text = text.split("\n## ").next().unwrap_or_default();
        let paths = quoted(text).into_iter().filter(|text| is_path(text)).count();
        assert!(paths >= 3, "{recipe}: {paths} files");
    }
}

/// A file that takes a `Filter` apart field by field must be edited for a new filter.
#[test]
fn the_recipe_for_a_filter_names_each_file_that_takes_one_apart() {
    let document = read("CONTRIBUTING.md");
    let recipe =
        document.split("\n## ").find(|section| section.starts_with("Add a filter")).expect("a recipe");
    let named: BTreeSet<_> = quoted(recipe).into_iter().collect();
    let pattern = Regex::new(r"let Filter \{([^}]*)\}").expect("a pattern");
    let mut missing = Vec::new();
    let mut directories = vec![root().join("src")];
    while let Some(directory) = directories.pop() {
        for found in std::fs::read_dir(&directory).expect("a directory") {
            let path = found.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).expect("within").display().to_string();
            let text = std::fs::read(&path).expect("a file");
            let code = String::from_utf8_lossy(&text);
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            let is_whole = pattern.captures_iter(code).any(|fields| !fields[1].contains(".."));
            if is_whole && !named.contains(&name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "add to \"Add a filter\" in CONTRIBUTING.md: {missing:?}");
}
